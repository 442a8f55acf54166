//! From the proven key to the session, and what can go wrong on the way.

use super::*;
use crate::identity::SessionId;
use crate::roster::Entry;

/// r1 is to be logged in to.
fn logging_in() -> Scene {
    let mut scene = Scene::outbound_ssh(None);
    scene.record(with_keys("r1", &[1]));
    assert_eq!(scene.exchange(1).last().unwrap(), "log-in r1");
    scene
}

/// r1 has said hello.
fn claiming() -> Scene {
    let mut scene = logging_in();
    scene.admission.handle_logged_in("homing", scene.now);
    scene.admission.handle_hello(scene.now);
    assert_eq!(scene.codes(), ["logged-in", "admit r1"]);
    scene
}

fn entry(session: u64, scene: &Scene) -> Entry {
    Entry {
        session: SessionId(session),
        epoch: Epoch(session),
        key: key(1).fingerprint(),
        source: PEER.parse().unwrap(),
        since: scene.now,
    }
}

#[test]
fn a_proven_device_carries_all_that_the_session_needs() {
    let mut scene = Scene::outbound_ssh(None);
    scene.record(with_keys("r1", &[1]));
    scene.admission.handle_host_key(key(1), scene.now);
    scene.admission.handle_exchanged(scene.now);
    let Some(Action::LogIn(device)) = scene.actions().pop() else { panic!() };
    assert_eq!(device.name().as_str(), "r1");
    assert_eq!(device.device_id(), Some(&device_id("r1")));
    assert_eq!(device.key().key(), &key(1));
    assert_eq!(device.listener().as_str(), "4334");
    assert_eq!(device.source(), PEER.parse().unwrap());
    assert_eq!(device.epoch(), Epoch(7));
}

#[test]
fn nothing_is_proven_before_the_key_exchange_is_complete() {
    let mut scene = Scene::outbound_ssh(None);
    scene.record(with_keys("r1", &[1]));
    scene.admission.handle_host_key(key(1), scene.now);
    assert_eq!(scene.codes(), ["accept-key"]);
    assert_eq!(scene.fail(Failure::Ssh(Excerpt::new("bad signature"))), ["ssh-failed", "hold 10"]);
}

#[test]
fn a_key_exchange_without_a_host_key_proves_nothing() {
    let mut scene = Scene::call_home();
    scene.admission.handle_exchanged(scene.now);
    assert_eq!(scene.codes(), ["ssh-failed", "hold 10"]);
}

#[test]
fn the_newest_session_takes_over() {
    let mut scene = claiming();
    let claimed = Claimed::TookOver { displaced: entry(3, &scene) };
    scene.admission.handle_claimed(&claimed, scene.now);
    let took_over = Step::TookOver { displaced: SessionId(3) };
    assert_eq!(scene.actions(), [Action::Record(Box::new(took_over))]);
    assert_eq!(scene.admission.stage(), Stage::Over);
}

#[test]
fn an_older_session_is_closed() {
    let mut scene = claiming();
    let claimed = Claimed::Stale { newer: entry(9, &scene) };
    scene.admission.handle_claimed(&claimed, scene.now);
    assert_eq!(scene.codes(), ["stale", "close"]);
}

#[test]
fn the_second_of_two_boxes_with_one_key_is_refused_and_held() {
    let mut scene = claiming();
    let claimed = Claimed::Contested { holder: entry(9, &scene) };
    scene.admission.handle_claimed(&claimed, scene.now);
    let actions = scene.actions();
    assert_eq!(brief(&actions[0]), "duplicate-device");
    assert_eq!(brief(&actions[1]), "hold 10");
}

#[test]
fn what_fails_on_the_way_is_told_by_name() {
    let user = || Excerpt::new("homing");
    let why = || Excerpt::new("why");
    let refused = Failure::LogInRefused { user: user(), with_password: false, methods: vec![] };
    let no_common = Failure::NoCommonAlgorithm { purpose: "host key", theirs: vec![] };
    let cases = [
        (no_common, "no-common-algorithm", "hold 10"),
        (Failure::Ssh(why()), "ssh-failed", "hold 10"),
        (refused, "login-refused", "hold 10"),
        (Failure::ChannelRefused(why()), "channel-refused", "hold 10"),
        (Failure::NoNetconf, "no-netconf", "hold 10"),
        (Failure::BadHello(why()), "bad-hello", "hold 10"),
        (Failure::Store, "store-failed", "hold 10"),
        (Failure::Lost, "connection-lost", "close"),
        (Failure::Overloaded, "overloaded", "close"),
        (Failure::Replaced, "replaced", "close"),
        (Failure::Stopping, "gateway-stopping", "close"),
    ];
    for (failure, code, then) in cases {
        assert_eq!(logging_in().fail(failure), [code, then]);
    }
}

#[test]
fn a_key_that_cannot_be_stored_is_not_said_to_be_pinned_and_lets_nobody_in() {
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    scene.record(with_secret("r1"));
    scene.exchange(1);
    scene.admission.handle_record(Record::unknown(), scene.now);
    let action = scene.admission.poll_action().unwrap();
    assert_eq!(brief(&action), "pin-key r1 1");
    assert_eq!(scene.fail(Failure::Store), ["store-failed", "hold 10"]);
}

#[test]
fn nothing_happens_after_the_end() {
    let mut scene = claiming();
    scene.admission.handle_claimed(&Claimed::Entered, scene.now);
    assert_eq!(scene.codes(), ["in-session"]);
    assert_eq!(scene.fail(Failure::Lost), [""; 0]);
    assert_eq!(scene.record(with_keys("r1", &[1])), [""; 0]);
    assert_eq!(scene.exchange(1), [""; 0]);
    assert_eq!(scene.come_in(), [""; 0]);
    scene.wait(1000);
    assert_eq!(scene.codes(), [""; 0]);
}

#[test]
fn events_that_do_not_fit_the_stage_are_ignored() {
    let mut scene = Scene::new();
    assert_eq!(scene.record(with_keys("r1", &[1])), [""; 0]);
    assert_eq!(scene.exchange(1), [""; 0]);
    assert_eq!(scene.come_in(), [""; 0]);
    scene.admission.handle_approved(with_keys("r1", &[1]), scene.now);
    scene.admission.handle_rejected(scene.now);
    assert_eq!(scene.codes(), [""; 0]);
    assert!(scene.admission.wants_data());
}
