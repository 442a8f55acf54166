//! What machine and program this is, and how it fares: `<get-system-information>`,
//! `<get-software-information>`, `<get-chassis-inventory>`, `<get-system-uptime-information>` …
//!
//! Source: Junos XML API; the elements that PyEZ's facts read.

use homing_proto::datastore::Timestamp;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;

use super::{Answer, Context, Reply};
use crate::facts::{FileSystem, Load, file_systems};
use crate::show;

/// The namespace of Junos's answers about the system.
pub(super) const NAMESPACE: &str = "http://xml.juniper.net/junos/*/junos";

/// An element with text.
pub(super) fn leaf(name: &str, text: impl ToString) -> Element {
    Element::with_text(name, text.to_string())
}

/// An element with text, and the same for machines in an attribute of Junos's.
pub(super) fn counted(
    name: &str,
    text: impl ToString,
    attribute: &str,
    value: impl ToString,
) -> Element {
    leaf(name, text).with_attribute(&format!("junos:{attribute}"), &value.to_string())
}

/// The root of an answer that has attributes of Junos's in it.
pub(super) fn root(name: &str, namespace: &str) -> Element {
    Element::new(name)
        .with_attribute("xmlns:junos", "http://xml.juniper.net/junos/*/junos")
        .in_namespace(namespace)
}

pub(super) fn information(_: &Element, context: &Context) -> Answer {
    let system = &context.system;
    let information = Element::new("system-information")
        .with(leaf("hardware-model", &system.hardware_model))
        .with(leaf("os-name", &system.os_name))
        .with(leaf("os-version", &system.os_version))
        .with(leaf("serial-number", &system.serial_number))
        .with(leaf("host-name", context.host_name()));
    Ok(Reply::Element(information.in_namespace(NAMESPACE)))
}

pub(super) fn software(_: &Element, context: &Context) -> Answer {
    let system = &context.system;
    let comment = format!("Homing agent [{}]", system.os_version);
    let software = Element::new("software-information")
        .with(leaf("host-name", context.host_name()))
        .with(leaf("product-model", &system.hardware_model))
        .with(leaf("product-name", &system.os_name))
        .with(leaf("junos-version", junos_form(&system.os_version)))
        .with(
            Element::new("package-information")
                .with(leaf("name", &system.os_name))
                .with(leaf("comment", comment)),
        );
    Ok(Reply::Element(software.in_namespace(NAMESPACE)))
}

/// A version in the only form that Junos's tools can read: `1.2.3` is `1.2R3`.
fn junos_form(version: &str) -> String {
    let mut parts = version.splitn(3, '.');
    let mut next = || {
        let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
        parts.next().map(digits).filter(|digits| !digits.is_empty()).unwrap_or_else(|| "0".into())
    };
    format!("{}.{}R{}", next(), next(), next())
}

pub(super) fn chassis(_: &Element, context: &Context) -> Answer {
    let system = &context.system;
    let chassis = Element::new("chassis")
        .with(leaf("name", "Chassis"))
        .with(leaf("serial-number", &system.serial_number))
        .with(leaf("description", &system.hardware_model));
    Ok(Reply::Element(Element::new("chassis-inventory").with(chassis).in_namespace(NAMESPACE)))
}

pub(super) fn route_engine(_: &Element, context: &Context) -> Answer {
    let load = Load::read();
    let (memory, available) = load.memory;
    let used = (memory.saturating_sub(available) * 100).checked_div(memory).unwrap_or(0);
    let [one, five, fifteen] = &load.averages;
    let started = since(load.uptime);
    let engine = Element::new("route-engine")
        .with(leaf("slot", 0))
        .with(leaf("mastership-state", "master"))
        .with(leaf("status", "OK"))
        .with(leaf("memory-dram-size", format!("{memory} MB")))
        .with(leaf("memory-buffer-utilization", used))
        .with(leaf("cpu-count", load.processors))
        .with(leaf("model", &load.processor))
        .with(leaf("serial-number", &context.system.serial_number))
        .with(counted("start-time", moment(started), "seconds", started.as_second()))
        .with(counted("up-time", spoken(load.uptime), "seconds", load.uptime))
        .with(leaf("load-average-one", one))
        .with(leaf("load-average-five", five))
        .with(leaf("load-average-fifteen", fifteen));
    Ok(Reply::Element(
        root("route-engine-information", NAMESPACE).with(engine.in_namespace(NAMESPACE)),
    ))
}

fn since(seconds: u64) -> Timestamp {
    let ago = std::time::Duration::from_secs(seconds);
    Timestamp::now().checked_sub(ago).unwrap_or_default()
}

/// A moment as Junos writes it.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `3 days, 4 hours, 5 minutes, 6 seconds`.
fn spoken(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3_600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let begun = parts.iter().skip_while(|(count, unit)| *count == 0 && *unit != "second");
    let word = |(count, unit): &(u64, &str)| {
        format!("{count} {unit}{}", if *count == 1 { "" } else { "s" })
    };
    begun.map(word).collect::<Vec<_>>().join(", ")
}

/// A moment with how long ago it was.
fn ago(name: &str, at: Timestamp, now: Timestamp) -> Element {
    let seconds = u64::try_from(now.as_second() - at.as_second()).unwrap_or(0);
    Element::new(name)
        .with(counted("date-time", moment(at), "seconds", at.as_second()))
        .with(counted("time-length", show::uptime(seconds), "seconds", seconds))
}

pub(super) fn uptime(_: &Element, context: &Context) -> Answer {
    let (load, now) = (Load::read(), Timestamp::now());
    let [one, five, fifteen] = &load.averages;
    let sessions = context.sessions.list();
    let current = Element::new("current-time").with(counted(
        "date-time",
        moment(now),
        "seconds",
        now.as_second(),
    ));
    let mut answer = Element::new("system-uptime-information")
        .with(current)
        .with(leaf("time-source", "LOCAL CLOCK"))
        .with(ago("system-booted-time", since(load.uptime), now))
        .with(ago("protocols-started-time", context.started, now));
    answer.children.extend(
        context
            .last_commit
            .as_ref()
            .map(|(at, user)| ago("last-configured-time", *at, now).with(leaf("user", user))),
    );
    let uptime = Element::new("uptime-information")
        .with(counted("date-time", now.strftime("%I:%M%p"), "seconds", now.as_second()))
        .with(counted("up-time", spoken(load.uptime), "seconds", load.uptime))
        .with(counted(
            "active-user-count",
            sessions.len(),
            "format",
            format!("{} users", sessions.len()),
        ))
        .with(leaf("load-average-1", one))
        .with(leaf("load-average-5", five))
        .with(leaf("load-average-15", fifteen));
    let answer = answer.with(uptime).in_namespace(NAMESPACE);
    Ok(Reply::Element(Element { attributes: root("", "").attributes, ..answer }))
}

pub(super) fn users(_: &Element, context: &Context) -> Answer {
    let mut table = Element::new("user-table");
    for session in context.sessions.list() {
        let at = session.since;
        table.children.push(
            Element::new("user-entry")
                .with(leaf("user", &session.user))
                .with(leaf("tty", session.id))
                .with(counted("login-time", moment(at), "seconds", at.as_second()))
                .with(leaf("command", "netconf")),
        );
    }
    let inside = Element::new("uptime-information").with(table).in_namespace(NAMESPACE);
    Ok(Reply::Element(root("system-users-information", NAMESPACE).with(inside)))
}

pub(super) async fn storage(_: &Element, _: &Context) -> Answer {
    let systems = tokio::task::spawn_blocking(file_systems).await;
    let systems =
        systems.map_err(|_| RpcError::operation_failed("the file systems can't be read"))?;
    let mut answer = root("system-storage-information", NAMESPACE);
    answer
        .children
        .extend(systems.iter().map(|system| file_system(system).in_namespace(NAMESPACE)));
    Ok(Reply::Element(answer))
}

fn file_system(system: &FileSystem) -> Element {
    let blocks = |name: &str, kib: u64| counted(name, kib * 2, "format", human(kib));
    let percent = (system.used * 100).checked_div(system.used + system.available).unwrap_or(0);
    Element::new("filesystem")
        .with(leaf("filesystem-name", &system.name))
        .with(blocks("total-blocks", system.total))
        .with(blocks("used-blocks", system.used))
        .with(blocks("available-blocks", system.available))
        .with(leaf("used-percent", format!("{percent:>3}")))
        .with(leaf("mounted-on", &system.mounted_on))
}

/// KiB as `df -h` writes them.
fn human(kib: u64) -> String {
    let mut value = kib;
    for unit in ["K", "M", "G"] {
        if value < 10_000 {
            return format!("{value}{unit}");
        }
        value /= 1024;
    }
    format!("{value}T")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_times_are_written_as_junos_writes_them() {
        assert_eq!(junos_form("1.2.3-rc1"), "1.2R3");
        assert_eq!(junos_form("x"), "0.0R0");
        assert_eq!(spoken(93_784), "1 day, 2 hours, 3 minutes, 4 seconds");
        assert_eq!(spoken(0), "0 seconds");
        assert_eq!(
            (human(5), human(20_480), human(20 << 20)),
            ("5K".into(), "20M".into(), "20G".into())
        );
        let epoch = Timestamp::from_second(1_790_000_000).unwrap();
        assert_eq!(moment(epoch), "2026-09-21 14:13:20 UTC");
    }
}
