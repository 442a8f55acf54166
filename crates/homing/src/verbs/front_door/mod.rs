//! The verbs of the SSH front door: each runs the system's own `ssh` or `scp` against it, with what that needs to know.
//!
//! ```text
//!   homing ssh edge-7 ─▶ API: where is the door, what is its key, is edge-7 in? ─▶ exec ssh -o User=ops:edge-7 …
//! ```
//!
//! After the `exec` there is no `homing` any more: terminal, signals and exit status are those of `ssh`.

pub(crate) mod copy;
mod door;
pub(crate) mod forward;
pub(crate) mod inventory;
mod known_hosts;
pub(crate) mod netconf;
mod presence;
pub(crate) mod proxy;
pub(crate) mod shell;
mod ssh;
pub(crate) mod ssh_config;
mod wait;

use clap::Args;

use door::Place;
use wait::Wait;

/// What every verb of the front door takes.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Your name at the door; or HOMING_USER [default: whose key it is]
    #[arg(long, env = "HOMING_USER", hide_env = true, value_name = "NAME")]
    user: Option<String>,
    /// Where the door is [default: what the gateway says]
    #[arg(long, value_name = "HOST[:PORT]")]
    door: Option<Place>,
}

/// What the verbs that run `ssh` take besides.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    login: Login,
    /// Wait until the device calls home [at most 10m, or so long]
    #[arg(long, num_args = 0..=1, default_missing_value = "10m", value_name = "TIME")]
    wait: Option<Wait>,
    /// The private key to log in with
    #[arg(short, long, value_name = "FILE")]
    identity: Option<std::path::PathBuf>,
    /// An option of ssh, as in its configuration; may be given again
    #[arg(long = "ssh-option", value_name = "KEY=VALUE")]
    ssh_options: Vec<String>,
}
