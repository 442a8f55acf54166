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

/// A purse shared by spools; clones share it. One that is [part of](Self::and) others draws on all of them.
#[derive(Debug, Clone)]
pub struct Budget(Arc<[Arc<Purses>]>);

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
struct Purse {
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
    fn take(&self, n: u64) -> bool {
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(n).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }

    /// Gives `n` back.
    fn give_back(&self, n: u64) {
        self.used.fetch_sub(n, Ordering::AcqRel);
    }
}

/// One kind of purse, of everybody who pays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum<'a> {
    /// Who pays.
    payers: &'a [Arc<Purses>],
    /// From which purse.
    purse: fn(&Purses) -> &Purse,
}

impl Sum<'_> {
    /// Takes `n` from all or from none.
    pub(super) fn take(&self, n: u64) -> bool {
        for (paid, payer) in self.payers.iter().enumerate() {
            if !(self.purse)(payer).take(n) {
                self.payers.iter().take(paid).for_each(|payer| (self.purse)(payer).give_back(n));
                return false;
            }
        }
        true
    }

    /// Gives `n` back to all.
    pub(super) fn give_back(&self, n: u64) {
        self.payers.iter().for_each(|payer| (self.purse)(payer).give_back(n));
    }
}

impl Budget {
    /// A budget nobody has drawn on.
    pub fn new(limits: BudgetLimits) -> Self {
        let purses = Purses { memory: Purse::new(limits.memory), disk: Purse::new(limits.disk) };
        Self([Arc::new(purses)].into())
    }

    /// What draws on this budget and on `other`: it may take only what both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut payers = self.0.to_vec();
        for payer in other.0.iter() {
            if !payers.iter().any(|known| Arc::ptr_eq(known, payer)) {
                payers.push(payer.clone());
            }
        }
        Self(payers.into())
    }

    /// Bytes that all spools hold in memory now.
    pub fn memory_used(&self) -> u64 {
        self.0.first().map_or(0, |purses| purses.memory.used.load(Ordering::Acquire))
    }

    /// Bytes that all temporary files take now.
    pub fn disk_used(&self) -> u64 {
        self.0.first().map_or(0, |purses| purses.disk.used.load(Ordering::Acquire))
    }

    /// The purses for memory.
    pub(super) fn memory(&self) -> Sum<'_> {
        Sum { payers: &self.0, purse: |purses| &purses.memory }
    }

    /// The purses for files.
    pub(super) fn disk(&self) -> Sum<'_> {
        Sum { payers: &self.0, purse: |purses| &purses.disk }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BudgetLimits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_part_of_two_budgets_takes_from_both_or_from_none() {
        let all = Budget::new(BudgetLimits { memory: 10, disk: 0 });
        let one = Budget::new(BudgetLimits { memory: 6, disk: 0 }).and(&all);
        assert!(one.memory().take(5));
        assert_eq!((one.memory_used(), all.memory_used()), (5, 5));
        assert!(!one.memory().take(2), "beyond its own");
        assert!(all.memory().take(5));
        assert!(!one.memory().take(1), "beyond all");
        assert_eq!((one.memory_used(), all.memory_used()), (5, 10));
        one.memory().give_back(5);
        assert_eq!((one.memory_used(), all.memory_used()), (0, 5));
    }
}
