//! `homing status`: the gateway and its fleet on one screen.

use clap::Args;
use homing_proto::api::{Attention, Status};

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::escape::escape;
use crate::output::table::{Style, Tone};
use crate::output::time;

/// Options of `homing status`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

/// Shows the status.
pub(crate) async fn run(_: Arguments, context: &Context) -> Result<(), Failure> {
    let status: Status = context.client.get(&Target::new(&["status"])).await?;
    context.output.object(&status, |style| text(&status, style))
}

fn text(status: &Status, style: &Style) -> String {
    let started = match style.terminal {
        true => format!("up {}", time::age(status.started_at, style.now)),
        false => format!("up since {}", status.started_at),
    };
    let listeners: Vec<String> =
        status.listeners.iter().map(|l| format!("{} ({})", l.address, l.name)).collect();
    let mut out = String::new();
    line(&mut out, "gateway", &format!("homing {}, {started}", status.version));
    line(&mut out, "listens", &listeners.join("  "));
    line(&mut out, "address", &status.addresses.join("  "));
    line(&mut out, "key", &status.gateway_key);
    if !status.http.addresses.is_empty() {
        line(&mut out, "http", &http(status));
    }
    if !status.front_door.addresses.is_empty() {
        line(&mut out, "door", &door(status));
    }
    line(&mut out, "devices", &devices(status));
    line(&mut out, "now", &arriving(status));
    if !status.attention.is_empty() {
        out.push_str("attention\n");
    }
    for attention in &status.attention {
        out.push_str(&attention_line(attention, style));
    }
    out
}

fn line(out: &mut String, title: &str, text: &str) {
    let text = if text.is_empty() { "-" } else { text };
    out.push_str(&format!("{title:<8} {}\n", escape(text)));
}

fn http(status: &Status) -> String {
    let fingerprint = status.http.fingerprint.as_ref().map(|text| format!("  {text}"));
    status.http.addresses.join("  ") + &fingerprint.unwrap_or_default()
}

fn door(status: &Status) -> String {
    let door = &status.front_door;
    format!("{}  {}", door.addresses.join("  "), door.fingerprint)
}

fn devices(status: &Status) -> String {
    let counts = &status.devices;
    format!(
        "{} up  {} down  {} new  {} refused  {} pending  {} blocked",
        counts.up, counts.down, counts.new, counts.refused, counts.pending, counts.blocked
    )
}

fn arriving(status: &Status) -> String {
    let arriving = &status.arriving;
    format!(
        "{} in handshake  {} waiting  {} held",
        arriving.handshaking, arriving.waiting, arriving.held
    )
}

fn attention_line(attention: &Attention, style: &Style) -> String {
    let mark = Tone::Warn.paint("!", style.color);
    let advice = attention.advice.as_deref().map(escape);
    let advice = advice.map(|advice| format!("     {advice}")).unwrap_or_default();
    format!("  {mark} {}{advice}\n", escape(&attention.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use homing_proto::api::{Arriving, Counts, FrontDoor, Http, Listener, Timestamp};
    use jiff::tz::TimeZone;

    #[test]
    fn a_status_reads_like_a_page() {
        let status = Status {
            version: "0.1.0".into(),
            started_at: Timestamp::from_second(0).unwrap(),
            listeners: vec![Listener { name: "4334".into(), address: "[::]:4334".into() }],
            addresses: vec![],
            gateway_key: "ssh-ed25519 AAAA".into(),
            http: Http {
                addresses: vec!["https://[::]:8443".into()],
                fingerprint: Some("SHA256:AB".into()),
            },
            front_door: FrontDoor {
                addresses: vec!["[::]:2022".into()],
                host_key: "ssh-ed25519 BBBB".into(),
                fingerprint: "SHA256:CD".into(),
            },
            devices: Counts { up: 3, pending: 1, ..Counts::default() },
            arriving: Arriving::default(),
            attention: vec![Attention {
                code: "device-pending".into(),
                message: "1 device \u{1b}[2J waits".into(),
                advice: Some("homing device ls --state pending".into()),
                device: None,
                since: None,
            }],
        };
        let now = Timestamp::from_second(300).unwrap();
        let style = Style { terminal: true, color: false, headers: true, now, zone: TimeZone::UTC };
        assert_eq!(
            text(&status, &style),
            "gateway  homing 0.1.0, up 5m\n\
             listens  [::]:4334 (4334)\n\
             address  -\n\
             key      ssh-ed25519 AAAA\n\
             http     https://[::]:8443  SHA256:AB\n\
             door     [::]:2022  SHA256:CD\n\
             devices  3 up  0 down  0 new  0 refused  1 pending  0 blocked\n\
             now      0 in handshake  0 waiting  0 held\n\
             attention\n  ! 1 device \\x1b[2J waits     homing device ls --state pending\n"
        );
    }
}
