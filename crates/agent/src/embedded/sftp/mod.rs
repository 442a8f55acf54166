//! `homing-agent sftp-server`: files over stdin and stdout, so that `sftp` and `scp` work where no OpenSSH is installed.
//!
//! The process runs as the user, so the file system itself decides what is allowed. One process serves one channel, and nothing
//! else waits while it works.
//!
//! Source: *draft-ietf-secsh-filexfer-02* (version 3) and OpenSSH's *PROTOCOL*, section 4.

mod attributes;
mod files;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use files::Files;

/// Serves stdin and stdout to their end.
pub(crate) async fn serve() {
    serve_on(tokio::io::join(tokio::io::stdin(), tokio::io::stdout())).await;
}

/// Serves `stream` to its end.
async fn serve_on<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) {
    let (ended, end) = oneshot::channel();
    russh_sftp::server::run(Told { stream, _ended: ended }, Files::default()).await;
    let _ = end.await; // the sender is dropped with the stream
}

/// A stream that tells when it is dropped: the library serves it in a task of its own.
struct Told<S> {
    /// The stream.
    stream: S,
    /// Dropped with it.
    _ended: oneshot::Sender<()>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Told<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Told<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
