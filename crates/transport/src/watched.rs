//! A stream that counts its bytes, remembers when it last heard from the peer, never makes its session wait to write, and can be
//! cut from outside.
//!
//! ```text
//!   SSH session ──write, never waits──▶ [ backlog ] ──▶ socket
//!               ◀──────────read────────────────────────
//!                      │ Pulse: bytes in and out, last heard, backlog, cut
//!                      ▼
//!     keep-alive, counters, close, and writers who wait while the backlog is high
//! ```
//!
//! The SSH library does not read while it writes. Two such ends with much to say to each other would both wait to write, for ever;
//! so what the socket does not take is kept here, and is written on whenever the session reads. The channels' writers wait instead,
//! at [`HIGH`], so that the backlog stays small.
//!
//! The SSH library asks for the length of a packet, then for the rest of it. What came with the length is read with it and kept, so
//! that a small packet costs one read.
//!
//! The cut matters: a session that waits to *write* to a frozen peer notices nothing else, neither keep-alives nor being told to
//! close. A cut stream fails its reads and writes at once.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Backlog at which the channels' writers begin to wait.
const HIGH: usize = 256 * 1024;
/// Backlog at which they go on.
const LOW: usize = 64 * 1024;
/// Backlog at which the session itself waits: reached only by a peer that makes it answer and does not read.
const FULL: usize = 4 * 1024 * 1024;

/// Bytes read at once where less is asked for.
const AHEAD: usize = 4096;

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
    /// Bytes kept because the socket did not take them.
    backlog: AtomicUsize,
    /// Channels that the peer would open and may not.
    refused: AtomicU64,
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
    /// Writers of channels, while the backlog is high.
    channels: Vec<Waker>,
}

impl Pulse {
    /// Nothing heard yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            since: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            backlog: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
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

    /// A channel that the peer would open was refused.
    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// How many were.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Fails every read and write from now on.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Relaxed);
        let mut waiting = self.lock();
        let wakers = [waiting.reader.take(), waiting.writer.take()];
        let channels = std::mem::take(&mut waiting.channels);
        drop(waiting);
        wakers.into_iter().flatten().chain(channels).for_each(Waker::wake);
    }

    /// Ready when a channel may hand more to the session: the backlog is low, or the stream was cut and the session will say so.
    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.lock().channels.push(cx.waker().clone());
        if self.has_room() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until a channel may hand more to the session.
    pub(crate) async fn room(&self) {
        std::future::poll_fn(|cx| self.poll_room(cx)).await;
    }

    /// Whether a channel may hand more to the session.
    fn has_room(&self) -> bool {
        self.backlog.load(Relaxed) < HIGH || self.cut.load(Relaxed)
    }

    /// The backlog changed.
    fn set_backlog(&self, bytes: usize) {
        let before = self.backlog.swap(bytes, Relaxed);
        if before > LOW && bytes <= LOW {
            let channels = std::mem::take(&mut self.lock().channels);
            channels.into_iter().for_each(Waker::wake);
        }
    }

    /// Those who wait, also after a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers `cx` where it waits; fails if the stream was cut.
    fn wait(
        &self,
        cx: &Context<'_>,
        side: fn(&mut Waiting) -> &mut Option<Waker>,
    ) -> io::Result<()> {
        let mut waiting = self.lock();
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
    /// Bytes that `inner` did not take.
    backlog: BytesMut,
    /// Bytes of `inner` that nobody has asked for.
    ahead: Bytes,
}

impl<S> Watched<S> {
    /// Watches `inner`.
    pub(crate) fn new(inner: S, pulse: Arc<Pulse>) -> Self {
        Self { inner, pulse, backlog: BytesMut::new(), ahead: Bytes::new() }
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    /// Writes what was kept; ready when nothing is.
    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.backlog.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.backlog.is_empty() {
            match Pin::new(&mut self.inner).poll_write(cx, &self.backlog) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => {
                    self.backlog.advance(n);
                    self.pulse.sent.fetch_add(n as u64, Relaxed);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.pulse.set_backlog(self.backlog.len());
                    return Poll::Pending;
                }
            }
        }
        self.backlog = BytesMut::new(); // an idle connection keeps no buffer
        self.pulse.set_backlog(0);
        Pin::new(&mut self.inner).poll_flush(cx)
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Reads what there is, at most [`AHEAD`]; no more at the end.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [MaybeUninit::uninit(); AHEAD];
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut read))?;
        self.ahead = Bytes::copy_from_slice(read.filled());
        Poll::Ready(Ok(self.ahead.len()))
    }
}

impl<S> Watched<S> {
    /// Gives what was read ahead.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let n = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead.split_to(n));
        if self.ahead.is_empty() {
            self.ahead = Bytes::new(); // an idle connection keeps no buffer
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.pulse.check()?;
        if let Poll::Ready(Err(error)) = self.poll_backlog(cx) {
            return Poll::Ready(Err(error));
        }
        if self.ahead.is_empty() {
            let polled = if buf.remaining() < AHEAD {
                self.poll_ahead(cx)
            } else {
                let before = buf.filled().len();
                let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
                polled.map_ok(|()| buf.filled().len() - before)
            };
            match polled {
                Poll::Pending => {
                    self.pulse.wait(cx, |waiting| &mut waiting.reader)?;
                    return Poll::Pending;
                }
                Poll::Ready(read) => {
                    let n = read?;
                    if n > 0 {
                        self.pulse.heard(n);
                    }
                }
            }
        }
        self.give(buf);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pulse.check()?;
        if self.poll_backlog(cx)?.is_ready() {
            let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
            if let Poll::Ready(written) = polled {
                let n = written?;
                self.pulse.sent.fetch_add(n as u64, Relaxed);
                return Poll::Ready(Ok(n));
            }
        }
        let room = FULL.saturating_sub(self.backlog.len()).min(buf.len());
        let Some((kept, _)) = buf.split_at_checked(room).filter(|_| room > 0) else {
            self.pulse.wait(cx, |waiting| &mut waiting.writer)?;
            return Poll::Pending;
        };
        self.backlog.extend_from_slice(kept);
        self.pulse.set_backlog(self.backlog.len());
        Poll::Ready(Ok(kept.len()))
    }

    /// Ready at once: the session must go on reading, which writes the backlog.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pulse.check()?;
        match self.poll_backlog(cx)? {
            Poll::Ready(()) => Pin::new(&mut self.inner).poll_flush(cx),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pulse.check().is_err() {
            return Poll::Ready(Ok(()));
        }
        let polled = match self.poll_backlog(cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_shutdown(cx),
            pending_or_failed => pending_or_failed,
        };
        if polled.is_pending() {
            self.pulse.wait(cx, |waiting| &mut waiting.writer)?;
        }
        polled.map(|_| Ok(())) // the session's end has a better reason than that its stream was gone already
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
    async fn what_comes_together_is_read_at_once_and_given_as_it_is_asked_for() {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let pulse = Pulse::new();
        let mut stream = Watched::new(near, pulse.clone());
        let sent: Vec<u8> = (0..3 * AHEAD).map(|n| n as u8).collect();
        far.write_all(&sent).await.unwrap();
        drop(far);
        let mut seen = vec![0; 4];
        stream.read_exact(&mut seen).await.unwrap();
        assert_eq!(pulse.counters(), (AHEAD as u64, 0));
        stream.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, sent);
        assert_eq!(pulse.counters(), (sent.len() as u64, 0));
    }

    #[tokio::test]
    async fn a_cut_wakes_whoever_waits_to_write_or_read() {
        let (near, _far) = tokio::io::duplex(4);
        let pulse = Pulse::new();
        let (mut read, mut write) = tokio::io::split(Watched::new(near, pulse.clone()));
        let reading = tokio::spawn(async move { read.read_u8().await.unwrap_err().kind() });
        let writing =
            tokio::spawn(
                async move { write.write_all(&vec![0; FULL + 64]).await.unwrap_err().kind() },
            );
        tokio::task::yield_now().await;
        pulse.cut();
        assert_eq!(reading.await.unwrap(), io::ErrorKind::ConnectionAborted);
        assert_eq!(writing.await.unwrap(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn a_session_never_waits_to_write_and_its_backlog_goes_out_while_it_reads() {
        let (near, mut far) = tokio::io::duplex(16);
        let pulse = Pulse::new();
        let mut stream = Watched::new(near, pulse.clone());
        stream.write_all(&[7; HIGH + 16]).await.unwrap();
        stream.flush().await.unwrap();
        let mut room = tokio_test_task(pulse.room());
        assert!(!room().await, "writers of channels wait");
        let reading = tokio::spawn(async move { stream.read_u8().await });
        let mut seen = vec![0; HIGH + 16];
        far.read_exact(&mut seen).await.unwrap();
        assert!(seen.iter().all(|byte| *byte == 7));
        pulse.room().await;
        assert_eq!(pulse.counters(), (0, (HIGH + 16) as u64));
        far.write_u8(1).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), 1);
    }

    /// Whether the future is ready when polled once.
    fn tokio_test_task<F: Future<Output = ()>>(future: F) -> impl AsyncFnMut() -> bool {
        let mut future = Box::pin(future);
        async move || {
            std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
        }
    }

    #[tokio::test]
    async fn the_backlog_is_bounded_and_gone_before_the_stream_is_shut_down() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut stream = Watched::new(near, Pulse::new());
        stream.write_all(&vec![7; FULL]).await.unwrap();
        let more = tokio::time::timeout(Duration::from_millis(20), stream.write_all(&[7; 64]));
        assert!(more.await.is_err());
        let ending = tokio::spawn(async move { stream.shutdown().await });
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).await.unwrap();
        assert!(seen.len() >= FULL);
        ending.await.unwrap().unwrap();
    }
}
