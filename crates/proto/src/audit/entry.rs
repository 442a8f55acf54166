//! One entry of the audit trail, and its canonical form.
//!
//! ```text
//!   {"action":"rpc","at":"2026-11-23T14:57:58.000123Z","device":"edge-7","id":8,"operator":"ops",…}
//! ```
//!
//! The canonical form has no blanks; keys are in the order of their bytes; what is not known is left out; moments have
//! six digits after the point, so that their text sorts as they do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::access::Via;
use crate::api::Timestamp;
use crate::excerpt::is_deceptive;
use crate::identity::DeviceName;

/// Who did what, on what, and how it ended.
///
/// The fields stand in the order of the canonical form: see the tests before adding one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// What was done, in kebab-case: `login`, `rpc`, `channel-opened`, `key-accepted` …
    pub action: String,
    /// When.
    #[serde(serialize_with = "six_digits")]
    pub at: Timestamp,
    /// Bytes from the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<u64>,
    /// Bytes to the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<u64>,
    /// The datastore that an RPC is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datastore: Option<String>,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceName>,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// More, by action: fingerprints, roles, limits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The place in the chain, given by the store; 0 before.
    pub id: u64,
    /// What happened, as a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The `message-id` of an RPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The operation of an RPC, or the command of a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Who; of what the gateway did by itself: `gateway`, with no `via`.
    pub operator: String,
    /// `ok`, `refused:<code>`, `error`, `unknown`, or `begun` for what is told before it is done.
    pub result: String,
    /// The front door's channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// Where the operator came from, `ip:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// By which door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

impl Entry {
    /// What the gateway itself is called.
    pub const GATEWAY: &str = "gateway";
    /// The result of what was done.
    pub const OK: &str = "ok";
    /// The result of what is about to be done.
    pub const BEGUN: &str = "begun";
    /// The result of what was tried and did not work.
    pub const ERROR: &str = "error";
    /// The result of what may or may not have been done.
    pub const UNKNOWN: &str = "unknown";
    /// The action of the entry that stands for pruned ones.
    pub const PRUNED: &str = "audit-pruned";
    /// The action of the entry that counts those that found no room.
    pub const OVERFLOWED: &str = "audit-overflowed";

    /// An entry of which only action, actor and moment are known; it went well.
    #[must_use]
    pub fn new(action: &str, operator: &str, at: Timestamp) -> Self {
        Self {
            action: action.to_owned(),
            at,
            bytes_in: None,
            bytes_out: None,
            datastore: None,
            device: None,
            duration_ms: None,
            fields: BTreeMap::new(),
            id: 0,
            message: String::new(),
            message_id: None,
            operation: None,
            operator: operator.to_owned(),
            result: Self::OK.to_owned(),
            session: None,
            source: None,
            via: None,
        }
    }

    /// Something that the gateway did by itself.
    #[must_use]
    pub fn by_gateway(action: &str, at: Timestamp) -> Self {
        Self::new(action, Self::GATEWAY, at)
    }

    /// The same, with one more field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl ToString) -> Self {
        self.fields.insert(field.to_owned(), value.to_string());
        self
    }

    /// The same, with a sentence.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same, refused for the reason that `code` names.
    #[must_use]
    pub fn refused(mut self, code: &str) -> Self {
        self.result = format!("refused:{code}");
        self
    }

    /// Whether it was refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.result.starts_with("refused")
    }

    /// The entry that stands for pruned ones.
    #[must_use]
    pub fn pruned(pruned: &Pruned, at: Timestamp) -> Self {
        Self::by_gateway(Self::PRUNED, at)
            .with("last", pruned.last)
            .with("hash", pruned.hash)
            .saying(format!(
                "entries up to {} were taken away: they had reached their age or number",
                pruned.last
            ))
    }

    /// What an `audit-pruned` entry stands for; none if it is another, or says nothing that can be read.
    #[must_use]
    pub fn as_pruned(&self) -> Option<Pruned> {
        if self.action != Self::PRUNED || self.via.is_some() {
            return None;
        }
        let last = self.fields.get("last")?.parse().ok()?;
        let hash = self.fields.get("hash")?.parse().ok()?;
        Some(Pruned { last, hash })
    }

    /// Cuts every text to its limit and escapes what would drive a terminal, so that no peer can make an entry large
    /// or a listing lie. Microseconds are the finest that is kept.
    pub fn fit(&mut self) {
        const WORD: usize = 64;
        const NAME: usize = 256;
        const TEXT: usize = 1024;
        self.at = Timestamp::from_microsecond(self.at.as_microsecond()).unwrap_or(self.at);
        fit(&mut self.action, WORD);
        fit(&mut self.operator, NAME);
        fit(&mut self.result, WORD);
        fit(&mut self.message, TEXT);
        let optional = [
            (&mut self.datastore, WORD),
            (&mut self.message_id, NAME),
            (&mut self.operation, TEXT),
            (&mut self.source, WORD),
        ];
        for (text, most) in optional {
            if let Some(text) = text {
                fit(text, most);
            }
        }
        fit_fields(&mut self.fields);
    }

    /// The form that is hashed.
    #[must_use]
    pub fn canonical(&self) -> String {
        // Nothing in an entry can fail to be JSON: all keys are texts.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Where the part of the chain that was taken away ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pruned {
    /// The last entry that was taken away.
    pub last: u64,
    /// Its hash.
    pub hash: super::ChainHash,
}

fn fit_fields(fields: &mut BTreeMap<String, String>) {
    const MOST: usize = 32;
    const KEY: usize = 64;
    const VALUE: usize = 512;
    let is_fit = |text: &str, most| text.len() <= most && !text.contains(is_deceptive);
    if fields.len() <= MOST && fields.iter().all(|(k, v)| is_fit(k, KEY) && is_fit(v, VALUE)) {
        return;
    }
    *fields = std::mem::take(fields)
        .into_iter()
        .take(MOST)
        .map(|(mut key, mut value)| {
            fit(&mut key, KEY);
            fit(&mut value, VALUE);
            (key, value)
        })
        .collect();
}

/// Escapes and cuts to `most` bytes. What it made, it leaves as it is.
fn fit(text: &mut String, most: usize) {
    if text.contains(is_deceptive) {
        let escape = |c: char| match c {
            '\r' => "\\r".to_owned(),
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            c if is_deceptive(c) => format!("\\u{{{:x}}}", u32::from(c)),
            c => c.to_string(),
        };
        *text = text.chars().take(most).map(escape).collect();
    }
    if text.len() > most {
        let room = most.saturating_sub('…'.len_utf8());
        let end = (0..=room).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

fn six_digits<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}
