//! What `homing sim` can be told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use homing_sim::load::{Distance, Fleet};

use crate::output::time::parse_duration;

/// Connections from one local address to one port: what the system's range of ports leaves, with room.
const PORTS: u32 = 20_000;

const EXAMPLES: &str = "\
Examples:
  homing sim --devices 1000 --enroll --to 127.0.0.1:4334
  homing sim --devices 10000 --to gw:4334 --waves 2 --plot storm.svg
  homing sim --devices 1000 --to gw:4334 --delay 100ms --loss 0.02
  homing sim --devices 1000 --forget

A wave begins when a device that was in session is missing, and ends when all
are in; the first one begins with the first dial. Ctrl-C ends it. The devices
let everybody in who has proven nothing but reached them: let them dial
gateways only.

All dial from one address unless --source says otherwise: a gateway to be
tested so needs max_per_source as high as there are devices.";

/// Options of `homing sim`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// How many devices
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) devices: u32,
    /// The gateway's address for devices; may be given again: the next one to try
    #[arg(long, value_name = "HOST:PORT", required_unless_present_any = ["enroll", "forget"])]
    pub(super) to: Vec<String>,
    /// Enrol the devices first, in the gateway that the other verbs speak to
    #[arg(long)]
    pub(super) enroll: bool,
    /// Let the gateway forget the devices, and do nothing else
    #[arg(long, conflicts_with_all = ["enroll", "to"])]
    pub(super) forget: bool,
    /// Devices have secrets and send HOST-KEY and HMAC; the file keeps them, --enroll writes it
    #[arg(long, value_name = "FILE", conflicts_with = "call_home")]
    pub(super) secrets: Option<PathBuf>,
    /// Open as NETCONF call home (RFC 8071) instead of Junos's initiation
    #[arg(long)]
    pub(super) call_home: bool,
    /// Draw how many were in over time, as SVG
    #[arg(long, value_name = "FILE")]
    pub(super) plot: Option<PathBuf>,
    /// End when all were in so many times
    #[arg(long, value_name = "N")]
    pub(super) waves: Option<usize>,
    /// End after this time
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) r#for: Option<Duration>,

    /// What the devices are called: sim-00000 and so on
    #[arg(long, default_value = "sim", value_name = "NAME", help_heading = "Fleet")]
    pub(super) prefix: String,
    /// The devices' keys and their chances come of this number
    #[arg(long, default_value_t = 0, value_name = "N", help_heading = "Fleet")]
    pub(super) seed: u64,
    /// So many host keys, shared in turn, instead of one each
    #[arg(long, value_name = "N", help_heading = "Fleet", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) keys: Option<u32>,
    /// So many more devices that have name and key of another one
    #[arg(long, default_value_t = 0, value_name = "N", help_heading = "Fleet", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub(super) clones: u32,
    /// Bytes of the answer to get and Junos's get-… RPCs
    #[arg(long, default_value_t = 1024, value_name = "BYTES", help_heading = "Fleet")]
    pub(super) reply: usize,
    /// Bytes of the answer to get-config
    #[arg(long, default_value_t = 65_536, value_name = "BYTES", help_heading = "Fleet")]
    pub(super) config: usize,

    /// Spread the first dials over this time
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Dialling")]
    pub(super) within: Option<Duration>,
    /// Attempts on one address before the next
    #[arg(long, default_value_t = 3, value_name = "N", help_heading = "Dialling")]
    pub(super) retry: u32,
    /// Pause between two attempts on one address
    #[arg(long, default_value = "15s", value_name = "TIME", value_parser = parse_duration, help_heading = "Dialling")]
    pub(super) timeout: Duration,
    /// Without a session after this time a device hangs up
    #[arg(long, default_value = "15s", value_name = "TIME", value_parser = parse_duration, help_heading = "Dialling")]
    pub(super) give_up: Duration,
    /// TCP connections in the making, at most
    #[arg(long, default_value_t = 512, value_name = "N", help_heading = "Dialling", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(super) at_once: u32,
    /// A local address to dial from; may be given again, used in turn
    #[arg(long, value_name = "ADDR", help_heading = "Dialling")]
    pub(super) source: Vec<IpAddr>,
    /// Probe a silent gateway after this time, hang up after three probes
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Dialling")]
    pub(super) keep_alive: Option<Duration>,
    /// Offer the post-quantum key exchange, as OpenSSH 9 does
    #[arg(long, help_heading = "Dialling")]
    pub(super) post_quantum: bool,
    /// Threads to run the devices in
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Dialling", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(super) threads: u8,

    /// A round trip to the gateway
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Faults")]
    pub(super) delay: Option<Duration>,
    /// How likely a packet is lost and comes a second later, 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = likelihood, help_heading = "Faults")]
    pub(super) loss: f64,
    /// How likely a dial leaves half a connection, 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = likelihood, help_heading = "Faults")]
    pub(super) half_open: f64,
    /// Share of devices that take a second for every answer, 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = likelihood, help_heading = "Faults")]
    pub(super) slow: f64,
}

impl Arguments {
    /// Whom it consists of.
    pub(super) fn fleet(&self) -> Fleet {
        Fleet { prefix: self.prefix.clone(), seed: self.seed, keys: self.keys }
    }

    /// How far away it is.
    pub(super) fn distance(&self) -> Distance {
        Distance { delay: self.delay.unwrap_or_default(), loss: self.loss }
    }

    /// Where it dials from. On loopback every address of 127.0.0.0/8 is ours: one is added whenever ports run out.
    pub(super) fn sources(&self, servers: &[SocketAddr], connections: u32) -> Vec<IpAddr> {
        let is_loopback = servers.iter().all(|server| match server.ip() {
            IpAddr::V4(address) => address.is_loopback(),
            IpAddr::V6(_) => false,
        });
        if !self.source.is_empty() || !is_loopback || connections <= PORTS {
            return self.source.clone();
        }
        let base = u32::from(Ipv4Addr::LOCALHOST);
        (0..connections.div_ceil(PORTS)).map(|more| Ipv4Addr::from(base + more).into()).collect()
    }
}

fn likelihood(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(format!("expected a number from 0 to 1, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Arguments {
        Line::try_parse_from(line.split(' ')).map(|line| line.arguments).unwrap()
    }

    #[test]
    fn more_devices_than_ports_get_more_addresses() {
        let arguments = parse("sim --to 127.0.0.1:4334");
        let here = ["127.0.0.1:4334".parse().unwrap()];
        assert!(arguments.sources(&here, 10_000).is_empty());
        let sources: Vec<String> =
            arguments.sources(&here, 50_000).iter().map(ToString::to_string).collect();
        assert_eq!(sources, ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
        assert!(arguments.sources(&["192.0.2.1:4334".parse().unwrap()], 50_000).is_empty());
    }

    #[test]
    fn likelihoods_are_between_0_and_1() {
        assert_eq!(parse("sim --to x:1 --loss 0.02").loss, 0.02);
        for wrong in ["1.1", "-0.1", "NaN", "often"] {
            assert!(likelihood(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn somewhere_to_dial_or_something_to_enrol_is_needed() {
        assert!(Line::try_parse_from(["sim", "--devices", "3"]).is_err());
        assert!(parse("sim --enroll").enroll && parse("sim --forget").forget);
    }
}
