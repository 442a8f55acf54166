//! What a spool holds and how it ends.
//!
//! Order is kept by one rule: everything in memory is older than everything in the file, so nothing is added to memory while the
//! file holds anything.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};

use super::file::{Ring, RingError};
use super::{Budget, Cut, SpoolLimits};

/// Pieces below this size are gathered instead of kept one by one, unless nothing else waits.
const SMALL: usize = 4096;
/// Size at which gathered pieces become one.
const GATHERED: usize = 16 * 1024;

/// The state behind the lock.
#[derive(Debug)]
pub(super) struct State {
    /// What this spool may hold.
    limits: SpoolLimits,
    /// What all may hold.
    budget: Budget,
    /// Whole pieces in memory, oldest first.
    pieces: VecDeque<Bytes>,
    /// Small pieces gathered, newer than `pieces`.
    gathered: BytesMut,
    /// Bytes of both, paid from `budget`.
    in_memory: usize,
    /// Newer than everything in memory.
    ring: Option<Ring>,
    /// How it ends once everything stored is read.
    end: Option<End>,
    /// Nobody reads.
    abandoned: bool,
    /// Whom to wake when there is something to read.
    reader: Option<Waker>,
    /// Whom to wake when something was read.
    writer: Option<Waker>,
}

/// The end of a spool.
#[derive(Debug, Clone)]
enum End {
    /// All was written.
    Whole,
    /// It was cut.
    Cut(Cut),
}

impl State {
    /// Holds nothing.
    pub(super) fn new(limits: SpoolLimits, budget: Budget) -> Self {
        Self {
            limits,
            budget,
            pieces: VecDeque::new(),
            gathered: BytesMut::new(),
            in_memory: 0,
            ring: None,
            end: None,
            abandoned: false,
            reader: None,
            writer: None,
        }
    }

    /// Bytes that wait for the reader.
    pub(super) fn waiting(&self) -> u64 {
        self.in_memory as u64 + self.ring.as_ref().map_or(0, Ring::waiting)
    }

    /// Stores `bytes`, in memory if they fit there and the file is empty.
    pub(super) fn write(&mut self, bytes: Bytes) -> Result<(), Cut> {
        if self.abandoned {
            return Err(Cut::ReaderGone);
        }
        match &self.end {
            Some(End::Cut(cut)) => return Err(cut.clone()),
            Some(End::Whole) => return Err(Cut::WriterGone),
            None => {}
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let stored = if self.fits_in_memory(bytes.len()) {
            self.keep(bytes);
            Ok(())
        } else {
            self.write_to_ring(&bytes)
        };
        if let Err(cut) = &stored {
            self.cut(cut.clone());
        }
        self.wake_reader();
        stored
    }

    /// Takes memory from the budget if this piece belongs there.
    fn fits_in_memory(&self, len: usize) -> bool {
        self.ring.as_ref().is_none_or(|ring| ring.waiting() == 0)
            && self.in_memory + len <= self.limits.memory
            && self.budget.memory().take(len as u64)
    }

    /// Adds to memory, which is paid for already.
    fn keep(&mut self, bytes: Bytes) {
        let is_alone = self.in_memory == 0;
        self.in_memory += bytes.len();
        if bytes.len() < SMALL && !is_alone {
            self.gathered.extend_from_slice(&bytes);
            if self.gathered.len() >= GATHERED {
                self.pieces.push_back(self.gathered.split().freeze());
            }
            return;
        }
        if !self.gathered.is_empty() {
            self.pieces.push_back(self.gathered.split().freeze());
        }
        self.pieces.push_back(bytes);
    }

    /// Adds to the file, which is made if there is none.
    fn write_to_ring(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        let limit = self.limits.memory as u64 + self.limits.disk;
        if self.limits.disk == 0 {
            return Err(Cut::TooMuchWaiting { limit });
        }
        if self.ring.is_none() {
            let ring = Ring::new(self.limits.disk, self.budget.clone());
            self.ring = Some(ring.map_err(|error| Cut::Disk(error.kind()))?);
        }
        let Some(ring) = self.ring.as_mut() else { return Ok(()) };
        ring.write(bytes).map_err(|error| match error {
            RingError::Full => Cut::TooMuchWaiting { limit },
            RingError::Budget => Cut::BudgetSpent,
            RingError::Io(error) => Cut::Disk(error.kind()),
        })
    }

    /// The next piece, or how it ended.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Cut>> {
        if let Some(bytes) = self.next_in_memory() {
            self.wake_writer();
            return Poll::Ready(Ok(Some(bytes)));
        }
        if let Some(ring) = self.ring.as_mut().filter(|ring| ring.waiting() > 0) {
            let read = ring.read();
            self.wake_writer();
            return Poll::Ready(read.map(Some).map_err(|error| {
                let cut = Cut::Disk(error.kind());
                self.cut(cut.clone());
                self.drop_stored();
                cut
            }));
        }
        match &self.end {
            Some(End::Whole) => Poll::Ready(Ok(None)),
            Some(End::Cut(cut)) => Poll::Ready(Err(cut.clone())),
            None => {
                self.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The oldest piece in memory, given back to the budget.
    fn next_in_memory(&mut self) -> Option<Bytes> {
        let bytes = match self.pieces.pop_front() {
            Some(bytes) => bytes,
            None if self.gathered.is_empty() => return None,
            None => std::mem::take(&mut self.gathered).freeze(),
        };
        self.in_memory -= bytes.len();
        self.budget.memory().give_back(bytes.len() as u64);
        Some(bytes)
    }

    /// Ready when at most `bytes` wait or nobody reads.
    pub(super) fn poll_drained_to(&mut self, bytes: u64, cx: &mut Context<'_>) -> Poll<()> {
        if self.abandoned || self.waiting() <= bytes {
            return Poll::Ready(());
        }
        self.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// All is written.
    pub(super) fn finish(&mut self) {
        self.end.get_or_insert(End::Whole);
        self.wake_reader();
    }

    /// Ends early; the first reason stays.
    pub(super) fn cut(&mut self, cut: Cut) {
        self.end.get_or_insert(End::Cut(cut));
        self.wake_reader();
    }

    /// The reader is gone: nothing is kept.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
        self.drop_stored();
        self.wake_writer();
    }

    /// Gives back everything stored.
    fn drop_stored(&mut self) {
        self.pieces = VecDeque::new();
        self.gathered = BytesMut::new();
        self.budget.memory().give_back(std::mem::take(&mut self.in_memory) as u64);
        self.ring = None;
    }

    /// Something can be read.
    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    /// Something was read.
    fn wake_writer(&mut self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.drop_stored();
    }
}
