//! Who may send which RPC, over the API and on a channel of the door, and what the audit trail says of it.

use std::future::poll_fn;
use std::task::Poll;

use homing_proto::audit::Entry;
use homing_proto::identity::DeviceName;
use homing_transport::front_door::{Inspected, Inspector};

use super::*;
use crate::passage::Gate;
use crate::store::AuditQuery;

const HELLO: &str = "<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities>\
    <capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>";

impl Running {
    /// What the trail says of RPCs, oldest first.
    async fn told(&self) -> Vec<Entry> {
        let store = &self.control.shared.store;
        store.flush().await.unwrap();
        let query = AuditQuery { actions: vec!["rpc".into()], ..AuditQuery::default() };
        store.audit(query).await.unwrap().into_iter().map(|sealed| sealed.entry).collect()
    }

    async fn asked(&self, operation: &str, operator: &Operator) -> ControlError {
        let (operation, patience) = (Bytes::from(operation.to_owned()), Duration::from_secs(1));
        self.control.rpc("fra-1", operation, patience, operator).await.unwrap_err()
    }

    /// A channel of the door, its hellos exchanged.
    async fn gate(&self, operator: &Operator) -> Channel {
        let device = DeviceName::new("fra-1").unwrap();
        let gate = Gate::new(&self.control.shared, operator, &device, 7);
        let mut channel =
            Channel { gate, to_device: String::new(), to_operator: String::new(), closed: None };
        channel.gate.handle_device(HELLO.as_bytes());
        channel.say(HELLO).await;
        channel.to_device.clear();
        channel.to_operator.clear();
        channel
    }
}

struct Channel {
    gate: Gate,
    to_device: String,
    to_operator: String,
    closed: Option<String>,
}

impl Channel {
    /// The operator sends this; what comes of it is carried out.
    async fn say(&mut self, text: &str) {
        self.gate.handle_operator(text.as_bytes());
        self.carry_out();
        while !self.gate.takes_more() && self.closed.is_none() {
            poll_fn(|cx| self.gate.poll_ready(cx)).await;
            self.carry_out();
        }
    }

    fn hear(&mut self, text: &str) {
        self.gate.handle_device(text.as_bytes());
        self.carry_out();
    }

    /// Lets other tasks have their turn, after which what only looked is told.
    async fn rest(&mut self) {
        for _ in 0..2 {
            let gate = &mut self.gate;
            poll_fn(|cx| Poll::Ready(gate.poll_ready(cx).is_ready())).await;
            tokio::task::yield_now().await;
        }
    }

    fn carry_out(&mut self) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        while let Some(action) = self.gate.poll_action() {
            match action {
                Inspected::ToDevice(bytes) => self.to_device.push_str(&text(&bytes)),
                Inspected::ToOperator(bytes) => self.to_operator.push_str(&text(&bytes)),
                Inspected::DeviceEof => {}
                Inspected::Close(reason) => self.closed = Some(reason),
            }
        }
    }
}

fn rpc(message_id: u32, operation: &str) -> String {
    format!("<rpc message-id=\"{message_id}\">{operation}</rpc>]]>]]>")
}

#[tokio::test]
async fn over_the_api_an_operation_is_judged_before_anything_is_sent() {
    let running = Running::start().await;
    let viewer = one(Role::Viewer, "site=fra");
    for (operation, code) in [
        ("<get/>", "device-offline"),
        ("<command>show version | no-more</command>", "device-offline"),
        ("<command>show version | save x</command>", "access-denied"),
        ("<x:commit xmlns:x='urn:ietf:params:xml:ns:netconf:base:1.0'/>", "access-denied"),
        ("<ping/>", "access-denied"),
        ("<get/><commit/>", "invalid-request"),
        ("<get/></rpc><rpc><commit/>", "invalid-request"),
        ("<!DOCTYPE x><get/>", "invalid-request"),
        ("<rpc><get/></rpc>", "invalid-request"),
        ("<close-session/>", "invalid-request"),
    ] {
        assert_eq!(running.asked(operation, &viewer).await.code(), code, "{operation}");
    }
    let refusal = running.asked("<edit-config/>", &viewer).await;
    assert_eq!(
        refusal.to_string(),
        "jane may view fra-1, not configure it: needs role configurator on it"
    );
    assert_eq!(running.asked("<ping/>", &one(Role::Operator, "*")).await.code(), "device-offline");
    running.gateway.stop().await;
}

#[tokio::test]
async fn over_the_api_what_is_refused_is_told_without_its_secrets() {
    let running = Running::start().await;
    let viewer = one(Role::Viewer, "site=fra");
    running.asked("<command>set x password hush</command>", &viewer).await;
    running.asked("<edit-config><target><candidate/></target></edit-config>", &root()).await;
    let told = running.told().await;
    let [command, edit] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(command.result, "refused:access-denied");
    assert_eq!(command.operator, "jane");
    assert!(!format!("{told:?}").contains("hush"));
    assert_eq!(edit.operation.as_deref(), Some("edit-config"));
    assert_eq!(edit.datastore.as_deref(), Some("candidate"));
    assert_eq!(edit.result, "refused:device-offline");
    running.gateway.stop().await;
}

#[tokio::test]
async fn on_a_channel_a_viewer_looks_and_is_denied_the_rest() {
    let running = Running::start().await;
    let mut channel = running.gate(&one(Role::Viewer, "site=fra")).await;
    channel.say(&rpc(1, "<get-config><source><running/></source></get-config>")).await;
    channel.say(&rpc(2, "<edit-config><target><candidate/></target></edit-config>")).await;
    assert!(channel.to_device.contains("<get-config>") && !channel.to_device.contains("edit"));
    assert_eq!(channel.to_operator, "", "the first is not answered yet");
    channel.hear("<rpc-reply message-id=\"1\"><data/></rpc-reply>]]>]]>");
    let (first, second) = channel.to_operator.split_once("]]>]]>").unwrap();
    assert!(first.contains("message-id=\"1\"><data/>"));
    assert!(second.contains("message-id=\"2\"") && second.contains("access-denied"), "{second}");
    assert!(
        second.contains("jane may view fra-1, not configure it: needs role configurator on it")
    );
    channel.rest().await;
    let told = running.told().await;
    let results: Vec<_> = told.iter().map(|entry| entry.result.as_str()).collect();
    assert_eq!(results, ["refused:access-denied", "ok"]);
    assert_eq!(told[1].operation.as_deref(), Some("get-config"));
    assert_eq!((told[1].session, told[1].message_id.as_deref()), (Some(7), Some("1")));
    assert!(told[1].duration_ms.is_some());
    running.gateway.stop().await;
}

#[tokio::test]
async fn on_a_channel_a_change_is_told_before_it_is_sent_and_when_it_has_ended() {
    let running = Running::start().await;
    let mut channel = running.gate(&one(Role::Configurator, "site=fra")).await;
    let asked = format!("{}{}", rpc(1, "<commit/>"), rpc(2, "<get/>"));
    channel.gate.handle_operator(asked.as_bytes());
    channel.carry_out();
    assert!(channel.to_device.is_empty(), "not before it is durable");
    channel.say("").await;
    assert!(channel.to_device.contains("<commit/>") && channel.to_device.contains("<get/>"));
    channel.hear("<rpc-reply message-id=\"1\"><rpc-error><error-tag>in-use</error-tag></rpc-error></rpc-reply>]]>]]>");
    drop(channel);
    let told = running.told().await;
    let results: Vec<_> = told.iter().map(|entry| entry.result.as_str()).collect();
    assert_eq!(results, ["begun", "error", "unknown"]);
    assert_eq!(told[1].fields["error-tags"], "in-use");
    assert_eq!(told[1].fields["right"], "configure");
    assert_eq!(told[2].operation.as_deref(), Some("get"));
    running.gateway.stop().await;
}

#[tokio::test]
async fn on_a_channel_the_grants_of_the_moment_count() {
    let running = Running::start().await;
    let move_to = |site: &str| api::Change {
        tags: [("site".to_owned(), site.to_owned())].into(),
        ..api::Change::default()
    };
    let mut channel = running.gate(&one(Role::Viewer, "site=fra")).await;
    channel.say(&rpc(1, "<get/>")).await;
    running.control.change("fra-1", move_to("lon"), &root()).await.unwrap();
    channel.say(&rpc(2, "<get/>")).await;
    assert_eq!(channel.to_device.matches("<get/>").count(), 1);
    running.gateway.stop().await;
}
