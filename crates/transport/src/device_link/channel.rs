//! One channel of a device link, as events.
//!
//! Reading and writing are apart: a writer waits for the device's window, a reader never waits for anybody (see the module above).

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use homing_proto::excerpt::Excerpt;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::sync::Notify;

use super::lingering::see_off;
use super::link::{DeviceLink, Kind, OpenError};
use super::requests::ChannelRequests;
use super::stream::DeviceStream;

/// Bytes handed to the session at once.
const PIECE: usize = 64 * 1024;

/// What comes on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Ordinary data.
    Data(Bytes),
    /// Data of the error stream.
    Stderr(Bytes),
    /// No more data will come.
    Eof,
    /// The command ended.
    ExitStatus(u32),
    /// The command was killed by a signal.
    ExitSignal(ExitSignal),
    /// The answer to the oldest request that wanted one and has none yet; see [`ChannelRequests`].
    Answer(bool),
}

/// The signal that killed a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitSignal {
    /// Its name, without `SIG`.
    pub name: Excerpt,
    /// Whether a core was dumped.
    pub core_dumped: bool,
    /// What the device says about it.
    pub message: Excerpt,
}

/// The channel or its link is closed: nothing more can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the channel is closed")]
pub struct WriteError;

impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        io::Error::new(io::ErrorKind::BrokenPipe, error)
    }
}

/// Reader and writer of one channel.
#[derive(Debug)]
pub struct DeviceChannel {
    /// The reading side.
    reader: ChannelReader,
    /// The writing side.
    writer: ChannelWriter,
}

/// What both sides know.
#[derive(Debug)]
pub(super) struct Shared {
    /// Towards the library.
    pub(super) write: ChannelWriteHalf<Msg>,
    /// The device, or its end, closed the channel.
    closed: AtomicBool,
    /// The device was told that nothing more will be written. Some end the whole connection if told twice.
    ended: AtomicBool,
    /// Wakes a writer that waits for window.
    notify: Notify,
    /// Keeps the link, and tells when it ends.
    link: DeviceLink,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.link.channel_gone();
    }
}

impl Shared {
    /// Tells the device, once, that nothing more will be written.
    pub(super) async fn end(&self) -> Result<(), WriteError> {
        if !self.is_first_end() {
            return Ok(());
        }
        self.write.eof().await.map_err(|_| WriteError)
    }

    /// Whether the device has not yet been told that nothing more will be written; it counts as told from now on.
    fn is_first_end(&self) -> bool {
        !self.ended.swap(true, Ordering::AcqRel)
    }

    /// Closes the channel.
    pub(super) async fn close(&self) -> Result<(), WriteError> {
        self.write.close().await.map_err(|_| WriteError)
    }

    /// Where the channel belongs.
    pub(super) fn link(&self) -> &DeviceLink {
        &self.link
    }

    /// Nothing more can be written.
    fn set_closed(&self) {
        self.closed.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }

    /// Resolves when nothing more can be written.
    async fn closed(&self) {
        let mut notified = std::pin::pin!(self.notify.notified());
        notified.as_mut().enable();
        if !self.closed.load(Ordering::Acquire) {
            tokio::select! {
                () = notified => {}
                _ = self.link.closed() => {}
            }
        }
    }
}

impl DeviceChannel {
    /// After the device has confirmed it.
    pub(super) fn new(channel: Channel<Msg>, link: DeviceLink) -> Self {
        let (read, write) = channel.split();
        link.channel_opened();
        let (closed, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        let shared = Shared { write, closed, ended, notify: Notify::new(), link };
        let shared = Arc::new(shared);
        let reader =
            ChannelReader { read: Some(read), early: VecDeque::new(), shared: shared.clone() };
        Self { reader, writer: ChannelWriter { shared } }
    }

    /// Asks for what the channel is for, and waits for the answer.
    pub(super) async fn request(&mut self, kind: &Kind) -> Result<bool, OpenError> {
        let Shared { write, link, .. } = &*self.writer.shared;
        let sent = match kind {
            Kind::Subsystem(name) => write.request_subsystem(true, name.as_str()).await,
            Kind::Exec(command) => write.exec(true, command.as_str()).await,
            Kind::Shell => write.request_shell(true).await,
        };
        match sent {
            Ok(()) => self.reader.wait_for_answer().await,
            Err(error) => Err(link.lost(&error).await),
        }
    }

    /// The next event; see [`ChannelReader::next`].
    pub async fn next(&mut self) -> Option<Event> {
        self.reader.next().await
    }

    /// Writes; see [`ChannelWriter::write`].
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<(), WriteError> {
        self.writer.write(bytes).await
    }

    /// Resolves when the connection has ended, with the reason.
    pub fn lost(&self) -> impl Future<Output = String> + Send + 'static {
        let closed = self.writer.shared.link.closed();
        async move { closed.await.reason.to_string() }
    }

    /// For passing on requests one by one, beside reader and writer.
    pub fn requests(&self) -> ChannelRequests {
        ChannelRequests { shared: self.writer.shared.clone() }
    }

    /// Reader and writer, for two tasks.
    pub fn split(self) -> (ChannelReader, ChannelWriter) {
        (self.reader, self.writer)
    }

    /// A byte stream of ordinary data; the error stream and exit status are dropped. Its reader must drain it like any other.
    pub fn into_stream(self) -> DeviceStream {
        let writer = self.writer.shared.write.make_writer();
        let pulse = self.writer.shared.link.pulse().clone();
        DeviceStream::new(self.reader, Box::new(writer), pulse)
    }
}

/// The reading side. Dropping it ends the channel: politely at first, and what still comes is
/// thrown away.
#[derive(Debug)]
pub struct ChannelReader {
    /// From the library; gone once the channel is closed.
    read: Option<ChannelReadHalf>,
    /// What came before the answer to the request.
    early: VecDeque<Event>,
    /// What both sides know.
    shared: Arc<Shared>,
}

impl ChannelReader {
    /// The next event; `None` when the channel or its link is closed. Call it again at once, whatever happens to what it gave.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Whether the device has not yet been told that nothing more will be written; it counts as told from now on.
    pub(super) fn is_first_end(&self) -> bool {
        self.shared.is_first_end()
    }

    /// As [`next`](Self::next).
    pub(super) fn poll_next(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Event>> {
        use std::task::Poll;
        if let Some(event) = self.early.pop_front() {
            return Poll::Ready(Some(event));
        }
        loop {
            match std::task::ready!(self.poll_message(cx)) {
                None => return Poll::Ready(None),
                Some(message) => {
                    if let Some(event) = event_of(message) {
                        return Poll::Ready(Some(event));
                    }
                }
            }
        }
    }

    /// The library's next message, `None` after the channel's end.
    fn poll_message(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<ChannelMsg>> {
        use std::task::Poll;
        let Some(read) = self.read.as_mut() else { return Poll::Ready(None) };
        // Waiting is a poll of the library's queue: nothing is lost when the future goes.
        let message = std::task::ready!(std::pin::pin!(read.wait()).poll(cx));
        match message {
            None | Some(ChannelMsg::Close) => {
                self.read = None;
                self.shared.set_closed();
                Poll::Ready(None)
            }
            message => Poll::Ready(message),
        }
    }

    /// Whether the device granted the request.
    async fn wait_for_answer(&mut self) -> Result<bool, OpenError> {
        loop {
            match std::future::poll_fn(|cx| self.poll_message(cx)).await {
                Some(ChannelMsg::Success) => return Ok(true),
                Some(ChannelMsg::Failure) => return Ok(false),
                Some(other) => self.early.extend(event_of(other)),
                None => {
                    let link = &self.shared.link;
                    return match tokio::time::timeout(super::FAREWELL, link.closed()).await {
                        Ok(closed) => Err(OpenError::Closed(closed)),
                        Err(_) => Ok(false), // the device closed this channel alone
                    };
                }
            }
        }
    }
}

impl Drop for ChannelReader {
    fn drop(&mut self) {
        let Some(read) = self.read.take() else { return };
        self.shared.set_closed();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let place = self.shared.link.lingering().join();
        runtime.spawn(see_off(self.shared.clone(), read, place));
    }
}

/// The writing side.
#[derive(Debug)]
pub struct ChannelWriter {
    /// What both sides know.
    shared: Arc<Shared>,
}

impl ChannelWriter {
    /// Writes all of `bytes`; waits for the device's window, which a device that does not read never opens.
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<(), WriteError> {
        let mut bytes = bytes.into();
        let writing = async {
            while !bytes.is_empty() {
                self.shared.link.pulse().room().await;
                let piece = bytes.split_to(bytes.len().min(PIECE));
                self.shared.write.data_bytes(piece).await.map_err(|_| WriteError)?;
            }
            Ok(())
        };
        tokio::select! {
            biased;
            () = self.shared.closed() => Err(WriteError),
            written = writing => written,
        }
    }

    /// Tells the device that nothing more will be written.
    ///
    /// # Errors
    /// The channel is closed.
    pub async fn eof(&mut self) -> Result<(), WriteError> {
        self.shared.end().await
    }

    /// Closes the channel at once.
    pub async fn close(&mut self) {
        let _ = self.shared.close().await;
    }
}

/// What concerns the reader.
fn event_of(message: ChannelMsg) -> Option<Event> {
    Some(match message {
        ChannelMsg::Data { data } => Event::Data(data),
        ChannelMsg::ExtendedData { data, ext: 1 } => Event::Stderr(data),
        ChannelMsg::Eof => Event::Eof,
        ChannelMsg::Success => Event::Answer(true),
        ChannelMsg::Failure => Event::Answer(false),
        ChannelMsg::ExitStatus { exit_status } => Event::ExitStatus(exit_status),
        ChannelMsg::ExitSignal { signal_name, core_dumped, error_message, .. } => {
            Event::ExitSignal(ExitSignal {
                name: Excerpt::new(signal_text(&signal_name)),
                core_dumped,
                message: Excerpt::new(error_message),
            })
        }
        _ => return None,
    })
}

/// The signal's name without `SIG`.
pub(crate) fn signal_text(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        known => format!("{known:?}"),
    }
}
