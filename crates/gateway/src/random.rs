//! Random bytes, as the operating system gives them.

use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// The operating system gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub(crate) struct NoRandom;

/// So many bytes, wiped when dropped.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandom> {
    let mut bytes = Zeroizing::new([0; N]);
    rand::fill(&mut *bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}
