//! The HTTP API: what operators may ask of the gateway, over a Unix socket and over TCP.
//!
//! ```text
//!   socket 0600 ──▶ peer (its credentials) ──┐
//!   TCP, TLS ─────▶ peer (its address) ──────┴──▶ authenticate ──▶ router ──▶ Operate (Control)
//!                                                  │ token, rate      └── every refusal is application/problem+json
//! ```
//!
//! Routes and shapes: [`homing_proto::api`]. Sources: RFC 9110, RFC 9112, RFC 9457.

mod audit;
mod authenticate;
mod devices;
mod door;
mod events;
mod extract;
mod follow;
mod health;
mod metrics;
mod operate;
mod oversee;
mod peer;
mod recordings;
mod refusal;
mod reply_body;
mod rpc;
mod serve;
mod socket;
mod tls;
mod tokens;
mod users;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use homing_proto::fault::Fault;
use homing_proto::rate::Rate;
use tokio_util::sync::CancellationToken;

pub use door::{DoorError, Doors};
pub use operate::Operate;
pub use oversee::Oversee;
pub use serve::serve;
pub use socket::{ApiSocket, SocketError};
pub use tls::TlsError;

use authenticate::{Guard, authenticate};
use follow::Followers;
use refusal::Refusal;

/// What every handler works with.
#[derive(Clone, Debug)]
struct Shared<G> {
    gateway: G,
    followers: Followers,
}

/// The routes over a gateway. Streams of events end when `stopping` is cancelled.
fn router<G: Operate>(gateway: G, stopping: CancellationToken, rate: Rate) -> Router {
    let guard = Guard::new(gateway.clone(), rate);
    let shared = Shared { gateway, followers: Followers::new(stopping) };
    Router::new()
        .route("/api/v1/status", get(devices::status::<G>))
        .route("/api/v1/devices", get(devices::list::<G>).post(devices::enroll::<G>))
        .route(
            "/api/v1/devices/{name}",
            get(devices::show::<G>).patch(devices::change::<G>).delete(devices::forget::<G>),
        )
        .route("/api/v1/devices/{name}/log", get(events::log::<G>))
        .route("/api/v1/devices/{name}/rpc", post(rpc::run::<G>))
        .route("/api/v1/accept", post(devices::accept::<G>))
        .route("/api/v1/reject", post(devices::reject::<G>))
        .route("/api/v1/events", get(events::stream::<G>))
        .route("/api/v1/audit", get(audit::stream::<G>))
        .route("/api/v1/audit/verify", get(audit::verify::<G>))
        .route("/api/v1/audit/export", get(audit::export::<G>))
        .route("/api/v1/recordings", get(recordings::list::<G>))
        .route("/api/v1/recordings/{id}", get(recordings::read::<G>))
        .route("/metrics", get(metrics::gateway::<G>))
        .route("/metrics/devices", get(metrics::devices::<G>))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready::<G>))
        .merge(users::routes())
        .merge(tokens::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(guard, authenticate::<G>))
        .with_state(shared)
}

async fn no_such_path(uri: Uri) -> Refusal {
    let title = format!("there is no {}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, "no-such-path", Fault::Operator, title).with_hint(
        "the routes begin with /api/v1: status, devices, accept, reject, events, users, tokens",
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let title = format!("{} does not take {method}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", Fault::Operator, title)
        .with_hint("the header allow names what it takes")
}

#[cfg(test)]
mod tests;
