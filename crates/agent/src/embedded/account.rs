//! The system's account that a user's programs run as.

use std::path::PathBuf;

use nix::unistd::{Gid, Uid, User, geteuid};

/// An account that this agent can run programs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// Login name.
    pub(super) name: String,
    /// Whether the agent runs as another user and must change to this one.
    pub(super) is_other: bool,
    /// User number.
    pub(super) uid: Uid,
    /// Number of the first group.
    pub(super) gid: Gid,
    /// Home folder.
    pub(super) home: PathBuf,
    /// Login shell.
    pub(super) shell: PathBuf,
}

/// Why no program can be run as a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AccountError {
    /// The configuration names the user, the system does not.
    #[error("this system has no account `{0}`; create it to use shell, commands or files")]
    NoAccount(String),
    /// Only root may become somebody else.
    #[error(
        "the agent does not run as root and can serve its own account `{own}` only, not `{wanted}`"
    )]
    NotRoot {
        /// The agent's account.
        own: String,
        /// The one that was asked for.
        wanted: String,
    },
    /// The account database could not be read.
    #[error("the system's accounts can't be read: {0}")]
    Unreadable(nix::errno::Errno),
}

impl Account {
    /// The account of that name. Blocks: accounts may be looked up over the network.
    ///
    /// # Errors
    /// There is none, or the agent may not become it.
    pub(super) fn of(name: &str) -> Result<Self, AccountError> {
        let user = User::from_name(name).map_err(AccountError::Unreadable)?;
        let user = user.ok_or_else(|| AccountError::NoAccount(name.to_owned()))?;
        let own = geteuid();
        if user.uid != own && !own.is_root() {
            let named = User::from_uid(own).ok().flatten().map(|user| user.name);
            let own = named.unwrap_or_else(|| own.to_string());
            return Err(AccountError::NotRoot { own, wanted: name.to_owned() });
        }
        let shell = if user.shell.as_os_str().is_empty() { "/bin/sh".into() } else { user.shell };
        Ok(Self {
            name: user.name,
            is_other: user.uid != own,
            uid: user.uid,
            gid: user.gid,
            home: user.dir,
            shell,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_can_always_serve_its_own_account() {
        let Some(own) = User::from_uid(geteuid()).unwrap() else { return };
        let account = Account::of(&own.name).unwrap();
        assert!(!account.is_other);
        assert_eq!(account.home, own.dir);
    }

    #[test]
    fn a_user_without_account_is_refused_by_name() {
        let error = Account::of("no-such-user-here").unwrap_err();
        assert!(error.to_string().contains("no account `no-such-user-here`"), "{error}");
    }
}
