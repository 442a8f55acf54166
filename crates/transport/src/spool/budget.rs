//! What all spools together may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The sums that all spools of one budget keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetLimits {
    /// Bytes in memory.
    pub memory: u64,
    /// Bytes in temporary files.
    pub disk: u64,
}

impl Default for BudgetLimits {
    fn default() -> Self {
        Self { memory: 64 * 1024 * 1024, disk: 8 * 1024 * 1024 * 1024 }
    }
}

/// A purse shared by spools; clones share it.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Purses>);

/// The two purses.
#[derive(Debug)]
struct Purses {
    /// Bytes in memory.
    memory: Purse,
    /// Bytes in files.
    disk: Purse,
}

/// One sum and its limit.
#[derive(Debug)]
pub(super) struct Purse {
    /// Taken and not given back.
    used: AtomicU64,
    /// Most that may be taken.
    limit: u64,
}

impl Purse {
    /// A purse that nobody has drawn on.
    fn new(limit: u64) -> Self {
        Self { used: AtomicU64::new(0), limit }
    }

    /// Takes `n` or nothing.
    pub(super) fn take(&self, n: u64) -> bool {
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(n).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }

    /// Gives `n` back.
    pub(super) fn give_back(&self, n: u64) {
        self.used.fetch_sub(n, Ordering::AcqRel);
    }
}

impl Budget {
    /// A budget nobody has drawn on.
    pub fn new(limits: BudgetLimits) -> Self {
        let purses = Purses { memory: Purse::new(limits.memory), disk: Purse::new(limits.disk) };
        Self(Arc::new(purses))
    }

    /// Bytes that all spools hold in memory now.
    pub fn memory_used(&self) -> u64 {
        self.0.memory.used.load(Ordering::Acquire)
    }

    /// Bytes that all temporary files take now.
    pub fn disk_used(&self) -> u64 {
        self.0.disk.used.load(Ordering::Acquire)
    }

    /// The purse for memory.
    pub(super) fn memory(&self) -> &Purse {
        &self.0.memory
    }

    /// The purse for files.
    pub(super) fn disk(&self) -> &Purse {
        &self.0.disk
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BudgetLimits::default())
    }
}
