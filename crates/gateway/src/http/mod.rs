//! The HTTP API: what operators may ask of the gateway, over a Unix socket and over TCP.
//!
//! ```text
//!   socket 0600 ──▶ peer (its credentials) ──┐
//!   TCP, TLS ─────▶ peer (its address) ──────┴──▶ authenticate ──▶ router ──▶ Operate (Control)
//!                                                  │ token, rate      └── every refusal is application/problem+json
//! ```
//!
//! Routes and shapes: [`homing_proto::api`]. Sources: RFC 9110, RFC 9112, RFC 9457.

mod answer;
mod audit;
mod authenticate;
mod blocks;
mod bodies;
mod channels;
mod cursor;
mod devices;
mod door;
mod etag;
mod events;
mod extract;
mod follow;
mod form;
mod health;
mod metrics;
mod once;
mod openapi;
mod operate;
mod outlive;
mod oversee;
mod page;
mod peer;
mod recordings;
mod refusal;
mod reply_body;
mod rpc;
mod serve;
mod socket;
pub(crate) mod stream;
mod tls;
mod tokens;
mod users;
mod web;
mod webhooks;
mod whole;

use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use homing_proto::fault::Fault;
use homing_proto::rate::Rate;
use tokio_util::sync::CancellationToken;

pub use door::{DoorError, Doors};
pub(crate) use extract::read;
pub use operate::Operate;
pub(crate) use outlive::{Works, outlive};
pub use oversee::Oversee;
pub use serve::serve;
pub use socket::{ApiSocket, SocketError};
pub(crate) use tls::CertificateEnd;
pub use tls::TlsError;

use authenticate::{Guard, authenticate};
use bodies::Bodies;
use once::{Answers, once};
use openapi::Routes;
pub(crate) use peer::{Encrypted, Peer};
pub(crate) use refusal::Refusal;
use stream::Followers;
use whole::whole;

/// What every handler works with.
#[derive(Clone, Debug)]
struct Shared<G> {
    gateway: G,
    followers: Followers,
    bodies: Bodies,
}

/// The routes over a gateway. Streams of events end when `stopping` is cancelled.
fn router<G: Operate>(gateway: G, stopping: CancellationToken, rate: Rate) -> Router {
    let console = gateway.console();
    let guard = Guard::new(gateway.clone(), rate);
    let answers = (Answers::new(gateway.take_kept_answers()), gateway.clone());
    let followers = Followers::new(stopping);
    let shared = Shared { gateway, followers: followers.clone(), bodies: Bodies::new() };
    let works = Works::new();
    let routes = Routes::new()
        .add(devices::__path_status, devices::status::<G>)
        .add(devices::__path_list, devices::list::<G>)
        .add(devices::__path_enroll, devices::enroll::<G>)
        .add(devices::__path_show, devices::show::<G>)
        .add(devices::__path_change, devices::change::<G>)
        .add(devices::__path_forget, devices::forget::<G>)
        .add(events::__path_log, events::log::<G>)
        .add(rpc::__path_run, rpc::run::<G>)
        .add(devices::__path_accept, devices::accept::<G>)
        .add(devices::__path_reject, devices::reject::<G>)
        .add(events::__path_stream, events::stream::<G>)
        .add(audit::__path_stream, audit::stream::<G>)
        .add(audit::__path_verify, audit::verify::<G>)
        .add(audit::__path_export, audit::export::<G>)
        .add(recordings::__path_list, recordings::list::<G>)
        .add(recordings::__path_read, recordings::read::<G>)
        .add(metrics::__path_gateway, metrics::gateway::<G>)
        .add(metrics::__path_devices, metrics::devices::<G>)
        .add(health::__path_alive, health::alive)
        .add(health::__path_ready, health::ready::<G>);
    let routes = users::routes(channels::routes(blocks::routes(routes)));
    let api = web::routes(webhooks::routes(tokens::routes(routes)))
        .finish()
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(answers, once::<G>))
        .layer(from_fn_with_state(works.clone(), outlive))
        .layer(from_fn_with_state(guard, authenticate::<G>))
        .layer(from_fn(whole))
        .with_state(shared);
    match console {
        Some(console) => crate::web::router(console, rate, works, api).layer(Extension(followers)),
        None => api,
    }
}

/// The routes as tests of the console ask them.
#[cfg(test)]
pub(crate) fn pages_of(control: crate::control::Control, rate: Rate) -> Router {
    router(control, CancellationToken::new(), rate)
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
