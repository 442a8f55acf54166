//! A channel as its service sees it: input, output, errors, and news about the terminal.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use russh::server::{Handle, Msg};
use russh::{ChannelId, ChannelWriteHalf, Sig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

use super::Size;
use crate::spool::SpoolReader;
use crate::watched::Pulse;

/// How a service ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Status(u32),
    /// Killed by the signal of this name, without `SIG`.
    Signal(String),
    /// Without one, like a subsystem.
    None,
}

/// News about the channel while its service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// The terminal has a new size.
    Resize(Size),
    /// Send this signal, named without `SIG`, to what runs.
    Signal(String),
}

/// One channel.
pub struct ServerChannel {
    /// From the client; ends at its end of file.
    pub input: ChannelInput,
    /// To the client.
    pub output: ChannelOutput,
    /// To the client's error stream.
    pub errors: ChannelOutput,
    /// Terminal size and signals.
    pub controls: mpsc::Receiver<Control>,
}

impl ServerChannel {
    /// Input and output as one stream, for protocols such as NETCONF.
    pub fn into_stream(self) -> tokio::io::Join<ChannelInput, ChannelOutput> {
        tokio::io::join(self.input, self.output)
    }
}

impl std::fmt::Debug for ServerChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerChannel").finish_non_exhaustive()
    }
}

/// What comes from the client.
#[derive(Debug)]
pub struct ChannelInput(pub(super) SpoolReader);

impl AsyncRead for ChannelInput {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

/// What goes to the client; waits for its window.
pub struct ChannelOutput {
    /// Towards the library.
    writer: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    /// Says when the connection's backlog is high.
    pulse: Arc<Pulse>,
}

impl ChannelOutput {
    /// Ordinary output.
    pub(super) fn output(write: &ChannelWriteHalf<Msg>, pulse: Arc<Pulse>) -> Self {
        Self { writer: Box::new(write.make_writer()), pulse }
    }

    /// The error stream.
    pub(super) fn errors(write: &ChannelWriteHalf<Msg>, pulse: Arc<Pulse>) -> Self {
        Self { writer: Box::new(write.make_writer_ext(Some(1))), pulse }
    }
}

impl std::fmt::Debug for ChannelOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelOutput")
    }
}

impl AsyncWrite for ChannelOutput {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        ready!(self.pulse.poll_room(cx));
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    /// The end of the channel's output is sent when its service has ended.
    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Tells the client how the service ended, and closes the channel.
pub(super) async fn finish(handle: &Handle, id: ChannelId, exit: Exit) {
    // Every error here is that the connection has ended.
    let _ = match exit {
        Exit::Status(status) => handle.exit_status_request(id, status).await,
        Exit::Signal(name) => {
            let signal = Sig::Custom(name);
            handle.exit_signal_request(id, signal, false, String::new(), String::new()).await
        }
        Exit::None => Ok(()),
    };
    let _ = handle.eof(id).await;
    let _ = handle.close(id).await;
}
