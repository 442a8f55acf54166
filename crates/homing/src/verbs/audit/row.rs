//! Entries as lines.
//!
//! ```text
//!   TIME      OPERATOR  VIA  DEVICE   ACTION  RESULT  WHAT
//!   14:58:31  ops       ssh  mx1.fra  rpc     ok      edit-config candidate
//! ```

use homing_proto::audit::{Entry, Sealed};

use crate::output::table::{Cell, Column, Style, Tone, live_header, live_row};

const COLUMNS: &[Column] = &[
    ("TIME", 8),
    ("OPERATOR", 10),
    ("VIA", 6),
    ("DEVICE", 12),
    ("ACTION", 16),
    ("RESULT", 8),
    ("WHAT", 0),
];

/// The line of titles.
pub(super) fn header(style: &Style) -> String {
    live_header(COLUMNS, style)
}

/// One entry.
pub(super) fn row(sealed: &Sealed, style: &Style) -> String {
    let entry = &sealed.entry;
    let cells = [
        Cell::Clock(entry.at),
        Cell::Text(entry.operator.clone()),
        Cell::optional(entry.via.map(|via| via.as_str())),
        Cell::optional(entry.device.as_ref().map(ToString::to_string)),
        Cell::Text(entry.action.clone()),
        Cell::Toned(entry.result.clone(), tone(entry)),
        Cell::optional(Some(what(entry))),
    ];
    live_row(COLUMNS, &cells, style)
}

fn tone(entry: &Entry) -> Tone {
    match entry.result.as_str() {
        Entry::OK => Tone::Good,
        Entry::BEGUN => Tone::Dim,
        Entry::UNKNOWN => Tone::Warn,
        _ => Tone::Bad,
    }
}

/// The operation and its datastore, the sentence, and the fields.
fn what(entry: &Entry) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(entry.operation.clone());
    words.extend(entry.datastore.clone());
    words.extend(Some(entry.message.clone()).filter(|message| !message.is_empty()));
    words.extend(entry.fields.iter().map(|(name, value)| format!("{name}={value}")));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use homing_proto::api::Timestamp;
    use homing_proto::audit::Head;

    use super::*;
    use crate::verbs::timeline::tests::style;

    #[test]
    fn an_entry_is_one_line_that_drives_no_terminal() {
        let mut entry = Entry::new("rpc", "ops\u{1b}[2J", Timestamp::from_second(60).unwrap());
        entry.operation = Some("edit-config".into());
        entry.datastore = Some("candidate".into());
        let (sealed, _) = Head::START.seal(entry.with("right", "configure"));
        assert_eq!(
            row(&sealed, &style(false)),
            "1970-01-01T00:01:00Z\tops\\x1b[2J\t-\t-\trpc\tok\tedit-config candidate right=configure\n"
        );
        assert!(row(&sealed, &style(true)).starts_with("00:01:00  ops\\x1b[2J  -       -"));
    }
}
