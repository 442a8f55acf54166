//! The JSON of the gateway's HTTP API, shared by the gateway that answers and the `homing` command that asks.
//!
//! ```text
//! GET    /api/v1/status                           Status
//! GET    /api/v1/devices?state=&tag=k=v           [Device]       enrolled and pending ones
//! POST   /api/v1/devices              Enroll    → Enrolled
//! GET    /api/v1/devices/{name}                   Device
//! PATCH  /api/v1/devices/{name}       Change    → Device
//! DELETE /api/v1/devices/{name}                   204            forgets it, keys and all; its session ends
//! GET    /api/v1/devices/{name}/log?limit=&since= [Event]        newest last
//! POST   /api/v1/accept               Decision  → Device         a pending key, by fingerprint or name
//! POST   /api/v1/reject               Decision  → Device
//! POST   /api/v1/devices/{name}/rpc?timeout=S     body: the XML inside <rpc>; answer: the <rpc-reply>, streamed
//! GET    /api/v1/events?after=&device=&code=&since=&limit=&follow=   ndjson of Event, oldest first
//! GET    /api/v1/audit?operator=&device=&action=&result=&text=&after=&before=&limit=&follow=   ndjson of Sealed
//! GET    /api/v1/audit/verify?head=           Report
//! GET    /api/v1/audit/export?format=&after=  lines
//! GET    /api/v1/recordings                   [Recording]
//! GET    /api/v1/recordings/{id}              asciicast
//!
//! GET    /api/v1/users                            [User]
//! POST   /api/v1/users                AddUser   → User
//! GET    /api/v1/users/{name}                     User
//! DELETE /api/v1/users/{name}                     204            its keys, grants and tokens go with it
//! POST   /api/v1/users/{name}/keys    AddKey    → User
//! DELETE /api/v1/users/{name}/keys/{fingerprint}  204
//! POST   /api/v1/users/{name}/grants  Grant     → User
//! DELETE /api/v1/users/{name}/grants/{number}     204
//! POST   /api/v1/users/{name}/password          → IssuedPassword once
//! GET    /api/v1/tokens                           [Token]        one's own; an admin sees all
//! POST   /api/v1/tokens               CreateToken → IssuedToken  once
//! DELETE /api/v1/tokens/{id}                      204
//! POST   /api/v1/web/links        MakeWebLink   → WebLink     once
//! GET    /api/v1/web/sessions                     [WebSession]   one's own; an admin sees all
//! DELETE /api/v1/web/sessions/{id}                204
//! GET    /api/v1/roles                            [RoleDescription]
//! GET    /api/v1/whoami                           Whoami
//! ```
//!
//! A request with a field that is not known is refused; an answer may gain fields, which older readers pass over.
//! Of `limit=` events the newest are given, or with `after=` the oldest after it. With `follow=true` and none of `after`,
//! `limit`, `since` the stream begins with what happens next; while nothing does, a blank line comes every 15 seconds.
//!
//! Errors are [`Problem`]s (`application/problem+json`, RFC 9457). A streamed reply ends with the trailer
//! [`OUTCOME_TRAILER`], whose value is an [`Outcome`] as JSON: what a status line sent first can't know.

mod access;
mod block;
mod channel;
mod device;
mod event;
mod password;
mod problem;
mod recording;
mod rpc;
#[cfg(feature = "openapi")]
mod schema;
mod web;
mod webhook;

pub use access::{
    AddKey, AddUser, CreateToken, IssuedPassword, IssuedToken, RoleDescription, Token, User,
    UserGrant, UserKey, Whoami,
};
pub use block::{AddBlock, Block, BlockKind};
pub use channel::DeviceChannel;
pub use device::{
    Change, Decision, Device, DeviceState, Enroll, Enrolled, Key, KeySource, KeyState, Pending,
    Session, StanzaForm,
};
pub use event::Event;
pub use password::Password;
pub use problem::Problem;
pub use recording::Recording;
pub use rpc::{OUTCOME_TRAILER, Outcome, RpcErrorSummary};
pub use web::{MakeWebLink, WebLink, WebSession};
pub use webhook::{AddWebhook, IssuedWebhook, Webhook, WebhookState};

use serde::{Deserialize, Serialize};

/// A moment, as RFC 3339 in UTC.
pub type Timestamp = jiff::Timestamp;

/// What the gateway is and how its fleet stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// The gateway's version.
    pub version: String,
    /// When this process started.
    pub started_at: Timestamp,
    /// Where devices may dial.
    pub listeners: Vec<Listener>,
    /// The addresses that enrolment stanzas name, `host:port`.
    pub addresses: Vec<String>,
    /// The gateway's own SSH public key, as a device's `authentication` statement takes it.
    pub gateway_key: String,
    /// The HTTP API over TCP.
    #[serde(default)]
    pub http: Http,
    /// The SSH front door.
    #[serde(default)]
    pub front_door: FrontDoor,
    /// Devices by state.
    pub devices: Counts,
    /// Connections that are being taken in, and those waiting for it.
    pub arriving: Arriving,
    /// What somebody should look at, most urgent first.
    pub attention: Vec<Attention>,
}

/// One address on which devices are taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Listener {
    /// The listener's name: the second half of a session's identity.
    pub name: String,
    /// The bound address, `ip:port`.
    pub address: String,
}

/// The HTTP API over TCP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Http {
    /// Where it is served, as URLs: `https://[::]:8443`; empty: only on the socket.
    pub addresses: Vec<String>,
    /// Of the certificate, as browsers show it: `SHA256:AB:CD:…`; none without TLS.
    pub fingerprint: Option<String>,
}

/// The SSH front door.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrontDoor {
    /// Where operators log in, `ip:port`; empty: nowhere.
    pub addresses: Vec<String>,
    /// Its public host key, as `known_hosts` takes it after the name.
    pub host_key: String,
    /// The key's fingerprint, `SHA256:…`.
    pub fingerprint: String,
}

/// How many devices are in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
    /// In session.
    pub up: u64,
    /// Enrolled, seen before, not in session.
    pub down: u64,
    /// Enrolled, never in session yet.
    pub new: u64,
    /// Enrolled, and the last attempt was refused.
    pub refused: u64,
    /// Unknown, waiting for an operator's decision.
    pub pending: u64,
    /// Shut out by an operator.
    pub blocked: u64,
}

/// Connections before their session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Arriving {
    /// Key exchange or login under way.
    pub handshaking: u64,
    /// Accepted, waiting for their turn.
    pub waiting: u64,
    /// Refused, held a little before they are closed.
    pub held: u64,
}

/// One thing that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attention {
    /// A stable code.
    pub code: String,
    /// What is the matter.
    pub message: String,
    /// What to type.
    pub advice: Option<String>,
    /// The device that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Since when, or until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}
