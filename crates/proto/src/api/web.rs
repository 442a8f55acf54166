//! The web console's doors as the API shows them.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::access::UserName;

/// Asks for a link to the console.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MakeWebLink {
    /// Whom it lets in; default: whoever asks. Another one takes an admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
}

/// A link that logs somebody in to the console once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebLink {
    /// To open in a browser: one for each address where the console is served.
    pub urls: Vec<String>,
    /// The part after the address, for whoever reaches the gateway by another name.
    pub path: String,
    /// From this moment on it is void.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for WebLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebLink").field("urls", &"<secret>").finish_non_exhaustive()
    }
}

/// A browser that is logged in to the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebSession {
    /// What it is called.
    pub id: String,
    /// Whose it is.
    pub operator: String,
    /// What it rests on: `user`, `socket`, or `token hmt_…`.
    pub credential: String,
    /// The address of the login; empty: the Unix socket.
    pub source: String,
    /// What the browser calls itself.
    pub browser: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub last_used: Timestamp,
    /// When it ends if it is not used again.
    pub ends_at: Timestamp,
}
