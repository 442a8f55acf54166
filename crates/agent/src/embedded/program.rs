//! The command that runs what a user asked for, as that user, in a clean environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use homing_transport::device_server::Terminal;
use tokio::process::Command;

use super::account::Account;

/// Where programs are looked for; the rest is the login shell's business.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where OpenSSH's SFTP server may be.
const SFTP_SERVERS: [&str; 4] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
];

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// The account's shell with a command line.
    Line(OsString),
    /// The account's shell, as a login shell.
    Shell,
    /// The agent's own SFTP server.
    Sftp,
    /// Junos's command line.
    Cli(Cli),
}

/// How Junos's command line is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cli {
    /// Where it finds the agent.
    pub(super) socket: PathBuf,
    /// The commands, if it is not to talk with a person.
    pub(super) line: Option<OsString>,
    /// Neither files nor a shell.
    pub(super) restricted: bool,
}

/// A program and what belongs to it.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    /// What to run.
    pub(super) program: &'a Program,
    /// As whom.
    pub(super) account: &'a Account,
    /// `LANG` and `LC_*` of the client.
    pub(super) environment: &'a [(String, String)],
    /// The client's terminal.
    pub(super) terminal: Option<&'a Terminal>,
    /// The program with the verbs `sftp-server` and `session`, if there is one.
    pub(super) agent: Option<&'a Path>,
}

impl Launch<'_> {
    /// The command, if its program is there.
    ///
    /// Changing to another account is the work of the agent's verb `session`, which can take the account's groups before it gives
    /// up root. An agent inside another program changes without those groups.
    pub(super) fn command(&self) -> Option<Command> {
        let (program, arguments) = self.words()?;
        let is_login = *self.program == Program::Shell;
        let account = self.account;
        let mut command = match self.agent.filter(|_| account.is_other) {
            Some(agent) => {
                let mut command = Command::new(agent);
                command.args(["session", "--user", &account.name]);
                if is_login {
                    command.arg("--login");
                }
                command.arg("--").arg(program);
                command
            }
            None => {
                let mut command = Command::new(&program);
                if is_login {
                    command.arg0(login_name(&program));
                }
                if account.is_other {
                    command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
                }
                command
            }
        };
        command.args(arguments).env_clear().envs(self.variables()).current_dir(self.folder());
        Some(command)
    }

    /// The program and its arguments.
    fn words(&self) -> Option<(PathBuf, Vec<OsString>)> {
        let shell = self.account.shell.clone();
        Some(match self.program {
            Program::Line(line) => (shell, vec!["-c".into(), line.clone()]),
            Program::Shell => (shell, Vec::new()),
            Program::Cli(cli) => (self.agent?.to_owned(), cli.words()),
            Program::Sftp => match self.agent {
                Some(agent) => (agent.to_owned(), vec!["sftp-server".into()]),
                None => (system_sftp_server()?, Vec::new()),
            },
        })
    }

    /// The environment.
    fn variables(&self) -> Vec<(OsString, OsString)> {
        let account = self.account;
        let mut variables: Vec<(OsString, OsString)> = vec![
            ("HOME".into(), account.home.clone().into()),
            ("SHELL".into(), account.shell.clone().into()),
            ("USER".into(), account.name.clone().into()),
            ("LOGNAME".into(), account.name.clone().into()),
            ("PATH".into(), PATH.into()),
        ];
        if let Some(terminal) = self.terminal {
            variables.push(("TERM".into(), terminal.name.clone().into()));
        }
        variables.extend(self.environment.iter().map(|(name, value)| (name.into(), value.into())));
        variables
    }

    /// The home folder, or `/` if there is none.
    fn folder(&self) -> &Path {
        if self.account.home.is_dir() { &self.account.home } else { Path::new("/") }
    }
}

impl Cli {
    fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> =
            vec!["cli".into(), "--socket".into(), self.socket.clone().into()];
        if self.restricted {
            words.push("--restricted".into());
        }
        if let Some(line) = &self.line {
            words.extend(["-c".into(), line.clone()]);
        }
        words
    }
}

/// OpenSSH's SFTP server, where distributions keep it.
fn system_sftp_server() -> Option<PathBuf> {
    SFTP_SERVERS.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// How a login shell is called, by which it knows that it is one: `-bash`.
pub(super) fn login_name(shell: &Path) -> OsString {
    let mut name = OsString::from("-");
    name.push(shell.file_name().unwrap_or(shell.as_os_str()));
    name
}

#[cfg(test)]
mod tests {
    use nix::unistd::{Gid, Uid};

    use super::*;

    fn launch(program: &Program, is_other: bool) -> String {
        let account = Account {
            name: "ann".into(),
            is_other,
            uid: Uid::from_raw(1000),
            gid: Gid::from_raw(1000),
            home: "/nowhere".into(),
            shell: "/bin/bash".into(),
        };
        let environment = [("LANG".to_owned(), "C".to_owned())];
        let agent = Some(Path::new("/usr/bin/homing-agent"));
        let terminal = None;
        let launch =
            Launch { program, account: &account, environment: &environment, terminal, agent };
        format!("{:?}", launch.command().unwrap().as_std())
    }

    #[test]
    fn a_command_line_is_given_to_the_users_shell() {
        let text = launch(&Program::Line("echo hi".into()), false);
        assert!(text.contains(r#""/bin/bash" "-c" "echo hi""#), "{text}");
        assert!(text.contains(r#"HOME="/nowhere""#) && text.contains(r#"LANG="C""#), "{text}");
    }

    #[test]
    fn another_account_is_changed_to_by_the_agents_own_verb() {
        let text = launch(&Program::Shell, true);
        let expected =
            r#""/usr/bin/homing-agent" "session" "--user" "ann" "--login" "--" "/bin/bash""#;
        assert!(text.contains(expected), "{text}");
        let text = launch(&Program::Sftp, true);
        assert!(text.ends_with(r#""--" "/usr/bin/homing-agent" "sftp-server""#), "{text}");
    }

    #[test]
    fn the_command_line_is_the_agents_own_verb() {
        let cli = |line: Option<&str>, restricted| {
            let line = line.map(OsString::from);
            Program::Cli(Cli { socket: "/s/netconf.sock".into(), line, restricted })
        };
        let text = launch(&cli(None, true), true);
        let expected = r#""--user" "ann" "--" "/usr/bin/homing-agent" "cli" "--socket" "/s/netconf.sock" "--restricted""#;
        assert!(text.ends_with(expected), "{text}");
        let text = launch(&cli(Some("show version"), false), false);
        assert!(text.ends_with(r#""/s/netconf.sock" "-c" "show version""#), "{text}");
    }

    #[test]
    fn a_login_shell_is_called_with_a_dash() {
        assert_eq!(login_name(Path::new("/bin/bash")), "-bash");
    }
}
