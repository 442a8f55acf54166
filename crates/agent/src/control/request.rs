//! The request line, and who may ask what.

use super::Refusal;

/// The longest request line; the longest user name on Linux has 32 bytes.
pub(super) const LONGEST: usize = 256;

/// What is asked of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Reload,
    Show,
    /// NETCONF from here on, as that user, or as the one who asks.
    Netconf {
        user: Option<String>,
    },
}

/// Who asks, as the kernel says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// Root, or the user that the agent runs as.
    pub(super) is_trusted: bool,
    /// The name of the user, if it has one.
    pub(super) name: Option<String>,
}

/// What the agent does for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Reload,
    Show,
    Netconf { user: String },
}

impl Request {
    /// Reads a line without its end.
    pub(super) fn parse(line: &str) -> Result<Self, Refusal> {
        let mut words = line.split_ascii_whitespace();
        let request = match (words.next(), words.next()) {
            (Some("reload"), None) => Self::Reload,
            (Some("show"), None) => Self::Show,
            (Some("netconf"), None) => Self::Netconf { user: None },
            (Some("netconf"), Some(word)) => {
                let user = word.strip_prefix("user=").filter(|user| !user.is_empty());
                Self::Netconf { user: Some(user.ok_or_else(unknown)?.to_owned()) }
            }
            _ => return Err(unknown()),
        };
        if words.next().is_some() { Err(unknown()) } else { Ok(request) }
    }

    /// Decides whether `caller` may.
    pub(super) fn permit(self, caller: &Caller) -> Result<Task, Refusal> {
        match self {
            Self::Reload if caller.is_trusted => Ok(Task::Reload),
            Self::Show if caller.is_trusted => Ok(Task::Show),
            Self::Reload | Self::Show => {
                Err(Refusal::new("not-permitted", "only root and the agent's own user may do that"))
            }
            Self::Netconf { user } => netconf(user, caller),
        }
    }
}

fn netconf(user: Option<String>, caller: &Caller) -> Result<Task, Refusal> {
    let own = caller.name.as_ref();
    match user {
        Some(user) if caller.is_trusted || own == Some(&user) => Ok(Task::Netconf { user }),
        Some(_) => Err(Refusal::new("not-permitted", "only root may name another user")),
        None => own.map(|own| Task::Netconf { user: own.clone() }).ok_or_else(|| {
            Refusal::new("unknown-user", "your user id has no name on this machine")
        }),
    }
}

fn unknown() -> Refusal {
    Refusal::new("unknown-request", "expected `reload`, `show` or `netconf [user=NAME]`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str, is_trusted: bool) -> Caller {
        Caller { is_trusted, name: Some(name.to_owned()) }
    }

    fn ask(line: &str, caller: &Caller) -> Result<Task, String> {
        Request::parse(line).and_then(|it| it.permit(caller)).map_err(|refusal| refusal.code)
    }

    #[test]
    fn root_may_do_everything_and_name_any_user() {
        let root = caller("root", true);
        assert_eq!(ask("reload", &root), Ok(Task::Reload));
        assert_eq!(ask("show", &root), Ok(Task::Show));
        let user = |name: &str| Ok(Task::Netconf { user: name.to_owned() });
        assert_eq!(ask("netconf", &root), user("root"));
        assert_eq!(ask("netconf user=ops", &root), user("ops"));
    }

    #[test]
    fn everyone_else_may_only_speak_netconf_as_themselves() {
        let ops = caller("ops", false);
        assert_eq!(ask("reload", &ops), Err("not-permitted".to_owned()));
        assert_eq!(ask("show", &ops), Err("not-permitted".to_owned()));
        assert_eq!(ask("netconf user=root", &ops), Err("not-permitted".to_owned()));
        assert_eq!(ask("netconf", &ops), Ok(Task::Netconf { user: "ops".to_owned() }));
        assert_eq!(ask("netconf user=ops", &ops), Ok(Task::Netconf { user: "ops".to_owned() }));
        let nameless = Caller { is_trusted: false, name: None };
        assert_eq!(ask("netconf", &nameless), Err("unknown-user".to_owned()));
    }

    #[test]
    fn anything_else_is_refused() {
        for line in ["", "stop", "reload now", "netconf root", "netconf user=", "netconf user=a b"]
        {
            assert_eq!(
                ask(line, &caller("root", true)),
                Err("unknown-request".to_owned()),
                "{line}"
            );
        }
    }
}
