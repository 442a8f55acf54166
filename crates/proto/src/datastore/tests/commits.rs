//! Commits: confirmed, scheduled, given up.

use std::time::Duration;

use super::*;

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
fn strict_mode_refuses_what_the_schema_does_not_know() {
    let mut store = store("system { host-name a; }").strict(true);
    line(&mut store, ONE, "set interfaces ge-0/0/0 mtu 9000");
    assert!(store.check(ONE).is_ok());
    line(&mut store, ONE, "set system host-nmae b");
    let refused = store.check(ONE).unwrap_err();
    assert_eq!(refused.code(), "unknown-statement");
    assert!(refused.to_string().contains("did you mean `host-name`?"), "{refused}");
}

#[test]
fn a_scheduled_commit_is_made_at_its_time_and_keeps_others_waiting() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    assert_eq!(store.schedule(ONE, None, at(0), at(0)).unwrap_err().code(), "time-is-past");
    let far = at(367 * 86_400);
    assert_eq!(store.schedule(ONE, None, far, at(0)).unwrap_err().code(), "time-is-far");
    store.schedule(ONE, None, at(100), at(0)).unwrap();
    line(&mut store, ONE, "set system host-name c");
    let refused = store.commit(ONE, Commit::default(), at(1)).unwrap_err();
    assert_eq!(refused.code(), "commit-scheduled");
    assert_eq!(store.poll_timeout(), Some(at(100)));
    let plan = store.handle_timeout(at(100)).unwrap();
    store.handle_committed(plan);
    assert_eq!(store.running().system().host_name.as_deref(), Some("b"));
    assert_eq!(store.candidate(ONE).system().host_name.as_deref(), Some("c"));
    assert_eq!(store.poll_timeout(), None);
}

#[test]
fn a_scheduled_commit_that_fails_waits_on_until_it_is_made_or_cleared() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    store.schedule(ONE, None, at(100), at(0)).unwrap();
    let plan = store.handle_timeout(at(100)).unwrap();
    assert!(plan.is_scheduled() && store.scheduled_after(&plan).is_none());
    store.handle_commit_failed(plan);
    assert_eq!(store.poll_timeout(), Some(at(100)));
    let plan = store.handle_timeout(at(110)).unwrap();
    store.handle_commit_failed(plan);
    assert!(store.clear_schedule());
    assert!(store.handle_timeout(at(120)).is_none());
    assert_eq!(store.running().system().host_name.as_deref(), Some("a"));
    commit(&mut store, ONE, 130);
}

#[test]
fn a_commit_that_was_given_up_half_way_keeps_nobody_from_committing() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    drop(store.commit(ONE, Commit::default(), at(0)).unwrap());
    assert_eq!(
        store.commit(ONE, Commit::default(), at(1)).unwrap_err().code(),
        "commit-in-progress"
    );
    store.handle_commit_abandoned();
    commit(&mut store, ONE, 2);
}

#[test]
fn while_a_commit_waits_for_its_confirmation_none_is_scheduled_or_reloaded() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    commit_confirmed(&mut store, ONE, false);
    let refused = store.schedule(ONE, None, at(100), at(1)).unwrap_err();
    assert_eq!(refused.code(), "commit-awaits-confirmation");
    let reload = |store: &mut Datastore| {
        let text = "system { host-name c; }";
        let author = Author::new("root", Client::Reload);
        store.reload(config(text), text.to_owned(), author, at(1))
    };
    assert_eq!(reload(&mut store).unwrap_err().code(), "commit-awaits-confirmation");
    commit(&mut store, ONE, 2);
    store.lock(ONE, Target::Running).unwrap();
    assert_eq!(reload(&mut store).unwrap_err().code(), "lock-denied");
    store.unlock(ONE, Target::Running).unwrap();
    reload(&mut store).unwrap();
}

#[test]
fn what_could_not_be_read_back_at_a_start_is_not_committed() {
    for first in ["set system host-name x;", "<x> y;", "delete a;", "{\"a\"} b;"] {
        let mut store = store("");
        let form = Some(Form::Curly);
        let text = format!("{first}\nsystem {{ host-name a; }}");
        let Ok(_) = store.edit(ONE, Edit::Load { action: Action::Override, form, text }) else {
            continue;
        };
        let refused = store.commit(ONE, Commit::default(), at(0)).unwrap_err();
        assert_eq!(refused.code(), "misleading-statement", "{first}");
    }
}

#[test]
fn a_commit_that_is_bound_to_its_session_is_confirmed_and_cancelled_there_alone() {
    let mut store = store("system { host-name a; }");
    second(&mut store, Mode::Shared);
    line(&mut store, ONE, "set system host-name b");
    commit_confirmed(&mut store, ONE, true);
    let code = |refused: Refused| refused.code();
    assert_eq!(store.cancel(TWO, None, at(1)).map_err(code).unwrap_err(), "wrong-persist-id");
    let confirmed = store.commit(TWO, Commit::default(), at(1));
    assert_eq!(confirmed.map_err(code).unwrap_err(), "wrong-persist-id");
    let locked = store.lock(TWO, Target::Running);
    assert_eq!(locked.map_err(code).unwrap_err(), "commit-awaits-confirmation");
    store.lock(ONE, Target::Running).unwrap();
    let plan = store.cancel(ONE, None, at(2)).unwrap();
    store.handle_committed(plan);
    store.unlock(ONE, Target::Running).unwrap();
    store.lock(TWO, Target::Running).unwrap();
}
