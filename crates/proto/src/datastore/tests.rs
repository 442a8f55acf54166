//! The life of a candidate, from opening to rollback.

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

#[test]
fn a_line_is_merged_compared_and_committed() {
    let mut store = store("system { host-name a; services { ssh; } }");
    line(&mut store, ONE, "set system host-name b");
    assert!(store.is_modified());
    let text = compare(&store.running(), &store.candidate(ONE));
    assert_eq!(text, "[edit system]\n-   host-name a;\n+   host-name b;\n");
    commit(&mut store, ONE, 0);
    assert!(!store.is_modified());
    assert_eq!(store.running().system().host_name.as_deref(), Some("b"));
    assert_eq!(store.history().len(), 1);
}

#[test]
fn an_ordered_list_is_compared_with_its_neighbours() {
    let text = "system { login { user a { class x; } user c { class x; } } }";
    let mut store = store(text);
    line(&mut store, ONE, "set system login user b class x");
    line(&mut store, ONE, "insert system login user b before user c");
    let shown = compare(&store.running(), &store.candidate(ONE));
    let expected =
        "[edit system login]\n     user a { ... }\n+    user b {\n+        class x;\n+    }\n";
    assert_eq!(shown, expected);
}

#[test]
fn statements_are_renamed_copied_annotated_and_switched() {
    let mut store = store("system { login { user a { class x; } } }");
    for text in [
        "copy system login user a to user b",
        "rename system login user a to c",
        "annotate system login user b \"the copy\"",
        "deactivate system login user c",
        "delete system login user c class",
    ] {
        line(&mut store, ONE, text);
    }
    let printed = store.candidate(ONE).print(Form::Curly);
    let expected = "system {\n    login {\n        inactive: user c;\n        /* the copy */\n        \
                    user b {\n            class x;\n        }\n    }\n}\n";
    assert_eq!(printed, expected);
}

#[test]
fn a_private_candidate_is_joined_with_what_others_committed() {
    let mut store = Datastore::new(config("system { host-name a; domain-name x; }"), Vec::new());
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Private).unwrap();
    store.open(TWO, Author::new("bob", Client::Cli), Mode::Private).unwrap();
    line(&mut store, ONE, "set system host-name b");
    line(&mut store, TWO, "set system services ssh");
    commit(&mut store, ONE, 0);
    commit(&mut store, TWO, 1);
    let lines = set_lines(&store.running());
    assert!(lines.contains("host-name b") && lines.contains("services ssh"), "{lines}");
    line(&mut store, ONE, "set system host-name c");
    line(&mut store, TWO, "set system host-name d");
    commit(&mut store, ONE, 2);
    let refused = store.commit(TWO, Commit::default(), at(3)).unwrap_err();
    assert_eq!(refused.code(), "commit-conflict");
}

#[test]
fn a_confirmed_commit_rolls_back_unless_it_is_confirmed() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    let confirmed = Commit { confirmed: Some(Duration::from_secs(60)), ..Commit::default() };
    let plan = store.commit(ONE, confirmed.clone(), at(0)).unwrap();
    store.handle_committed(plan);
    assert_eq!(store.poll_timeout(), Some(at(60)));
    assert!(store.handle_timeout(at(59)).is_none());
    let plan = store.handle_timeout(at(60)).unwrap();
    store.handle_committed(plan);
    assert_eq!(store.running().system().host_name.as_deref(), Some("a"));
    assert_eq!(store.poll_timeout(), None);
    line(&mut store, ONE, "set system host-name c");
    let plan = store.commit(ONE, confirmed, at(100)).unwrap();
    store.handle_committed(plan);
    commit(&mut store, ONE, 110);
    assert_eq!(store.poll_timeout(), None);
    assert_eq!(store.running().system().host_name.as_deref(), Some("c"));
}

#[test]
fn a_lock_keeps_others_out_and_its_end_discards() {
    let mut store = store("system { host-name a; }");
    store.open(TWO, Author::new("bob", Client::Netconf), Mode::Shared).unwrap();
    store.lock(TWO, Target::Candidate).unwrap();
    let refused = store.edit(ONE, Edit::Statement("set system host-name b".into())).unwrap_err();
    assert_eq!(refused.code(), "lock-denied");
    line(&mut store, TWO, "set system host-name b");
    store.close(TWO);
    assert!(!store.is_modified());
    line(&mut store, ONE, "set system host-name c");
}
