//! A gateway with its local API, from start to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::Settings;
use crate::gateway::{Gateway, StartError};
use crate::http::{self, ApiSocket, SocketError};

/// What running requests may take beyond the RPCs that they wait for.
const MARGIN: Duration = Duration::from_secs(2);

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The gateway itself.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its local API.
    #[error(transparent)]
    Socket(#[from] SocketError),
}

/// Runs a gateway until `stop` ends, then ends it in good order. `ready` is called once devices and operators can come.
///
/// # Errors
/// It does not start; nothing is left running then.
pub async fn run(
    settings: Settings,
    ready: impl FnOnce(&Gateway),
    stop: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let grace = settings.stop_timeout + MARGIN;
    let path = settings.socket.clone();
    let mut gateway = Gateway::start(settings).await?;
    let socket = match ApiSocket::bind(&path) {
        Ok(socket) => socket,
        Err(error) => {
            gateway.stop().await;
            return Err(error.into());
        }
    };
    let stopping = Arc::new(Notify::new());
    let asked = Arc::clone(&stopping);
    let control = gateway.control();
    let api = tokio::spawn(async move {
        http::serve(socket, control, async move { asked.notified().await }, grace).await;
    });
    ready(&gateway);
    stop.await;
    gateway.refuse_arrivals().await;
    stopping.notify_one();
    // Running RPCs are requests of the API: they finish first.
    let _ = api.await;
    gateway.stop().await;
    Ok(())
}
