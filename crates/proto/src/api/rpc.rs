//! How a streamed RPC ended.

use serde::{Deserialize, Serialize};

use super::Problem;

/// The trailer that ends a streamed reply; its value is an [`Outcome`] as JSON.
pub const OUTCOME_TRAILER: &str = "homing-outcome";

/// How an RPC ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// The reply is whole and holds no error.
    Ok,
    /// The reply is whole and holds errors.
    RpcError {
        /// The first few.
        errors: Vec<RpcErrorSummary>,
    },
    /// The reply is not whole.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// The gist of one `<rpc-error>` (RFC 6241 section 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RpcErrorSummary {
    /// `error-severity`: `error` or `warning`.
    pub severity: String,
    /// `error-tag`.
    pub tag: String,
    /// `error-message`, cut.
    pub message: String,
    /// `error-path`, cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
