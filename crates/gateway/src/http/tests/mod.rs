//! The API as bytes on its socket, over a gateway that is scripted.

mod accounts;
mod events;
mod fake;
mod following;
mod openapi;
mod overseen;
mod replies;
mod tcp;

use std::time::Duration;

use bytes::Bytes;
use homing_proto::api;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, oneshot};
use tokio::time::timeout;

use super::*;
use crate::control::{ControlError, DeviceQuery, EventQuery, RpcReply};
use fake::{Fake, Script};

struct Api {
    fake: Fake,
    folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
}

impl Api {
    fn start() -> Api {
        let folder = tempfile::tempdir().unwrap();
        let socket = ApiSocket::bind(&folder.path().join("s")).unwrap();
        let fake = Fake::new();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let served = tokio::spawn(serve(socket, fake.clone(), stopped, Duration::from_secs(1)));
        Api { fake, folder, stop: Some(stop), served }
    }

    async fn send(&self, head: &str, body: &str) -> UnixStream {
        let mut stream = UnixStream::connect(self.folder.path().join("s")).await.unwrap();
        let length = body.len();
        let request = format!(
            "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, head: &str, body: &str) -> String {
        let mut answer = Vec::new();
        self.send(head, body).await.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Status and problem of a refused request.
    async fn refused(&self, head: &str, body: &str) -> (u16, api::Problem) {
        let answer = self.ask(head, body).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/problem+json"), "{answer}");
        let problem: api::Problem = serde_json::from_str(body).unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {}", problem.status)), "{answer}");
        (problem.status, problem)
    }

    async fn refused_with(&self, head: &str, body: &str) -> (u16, String, String) {
        let (status, problem) = self.refused(head, body).await;
        (status, problem.code, problem.title)
    }

    fn asked(&self) -> Vec<String> {
        self.fake.asked.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_refusal_before_the_body_leaves_the_connection_in_good_order() {
    let api = Api::start();
    let mut stream = UnixStream::connect(api.folder.path().join("s")).await.unwrap();
    let head = "POST /api/v1/accept HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n";
    for connection in ["keep-alive", "close"] {
        let head = format!("{head}connection: {connection}\r\ncontent-length: 2\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(b"{}").await.unwrap();
    }
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 415").count(), 2, "{answers}");

    let long = "POST /api/v1/accept HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 70000\r\n\r\n";
    let mut stream = UnixStream::connect(api.folder.path().join("s")).await.unwrap();
    stream.write_all(long.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 415") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let api = Api::start();
    for (request, body, status, code) in [
        ("GET /nonsense HTTP/1.1", "", 404, "no-such-path"),
        ("PUT /api/v1/status HTTP/1.1", "", 405, "wrong-method"),
        ("GET /api/v1/devices/nobody HTTP/1.1", "", 404, "unknown-device"),
        ("GET /api/v1/devices/%ff HTTP/1.1", "", 400, "invalid-request"),
        ("GET /api/v1/status HTTP/1.1", "", 503, "gateway-stopping"),
        ("GET /api/v1/devices?stat=up HTTP/1.1", "", 400, "invalid-request"),
        ("GET /api/v1/devices?state=upp HTTP/1.1", "", 400, "invalid-request"),
        ("GET /api/v1/events?after=x HTTP/1.1", "", 400, "invalid-request"),
        ("POST /api/v1/devices HTTP/1.1", "{", 400, "invalid-request"),
        (
            "POST /api/v1/devices HTTP/1.1\r\ncontent-type: text/plain",
            "{}",
            415,
            "wrong-content-type",
        ),
        ("POST /api/v1/reject HTTP/1.1", r#"{"subject":"x"}"#, 404, "nothing-pending"),
        ("POST /api/v1/devices/mx1/rpc HTTP/1.1", " ", 400, "invalid-request"),
        ("POST /api/v1/devices/mx1/rpc?timeout=0 HTTP/1.1", "<a/>", 400, "invalid-request"),
        ("POST /api/v1/devices/mx1/rpc?timeout=NaN HTTP/1.1", "<a/>", 400, "invalid-request"),
    ] {
        let (found, problem) = api.refused(request, body).await;
        assert_eq!((found, problem.code.as_str()), (status, code), "{request}");
    }
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let api = Api::start();
    let body = r#"{"name":"mx1","tgas":{}}"#;
    let (_, _, title) = api.refused_with("POST /api/v1/devices HTTP/1.1", body).await;
    assert!(title.contains("unknown field `tgas`, expected one of `name`"), "{title}");
    let (_, _, title) = api.refused_with("GET /api/v1/devices?stat=up HTTP/1.1", "").await;
    assert_eq!(title, "unknown parameter \"stat\": expected state, tag, q, limit, cursor");
}

#[tokio::test]
async fn a_request_that_is_too_long_is_refused() {
    let api = Api::start();
    let body = format!(r#"{{"name":"{}"}}"#, "x".repeat(1024 * 1024));
    let (status, code, _) = api.refused_with("POST /api/v1/devices HTTP/1.1", &body).await;
    assert_eq!((status, code.as_str()), (413, "request-too-large"));
}

#[tokio::test]
async fn the_user_of_the_socket_is_the_actor() {
    let api = Api::start();
    let answer = api.ask("POST /api/v1/devices HTTP/1.1", r#"{"name":"sw1"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let answer = api.ask("DELETE /api/v1/devices/mx1 HTTP/1.1", "").await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    assert_eq!(api.asked(), [format!("enroll sw1 by {user}"), format!("forget mx1 by {user}")]);
}

#[tokio::test]
async fn filters_of_a_list_reach_the_gateway() {
    let api = Api::start();
    api.ask("GET /api/v1/devices?state=up,down&tag=a%3Db&tag=c=d HTTP/1.1", "").await;
    assert_eq!(
        api.asked(),
        [
            r#"DeviceQuery { states: [Up, Down], tags: [("a", "b"), ("c", "d")], filter: Filter([]) }"#
        ]
    );
}

#[tokio::test]
async fn a_post_with_a_key_is_carried_out_once() {
    let api = Api::start();
    let head = "POST /api/v1/devices HTTP/1.1\r\nidempotency-key: k1";
    let first = api.ask(head, r#"{"name":"sw1"}"#).await;
    let again = api.ask(head, r#"{"name":"sw1"}"#).await;
    assert!(again.starts_with("HTTP/1.1 201") && again.contains("idempotency-replayed: true"));
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&first), body(&again));
    assert_eq!(api.asked().len(), 1);
    let (status, code, _) = api.refused_with(head, r#"{"name":"sw2"}"#).await;
    assert_eq!((status, code.as_str()), (422, "key-reused"));
    let rpc = "POST /api/v1/devices/mx1/rpc HTTP/1.1\r\nidempotency-key: k2";
    assert_eq!(api.refused_with(rpc, "<get/>").await.0, 400);
    let head = "POST /api/v1/devices HTTP/1.1\r\nidempotency-key: k3";
    assert_eq!(api.refused_with(head, "{").await.0, 400);
    assert_eq!(api.refused_with(head, "{").await.0, 400);
}

#[tokio::test]
async fn what_its_asker_waits_for_no_longer_is_carried_out_once() {
    let api = Api::start();
    let head = "POST /api/v1/devices HTTP/1.1\r\nidempotency-key: k1";
    let slow = api.fake.slow.lock().await;
    let asker = api.send(head, r#"{"name":"sw1"}"#).await;
    timeout(Duration::from_secs(30), async {
        while api.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    drop(asker);
    let (status, code, _) = api.refused_with(head, r#"{"name":"sw1"}"#).await;
    assert_eq!((status, code.as_str()), (409, "in-progress"));
    drop(slow);
    let again = timeout(Duration::from_secs(30), async {
        loop {
            let again = api.ask(head, r#"{"name":"sw1"}"#).await;
            if !again.contains("in-progress") {
                return again;
            }
        }
    });
    let again = again.await.unwrap();
    assert!(again.starts_with("HTTP/1.1 201") && again.contains("idempotency-replayed: true"));
    assert_eq!(api.asked().len(), 1);
}

#[tokio::test]
async fn a_query_and_a_page_cut_the_list() {
    let api = Api::start();
    let answer = api.ask("GET /api/v1/devices?q=state:up%20-site:fra HTTP/1.1", "").await;
    assert!(answer.contains("\"name\":\"mx1\""), "{answer}");
    let answer = api.ask("GET /api/v1/devices?q=state:down HTTP/1.1", "").await;
    assert!(answer.ends_with("\r\n\r\n[]"), "{answer}");
    let (status, _, title) = api.refused_with("GET /api/v1/devices?q=state:x HTTP/1.1", "").await;
    assert_eq!(status, 400);
    assert!(title.starts_with("q: character 7: expected one of up, down"), "{title}");
    let answer = api.ask("GET /api/v1/devices?limit=1&cursor=MCBteDEg HTTP/1.1", "").await;
    assert!(answer.contains("mx1") && !answer.contains("link:"), "{answer}");
    assert_eq!(api.refused_with("GET /api/v1/devices?limit=0 HTTP/1.1", "").await.0, 400);
    assert_eq!(api.refused_with("GET /api/v1/devices?cursor=%25 HTTP/1.1", "").await.0, 400);
}

#[tokio::test]
async fn every_list_comes_in_pages_and_takes_a_query() {
    let api = Api::start();
    for name in ["ada", "bob", "eve"] {
        let body = format!("{{\"name\":\"{name}\",\"role\":\"viewer\"}}");
        assert!(api.ask("POST /api/v1/users HTTP/1.1", &body).await.starts_with("HTTP/1.1 201"));
    }
    let mut path = "/api/v1/users?limit=2".to_owned();
    let mut names = Vec::new();
    loop {
        let answer = api.ask(&format!("GET {path} HTTP/1.1"), "").await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let page: Vec<serde_json::Value> = serde_json::from_str(body).unwrap();
        names.extend(page.iter().map(|user| user["name"].as_str().unwrap().to_owned()));
        let link = head.lines().find_map(|line| line.strip_prefix("link: <"));
        let Some((next, _)) = link.and_then(|link| link.split_once(">; rel=\"next\"")) else {
            break;
        };
        path = next.to_owned();
    }
    assert_eq!(names, ["ada", "bob", "eve"]);
    let found = api.ask("GET /api/v1/users?q=role:viewer%20-name:a*%20eve HTTP/1.1", "").await;
    assert!(found.contains("\"eve\"") && !found.contains("\"bob\""), "{found}");
    for path in ["users", "tokens", "webhooks", "recordings", "devices/mx1/channels"] {
        for wrong in ["q=nonsense:1", "limit=0", "cursor=%21"] {
            let (status, code, _) =
                api.refused_with(&format!("GET /api/v1/{path}?{wrong} HTTP/1.1"), "").await;
            let is_refused = (status, code.as_str()) == (400, "invalid-request");
            // The stand-in has no webhooks and channels to look through.
            assert!(is_refused || code == "gateway-stopping", "{path} {wrong}: {code}");
        }
    }
    let audit = api.ask("GET /api/v1/audit?limit=1&after=0 HTTP/1.1", "").await;
    assert!(audit.contains("link: </api/v1/audit?limit=1&after="), "{audit}");
}

#[tokio::test]
async fn stopping_ends_streams_and_removes_the_socket() {
    let mut api = Api::start();
    let mut stream = api.send("GET /api/v1/events?follow=true HTTP/1.1", "").await;
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();
    api.stop.take().unwrap().send(()).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"));
    tokio::time::timeout(Duration::from_secs(3), api.served).await.unwrap().unwrap();
    assert!(!api.folder.path().join("s").exists());
}
