//! What mends each outcome.

use super::advice::{Advice, Stanza, junos_word, shell_word};
use super::failure::Stage;
use super::outcome::Outcome;
use crate::excerpt::Excerpt;
use crate::identity::{DeviceId, DeviceName};
use crate::opening::OpeningError;

/// What to type, and where; `None` if there is nothing to mend.
pub(super) fn remedy(outcome: &Outcome) -> Option<Advice> {
    let advice = Advice::new();
    Some(match outcome {
        Outcome::Opening(error) => return opening(error),
        Outcome::Tls => advice.look("let the device call home over SSH instead (IANA port 4334)"),
        Outcome::Silent => {
            advice.look("if this is a device, see whether its SSH server runs: it speaks first")
        }
        Outcome::TimedOut(stage) => return slow(*stage),
        Outcome::Lost(Stage::KeyExchange | Stage::LogIn | Stage::Hello) => {
            advice.device("show log messages | match sshd | last 20")
        }
        Outcome::Blocked { device } => {
            advice.gateway(format!("homing device set {device} --unblock"))
        }
        Outcome::Rejected { key } => advice.gateway(format!("homing device accept {key}")),
        Outcome::SourceBlocked { source } => {
            advice.gateway(format!("homing device unblock {source}"))
        }
        Outcome::WrongListener { device, expected } => advice
            .look(format!("point the stanza of {device} at the listener {expected}"))
            .gateway(format!("homing device set {device} --listener <name>")),
        Outcome::AmbiguousDeviceId { devices, .. } => keep_one(devices, "device-id"),
        Outcome::MissingMac(stanza) | Outcome::WrongMac(stanza) => stanza.renew_secret(),
        Outcome::KeyMismatch { .. } => advice
            .look("the SSH server must present the key that HOST-KEY names")
            .look("on Linux: make it the server's only host key of its type"),
        Outcome::ClonedKey { device_id, owners, .. } => cloned(device_id.as_ref(), owners),
        Outcome::AmbiguousKey { owners, .. } => keep_one(owners, "host key"),
        Outcome::NoCommonAlgorithm { purpose: "host key", .. } => {
            advice.look("turn on a host key of that type in the device's SSH server")
        }
        Outcome::NoCommonAlgorithm { .. } => advice
            .look("update the device's SSH server")
            .look("or take what it has for a while: old_algorithms = [\"<device>=<last day>\"] in gateway.toml"),
        Outcome::LogInRefused { user, with_password, gateway_key, device, .. } => {
            log_in(user, *with_password, gateway_key.as_deref(), device)
        }
        Outcome::ChannelRefused(_) => {
            advice.look("see how many sessions the device allows on one connection (MaxSessions)")
        }
        Outcome::NoNetconf(stanza) => no_netconf(stanza),
        Outcome::DuplicateDevice { .. } => advice
            .look("find the second box: each attempt's source address is in the timeline")
            .look("give the copy host keys, a device-id and a secret of its own"),
        Outcome::StoreFailed => advice.look("look at the gateway's log and its disk"),
        Outcome::Overloaded => advice.look("the device tries again by itself"),
        Outcome::ClosedSilently
        | Outcome::Lost(_)
        | Outcome::Ssh(_)
        | Outcome::BadHello(_)
        | Outcome::Stale
        | Outcome::Replaced
        | Outcome::Stopping => return None,
    })
}

fn opening(error: &OpeningError) -> Option<Advice> {
    let advice = Advice::new();
    match error {
        OpeningError::UntrustedProxy => {
            Some(advice.look("name the load balancer's address in `proxy_from` of gateway.toml"))
        }
        OpeningError::Unknown(_) => {
            Some(advice.look("only devices may dial this port; operators use `homing`"))
        }
        OpeningError::Proxy(_) | OpeningError::Initiation(_) => None,
    }
}

fn slow(stage: Stage) -> Option<Advice> {
    let advice = Advice::new();
    match stage {
        Stage::Opening | Stage::KeyExchange => Some(advice.look(
            "see whether the device's SSH server runs, and whether large packets get through (MTU)",
        )),
        Stage::LogIn => Some(advice.look(
            "see whether the device waits for an authentication server (RADIUS, TACACS+, DNS)",
        )),
        Stage::Hello => Some(advice.look("see whether the device is under load")),
        Stage::LookUp | Stage::Roster => {
            Some(advice.look("look at the gateway's log and its disk"))
        }
        Stage::Approval | Stage::Over => None,
    }
}

fn keep_one(devices: &[DeviceName], what: &str) -> Advice {
    let advice = Advice::new().look(format!("only one of them may have this {what}"));
    devices
        .iter()
        .fold(advice, |advice, device| advice.gateway(format!("homing device show {device}")))
}

fn cloned(device_id: Option<&DeviceId>, owners: &[DeviceName]) -> Advice {
    let copy = "if the box is a copy, give it host keys of its own";
    let advice = Advice::new();
    if let ([owner], Some(id)) = (owners, device_id) {
        let id = shell_word(id.as_str());
        return advice
            .look(format!("if {owner} was given a new device-id"))
            .gateway(format!("homing enroll {owner} --device-id {id}"))
            .look(copy);
    }
    advice.look(copy)
}

fn log_in(
    user: &Excerpt,
    with_password: bool,
    gateway_key: Option<&str>,
    device: &DeviceName,
) -> Advice {
    let login = format!("set system login user {}", junos_word(user.as_str()));
    match gateway_key {
        Some(key) if !with_password => {
            let kind = key.split(' ').next().filter(|kind| kind.starts_with("ssh-"));
            let statement = kind.unwrap_or("ssh-ecdsa");
            Advice::new()
                .device(format!("{login} class super-user"))
                .device(format!("{login} authentication {statement} \"{key}\""))
                .look("behind the system's own sshd: the user must be there, with the key in its authorized_keys")
        }
        _ => Advice::new()
            .gateway(format!("homing enroll {device} --ask-password"))
            .device(format!("{login} authentication plain-text-password")),
    }
}

fn no_netconf(stanza: &Stanza) -> Advice {
    Advice::new().device(stanza.set("services netconf")).device("set system services netconf ssh")
}
