//! A terminal on a device, for the web console.

use bytes::Bytes;
use homing_proto::access::{Operator, Right};
use homing_transport::device_link::WindowSize;
use homing_transport::front_door::Typed;
use tokio::sync::mpsc;

pub use homing_transport::front_door::TerminalEnd;

use super::{Control, ControlError};
use crate::front_door;

/// What may be under way in each direction: the rest waits in a spool.
const UNDER_WAY: usize = 16;

/// A shell that was asked for. It ends when this is dropped.
#[derive(Debug)]
pub struct Terminal {
    typed: mpsc::Sender<Typed>,
    shown: mpsc::Receiver<Bytes>,
    end: tokio::task::JoinHandle<TerminalEnd>,
}

impl Terminal {
    /// Types; waits while the device takes nothing. Whoever types to a shell that has ended is heard by nobody.
    pub async fn keys(&self, bytes: Bytes) {
        let _ = self.typed.send(Typed::Keys(bytes)).await;
    }

    /// Gives the window another size.
    pub async fn resize(&self, columns: u32, rows: u32) {
        let size = WindowSize { columns, rows, width: 0, height: 0 };
        let _ = self.typed.send(Typed::Resized(size)).await;
    }

    /// What the device shows next; none: it has ended, and [`Self::end`] says how.
    pub async fn shown(&mut self) -> Option<Bytes> {
        self.shown.recv().await
    }

    /// How it ended. Waits for that.
    pub async fn end(self) -> TerminalEnd {
        let Self { typed, shown, end } = self;
        drop((typed, shown));
        end.await.unwrap_or_default()
    }
}

impl Control {
    /// Whether a terminal of the operator on the device would be recorded.
    #[must_use]
    pub fn records_terminal(&self, name: &str, operator: &Operator) -> bool {
        let settings = &self.shared.settings.recordings;
        self.record(name).is_some_and(|record| settings.wants(operator, &record.name, &record.tags))
    }

    /// Opens a shell on a terminal of the device, by the front door's own way: rights, limits, audit trail, recording. Why there is
    /// none is told as its end.
    ///
    /// # Errors
    /// The device is not known, or not to be seen.
    pub fn terminal(
        &self,
        name: &str,
        columns: u32,
        rows: u32,
        operator: &Operator,
    ) -> Result<Terminal, ControlError> {
        let record = self.known(name, operator, Right::View)?;
        let (typed, hand) = mpsc::channel(UNDER_WAY);
        let (screen, shown) = mpsc::channel(UNDER_WAY);
        let (shared, operator) = (self.shared.clone(), operator.clone());
        let end = tokio::spawn(async move {
            let seat = front_door::Seat { typed: hand, shown: screen, columns, rows };
            front_door::terminal(&shared, &record.name, &operator, seat).await
        });
        Ok(Terminal { typed, shown, end })
    }
}
