//! A password on its way to the gateway.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A password; neither `Debug` nor an error shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password in.
    #[must_use]
    pub fn new(plain: String) -> Self {
        Self(Zeroizing::new(plain))
    }

    /// The plain text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}
