//! Who may manage users and tokens, and what it leaves behind.

use homing_proto::access::{Grant, Role, Selector};
use homing_proto::host_key::Secret;

use super::*;
use crate::store::{AuditQuery, EventQuery, Limits};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJj/Z8u2HuKBbNTTVtKqBGGjQGpXyHwTz9Wx2NTpWVgC jane@laptop";

struct Managed {
    accounts: Accounts,
    store: Store,
    folder: tempfile::TempDir,
}

fn root() -> Operator {
    Operator::local("root")
}

fn add(name: &str, role: Option<Role>) -> api::AddUser {
    api::AddUser {
        name: UserName::new(name).unwrap(),
        role,
        selector: Selector::every(),
        expires_at: None,
    }
}

impl Managed {
    /// `jane` is admin, `ops` viewer, of everything.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &Limits::default()).unwrap();
        let access = Access::new(store.clone(), Vec::new());
        let accounts = Accounts::new(store.clone(), access);
        accounts.add_user(add("jane", Some(Role::Admin)), &root()).await.unwrap();
        accounts.add_user(add("ops", Some(Role::Viewer)), &root()).await.unwrap();
        Self { accounts, store, folder }
    }

    fn logged_in(&self, name: &str) -> Operator {
        let user = self.store.user(&UserName::new(name).unwrap()).unwrap();
        Operator::new(name, user.granted(), Via::Ssh, None, "one-time password")
    }

    async fn token(&self, request: api::CreateToken, operator: &Operator) -> api::IssuedToken {
        self.accounts.create_token(request, operator).await.unwrap()
    }
}

#[tokio::test]
async fn only_an_admin_of_everything_manages_users() {
    let managed = Managed::start().await;
    let accounts = &managed.accounts;
    let of_fra = Grant { selector: Selector::parse("site=fra").unwrap(), ..Grant::of(Role::Admin) };
    let of_fra = Operator::new("ops", vec![of_fra], Via::Ssh, None, "x");
    for operator in [managed.logged_in("ops"), of_fra] {
        let key = api::AddKey { key: KEY.to_owned() };
        let refusals = [
            accounts.users(&operator).await.unwrap_err(),
            accounts.user("jane", &operator).await.unwrap_err(),
            accounts.add_user(add("eve", Some(Role::Admin)), &operator).await.unwrap_err(),
            accounts.remove_user("jane", &operator).await.unwrap_err(),
            accounts.add_key("ops", key, &operator).await.unwrap_err(),
            accounts.remove_key("jane", "SHA256:x", &operator).await.unwrap_err(),
            accounts.grant("ops", Grant::of(Role::Admin), &operator).await.unwrap_err(),
            accounts.revoke("jane", 1, &operator).await.unwrap_err(),
            accounts.one_time_password("jane", &operator).await.unwrap_err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.code(), "access-denied", "{refusal}");
        }
        assert_eq!(accounts.user("ops", &operator).await.unwrap().name.as_str(), "ops");
    }
    // Who tried to change something is told; who only looked is not.
    managed.store.flush().await.unwrap();
    let asked = AuditQuery { actions: vec!["access-denied".to_owned()], ..AuditQuery::default() };
    let told = managed.store.audit(asked).await.unwrap();
    assert_eq!(told.len(), 2 * 7);
    assert!(told.iter().all(|one| one.entry.result == "refused:access-denied"));
    let jane = managed.logged_in("jane");
    assert_eq!(accounts.users(&jane).await.unwrap().len(), 2);
    accounts.remove_user("ops", &jane).await.unwrap();
}

#[tokio::test]
async fn a_user_shows_its_keys_grants_and_tokens() {
    let managed = Managed::start().await;
    let accounts = &managed.accounts;
    let key = api::AddKey { key: KEY.to_owned() };
    let user = accounts.add_key("ops", key, &root()).await.unwrap();
    assert_eq!(user.keys[0].comment, "jane@laptop");
    let user = accounts.grant("ops", Grant::of(Role::Operator), &root()).await.unwrap();
    assert_eq!(user.grants.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(user.grants[1].granted_by, "root");
    accounts.revoke("ops", 1, &root()).await.unwrap();
    accounts.remove_key("ops", &user.keys[0].fingerprint.to_string(), &root()).await.unwrap();
    managed.token(api::CreateToken::default(), &managed.logged_in("ops")).await;
    let issued = accounts.one_time_password("ops", &root()).await.unwrap();
    let user = accounts.user("ops", &root()).await.unwrap();
    assert_eq!((user.keys.len(), user.grants.len(), user.tokens), (0, 1, 1));
    assert_eq!(user.one_time_password_until, Some(issued.expires_at));
    let secret = Secret::new(issued.password.expose());
    let ops = managed.accounts.access.by_one_time_password("ops", &secret, None).await.unwrap();
    assert_eq!(ops.grants(), [Grant::of(Role::Operator)]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_reason() {
    let managed = Managed::start().await;
    let accounts = &managed.accounts;
    let past = Some(Timestamp::UNIX_EPOCH);
    let add_key = async |key: &str| {
        accounts.add_key("ops", api::AddKey { key: key.to_owned() }, &root()).await.unwrap_err()
    };
    let two = format!("{KEY}\n{KEY}");
    let dsa = "ssh-dss AAAAB3NzaC1kc3MAAAABAQAAAAEBAAAAAQEAAAABAQ==";
    for (error, code, words) in [
        (accounts.add_user(add("ops", None), &root()).await.unwrap_err(), "user-taken", "ops"),
        (accounts.user("eve", &root()).await.unwrap_err(), "unknown-user", "eve"),
        (accounts.user("No Name", &root()).await.unwrap_err(), "invalid-request", "user name"),
        (accounts.revoke("ops", 7, &root()).await.unwrap_err(), "unknown-grant", "7"),
        (
            accounts.revoke_token("0w3ge1r7", &root()).await.unwrap_err(),
            "unknown-token",
            "0w3ge1r7",
        ),
        (accounts.revoke_token("ci", &root()).await.unwrap_err(), "invalid-request", "hmt_"),
        (add_key("from=\"x\" ssh-ed25519 AAAA").await, "invalid-request", "unknown key type"),
        (add_key(&two).await, "invalid-request", "one line"),
        (add_key(dsa).await, "invalid-request", "too weak"),
        (
            accounts
                .grant("ops", Grant { expires_at: past, ..Grant::of(Role::Admin) }, &root())
                .await
                .unwrap_err(),
            "invalid-request",
            "expires_at is over",
        ),
        (
            accounts
                .create_token(
                    api::CreateToken { name: "a b".into(), ..Default::default() },
                    &root(),
                )
                .await
                .unwrap_err(),
            "invalid-request",
            "the name of a token",
        ),
    ] {
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_user_makes_its_own_tokens_and_sees_no_others() {
    let managed = Managed::start().await;
    let accounts = &managed.accounts;
    let ops = managed.logged_in("ops");
    let own = managed.token(api::CreateToken::default(), &ops).await;
    assert_eq!(own.details.user.as_ref().unwrap().as_str(), "ops");
    let program = managed.token(api::CreateToken::default(), &root()).await;
    assert_eq!((program.details.user, program.details.role), (None, Role::Viewer));
    let ids = async |operator: &Operator| accounts.tokens(operator).await.unwrap().len();
    assert_eq!((ids(&ops).await, ids(&root()).await), (1, 2));
    let jane = Some(UserName::new("jane").unwrap());
    let for_jane = api::CreateToken { user: jane, ..api::CreateToken::default() };
    let error = accounts.create_token(for_jane.clone(), &ops).await.unwrap_err();
    assert_eq!(error.code(), "access-denied");
    managed.token(for_jane, &managed.logged_in("jane")).await;
    let id = program.details.id.to_string();
    let error = accounts.revoke_token(&id, &ops).await.unwrap_err();
    assert_eq!(error.code(), "access-denied");
    accounts.revoke_token(&own.details.id.to_string(), &ops).await.unwrap();
    accounts.revoke_token(&id, &root()).await.unwrap();
}

#[tokio::test]
async fn a_token_makes_no_token_unless_it_is_an_admins() {
    let managed = Managed::start().await;
    let accounts = &managed.accounts;
    let by_token =
        |issued: &api::IssuedToken| accounts.access.by_token(issued.token.expose(), None).unwrap();
    let of_ops = managed.token(api::CreateToken::default(), &managed.logged_in("ops")).await;
    let error = accounts.create_token(api::CreateToken::default(), &by_token(&of_ops)).await;
    assert_eq!(error.unwrap_err().code(), "access-denied");
    let of_jane = managed.token(api::CreateToken::default(), &managed.logged_in("jane")).await;
    managed.token(api::CreateToken::default(), &by_token(&of_jane)).await;
    let narrow = api::CreateToken { role: Some(Role::Configurator), ..Default::default() };
    let narrow = managed.token(narrow, &managed.logged_in("jane")).await;
    let error = accounts.create_token(api::CreateToken::default(), &by_token(&narrow)).await;
    assert_eq!(error.unwrap_err().code(), "access-denied");
}

#[tokio::test]
async fn each_change_is_recorded_and_no_secret_with_it() {
    let managed = Managed::start().await;
    let accounts = &managed.accounts;
    let jane = managed.logged_in("jane");
    let password = accounts.one_time_password("ops", &jane).await.unwrap().password;
    let token = managed.token(api::CreateToken::default(), &jane).await.token;
    accounts.remove_user("ops", &jane).await.unwrap();
    let events = managed.store.events(EventQuery::default()).await.unwrap();
    let told: Vec<_> = events.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(told[1], "root added user ops as viewer on *");
    assert_eq!(told[2], "jane gave user ops a one-time password");
    assert!(told[3].starts_with("jane made token hmt_"), "{}", told[3]);
    assert_eq!(told[4], "jane removed user ops");
    let audited = managed.store.audit(AuditQuery::default()).await.unwrap();
    let actions: Vec<_> = audited.iter().map(|sealed| sealed.entry.action.as_str()).collect();
    assert_eq!(
        actions,
        ["user-added", "user-added", "one-time-password-made", "token-created", "user-removed"]
    );
    managed.store.close().await;
    for file in std::fs::read_dir(managed.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [password.expose(), token.expose(), &token.expose()[12..]] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}

#[tokio::test]
async fn whoami_shows_what_is_in_force_now() {
    let managed = Managed::start().await;
    let ops = managed.logged_in("ops");
    managed.accounts.grant("ops", Grant::of(Role::Admin), &root()).await.unwrap();
    let whoami = managed.accounts.whoami(&ops);
    assert_eq!((whoami.name.as_str(), whoami.grants.len()), ("ops", 2));
    assert_eq!(managed.accounts.whoami(&root()).credential, "socket");
    assert_eq!(managed.accounts.roles().len(), 4);
}
