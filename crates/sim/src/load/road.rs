//! A long road between a device and the gateway: what arrives is read late, and later where a packet was lost.
//!
//! ```text
//!   gateway ──bytes──▶ socket ──delay, with luck──▶ device            after a silence; what follows at once is not late again
//!                             └─delay + 1 s───────▶
//! ```

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::random::Random;

/// What a lost packet costs.
const AGAIN: Duration = Duration::from_secs(1);

/// How late what arrives is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// A round trip.
    pub delay: Duration,
    /// How likely a packet of it is lost.
    pub loss: f64,
}

impl Distance {
    /// On the same machine.
    pub const NONE: Self = Self { delay: Duration::ZERO, loss: 0.0 };
}

/// The device's end of a connection.
#[derive(Debug)]
pub(super) struct Road {
    socket: TcpStream,
    distance: Distance,
    random: Random,
    /// What has arrived is on its way still.
    travels: Option<Pin<Box<Sleep>>>,
    /// It has come: it is read until there is no more.
    has_come: bool,
}

impl Road {
    pub(super) fn new(socket: TcpStream, distance: Distance, random: Random) -> Self {
        Self { socket, distance, random, travels: None, has_come: distance == Distance::NONE }
    }

    fn poll_come(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.travels.is_none() {
            ready!(self.socket.poll_read_ready(cx))?;
            let is_lost = self.random.happens(self.distance.loss);
            let delay = self.distance.delay + if is_lost { AGAIN } else { Duration::ZERO };
            self.travels = Some(Box::pin(sleep(delay)));
        }
        if let Some(travels) = &mut self.travels {
            ready!(travels.as_mut().poll(cx));
        }
        self.travels = None;
        self.has_come = true;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Road {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.distance == Distance::NONE {
            return Pin::new(&mut self.socket).poll_read(cx, buf);
        }
        loop {
            if self.has_come {
                match Pin::new(&mut self.socket).poll_read(cx, buf) {
                    Poll::Ready(done) => return Poll::Ready(done),
                    Poll::Pending => self.has_come = false,
                }
            }
            ready!(self.poll_come(cx))?;
        }
    }
}

impl AsyncWrite for Road {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
