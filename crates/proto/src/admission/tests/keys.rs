//! The policy: what each mix of device-id, secret, HMAC and key leads to.

use super::*;

#[test]
fn a_device_with_the_right_hmac_and_a_known_key_comes_in() {
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    let known = KnownDevice { keys: vec![key(1)], ..with_secret("r1") };
    assert_eq!(scene.record(known), ["hmac-right", "start-ssh only 1"]);
    assert_eq!(scene.exchange(1), ["accept-key", "key-proven", "log-in r1"]);
    assert_eq!(scene.come_in(), ["logged-in", "admit r1", "in-session"]);
    assert_eq!(scene.admission.poll_timeout(), None);
}

#[test]
fn the_first_key_with_the_right_hmac_is_pinned_once_it_is_proven() {
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    assert_eq!(scene.record(with_secret("r1")), ["hmac-right", "start-ssh only 1"]);
    assert_eq!(scene.exchange(1), ["accept-key", "key-proven", "look-up key 1"]);
    let codes = scene.record(Record::unknown());
    assert_eq!(codes, ["pin-key r1 1", "key-pinned", "log-in r1"]);
}

#[test]
fn a_changed_key_with_the_right_hmac_replaces_the_old_one() {
    let mut scene = Scene::outbound_ssh(Some((2, &secret())));
    scene.record(KnownDevice { keys: vec![key(1)], ..with_secret("r1") });
    assert_eq!(scene.exchange(2), ["accept-key", "key-proven", "look-up key 2"]);
    scene.admission.handle_record(Record::unknown(), scene.now);
    let actions = scene.actions();
    let Action::PinKey { device, key: pinned, replaces } = &actions[0] else { panic!() };
    assert_eq!(device.as_str(), "r1");
    assert_eq!(pinned.key(), &key(2));
    assert_eq!(replaces, &[key(1).fingerprint()]);
    assert_eq!(brief(&actions[1]), "key-replaced");
    assert_eq!(brief(&actions[2]), "log-in r1");
}

#[test]
fn a_wrong_hmac_is_refused_before_ssh_begins() {
    let mut scene = Scene::outbound_ssh(Some((1, &Secret::new("another"))));
    let known = KnownDevice { keys: vec![key(1)], ..with_secret("r1") };
    assert_eq!(scene.record(known), ["wrong-hmac", "hold 10"]);
}

#[test]
fn a_missing_hmac_is_refused_even_where_the_key_is_known() {
    let mut scene = Scene::outbound_ssh(None);
    let known = KnownDevice { keys: vec![key(1)], ..with_secret("r1") };
    assert_eq!(scene.record(known), ["missing-hmac", "hold 10"]);
}

#[test]
fn a_vouched_key_that_the_exchange_does_not_bring_is_refused() {
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    scene.record(with_secret("r1"));
    assert_eq!(scene.exchange(2), ["key-mismatch", "hold 10"]);
    assert_eq!(scene.wake(), 10);
    assert_eq!(scene.codes(), ["reject-key", "close"]);
}

#[test]
fn a_pinned_key_lets_a_device_without_secret_in() {
    let mut scene = Scene::outbound_ssh(None);
    assert_eq!(scene.record(with_keys("r1", &[1, 2])), ["start-ssh first 1,2"]);
    assert_eq!(scene.exchange(2), ["accept-key", "key-proven", "log-in r1"]);
}

#[test]
fn an_hmac_that_nobody_can_check_leaves_the_decision_to_the_pinned_key() {
    let mut scene = Scene::outbound_ssh(Some((2, &secret())));
    let codes = scene.record(with_keys("r1", &[1]));
    assert_eq!(codes, ["hmac-unchecked", "start-ssh first 1"]);
    assert_eq!(scene.exchange(1), ["accept-key", "key-proven", "log-in r1"]);
}

#[test]
fn a_changed_key_without_secret_is_shown_and_waits() {
    let mut scene = Scene::outbound_ssh(None);
    scene.record(with_keys("r1", &[1]));
    assert_eq!(scene.exchange(2), ["accept-key", "key-proven", "look-up key 2"]);
    scene.admission.handle_record(Record::unknown(), scene.now);
    let actions = scene.actions();
    let Action::Record(step) = &actions[0] else { panic!() };
    assert_eq!(step.code(), "key-changed");
    for shown in [key(1), key(2)] {
        assert!(step.message().contains(&shown.fingerprint().to_string()));
    }
    let Action::AwaitApproval { pending, .. } = &actions[1] else { panic!() };
    assert_eq!(pending.device, Some(DeviceName::new("r1").unwrap()));
    assert_eq!(pending.key.key(), &key(2));
}

#[test]
fn the_first_key_of_a_device_without_secret_waits() {
    let mut scene = Scene::outbound_ssh(None);
    assert_eq!(scene.record(device("r1")), ["start-ssh any"]);
    assert_eq!(scene.exchange(1), ["accept-key", "key-proven", "look-up key 1"]);
    assert_eq!(scene.record(Record::unknown()), ["first-key", "await-approval key 1"]);
}

#[test]
fn an_unknown_device_waits_with_its_proven_key() {
    let mut scene = Scene::outbound_ssh(None);
    assert_eq!(scene.record(Record::unknown()), ["start-ssh any"]);
    assert_eq!(scene.exchange(1), ["accept-key", "key-proven", "look-up key 1"]);
    assert_eq!(scene.record(Record::unknown()), ["unknown-device", "await-approval key 1"]);
}

#[test]
fn an_unknown_device_with_an_hmac_must_present_the_key_that_it_claims() {
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    assert_eq!(scene.record(Record::unknown()), ["start-ssh only 1"]);
    assert_eq!(scene.exchange(2), ["key-mismatch", "hold 10"]);
}

#[test]
fn a_key_in_force_for_another_device_is_cloned() {
    let cases = [
        (Some((2, secret())), Record::from(with_secret("r1"))),
        (None, Record::from(with_keys("r1", &[1]))),
        (None, Record::from(device("r1"))),
        (None, Record::unknown()),
    ];
    for (claimed, record) in cases {
        let mut scene =
            Scene::outbound_ssh(claimed.as_ref().map(|(number, secret)| (*number, secret)));
        scene.record(record);
        assert_eq!(scene.exchange(2).last().unwrap(), "look-up key 2");
        assert_eq!(scene.record(with_keys("r2", &[2])), ["cloned-key", "hold 10"]);
    }
}

#[test]
fn a_key_that_was_in_force_for_the_same_device_is_not_cloned() {
    let mut scene = Scene::outbound_ssh(Some((2, &secret())));
    scene.record(with_secret("r1"));
    scene.exchange(2);
    let codes = scene.record(with_secret("r1"));
    assert_eq!(codes, ["pin-key r1 2", "key-pinned", "log-in r1"]);
}

#[test]
fn an_unknown_device_id_does_not_matter_to_a_device_known_by_its_key_alone() {
    let mut scene = Scene::outbound_ssh(None);
    scene.record(Record::unknown());
    scene.exchange(1);
    assert_eq!(scene.record(by_key("edge", &[1])), ["known-by-key", "log-in edge"]);
}

#[test]
fn a_device_with_a_secret_is_never_known_by_its_key_under_another_device_id() {
    let mut scene = Scene::outbound_ssh(None);
    scene.record(Record::unknown());
    scene.exchange(1);
    let owner = KnownDevice { secret: Some(secret()), ..by_key("edge", &[1]) };
    assert_eq!(scene.record(owner), ["cloned-key", "hold 10"]);
}

#[test]
fn a_rejected_key_is_refused() {
    let cases = [Record::unknown(), device("r1").into(), with_secret("r1").into()];
    for record in cases {
        let mut scene = Scene::outbound_ssh(Some((1, &secret())));
        scene.record(record);
        scene.exchange(1);
        let rejected = Record { rejected: true, ..Record::unknown() };
        assert_eq!(scene.record(rejected), ["rejected", "hold 10"]);
    }
}

#[test]
fn from_a_blocked_source_strangers_are_refused_before_the_key_exchange() {
    let blocked = || Record { source_blocked: true, ..Record::unknown() };
    for claim in [None, Some((1, &secret()))] {
        let mut scene = Scene::outbound_ssh(claim);
        assert_eq!(scene.record(blocked()), ["source-blocked", "hold 10"]);
    }
    let mut scene = Scene::call_home();
    scene.exchange(1);
    assert_eq!(scene.record(blocked()), ["source-blocked", "hold 10"]);
}

#[test]
fn from_a_blocked_source_enrolled_devices_come_in() {
    let blocked = |device: KnownDevice| Record { source_blocked: true, ..device.into() };
    let mut scene = Scene::outbound_ssh(None);
    scene.record(blocked(with_keys("r1", &[1])));
    assert_eq!(scene.exchange(1).last().unwrap(), "log-in r1");
    let mut scene = Scene::call_home();
    scene.exchange(1);
    assert_eq!(scene.record(blocked(by_key("r1", &[1]))), ["log-in r1"]);
}

#[test]
fn a_blocked_device_is_refused() {
    let blocked = |device: KnownDevice| KnownDevice { blocked: true, ..device };
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    assert_eq!(scene.record(blocked(with_secret("r1"))), ["blocked", "hold 10"]);
    let mut scene = Scene::call_home();
    scene.exchange(1);
    assert_eq!(scene.record(blocked(by_key("r1", &[1]))), ["blocked", "hold 10"]);
}

#[test]
fn call_home_is_known_by_its_proven_key() {
    let mut scene = Scene::call_home();
    assert_eq!(scene.exchange(1), ["accept-key", "key-proven", "look-up key 1"]);
    assert_eq!(scene.record(by_key("r1", &[1, 2])), ["log-in r1"]);
    assert_eq!(scene.come_in(), ["logged-in", "admit r1", "in-session"]);
}

#[test]
fn call_home_with_an_unknown_key_waits() {
    let mut scene = Scene::call_home();
    scene.exchange(1);
    assert_eq!(scene.record(Record::unknown()), ["unknown-device", "await-approval key 1"]);
}

#[test]
fn call_home_with_the_key_of_two_devices_is_refused() {
    let mut scene = Scene::call_home();
    scene.exchange(1);
    let devices = vec![by_key("r1", &[1]), by_key("r2", &[1])];
    let codes = scene.record(Record { devices, ..Record::unknown() });
    assert_eq!(codes, ["ambiguous-key", "hold 10"]);
}

#[test]
fn one_device_id_may_be_enrolled_once_for_each_listener() {
    let on = |name: &str, listener: &str| KnownDevice {
        listener: Some(ListenerName::new(listener).unwrap()),
        ..with_keys(name, &[1])
    };
    let mut scene = Scene::outbound_ssh(None);
    let devices = vec![on("a", "2200"), on("b", "4334"), with_keys("c", &[1])];
    scene.record(Record { devices, ..Record::unknown() });
    assert_eq!(scene.exchange(1).last().unwrap(), "log-in b");

    let mut scene = Scene::outbound_ssh(None);
    assert_eq!(scene.record(on("a", "2200")), ["wrong-listener", "hold 10"]);

    let mut scene = Scene::outbound_ssh(None);
    let devices = vec![on("a", "4334"), on("b", "4334")];
    let codes = scene.record(Record { devices, ..Record::unknown() });
    assert_eq!(codes, ["ambiguous-device-id", "hold 10"]);
}

#[test]
fn one_box_with_a_stanza_for_each_listener_may_prove_one_key_for_both() {
    let named = |device: KnownDevice, id: &str| KnownDevice {
        device_id: Some(DeviceId::new(id).unwrap()),
        ..device
    };
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    scene.record(named(with_secret("east"), "r1"));
    scene.exchange(1);
    let codes = scene.record(named(with_keys("west", &[1]), "r1"));
    assert_eq!(codes, ["pin-key east 1", "key-pinned", "log-in east"]);

    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    scene.record(named(with_secret("east"), "r1"));
    scene.exchange(1);
    let codes = scene.record(named(with_keys("other", &[1]), "r2"));
    assert_eq!(codes, ["cloned-key", "hold 10"]);
}

#[test]
fn a_pinned_key_is_asked_for_first_and_a_vouched_one_alone() {
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQM=";
    let rsa = HostKey::parse(rsa).unwrap();
    let only = ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];
    assert_eq!(Offer::Keys(vec![rsa.clone()]).algorithms(), only);
    let first = Offer::KeysFirst(vec![rsa, key(1)]).algorithms();
    assert_eq!(&first[..4], ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-ed25519"]);
    assert_eq!(first.len(), Offer::ALL.len());
    assert_eq!(Offer::Any.algorithms(), Offer::ALL);
}

#[test]
fn the_secret_before_the_present_one_counts_while_it_is_kept() {
    let new = || Some(Secret::new("new"));
    let keys = || vec![key(1)];
    let rotated = KnownDevice {
        secret: new(),
        old_secret: Some(secret()),
        keys: keys(),
        ..with_secret("r1")
    };
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    assert_eq!(scene.record(rotated), ["hmac-old-secret", "start-ssh only 1"]);
    assert_eq!(scene.exchange(1), ["accept-key", "key-proven", "log-in r1"]);
    let ended = KnownDevice { secret: new(), keys: keys(), ..with_secret("r1") };
    let mut scene = Scene::outbound_ssh(Some((1, &secret())));
    assert_eq!(scene.record(ended), ["wrong-hmac", "hold 10"]);
}
