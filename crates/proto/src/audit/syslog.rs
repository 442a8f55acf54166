//! Entries as RFC 5424 syslog lines.
//!
//! ```text
//!   <109>1 2026-11-23T14:57:58.000123Z gw1 homing 4711 rpc [homing@32473 id="8" operator="ops" …] sentence
//! ```
//!
//! Facility 13 (log audit); severity notice, or warning for what was refused or failed. 32473 is the enterprise number
//! that RFC 5612 keeps for examples: Homing has none of its own.

use std::fmt::Write as _;

use super::Sealed;

/// What the lines say about where they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The host's name.
    pub host: &'a str,
    /// The number of the gateway's process.
    pub process: u32,
}

/// One line, without its end.
#[must_use]
pub fn syslog(sealed: &Sealed, origin: Origin<'_>) -> String {
    const AUDIT: u32 = 13;
    let entry = &sealed.entry;
    let severity = if entry.is_refused() || entry.result == super::Entry::ERROR { 4 } else { 5 };
    let mut line = format!(
        "<{}>1 {:.6} {} homing {} {} [homing@32473",
        AUDIT * 8 + severity,
        entry.at,
        word(origin.host, 255),
        origin.process,
        word(&entry.action, 32),
    );
    let mut add = |name: &str, value: &dyn std::fmt::Display| {
        let _ = write!(line, " {name}=\"{}\"", escaped(&value.to_string()));
    };
    add("id", &entry.id);
    add("operator", &entry.operator);
    let optional: [(&str, Option<&dyn std::fmt::Display>); 11] = [
        ("via", entry.via.as_ref().map(|via| via as _)),
        ("source", entry.source.as_ref().map(|text| text as _)),
        ("device", entry.device.as_ref().map(|name| name as _)),
        ("session", entry.session.as_ref().map(|number| number as _)),
        ("messageId", entry.message_id.as_ref().map(|text| text as _)),
        ("operation", entry.operation.as_ref().map(|text| text as _)),
        ("datastore", entry.datastore.as_ref().map(|text| text as _)),
        ("bytesIn", entry.bytes_in.as_ref().map(|number| number as _)),
        ("bytesOut", entry.bytes_out.as_ref().map(|number| number as _)),
        ("durationMs", entry.duration_ms.as_ref().map(|number| number as _)),
        ("result", Some(&entry.result as _)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            add(name, value);
        }
    }
    for (name, value) in &entry.fields {
        add(&word(&format!("f.{name}"), 32), value);
    }
    add("hash", &sealed.hash);
    line.push(']');
    if !entry.message.is_empty() {
        // The mark says that the text is UTF-8.
        let _ = write!(line, " \u{feff}{}", entry.message);
    }
    line
}

/// A field of the header, or the name of a parameter: printable ASCII without `=`, `]`, `"` and blanks.
fn word(text: &str, most: usize) -> String {
    let is_allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '=' | ']' | '"');
    let word: String =
        text.chars().map(|c| if is_allowed(c) { c } else { '_' }).take(most).collect();
    if word.is_empty() { "-".to_owned() } else { word }
}

/// The value of a parameter.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
