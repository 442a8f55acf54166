//! What is begun is carried out, also when the one who asked for it has gone away or waits no longer.
//!
//! ```text
//!   POST, PUT, PATCH, DELETE ──room?──▶ a task of its own ──────────────────────▶ the answer
//!                              │ none       └── the asker waits so long: 504, and the task goes on
//!                              ▼ 503
//!   what only reads, and an RPC ──▶ dropped with the one who asked
//! ```
//!
//! A change that is durable is followed by what it brings about: a blocked device's session ends, a removed user's connections too. If
//! the asker's end could stop it in between, the store would say one thing and the gateway do another.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use homing_proto::fault::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::extract::BODY_TIMEOUT;
use super::refusal::{ANSWER_TIMEOUT, Refusal};
use super::whole::SHORT;

/// How many requests that change something are carried out at once; as many as there may be connections of the socket.
const MOST: usize = 512;

/// Room for what is carried out. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Works(Arc<Semaphore>);

impl Works {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }

    fn room(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            let title = format!("the gateway is carrying out {MOST} requests already");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too-busy", Fault::Local, title)
                .with_hint("try again later; look at the disk of its data folder")
        })
    }

    async fn carry_out(
        &self,
        work: impl Future<Output = Response> + Send + 'static,
        patience: Duration,
    ) -> Result<Response, Refusal> {
        let room = self.room()?;
        let work = tokio::spawn(async move {
            let answer = work.await;
            drop(room);
            answer
        });
        match timeout(patience, work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
            Err(_) => Err(Refusal::new(
                StatusCode::GATEWAY_TIMEOUT,
                "gateway-slow",
                Fault::Local,
                format!(
                    "the gateway did not answer within {} seconds; it goes on",
                    patience.as_secs()
                ),
            )
            .with_hint("look at what became of it before you repeat it; or repeat it with the same Idempotency-Key")),
        }
    }
}

fn is_dropped_with_its_asker(request: &Request) -> bool {
    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    only_reads || request.uri().path().ends_with("/rpc")
}

/// How long an asker waits: what is already here is answered in time, a long body may take its own time to arrive.
fn patience(body: &Body) -> Duration {
    match body.size_hint().exact() {
        Some(length) if length <= SHORT as u64 => ANSWER_TIMEOUT,
        _ => BODY_TIMEOUT + ANSWER_TIMEOUT,
    }
}

/// Has a request that changes something carried out in a task of its own.
pub(crate) async fn outlive(
    works: State<Works>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if is_dropped_with_its_asker(&request) {
        return Ok(next.run(request).await);
    }
    let patience = patience(request.body());
    works.carry_out(next.run(request), patience).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::response::IntoResponse as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_its_asker_is_gone() {
        let works = Works::new();
        let (go, gone) = oneshot::channel::<()>();
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let work = async move {
            let _ = gone.await;
            done.store(true, Ordering::SeqCst);
            StatusCode::OK.into_response()
        };
        let asker = timeout(Duration::from_millis(1), works.carry_out(work, ANSWER_TIMEOUT));
        assert!(asker.await.is_err());
        assert_eq!(works.0.available_permits(), MOST - 1);
        go.send(()).unwrap();
        let all = u32::try_from(MOST).unwrap();
        drop(timeout(Duration::from_secs(30), works.0.acquire_many(all)).await.unwrap());
        assert!(is_done.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn an_asker_waits_no_longer_than_its_patience() {
        let works = Works::new();
        let refusal = works.carry_out(std::future::pending(), ANSWER_TIMEOUT).await.unwrap_err();
        assert_eq!((refusal.0.status, refusal.0.code.as_str()), (504, "gateway-slow"));
    }

    #[tokio::test]
    async fn there_is_room_for_so_much_work() {
        let works = Works::new();
        let all = u32::try_from(MOST).unwrap();
        let full = works.0.acquire_many(all).await.unwrap();
        let refusal = works.carry_out(std::future::pending(), ANSWER_TIMEOUT).await.unwrap_err();
        assert_eq!((refusal.0.status, refusal.0.code.as_str()), (503, "too-busy"));
        drop(full);
    }
}
