//! Connections that are not logged in: bounded, and never in the way of those who come to log in.
//!
//! The decision is [`homing_proto::lobby`]'s; here is who must be told of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homing_proto::gate::Crowded;
use homing_proto::lobby::{Limits, Lobby as Order};
use tokio_util::sync::CancellationToken;

/// All of them.
#[derive(Debug)]
pub(super) struct Lobby(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    order: Order,
    waiting: HashMap<u64, CancellationToken>,
}

/// A connection's place, until it is logged in or gone.
#[derive(Debug)]
pub(super) struct Place {
    lobby: Arc<Lobby>,
    number: u64,
    shown_out: CancellationToken,
}

impl Lobby {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        let inner = Inner { order: Order::new(limits), waiting: HashMap::new() };
        Arc::new(Self(Mutex::new(inner)))
    }

    /// A place for one more; somebody else may have to go for it.
    pub(super) fn enter(self: &Arc<Self>, source: IpAddr) -> Result<Place, Crowded> {
        let mut inner = self.lock();
        let entered = inner.order.enter(source)?;
        if let Some(gone) = entered.shown_out.and_then(|number| inner.waiting.remove(&number)) {
            gone.cancel();
        }
        let shown_out = CancellationToken::new();
        inner.waiting.insert(entered.number, shown_out.clone());
        Ok(Place { lobby: Arc::clone(self), number: entered.number, shown_out })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Cancelled when it must go for somebody else; never, once it is logged in.
    pub(super) fn shown_out(&self) -> CancellationToken {
        self.shown_out.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.lobby.lock();
        inner.order.leave(self.number);
        inner.waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_to_go_is_told_and_who_logged_in_never_is() {
        let lobby = Lobby::new(Limits { total: 2, per_source: 2 });
        let source = |last: u8| IpAddr::from([192, 0, 2, last]);
        let (first, second) = (lobby.enter(source(1)).unwrap(), lobby.enter(source(1)).unwrap());
        let (of_first, of_second) = (first.shown_out(), second.shown_out());
        let third = lobby.enter(source(2)).unwrap();
        assert!(of_first.is_cancelled() && !of_second.is_cancelled());
        drop((first, second));
        let _more = [lobby.enter(source(3)).unwrap(), lobby.enter(source(4)).unwrap()];
        assert!(third.shown_out().is_cancelled() && !of_second.is_cancelled());
    }
}
