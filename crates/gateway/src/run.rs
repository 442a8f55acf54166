//! A gateway with its API, from start to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::Settings;
use crate::front_door::FrontDoor;
use crate::gateway::{Gateway, StartError};
use crate::http::{self, DoorError, Doors};

/// What running requests may take beyond the RPCs that they wait for.
const MARGIN: Duration = Duration::from_secs(2);

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The gateway itself.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its API.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// A task that it needs has ended, by a fault of the program.
    #[error("a task that the gateway needs has ended; please report the lines before this one")]
    Broken,
}

/// Runs a gateway until `stop` ends, then ends it in good order. `ready` is called once devices and operators can come.
///
/// # Errors
/// It does not start, or breaks; nothing is left running then.
pub async fn run(
    settings: Settings,
    ready: impl FnOnce(&Gateway),
    stop: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let grace = settings.stop_timeout + MARGIN;
    let mut gateway = Gateway::start(settings.clone()).await?;
    match FrontDoor::open(&settings) {
        Ok(door) => gateway.serve_front_door(door),
        Err(error) => {
            gateway.stop().await;
            return Err(StartError::from(error).into());
        }
    }
    let doors = match Doors::open(&settings) {
        Ok(doors) => doors,
        Err(error) => {
            gateway.stop().await;
            return Err(error.into());
        }
    };
    gateway.note_http(doors.shown());
    if let Some(certificate) = doors.certificate_end() {
        gateway.note_certificate(certificate);
    }
    let stopping = Arc::new(Notify::new());
    let asked = Arc::clone(&stopping);
    let control = gateway.control();
    let mut api = tokio::spawn(async move {
        http::serve(doors, control, async move { asked.notified().await }, grace).await;
    });
    ready(&gateway);
    let is_broken = tokio::select! {
        () = stop => false,
        () = gateway.broken() => true,
        _ = &mut api => true,
    };
    if is_broken {
        tracing::error!("{}: it stops, to be started again", RunError::Broken);
    }
    gateway.refuse_arrivals().await;
    stopping.notify_one();
    // Running RPCs are requests of the API: they finish first.
    if !api.is_finished() {
        let _ = api.await;
    }
    gateway.stop().await;
    match is_broken {
        true => Err(RunError::Broken),
        false => Ok(()),
    }
}
