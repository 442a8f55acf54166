//! Who may what, over a gateway that runs.

mod hooks;
mod rpcs;

use homing_proto::access::{Grant, Role, Selector, Via};
use homing_proto::api::{Decision, DeviceState, Enroll};
use homing_proto::host_key::HostKey;
use homing_proto::identity::{DeviceId, ListenerName};

use super::*;
use crate::config::{Configuration, Sources, Surroundings};
use crate::gateway::Gateway;
use crate::store::PendingRecord;

pub(super) struct Running {
    gateway: Gateway,
    pub(super) control: Control,
    _folder: tempfile::TempDir,
}

/// Somebody with one role on some devices.
pub(super) fn one(role: Role, selector: &str) -> Operator {
    let selector = Selector::parse(selector).unwrap();
    let grant = Grant { selector, ..Grant::of(role) };
    Operator::new("jane", vec![grant], Via::Socket, None, "uid 7")
}

pub(super) fn root() -> Operator {
    Operator::local("root")
}

fn enrolment(name: &str, site: &str) -> Enroll {
    serde_json::from_value(serde_json::json!({ "name": name, "tags": { "site": site } })).unwrap()
}

fn decision(subject: &str) -> Decision {
    serde_json::from_value(serde_json::json!({ "subject": subject })).unwrap()
}

fn key() -> HostKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend_from_slice(&[9; 32]);
    HostKey::from_blob(&blob).unwrap()
}

impl Running {
    /// `fra-1` and `lon-1` are enrolled; a stranger that says `edge-9` waits.
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources {
            flags: vec![
                ("data", vec![folder.path().join("data").display().to_string()]),
                ("socket", vec![folder.path().join("s").display().to_string()]),
                ("listen", vec!["127.0.0.1:0".to_owned()]),
            ],
            ..Sources::default()
        };
        let settings = Configuration::merge(&sources, &surroundings()).unwrap().settings;
        let gateway = Gateway::start(settings).await.unwrap();
        let control = gateway.control();
        for (name, site) in [("fra-1", "fra"), ("lon-1", "lon")] {
            control.enroll(enrolment(name, site), &root()).await.unwrap();
        }
        let now = api::Timestamp::now();
        control.shared.store.note_pending(PendingRecord {
            key: key(),
            device_id: Some(DeviceId::new("edge-9").unwrap()),
            device: None,
            listener: ListenerName::new("4334").unwrap(),
            source: "192.0.2.1:1".into(),
            reason: "unknown-device".into(),
            first_seen: now,
            last_seen: now,
            attempts: 1,
        });
        control.shared.store.flush().await.unwrap();
        Self { gateway, control, _folder: folder }
    }

    async fn seen(&self, operator: &Operator) -> Vec<String> {
        let devices = self.control.devices(&DeviceQuery::default(), operator).await.unwrap();
        devices.into_iter().map(|device| device.name).collect()
    }
}

fn surroundings() -> Surroundings {
    Surroundings {
        is_root: true,
        host: Some("gw.example.net".into()),
        cores: 2,
        ..Surroundings::default()
    }
}

#[tokio::test]
async fn lists_are_cut_down_to_what_may_be_seen() {
    let running = Running::start().await;
    let control = &running.control;
    assert_eq!(running.seen(&root()).await, ["fra-1", "lon-1", "edge-9"]);
    assert_eq!(running.seen(&one(Role::Viewer, "site=fra")).await, ["fra-1"]);
    assert_eq!(running.seen(&one(Role::Viewer, "name=edge-*")).await, ["edge-9"]);
    assert_eq!(running.seen(&one(Role::Viewer, "site=nowhere")).await, [""; 0]);
    let status = control.status(&one(Role::Viewer, "site=fra")).await.unwrap();
    assert_eq!((status.devices.new, status.devices.pending), (1, 0));
    let names = |events: Vec<api::Event>| -> Vec<String> {
        events.into_iter().filter_map(|event| event.device).map(|name| name.to_string()).collect()
    };
    let all = EventQuery::default();
    let events = control.events(&all, &one(Role::Viewer, "site=lon")).await.unwrap();
    assert!(events.iter().all(|event| control.shows(event, &one(Role::Viewer, "site=lon"))));
    assert!(events.iter().all(|event| !control.shows(event, &one(Role::Viewer, "site=fra"))));
    assert_eq!(names(events), ["lon-1"]);
    assert_eq!(names(control.events(&all, &root()).await.unwrap()), ["fra-1", "lon-1"]);
    running.gateway.stop().await;
}

#[tokio::test]
async fn a_reader_of_events_has_the_rights_of_the_moment() {
    let running = Running::start().await;
    let control = &running.control;
    let wanted = serde_json::json!({ "role": "viewer", "name": "ci" });
    let wanted = serde_json::from_value(wanted).unwrap();
    let created = control.accounts().create_token(wanted, &root()).await.unwrap();
    let source = "192.0.2.7:1".parse().unwrap();
    let reader = control.by_token(created.token.expose(), source).unwrap();
    let all = EventQuery::default();
    assert!(control.is_in(&reader));
    assert!(!control.events(&all, &reader).await.unwrap().is_empty());
    control.accounts().revoke_token(created.details.id.as_str(), &root()).await.unwrap();
    assert!(!control.is_in(&reader));
    assert_eq!(control.events(&all, &reader).await.unwrap(), []);
    running.gateway.stop().await;
}

#[tokio::test]
async fn who_may_not_see_a_device_is_not_told_whether_it_is_there() {
    let running = Running::start().await;
    let viewer = one(Role::Viewer, "site=fra");
    let there = running.control.device("lon-1", &viewer).await.unwrap_err();
    let not_there = running.control.device("lon-2", &viewer).await.unwrap_err();
    assert_eq!(there.to_string(), "jane may not view lon-1: needs role viewer on it");
    assert_eq!(not_there.to_string(), "jane may not view lon-2: needs role viewer on it");
    assert_eq!((there.problem().status, there.code()), (403, "access-denied"));
    assert_eq!(
        there.problem().hint.unwrap().replace("lon-1", "lon-2"),
        not_there.problem().hint.unwrap()
    );
    let error = running.control.device("lon-2", &root()).await.unwrap_err();
    assert_eq!(error.code(), "nothing-pending");
    running.gateway.stop().await;
}

#[tokio::test]
async fn to_look_is_not_to_change() {
    let running = Running::start().await;
    let control = &running.control;
    let label = || api::Change {
        tags: [("rack".to_owned(), "7".to_owned())].into(),
        ..api::Change::default()
    };
    for role in [Role::Viewer, Role::Operator, Role::Configurator] {
        let jane = one(role, "site=fra");
        assert_eq!(control.device("fra-1", &jane).await.unwrap().state, DeviceState::New);
        let refusals = [
            control.change("fra-1", label(), &jane).await.unwrap_err(),
            control.forget("fra-1", &jane).await.unwrap_err(),
            control.enroll(enrolment("fra-1", "fra"), &jane).await.unwrap_err(),
            control.enroll(enrolment("fra-2", "fra"), &jane).await.unwrap_err(),
            control.accept(decision("edge-9"), &jane).await.unwrap_err(),
            control.reject(decision("edge-9"), &jane).await.unwrap_err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.code(), "access-denied", "{role}: {refusal}");
        }
    }
    assert_eq!(running.seen(&root()).await.len(), 3);
    running.gateway.stop().await;
}

#[tokio::test]
async fn an_admin_of_a_site_keeps_to_it() {
    let running = Running::start().await;
    let control = &running.control;
    let jane = one(Role::Admin, "site=fra");
    control.enroll(enrolment("fra-2", "fra"), &jane).await.unwrap();
    let anew: Enroll =
        serde_json::from_value(serde_json::json!({ "name": "fra-2", "rotate_secret": true }))
            .unwrap();
    assert_eq!(control.enroll(anew, &jane).await.unwrap().device.tags["site"], "fra");
    let move_to = |site: &str| api::Change {
        tags: [("site".to_owned(), site.to_owned())].into(),
        ..api::Change::default()
    };
    for refusal in [
        control.enroll(enrolment("lon-2", "lon"), &jane).await.unwrap_err(),
        // An enrolled device is taken over by no new label.
        control.enroll(enrolment("lon-1", "fra"), &jane).await.unwrap_err(),
        control.change("lon-1", move_to("fra"), &jane).await.unwrap_err(),
        control.change("fra-1", move_to("lon"), &jane).await.unwrap_err(),
        control.change("fra-1", move_to(""), &jane).await.unwrap_err(),
    ] {
        assert_eq!(refusal.code(), "access-denied", "{refusal}");
    }
    control.forget("fra-2", &jane).await.unwrap();
    running.gateway.stop().await;
}

#[tokio::test]
async fn labels_given_at_the_same_moment_all_stay() {
    let running = Running::start().await;
    let label = async |number: usize| {
        let tags = [(format!("label-{number}"), "yes".to_owned())].into();
        let change = api::Change { tags, ..api::Change::default() };
        running.control.change("fra-1", change, &root()).await.unwrap();
    };
    tokio::join!(label(1), label(2), label(3), label(4));
    let device = running.control.device("fra-1", &root()).await.unwrap();
    assert_eq!(device.tags.len(), 5, "{:?}", device.tags);
    running.gateway.stop().await;
}

#[tokio::test]
async fn an_rpc_needs_its_right() {
    let running = Running::start().await;
    let ask = async |operator: Operator| {
        let operation = Bytes::from_static(b"<edit-config/>");
        let asked = running.control.rpc("fra-1", operation, Duration::from_secs(1), &operator);
        asked.await.unwrap_err().code()
    };
    assert_eq!(ask(one(Role::Viewer, "*")).await, "access-denied");
    assert_eq!(ask(one(Role::Configurator, "site=lon")).await, "access-denied");
    assert_eq!(ask(one(Role::Configurator, "site=fra")).await, "device-offline");
    running.gateway.stop().await;
}

#[tokio::test]
async fn the_timeline_names_who_did_it() {
    let running = Running::start().await;
    let control = &running.control;
    let jane = one(Role::Admin, "*");
    control.accept(decision("edge-9"), &jane).await.unwrap();
    let query = EventQuery { device: Some("edge-9".into()), ..EventQuery::default() };
    let events = control.events(&query, &root()).await.unwrap();
    let last = events.last().unwrap();
    let key = key().fingerprint();
    assert_eq!(last.message, format!("jane accepted the host key {key}"));
    assert_eq!(last.fields["actor"], "jane");
    running.gateway.stop().await;
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_in_the_audit_trail_until_it_is_throttled() {
    let running = Running::start().await;
    let source = "192.0.2.7:50000".parse().unwrap();
    let status = |_| running.control.by_token("hmt_x", source).unwrap_err().status;
    let statuses: Vec<u16> = (0..15).map(status).collect();
    assert_eq!(statuses, [&[401; 11][..], &[429; 4]].concat());
    running.control.shared.store.flush().await.unwrap();
    let query = store::AuditQuery::default();
    let trail = running.control.shared.store.audit(query).await.unwrap();
    let refused = trail.iter().filter(|sealed| sealed.entry.action == "login-refused");
    let results: Vec<_> = refused.map(|sealed| sealed.entry.result.as_str()).collect();
    assert_eq!(results, ["refused:unknown-token"; 11]);
    running.gateway.stop().await;
}

#[tokio::test]
async fn refused_tokens_fill_no_trail() {
    let running = Running::start().await;
    for number in 0..300u32 {
        let source = std::net::SocketAddr::from((number.to_be_bytes(), 1));
        let problem = running.control.by_token("hmt_x", source).unwrap_err();
        assert_eq!(problem.code, "unknown-token");
    }
    let query = crate::store::AuditQuery {
        actions: vec!["login-refused".to_owned()],
        limit: Some(1_000),
        ..Default::default()
    };
    running.control.shared.store.flush().await.unwrap();
    let told = running.control.audit(query, &root()).await.unwrap().len();
    assert!((60..200).contains(&told), "{told}");
}
