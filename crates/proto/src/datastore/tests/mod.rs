//! The life of a candidate, from opening to rollback.

mod commits;
mod lines;
mod loads;
mod protect;
mod sessions;

use std::time::Duration;

use super::*;
use crate::junos::Form;

fn config(text: &str) -> Arc<Configuration> {
    Arc::new(Configuration::parse("test", text).unwrap())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

const ONE: SessionId = SessionId(1);
const TWO: SessionId = SessionId(2);

fn store(text: &str) -> Datastore {
    let mut store = Datastore::new(config(text), Vec::new());
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Shared).unwrap();
    store
}

fn line(store: &mut Datastore, session: SessionId, text: &str) {
    store.edit(session, Edit::Statement(text.to_owned())).unwrap();
}

fn commit(store: &mut Datastore, session: SessionId, seconds: i64) {
    let plan = store.commit(session, Commit::default(), at(seconds)).unwrap();
    store.handle_committed(plan);
}

fn set_lines(configuration: &Configuration) -> String {
    configuration.print(Form::Set)
}

const CONFIRMED: Duration = Duration::from_secs(60);

fn commit_confirmed(store: &mut Datastore, session: SessionId, is_bound: bool) {
    let commit = Commit { confirmed: Some(CONFIRMED), is_bound, ..Commit::default() };
    let plan = store.commit(session, commit, at(0)).unwrap();
    store.handle_committed(plan);
}

fn second(store: &mut Datastore, mode: Mode) {
    store.open(TWO, Author::new("bob", Client::Netconf), mode).unwrap();
}
