//! Moments as people read them: how long ago, with the exact time beside it.

use std::fmt;

use homing_proto::api::Timestamp;

/// A moment. Its text is markup of our own: templates print it with `|safe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    at: Timestamp,
    now: Timestamp,
}

impl When {
    /// As seen at `now`.
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// `12 s`, `5 m`, `3 h`, `12 d`.
    pub(super) fn age(self) -> String {
        let seconds = self.now.duration_since(self.at).as_secs();
        match seconds.unsigned_abs() {
            count @ 0..60 => format!("{count} s"),
            count @ 60..3600 => format!("{} m", count / 60),
            count @ 3600..172_800 => format!("{} h", count / 3600),
            count => format!("{} d", count / 86_400),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        let stamp = self.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
        write!(f, "<time datetime=\"{stamp}\" title=\"{exact}\" data-age>{}</time>", self.age())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let age = |seconds: i64| When::new(at(1_000_000 - seconds), at(1_000_000)).age();
        assert_eq!(
            [0, 59, 60, 3599, 3600, 172_799, 172_800].map(age),
            ["0 s", "59 s", "1 m", "59 m", "1 h", "47 h", "2 d"]
        );
    }
}
