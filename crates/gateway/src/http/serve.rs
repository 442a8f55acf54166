//! Accepting connections on the socket and serving each until it ends or the gateway stops.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::actor::Actor;
use super::operate::Operate;
use super::router;
use super::socket::ApiSocket;

/// How many connections are served at once; more wait in the socket's backlog.
const MAX_CONNECTIONS: usize = 512;
/// How long a request's head may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept: the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the API until `stop` ends, then lets running requests finish for at most `grace`.
pub async fn serve<G: Operate>(
    socket: ApiSocket,
    gateway: G,
    stop: impl Future<Output = ()> + Send,
    grace: Duration,
) {
    let stopping = CancellationToken::new();
    let router = router(gateway, stopping.clone());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (socket.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok(stream) => {
                let connection = connection(stream, router.clone(), stopping.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                warn!(%error, "the API's socket does not accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(socket);
    stopping.cancel();
    finish(connections, grace).await;
}

async fn finish(mut connections: JoinSet<()>, grace: Duration) {
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all).await.is_err() {
        warn!(connections = connections.len(), "API requests are cut off at the end");
        connections.shutdown().await;
    }
}

/// One connection, whose requests all come from the same user.
async fn connection(stream: UnixStream, router: Router, stopping: CancellationToken) {
    let actor = Actor::of_peer(&stream).await;
    let router = router.layer(axum::Extension(actor));
    let service = TowerToHyperService::new(router);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopping.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "an API connection ended early");
    }
}
