//! Events as lines: the same columns for a device's log, the event list and the live watch.
//!
//! ```text
//!   TIME      DEVICE   CODE           SOURCE               WHAT
//!   14:58:31  mx1.fra  wrong-hmac     198.51.100.8:61022   the HMAC was not made with the secret …
//!                                     -> homing enroll mx1.fra --rotate-secret
//! ```
//!
//! For a program the advice is a column of its own, ADVICE.

use homing_proto::api::Event;
use homing_proto::fault::Fault;

use crate::output::escape::escape;
use crate::output::table::{Cell, Column, Style, Tone, live_header, live_row};

const PEOPLE: &[Column] = &[("TIME", 8), ("DEVICE", 12), ("CODE", 18), ("SOURCE", 21), ("WHAT", 0)];
const PROGRAMS: &[Column] =
    &[("TIME", 0), ("DEVICE", 0), ("CODE", 0), ("SOURCE", 0), ("WHAT", 0), ("ADVICE", 0)];

/// The line of titles.
pub(crate) fn header(style: &Style) -> String {
    live_header(if style.terminal { PEOPLE } else { PROGRAMS }, style)
}

/// One event, with its advice.
pub(crate) fn row(event: &Event, style: &Style) -> String {
    let mut cells = vec![
        Cell::Clock(event.at),
        Cell::optional(device(event)),
        Cell::Toned(event.code.clone(), tone(event)),
        Cell::optional(event.source.clone()),
        Cell::Text(event.message.clone()),
    ];
    if style.terminal {
        return live_row(PEOPLE, &cells, style) + &advice(event, style);
    }
    cells.push(Cell::optional(event.advice.clone()));
    live_row(PROGRAMS, &cells, style)
}

/// The device's name; of a stranger, what it claims to be.
fn device(event: &Event) -> Option<String> {
    match (&event.device, &event.device_id) {
        (Some(name), _) => Some(name.to_string()),
        (None, Some(claimed)) => Some(format!("({claimed})")),
        (None, None) => None,
    }
}

fn tone(event: &Event) -> Tone {
    match event.fault {
        None => Tone::Good,
        Some(Fault::Network) => Tone::Warn,
        Some(_) => Tone::Bad,
    }
}

/// What to do, on lines of their own below the event.
pub(crate) fn advice(event: &Event, style: &Style) -> String {
    let lines = event.advice.iter().flat_map(|advice| advice.lines());
    lines
        .map(|line| Tone::Warn.paint(&format!("          -> {}", escape(line)), style.color) + "\n")
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use homing_proto::api::Timestamp;
    use homing_proto::identity::DeviceId;
    use jiff::tz::TimeZone;

    pub(crate) fn event(code: &str, fault: Option<Fault>) -> Event {
        Event {
            id: 1,
            at: Timestamp::from_second(60).unwrap(),
            code: code.into(),
            fault,
            device: None,
            device_id: Some(DeviceId::new("mx1").unwrap()),
            listener: None,
            source: Some("192.0.2.1:5".into()),
            epoch: None,
            message: "no \u{1b}good".into(),
            advice: Some("type this".into()),
            fields: std::collections::BTreeMap::new(),
        }
    }

    pub(crate) fn style(terminal: bool) -> Style {
        let now = Timestamp::from_second(100).unwrap();
        Style { terminal, color: false, headers: true, now, zone: TimeZone::UTC }
    }

    #[test]
    fn people_read_the_advice_below_the_event() {
        assert_eq!(
            row(&event("wrong-hmac", Some(Fault::Operator)), &style(true)),
            "00:01:00  (mx1)         wrong-hmac          192.0.2.1:5            no \\x1bgood\n          -> type this\n"
        );
    }

    #[test]
    fn programs_read_the_advice_in_its_column() {
        assert_eq!(header(&style(false)), "TIME\tDEVICE\tCODE\tSOURCE\tWHAT\tADVICE\n");
        assert_eq!(
            row(&event("x", None), &style(false)),
            "1970-01-01T00:01:00Z\t(mx1)\tx\t192.0.2.1:5\tno \\x1bgood\ttype this\n"
        );
    }
}
