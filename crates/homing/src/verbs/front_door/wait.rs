//! `--wait [TIME]`: how long a device may take to call home.

use std::str::FromStr;
use std::time::Duration;

use crate::output::time::parse_duration;

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(super) Duration);

impl FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Wait, String> {
        parse_duration(text)
            .map(Wait)
            .map_err(|error| format!("{error}; the device stands before --wait"))
    }
}
