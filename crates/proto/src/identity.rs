//! What devices, stanzas, listeners and sessions are called.
//!
//! ```text
//!   DeviceId      sent by the device in its initiation sequence       "site7.r1"
//!   ClientId      the stanza's name; stays on the device              "homing"
//!   DeviceName    what the gateway and its operators call a device    "r1"
//!   ListenerName  which of the gateway's listeners it dialled         "4334"
//!   UserName      what the gateway calls an operator                  "ops"
//!   Epoch         when a connection was accepted: the later is newer
//!   SessionId     one device session of one gateway process
//! ```
//!
//! A session is identified by (device, listener): the client-id is never sent, so two stanzas of
//! one device must dial different listeners.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::excerpt::is_deceptive;
use crate::fault::Fault;

/// A name that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct InvalidName {
    what: &'static str,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("must not be empty")]
    Empty,
    #[error("must have at most {0} bytes")]
    TooLong(usize),
    #[error("must not contain control, invisible or text-direction characters")]
    Unprintable,
    #[error("must not begin or end with a blank")]
    BlankAtEdge,
    #[error("must consist of letters, digits, `.`, `_` and `-`, and begin with a letter or digit")]
    NotAWord,
    #[error("must consist of `a` to `z`, digits, `.`, `_` and `-`, and begin with a letter")]
    NotALogin,
}

impl InvalidName {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        match self.what {
            "device-id" => "invalid-device-id",
            "client-id" => "invalid-client-id",
            "device name" => "invalid-device-name",
            "user name" => "invalid-user-name",
            _ => "invalid-listener-name",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// A device-id that was refused.
pub type InvalidDeviceId = InvalidName;

/// Why a device-id, though valid, must not be sent: some receiver in the field would misread it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsendableDeviceId {
    /// Receivers that split lines at `": "` would cut it.
    #[error("device-id must not contain a colon followed by a blank")]
    ColonBlank,
    /// Receivers read its line into a buffer of 100 bytes.
    #[error("device-id must have at most {} bytes to be sent", DeviceId::MAX_SENDABLE)]
    TooLong,
}

impl UnsendableDeviceId {
    /// A stable word for logs, metrics and the API.
    pub fn code(&self) -> &'static str {
        "unsendable-device-id"
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// The text types share everything but their rules.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and takes it as a name.
            ///
            /// # Errors
            /// Text that breaks the rules given at the type.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                let check: fn(&str) -> Result<(), InvalidName> = $check;
                check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name! {
    /// The device-id of a Junos `outbound-ssh` stanza: 1 to 255 bytes of printable UTF-8 without a
    /// blank at either end.
    DeviceId, |text| check_text("device-id", text)
}

name! {
    /// The name of a Junos `outbound-ssh` client stanza. It is never sent to the gateway.
    ClientId, |text| check_text("client-id", text)
}

name! {
    /// The gateway's name for a device: 1 to 63 letters, digits, `.`, `_` and `-`, the first of
    /// them a letter or digit.
    DeviceName, |text| check_word("device name", text)
}

name! {
    /// The name of one of the gateway's listeners, made like a [`DeviceName`].
    ListenerName, |text| check_word("listener name", text)
}

name! {
    /// The gateway's name for an operator: 1 to 32 of `a` to `z`, digits, `.`, `_` and `-`, the first of them a letter.
    /// `:` and `%`, which part the operator from the device in an SSH login, are none of them.
    UserName, |text| check_login("user name", text)
}

impl DeviceId {
    /// The longest device-id whose line `DEVICE-ID: …\r\n` stays under 100 bytes.
    pub const MAX_SENDABLE: usize = 99 - "DEVICE-ID: \r\n".len();

    /// Whether every receiver in the field reads it as it was meant.
    ///
    /// # Errors
    /// What those receivers would trip over.
    pub fn is_sendable(&self) -> Result<(), UnsendableDeviceId> {
        if self.0.contains(": ") {
            return Err(UnsendableDeviceId::ColonBlank);
        }
        if self.0.len() > Self::MAX_SENDABLE {
            return Err(UnsendableDeviceId::TooLong);
        }
        Ok(())
    }
}

impl ListenerName {
    /// No listener name is less: where to begin in an ordered map.
    pub(crate) fn least() -> Self {
        Self("0".to_owned())
    }
}

/// Orders the sessions of one device: microseconds since the Unix epoch when its connection was
/// accepted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One device session, numbered by the gateway process that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn check_text(what: &'static str, text: &str) -> Result<(), InvalidName> {
    const MAX: usize = 255;
    let problem = if text.is_empty() {
        Problem::Empty
    } else if text.len() > MAX {
        Problem::TooLong(MAX)
    } else if text.chars().any(is_deceptive) {
        Problem::Unprintable
    } else if text.trim() != text {
        Problem::BlankAtEdge
    } else {
        return Ok(());
    };
    Err(InvalidName { what, problem })
}

fn check_word(what: &'static str, text: &str) -> Result<(), InvalidName> {
    const MAX: usize = 63;
    let of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let problem = if text.is_empty() {
        Problem::Empty
    } else if text.len() > MAX {
        Problem::TooLong(MAX)
    } else if !text.bytes().all(of_word) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Problem::NotAWord
    } else {
        return Ok(());
    };
    Err(InvalidName { what, problem })
}

fn check_login(what: &'static str, text: &str) -> Result<(), InvalidName> {
    const MAX: usize = 32;
    let of_login =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let problem = if text.is_empty() {
        Problem::Empty
    } else if text.len() > MAX {
        Problem::TooLong(MAX)
    } else if !text.bytes().all(of_login) || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        Problem::NotALogin
    } else {
        return Ok(());
    };
    Err(InvalidName { what, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_is_printable_text_of_at_most_255_bytes() {
        assert!(DeviceId::new("site 7: Zürich/r1").is_ok());
        assert!(DeviceId::new("x".repeat(255)).is_ok());
        let refused =
            ["", " r1", "r1 ", "r\r1", "r\n1", "r\x001", "r\u{7f}", "r\u{85}", "r\u{202e}1"];
        for text in refused {
            assert!(DeviceId::new(text).is_err(), "{text:?}");
        }
        let error = DeviceId::new("x".repeat(256)).unwrap_err();
        assert_eq!(error.to_string(), "device-id must have at most 255 bytes");
        assert_eq!((error.code(), error.fault()), ("invalid-device-id", Fault::Operator));
    }

    #[test]
    fn a_device_id_is_sendable_when_its_line_stays_under_100_bytes() {
        let of = |length| DeviceId::new("x".repeat(length)).unwrap();
        assert_eq!(of(86).is_sendable(), Ok(()));
        assert_eq!(of(87).is_sendable(), Err(UnsendableDeviceId::TooLong));
        assert_eq!(format!("DEVICE-ID: {}\r\n", of(86)).len(), 99);
    }

    #[test]
    fn a_device_id_with_colon_and_blank_is_not_sendable() {
        let id = DeviceId::new("site: r1").unwrap();
        assert_eq!(id.is_sendable(), Err(UnsendableDeviceId::ColonBlank));
        assert_eq!(DeviceId::new("00:11:22").unwrap().is_sendable(), Ok(()));
    }

    #[test]
    fn a_device_name_is_one_word() {
        for text in ["r1", "7", "site7.r1_a-b", &"x".repeat(63)] {
            assert!(DeviceName::new(text).is_ok(), "{text:?}");
        }
        for text in ["", ".r1", "-r1", "r 1", "r/1", "ü", &"x".repeat(64)] {
            assert!(DeviceName::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_user_name_is_a_login_in_lower_case() {
        for text in ["ops", "a", "jane.doe-2_x", &"x".repeat(32)] {
            assert!(UserName::new(text).is_ok(), "{text:?}");
        }
        for text in ["", "Ops", "7up", ".ops", "ops:x", "ops%x", "o ps", "ö", &"x".repeat(33)] {
            assert!(UserName::new(text).is_err(), "{text:?}");
        }
        assert_eq!(UserName::new("Ops").unwrap_err().code(), "invalid-user-name");
    }

    #[test]
    fn names_are_json_strings_and_checked_when_read() {
        let name: DeviceName = serde_json::from_str("\"r1\"").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"r1\"");
        let error = serde_json::from_str::<DeviceName>("\"r 1\"").unwrap_err();
        assert!(error.to_string().starts_with("device name must consist of letters"));
    }
}
