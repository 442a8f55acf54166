//! What a request comes to.

use std::time::Duration;

use homing_proto::api::Password;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

#[derive(Default)]
struct Enrolled(Vec<Arc<DeviceRecord>>);

impl Known for Enrolled {
    fn device(&self, name: &DeviceName) -> Option<Arc<DeviceRecord>> {
        self.0.iter().find(|device| device.name == *name).cloned()
    }

    fn by_device_id(&self, id: &DeviceId) -> Vec<Arc<DeviceRecord>> {
        self.0.iter().filter(|device| device.device_id.as_ref() == Some(id)).cloned().collect()
    }

    fn by_host_key(&self, key: &HostKey) -> Vec<Arc<DeviceRecord>> {
        let has = |device: &&Arc<DeviceRecord>| device.pinned().any(|pinned| pinned.key == *key);
        self.0.iter().filter(has).cloned().collect()
    }
}

fn name(text: &str) -> DeviceName {
    DeviceName::new(text).unwrap()
}

fn key() -> HostKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend_from_slice(&[9; 32]);
    HostKey::from_blob(&blob).unwrap()
}

/// One device `mx1` with device-id `site7.mx1`, a pinned key, an address and a label.
fn enrolled() -> Enrolled {
    use homing_proto::api::{Key, KeyState};
    let key = Key {
        fingerprint: key().fingerprint(),
        key: key(),
        state: KeyState::Pinned,
        source: KeySource::Hmac,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: None,
    };
    Enrolled(vec![Arc::new(DeviceRecord {
        name: name("mx1"),
        device_id: Some(DeviceId::new("site7.mx1").unwrap()),
        user: Some("ops".into()),
        addresses: vec!["gw9.example.net:2200".into()],
        tags: [("site".to_owned(), "fra".to_owned())].into(),
        listener: None,
        blocked: false,
        secret: Some(Secret::new("old")),
        secret_issued_at: Some(Timestamp::UNIX_EPOCH),
        old_secret: None,
        password: None,
        keys: vec![key],
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    })])
}

fn terms() -> Terms {
    Terms {
        addresses: vec![DialAddress::parse("gw1.example.net:4334", 1).unwrap()],
        user: "homing".into(),
        keep_alive: KeepAlive { retry: 3, timeout: Duration::from_secs(15) },
        gateway_key: "ssh-ed25519 AAAA homing".into(),
        listeners: vec![ListenerName::new("4334").unwrap()],
    }
}

fn request(device: &str) -> Enroll {
    serde_json::from_value(serde_json::json!({ "name": device })).unwrap()
}

fn planned(request: &Enroll) -> Result<Plan, EnrollError> {
    plan(request, &enrolled(), &terms(), Secret::new("fresh"), NOW)
}

#[test]
fn a_name_alone_is_enough() {
    let plan = planned(&request("mx2")).unwrap();
    let [Change::Insert(device)] = plan.changes.as_slice() else { panic!("{plan:?}") };
    assert_eq!(device.device_id, Some(DeviceId::new("mx2").unwrap()));
    assert_eq!(device.secret, Some(Secret::new("fresh")));
    assert!(device.addresses.is_empty() && device.user.is_none());
    assert_eq!(plan.stanza.addresses, terms().addresses);
    assert_eq!(plan.stanza.user, "homing");
    assert!(plan.stanza.gateway_key.is_some() && !plan.is_rotation);
}

#[test]
fn without_a_secret_the_stanza_has_none() {
    let request = Enroll { secret: false, ..request("mx2") };
    assert_eq!(planned(&request).unwrap().stanza.secret, None);
}

#[test]
fn with_a_password_the_stanza_installs_no_key() {
    let password = Some(Password::new("pässword".into()));
    let plan = planned(&Enroll { password, ..request("mx2") }).unwrap();
    assert_eq!(plan.stanza.gateway_key, None);
    let empty = Some(Password::new(String::new()));
    assert_eq!(
        planned(&Enroll { password: empty, ..request("mx2") }).unwrap_err(),
        EnrollError::Password
    );
}

#[test]
fn a_rotation_changes_the_secret_and_keeps_the_rest() {
    let request = Enroll { rotate_secret: true, ..request("mx1") };
    let plan = planned(&request).unwrap();
    let [Change::Update(_, update)] = plan.changes.as_slice() else { panic!("{plan:?}") };
    assert_eq!(update.secret, Some(Some(Secret::new("fresh"))));
    assert!(update.addresses.is_none() && update.user.is_none() && update.password.is_none());
    assert_eq!(update.tags.as_ref().unwrap()["site"], "fra");
    assert_eq!(plan.stanza.device_id.as_str(), "site7.mx1");
    assert_eq!(plan.stanza.addresses[0].to_string(), "gw9.example.net:2200");
    assert_eq!(plan.stanza.user, "ops");
    assert!(plan.is_rotation);
}

#[test]
fn what_collides_is_named_with_the_line_to_type() {
    let taken = planned(&request("mx1")).unwrap_err();
    assert_eq!(taken, EnrollError::NameTaken(name("mx1")));
    assert!(taken.hint().unwrap().contains("homing enroll mx1 --rotate-secret"));
    let nobody = planned(&Enroll { rotate_secret: true, ..request("mx2") }).unwrap_err();
    assert_eq!(nobody, EnrollError::UnknownDevice(name("mx2")));
    let device_id = Some(DeviceId::new("site7.mx1").unwrap());
    let theirs = planned(&Enroll { device_id, ..request("mx2") }).unwrap_err();
    assert_eq!(theirs.code(), "device-id-taken");
    let implied = planned(&request("site7.mx1")).unwrap_err();
    assert_eq!(implied.code(), "device-id-taken");
    let elsewhere = Enroll { listener: Some("4334".into()), ..request("site7.mx1") };
    assert!(planned(&elsewhere).is_ok(), "a listener of its own tells it from mx1");
    let cloned = planned(&Enroll { host_keys: vec![key()], ..request("mx2") }).unwrap_err();
    assert_eq!(cloned.code(), "key-pinned-elsewhere");
    assert!(cloned.to_string().ends_with("is pinned to mx1"));
    let host_keys = vec![key()];
    assert!(planned(&Enroll { host_keys, ..elsewhere }).is_ok(), "the same box, by its device-id");
}

#[test]
fn keys_given_twice_are_pinned_once_and_a_devices_own_again() {
    let host_keys = vec![key(), key()];
    let request = Enroll { host_keys, rotate_secret: true, ..request("mx1") };
    assert_eq!(planned(&request).unwrap().changes.len(), 2);
}

#[test]
fn what_is_malformed_is_named() {
    let with = |change: fn(&mut Enroll)| {
        let mut request = request("mx2");
        change(&mut request);
        planned(&request).unwrap_err()
    };
    let errors = [
        with(|r| r.addresses = vec!["gw 1".into()]),
        with(|r| r.addresses = vec!["gw:1".into(), "gw:2".into()]),
        with(|r| r.addresses = vec!["gw".into(); 33]),
        with(|r| r.user = Some("a b".into())),
        with(|r| r.listener = Some("2200".into())),
        with(|r| r.tags = [("a b".to_owned(), String::new())].into()),
        with(|r| r.tags = [("a".to_owned(), "\u{1b}[2J".to_owned())].into()),
        with(|r| r.device_id = DeviceId::new("a: b").ok()),
        with(|r| r.device_id = DeviceId::new("x".repeat(100)).ok()),
    ];
    let codes = errors.each_ref().map(EnrollError::code);
    assert_eq!(
        codes,
        [
            "invalid-address",
            "invalid-address",
            "too-many",
            "invalid-user",
            "unknown-listener",
            "invalid-tag",
            "invalid-tag",
            "unsendable-device-id",
            "unsendable-device-id",
        ]
    );
    for error in errors {
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn without_any_address_nothing_is_enrolled() {
    let nowhere = Terms { addresses: Vec::new(), ..terms() };
    let planned =
        |request: &Enroll| plan(request, &enrolled(), &nowhere, Secret::new("fresh"), NOW);
    assert_eq!(planned(&request("mx2")).unwrap_err(), EnrollError::NoAddress);
    let addresses = vec!["192.0.2.1".to_owned()];
    let plan = planned(&Enroll { addresses, ..request("mx2") }).unwrap();
    assert_eq!(plan.stanza.addresses[0].to_string(), "192.0.2.1:4334");
}

#[test]
fn the_old_secret_counts_beside_the_new_one_unless_somebody_else_knows_it() {
    let kept = |request: &Enroll, old: &DeviceRecord| {
        let known = vec![Arc::new(old.clone())];
        let plan = plan(request, &Enrolled(known), &terms(), Secret::new("fresh"), NOW).unwrap();
        let Some(Change::Update(_, update)) = plan.changes.into_iter().next() else { panic!() };
        update.old_secret.unwrap()
    };
    let week = NOW.checked_add(OLD_SECRET_KEPT).unwrap();
    let rotate = Enroll { rotate_secret: true, secret: true, ..request("mx1") };
    let device = (*enrolled().0[0]).clone();
    let present = device.secret.clone().unwrap();
    assert_eq!(kept(&rotate, &device), Some((present, week)));
    // A second new secret, before the first was seen: the device still has the one before both.
    let first = (Secret::new("first"), NOW.checked_add(SignedDuration::from_hours(1)).unwrap());
    let twice = DeviceRecord { old_secret: Some(first.clone()), ..device.clone() };
    assert_eq!(kept(&rotate, &twice), Some(first));
    assert_eq!(kept(&Enroll { at_once: true, ..rotate.clone() }, &device), None);
    assert_eq!(kept(&Enroll { secret: false, ..rotate }, &device), None);
}
