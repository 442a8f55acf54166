//! A refusal on its way to a person or a program.
//!
//! Source: RFC 9457, *Problem Details for HTTP APIs*.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:homing:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// Who must act.
    pub fault: Fault,
    /// What went wrong, as a sentence.
    pub title: String,
    /// What to do or to type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// Makes a problem of its parts.
    #[must_use]
    pub fn new(status: u16, code: &str, fault: Fault, title: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:homing:{code}"),
            status,
            code: code.to_owned(),
            fault,
            title: title.into(),
            hint: None,
        }
    }

    /// Adds what to do or to type.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
