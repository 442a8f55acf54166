//! A stream that counts its bytes, remembers when it last heard from the peer, and can be cut from outside.
//!
//! ```text
//!   SSH session ◀──▶ Watched ◀──▶ socket
//!                      │ Pulse: bytes in and out, last heard, cut
//!                      ▼
//!                 keep-alive, counters, close
//! ```
//!
//! The cut matters: a session that waits to *write* to a frozen peer notices nothing else, neither keep-alives nor being told to
//! close. A cut stream fails its reads and writes at once.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What is known about a stream from outside.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// When the stream was taken over.
    since: Instant,
    /// Bytes read.
    received: AtomicU64,
    /// Bytes written.
    sent: AtomicU64,
    /// Milliseconds after `since` of the last read that gave bytes.
    heard: AtomicU64,
    /// Reads and writes fail from now on.
    cut: AtomicBool,
    /// Whom to wake when it is cut.
    waiting: Mutex<Waiting>,
}

/// Tasks that wait for the stream.
#[derive(Debug, Default)]
struct Waiting {
    /// To read.
    reader: Option<Waker>,
    /// To write.
    writer: Option<Waker>,
}

impl Pulse {
    /// Nothing heard yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            since: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            cut: AtomicBool::new(false),
            waiting: Mutex::default(),
        })
    }

    /// When bytes last came, or the stream was taken over.
    pub(crate) fn last_heard(&self) -> Instant {
        self.since + Duration::from_millis(self.heard.load(Relaxed))
    }

    /// Bytes received and sent.
    pub(crate) fn counters(&self) -> (u64, u64) {
        (self.received.load(Relaxed), self.sent.load(Relaxed))
    }

    /// Fails every read and write from now on.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Relaxed);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let wakers = [waiting.reader.take(), waiting.writer.take()];
        drop(waiting);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Remembers `cx` where it waits; fails if the stream was cut.
    fn wait(
        &self,
        cx: &Context<'_>,
        side: fn(&mut Waiting) -> &mut Option<Waker>,
    ) -> io::Result<()> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = side(&mut waiting);
        if !slot.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *slot = Some(cx.waker().clone());
        }
        drop(waiting);
        self.check() // after the waker is in place, so that no cut is missed
    }

    /// Fails if the stream was cut.
    fn check(&self) -> io::Result<()> {
        if self.cut.load(Relaxed) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// Bytes came.
    fn heard(&self, n: usize) {
        self.received.fetch_add(n as u64, Relaxed);
        self.heard.store(self.since.elapsed().as_millis() as u64, Relaxed);
    }
}

/// The stream that feeds a [`Pulse`].
#[derive(Debug)]
pub(crate) struct Watched<S> {
    /// The stream itself.
    inner: S,
    /// What is told outside.
    pulse: Arc<Pulse>,
}

impl<S> Watched<S> {
    /// Watches `inner`.
    pub(crate) fn new(inner: S, pulse: Arc<Pulse>) -> Self {
        Self { inner, pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.pulse.check()?;
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        match &polled {
            Poll::Pending => self.pulse.wait(cx, |waiting| &mut waiting.reader)?,
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                self.pulse.heard(buf.filled().len() - before);
            }
            Poll::Ready(_) => {}
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pulse.check()?;
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        match &polled {
            Poll::Pending => self.pulse.wait(cx, |waiting| &mut waiting.writer)?,
            Poll::Ready(Ok(n)) => {
                self.pulse.sent.fetch_add(*n as u64, Relaxed);
            }
            Poll::Ready(Err(_)) => {}
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pulse.check()?;
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        if polled.is_pending() {
            self.pulse.wait(cx, |waiting| &mut waiting.writer)?;
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_shutdown(cx);
        if polled.is_pending() {
            self.pulse.wait(cx, |waiting| &mut waiting.writer)?;
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_counts_bytes_and_remembers_when_it_last_heard() {
        let (near, mut far) = tokio::io::duplex(64);
        let pulse = Pulse::new();
        let start = pulse.last_heard();
        let mut stream = Watched::new(near, pulse.clone());
        tokio::time::advance(Duration::from_secs(15)).await;
        stream.write_all(b"probe").await.unwrap();
        assert_eq!(pulse.last_heard(), start, "what we send proves nothing");
        far.write_all(b"yes").await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        assert_eq!(pulse.last_heard(), start + Duration::from_secs(15));
        assert_eq!(pulse.counters(), (3, 5));
    }

    #[tokio::test]
    async fn a_cut_wakes_whoever_waits_to_write_or_read() {
        let (near, _far) = tokio::io::duplex(4);
        let pulse = Pulse::new();
        let (mut read, mut write) = tokio::io::split(Watched::new(near, pulse.clone()));
        let reading = tokio::spawn(async move { read.read_u8().await.unwrap_err().kind() });
        let writing =
            tokio::spawn(async move { write.write_all(&[0; 64]).await.unwrap_err().kind() });
        tokio::task::yield_now().await;
        pulse.cut();
        assert_eq!(reading.await.unwrap(), io::ErrorKind::ConnectionAborted);
        assert_eq!(writing.await.unwrap(), io::ErrorKind::ConnectionAborted);
    }
}
