//! A stream whose first bytes have been read already.
//!
//! ```text
//!   socket ──▶ opening (reads to the byte before `SSH-`, and a little too far)
//!                 │ rest
//!                 ▼
//!   Prefixed { rest, socket } ──▶ SSH
//! ```
//!
//! The initiation sequence and SSH share one stream and nothing ends the first but the beginning of the second, so whoever
//! reads the sequence holds bytes that belong to SSH.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives `rest` first, then what `inner` gives; writes go to `inner`.
#[derive(Debug)]
pub struct Prefixed<S> {
    /// Bytes read too far, not yet given.
    rest: Bytes,
    /// The stream itself.
    inner: S,
}

impl<S> Prefixed<S> {
    /// Puts `rest` back in front of `inner`.
    pub fn new(rest: impl Into<Bytes>, inner: S) -> Self {
        Self { rest: rest.into(), inner }
    }

    /// The stream itself; bytes put back and not yet read are lost.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let n = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest.split_to(n));
        if !self.rest.has_remaining() {
            self.rest = Bytes::new(); // the allocation is not kept for the life of the connection
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_was_read_too_far_comes_first_whatever_the_reader_asks_for() {
        for ask in [1, 2, 3, 5, 64] {
            let (near, mut far) = tokio::io::duplex(64);
            far.write_all(b"-2.0-x\r\n").await.unwrap();
            drop(far);
            let mut stream = Prefixed::new(&b"SSH"[..], near);
            let mut seen = Vec::new();
            let mut piece = vec![0; ask];
            loop {
                let n = stream.read(&mut piece).await.unwrap();
                if n == 0 {
                    break;
                }
                seen.extend_from_slice(&piece[..n]);
            }
            assert_eq!(seen, b"SSH-2.0-x\r\n");
        }
    }

    #[tokio::test]
    async fn writes_pass_through() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut stream = Prefixed::new(&b"rest"[..], near);
        stream.write_all(b"hello").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"hello");
    }
}
