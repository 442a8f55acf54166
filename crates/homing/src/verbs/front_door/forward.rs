//! `homing forward`: a port of this machine that leads to one behind a device.

use std::str::FromStr;

use clap::Args;

use super::Options;
use super::ssh::Ssh;
use crate::failure::Failure;
use crate::verbs::Context;

const EXAMPLES: &str = "\
Examples:
  homing forward srx9 8443:443                 https of the device itself
  homing forward srx9 8080:10.0.0.5:80         a host behind it
  homing forward srx9 0.0.0.0:8080:10.0.0.5:80 for others, too

Runs until Ctrl-C. The device must allow it.";

/// Options of `homing forward`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The device
    device: String,
    /// Which port of this machine leads where
    #[arg(required = true, value_name = "[[BIND:]PORT:HOST:]PORT")]
    ports: Vec<Forward>,
    #[command(flatten)]
    options: Options,
}

/// One forwarded port, as `ssh -L` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Forward(String);

impl FromStr for Forward {
    type Err = String;

    fn from_str(text: &str) -> Result<Forward, String> {
        let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
        let local = |text: &str| text.parse::<u16>().is_ok();
        let parts = parts(text);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let is_host = |text: &str| !text.is_empty() && !text.starts_with('-');
        Ok(Forward(match parts.as_slice() {
            [one] if port(one) => format!("localhost:{one}:localhost:{one}"),
            [from, to] if local(from) && port(to) => format!("localhost:{from}:localhost:{to}"),
            [from, host, to] if local(from) && is_host(host) && port(to) => {
                format!("localhost:{from}:{host}:{to}")
            }
            [bind, from, host, to] if local(from) && is_host(host) && port(to) => {
                format!("{bind}:{from}:{host}:{to}")
            }
            _ => return Err("expected PORT:PORT, PORT:HOST:PORT or BIND:PORT:HOST:PORT".to_owned()),
        }))
    }
}

/// Cuts at colons outside of brackets; the brackets stay.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    for c in text.chars() {
        inside = (inside || c == '[') && c != ']';
        match (c, parts.last_mut()) {
            (':', _) if !inside => parts.push(String::new()),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    parts
}

/// Becomes `ssh -N -L …`.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let mut ssh = Ssh::to("ssh", &arguments.device, &arguments.options, context).await?;
    ssh.option("ExitOnForwardFailure=yes").option("ServerAliveInterval=15").word("-N").word("-T");
    for Forward(port) in &arguments.ports {
        context.output.note(&format!("homing: forwarding {port} by {}", arguments.device));
        ssh.word("-L").word(port);
    }
    ssh.destination();
    ssh.become_it()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<Forward>().map_or_else(|error| error, |Forward(port)| port)
    }

    #[test]
    fn a_port_leads_to_the_device_unless_a_host_is_named() {
        assert_eq!(read("443"), "localhost:443:localhost:443");
        assert_eq!(read("8443:443"), "localhost:8443:localhost:443");
        assert_eq!(read("8080:10.0.0.5:80"), "localhost:8080:10.0.0.5:80");
        assert_eq!(read("0.0.0.0:8080:[2001:db8::1]:80"), "0.0.0.0:8080:[2001:db8::1]:80");
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for bad in ["", "x", "1:0", "1:-oX:2", "1:2:3:4:5", "99999:1", "1::2"] {
            assert!(read(bad).starts_with("expected"), "{bad}: {}", read(bad));
        }
    }
}
