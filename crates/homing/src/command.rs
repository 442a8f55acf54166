//! The command line: verbs, options and the help that explains them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::output::{Color, Format};
use crate::{demo, verbs};

const EXAMPLES: &str = "\
Examples:
  homing demo                                  see it work, nothing to install
  homing gateway                               run the gateway
  homing enroll mx1.fra --tag site=fra         print the stanza for a device
  homing device ls                             who is in, who is not
  homing device log mx1.fra                    why is my device not in?
  homing ssh mx1.fra                           a shell on it
  homing cli mx1.fra \"show interfaces terse\"   type on a device
  homing rpc mx1.fra get-system-information    run a NETCONF RPC

Exit status: 0 done, 1 failed, 2 usage, 4 no right, 5 not found, 6 device
offline, 7 outcome unknown, 9 time-out before sending, 10 gateway unreachable,
130 interrupted, 255 no connection (ssh and what runs it).";

/// Reach devices that can only dial out
///
/// Devices (Junos outbound SSH, NETCONF call home) dial the gateway; homing runs
/// that gateway and works on the devices behind it.
#[derive(Debug, Parser)]
#[command(
    name = "homing",
    version,
    max_term_width = 80,
    after_help = EXAMPLES,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    propagate_version = false
)]
pub(crate) struct CommandLine {
    /// Options of every verb.
    #[command(flatten)]
    pub(crate) globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options of every verb.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The gateway's socket; or HOMING_SOCKET
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// A gateway that you have logged in to, or `local`
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Form of the data on stdout
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "table|json|ndjson"
    )]
    pub(crate) output: Format,
    /// Leave out the line of column titles
    #[arg(long, global = true)]
    pub(crate) no_headers: bool,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "auto|always|never"
    )]
    pub(crate) color: Color,
}

/// The verbs, in the order in which a person meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// How the gateway and its fleet stand
    Status(verbs::status::Arguments),
    /// Look at devices, accept, change or forget them
    Device(verbs::device::Arguments),
    /// Print the stanza that makes a device dial in
    Enroll(Box<verbs::enroll::Arguments>),
    /// Run one NETCONF RPC on a device
    Rpc(verbs::rpc::Arguments),
    /// Type one Junos command on a device
    Cli(verbs::cli::Arguments),
    /// Read a device's configuration
    Config(verbs::config::Arguments),
    /// What happened, and with -w what happens
    Events(verbs::events::Arguments),
    /// A shell on a device, or one command
    Ssh(verbs::front_door::shell::Arguments),
    /// A NETCONF session with a device on stdin and stdout
    Netconf(verbs::front_door::netconf::Arguments),
    /// Copy files from and to a device
    Cp(verbs::front_door::copy::Arguments),
    /// A port of this machine that leads to one behind a device
    Forward(verbs::front_door::forward::Arguments),
    /// The way to the front door, for ssh's ProxyCommand
    Proxy(verbs::front_door::proxy::Arguments),
    /// Print a block of ssh's configuration for every device
    SshConfig(verbs::front_door::ssh_config::Arguments),
    /// The fleet as an inventory script of Ansible answers
    AnsibleInventory(verbs::front_door::inventory::Arguments),
    /// Who may log in, and what they may
    User(Box<verbs::user::Arguments>),
    /// What each role may
    Role(verbs::role::Arguments),
    /// What programs log in with
    Token(verbs::token::Arguments),
    /// Who the gateway takes you for
    Whoami(verbs::whoami::Arguments),
    /// Log in to a gateway on another machine
    Login(verbs::login::Arguments),
    /// Forget the token of the context in use
    Logout(verbs::login::LogoutArguments),
    /// Choose between gateways that you have logged in to
    Context(verbs::context::Arguments),
    /// Open the console in a browser, and who is logged in there
    Web(verbs::web::Arguments),
    /// Send events to a URL as they happen
    Webhook(verbs::webhook::Arguments),
    /// Ask the HTTP API anything
    Api(verbs::api::Arguments),
    /// Who did what, proof of it, and recorded sessions
    Audit(verbs::audit::Arguments),
    /// Run the gateway that devices dial
    Gateway(verbs::gateway::Arguments),
    /// A gateway and a few devices on this machine, to try
    Demo(demo::Arguments),
    /// Thousands of simulated devices that dial a gateway
    Sim(Box<verbs::sim::Arguments>),
    /// Print the completion script of a shell
    Completion(verbs::completion::Arguments),
    /// Write the manual pages into a folder
    Man(verbs::man::Arguments),
    /// Print the version
    Version,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn each_command(command: &mut clap::Command, see: &mut impl FnMut(&mut clap::Command)) {
        see(command);
        for sub in command.get_subcommands_mut() {
            each_command(sub, see);
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_help_fits_80_columns() {
        let mut command = CommandLine::command().term_width(80);
        command.build();
        each_command(&mut command, &mut |command| {
            let help = command.render_long_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
        });
    }

    #[test]
    fn every_verb_and_option_is_explained() {
        let mut command = CommandLine::command();
        command.build();
        each_command(&mut command, &mut |command| {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
        });
    }

    #[test]
    fn a_near_miss_is_told() {
        let error = CommandLine::try_parse_from(["homing", "devcie", "ls"]).unwrap_err();
        assert!(error.to_string().contains("'device'"), "{error}");
        let error = CommandLine::try_parse_from(["homing", "events", "--knd", "x"]).unwrap_err();
        assert!(error.to_string().contains("--kind"), "{error}");
    }

    #[test]
    fn global_options_stand_anywhere() {
        for line in [["homing", "-ojson", "status"], ["homing", "status", "-ojson"]] {
            let parsed = CommandLine::try_parse_from(line).unwrap();
            assert_eq!(parsed.globals.output, Format::Json);
        }
    }
}
