//! Answers that come piece by piece: a reply of any size, events for as long as one listens.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::exit::Exit;
use crate::failure::Failure;

/// Longest line of an event stream.
const LINE_LIMIT: usize = 1024 * 1024;

/// A part of a streamed answer.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Bytes of the answer.
    Data(Bytes),
    /// What the gateway says after the last byte.
    Trailers(HeaderMap),
}

/// A streamed answer.
#[derive(Debug)]
pub(crate) struct Pieces {
    body: Incoming,
    patience: Duration,
}

impl Pieces {
    pub(super) fn new(body: Incoming, patience: Duration) -> Pieces {
        Pieces { body, patience }
    }

    /// The next part; none at the proper end of the stream.
    ///
    /// # Errors
    /// When the stream breaks, or nothing comes in time.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, Failure> {
        let frame = match timeout(self.patience, self.body.frame()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Err(broken(&error)),
            Err(_) => return Err(broken(&format_args!("nothing came for {:?}", self.patience))),
        };
        match frame.into_data() {
            Ok(data) => Ok(Some(Piece::Data(data))),
            Err(frame) => Ok(frame.into_trailers().ok().map(Piece::Trailers)),
        }
    }
}

fn broken(reason: &dyn std::fmt::Display) -> Failure {
    let message = format!("the gateway's answer broke off: {reason}");
    Failure::new(Exit::OutcomeUnknown, "answer-broken", message).hint("homing status")
}

/// A streamed answer, line by line.
#[derive(Debug)]
pub(crate) struct Lines {
    pieces: Pieces,
    partial: Vec<u8>,
    ready: VecDeque<String>,
}

impl Lines {
    pub(super) fn new(pieces: Pieces) -> Lines {
        Lines { pieces, partial: Vec::new(), ready: VecDeque::new() }
    }

    /// The next line that is not blank; none at the end.
    ///
    /// # Errors
    /// As for [`Pieces::next`], and when a line is too long.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            match self.pieces.next().await? {
                Some(Piece::Data(data)) => self.take(&data)?,
                Some(Piece::Trailers(_)) => {}
                None => return Ok(None),
            }
        }
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Failure> {
        for part in data.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(part);
            if self.partial.len() > LINE_LIMIT {
                return Err(broken(&"a line is longer than 1 MiB"));
            }
            if part.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.partial).trim().to_owned();
                self.partial.clear();
                self.ready.extend(Some(line).filter(|line| !line.is_empty()));
            }
        }
        Ok(())
    }
}
