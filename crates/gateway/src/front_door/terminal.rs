//! A terminal of the web console: the way of a channel by SSH, from the operator's right to the recording.

use std::sync::Arc;

use bytes::Bytes;
use homing_proto::access::{Operator, Right};
use homing_proto::api::Timestamp;
use homing_proto::audit::Entry;
use homing_proto::identity::DeviceName;
use homing_transport::device_link::{Opening, PtyRequest, WindowSize};
use homing_transport::front_door::{self, Refusal, TerminalEnd, TerminalLimits, Typed};
use tokio::sync::mpsc;

use super::listen::{INPUT, STALL};
use super::visit::{Terms, denied_entry, lead};
use crate::audit;
use crate::shared::Shared;

/// What the device is told of the terminal.
const TERM: &str = "xterm-256color";

/// Where an operator sits: the two directions, and the size of the window.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) typed: mpsc::Receiver<Typed>,
    pub(crate) shown: mpsc::Sender<Bytes>,
    pub(crate) columns: u32,
    pub(crate) rows: u32,
}

/// Runs a shell on a device to its end; why none began is its reason.
pub(crate) async fn terminal(
    shared: &Arc<Shared>,
    name: &DeviceName,
    operator: &Operator,
    seat: Seat,
) -> TerminalEnd {
    match open(shared, name, operator).await {
        Ok(opened) => {
            let limits = TerminalLimits {
                input: INPUT,
                stall: STALL,
                patience: super::patience(&shared.settings.front_door),
            };
            let Seat { typed, shown, columns, rows } = seat;
            let size = WindowSize { columns, rows, width: 0, height: 0 };
            front_door::terminal(limits, opened, PtyRequest::new(TERM, size), typed, shown).await
        }
        Err(Refusal::Full(reason) | Refusal::Prohibited(reason) | Refusal::Unreachable(reason)) => {
            TerminalEnd { reason: Some(reason), ..TerminalEnd::default() }
        }
    }
}

/// The device's side. A terminal is for a shell and nothing else, so the right to one is asked for first: whoever has it not is no
/// burden to the device.
async fn open(
    shared: &Arc<Shared>,
    name: &DeviceName,
    operator: &Operator,
) -> Result<front_door::Opened, Refusal> {
    let gone = || Refusal::Prohibited("your session has ended; log in again".to_owned());
    let operator = shared.access.renew(operator).ok_or_else(gone)?;
    let unknown = || Refusal::Unreachable(format!("no device is called {name}"));
    let record = shared.store.device(name).ok_or_else(unknown)?;
    let may = operator.on(&record.name, &record.tags, Right::Configure, Timestamp::now());
    may.map_err(|denied| {
        denied_entry(shared, &operator, &record.name, "shell", denied.code());
        Refusal::Prohibited(denied.to_string())
    })?;
    let opened = lead(shared, operator.clone(), &record, Opening::Session, Terms::ALL).await;
    if let Err(refusal @ (Refusal::Full(reason) | Refusal::Unreachable(reason))) = &opened {
        let mut entry: Entry = audit::on(&operator, &record.name, "channel-opened");
        let is_full = matches!(refusal, Refusal::Full(_));
        let code = if is_full { "channels-full" } else { "device-unreachable" };
        entry.operation = Some("shell".to_owned());
        entry.result = format!("refused:{code}");
        audit::note(shared, entry.saying(reason.clone()));
    }
    opened
}
