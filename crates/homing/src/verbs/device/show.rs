//! `homing device show`: all about one device on one screen, ending with what to type next.

use clap::Args;
use homing_proto::api::{Device, DeviceState, Key, Pending, Session};

use super::Context;
use super::list::{tags, tone};
use crate::failure::Failure;
use crate::output::escape::escape;
use crate::output::table::{Style, Tone};
use crate::output::time;

/// Options of `homing device show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device; a pending one by device-id or fingerprint
    name: String,
}

/// Shows the device.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let device = super::read(&arguments.name, context).await?;
    context.output.object(&device, |style| text(&device, style))
}

/// The page about a device.
pub(super) fn text(device: &Device, style: &Style) -> String {
    let mut page = Page { style, out: headline(device, style) };
    page.line("identity", page.identity(device));
    page.line("login", login(device));
    page.line("dials", device.addresses.join("  "));
    page.line("tags", tags(device));
    device.session.iter().chain(&device.other_sessions).for_each(|session| page.session(session));
    device.keys.iter().for_each(|key| page.key(key));
    if let Some(pending) = &device.pending {
        page.pending(pending);
    }
    page.last(device);
    page.line("next", next(device));
    page.out
}

fn headline(device: &Device, style: &Style) -> String {
    let state = tone(device.state).paint(device.state.as_str(), style.color);
    let since = device.since.map(|since| match style.terminal {
        true => format!(" for {}", time::age(since, style.now)),
        false => format!(" since {since}"),
    });
    format!("{}   {state}{}\n", escape(&device.name), since.unwrap_or_default())
}

fn login(device: &Device) -> String {
    let user = device.user.as_deref().unwrap_or("(the gateway's user)");
    let with = if device.has_password { "a password" } else { "the gateway's key" };
    format!("{user}, with {with}")
}

fn next(device: &Device) -> String {
    let name = &device.name;
    match (device.state, &device.pending) {
        (DeviceState::Up, _) => {
            format!(
                "homing cli {name} \"show …\"    homing rpc {name} …    homing device log {name}"
            )
        }
        (_, Some(pending)) => {
            let key = &pending.fingerprint;
            format!("homing device accept {key}    homing device reject {key}")
        }
        (DeviceState::New, _) => format!("homing enroll watch {name}"),
        (DeviceState::Blocked, _) => format!("homing device set {name} --unblock"),
        _ => format!("homing device log {name}"),
    }
}

struct Page<'s> {
    style: &'s Style,
    out: String,
}

impl Page<'_> {
    fn line(&mut self, title: &str, text: impl AsRef<str>) {
        if !text.as_ref().is_empty() {
            self.out.push_str(&format!(" {title:<9} {}\n", escape(text.as_ref())));
        }
    }

    fn identity(&self, device: &Device) -> String {
        let id = match &device.device_id {
            Some(id) => format!("device-id {id}"),
            None => "no device-id (NETCONF call home: known by its host key)".to_owned(),
        };
        let secret = match (device.has_secret, device.secret_issued_at) {
            (true, Some(at)) => format!(", secret issued {}", self.when(at)),
            (true, None) => ", has a secret".to_owned(),
            (false, _) => ", no secret".to_owned(),
        };
        let listener = device.listener.as_ref().map(|name| format!(", only by listener {name}"));
        id + &secret + &listener.unwrap_or_default()
    }

    fn session(&mut self, session: &Session) {
        let round_trip = session.round_trip_us.map(|us| format!(", rtt {}", milliseconds(us)));
        let id = session.netconf_session.map(|id| format!("session {id}, "));
        self.line(
            "session",
            format!(
                "from {} by listener {}, epoch {}{}, in {} out {}",
                session.source,
                session.listener,
                session.epoch,
                round_trip.unwrap_or_default(),
                bytes(session.bytes_in),
                bytes(session.bytes_out),
            ),
        );
        self.line(
            "netconf",
            format!(
                "{}{} capabilities, {} RPCs waiting or running",
                id.unwrap_or_default(),
                session.capabilities.len(),
                session.rpcs
            ),
        );
    }

    fn key(&mut self, key: &Key) {
        let seen = key.last_seen.map(|at| format!(", last proven {}", self.when(at)));
        self.line(
            "key",
            format!(
                "{} {} {} by {} {}{}",
                key.key.algorithm(),
                key.fingerprint,
                key.state.as_str(),
                key.source.as_str(),
                self.when(key.first_seen),
                seen.unwrap_or_default()
            ),
        );
    }

    fn pending(&mut self, pending: &Pending) {
        let text = format!(
            "{} {} from {} by listener {}, attempts {}, last {}: {}",
            pending.key.algorithm(),
            pending.fingerprint,
            pending.source,
            pending.listener,
            pending.attempts,
            self.when(pending.last_seen),
            pending.reason
        );
        let text = Tone::Warn.paint(&escape(&text), self.style.color);
        self.out.push_str(&format!(" {:<9} {text}\n", "waits"));
    }

    fn last(&mut self, device: &Device) {
        let Some(event) = &device.last_event else { return };
        self.line("last", format!("{} {}: {}", self.when(event.at), event.code, event.message));
        if let Some(advice) = &event.advice {
            self.line("", format!("-> {advice}"));
        }
    }

    fn when(&self, at: homing_proto::api::Timestamp) -> String {
        match self.style.terminal {
            true => format!("{} ago", time::age(at, self.style.now)),
            false => at.to_string(),
        }
    }
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

/// `3.1 GB`, decimal as disks and links count.
fn bytes(count: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match units.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", count / unit, count % unit * 10 / unit),
        None => format!("{count} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::timeline::tests::{event, style};
    use homing_proto::api::Timestamp;
    use homing_proto::fault::Fault;

    fn device() -> Device {
        Device {
            name: "mx1.fra".into(),
            state: DeviceState::Refused,
            since: Timestamp::from_second(40).ok(),
            enrolled: true,
            device_id: Some(homing_proto::identity::DeviceId::new("mx1.fra").unwrap()),
            user: None,
            addresses: vec!["gw:4334".into()],
            tags: [("site".to_owned(), "fra".to_owned())].into(),
            listener: None,
            has_secret: true,
            secret_issued_at: None,
            old_secret_until: None,
            has_password: false,
            keys: vec![],
            session: None,
            other_sessions: vec![],
            pending: None,
            last_event: Some(event("wrong-hmac", Some(Fault::Operator))),
            created_at: None,
        }
    }

    #[test]
    fn a_page_ends_with_what_to_type() {
        assert_eq!(
            text(&device(), &style(true)),
            "mx1.fra   refused for 60s\n\
             \x20identity  device-id mx1.fra, has a secret\n\
             \x20login     (the gateway's user), with the gateway's key\n\
             \x20dials     gw:4334\n\
             \x20tags      site=fra\n\
             \x20last      40s ago wrong-hmac: no \\x1bgood\n\
             \x20          -> type this\n\
             \x20next      homing device log mx1.fra\n"
        );
    }

    #[test]
    fn counts_of_bytes_are_short() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(3_140_000_000), "3.1 GB");
        assert_eq!(milliseconds(18_250), "18.2 ms");
    }
}
