//! Fuzz target: queries for devices.

use homing_proto::filter::{Filter, MAX_BYTES};

/// What is read is read the same when it is shown, unless its units made it too long; what is not has its mistake
/// within the text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Filter::parse(text) {
        Ok(filter) => {
            let shown = filter.to_string();
            assert!(shown.len() > MAX_BYTES || Filter::parse(&shown) == Ok(filter), "{shown}");
        }
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.at())),
    }
}
