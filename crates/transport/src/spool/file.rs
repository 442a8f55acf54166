//! The part of a spool that is on disk: a ring in a file that has no name.
//!
//! ```text
//!   0            read         written      capacity
//!   ├──free──────┼──waiting───┼────free────┤        positions count on for ever, modulo capacity in the file
//! ```
//!
//! The file grows only as far as it was ever written, and is emptied as soon as the reader has caught up. Writes and reads go to
//! the page cache and are done in place: the pieces are small and the data is a moment old.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;

use super::Budget;

/// Most bytes given by one [`Ring::read`].
const PIECE: u64 = 64 * 1024;

/// A ring of at most `capacity` bytes.
#[derive(Debug)]
pub(super) struct Ring {
    /// Gone when closed: it never had a name.
    file: File,
    /// Bytes that may wait.
    capacity: u64,
    /// Position of the next byte to read.
    read: u64,
    /// Position of the next byte to write.
    written: u64,
    /// Bytes of the file that exist, paid from `budget`.
    size: u64,
    /// Pays for `size`.
    budget: Budget,
}

/// Why bytes did not go into the ring.
#[derive(Debug)]
pub(super) enum RingError {
    /// It would hold more than its capacity.
    Full,
    /// The budget is spent.
    Budget,
    /// The file system said no.
    Io(io::Error),
}

impl Ring {
    /// An empty ring in a new file.
    pub(super) fn new(capacity: u64, budget: Budget) -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(Self { file, capacity, read: 0, written: 0, size: 0, budget })
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> u64 {
        self.written - self.read
    }

    /// Adds all of `bytes` or none.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), RingError> {
        let len = bytes.len() as u64;
        if self.waiting() + len > self.capacity {
            return Err(RingError::Full);
        }
        let grown = (self.written + len).min(self.capacity).saturating_sub(self.size);
        if !self.budget.disk().take(grown) {
            return Err(RingError::Budget);
        }
        self.size += grown;
        let at = self.written % self.capacity;
        let first = ((self.capacity - at).min(len)) as usize;
        let (head, tail) = bytes.split_at(first);
        self.file.write_all_at(head, at).map_err(RingError::Io)?;
        self.file.write_all_at(tail, 0).map_err(RingError::Io)?;
        self.written += len;
        Ok(())
    }

    /// The next piece; empty when nothing waits.
    pub(super) fn read(&mut self) -> io::Result<Bytes> {
        let at = self.read % self.capacity;
        let len = self.waiting().min(PIECE).min(self.capacity - at);
        let mut piece = vec![0; len as usize];
        self.file.read_exact_at(&mut piece, at)?;
        self.read += len;
        if self.read == self.written {
            self.empty()?;
        }
        Ok(piece.into())
    }

    /// Gives the disk back.
    fn empty(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        (self.read, self.written) = (0, 0);
        self.budget.disk().give_back(std::mem::take(&mut self.size));
        Ok(())
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.budget.disk().give_back(self.size);
    }
}
