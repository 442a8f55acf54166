//! Values as they are given: in a file with a type, in the environment and in flags as text.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

/// A value before its key is asked what it expects.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) span: Range<usize>,
    pub(super) value: Raw,
}

/// What a layer can say.
#[derive(Debug, Clone)]
pub(super) enum Raw {
    Text(String),
    Integer(i64),
    List(Vec<Given>),
    Boolean(bool),
    /// A type that no key takes; its name.
    Other(&'static str),
}

/// The value does not fit; what would, and which part doesn't.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) expected: String,
    pub(super) span: Range<usize>,
}

type Fits<T> = Result<T, Wrong>;

impl Given {
    /// From a file.
    pub(super) fn from_toml(value: &DeValue<'_>, span: Range<usize>) -> Self {
        let value = match value {
            DeValue::String(text) => Raw::Text(text.to_string()),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                i64::from_str_radix(&digits, number.radix())
                    .map_or(Raw::Other("an integer out of range"), Raw::Integer)
            }
            DeValue::Array(items) => {
                let item = |item: &toml::Spanned<DeValue<'_>>| {
                    Self::from_toml(item.get_ref(), item.span())
                };
                Raw::List(items.iter().map(item).collect())
            }
            DeValue::Float(_) => Raw::Other("a number with a fraction"),
            DeValue::Boolean(is) => Raw::Boolean(*is),
            DeValue::Datetime(_) => Raw::Other("a date"),
            DeValue::Table(_) => Raw::Other("a table"),
        };
        Self { span, value }
    }

    /// From the environment or a flag.
    pub(super) fn from_text(text: &str) -> Self {
        Self { span: 0..text.len(), value: Raw::Text(text.to_owned()) }
    }

    /// From a flag that may be given several times.
    pub(super) fn from_texts(texts: &[String]) -> Self {
        let items = texts.iter().map(|text| Self::from_text(text)).collect();
        Self { span: 0..0, value: Raw::List(items) }
    }

    pub(super) fn wrong<T>(&self, expected: impl Into<String>) -> Fits<T> {
        let expected = match &self.value {
            Raw::Other(found) => format!("{}, not {found}", expected.into()),
            Raw::Boolean(_) => format!("{}, not true or false", expected.into()),
            _ => expected.into(),
        };
        Err(Wrong { expected, span: self.span.clone() })
    }

    pub(super) fn text(&self, expected: &str) -> Fits<&str> {
        match &self.value {
            Raw::Text(text) if !text.is_empty() => Ok(text),
            _ => self.wrong(expected),
        }
    }

    /// Text without a letter: nothing is meant.
    pub(super) fn is_empty(&self) -> bool {
        matches!(&self.value, Raw::Text(text) if text.is_empty())
    }

    pub(super) fn boolean(&self) -> Fits<bool> {
        match &self.value {
            Raw::Boolean(is) => Ok(*is),
            Raw::Text(text) if text == "true" => Ok(true),
            Raw::Text(text) if text == "false" => Ok(false),
            _ => self.wrong("true or false"),
        }
    }

    pub(super) fn path(&self) -> Fits<PathBuf> {
        self.text("a path").map(PathBuf::from)
    }

    /// A list; outside of files, text with commas.
    pub(super) fn list<T>(&self, expected: &str, each: impl Fn(&str) -> Option<T>) -> Fits<Vec<T>> {
        match &self.value {
            Raw::List(items) => items
                .iter()
                .map(|item| {
                    let text = item.text(expected)?;
                    each(text).map_or_else(|| item.wrong(expected), Ok)
                })
                .collect(),
            Raw::Text(text) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| each(item).map_or_else(|| self.wrong(expected), Ok))
                .collect(),
            _ => self.wrong(format!("a list of which each is {expected}")),
        }
    }

    pub(super) fn count(&self, least: u64, most: u64) -> Fits<u64> {
        let number = match &self.value {
            Raw::Integer(number) => u64::try_from(*number).ok(),
            Raw::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(number),
            None => self.wrong(format!("a whole number from {least} to {most}")),
        }
    }

    /// Seconds, or text with a unit.
    pub(super) fn duration(&self, least: Duration, most: Duration) -> Fits<Duration> {
        let duration = match &self.value {
            Raw::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
            Raw::Text(text) => duration(text),
            _ => None,
        };
        match duration.filter(|duration| (least..=most).contains(duration)) {
            Some(duration) => Ok(duration),
            None => {
                let (least, most) = (show_duration(least), show_duration(most));
                self.wrong(format!(
                    "seconds, or a duration such as \"90s\", from {least} to {most}"
                ))
            }
        }
    }

    /// Bytes, or text with a unit.
    pub(super) fn size(&self, least: u64, most: u64) -> Fits<u64> {
        let size = match &self.value {
            Raw::Integer(bytes) => u64::try_from(*bytes).ok(),
            Raw::Text(text) => size(text),
            _ => None,
        };
        match size.filter(|size| (least..=most).contains(size)) {
            Some(size) => Ok(size),
            None => {
                let (least, most) = (show_size(least), show_size(most));
                self.wrong(format!("bytes, or a size such as \"64 MiB\", from {least} to {most}"))
            }
        }
    }
}

const DURATIONS: &[(&str, u64)] = &[("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1), ("", 1)];

const SIZES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
    ("", 1),
];

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn duration(text: &str) -> Option<Duration> {
    with_unit(text, DURATIONS).map(Duration::from_secs)
}

fn size(text: &str) -> Option<u64> {
    with_unit(text, SIZES)
}

fn largest_unit(number: u64, units: &[(&str, u64)]) -> (u64, String) {
    let fits = units.iter().find(|(_, factor)| number >= *factor && number.is_multiple_of(*factor));
    let (name, factor) = fits.copied().unwrap_or(("", 1));
    (number / factor, name.to_owned())
}

/// A duration as the configuration takes it.
pub(super) fn show_duration(duration: Duration) -> String {
    let (number, unit) = largest_unit(duration.as_secs(), DURATIONS);
    format!("{number}{}", if unit.is_empty() { "s" } else { &unit })
}

/// A size as the configuration takes it.
pub(super) fn show_size(bytes: u64) -> String {
    let (number, unit) = largest_unit(bytes, SIZES.get(..3).unwrap_or_default());
    if unit.is_empty() { format!("{number} B") } else { format!("{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_shown() {
        for (text, seconds, shown) in
            [("90", 90, "90s"), ("15s", 15, "15s"), ("5 m", 300, "5m"), ("90d", 7_776_000, "90d")]
        {
            let read = duration(text).unwrap();
            assert_eq!((read.as_secs(), show_duration(read).as_str()), (seconds, shown));
        }
        for (text, bytes, shown) in [
            ("10", 10, "10 B"),
            ("64 MiB", 64 << 20, "64 MiB"),
            ("1GB", 1_000_000_000, "976562.5 KiB"),
        ] {
            assert_eq!(size(text), Some(bytes));
            if bytes.is_multiple_of(1024) {
                assert_eq!(show_size(bytes), shown);
                assert_eq!(size(shown), Some(bytes));
            }
        }
        for text in ["", "s", "-1", "1.5s", "1 week", "99999999999999999999", "99999999999999999 d"]
        {
            assert_eq!(duration(text), None, "{text:?}");
        }
    }
}
