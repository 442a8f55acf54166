//! The terminal's WebSocket: keys and output as binary frames, the rest as JSON in text frames.
//!
//! ```text
//!   browser ─ binary: keys ───────────────────────▶ Terminal ──▶ device
//!           ─ text: {"resize": [132, 50]} ────────▶
//!           ◀─────────────── binary: output ───────
//!           ◀─ text: {"end": {"status": 0, "signal": null, "reason": null}} ─ close
//!           ◀─ ping every 20 s ─ pong ▶             silence for a minute: the browser is gone
//! ```
//!
//! A WebSocket is not kept to its own origin by browsers: the origin is checked here, as for a form. Source: RFC 6455.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, interval, sleep_until, timeout};

use crate::control::{Terminal, TerminalEnd};
use crate::web::{Console, Trouble, Visitor, origin};

/// The longest message of a browser; the page's script sends less at once.
const LONGEST: usize = 64 * 1024;
/// How often the browser is asked for a sign of life.
const PING: Duration = Duration::from_secs(20);
/// How long it may give none.
const SILENCE: Duration = Duration::from_secs(60);
/// How long nothing may be typed or shown.
const IDLE: Duration = Duration::from_secs(3600);
/// How long a browser that does not read is waited for.
const SLOW: Duration = Duration::from_secs(3600);
/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// The largest terminal: what more is asked for is cut.
const LARGEST: u32 = 1000;

/// The size of the terminal.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::web) struct Size {
    columns: u32,
    rows: u32,
}

impl Size {
    fn within_reason(self) -> (u32, u32) {
        (self.columns.clamp(2, LARGEST), self.rows.clamp(1, LARGEST))
    }
}

/// What a text frame of the browser says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Said {
    Resize(u32, u32),
}

/// The last text frame.
#[derive(Debug, Serialize)]
struct Last {
    end: Told,
}

#[derive(Debug, Serialize)]
struct Told {
    status: Option<u32>,
    signal: Option<String>,
    reason: Option<String>,
}

impl From<TerminalEnd> for Last {
    fn from(end: TerminalEnd) -> Self {
        let TerminalEnd { exit_status, exit_signal, reason } = end;
        Self { end: Told { status: exit_status, signal: exit_signal, reason } }
    }
}

/// Opens a terminal.
pub(in crate::web) async fn open(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(size): Query<Size>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Trouble> {
    if !origin::is_ours(&headers) {
        console.control.note_forged(&visitor.operator, &format!("/devices/{name}/terminal/socket"));
        return Err(Trouble::Forged);
    }
    let (columns, rows) = size.within_reason();
    let terminal = console.control.terminal(&name, columns, rows, &visitor.operator)?;
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST);
    Ok(upgrade.on_upgrade(move |socket| serve(socket, terminal)))
}

/// Relays between browser and terminal until one of them ends.
async fn serve(mut socket: WebSocket, mut terminal: Terminal) {
    let early = relay(&mut socket, &mut terminal).await;
    let mut end = terminal.end().await;
    if let Some(reason) = early {
        end.reason = Some(reason.to_owned());
    }
    let last = serde_json::to_string(&Last::from(end)).unwrap_or_default();
    let farewell = async {
        if socket.send(Message::text(last)).await.is_ok() {
            let _ = socket.send(Message::Close(None)).await;
        }
    };
    let _ = timeout(FAREWELL, farewell).await;
}

/// Why it ended, if neither the device nor the browser ended it.
async fn relay(socket: &mut WebSocket, terminal: &mut Terminal) -> Option<&'static str> {
    let mut pings = interval(PING);
    let (mut heard, mut active) = (Instant::now(), Instant::now());
    loop {
        let step = tokio::select! {
            shown = terminal.shown() => {
                active = Instant::now();
                Step::Show(shown?)
            }
            message = socket.recv() => {
                heard = Instant::now();
                Step::Hear(message?.ok()?)
            }
            _ = pings.tick() => Step::Ping,
            () = sleep_until(heard + SILENCE) => return None,
            () = sleep_until(active + IDLE) => {
                return Some("closed: nothing was typed or shown for an hour");
            }
        };
        match step {
            Step::Show(bytes) => send(socket, Message::Binary(bytes)).await?,
            Step::Ping => send(socket, Message::Ping(Bytes::new())).await?,
            Step::Hear(Message::Binary(keys)) => {
                active = Instant::now();
                terminal.keys(keys).await;
            }
            Step::Hear(Message::Text(text)) => match serde_json::from_str(&text) {
                Ok(Said::Resize(columns, rows)) => {
                    let (columns, rows) = Size { columns, rows }.within_reason();
                    terminal.resize(columns, rows).await;
                }
                Err(_) => return Some("closed: the browser sent what is no message of ours"),
            },
            Step::Hear(Message::Close(_)) => return None,
            Step::Hear(Message::Ping(_) | Message::Pong(_)) => {}
        }
    }
}

/// What happened next.
enum Step {
    Show(Bytes),
    Hear(Message),
    Ping,
}

/// None: the browser is gone. One that only does not read keeps the rest waiting in the spool, within its limits.
async fn send(socket: &mut WebSocket, message: Message) -> Option<()> {
    timeout(SLOW, socket.send(message)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_only_what_is_expected() {
        let Said::Resize(columns, rows) = serde_json::from_str(r#"{"resize":[132,50]}"#).unwrap();
        assert_eq!((columns, rows), (132, 50));
        for wrong in [r#"{"resize":[132]}"#, r#"{"resize":[-1,5]}"#, r#"{"exec":"x"}"#, "7", ""] {
            assert!(serde_json::from_str::<Said>(wrong).is_err(), "{wrong}");
        }
        let cut = Size { columns: 0, rows: 90_000 }.within_reason();
        assert_eq!(cut, (2, LARGEST));
    }

    #[test]
    fn the_end_is_told_as_the_script_reads_it() {
        let end = TerminalEnd { exit_status: Some(7), exit_signal: None, reason: None };
        let text = serde_json::to_string(&Last::from(end)).unwrap();
        assert_eq!(text, r#"{"end":{"status":7,"signal":null,"reason":null}}"#);
    }
}
