//! Who is let in, with what rights, and who is not.

use std::time::Duration;

use homing_proto::access::{Grant, OneTimePassword, Right, Role, Selector};
use homing_proto::host_key::Secret;
use homing_proto::identity::DeviceName;

use super::*;
use crate::store::Limits;

struct Gate {
    access: Access,
    store: Store,
    _folder: tempfile::TempDir,
}

fn name(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

fn key(number: u8) -> HostKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend_from_slice(&[number; 32]);
    HostKey::from_blob(&blob).unwrap()
}

fn source() -> Option<SocketAddr> {
    Some("192.0.2.7:50000".parse().unwrap())
}

impl Gate {
    /// `ops` with keys 1 and 2 is viewer of fra; `eve` with keys 2 and 3 is nothing.
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &Limits::default()).unwrap();
        let access = Access::new(store.clone(), vec![key(100)]);
        let gate = Self { access, store, _folder: folder };
        let selector = Selector::parse("site=fra").unwrap();
        let grant = Grant { selector, ..Grant::of(Role::Viewer) };
        gate.write(AccountChange::AddUser(name("ops"))).await;
        gate.write(AccountChange::AddUser(name("eve"))).await;
        for (user, number) in [("ops", 1), ("ops", 2), ("eve", 2), ("eve", 3)] {
            let (user, comment) = (name(user), String::new());
            gate.write(AccountChange::AddKey { user, key: key(number), comment }).await;
        }
        gate.write(AccountChange::Grant { user: name("ops"), grant, by: "root".into() }).await;
        gate
    }

    async fn write(&self, change: AccountChange) {
        self.access.write_one(change).await.unwrap();
    }

    async fn token(&self, user: Option<&str>, role: Role, lifetime: i64) -> Token {
        let user = user.map(name);
        let seed = u8::try_from(self.store.tokens().len()).unwrap();
        let token = Token::compose(&[seed; Token::RANDOM]);
        let end = Timestamp::now() + jiff::SignedDuration::from_secs(lifetime);
        let record = TokenRecord {
            id: token.id(),
            user,
            label: "ci".into(),
            scope: Grant { expires_at: Some(end), ..Grant::of(role) },
            digest: token.digest(),
            created_by: "root".into(),
            created_at: Timestamp::now(),
            last_used: None,
        };
        self.write(AccountChange::AddToken(Box::new(record))).await;
        token
    }

    async fn password(&self, text: &str) {
        let soon = Timestamp::now() + Duration::from_secs(60);
        let digest = OneTimePassword::digest(text, &name("ops"));
        self.write(AccountChange::SetPassword(name("ops"), digest, soon)).await;
    }

    async fn try_password(&self, user: &str, text: &str) -> Result<Operator, PasswordRefused> {
        self.access.by_one_time_password(user, &Secret::new(text), None).await
    }
}

/// The role on a device of fra.
fn role(operator: &Operator) -> Option<Role> {
    let tags = [("site".to_owned(), "fra".to_owned())].into();
    operator.role_on(&DeviceName::new("mx1").unwrap(), &tags, Timestamp::now())
}

#[tokio::test]
async fn a_key_is_its_users() {
    let gate = Gate::open().await;
    let ops = gate.access.by_key(Some("ops"), &key(1), source()).unwrap();
    assert_eq!((ops.name(), role(&ops)), ("ops", Some(Role::Viewer)));
    assert_eq!(ops.credential(), format!("key {}", key(1).fingerprint()));
    assert_eq!(gate.access.by_key(Some("eve"), &key(1), source()), None);
    assert_eq!(gate.access.by_key(Some("nobody"), &key(1), source()), None);
    assert_eq!(role(&gate.access.by_key(Some("eve"), &key(3), source()).unwrap()), None);
    gate.store.flush().await.unwrap();
    let used = &gate.store.user(&name("ops")).unwrap().keys;
    assert!(used.iter().any(|one| one.key == key(1) && one.last_used.is_some()));
}

#[tokio::test]
async fn without_a_name_a_key_must_have_one_owner() {
    let gate = Gate::open().await;
    assert_eq!(gate.access.by_key(None, &key(1), None).unwrap().name(), "ops");
    assert_eq!(gate.access.by_key(None, &key(2), None), None);
    assert_eq!(gate.access.by_key(None, &key(9), None), None);
    assert_eq!(gate.access.by_key(Some("ops"), &key(2), None).unwrap().name(), "ops");
}

#[tokio::test]
async fn a_token_gives_no_more_than_its_scope_and_its_user() {
    let gate = Gate::open().await;
    let wide = gate.token(Some("ops"), Role::Admin, 60).await;
    let ops = gate.access.by_token(wide.expose(), source()).unwrap();
    assert_eq!((ops.name(), role(&ops)), ("ops", Some(Role::Viewer)));
    assert!(ops.anywhere(Right::View, Timestamp::now()).is_err());
    let program = gate.token(None, Role::Operator, 60).await;
    let program = gate.access.by_token(program.expose(), source()).unwrap();
    assert_eq!((program.name(), role(&program)), ("token:ci", Some(Role::Operator)));
}

#[tokio::test]
async fn a_token_that_is_unknown_expired_or_altered_is_refused() {
    let gate = Gate::open().await;
    let old = gate.token(None, Role::Admin, -1).await;
    let expired = TokenRefused::Expired(old.id());
    assert_eq!(gate.access.by_token(old.expose(), source()), Err(expired));
    let good = gate.token(None, Role::Admin, 60).await;
    let altered = format!("{}0", &good.expose()[..good.expose().len() - 1]);
    for text in ["", "hmt_", "Bearer", altered.as_str()] {
        assert_eq!(gate.access.by_token(text, source()), Err(TokenRefused::Unknown), "{text}");
    }
    gate.write(AccountChange::RemoveToken(good.id())).await;
    assert_eq!(gate.access.by_token(good.expose(), source()), Err(TokenRefused::Unknown));
}

#[tokio::test]
async fn who_guesses_tokens_must_wait_and_who_has_one_need_not() {
    let gate = Gate::open().await;
    let good = gate.token(None, Role::Admin, 60).await;
    for _ in 0..11 {
        assert_eq!(gate.access.by_token("hmt_x", source()), Err(TokenRefused::Unknown));
    }
    let error = gate.access.by_token("hmt_x", source()).unwrap_err();
    assert_eq!(error.code(), "too-many-failures");
    let elsewhere = Some("192.0.2.8:1".parse().unwrap());
    assert_eq!(gate.access.by_token("hmt_x", elsewhere), Err(TokenRefused::Unknown));
    assert!(gate.access.by_token(good.expose(), source()).is_ok());
}

#[tokio::test]
async fn a_program_with_a_bad_token_slows_nobody_down_who_logs_in_from_the_same_address() {
    let gate = Gate::open().await;
    for _ in 0..40 {
        let _ = gate.access.by_token("hmt_x", source());
    }
    assert!(gate.access.check(source(), Some("ops")).is_ok());
    assert!(gate.access.by_key(Some("ops"), &key(1), source()).is_some());
    assert!(
        gate.access.by_token("hmt_x", source()).is_err_and(|it| it.code() == "too-many-failures")
    );
}

#[tokio::test(start_paused = true)]
async fn a_one_time_password_is_good_once() {
    let gate = Gate::open().await;
    gate.password("k3v9-x2ab-8fm1-w0qr").await;
    let ops = gate.try_password("ops", "K3V9X2AB8FM1WOQR").await.unwrap();
    assert_eq!((ops.name(), ops.credential()), ("ops", "one-time password"));
    let again = gate.try_password("ops", "K3V9X2AB8FM1WOQR").await.unwrap_err();
    assert_eq!(again.code(), "no-one-time-password");
}

#[tokio::test(start_paused = true)]
async fn after_five_wrong_tries_the_right_one_comes_too_late() {
    let gate = Gate::open().await;
    gate.password("k3v9-x2ab-8fm1-w0qr").await;
    for tries_left in (0..5).rev() {
        let error = gate.try_password("ops", "wrong").await.unwrap_err();
        assert_eq!(error, PasswordRefused::Wrong { user: name("ops"), tries_left });
    }
    let error = gate.try_password("ops", "k3v9-x2ab-8fm1-w0qr").await.unwrap_err();
    assert_eq!(error.code(), "no-one-time-password");
}

#[tokio::test(start_paused = true)]
async fn two_logins_at_once_with_one_password_let_one_in() {
    let gate = Gate::open().await;
    gate.password("k3v9").await;
    let (one, other) =
        tokio::join!(gate.try_password("ops", "k3v9"), gate.try_password("ops", "k3v9"));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_takes_as_long_whoever_is_asked_for() {
    let gate = Gate::open().await;
    gate.password("k3v9").await;
    for user in ["ops", "eve", "nobody", "No Name"] {
        let began = tokio::time::Instant::now();
        gate.try_password(user, "wrong").await.unwrap_err();
        assert!(began.elapsed() >= Duration::from_millis(500), "{user}");
    }
}

#[tokio::test]
async fn a_certificate_is_for_its_principals() {
    let gate = Gate::open().await;
    let of = |ca, principals: &[&str]| Certificate {
        ca: key(ca),
        key: key(50),
        principals: principals.iter().map(|one| (*one).to_owned()).collect(),
        key_id: "jane@example.net".into(),
        serial: 7,
    };
    let ask = |user, certificate| gate.access.by_certificate(user, &certificate, source());
    let ops = ask(Some("ops"), of(100, &["root", "ops"])).unwrap();
    let ca = key(100).fingerprint();
    assert_eq!(ops.credential(), format!("certificate jane@example.net serial 7 of {ca}"));
    assert_eq!(ask(None, of(100, &["root", "ops"])).unwrap().name(), "ops");
    for (user, certificate, code) in [
        (Some("ops"), of(1, &["ops"]), "certificate-unknown-authority"),
        (Some("ops"), of(100, &["eve"]), "certificate-other-principal"),
        (Some("ops"), of(100, &[]), "certificate-other-principal"),
        (None, of(100, &[]), "certificate-unknown-user"),
        (None, of(100, &["ops", "eve"]), "certificate-unknown-user"),
        (Some("root"), of(100, &["root"]), "certificate-unknown-user"),
    ] {
        assert_eq!(ask(user, certificate).unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn what_is_taken_away_is_gone_from_those_who_are_in() {
    let gate = Gate::open().await;
    let mut changes = gate.access.changes();
    let token = gate.token(Some("ops"), Role::Admin, 60).await;
    let by_token = gate.access.by_token(token.expose(), None).unwrap();
    let by_key = gate.access.by_key(Some("ops"), &key(1), None).unwrap();
    assert_eq!(gate.access.renew(&by_key), Some(by_key.clone()));
    assert_eq!(gate.access.renew(&by_token), Some(by_token.clone()));
    changes.mark_unchanged();
    gate.write(AccountChange::Revoke(name("ops"), 1)).await;
    assert!(changes.has_changed().unwrap());
    assert_eq!(role(&gate.access.renew(&by_key).unwrap()), None);
    assert_eq!(role(&gate.access.renew(&by_token).unwrap()), None);
    gate.write(AccountChange::RemoveKey(name("ops"), key(1).fingerprint())).await;
    assert_eq!(gate.access.renew(&by_key), None);
    gate.write(AccountChange::RemoveUser(name("ops"))).await;
    assert_eq!(gate.access.renew(&by_token), None);
    let root = Operator::local("root");
    assert_eq!(gate.access.renew(&root), Some(root.clone()));
}

#[tokio::test]
async fn what_is_revoked_is_not_let_in_and_those_who_are_in_are_looked_at_again() {
    let gate = Gate::open().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("revoked");
    std::fs::write(&path, "# nobody yet\n").unwrap();
    let mut list = RevocationList::new(&["serial:99".into(), path.display().to_string()]);
    gate.access.revoke(list.refresh().unwrap().unwrap());
    assert!(list.refresh().unwrap().is_none(), "nothing has changed");
    let certificate = Certificate {
        ca: key(100),
        key: key(50),
        principals: vec!["ops".to_owned()],
        key_id: "jane@example.net".into(),
        serial: 7,
    };
    let by_certificate = || gate.access.by_certificate(Some("ops"), &certificate, source());
    assert!(by_certificate().is_ok() && !gate.access.is_revoked(&certificate));
    let by_key = gate.access.by_key(Some("ops"), &key(1), source()).unwrap();
    let mut changes = gate.access.changes();
    changes.mark_unchanged();
    let text = format!("id:jane@example.net\n{}\n", key(1).fingerprint());
    std::fs::write(&path, text).unwrap();
    gate.access.revoke(list.refresh().unwrap().unwrap());
    assert!(changes.has_changed().unwrap() && gate.access.is_revoked(&certificate));
    assert_eq!(by_certificate().unwrap_err().code(), "certificate-revoked");
    assert_eq!(gate.access.renew(&by_key), None);
    assert_eq!(gate.access.by_key(Some("ops"), &key(1), source()), None);
    std::fs::write(&path, "no revocation").unwrap();
    let error = list.refresh().unwrap_err();
    assert_eq!(error.code(), "invalid-revocation");
    assert!(gate.access.is_revoked(&certificate), "the old list stays in force");
}
