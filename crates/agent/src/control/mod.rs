//! Talking to the running agent over Unix sockets in its state directory.
//!
//! ```text
//!   ▶ reload\n                ◀ {"ok":{"added":["mist"],…}}\n
//!   ▶ show\n                  ◀ {"ok":[{"client":"mist",…}]}\n
//!   ▶ netconf [user=NAME] [via=cli] [client=NAME]\n
//!                             ◀ <hello …   NETCONF from here on, both ways
//!                             ◀ {"error":{"code":"not-permitted","message":"…"}}\n
//! ```
//!
//! One request per connection. Who asks is known from the kernel (`SO_PEERCRED`), not from what is
//! said: root and the agent's own user may do all of it, everyone else may speak NETCONF as
//! themselves. A NETCONF stream begins with `<`, so that the two kinds of answer can't be confused.

pub(crate) mod client;
mod places;
mod request;
pub(crate) mod server;

use serde::{Deserialize, Serialize};

/// What the agent answers to `reload` and `show`, and to what it refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer<T> {
    Ok(T),
    Error(Refusal),
}

/// Why the agent refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// Stable and kebab-case.
    pub(crate) code: String,
    /// For people; may have several lines.
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}
