//! A commit over the very connection that it changes: whether it locks its user out.
//!
//! ```text
//!   commit over outbound client c, touching c, login or ssh
//!      │ without `confirmed`                │ `confirmed`
//!      ▼                                    ▼
//!   a warning in the reply      Dialling ──connected──▶ Reached ──login──▶ Proven
//!                                  ▲           │            (dialled since the commit, with the new statements)
//!                                  └──closed───┘
//!                               until Proven a confirmation is refused: the timer rolls everything back
//! ```
//!
//! A commit that changes who may log in, and not the stanza, leaves the connection standing: it is dialled anew, so that
//! the gateway has to log in with what will be in force.
//!
//! Source: Junos, *commit confirmed*; that a device proves itself over the new connection is ours.

use std::fmt;

use crate::api::Timestamp;
use crate::fault::Fault;
use crate::junos::Configuration;

/// By which way a session reached the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// A person at the device, or something that runs on it.
    #[default]
    Local,
    /// The connection of this outbound-ssh client.
    Outbound(String),
}

/// Statements by which a device is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// `system services outbound-ssh`.
    OutboundSsh,
    /// `system login`.
    Login,
    /// `system root-authentication`.
    RootAuthentication,
    /// `system services ssh`.
    Ssh,
    /// `system services netconf`.
    Netconf,
}

impl Touched {
    const ALL: [Self; 5] =
        [Self::OutboundSsh, Self::Login, Self::RootAuthentication, Self::Ssh, Self::Netconf];

    /// Where the statements stand.
    pub fn path(self) -> &'static [&'static str] {
        match self {
            Self::OutboundSsh => &["system", "services", "outbound-ssh"],
            Self::Login => &["system", "login"],
            Self::RootAuthentication => &["system", "root-authentication"],
            Self::Ssh => &["system", "services", "ssh"],
            Self::Netconf => &["system", "services", "netconf"],
        }
    }
}

impl fmt::Display for Touched {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[edit {}]", self.path().join(" "))
    }
}

/// What changes between two configurations of that by which a device is reached.
pub fn touched(before: &Configuration, after: &Configuration) -> Vec<Touched> {
    let differs = |touched: &Touched| {
        let path = touched.path();
        before.narrowed(path) != after.narrowed(path)
    };
    Touched::ALL.into_iter().filter(differs).collect()
}

/// The warning for a commit without `confirmed`, if it could lock its own user out.
pub fn warning(origin: &Origin, touched: &[Touched]) -> Option<String> {
    let Origin::Outbound(client) = origin else { return None };
    let places: Vec<_> = touched.iter().map(Touched::to_string).collect();
    (!places.is_empty()).then(|| {
        format!(
            "this commit came over outbound-ssh client `{client}` and changes {}: a mistake there locks you out; \
             with `commit confirmed` it would roll back by itself",
            places.join(", ")
        )
    })
}

/// Why a commit may not be confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not confirmed: {} since the commit; without that it rolls back at {until}",
    if *reached { format!("a gateway was reached by {}, and nobody has logged in there", who(client)) }
    else { format!("no gateway was reached by {}", who(client)) }
)]
pub struct Unproven {
    /// The client whose connection must come up; any if the commit removed it.
    pub client: Option<String>,
    /// Whether it has reached a gateway.
    pub reached: bool,
    /// When everything rolls back.
    pub until: Timestamp,
}

fn who(client: &Option<String>) -> String {
    match client {
        Some(client) => format!("outbound-ssh client `{client}`"),
        None => "any outbound-ssh client".to_owned(),
    }
}

impl Unproven {
    /// The stable name of this refusal.
    pub fn code(&self) -> &'static str {
        if self.reached { "lock-out-no-login" } else { "lock-out-unreached" }
    }

    /// Who must act: whoever wrote the statements.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Dial this client anew, though its stanza is what it was.
    Redial(String),
    /// The connection works: tell it to the log.
    Proven(String),
}

/// The watch over one confirmed commit.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The client that must come up; any if none.
    client: Option<String>,
    until: Timestamp,
    reached: Option<String>,
    proven: bool,
    action: Option<Action>,
}

impl Watch {
    /// Watches a commit that is to be confirmed until `until`; nothing if it can't lock its user out.
    pub fn new(
        origin: &Origin,
        before: &Configuration,
        after: &Configuration,
        until: Timestamp,
    ) -> Option<Self> {
        let Origin::Outbound(client) = origin else { return None };
        if touched(before, after).is_empty() {
            return None;
        }
        let path = ["system", "services", "outbound-ssh", "client", client];
        // A stanza that the commit deactivates dials no more.
        let stays = after.outbound_ssh().is_ok_and(|outbound| {
            outbound.clients.iter().any(|stanza| stanza.client_id.as_str() == client)
        });
        let is_same = before.narrowed(&path) == after.narrowed(&path);
        Some(Self {
            client: stays.then(|| client.clone()),
            until,
            reached: None,
            proven: false,
            action: (stays && is_same).then(|| Action::Redial(client.clone())),
        })
    }

    fn is_awaited(&self, client: &str) -> bool {
        self.client.as_ref().is_none_or(|own| own == client)
    }

    /// A connection of `client`, dialled since the commit, reached a gateway.
    pub fn handle_connected(&mut self, client: &str) {
        if self.is_awaited(client) {
            self.reached = Some(client.to_owned());
        }
    }

    /// A connection of `client` ended.
    pub fn handle_closed(&mut self, client: &str) {
        if self.reached.as_deref() == Some(client) {
            self.reached = None;
        }
    }

    /// Somebody logged in on the connection of `client`.
    pub fn handle_login(&mut self, client: &str) {
        if !self.proven && self.reached.as_deref() == Some(client) {
            self.proven = true;
            self.action = Some(Action::Proven(client.to_owned()));
        }
    }

    /// What must be done next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.action.take()
    }

    /// Whether the commit may be confirmed. Somebody at the device may always.
    ///
    /// # Errors
    /// [`Unproven`]: the new statements have not been seen to work.
    pub fn check_confirm(&self, origin: &Origin) -> Result<(), Unproven> {
        if self.proven || *origin == Origin::Local {
            return Ok(());
        }
        let reached = self.reached.is_some();
        Err(Unproven { client: self.client.clone(), reached, until: self.until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "client gw { device-id x; 10.0.0.1 port 2200; }";

    fn configuration(client: &str, rest: &str) -> Configuration {
        let text = format!("system {{ {rest} services {{ outbound-ssh {{ {client} }} }} }}");
        Configuration::parse("x", &text).unwrap()
    }

    fn over() -> Origin {
        Origin::Outbound("gw".to_owned())
    }

    fn until() -> Timestamp {
        "2030-01-01T00:10:00Z".parse().unwrap()
    }

    fn watch(before: &Configuration, after: &Configuration) -> Option<Watch> {
        Watch::new(&over(), before, after, until())
    }

    #[test]
    fn only_statements_by_which_the_device_is_reached_count() {
        let before = configuration(CLIENT, "host-name a;");
        let name = configuration(CLIENT, "host-name b;");
        assert_eq!(touched(&before, &name), []);
        assert!(watch(&before, &name).is_none() && warning(&over(), &[]).is_none());
        let moved = configuration("client gw { device-id x; 10.0.0.2 port 2200; }", "host-name a;");
        assert_eq!(touched(&before, &moved), [Touched::OutboundSsh]);
        let text = warning(&over(), &touched(&before, &moved)).unwrap();
        assert!(
            text.contains("`gw`") && text.contains("[edit system services outbound-ssh]"),
            "{text}"
        );
        assert_eq!(warning(&Origin::Local, &touched(&before, &moved)), None);
        assert!(Watch::new(&Origin::Local, &before, &moved, until()).is_none());
    }

    #[test]
    fn a_commit_counts_as_proven_when_somebody_logs_in_where_the_new_stanza_leads() {
        let before = configuration(CLIENT, "");
        let moved = configuration("client gw { device-id x; 10.0.0.2 port 2200; }", "");
        let mut watch = watch(&before, &moved).unwrap();
        assert_eq!(watch.poll_action(), None);
        // The old connection is still there, and says nothing about the new one.
        watch.handle_login("gw");
        let error = watch.check_confirm(&over()).unwrap_err();
        assert_eq!((error.code(), error.fault()), ("lock-out-unreached", Fault::Operator));
        assert!(
            error.to_string().contains("no gateway was reached by outbound-ssh client `gw`"),
            "{error}"
        );
        watch.handle_connected("gw");
        assert_eq!(watch.check_confirm(&over()).unwrap_err().code(), "lock-out-no-login");
        watch.handle_closed("gw");
        watch.handle_login("gw");
        assert!(watch.check_confirm(&over()).is_err());
        watch.handle_connected("gw");
        watch.handle_login("gw");
        assert_eq!(watch.poll_action(), Some(Action::Proven("gw".to_owned())));
        assert_eq!(watch.check_confirm(&over()), Ok(()));
    }

    #[test]
    fn a_commit_that_changes_who_may_log_in_makes_the_gateway_log_in_again() {
        let before = configuration(CLIENT, "login { user a { class super-user; } }");
        let after = configuration(CLIENT, "login { user b { class super-user; } }");
        let mut watch = watch(&before, &after).unwrap();
        assert_eq!(watch.poll_action(), Some(Action::Redial("gw".to_owned())));
        watch.handle_connected("other");
        watch.handle_login("other");
        assert!(watch.check_confirm(&over()).is_err());
    }

    #[test]
    fn a_stanza_that_is_gone_is_replaced_by_any_other() {
        let before = configuration(CLIENT, "");
        let after = configuration("client new { device-id x; 10.0.0.2 port 2200; }", "");
        let mut watch = watch(&before, &after).unwrap();
        assert!(
            watch
                .check_confirm(&over())
                .unwrap_err()
                .to_string()
                .contains("any outbound-ssh client")
        );
        watch.handle_connected("new");
        watch.handle_login("new");
        assert_eq!(watch.check_confirm(&Origin::Outbound("new".to_owned())), Ok(()));
    }

    #[test]
    fn a_stanza_that_is_deactivated_is_replaced_by_any_other() {
        let before = configuration(CLIENT, "");
        let new = "client new { device-id x; 10.0.0.2 port 2200; }";
        let after = configuration(&format!("inactive: {CLIENT} {new}"), "");
        let mut watch = watch(&before, &after).unwrap();
        assert_eq!(watch.poll_action(), None);
        watch.handle_connected("new");
        watch.handle_login("new");
        assert_eq!(watch.check_confirm(&Origin::Outbound("new".to_owned())), Ok(()));
    }

    #[test]
    fn somebody_at_the_device_may_always_confirm() {
        let before = configuration(CLIENT, "");
        let after = configuration("", "");
        let watch = watch(&before, &after).unwrap();
        assert_eq!(watch.check_confirm(&Origin::Local), Ok(()));
    }
}
