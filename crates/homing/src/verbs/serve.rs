//! The gateway as a service: log, signals, and what systemd is told.
//!
//! ```text
//!   SIGTERM, SIGINT ──▶ stop in good order; once more: at once      SIGHUP ──▶ read the settings, tell what differs
//!   READY=1, WATCHDOG=1, STOPPING=1, STATUS=ready: 12 devices, 3 channels
//! ```
//!
//! Source: sd_notify(3), sd_watchdog_enabled(3).

use std::io::IsTerminal;
use std::time::Duration;

use homing_gateway::config::{Configuration, Flags, LogLevel, load};
use homing_gateway::control::Control;
use homing_gateway::http::DoorError;
use homing_gateway::{Gateway, RunError, StartError};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the status line is brought up to date.
const STATUS_EVERY: Duration = Duration::from_secs(5);

use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the gateway until SIGTERM or Ctrl-C.
pub(super) async fn serve(configuration: Configuration, flags: Flags) -> Result<(), Failure> {
    log_to_stderr(configuration.settings.log);
    tokio::spawn(compare_at(listen(SignalKind::hangup())?, configuration.clone(), flags));
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
        tell_systemd(&[NotifyState::Ready]);
        tokio::spawn(keep_systemd_informed(gateway.control()));
    };
    let stop = async {
        either(terminate, interrupt).await;
        tracing::info!("stopping: running RPCs may finish; once more ends at once");
        tell_systemd(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
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

/// Reads the settings again at each SIGHUP. All of them are taken at the start: what differs is told, by key.
async fn compare_at(mut hang_up: Signal, running: Configuration, flags: Flags) {
    while hang_up.recv().await.is_some() {
        let flags = flags.clone();
        match tokio::task::spawn_blocking(move || load(flags)).await {
            Ok(Ok(found)) => tell_differences(&running, &found),
            Ok(Err(error)) => {
                tracing::error!(code = error.code(), "the settings are wrong:\n{error}");
            }
            Err(error) => tracing::error!(%error, "the settings could not be read"),
        }
    }
}

fn tell_differences(running: &Configuration, found: &Configuration) {
    let differences = differences(running, found);
    if differences.is_empty() {
        tracing::info!("the settings are those that run");
    }
    for (key, value) in differences {
        tracing::warn!("{key} = {value} needs a restart");
    }
}

/// The keys that a restart would give another value.
fn differences(running: &Configuration, found: &Configuration) -> Vec<(&'static str, String)> {
    let values = |of: &Configuration| -> Vec<(&'static str, String)> {
        of.in_force().map(|(key, value, _)| (key, value)).collect()
    };
    let running = values(running);
    values(found).into_iter().filter(|one| !running.contains(one)).collect()
}

/// The status line, and the sign of life that the watchdog wants: it is given only while the fleet can be asked.
async fn keep_systemd_informed(control: Control) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let watchdog = sd_notify::watchdog_enabled();
    let every = watchdog.map_or(STATUS_EVERY, |limit| (limit / 3).min(STATUS_EVERY));
    let mut ticks = tokio::time::interval(every);
    let mut told = None;
    while !control.is_stopping() {
        ticks.tick().await;
        let now = (control.sessions(), control.channels_open());
        if told.replace(now) != Some(now) {
            let (devices, channels) = (counted(now.0, "device"), counted(now.1, "channel"));
            tell_systemd(&[NotifyState::Status(&format!("ready: {devices}, {channels}"))]);
        }
        tell_watchdog(watchdog);
    }
    // To stop may take longer than the watchdog waits.
    loop {
        ticks.tick().await;
        tell_watchdog(watchdog);
    }
}

fn tell_watchdog(watchdog: Option<Duration>) {
    if watchdog.is_some() {
        tell_systemd(&[NotifyState::Watchdog]);
    }
}

fn counted(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

fn tell_systemd(state: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(state);
}

/// Lines for a person on a terminal, without colour elsewhere, and without time where the journal has its own.
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
    let _ = match std::env::var_os("JOURNAL_STREAM") {
        Some(_) if !is_terminal => log.without_time().try_init(),
        _ => log.try_init(),
    };
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
        RunError::Broken => ("gateway-broken", None),
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

#[cfg(test)]
mod tests {
    use super::*;
    use homing_gateway::config::{Sources, Surroundings};

    fn configured(flags: &[(&'static str, &str)]) -> Configuration {
        let flags = flags.iter().map(|(key, value)| (*key, vec![(*value).to_owned()])).collect();
        let sources = Sources { flags, ..Sources::default() };
        Configuration::merge(&sources, &Surroundings::default()).unwrap()
    }

    #[test]
    fn what_a_restart_would_change_is_told_by_key() {
        let running = configured(&[("data", "/a")]);
        assert_eq!(differences(&running, &running), []);
        let found = configured(&[("data", "/a"), ("listen", "[::1]:4000")]);
        let keys: Vec<_> = differences(&running, &found).into_iter().map(|(key, _)| key).collect();
        assert!(keys.contains(&"listen"), "{keys:?}");
        assert!(!keys.contains(&"data"), "{keys:?}");
    }

    #[test]
    fn the_status_line_counts_as_people_do() {
        assert_eq!(counted(0, "device"), "0 devices");
        assert_eq!(counted(1, "channel"), "1 channel");
    }
}
