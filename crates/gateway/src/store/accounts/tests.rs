//! Users and tokens: what is written is there, also after the store is opened anew.

use std::path::Path;
use std::time::Duration;

use homing_proto::access::{Grant, OneTimePassword, Role, Selector, Token};

use super::*;
use crate::store::{AccountError, Change, Limits, WriteError};

fn open(folder: &Path) -> Store {
    Store::open(folder, &Limits::default()).unwrap()
}

fn ops() -> UserName {
    UserName::new("ops").unwrap()
}

fn key(number: u32) -> homing_proto::host_key::HostKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend_from_slice(&[9; 28]);
    blob.extend_from_slice(&number.to_be_bytes());
    homing_proto::host_key::HostKey::from_blob(&blob).unwrap()
}

async fn write(
    store: &Store,
    changes: impl IntoIterator<Item = AccountChange>,
) -> Result<(), WriteError> {
    store.write(changes.into_iter().map(Change::Account).collect()).await
}

fn viewer_of_fra() -> Grant {
    Grant { selector: Selector::parse("site=fra").unwrap(), ..Grant::of(Role::Viewer) }
}

fn add_key(number: u32) -> AccountChange {
    AccountChange::AddKey { user: ops(), key: key(number), comment: "jane@laptop".into() }
}

fn grant(grant: Grant) -> AccountChange {
    AccountChange::Grant { user: ops(), grant, by: "root".into() }
}

fn token(user: Option<UserName>, seed: u8) -> TokenRecord {
    let token = Token::compose(&[seed; Token::RANDOM]);
    TokenRecord {
        id: token.id(),
        user,
        label: "ci".into(),
        scope: viewer_of_fra(),
        digest: token.digest(),
        created_by: "root".into(),
        created_at: Timestamp::now(),
        last_used: None,
    }
}

/// A store with one user that has everything, and a program's token.
async fn filled(folder: &Path) -> Store {
    let store = open(folder);
    let digest = OneTimePassword::digest("k3v9-x2ab", &ops());
    let soon = Timestamp::now() + Duration::from_secs(900);
    let changes = [
        AccountChange::AddUser(ops()),
        add_key(1),
        add_key(2),
        grant(viewer_of_fra()),
        grant(Grant::of(Role::Admin)),
        AccountChange::SetPassword(ops(), digest, soon),
        AccountChange::AddToken(Box::new(token(Some(ops()), 1))),
        AccountChange::AddToken(Box::new(token(None, 2))),
    ];
    write(&store, changes).await.unwrap();
    store
}

#[tokio::test]
async fn users_and_tokens_are_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let (users, tokens) = (store.users(), store.tokens());
    assert_eq!((users.len(), tokens.len()), (1, 2));
    assert_eq!(users[0].keys.len(), 2);
    let numbers: Vec<u32> = users[0].grants.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 2]);
    drop(store);
    let store = open(folder.path());
    assert_eq!((store.users(), store.tokens()), (users, tokens));
    assert_eq!(store.users_by_key(&key(2).fingerprint())[0].name, ops());
}

#[tokio::test]
async fn with_a_user_goes_everything_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    write(&store, [AccountChange::RemoveUser(ops())]).await.unwrap();
    let check = |store: &Store| {
        assert!(store.users().is_empty());
        assert!(store.users_by_key(&key(1).fingerprint()).is_empty());
        let left: Vec<_> = store.tokens().iter().map(|token| token.user.clone()).collect();
        assert_eq!(left, [None]);
    };
    check(&store);
    drop(store);
    check(&open(folder.path()));
}

#[tokio::test]
async fn a_number_of_a_grant_is_never_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    write(&store, [AccountChange::Revoke(ops(), 2), grant(viewer_of_fra())]).await.unwrap();
    let user = store.user(&ops()).unwrap();
    let numbers: Vec<u32> = user.grants.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 3]);
}

#[tokio::test]
async fn a_one_time_password_is_taken_once_and_tried_five_times() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let digest = store.user(&ops()).unwrap().password.as_ref().unwrap().digest;
    write(&store, [AccountChange::TakePassword(ops(), digest)]).await.unwrap();
    let again = write(&store, [AccountChange::TakePassword(ops(), digest)]).await;
    assert_eq!(again, Err(AccountError::NoPassword(ops()).into()));
    assert_eq!(store.user(&ops()).unwrap().password, None);

    let soon = Timestamp::now() + Duration::from_secs(900);
    write(&store, [AccountChange::SetPassword(ops(), digest, soon)]).await.unwrap();
    for left in (0..5).rev() {
        write(&store, [AccountChange::SpendTry(ops())]).await.unwrap();
        let user = store.user(&ops()).unwrap();
        assert_eq!(user.password.as_ref().unwrap().tries_left, left);
    }
    write(&store, [AccountChange::SpendTry(ops())]).await.unwrap_err();
    drop(store);
    let store = open(folder.path());
    write(&store, [AccountChange::SpendTry(ops())]).await.unwrap_err();

    let past = Timestamp::now() - Duration::from_secs(1);
    write(&store, [AccountChange::SetPassword(ops(), digest, past)]).await.unwrap();
    write(&store, [AccountChange::SpendTry(ops())]).await.unwrap_err();
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let eve = UserName::new("eve").unwrap();
    for (change, code) in [
        (AccountChange::AddUser(ops()), "user-taken"),
        (AccountChange::RemoveUser(eve.clone()), "unknown-user"),
        (AccountChange::RemoveKey(ops(), key(9).fingerprint()), "unknown-key"),
        (AccountChange::Revoke(ops(), 9), "unknown-grant"),
        (AccountChange::SpendTry(eve.clone()), "unknown-user"),
        (AccountChange::AddToken(Box::new(token(None, 1))), "token-taken"),
        (AccountChange::AddToken(Box::new(token(Some(eve), 9))), "unknown-user"),
        (AccountChange::RemoveToken(token(None, 9).id), "unknown-token"),
    ] {
        let error = write(&store, [change]).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!error.is_outage());
    }
    assert_eq!(store.users().len(), 1);
}

#[tokio::test]
async fn keys_and_grants_of_a_user_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let keys = (3..70).map(add_key);
    let error = write(&store, keys).await.unwrap_err();
    assert_eq!(error.to_string(), "there are 64 keys already");
    let grants = (0..64).map(|_| grant(viewer_of_fra()));
    assert_eq!(write(&store, grants).await.unwrap_err().code(), "too-many");
    // One that is refused takes the others of its write with it.
    assert_eq!(store.user(&ops()).unwrap().keys.len(), 2);
}

#[tokio::test]
async fn the_last_use_is_written_at_the_next_occasion() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let id = token(Some(ops()), 1).id;
    let at = Timestamp::from_microsecond(1_700_000_000_000_000).unwrap();
    store.note_used(Used::Token(id.clone()), at);
    store.note_used(Used::Key(ops(), key(1).fingerprint()), at);
    store.note_used(Used::Key(UserName::new("gone").unwrap(), key(1).fingerprint()), at);
    assert_eq!(store.token(&id).unwrap().last_used, Some(at));
    store.flush().await.unwrap();
    let check = |store: &Store| {
        assert_eq!(store.token(&id).unwrap().last_used, Some(at));
        let user = store.user(&ops()).unwrap();
        let used: Vec<_> = user.keys.iter().filter_map(|key| key.last_used).collect();
        assert_eq!(used, [at]);
    };
    check(&store);
    drop(store);
    check(&open(folder.path()));
}
