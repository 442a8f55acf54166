//! `homing-agent run`: the process around the agent, with its signals, its log, and the word to
//! the service manager.
//!
//! ```text
//!   SIGHUP ──▶ reload      SIGTERM, SIGINT ──▶ close every connection in order, end
//!   READY=1, RELOADING=1, STOPPING=1, STATUS=2 of 3 clients connected
//! ```
//!
//! Source: sd_notify(3).

use std::io::IsTerminal as _;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::Failure;
use super::arguments::RunArguments;
use crate::handle::AgentHandle;
use crate::progress::Summary;
use crate::run::{Agent, RunError};

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::new(1, error.to_string())
    }
}

/// Runs the agent until a signal ends it.
pub(super) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    set_up_log(arguments.log);
    // One thread is plenty, and keeps the agent small.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(1, format!("can't start: {error}")))?;
    let done = runtime.block_on(serve(arguments));
    // A resolver that gives no answer must not keep the process.
    runtime.shutdown_background();
    done
}

async fn serve(arguments: &RunArguments) -> Result<(), Failure> {
    let mut hang_up = listen(SignalKind::hangup())?;
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let agent = Agent::start(arguments.options()).await?;
    let handle = agent.handle();
    let shutdown = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = reload_at(&mut hang_up, &handle) => {}
            () = tell_status(handle.summary()) => {}
        }
        tell(&[NotifyState::Stopping]);
        tracing::info!("stopping");
    };
    tell(&[NotifyState::Ready]);
    agent.run(shutdown).await;
    Ok(())
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(1, format!("can't listen for signals: {error}")))
}

async fn reload_at(hang_up: &mut Signal, handle: &AgentHandle) {
    while hang_up.recv().await.is_some() {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
        if let Err(error) = handle.reload().await {
            tracing::error!(code = error.code(), "nothing was reloaded:\n{error}");
        }
        tell(&[NotifyState::Ready]);
    }
}

async fn tell_status(mut summary: watch::Receiver<Summary>) {
    loop {
        let Summary { connected, active, refused } = *summary.borrow_and_update();
        let refused = if refused == 0 { String::new() } else { format!(", {refused} refused") };
        let status = format!("{connected} of {active} clients connected{refused}");
        tell(&[NotifyState::Status(&status)]);
        if summary.changed().await.is_err() {
            return;
        }
    }
}

/// Nobody listens where there is no service manager.
fn tell(state: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}

/// Logs to stderr; the journal has clocks and colours of its own.
fn set_up_log(level: tracing::Level) {
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    let log = log.with_target(false).with_ansi(std::io::stderr().is_terminal());
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        log.without_time().init();
    } else {
        log.init();
    }
}
