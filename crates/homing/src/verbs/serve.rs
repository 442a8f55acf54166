//! The gateway as a service: log, signals, and what systemd is told.

use std::io::IsTerminal;

use homing_gateway::config::{Configuration, LogLevel};
use homing_gateway::http::DoorError;
use homing_gateway::{Gateway, RunError, StartError};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the gateway until SIGTERM or Ctrl-C.
pub(super) async fn serve(configuration: Configuration) -> Result<(), Failure> {
    log_to_stderr(configuration.settings.log);
    let (terminate, interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let socket = configuration.settings.socket.clone();
    let ready = |gateway: &Gateway| {
        for (name, address) in gateway.listeners() {
            tracing::info!(listener = %name, %address, "listening for devices");
        }
        if let Some(http) = gateway.http() {
            for address in &http.addresses {
                match http.fingerprint.as_deref().filter(|_| address.starts_with("https:")) {
                    Some(fingerprint) => {
                        tracing::info!(%address, %fingerprint, "serving the HTTP API");
                    }
                    None => tracing::info!(%address, "serving the HTTP API in plain"),
                }
            }
        }
        if let Some(door) = gateway.front_door() {
            for address in &door.addresses {
                tracing::info!(door = %address, key = %door.fingerprint, "operators log in by SSH");
            }
        }
        for url in gateway.control().first_link().map(|link| link.urls).unwrap_or_default() {
            tracing::info!("nobody may log in yet; this makes the first admin, once: {url}");
        }
        tracing::info!(socket = %socket.display(), "ready");
        tell_systemd(NotifyState::Ready);
    };
    let stop = async {
        either(terminate, interrupt).await;
        tracing::info!("stopping: running RPCs may finish; once more ends at once");
        tell_systemd(NotifyState::Stopping);
        tokio::spawn(end_at_once_if_asked_again());
    };
    homing_gateway::run(configuration.settings, ready, stop).await.map_err(|error| failure(&error))
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| {
        Failure::new(Exit::Failed, "no-signals", format!("cannot listen for signals: {error}"))
    })
}

async fn either(mut one: Signal, mut other: Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

async fn end_at_once_if_asked_again() {
    if let (Ok(terminate), Ok(interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    {
        either(terminate, interrupt).await;
        std::process::exit(i32::from(Exit::Interrupted.status()));
    }
}

fn tell_systemd(state: NotifyState<'_>) {
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(&[state]);
}

/// Lines for a person on a terminal, without colour and time codes elsewhere: journald has its own.
fn log_to_stderr(level: LogLevel) {
    let level = match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
        LogLevel::Trace => tracing::Level::TRACE,
    };
    let is_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_target(false)
        .with_ansi(is_terminal);
    // A second subscriber is refused, and the first one goes on.
    let _ = log.try_init();
}

fn failure(error: &RunError) -> Failure {
    let (code, hint) = match error {
        RunError::Start(StartError::Store(error)) => (error.code(), None),
        RunError::Start(StartError::Events(error)) => (error.code(), None),
        RunError::Start(StartError::Key(error)) => (error.code(), None),
        RunError::Start(StartError::PublicKey { .. } | StartError::Recordings { .. }) => {
            ("data-folder", None)
        }
        RunError::Start(StartError::Listen(_)) => {
            ("cannot-listen", Some("homing gateway --listen ADDR"))
        }
        RunError::Start(StartError::FrontDoor(error)) => {
            (error.code(), Some("homing gateway --door ADDR"))
        }
        RunError::Door(error) => match error {
            DoorError::Socket(_) => (error.code(), Some("homing status")),
            DoorError::Listen(_) => (error.code(), Some("homing gateway --http ADDR")),
            DoorError::Tls(_) => (error.code(), Some("homing gateway --check-config")),
        },
    };
    let failure = Failure::new(Exit::Failed, code, error.to_string());
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
