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
    Netconf(Opening),
}

/// How a NETCONF session is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Opening {
    /// As whom.
    pub(super) user: Option<String>,
    /// A person at the command line.
    pub(super) is_cli: bool,
    /// The outbound-ssh client over whose connection it comes, as far as the caller says.
    pub(super) client: Option<String>,
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
    Netconf { user: String, is_cli: bool, client: Option<String> },
}

impl Request {
    /// Reads a line without its end.
    pub(super) fn parse(line: &str) -> Result<Self, Refusal> {
        let mut words = line.split_ascii_whitespace();
        let request = match words.next() {
            Some("reload") => Self::Reload,
            Some("show") => Self::Show,
            Some("netconf") => return opening(words).map(Self::Netconf),
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
            Self::Netconf(opening) => netconf(opening, caller),
        }
    }
}

fn opening<'w>(words: impl Iterator<Item = &'w str>) -> Result<Opening, Refusal> {
    let mut opening = Opening::default();
    for word in words {
        match word.split_once('=') {
            Some(("user", user)) if !user.is_empty() && opening.user.is_none() => {
                opening.user = Some(user.to_owned());
            }
            Some(("client", client)) if !client.is_empty() && opening.client.is_none() => {
                opening.client = Some(crate::openssh::client_name(client));
            }
            Some(("via", "cli")) => opening.is_cli = true,
            _ => return Err(unknown()),
        }
    }
    Ok(opening)
}

fn netconf(opening: Opening, caller: &Caller) -> Result<Task, Refusal> {
    let own = caller.name.as_ref();
    let Opening { user, is_cli, client } = opening;
    match user {
        Some(user) if caller.is_trusted || own == Some(&user) => {
            Ok(Task::Netconf { user, is_cli, client })
        }
        Some(_) => Err(Refusal::new("not-permitted", "only root may name another user")),
        None => match own {
            Some(own) => Ok(Task::Netconf { user: own.clone(), is_cli, client }),
            None => Err(Refusal::new("unknown-user", "your user id has no name on this machine")),
        },
    }
}

fn unknown() -> Refusal {
    Refusal::new(
        "unknown-request",
        "expected `reload`, `show` or `netconf [user=NAME] [via=cli] [client=NAME]`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str, is_trusted: bool) -> Caller {
        Caller { is_trusted, name: Some(name.to_owned()) }
    }

    fn netconf_as(name: &str) -> Task {
        Task::Netconf { user: name.to_owned(), is_cli: false, client: None }
    }

    fn ask(line: &str, caller: &Caller) -> Result<Task, String> {
        Request::parse(line).and_then(|it| it.permit(caller)).map_err(|refusal| refusal.code)
    }

    #[test]
    fn root_may_do_everything_and_name_any_user() {
        let root = caller("root", true);
        assert_eq!(ask("reload", &root), Ok(Task::Reload));
        assert_eq!(ask("show", &root), Ok(Task::Show));
        let user = |name: &str| Ok(netconf_as(name));
        assert_eq!(ask("netconf", &root), user("root"));
        assert_eq!(ask("netconf user=ops", &root), user("ops"));
    }

    #[test]
    fn everyone_else_may_only_speak_netconf_as_themselves() {
        let ops = caller("ops", false);
        assert_eq!(ask("reload", &ops), Err("not-permitted".to_owned()));
        assert_eq!(ask("show", &ops), Err("not-permitted".to_owned()));
        assert_eq!(ask("netconf user=root", &ops), Err("not-permitted".to_owned()));
        assert_eq!(ask("netconf", &ops), Ok(netconf_as("ops")));
        assert_eq!(ask("netconf user=ops", &ops), Ok(netconf_as("ops")));
        let nameless = Caller { is_trusted: false, name: None };
        assert_eq!(ask("netconf", &nameless), Err("unknown-user".to_owned()));
    }

    #[test]
    fn a_session_says_by_which_way_it_comes() {
        let expected =
            Task::Netconf { user: "ops".into(), is_cli: true, client: Some("gw".into()) };
        assert_eq!(ask("netconf via=cli client=gw", &caller("ops", false)), Ok(expected));
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "",
            "stop",
            "reload now",
            "netconf root",
            "netconf user=",
            "netconf user=a b",
            "netconf via=x",
        ] {
            assert_eq!(
                ask(line, &caller("root", true)),
                Err("unknown-request".to_owned()),
                "{line}"
            );
        }
    }
}
