//! Which devices are meant, by name and labels.
//!
//! ```text
//!   selector  = "*" | condition *("," condition)     all conditions must hold; "" is "*"
//!   condition = key "=" pattern                      key: a label of the device, or `name`
//!   pattern   = text with * (any characters) and ? (one character); case counts
//!
//!   site=fra,role=edge      name=edge-*      *
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::excerpt::{Excerpt, is_deceptive};
use crate::fault::Fault;
use crate::identity::DeviceName;

/// A set of devices, described by name and labels. The default is every device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Condition {
    key: String,
    pattern: String,
}

/// Why text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelector {
    /// A part is not `key=value`.
    #[error("`{0}` is no condition: expected KEY=VALUE, as in site=fra, or name=edge-*")]
    NotACondition(Excerpt),
    /// A key is not what the key of a label may be.
    #[error("`{0}` can't be a label: expected letters, digits, `.`, `_`, `-` and `/`")]
    NotALabel(Excerpt),
    /// A value would show otherwise than it is.
    #[error("`{0}` has control, invisible or text-direction characters")]
    Unprintable(Excerpt),
    /// There are too many conditions, or they are too long.
    #[error(
        "a selector has at most {} conditions and {} bytes",
        Selector::MAX_CONDITIONS,
        Selector::MAX_BYTES
    )]
    TooLong,
}

impl InvalidSelector {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "invalid-selector"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl Selector {
    /// The most conditions.
    pub const MAX_CONDITIONS: usize = 16;
    /// The longest text.
    pub const MAX_BYTES: usize = 1024;

    /// Every device.
    #[must_use]
    pub fn every() -> Self {
        Self::default()
    }

    /// Whether every device is meant, whatever its name and labels.
    #[must_use]
    pub fn is_every(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a selector.
    ///
    /// # Errors
    /// Text that breaks the grammar at the top of this module.
    pub fn parse(text: &str) -> Result<Self, InvalidSelector> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidSelector::TooLong);
        }
        if matches!(text.trim(), "" | "*") {
            return Ok(Self::every());
        }
        let conditions = text.split(',').map(Condition::parse).collect::<Result<Vec<_>, _>>()?;
        if conditions.len() > Self::MAX_CONDITIONS {
            return Err(InvalidSelector::TooLong);
        }
        Ok(Self(conditions))
    }

    /// Whether a device of this name with these labels is meant.
    #[must_use]
    pub fn matches(&self, device: &DeviceName, tags: &Tags) -> bool {
        self.0.iter().all(|condition| condition.holds(device, tags))
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, InvalidSelector> {
        const MAX_KEY: usize = 63;
        let text = text.trim();
        let not_a_condition = || InvalidSelector::NotACondition(Excerpt::new(text));
        let (key, pattern) = text.split_once('=').ok_or_else(not_a_condition)?;
        if key.is_empty() || pattern.is_empty() || pattern.trim_start() != pattern {
            return Err(not_a_condition());
        }
        let of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        if key.len() > MAX_KEY || !key.bytes().all(of_key) {
            return Err(InvalidSelector::NotALabel(Excerpt::new(key)));
        }
        if pattern.chars().any(is_deceptive) {
            return Err(InvalidSelector::Unprintable(Excerpt::new(pattern)));
        }
        Ok(Self { key: key.to_owned(), pattern: pattern.to_owned() })
    }

    fn holds(&self, device: &DeviceName, tags: &Tags) -> bool {
        let value = match self.key.as_str() {
            "name" => Some(device.as_str()),
            key => tags.get(key).map(String::as_str),
        };
        value.is_some_and(|value| fits(&self.pattern, value))
    }
}

/// Whether `text` fits `pattern`; the time is at most the product of their lengths.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // After the last star, and the text that it has not swallowed yet.
    let mut retry = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                retry = Some((pattern.clone(), before.clone()));
                text = before;
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(wanted), Some(found)) if wanted == found => continue,
            _ => {}
        }
        let Some((after_star, mut swallowed)) = retry else { return false };
        if swallowed.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = swallowed.clone();
        retry = Some((after_star, swallowed));
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_every() {
            return f.pad("*");
        }
        let conditions: Vec<_> =
            self.0.iter().map(|one| format!("{}={}", one.key, one.pattern)).collect();
        f.pad(&conditions.join(","))
    }
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Selector {
    type Error = InvalidSelector;

    fn try_from(text: String) -> Result<Self, InvalidSelector> {
        Self::parse(&text)
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device(name: &str, tags: &[(&str, &str)]) -> (DeviceName, Tags) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        (DeviceName::new(name).unwrap(), tags.collect())
    }

    fn meant(selector: &str, (name, tags): &(DeviceName, Tags)) -> bool {
        Selector::parse(selector).unwrap().matches(name, tags)
    }

    #[test]
    fn all_conditions_must_hold() {
        let edge = device("edge-7", &[("site", "fra"), ("role", "edge")]);
        for selector in ["", "*", " * ", "site=fra", "site=fra, role=edge", "name=edge-?", "site=*"]
        {
            assert!(meant(selector, &edge), "{selector}");
        }
        for selector in ["site=lon", "site=fra,role=core", "name=edge", "rack=*", "site=FRA"] {
            assert!(!meant(selector, &edge), "{selector}");
        }
    }

    #[test]
    fn name_is_the_device_and_never_a_label() {
        let liar = device("core-1", &[("name", "edge-7")]);
        assert!(!meant("name=edge-*", &liar));
        assert!(meant("name=core-*", &liar));
    }

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, text, is_fit) in [
            ("edge-*", "edge-", true),
            ("*-fra", "a-fra-b-fra", true),
            ("*a*b*c", "xaxbxbxc", true),
            ("a*b", "ab-", false),
            ("??", "é7", true),
            ("?", "", false),
            ("**", "", true),
            ("*x", "aaaa", false),
        ] {
            assert_eq!(fits(pattern, text), is_fit, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused_with_the_reason() {
        for (text, code_word) in [
            ("fra", "`fra` is no condition"),
            ("site=", "`site=` is no condition"),
            ("site=fra,", "`` is no condition"),
            ("=fra", "`=fra` is no condition"),
            ("si te=fra", "`si te` can't be a label"),
            ("site=f\u{202e}ra", "`f\\u{202e}ra` has control"),
            (&"x".repeat(1025), "at most 16 conditions"),
            (&"a=b,".repeat(17), "no condition"),
            (&["a=b"; 17].join(","), "at most 16 conditions"),
        ] {
            let error = Selector::parse(text).unwrap_err();
            assert!(error.to_string().contains(code_word), "{text}: {error}");
            assert_eq!((error.code(), error.fault()), ("invalid-selector", Fault::Operator));
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time_to_speak_of() {
        let pattern = "*a".repeat(500);
        assert!(!fits(&pattern, &("a".repeat(499) + "b")));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_as_the_same(
            conditions in prop::collection::vec(("[a-z][a-z./_-]{0,8}", "[a-zA-Z0-9*?.=-]{1,12}"), 0..16),
        ) {
            let text: Vec<_> = conditions.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let selector = Selector::parse(&text.join(",")).unwrap();
            prop_assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector);
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            if let Ok(selector) = Selector::parse(&text) {
                prop_assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector);
            }
        }

        #[test]
        fn one_more_condition_never_means_more_devices(
            site in "[ab*?]{1,3}", role in "[ab*?]{1,3}", value in "[ab]{1,3}", other in "[ab]{1,3}",
        ) {
            let device = device("d", &[("site", &value), ("role", &other)]);
            let both = meant(&format!("site={site},role={role}"), &device);
            let first = meant(&format!("site={site}"), &device);
            prop_assert!(first || !both);
        }

        #[test]
        fn a_text_without_signs_fits_itself_alone(text in "[a-z-]{0,8}", other in "[a-z-]{0,8}") {
            prop_assert_eq!(fits(&text, &other), text == other);
        }
    }
}
