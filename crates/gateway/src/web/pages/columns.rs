//! The columns of the list of devices: on the page, and as CSV.

use homing_proto::api::{Device, Timestamp};

use crate::control::Sort;
use crate::web::when::When;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    State,
    Since,
    Source,
    DeviceId,
    Tags,
    Listener,
    Key,
    Event,
}

/// What is shown unless something else is asked for.
pub(super) const DEFAULT: &[Column] =
    &[Column::Name, Column::State, Column::Since, Column::Source, Column::Tags, Column::Event];

/// What stands in a row under a column.
pub(super) enum Cell {
    Name,
    State,
    When(Option<When>),
    Mono(String),
    Tags,
    /// What happened last: code and sentence.
    Event(Option<(String, String)>),
}

impl Column {
    pub(super) const ALL: &[Self] = &[
        Self::Name,
        Self::State,
        Self::Since,
        Self::Source,
        Self::DeviceId,
        Self::Tags,
        Self::Listener,
        Self::Key,
        Self::Event,
    ];

    /// The column of a word of the address.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|column| column.word() == word).copied()
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::State => "state",
            Self::Since => "since",
            Self::Source => "source",
            Self::DeviceId => "id",
            Self::Tags => "tags",
            Self::Listener => "listener",
            Self::Key => "key",
            Self::Event => "event",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Name => "Device",
            Self::State => "State",
            Self::Since => "Since",
            Self::Source => "Source",
            Self::DeviceId => "Device-id",
            Self::Tags => "Labels",
            Self::Listener => "Listener",
            Self::Key => "Key",
            Self::Event => "Last event",
        }
    }

    /// What sorts by it; none: nothing does.
    pub(super) fn sort(self) -> Option<Sort> {
        match self {
            Self::Name => Some(Sort::Name),
            Self::State => Some(Sort::State),
            Self::Since => Some(Sort::Since),
            Self::Source => Some(Sort::Source),
            Self::DeviceId => Some(Sort::DeviceId),
            _ => None,
        }
    }

    pub(super) fn cell(self, device: &Device, now: Timestamp) -> Cell {
        match self {
            Self::Name => Cell::Name,
            Self::State => Cell::State,
            Self::Since => Cell::When(device.since.map(|since| When::new(since, now))),
            Self::Tags => Cell::Tags,
            Self::Event => Cell::Event(
                device.last_event.as_ref().map(|event| (event.code.clone(), event.message.clone())),
            ),
            Self::Source | Self::DeviceId | Self::Listener | Self::Key => {
                Cell::Mono(self.text(device))
            }
        }
    }

    fn text(self, device: &Device) -> String {
        let (session, pending) = (device.session.as_ref(), device.pending.as_ref());
        let optional = |text: Option<&str>| text.unwrap_or_default().to_owned();
        match self {
            Self::Name => device.name.clone(),
            Self::State => device.state.as_str().to_owned(),
            Self::Since => device.since.map(|since| since.to_string()).unwrap_or_default(),
            Self::Source => {
                let source = session.map(|session| session.source.as_str());
                optional(source.or(pending.map(|pending| pending.source.as_str())))
            }
            Self::DeviceId => optional(device.device_id.as_ref().map(|id| id.as_str())),
            Self::Tags => {
                let tags = device.tags.iter().map(|(key, value)| format!("{key}={value}"));
                tags.collect::<Vec<_>>().join(" ")
            }
            Self::Listener => {
                let listener = session.map(|session| session.listener.as_str());
                let listener = listener.or(pending.map(|pending| pending.listener.as_str()));
                optional(listener.or(device.listener.as_deref()))
            }
            Self::Key => {
                let key = session.map(|session| session.fingerprint);
                let key = key.or(pending.map(|pending| pending.fingerprint));
                let key = key.or(device.keys.first().map(|key| key.fingerprint));
                key.map(|key| key.to_string()).unwrap_or_default()
            }
            Self::Event => optional(device.last_event.as_ref().map(|event| event.message.as_str())),
        }
    }

    pub(super) fn csv_head() -> String {
        let words: Vec<&str> = Self::ALL.iter().map(|column| column.word()).collect();
        words.join(",") + "\r\n"
    }

    pub(super) fn csv_row(device: &Device) -> String {
        let fields: Vec<String> =
            Self::ALL.iter().map(|column| quoted(&column.text(device))).collect();
        fields.join(",") + "\r\n"
    }
}

/// A field. What a spreadsheet would take for a formula gets an apostrophe in front.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stays_one_field_and_no_formula() {
        assert_eq!(quoted("mx1.fra"), "mx1.fra");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quoted("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
    }
}
