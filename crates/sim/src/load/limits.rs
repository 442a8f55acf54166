//! File descriptors: a device needs one, and whoever has too few is told how to get more.

use std::fmt;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors for everything but the devices' connections.
const BESIDE: u64 = 64;

/// There are not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFew {
    /// How many are needed.
    pub needed: u64,
    /// How many there may be.
    pub limit: u64,
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} connections need {} file descriptors and a process may have {}",
            self.needed - BESIDE,
            self.needed,
            self.limit
        )
    }
}

impl std::error::Error for TooFew {}

/// Raises the limit of open files to what is allowed, and checks that it suffices.
///
/// # Errors
/// It does not.
pub fn raise(connections: u64) -> Result<(), TooFew> {
    let needed = connections + BESIDE;
    // Where the limit can't be read there is none to heed.
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    if soft < hard {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(soft, |(soft, _)| soft);
    if limit < needed { Err(TooFew { needed, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_process_may_have_is_told() {
        assert_eq!(raise(8), Ok(()));
        let error = raise(u64::MAX / 2).unwrap_err();
        assert!(error.to_string().contains("file descriptors"), "{error}");
    }
}
