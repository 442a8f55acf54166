//! The texts: every end has a code of its own, a sentence, and says what to type.

use std::collections::BTreeMap;

use super::*;
use crate::host_key::Fingerprint;
use crate::initiation::InitiationError;
use crate::opening::OpeningError;

fn name(text: &str) -> DeviceName {
    DeviceName::new(text).unwrap()
}

fn stanza() -> Stanza {
    Stanza { device: name("r1"), client_id: Some(ClientId::new("homing").unwrap()) }
}

fn log_in_refused(with_password: bool, gateway_key: Option<&str>) -> Outcome {
    Outcome::LogInRefused {
        device: name("r1"),
        user: Excerpt::new("homing"),
        with_password,
        methods: vec![Excerpt::new("password")],
        gateway_key: gateway_key.map(str::to_owned),
    }
}

fn fingerprint(number: u8) -> Fingerprint {
    key(number).fingerprint()
}

fn all() -> Vec<Outcome> {
    let why = || Excerpt::new("why");
    vec![
        Outcome::Opening(OpeningError::Unknown(why())),
        Outcome::Opening(OpeningError::UntrustedProxy),
        Outcome::Opening(OpeningError::Initiation(InitiationError::TooLong)),
        Outcome::Tls,
        Outcome::Silent,
        Outcome::ClosedSilently,
        Outcome::TimedOut(Stage::Opening),
        Outcome::TimedOut(Stage::LogIn),
        Outcome::Lost(Stage::LogIn),
        Outcome::Blocked { device: name("r1") },
        Outcome::Rejected { key: fingerprint(1) },
        Outcome::SourceBlocked { source: [198, 51, 100, 7].into() },
        Outcome::WrongListener { device: name("r1"), expected: ListenerName::new("2200").unwrap() },
        Outcome::AmbiguousDeviceId {
            device_id: device_id("r1"),
            devices: vec![name("a"), name("b")],
        },
        Outcome::MissingMac(stanza()),
        Outcome::WrongMac(stanza()),
        Outcome::KeyMismatch { claimed: fingerprint(1), presented: fingerprint(2) },
        Outcome::ClonedKey {
            key: fingerprint(1),
            device_id: Some(device_id("r 2")),
            owners: vec![name("r1")],
        },
        Outcome::AmbiguousKey { key: fingerprint(1), owners: vec![name("a"), name("b")] },
        Outcome::NoCommonAlgorithm { purpose: "host key", theirs: vec![why()] },
        Outcome::Ssh(why()),
        log_in_refused(false, None),
        Outcome::ChannelRefused(why()),
        Outcome::NoNetconf(stanza()),
        Outcome::BadHello(why()),
        Outcome::Stale,
        Outcome::DuplicateDevice { device: name("r1"), key: fingerprint(1) },
        Outcome::StoreFailed,
        Outcome::Overloaded,
        Outcome::Replaced,
        Outcome::Stopping,
    ]
}

#[test]
fn every_outcome_has_a_code_of_its_own() {
    let mut seen = BTreeMap::new();
    for outcome in all() {
        let code = outcome.code();
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{code}");
        assert_eq!(seen.insert(code, outcome), None, "{code}");
    }
}

#[test]
fn every_sentence_is_lower_case_without_a_full_stop() {
    for outcome in all() {
        let message = outcome.message();
        assert!(!message.is_empty() && !message.ends_with('.'), "{message}");
        let first = message.split(' ').next().unwrap();
        let is_word = first.chars().skip(1).all(char::is_lowercase);
        assert!(!(is_word && first.starts_with(char::is_uppercase)), "{message}");
    }
}

#[test]
fn whatever_an_operator_must_mend_has_advice() {
    for outcome in all().into_iter().filter(|outcome| outcome.fault() == Fault::Operator) {
        let advice = outcome.advice().unwrap_or_else(|| panic!("{outcome:?}"));
        assert!(!advice.lines().is_empty());
    }
}

#[test]
fn a_wrong_secret_is_mended_with_a_new_one() {
    for outcome in [Outcome::WrongMac(stanza()), Outcome::MissingMac(stanza())] {
        let advice = outcome.advice().unwrap().to_string();
        let expected = "on the gateway: homing enroll r1 --rotate-secret\n\
            on the device: set system services outbound-ssh client homing secret \"<the new secret>\"";
        assert_eq!(advice, expected);
    }
    let message = Outcome::WrongMac(stanza()).message();
    assert_eq!(message, "the secret on r1 is not the one that was issued");
}

#[test]
fn a_refused_login_is_mended_with_the_gateways_key() {
    let advice = log_in_refused(false, Some("ssh-ed25519 AAAA")).advice().unwrap();
    let expected = "on the device: set system login user homing class super-user\n\
        on the device: set system login user homing authentication ssh-ed25519 \"ssh-ed25519 AAAA\"\n\
        behind the system's own sshd: the user must be there, with the key in its authorized_keys";
    assert_eq!(advice.to_string(), expected);
    let advice = log_in_refused(false, Some("ecdsa-sha2-nistp256 AAAA")).advice().unwrap();
    assert!(advice.to_string().contains("authentication ssh-ecdsa \"ecdsa-sha2-nistp256 AAAA\""));
    let advice = log_in_refused(true, Some("ssh-ed25519 AAAA")).advice().unwrap();
    assert!(advice.to_string().contains("homing enroll r1 --ask-password"));
}

#[test]
fn a_refused_netconf_is_mended_in_the_stanza() {
    let stanza = Stanza { client_id: None, ..stanza() };
    let advice = Outcome::NoNetconf(stanza).advice().unwrap().to_string();
    let line = "set system services outbound-ssh client <client> services netconf";
    assert!(advice.contains(line), "{advice}");
}

#[test]
fn a_cloned_key_may_be_a_new_device_id() {
    let outcome = Outcome::ClonedKey {
        key: fingerprint(1),
        device_id: Some(device_id("r 2")),
        owners: vec![name("r1")],
    };
    let advice = outcome.advice().unwrap().to_string();
    assert!(advice.contains("homing enroll r1 --device-id 'r 2'"), "{advice}");
}

#[test]
fn a_pending_key_is_compared_then_accepted_or_rejected() {
    let reason =
        PendingReason::Unknown { device_id: Some(device_id("r 1")), key: key(1), with_mac: true };
    let key = fingerprint(1);
    assert_eq!(reason.code(), "unknown-device");
    let message = format!(
        "no device is enrolled with device-id r 1; its host key is {key}; \
         it sent an HMAC, but no secret is known for it"
    );
    assert_eq!(reason.message(), message);
    let advice = format!(
        "on the device: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n\
         on the gateway: homing device accept {key} --name <name>\n\
         on the gateway: homing device reject {key}\n\
         on the gateway: homing enroll <name> --device-id 'r 1'"
    );
    assert_eq!(reason.advice().to_string(), advice);
}

#[test]
fn no_text_shows_a_secret() {
    let known = with_secret("r1");
    let shown = format!("{known:?} {:?}", Record::from(known.clone()));
    assert!(shown.contains("<secret>") && !shown.contains("Juniper123"));
}

/// One line of every kind that is no end.
fn steps() -> Vec<Step> {
    let key = fingerprint(1);
    vec![
        Step::OutboundSsh { device_id: device_id("r1"), with_mac: true },
        Step::CallHome,
        Step::MacRight,
        Step::MacOld,
        Step::MacUnchecked,
        Step::KeyProven { key },
        Step::KnownByKey,
        Step::KeyPinned { key },
        Step::KeyReplaced { key, replaces: vec![fingerprint(2)] },
        Step::Pending(PendingReason::Unknown {
            device_id: Some(device_id("r1")),
            key: super::key(1),
            with_mac: false,
        }),
        Step::Pending(PendingReason::FirstKey { device: name("r1"), key: super::key(1) }),
        Step::Pending(PendingReason::KeyChanged {
            device: name("r1"),
            key: super::key(1),
            pinned: vec![fingerprint(2)],
        }),
        Step::Approved,
        Step::LoggedIn { user: Excerpt::new("homing") },
        Step::InSession,
        Step::TookOver { displaced: crate::identity::SessionId(3) },
    ]
}

/// The table of `docs/timeline.md`.
fn table() -> String {
    let mut table = String::new();
    for step in steps().into_iter().chain(all().into_iter().map(Step::Ended)) {
        let fault = step.fault().map_or("", Fault::as_str);
        let advice = step.advice().map_or(String::new(), |advice| advice.to_string());
        let advice = advice.replace('\n', "<br>");
        let cells = [step.code(), fault, &step.message(), &advice].map(|cell| {
            cell.replace('|', "\\|").replace("<client>", "`client`").replace('<', "&lt;")
        });
        let [code, fault, message, advice] = cells;
        let advice = advice.replace("&lt;br>", "<br>");
        table.push_str(&format!("| `{code}` | {fault} | {message} | {advice} |\n"));
    }
    table
}

#[test]
fn the_documented_timeline_is_the_real_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/timeline.md");
    let documented = std::fs::read_to_string(path).unwrap();
    let (introduction, rows) = documented.split_once("|---|---|---|---|\n").unwrap();
    if std::env::var_os("HOMING_REWRITE").is_some() {
        std::fs::write(path, format!("{introduction}|---|---|---|---|\n{}", table())).unwrap();
    } else {
        assert_eq!(rows, table(), "HOMING_REWRITE=1 cargo test -p homing-proto writes it anew");
    }
}

#[test]
fn fields_name_the_keys_of_the_sentence() {
    for step in steps().into_iter().chain(all().into_iter().map(Step::Ended)) {
        let message = step.message();
        for (field, value) in step.fields() {
            let is_shown =
                message.contains(&value) || ["hmac", "stage", "expected"].contains(&field);
            assert!(is_shown, "{field} = {value} in {message}");
        }
        let says_key = message.contains("SHA256:");
        assert_eq!(says_key, step.fields().iter().any(|(field, _)| *field == "key"), "{message}");
    }
}
