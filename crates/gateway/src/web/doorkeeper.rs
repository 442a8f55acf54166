//! How often pages may be asked for: by each source, before anything else is done.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use homing_proto::gate::block;
use homing_proto::rate::{Rate, Rates};

use crate::http::Peer;

/// Sources whose rate is kept.
const MOST: usize = 16_384;

/// The rates of all sources.
#[derive(Clone, Debug)]
pub(super) struct Doorkeeper(Arc<Mutex<Rates<Option<IpAddr>>>>);

impl Doorkeeper {
    pub(super) fn new(rate: Rate) -> Self {
        Self(Arc::new(Mutex::new(Rates::new(rate, MOST))))
    }
}

/// Lets a request in, or tells it when to come again.
pub(super) async fn admit(
    State(keeper): State<Doorkeeper>,
    request: Request,
    next: Next,
) -> Response {
    let Some(Peer::Remote(source)) = request.extensions().get::<Peer>() else {
        return next.run(request).await;
    };
    let source = Some(block(source.ip()));
    let taken = {
        let mut rates = keeper.0.lock().unwrap_or_else(PoisonError::into_inner);
        rates.take(source, Instant::now())
    };
    match taken {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let seconds = wait.as_secs() + 1;
            let says = format!("more requests than http.rate allows: try again in {seconds} s\n");
            let head = [(header::RETRY_AFTER, seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, head, says).into_response()
        }
    }
}
