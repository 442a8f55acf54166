//! `--role`, `--on` and `--expires`: what is granted, where and how long.

use homing_proto::access::{Role, Selector};
use homing_proto::api::Timestamp;

/// When a grant or token ends, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It does not.
    Never,
    /// So many seconds from now.
    After(i64),
    /// At a moment.
    At(Timestamp),
}

impl Expiry {
    /// The moment, in whole seconds.
    pub(crate) fn moment(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::After(seconds) => {
                Timestamp::from_second(now.as_second().saturating_add(seconds)).ok()
            }
            Self::At(moment) => Some(moment),
        }
    }
}

impl std::str::FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Expiry, String> {
        const LONGEST: i64 = 10 * 365 * 86_400;
        if text == "never" {
            return Ok(Expiry::Never);
        }
        if let Ok(moment) = text.parse() {
            return Ok(Expiry::At(moment));
        }
        let expected = || format!("expected a time such as 30d, 12h or never, not {text:?}");
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            _ => return Err(expected()),
        };
        let number: i64 = number.parse().map_err(|_| expected())?;
        match number.checked_mul(seconds) {
            Some(seconds) if (1..=LONGEST).contains(&seconds) => Ok(Expiry::After(seconds)),
            _ => Err(expected()),
        }
    }
}

/// `viewer on site=fra`, and until when if it ends.
pub(crate) fn words(role: Role, selector: &Selector, end: Option<Timestamp>) -> String {
    let on = if selector.is_every() { String::new() } else { format!(" on {selector}") };
    let until = end.map(|end| format!(" until {end}")).unwrap_or_default();
    format!("{role}{on}{until}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_span_a_moment_or_never() {
        let now = Timestamp::from_second(1000).unwrap();
        let at = |text: &str| text.parse::<Expiry>().unwrap().moment(now).map(|t| t.as_second());
        assert_eq!(at("30d"), Some(1000 + 30 * 86_400));
        assert_eq!(at("1w"), Some(1000 + 7 * 86_400));
        assert_eq!(at("1970-01-01T01:00:00Z"), Some(3600));
        assert_eq!(at("never"), None);
        for text in ["", "30", "d", "0d", "-1d", "1y", "99999999999999d", "tomorrow"] {
            assert!(text.parse::<Expiry>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_grant_reads_as_a_person_says_it() {
        let selector = Selector::parse("site=fra").unwrap();
        assert_eq!(words(Role::Viewer, &selector, None), "viewer on site=fra");
        assert_eq!(words(Role::Admin, &Selector::every(), None), "admin");
    }
}
