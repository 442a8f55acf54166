//! The command line of the system's `ssh` or `scp`, and becoming it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::door::Door;
use super::{Options, known_hosts, presence};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::verbs::Context;

/// A command line under way.
#[derive(Debug)]
pub(super) struct Ssh {
    program: &'static str,
    words: Vec<OsString>,
    door: Door,
    login: String,
}

/// The login name at the door.
pub(super) fn login(user: Option<&str>, device: &str) -> String {
    match user {
        Some(user) => format!("{user}:{device}"),
        None => device.to_owned(),
    }
}

impl Ssh {
    /// `program` with everything that leads to `device`; waits for the device as told.
    ///
    /// # Errors
    /// The door or the device is not there.
    pub(super) async fn to(
        program: &'static str,
        device: &str,
        options: &Options,
        context: &Context,
    ) -> Result<Ssh, Failure> {
        let door = Door::find(options.login.door.as_ref(), context).await?;
        if door.key.is_some() {
            presence::require(device, options.wait, context).await?;
        }
        let login = login(options.login.user.as_deref(), device);
        let mut ssh = Ssh { program, words: Vec::new(), door, login };
        for option in &options.ssh_options {
            ssh.option(option);
        }
        if let Some(identity) = &options.identity {
            ssh.word("-i").word(identity);
        }
        ssh.lead()?;
        Ok(ssh)
    }

    /// What leads to the door: of an option that is given twice, `ssh` takes the first.
    fn lead(&mut self) -> Result<(), Failure> {
        let place = self.door.place.clone();
        let user = format!("User={}", self.login);
        self.option(&user)
            .option(&format!("Port={}", place.port))
            .option(&format!("HostName={}", place.host));
        if let Some(key) = self.door.key.clone() {
            let file = known_hosts::file(&self.door, &key)?;
            let alias = format!("HostKeyAlias={}", self.door.alias());
            self.option(&alias).option("StrictHostKeyChecking=yes").option("UpdateHostKeys=no");
            self.option(&format!("UserKnownHostsFile=\"{}\"", file.display()));
            self.option("GlobalKnownHostsFile=none");
        }
        Ok(())
    }

    /// Adds `-o OPTION`.
    pub(super) fn option(&mut self, option: &str) -> &mut Ssh {
        self.word("-o").word(option)
    }

    /// Adds a word.
    pub(super) fn word(&mut self, word: impl Into<OsString>) -> &mut Ssh {
        self.words.push(word.into());
        self
    }

    /// Adds the name of the destination: an `ssh` says it in its messages.
    pub(super) fn destination(&mut self) -> &mut Ssh {
        let name = self.name();
        self.word("--").word(name)
    }

    /// What the destination is called; the options say where it is.
    pub(super) fn name(&self) -> String {
        self.door.place.host.clone()
    }

    /// Becomes the program: returns only if that fails.
    ///
    /// # Errors
    /// There is no such program.
    pub(super) fn become_it(self) -> Result<(), Failure> {
        let error = Command::new(self.program).args(&self.words).exec();
        let Ssh { program, login, door, .. } = self;
        Err(match error.kind() {
            std::io::ErrorKind::NotFound => {
                let message = format!("there is no `{program}` on this machine");
                let place = &door.place;
                Failure::new(Exit::NoConnection, "no-ssh", message).hint(format!(
                    "install OpenSSH's client, or log in with another one: {} port {}, user {login}",
                    place.host, place.port
                ))
            }
            _ => {
                Failure::new(Exit::NoConnection, "no-ssh", format!("cannot run {program}: {error}"))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_names_the_operator_only_if_told() {
        assert_eq!(login(Some("ops"), "edge-7"), "ops:edge-7");
        assert_eq!(login(None, "edge-7"), "edge-7");
    }
}
