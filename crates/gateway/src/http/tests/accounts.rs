//! Users and tokens over HTTP, on a real store behind a scripted gateway.

use homing_proto::access::{Grant, Operator, Role, Via};

use super::*;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJj/Z8u2HuKBbNTTVtKqBGGjQGpXyHwTz9Wx2NTpWVgC jane@laptop";

fn body(answer: &str) -> serde_json::Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn a_user_is_added_given_a_key_and_a_role_and_removed() {
    let api = Api::start();
    let request = r#"{"name":"ops","role":"viewer","selector":"site=fra"}"#;
    let answer = api.ask("POST /api/v1/users HTTP/1.1", request).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(body(&answer)["grants"][0]["selector"], "site=fra");
    let request = format!("{{\"key\":\"{KEY}\"}}");
    let answer = api.ask("POST /api/v1/users/ops/keys HTTP/1.1", &request).await;
    let fingerprint = body(&answer)["keys"][0]["fingerprint"].as_str().unwrap().to_owned();
    let answer = api.ask("POST /api/v1/users/ops/grants HTTP/1.1", r#"{"role":"admin"}"#).await;
    assert_eq!(body(&answer)["grants"][1]["number"], 2);
    for gone in [
        format!("/users/ops/keys/{}", fingerprint.replace('/', "%2F").replace('+', "%2B")),
        "/users/ops/grants/1".to_owned(),
        "/users/ops".to_owned(),
    ] {
        let answer = api.ask(&format!("DELETE /api/v1{gone} HTTP/1.1"), "").await;
        assert!(answer.starts_with("HTTP/1.1 204"), "{gone}: {answer}");
    }
    let (status, problem) = api.refused("GET /api/v1/users/ops HTTP/1.1", "").await;
    assert_eq!((status, problem.code.as_str()), (404, "unknown-user"));
    assert_eq!(problem.hint.unwrap(), "homing user ls");
}

#[tokio::test]
async fn what_is_issued_is_shown_once() {
    let api = Api::start();
    api.ask("POST /api/v1/users HTTP/1.1", r#"{"name":"ops"}"#).await;
    let answer = api.ask("POST /api/v1/users/ops/password HTTP/1.1", "").await;
    let password = body(&answer)["password"].as_str().unwrap().to_owned();
    assert_eq!(password.len(), 19);
    let answer = api.ask("POST /api/v1/tokens HTTP/1.1", r#"{"name":"ci","role":"admin"}"#).await;
    let issued = body(&answer);
    let token = issued["token"].as_str().unwrap();
    let id = issued["details"]["id"].as_str().unwrap();
    assert!(token.starts_with(id) && token.len() == 44, "{answer}");
    for path in ["users", "users/ops", "tokens"] {
        let answer = api.ask(&format!("GET /api/v1/{path} HTTP/1.1"), "").await;
        assert!(!answer.contains(token) && !answer.contains(&password), "{answer}");
    }
    let answer = api.ask(&format!("DELETE /api/v1/tokens/{id} HTTP/1.1"), "").await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[tokio::test]
async fn who_may_not_is_answered_403_with_what_it_needs() {
    let viewer = Operator::new("jane", vec![Grant::of(Role::Viewer)], Via::Api, None, "x");
    let accounts = Api::start().fake.accounts().unwrap();
    let refused = accounts.users(&viewer).await.unwrap_err().problem();
    assert_eq!((refused.status, refused.code.as_str()), (403, "access-denied"));
    assert_eq!(
        refused.title,
        "jane may view the gateway, not administer it: needs role admin on every device"
    );
}

#[tokio::test]
async fn whoami_and_roles_are_for_everybody() {
    let api = Api::start();
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let whoami = body(&api.ask("GET /api/v1/whoami HTTP/1.1", "").await);
    assert_eq!((&whoami["name"], &whoami["via"]), (&user.into(), &"socket".into()));
    assert_eq!(whoami["grants"][0]["role"], "admin");
    let roles = body(&api.ask("GET /api/v1/roles HTTP/1.1", "").await);
    assert_eq!(roles[0]["rights"], serde_json::json!(["view"]));
    assert_eq!(roles[3]["role"], "admin");
}
