//! What the values of many keys have in common: their bounds, how they are read, how they are shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::value::{Given, Wrong, show_duration, show_size};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const TEN_YEARS: Duration = Duration::from_secs(3_650 * 86_400);
pub(super) const MANY: u64 = 1_000_000;
pub(super) const PEBIBYTE: u64 = 1 << 50;

/// A path; empty text takes it back.
pub(super) fn optional_path(given: &Given) -> Result<Option<PathBuf>, Wrong> {
    match given.is_empty() {
        true => Ok(None),
        false => given.path().map(Some),
    }
}

pub(super) fn quoted_path(path: Option<&Path>) -> String {
    quoted(path.unwrap_or(Path::new("")).display())
}

pub(super) fn small(given: &Given, least: u64, most: u32) -> Result<u32, Wrong> {
    given.count(least, most.into()).map(|n| u32::try_from(n).unwrap_or(most))
}

pub(super) fn room(given: &Given, most: u64) -> Result<usize, Wrong> {
    given.count(1, most).map(|n| usize::try_from(n).unwrap_or(usize::MAX))
}

pub(super) fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

pub(super) fn quoted(text: impl std::fmt::Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}

pub(super) fn time(duration: Duration) -> String {
    quoted(show_duration(duration))
}

pub(super) fn size(bytes: u64) -> String {
    quoted(show_size(bytes))
}
