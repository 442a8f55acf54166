//! A stream that gives what has come as it has come, without a buffer in between.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest piece that is read at once.
const LARGEST: usize = 32 * 1024;
/// The first, and the smallest.
const SMALLEST: usize = 256;

/// What a session runs on.
pub trait PieceStream: AsyncWrite + Unpin + Send + 'static {
    /// The next piece; an empty one at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>>;
}

/// Any other stream, read into a buffer that grows while it is filled.
#[derive(Debug)]
pub struct Pieces<S> {
    inner: S,
    buffer: Vec<u8>,
}

impl<S> Pieces<S> {
    /// Reads `inner`, and writes to it.
    pub fn new(inner: S) -> Self {
        Self { inner, buffer: vec![0; SMALLEST] }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> PieceStream for Pieces<S> {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let mut read = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut read))?;
        let piece = Bytes::copy_from_slice(read.filled());
        let size = self.buffer.len();
        let fit = if piece.len() == size { LARGEST.min(size * 8) } else { SMALLEST };
        if fit != size && (fit > size || piece.len() < SMALLEST) {
            self.buffer = vec![0; fit];
        }
        Poll::Ready(Ok(piece))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pieces<S> {
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
}
