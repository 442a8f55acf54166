//! `/devices/words`: what may stand in a query of the list of devices, for the completion of its box.
//!
//! ```text
//!   [{"key": "state", "says": "how it stands", "values": ["up", "down", …]}, …, {"key": "site", "says": "a label", "values": ["ams", "fra"]}]
//! ```
//!
//! Source: `homing_proto::filter`, the language.

use axum::Json;
use axum::extract::State;
use homing_proto::api::Listener;
use serde::Serialize;

use crate::web::{Console, Trouble, Visitor};

/// Keys of labels, and values of each.
const MOST: usize = 100;
const STATES: &[&str] = &["up", "down", "new", "refused", "pending", "blocked"];
const THINGS: &[&str] = &["secret", "password", "session", "pending"];
const AGES: &[&str] = &["<5m", "<1h", "<1d", ">5m", ">1h", ">1d", ">7d", ">30d"];

/// A key of the language.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::web) struct Key {
    key: String,
    says: &'static str,
    values: Vec<String>,
}

impl Key {
    fn new(key: &str, says: &'static str, values: &[&str]) -> Self {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Self { key: key.to_owned(), says, values }
    }
}

/// The keys of the language itself.
fn own(listeners: &[Listener]) -> Vec<Key> {
    let listeners: Vec<&str> = listeners.iter().map(|one| one.name.as_str()).collect();
    vec![
        Key::new("state", "how it stands", STATES),
        Key::new("seen", "how long ago it was last there", AGES),
        Key::new("has", "what it has", THINGS),
        Key::new("name", "its name; * and ? fit anything", &[]),
        Key::new("id", "its device-id", &[]),
        Key::new("source", "where it comes from", &[]),
        Key::new("listener", "where it comes in", &listeners),
        Key::new("key", "a host key, by its fingerprint", &[]),
        Key::new("user", "the login on it", &[]),
    ]
}

/// All keys, and the values that are known.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
) -> Result<Json<Vec<Key>>, Trouble> {
    let operator = &visitor.operator;
    let mut keys = own(&console.control.status(operator).await?.listeners);
    for (key, values) in console.control.labels(MOST, operator).await {
        // A label of a name that the language takes itself.
        let key = match keys.iter().any(|own| own.key == key) {
            true => format!("tag:{key}"),
            false => key,
        };
        keys.push(Key { key, says: "a label", values: values.into_iter().collect() });
    }
    Ok(Json(keys))
}

#[cfg(test)]
mod tests {
    use homing_proto::filter::Filter;

    use super::*;

    #[test]
    fn every_word_that_is_offered_is_understood() {
        for key in own(&[]) {
            for value in
                key.values.iter().map(String::as_str).chain(key.values.is_empty().then_some("x"))
            {
                let query = format!("{}:{value}", key.key);
                // A colon in a value is quoted.
                let query = if key.key == "key" { "key:\"SHA256:*\"".to_owned() } else { query };
                assert!(Filter::parse(&query).is_ok(), "{query}");
            }
        }
    }
}
