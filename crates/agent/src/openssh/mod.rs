//! The system's own OpenSSH as the SSH server of a connection, as Junos does it.
//!
//! ```text
//!   prepare:  sshd_config of the system ──▶ DIR/sshd/CLIENT.conf ──sshd -T──▶ host keys it will use
//!   serve:    connected socket ──▶ stdin and stdout of `sshd -i -f CLIENT.conf` ──exit──▶ Closed
//! ```
//!
//! Nothing of the system's settings is changed but what the client stanza asks for: see
//! [`configuration`]. Users, keys and passwords are the system's. The agent keeps no copy of the
//! socket: the connection lives as long as the child.
//!
//! Source: sshd(8) `-i`, sshd_config(5).

mod child;
mod configuration;
mod host_keys;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use homing_proto::fault::Fault;
use homing_proto::host_key::HostKey;
use tokio::process::Command;
use tokio::time::timeout;

pub(crate) use child::serve;
pub(crate) use configuration::{Directives, client_name, plain_name};

/// Where sshd is looked for if nothing else is said.
const USUAL_PLACES: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
/// Where the system keeps the settings of its sshd.
pub(crate) const SYSTEM_CONFIGURATION: &str = "/etc/ssh/sshd_config";
/// How long sshd may take to check its configuration.
const CHECK_DEADLINE: Duration = Duration::from_secs(10);

/// Why OpenSSH can't serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SshdError {
    #[error("no sshd in {}; install openssh-server or name it with --sshd", USUAL_PLACES.join(", "))]
    NotFound,
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{}: {error}", program.display())]
    Run { program: PathBuf, error: io::Error },
    #[error("{} gave no answer within {} s", .0.display(), CHECK_DEADLINE.as_secs())]
    Slow(PathBuf),
    #[error("sshd refuses its configuration: {0}")]
    Refused(String),
    #[error("sshd has no host key that this agent may read (`*.pub` beside each HostKey)")]
    NoHostKey,
    #[error("{0}")]
    Directives(#[from] configuration::UnfitPath),
}

impl SshdError {
    /// A stable word for logs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "sshd-not-found",
            Self::File { .. } => "sshd-file",
            Self::Run { .. } => "sshd-run",
            Self::Slow(_) => "sshd-slow",
            Self::Refused(_) => "sshd-refused",
            Self::NoHostKey => "sshd-no-host-key",
            Self::Directives(_) => "sshd-unfit-path",
        }
    }

    /// Who must act.
    pub(crate) fn fault(&self) -> Fault {
        Fault::Local
    }
}

/// The sshd of this system.
#[derive(Clone, Debug)]
pub(crate) struct Sshd {
    program: PathBuf,
    /// The settings that it has without us.
    system_configuration: PathBuf,
    /// Where the files per client are made.
    directory: PathBuf,
}

/// All that a connection needs before it is dialled.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    program: PathBuf,
    configuration: PathBuf,
    /// The host key to claim in the initiation sequence.
    pub(crate) host_key: HostKey,
}

impl Sshd {
    /// Finds sshd; `program` overrides the usual places.
    ///
    /// # Errors
    /// It is in none of them.
    pub(crate) fn find(
        program: Option<&Path>,
        system_configuration: &Path,
        state_dir: &Path,
    ) -> Result<Self, SshdError> {
        let program = match program {
            Some(program) => std::path::absolute(program).ok().filter(|program| program.is_file()),
            None => USUAL_PLACES.iter().map(PathBuf::from).find(|program| program.is_file()),
        };
        Ok(Self {
            program: program.ok_or(SshdError::NotFound)?,
            system_configuration: system_configuration.to_owned(),
            directory: state_dir.join("sshd"),
        })
    }

    /// Writes the configuration of one client's connections and lets sshd check it.
    ///
    /// # Errors
    /// sshd would not run with it; the message is sshd's own where it gave one.
    pub(crate) async fn prepare(
        &self,
        client: &str,
        directives: &Directives,
    ) -> Result<Prepared, SshdError> {
        let text = configuration::compose(client, directives, &self.system_text()?)?;
        let path = self.directory.join(configuration::file_name(client));
        write_private(&path, &text)
            .map_err(|error| SshdError::File { path: path.clone(), error })?;
        let effective = self.effective(&path).await?;
        let host_key = host_keys::choose(&effective).ok_or(SshdError::NoHostKey)?;
        Ok(Prepared { program: self.program.clone(), configuration: path, host_key })
    }

    /// What `sshd -T` says of the configuration at `path`.
    ///
    /// An sshd that misses its privilege separation directory says its name; it is made, as the
    /// system's own start script would.
    async fn effective(&self, path: &Path) -> Result<String, SshdError> {
        let mut output = self.check(path).await?;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        if let Some(directory) = configuration::missing_directory(&complaint) {
            let made = std::fs::create_dir_all(directory);
            made.map_err(|error| SshdError::File { path: directory.into(), error })?;
            output = self.check(path).await?;
        }
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(SshdError::Refused(said(&output.stderr)))
    }

    async fn check(&self, path: &Path) -> Result<Output, SshdError> {
        let mut command = plain_command(&self.program);
        // Without a connection to test, sshd refuses to print a configuration with `Match`.
        command.args(["-T", "-C", "user=root,host=localhost,addr=127.0.0.1"]);
        command.arg("-f").arg(path).stdin(Stdio::null());
        let output = timeout(CHECK_DEADLINE, command.output()).await;
        let output = output.map_err(|_| SshdError::Slow(self.program.clone()))?;
        output.map_err(|error| SshdError::Run { program: self.program.clone(), error })
    }

    /// The system's settings; a system without the file has sshd's defaults.
    fn system_text(&self) -> Result<String, SshdError> {
        match std::fs::read_to_string(&self.system_configuration) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(SshdError::File { path: self.system_configuration.clone(), error }),
            Ok(text) => Ok(text),
        }
    }
}

/// A command that inherits nothing of the agent's environment.
fn plain_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").kill_on_drop(true);
    command
}

/// The last line of what a program said, made fit to print.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line =
        text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    line.trim().chars().filter(|c| !c.is_control()).take(300).collect()
}

/// Replaces `path` in one step with a file that only this user can read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    crate::state::make_private_directory(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests;
