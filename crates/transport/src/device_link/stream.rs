//! One channel of a device link, as a byte stream.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::channel::{ChannelReader, Event};
use crate::netconf::PieceStream;
use crate::watched::Pulse;

/// The ordinary data of a channel. Read it at once, always: see the module above. Dropping it ends the channel.
pub struct DeviceStream {
    /// Where it comes from.
    reader: ChannelReader,
    /// Where it goes; waits for the device's window.
    writer: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    /// Says when the connection's backlog is high.
    pulse: Arc<Pulse>,
    /// Of the last piece, what the caller has not taken.
    left: Bytes,
    /// The channel is closed: nothing more can be written.
    closed: bool,
    /// No more data will come.
    eof: bool,
    /// The device is being told that nothing more will be written.
    is_telling_end: bool,
    /// A writer that waits for window.
    waiting: Option<Waker>,
}

impl DeviceStream {
    /// Of one channel.
    pub(super) fn new(
        reader: ChannelReader,
        writer: Box<dyn AsyncWrite + Send + Sync + Unpin>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self {
            reader,
            writer,
            pulse,
            left: Bytes::new(),
            closed: false,
            eof: false,
            is_telling_end: false,
            waiting: None,
        }
    }

    /// The next piece of ordinary data; empty at the end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        while !self.eof {
            match ready!(self.reader.poll_next(cx)) {
                Some(Event::Data(bytes)) if !bytes.is_empty() => return Poll::Ready(bytes),
                Some(Event::Eof) => self.eof = true,
                Some(_) => {}
                None => {
                    (self.eof, self.closed) = (true, true);
                    self.waiting.take().into_iter().for_each(Waker::wake);
                }
            }
        }
        Poll::Ready(Bytes::new())
    }
}

impl std::fmt::Debug for DeviceStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceStream").field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl PieceStream for DeviceStream {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if self.left.is_empty() {
            return self.poll_data(cx).map(Ok);
        }
        Poll::Ready(Ok(std::mem::take(&mut self.left)))
    }
}

impl AsyncRead for DeviceStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            self.left = ready!(self.poll_data(cx));
        }
        let n = self.left.len().min(buf.remaining());
        buf.put_slice(&self.left.split_to(n));
        if self.left.is_empty() {
            self.left = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for DeviceStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let polled = match self.pulse.poll_room(cx) {
            Poll::Ready(()) => Pin::new(&mut self.writer).poll_write(cx, buf),
            Poll::Pending => Poll::Pending,
        };
        if polled.is_pending() {
            self.waiting = Some(cx.waker().clone());
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_telling_end {
            // The reader tells it, too, when it is let go: some end the whole connection if told twice.
            if self.closed || !self.reader.is_first_end() {
                return Poll::Ready(Ok(()));
            }
            self.is_telling_end = true;
        }
        let told = ready!(Pin::new(&mut self.writer).poll_shutdown(cx));
        self.is_telling_end = false;
        Poll::Ready(told)
    }
}
