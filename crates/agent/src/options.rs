//! What the agent is told besides Junos statements: where things are and how SSH is served.

use std::path::PathBuf;

use homing_proto::initiation::Nul;

/// Where the Junos statements come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file, read again at each reload.
    File(PathBuf),
    /// A text, for agents that live inside another program.
    Text(String),
}

/// Which SSH server takes over a connection after the initiation sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SshServer {
    /// OpenSSH where sshd and its host keys are there, else the embedded server.
    #[default]
    Auto,
    /// The system's sshd.
    Openssh,
    /// The agent's own server, with the users of the `login` statements.
    Embedded,
}

/// What a user gets who asks the embedded server for a shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LoginShell {
    /// The shell of the account.
    #[default]
    Account,
    /// Junos's command line, for every class; root keeps the shell of the account, as on Junos.
    Cli,
}

/// The settings of one agent.
#[derive(Clone, Debug)]
pub struct Options {
    /// The Junos statements.
    pub configuration: ConfigSource,
    /// Folder for keys, sockets and generated files; made if it isn't there.
    pub state_dir: PathBuf,
    /// Folder of trace files that are named without a path.
    pub log_dir: PathBuf,
    /// Which SSH server takes over.
    pub ssh_server: SshServer,
    /// The sshd program, if not in one of the usual places.
    pub sshd: Option<PathBuf>,
    /// The settings that sshd has without the agent.
    pub sshd_config: PathBuf,
    /// Nothing but the NETCONF subsystem on any connection.
    pub netconf_only: bool,
    /// What a shell on the embedded server is.
    pub login_shell: LoginShell,
    /// Statements that the agent does not know are an error at commit.
    pub strict: bool,
    /// Open as NETCONF call home does (RFC 8071): without the initiation sequence.
    pub call_home: bool,
    /// Whether HOST-KEY lines carry a NUL.
    pub nul: Nul,
    /// The control socket, if not `control.sock` in the state directory.
    pub control: Option<PathBuf>,
    /// The program that sshd runs as `PROGRAM netconf`; the running one if none is given.
    pub program: Option<PathBuf>,
}

impl Options {
    /// Options with every default.
    pub fn new(configuration: ConfigSource, state_dir: impl Into<PathBuf>) -> Self {
        let state_dir = state_dir.into();
        Self {
            configuration,
            log_dir: default_log_dir(&state_dir),
            state_dir,
            ssh_server: SshServer::Auto,
            sshd: None,
            sshd_config: PathBuf::from(crate::openssh::SYSTEM_CONFIGURATION),
            netconf_only: false,
            login_shell: LoginShell::Account,
            strict: false,
            call_home: false,
            nul: Nul::Omit,
            control: None,
            program: None,
        }
    }

    /// The socket for `reload` and `show`.
    pub fn control_socket(&self) -> PathBuf {
        self.control.clone().unwrap_or_else(|| self.state_dir.join("control.sock"))
    }

    /// The socket on which `homing-agent netconf`, run by sshd for any user, finds the agent.
    pub fn netconf_socket(&self) -> PathBuf {
        self.state_dir.join("netconf.sock")
    }

    /// The program with the agent's own verbs, which the embedded server runs for files and for other accounts. None if the agent
    /// lives inside another program that was not told where it is.
    pub(crate) fn agent_program(&self) -> Option<PathBuf> {
        let program = self.netconf_program();
        let is_agent = program.file_name().is_some_and(|name| name == "homing-agent");
        (is_agent || self.program.is_some()).then_some(program)
    }

    /// The program that sshd runs as `PROGRAM netconf`.
    ///
    /// A program that was replaced by an upgrade while it ran is named as it was called then.
    pub(crate) fn netconf_program(&self) -> PathBuf {
        let running = || {
            let program = std::env::current_exe().unwrap_or_else(|_| "homing-agent".into());
            match program.to_str().and_then(|text| text.strip_suffix(" (deleted)")) {
                Some(text) => PathBuf::from(text),
                None => program,
            }
        };
        self.program.clone().unwrap_or_else(running)
    }
}

/// `/var/log` for root, as on Junos; the state directory for everyone else.
pub fn default_log_dir(state_dir: &std::path::Path) -> PathBuf {
    if nix::unistd::geteuid().is_root() { "/var/log".into() } else { state_dir.to_owned() }
}

/// The state directory of an agent that root runs.
pub(crate) const SYSTEM_STATE_DIR: &str = "/var/lib/homing-agent";

/// `/var/lib/homing-agent` for root, else the user's own folder for state.
pub fn default_state_dir() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return SYSTEM_STATE_DIR.into();
    }
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = from("XDG_STATE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(from("HOME").unwrap_or_else(|| ".".into())).join(".local/state");
    base.unwrap_or_else(home).join("homing-agent")
}
