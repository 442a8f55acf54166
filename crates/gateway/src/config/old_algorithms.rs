//! Devices that can't do better yet: `NAME=DATE`, the device and the last day.

use std::fmt;

use homing_proto::api::Timestamp;
use homing_proto::identity::DeviceName;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A device from which SHA-1, CBC ciphers and small moduli are taken for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldAlgorithms {
    /// The device.
    pub device: DeviceName,
    /// The end: the midnight (UTC) after the last day.
    pub until: Timestamp,
    last_day: Date,
}

impl OldAlgorithms {
    /// Reads `edge-7=2027-01-31`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (device, day) = text.split_once('=')?;
        let last_day: Date = day.parse().ok()?;
        let until = last_day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Self { device: DeviceName::new(device).ok()?, until, last_day })
    }
}

impl fmt::Display for OldAlgorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.device, self.last_day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_and_its_last_day_are_read_and_written_the_same() {
        let old = OldAlgorithms::parse("edge-7=2027-01-31").unwrap();
        assert_eq!(old.until.to_string(), "2027-02-01T00:00:00Z");
        assert_eq!(old.to_string(), "edge-7=2027-01-31");
        for text in ["edge-7", "edge-7=", "edge-7=soon", "=2027-01-31", "a b=2027-01-31"] {
            assert!(OldAlgorithms::parse(text).is_none(), "{text}");
        }
    }
}
