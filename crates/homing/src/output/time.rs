//! Times and durations: RFC 3339 for machines, `12d` for people, `60s` on the command line.

use std::time::Duration;

use homing_proto::api::Timestamp;
use jiff::tz::TimeZone;

/// How long before `now`, as people say it: `41s`, `6m`, `3h`, `12d`.
pub(crate) fn age(time: Timestamp, now: Timestamp) -> String {
    age_of(Duration::try_from(now.duration_since(time)).unwrap_or_default())
}

/// The time of the day where the reader is: `14:57:58`; on another day, the day too.
pub(crate) fn clock(time: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if time.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    time.strftime(format).to_string()
}

/// `41s`, `6m`, `3h`, `12d`.
pub(crate) fn age_of(duration: Duration) -> String {
    match duration.as_secs() {
        s if s < 120 => format!("{s}s"),
        s if s < 2 * 3600 => format!("{}m", s / 60),
        s if s < 2 * 86_400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

/// Reads `60`, `60s`, `500ms`, `10m`, `2h`; for clap.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a time such as 60s, 500ms or 10m, not {text:?}");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(expected()),
    };
    match number.checked_mul(millis) {
        Some(millis) if (1..=86_400_000).contains(&millis) => Ok(Duration::from_millis(millis)),
        _ => Err(format!("expected a time between 1ms and 24h, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn ages_are_short_and_never_negative() {
        let ages = [0, 119, 120, 7199, 7200, 172_799, 172_800].map(|s| age(at(0), at(s)));
        assert_eq!(ages, ["0s", "119s", "2m", "119m", "2h", "47h", "2d"]);
        assert_eq!(age(at(10), at(5)), "0s");
    }

    #[test]
    fn the_clock_names_the_day_only_when_it_is_another() {
        let shown = |now| clock(at(1_795_445_878), at(now), &TimeZone::UTC);
        assert_eq!(shown(1_795_445_999), "14:57:58");
        assert_eq!(shown(1_795_545_999), "2026-11-23 14:57:58");
    }

    #[test]
    fn durations_are_read_with_and_without_a_unit() {
        let read = |text| parse_duration(text).unwrap();
        assert_eq!(read("60"), Duration::from_secs(60));
        assert_eq!(read("60s"), Duration::from_secs(60));
        assert_eq!(read("500ms"), Duration::from_millis(500));
        assert_eq!(read("10m"), Duration::from_secs(600));
        for bad in ["", "s", "1d", "-1s", "0", "25h", "99999999999999999999"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
