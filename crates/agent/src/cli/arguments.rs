//! Flags, environment variables and help texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use homing_proto::initiation::Nul;
use homing_proto::junos::Form;
use tracing::Level;

use crate::options::{
    ConfigSource, LoginShell, Options, SshServer, default_log_dir, default_state_dir,
};

const EXIT_STATUSES: &str = "\
Exit status: 0 done; 1 failed, configuration refused; 2 wrong usage;
4 not permitted; 5 no such client; 10 no agent is running.";

const COMPLETION_EXAMPLES: &str = "\
Examples:
  homing-agent completion bash > \
    /usr/share/bash-completion/completions/homing-agent
  homing-agent completion zsh > ~/.zfunc/_homing-agent
  homing-agent completion fish > \
    ~/.config/fish/completions/homing-agent.fish";

/// Dials out to a Homing gateway, or any other that speaks Junos outbound SSH, and serves SSH and
/// NETCONF on that connection.
#[derive(Debug, Parser)]
#[command(name = "homing-agent", version, max_term_width = 80, after_help = EXIT_STATUSES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run the agent in the foreground: one connection per active client
    #[command(after_help = EXIT_STATUSES)]
    Run(RunArguments),
    /// Make the running agent read its configuration again
    ///
    /// Prints what changed. A configuration that is wrong changes nothing, and its errors are
    /// printed here.
    #[command(after_help = EXIT_STATUSES)]
    Reload(Socket),
    /// Show where each client of the running agent stands
    #[command(after_help = EXIT_STATUSES)]
    Show(ShowArguments),
    /// Speak NETCONF with the running agent on stdin and stdout
    ///
    /// This is what sshd runs for `Subsystem netconf`.
    #[command(after_help = EXIT_STATUSES)]
    Netconf(NetconfArguments),
    /// Junos's command line: look at this machine, change its configuration
    ///
    /// With a terminal it talks with a person (`?` helps at any point); otherwise it runs the lines
    /// of standard input, up to the first that fails.
    #[command(after_help = EXIT_STATUSES)]
    Cli(CliArguments),
    /// Check a file of Junos statements
    Check(CheckArguments),
    /// Print a file of Junos statements in another form; secrets stay as they are
    Convert(ConvertArguments),
    /// Print the completion script of a shell
    #[command(after_help = COMPLETION_EXAMPLES)]
    Completion(CompletionArguments),
    /// Write the manual pages into a folder
    Man(ManArguments),
    /// Serve files on stdin and stdout: what the embedded server runs for SFTP
    #[command(hide = true)]
    SftpServer,
    /// Become a user, then a program: what the embedded server runs for other accounts
    #[command(hide = true)]
    Session(SessionArguments),
}

#[derive(Args, Debug)]
pub(super) struct CompletionArguments {
    /// The shell
    pub(super) shell: Shell,
}

/// The shells that are completed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Args, Debug)]
pub(super) struct ManArguments {
    /// The folder
    pub(super) folder: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct SessionArguments {
    /// The account to become
    #[arg(long)]
    pub(super) user: String,
    /// Call the program as a login shell
    #[arg(long)]
    pub(super) login: bool,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub(super) program: Vec<std::ffi::OsString>,
}

#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// File with Junos statements, in any of the four forms
    #[arg(
        long,
        value_name = "FILE",
        env = "HOMING_AGENT_CONFIG",
        default_value = "/etc/homing/agent.conf"
    )]
    config: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Folder of trace files that are named without a path
    ///
    /// [default: /var/log for root, else the state directory]
    #[arg(long, value_name = "DIR", env = "HOMING_AGENT_LOG_DIR")]
    log_dir: Option<PathBuf>,
    /// Who serves SSH on the connections
    #[arg(long, value_name = "WHICH", env = "HOMING_AGENT_SSH_SERVER", default_value = "auto")]
    ssh_server: SshServer,
    /// The sshd to run [default: /usr/sbin/sshd and the like]
    #[arg(long, value_name = "PATH", env = "HOMING_AGENT_SSHD")]
    sshd: Option<PathBuf>,
    /// The settings that sshd has without the agent
    #[arg(
        long,
        value_name = "FILE",
        env = "HOMING_AGENT_SSHD_CONFIG",
        default_value = crate::openssh::SYSTEM_CONFIGURATION
    )]
    sshd_config: PathBuf,
    /// Allow nothing but the NETCONF subsystem on the connections
    #[arg(long, env = "HOMING_AGENT_NETCONF_ONLY")]
    netconf_only: bool,
    /// What a shell on the embedded server is
    ///
    /// With `cli`, users other than root get Junos's command line, whatever their class is.
    #[arg(long, value_name = "WHICH", env = "HOMING_AGENT_LOGIN_SHELL", default_value = "account")]
    login_shell: LoginShell,
    /// Refuse commits with statements that the agent does not know
    #[arg(long, env = "HOMING_AGENT_STRICT")]
    strict: bool,
    /// Open as NETCONF call home does (RFC 8071), without saying who this is
    #[arg(long, env = "HOMING_AGENT_CALL_HOME")]
    call_home: bool,
    /// Send a NUL at the end of HOST-KEY, as some gateways expect
    #[arg(long, env = "HOMING_AGENT_SEND_NUL")]
    send_nul: bool,
    /// How much to log: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", env = "HOMING_AGENT_LOG", default_value = "info")]
    pub(super) log: Level,
}

impl RunArguments {
    pub(super) fn options(&self) -> Options {
        let state_dir = self.place.state_dir();
        let log_dir = self.log_dir.clone().unwrap_or_else(|| default_log_dir(&state_dir));
        Options {
            log_dir,
            ssh_server: self.ssh_server,
            sshd: self.sshd.clone(),
            sshd_config: self.sshd_config.clone(),
            netconf_only: self.netconf_only,
            login_shell: self.login_shell,
            strict: self.strict,
            call_home: self.call_home,
            nul: if self.send_nul { Nul::Send } else { Nul::Omit },
            control: self.place.control.clone(),
            ..Options::new(ConfigSource::File(self.config.clone()), state_dir)
        }
    }
}

/// Where the agent keeps its things.
#[derive(Args, Debug)]
struct Place {
    /// Folder for keys and sockets
    ///
    /// [default: /var/lib/homing-agent for root, else ~/.local/state/homing-agent]
    #[arg(long, value_name = "DIR", env = "HOMING_AGENT_STATE_DIR")]
    state_dir: Option<PathBuf>,
    /// The control socket [default: control.sock in the state directory]
    #[arg(long, value_name = "SOCKET", env = "HOMING_AGENT_CONTROL")]
    control: Option<PathBuf>,
}

impl Place {
    fn state_dir(&self) -> PathBuf {
        let dir = self.state_dir.clone().unwrap_or_else(default_state_dir);
        std::path::absolute(&dir).unwrap_or(dir)
    }

    fn options(&self) -> Options {
        let options = Options::new(ConfigSource::Text(String::new()), self.state_dir());
        Options { control: self.control.clone(), ..options }
    }
}

/// Where the running agent is found.
#[derive(Args, Debug)]
pub(super) struct Socket {
    #[command(flatten)]
    place: Place,
}

impl Socket {
    pub(super) fn control(&self) -> PathBuf {
        self.place.options().control_socket()
    }
}

#[derive(Args, Debug)]
pub(super) struct ShowArguments {
    /// What to show
    #[arg(value_enum, default_value = "clients")]
    what: What,
    /// Only the client of that name
    pub(super) client: Option<String>,
    /// Every setting, too
    #[arg(long, conflicts_with = "json")]
    pub(super) detail: bool,
    /// Everything, as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) socket: Socket,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The client stanzas
    Clients,
}

#[derive(Args, Debug)]
pub(super) struct NetconfArguments {
    /// The agent's socket [default: netconf.sock in the state directory]
    #[arg(long, value_name = "SOCKET")]
    socket: Option<PathBuf>,
    /// Be that user (root only) [default: whoever runs this]
    #[arg(long, value_name = "NAME")]
    pub(super) user: Option<String>,
    /// The outbound-ssh client over whose connection it comes
    #[arg(long, hide = true, value_name = "NAME")]
    pub(super) client: Option<String>,
    /// Refuse unless sshd was asked for the NETCONF subsystem
    #[arg(long, hide = true)]
    pub(super) forced: bool,
    /// Folder for keys and sockets
    #[arg(long, value_name = "DIR", env = "HOMING_AGENT_STATE_DIR")]
    state_dir: Option<PathBuf>,
}

impl NetconfArguments {
    pub(super) fn socket(&self) -> PathBuf {
        let place = Place { state_dir: self.state_dir.clone(), control: None };
        self.socket.clone().unwrap_or_else(|| place.options().netconf_socket())
    }
}

#[derive(Args, Debug)]
pub(super) struct CliArguments {
    /// Run these commands, with `;` between them, and end
    #[arg(short = 'c', value_name = "COMMANDS")]
    pub(super) command: Option<String>,
    /// Be that user (root only) [default: whoever runs this]
    #[arg(long, value_name = "NAME")]
    pub(super) user: Option<String>,
    /// Neither files nor a shell: for users whose class has none
    #[arg(long)]
    pub(super) restricted: bool,
    /// The agent's socket [default: netconf.sock in the state directory]
    #[arg(long, value_name = "SOCKET", env = "HOMING_AGENT_NETCONF_SOCKET")]
    socket: Option<PathBuf>,
    /// Folder for keys and sockets
    ///
    /// [default: /var/lib/homing-agent, unless you run an agent of your own]
    #[arg(long, value_name = "DIR", env = "HOMING_AGENT_STATE_DIR")]
    state_dir: Option<PathBuf>,
}

impl CliArguments {
    /// The socket of the agent: of the user's own one if it is there, else of the system's.
    pub(super) fn socket(&self) -> PathBuf {
        if let Some(socket) = &self.socket {
            return socket.clone();
        }
        let at = |state_dir| Place { state_dir, control: None }.options().netconf_socket();
        let own = at(self.state_dir.clone());
        let system = at(Some(PathBuf::from(crate::options::SYSTEM_STATE_DIR)));
        if self.state_dir.is_none() && !own.exists() && system.exists() { system } else { own }
    }
}

#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    /// The file; `-` is standard input
    pub(super) file: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct ConvertArguments {
    /// The form to print
    #[arg(long, value_enum)]
    pub(super) to: To,
    /// The file; `-` is standard input
    pub(super) file: PathBuf,
}

/// The forms, as the flag names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum To {
    /// Statements in braces
    Curly,
    /// `set` lines
    Set,
    /// XML
    Xml,
    /// JSON
    Json,
}

impl From<To> for Form {
    fn from(to: To) -> Self {
        match to {
            To::Curly => Self::Curly,
            To::Set => Self::Set,
            To::Xml => Self::Xml,
            To::Json => Self::Json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_help_fits_into_80_columns() {
        let mut command = Arguments::command();
        command.build();
        let subcommands: Vec<_> = command.get_subcommands().cloned().collect();
        for mut each in std::iter::once(command).chain(subcommands) {
            let help = each.render_long_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn flags_become_options() {
        let arguments =
            ["homing-agent", "run", "--config", "/c", "--state-dir", "/s", "--send-nul"];
        let Verb::Run(run) = Arguments::try_parse_from(arguments).unwrap().verb else {
            panic!("run");
        };
        let options = run.options();
        assert_eq!(options.configuration, ConfigSource::File("/c".into()));
        assert_eq!(options.control_socket(), PathBuf::from("/s/control.sock"));
        assert_eq!(options.nul, Nul::Send);
    }
}
