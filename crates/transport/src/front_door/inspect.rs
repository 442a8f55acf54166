//! Those who stand between an operator and a device, and those who only look on.
//!
//! ```text
//!   operator ─handle_operator─▶ ┌───────────┐ ─ToDevice──▶ device
//!            ◀──ToOperator───── │ Inspector │ ◀─handle_device─
//!                               └───────────┘  poll_ready: an answer it waited for is there
//! ```

use std::task::{Context, Poll};

use bytes::Bytes;

/// What an inspector says to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspected {
    /// Send this to the device.
    ToDevice(Bytes),
    /// Send this to the operator.
    ToOperator(Bytes),
    /// No more will go to the device.
    DeviceEof,
    /// End the channel, with this reason for the operator.
    Close(String),
}

/// Reads and judges what passes on a channel. Only what it says is passed on.
pub trait Inspector: Send {
    /// The operator sent this.
    fn handle_operator(&mut self, bytes: &[u8]);

    /// The operator will send no more.
    fn handle_operator_eof(&mut self);

    /// The device sent this. Must never hold much of it back: the device is never made to wait.
    fn handle_device(&mut self, bytes: &[u8]);

    /// What to do next; asked until there is nothing.
    fn poll_action(&mut self) -> Option<Inspected>;

    /// Ready when an answer is there that it waited for: [`poll_action`](Self::poll_action) is asked then. Pending while it waits for
    /// none.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Whether it takes more from the operator; while not, the operator waits.
    fn takes_more(&self) -> bool;
}

/// Looks on, for a recording.
pub trait Witness: Send {
    /// The device sent this, ordinary output or errors.
    fn output(&mut self, bytes: &[u8]);

    /// The operator sent this.
    fn input(&mut self, bytes: &[u8]);

    /// The window has a new size: columns and rows.
    fn resized(&mut self, columns: u32, rows: u32);
}
