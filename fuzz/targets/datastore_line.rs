//! Fuzz target: lines of configuration mode that change a candidate.

use std::sync::Arc;

use homing_proto::datastore::{
    Action, Author, Client, Datastore, Edit, Mode, SessionId, compare, compare_set, same,
};
use homing_proto::junos::{Configuration, Form};

const ONE: SessionId = SessionId(1);

/// What the lines change.
const BASE: &str =
    "system { host-name a; login { user u { class super-user; } user v { class x; } } }
    interfaces { ge-0/0/0 { unit 0 { family inet { address 192.0.2.1/24; } } } }
    firewall { family inet { filter f { term a { then accept; } term b { then { reject; } } } } }
    bogus { one 1; two { three; } }";

/// Whatever the lines did, what they changed is compared, and the comparison does it again.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(base) = Configuration::parse("base", BASE) else { return };
    let mut store = Datastore::new(Arc::new(base), Vec::new());
    let opened = store.open(ONE, Author::new("ann", Client::Cli), Mode::Shared);
    assert!(opened.is_ok());
    let load = |action, text: String| Edit::Load { action, form: None, text };
    if let Err(error) = store.edit(ONE, load(Action::Set, text.to_owned())) {
        assert!(!error.to_string().is_empty() && !error.code().is_empty());
        assert!(!store.is_modified(), "an edit that failed changed something");
        return;
    }
    let (running, candidate) = (store.running(), store.candidate(ONE));
    let patch = compare(&running, &candidate);
    let _ = (compare_set(&running, &candidate), candidate.print(Form::Xml));
    assert!(store.discard(ONE).is_ok());
    let patched = store.edit(ONE, load(Action::Patch, patch.clone()));
    assert!(patched.is_ok(), "{patched:?}\n{patch}");
    assert!(same(&store.candidate(ONE), &candidate), "{patch}");
}
