//! Fuzz target: what a comparison printed, loaded as a patch.

use std::sync::Arc;

use homing_proto::datastore::{
    Action, Author, Client, Datastore, Edit, Mode, SessionId, compare, same,
};
use homing_proto::junos::Configuration;

const ONE: SessionId = SessionId(1);

/// What the patch is for.
const BASE: &str = "system { host-name a; login { user u { class super-user; } user v { class x; } } }
    policy-options { policy-statement p { term a { then accept; } term b { then reject; } term c { then next-policy; } } }
    bogus { one 1; two { three; } }";

/// A patch is made wholly or not at all, and what it made is compared, which makes it again.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(base) = Configuration::parse("base", BASE) else { return };
    let mut store = Datastore::new(Arc::new(base), Vec::new());
    assert!(store.open(ONE, Author::new("ann", Client::Cli), Mode::Shared).is_ok());
    let load = |text: String| Edit::Load { action: Action::Patch, form: None, text };
    if let Err(error) = store.edit(ONE, load(text.to_owned())) {
        assert!(!error.to_string().is_empty());
        assert!(!store.is_modified(), "a patch that failed changed something");
        return;
    }
    let candidate = store.candidate(ONE);
    let patch = compare(&store.running(), &candidate);
    assert!(store.discard(ONE).is_ok());
    let patched = store.edit(ONE, load(patch.clone()));
    assert!(patched.is_ok(), "{patched:?}\n{patch}");
    assert!(same(&store.candidate(ONE), &candidate), "{patch}");
}
