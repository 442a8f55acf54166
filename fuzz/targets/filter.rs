//! Fuzz target: queries for devices.

use homing_proto::filter::Filter;

/// What is read is read the same when it is shown; what is not has its mistake within the text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Filter::parse(text) {
        Ok(filter) => assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.at())),
    }
}
