//! Every stage has an end.

use super::*;

/// Held with key 1, after so many seconds.
fn held_at(seconds: u64) -> Scene {
    let mut scene = Scene::outbound_ssh(None);
    scene.record(device("r1"));
    scene.wait(seconds);
    scene.exchange(1);
    assert_eq!(scene.record(Record::unknown()), ["first-key", "await-approval key 1"]);
    scene
}

#[test]
fn silence_ends_after_10_seconds() {
    let mut scene = Scene::new();
    scene.wait(9);
    assert_eq!(scene.codes(), [""; 0]);
    assert_eq!(scene.wake(), 10);
    assert_eq!(scene.codes(), ["silent", "close"]);
}

#[test]
fn an_initiation_that_trickles_ends_after_10_seconds() {
    let mut scene = Scene::new();
    for byte in b"MSG-ID: D" {
        scene.data(&[*byte]);
        scene.wait(1);
    }
    assert_eq!(scene.codes(), [""; 0]);
    assert_eq!(scene.wake(), 10);
    assert_eq!(scene.codes(), ["initiation-timeout", "close"]);
}

#[test]
fn an_initiation_without_ssh_ends_after_10_seconds() {
    let mut scene = Scene::new();
    scene.data(b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: r1\r\n");
    assert_eq!(scene.wake(), 10);
    assert_eq!(scene.codes(), ["initiation-timeout", "close"]);
    assert_eq!(scene.admission.subject().device_id, Some(device_id("r1")));
}

#[test]
fn the_whole_set_up_ends_after_30_seconds_wherever_it_stands() {
    let mut looking_up = Scene::outbound_ssh(None);
    let mut exchanging = Scene::call_home();
    let mut logging_in = Scene::call_home();
    logging_in.exchange(1);
    logging_in.record(by_key("r1", &[1]));
    let mut greeting = Scene::call_home();
    greeting.exchange(1);
    greeting.record(by_key("r1", &[1]));
    greeting.admission.handle_logged_in("homing", greeting.now);
    greeting.codes();
    let cases = [
        (&mut looking_up, Stage::LookUp),
        (&mut exchanging, Stage::KeyExchange),
        (&mut logging_in, Stage::LogIn),
        (&mut greeting, Stage::Hello),
    ];
    for (scene, stage) in cases {
        assert_eq!(scene.admission.stage(), stage);
        assert_eq!(scene.wake(), 30);
        let actions = scene.actions();
        let step = Step::Ended(Outcome::TimedOut(stage));
        assert_eq!(actions, [Action::Record(Box::new(step)), Action::Close]);
    }
}

#[test]
fn a_pending_device_is_closed_after_20_seconds() {
    let mut scene = held_at(5);
    assert_eq!(scene.wake(), 25);
    assert_eq!(scene.codes(), ["close"]);
    assert_eq!(scene.admission.poll_timeout(), None);
}

#[test]
fn a_device_accepted_in_time_comes_in_at_once_and_has_its_time_back() {
    let mut scene = held_at(5);
    scene.wait(15);
    scene.admission.handle_approved(with_keys("r1", &[1]), scene.now);
    assert_eq!(scene.codes(), ["approved", "log-in r1"]);
    assert_eq!(scene.wake(), 45, "30 seconds and the 15 of being held");
}

#[test]
fn an_unknown_device_comes_in_under_the_name_it_was_given() {
    let mut scene = Scene::call_home();
    scene.exchange(1);
    scene.record(Record::unknown());
    scene.admission.handle_approved(by_key("edge", &[1]), scene.now);
    assert_eq!(scene.codes(), ["approved", "log-in edge"]);
    assert_eq!(scene.come_in(), ["logged-in", "admit edge", "in-session"]);
}

#[test]
fn approval_of_another_key_or_of_a_blocked_device_lets_nobody_in() {
    let mut scene = held_at(0);
    scene.admission.handle_approved(with_keys("r1", &[2]), scene.now);
    assert_eq!(scene.codes(), ["rejected", "hold 10"]);
    let mut scene = held_at(0);
    let blocked = KnownDevice { blocked: true, ..with_keys("r1", &[1]) };
    scene.admission.handle_approved(blocked, scene.now);
    assert_eq!(scene.codes(), ["blocked", "hold 10"]);
}

#[test]
fn a_device_rejected_while_it_is_held_is_refused() {
    let mut scene = held_at(0);
    scene.admission.handle_rejected(scene.now);
    assert_eq!(scene.codes(), ["rejected", "hold 10"]);
}

#[test]
fn approval_that_comes_too_late_changes_nothing() {
    let mut scene = held_at(0);
    scene.wake();
    scene.codes();
    scene.admission.handle_approved(with_keys("r1", &[1]), scene.now);
    scene.admission.handle_rejected(scene.now);
    assert_eq!(scene.codes(), [""; 0]);
}

#[test]
fn a_refused_device_is_held_for_10_seconds() {
    let mut scene = Scene::outbound_ssh(None);
    scene.wait(3);
    assert_eq!(scene.record(with_secret("r1")), ["missing-hmac", "hold 10"]);
    assert_eq!(scene.wake(), 13);
    assert_eq!(scene.codes(), ["close"]);
}

#[test]
fn a_held_device_that_goes_away_is_closed_at_once() {
    let mut refused = Scene::outbound_ssh(None);
    refused.record(with_secret("r1"));
    assert_eq!(refused.fail(Failure::Lost), ["close"]);
    let mut pending = held_at(0);
    assert_eq!(pending.fail(Failure::Lost), ["close"]);
}

#[test]
fn a_wake_up_before_the_deadline_does_nothing() {
    let mut scene = held_at(0);
    scene.wait(19);
    assert_eq!(scene.codes(), [""; 0]);
    assert_eq!(scene.admission.stage(), Stage::Approval);
}
