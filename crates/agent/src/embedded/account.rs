//! The system's account behind a user of the `login` statements.

use std::path::PathBuf;

use nix::unistd::{User, geteuid};

/// As whom a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    /// User and group to change to; none: the agent's own.
    pub(super) ids: Option<(u32, u32)>,
    pub(super) home: PathBuf,
    pub(super) shell: PathBuf,
}

/// Why a user's commands can't run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAccount {
    #[error("this machine has no account `{0}`; make it with `useradd {0}`")]
    Unknown(String),
    #[error("the agent is not root, so it can run commands as its own user only, not as `{0}`")]
    NotOurs(String),
}

impl Account {
    /// Finds the account.
    pub(super) fn of(name: &str) -> Result<Self, NoAccount> {
        let unknown = || NoAccount::Unknown(name.to_owned());
        let user = User::from_name(name).ok().flatten().ok_or_else(unknown)?;
        let us = geteuid();
        if !us.is_root() && user.uid != us {
            return Err(NoAccount::NotOurs(name.to_owned()));
        }
        let shell = if user.shell.as_os_str().is_empty() { "/bin/sh".into() } else { user.shell };
        let ids = us.is_root().then(|| (user.uid.as_raw(), user.gid.as_raw()));
        Ok(Self { name: user.name, ids, home: user.dir, shell })
    }

    /// The environment of a command, beside what the client may set.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        vec![
            ("HOME", text(&self.home)),
            ("LOGNAME", self.name.clone()),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ("SHELL", text(&self.shell)),
            ("USER", self.name.clone()),
        ]
    }

    /// Where it starts: at home, or at the root if there is no home.
    pub(super) fn folder(&self) -> PathBuf {
        if self.home.is_dir() { self.home.clone() } else { PathBuf::from("/") }
    }
}
