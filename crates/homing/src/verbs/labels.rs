//! Small values on the command line: `k=v` labels.

use std::collections::BTreeMap;

/// One label as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    key: String,
    value: String,
}

impl std::str::FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Label, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Label { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("expected key=value, such as site=fra, not {text:?}")),
        }
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// The labels by key; of two with the same key the last counts.
pub(crate) fn by_key(labels: Vec<Label>) -> BTreeMap<String, String> {
    labels.into_iter().map(|label| (label.key, label.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_key_and_value() {
        let labels = ["site=fra", "a=b=c", "gone="].map(|text| text.parse::<Label>().unwrap());
        let map = by_key(labels.to_vec());
        assert_eq!(map["site"], "fra");
        assert_eq!(map["a"], "b=c");
        assert_eq!(map["gone"], "");
        assert!("fra".parse::<Label>().is_err());
        assert!("=fra".parse::<Label>().is_err());
    }
}
