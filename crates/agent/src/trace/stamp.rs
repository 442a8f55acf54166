//! The time of a trace line, as Junos writes it: `Aug  2 08:42:23`, in UTC.

use std::time::{Duration, SystemTime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Writes `time` as month, day and time of day.
pub(super) fn of(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (month, day) = month_and_day(seconds / 86_400);
    let (hours, minutes, seconds) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{month} {day:>2} {hours:02}:{minutes:02}:{seconds:02}")
}

/// The day of the year from days since 1970-01-01, counted in years that begin in March, so that
/// a leap day is the last (the usual civil-from-days computation).
fn month_and_day(days: u64) -> (&'static str, u64) {
    let days = days + 719_468;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    (MONTHS.get(month as usize).copied().unwrap_or("Jan"), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_named_as_in_the_calendar() {
        let at = |seconds| of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "Jan  1 00:00:00");
        assert_eq!(at(1_722_588_143), "Aug  2 08:42:23");
        assert_eq!(at(951_782_399), "Feb 28 23:59:59");
        assert_eq!(at(951_782_400), "Feb 29 00:00:00");
        assert_eq!(at(1_709_251_200), "Mar  1 00:00:00");
        assert_eq!(at(1_735_689_599), "Dec 31 23:59:59");
    }
}
