//! Sessions, locks and private candidates.

use super::*;

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
fn an_update_takes_in_what_others_committed_and_tells_what_both_changed() {
    let mut store = Datastore::new(config("system { host-name a; location { floor 1; } }"), vec![]);
    for (session, name) in [(ONE, "ann"), (TWO, "bob")] {
        store.open(session, Author::new(name, Client::Cli), Mode::Private).unwrap();
    }
    line(&mut store, ONE, "set system host-name b");
    line(&mut store, ONE, "set system time-zone UTC");
    commit(&mut store, ONE, 1);
    line(&mut store, TWO, "set system host-name c");
    line(&mut store, TWO, "delete system location floor");
    let refused = store.commit(TWO, Commit::default(), at(2)).unwrap_err();
    assert_eq!(refused.code(), "commit-conflict");

    assert!(!set_lines(&store.candidate(TWO)).contains("UTC"));
    let told = store.update(TWO).unwrap();
    assert!(
        !told.is_empty() && told.iter().all(|it| it.starts_with("system host-name")),
        "{told:?}"
    );
    let changes = compare(&store.running(), &store.candidate(TWO));
    assert!(changes.contains("-  host-name b;\n+  host-name c;"), "{changes}");
    assert!(changes.contains("-   floor 1;") && !changes.contains("UTC"), "{changes}");
    assert_eq!(store.update(TWO).unwrap(), Vec::<String>::new());
    commit(&mut store, TWO, 3);
    assert!(set_lines(&store.running()).contains("set system host-name c\n"));

    store.close(TWO);
    assert_eq!(store.update(TWO).unwrap_err().code(), "not-open");
    store.open(TWO, Author::new("bob", Client::Cli), Mode::Shared).unwrap();
    assert_eq!(store.update(TWO).unwrap_err().code(), "not-private");
}

#[test]
fn a_draft_is_settled_only_upon_what_it_was_made_from() {
    let mut store = store("system { host-name a; }");
    let draft = |store: &mut Datastore, text: &str| {
        let edit = Edit::Statement(text.to_owned());
        let draft = store.draft(ONE).unwrap();
        draft.edit_tested(&edit, TestOption::Set, |_| Ok::<_, EditError>(())).unwrap()
    };
    let (first, second) = (
        draft(&mut store, "set system host-name b"),
        draft(&mut store, "set system time-zone UTC"),
    );
    assert!(store.settle(first).unwrap().is_some());
    assert!(store.settle(second).unwrap().is_none());
    assert_eq!(set_lines(&store.candidate(ONE)), "set system host-name b\n");
    let late = draft(&mut store, "set system time-zone UTC");
    store.close(ONE);
    assert_eq!(store.settle(late).unwrap_err().code(), "not-open");
}

#[test]
fn an_update_does_not_change_what_others_have_protected() {
    let mut store = Datastore::new(config("system { host-name a; }"), vec![]);
    for (session, name) in [(ONE, "ann"), (TWO, "bob")] {
        store.open(session, Author::new(name, Client::Cli), Mode::Private).unwrap();
    }
    line(&mut store, ONE, "protect system");
    commit(&mut store, ONE, 1);
    line(&mut store, TWO, "set system host-name c");
    assert_eq!(store.update(TWO).unwrap_err().code(), "commit-conflict");
    store.discard(TWO).unwrap();
    assert!(store.update(TWO).unwrap().is_empty());
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

#[test]
fn a_private_candidate_is_not_committed_while_another_session_edits_alone() {
    let mut store = Datastore::new(config("system { host-name a; }"), Vec::new());
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Private).unwrap();
    line(&mut store, ONE, "set system host-name b");
    second(&mut store, Mode::Exclusive);
    let refused = store.commit(ONE, Commit::default(), at(0)).unwrap_err();
    assert_eq!(refused.code(), "lock-denied");
    store.close(TWO);
    commit(&mut store, ONE, 1);
}

#[test]
fn a_session_is_opened_in_another_mode_only_if_nothing_is_lost_by_that() {
    let author = || Author::new("ann", Client::Cli);
    let mut store = store("system { host-name a; }");
    store.lock(ONE, Target::Candidate).unwrap();
    line(&mut store, ONE, "set system host-name b");
    let refused = store.reopen(ONE, author(), Mode::Private).unwrap_err();
    assert_eq!(refused.code(), "session-holds-something");
    assert_eq!(store.holder(Target::Candidate).map(|it| it.0), Some(ONE));
    commit_confirmed(&mut store, ONE, true);
    store.unlock(ONE, Target::Candidate).unwrap();
    let refused = store.reopen(ONE, author(), Mode::Private).unwrap_err();
    assert_eq!(refused.code(), "session-holds-something");
    commit(&mut store, ONE, 1);
    line(&mut store, ONE, "set system host-name c");
    let refused = store.reopen(ONE, author(), Mode::Private).unwrap_err();
    assert_eq!((refused.code(), store.mode(ONE)), ("configuration-modified", Some(Mode::Shared)));
    store.discard(ONE).unwrap();
    store.reopen(ONE, author(), Mode::Private).unwrap();
    assert_eq!(store.mode(ONE), Some(Mode::Private));
}

/// What the shared candidate has after `lines` were edited in it and somebody reloaded `after`.
fn edited_and_reloaded(before: &str, lines: &[&str], after: &str) -> String {
    let mut store = store(before);
    for text in lines {
        line(&mut store, ONE, text);
    }
    let author = Author::new("root", Client::Reload);
    let plan = store.reload(config(after), after.to_owned(), author, at(0)).unwrap();
    store.handle_committed(plan);
    set_lines(&store.candidate(ONE))
}

#[test]
fn what_was_edited_and_reloaded_at_once_stays_as_edited_and_the_rest_is_as_reloaded() {
    let before = "system { host-name a; domain-name x; login { user u { class c; } } }";
    let both = edited_and_reloaded(
        before,
        &["set system host-name edited", "set system services ssh"],
        "system { host-name reloaded; domain-name reloaded; login { user u { class c; } } }",
    );
    assert_eq!(
        both,
        "set system host-name edited\nset system domain-name reloaded\n\
         set system login user u class c\nset system services ssh\n"
    );
    // What was edited inside something that is gone brings that back, as it was edited.
    let gone = edited_and_reloaded(
        before,
        &["set system login user u uid 7"],
        "system { host-name a; domain-name reloaded; }",
    );
    assert!(gone.contains("domain-name reloaded"), "{gone}");
    assert!(gone.contains("user u uid 7") && gone.contains("user u class c"), "{gone}");
    // What was deleted stays deleted.
    let deleted = edited_and_reloaded(
        before,
        &["delete system host-name"],
        "system { host-name reloaded; domain-name reloaded; }",
    );
    assert_eq!(deleted, "set system domain-name reloaded\n");
}
