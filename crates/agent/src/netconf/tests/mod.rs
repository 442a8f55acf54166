//! The NETCONF server over a stream in memory: what is read, by whom, and what is refused.

use std::path::PathBuf;
use std::sync::Arc;

use homing_proto::junos::Configuration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::datastore::Store;
use crate::handle::Command;
use crate::options::{ConfigSource, Options};
use crate::report::ClientReport;
use crate::status::ConnectionStatus;
use crate::supervisor::Changes;

mod editing;
mod hostile;

const STATEMENTS: &str = "system { host-name r1; login { user ops { class read-only; authentication { \
    encrypted-password \"$6$abc$def\"; } } } services { outbound-ssh { client mist { device-id org.1; \
    secret \"plain\"; services netconf; gw.example.net port 2200; } \
    client lab { device-id lab-1; services netconf; 192.0.2.1 port 4334; } } } }";

struct View(Arc<Configuration>, tempfile::TempDir, Store);

impl AgentView for View {
    fn configuration(&self) -> Arc<Configuration> {
        self.0.clone()
    }

    async fn clients(&self) -> Vec<ClientReport> {
        let mist = ClientReport {
            client: "mist".into(),
            device_id: Some("org.1".into()),
            status: ConnectionStatus::Connected,
            server: Some("gw.example.net:2200".into()),
            uptime_seconds: Some(3_661),
            next_attempt_seconds: None,
            attempts: 1,
            last_error: None,
            has_secret: true,
            keep_alive: None,
            reconnect_strategy: None,
            services: Vec::new(),
            servers: Vec::new(),
            routing_instance: None,
            ssh_server: None,
        };
        let lab = ClientReport {
            client: "lab".into(),
            device_id: Some("lab-1".into()),
            status: ConnectionStatus::Waiting,
            uptime_seconds: None,
            ..mist.clone()
        };
        vec![mist, lab]
    }

    fn system(&self) -> SystemInformation {
        SystemInformation {
            host_name: "machine".into(),
            hardware_model: "Box".into(),
            os_name: "homing-agent".into(),
            os_version: "1.2.3".into(),
            serial_number: "S1".into(),
        }
    }

    fn store(&self) -> Store {
        self.2.clone()
    }

    fn state_dir(&self) -> PathBuf {
        self.1.path().to_owned()
    }
}

/// An agent without connections: a configuration, its store, its sessions.
#[derive(Clone)]
struct House {
    view: Arc<View>,
    sessions: Sessions,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::new(ConfigSource::Text(STATEMENTS.into()), dir.path());
        let (sender, mut commands) = tokio::sync::mpsc::channel(4);
        let (store, loaded) = crate::datastore::start(&options, sender).unwrap();
        tokio::spawn(async move {
            while let Some(command) = commands.recv().await {
                if let Command::Apply(_, _, answer) = command {
                    let _ = answer.send(Ok(Changes::default()));
                }
            }
        });
        let sessions = Sessions::default();
        let (followed, told) = (store.clone(), sessions.clone());
        tokio::spawn(async move { follow(&followed, &told).await });
        let timed = store.clone();
        tokio::spawn(async move { timed.keep_time().await });
        Self { view: Arc::new(View(loaded.configuration, dir, store)), sessions }
    }

    async fn greet(&self, class: Class) -> Client {
        let (near, far) = duplex(64 * 1024);
        let house = self.clone();
        tokio::spawn(async move {
            let caller =
                Caller { user: "ops".into(), class, via: homing_proto::datastore::Client::Netconf };
            serve(near, &caller, &*house.view, &house.sessions, std::future::pending()).await
        });
        let mut client = Client { far, next: 1 };
        let hello = client.message().await;
        assert!(hello.contains("http://xml.juniper.net/netconf/junos/1.0"), "{hello}");
        let ours = "<hello><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>\
                    </capabilities></hello>]]>]]>";
        client.far.write_all(ours.as_bytes()).await.unwrap();
        client
    }
}

/// A client of base:1.0 and its session.
struct Client {
    far: DuplexStream,
    next: u32,
}

impl Client {
    async fn message(&mut self) -> String {
        let mut text = Vec::new();
        while !text.ends_with(b"]]>]]>") {
            text.push(self.far.read_u8().await.unwrap());
        }
        String::from_utf8(text).unwrap().trim_end_matches("]]>]]>").to_owned()
    }

    async fn rpc(&mut self, operation: &str) -> String {
        let id = self.next;
        self.next += 1;
        let rpc = format!("<rpc message-id=\"{id}\">{operation}</rpc>]]>]]>");
        self.far.write_all(rpc.as_bytes()).await.unwrap();
        let reply = self.message().await;
        assert!(reply.contains(&format!(" message-id=\"{id}\">")), "{reply}");
        reply
    }
}

async fn ask(class: Class, operation: &str) -> String {
    House::new().greet(class).await.rpc(operation).await
}

const RUNNING: &str = "<get-config><source><running/></source></get-config>";

#[tokio::test]
async fn the_running_configuration_is_read_with_secrets_in_their_encoded_form() {
    let reply = ask(Class::SuperUser, RUNNING).await;
    assert!(
        reply.contains("<configuration xmlns=\"http://xml.juniper.net/xnm/1.1/xnm\""),
        "{reply}"
    );
    assert!(reply.contains("<name>mist</name>") && reply.contains("<host-name>r1</host-name>"));
    assert!(reply.contains("<secret>$9$") && !reply.contains("plain"));
    assert!(reply.contains("$6$abc$def"));
    assert_eq!(reply, ask(Class::SuperUser, RUNNING).await);
}

#[tokio::test]
async fn secrets_are_blank_for_others_in_every_form() {
    for format in ["xml", "text", "set", "json"] {
        let operation = format!("<get-configuration format=\"{format}\"/>");
        let reply = ask(Class::ReadOnly, &operation).await;
        assert!(reply.contains("mist") && reply.contains("secret"), "{reply}");
        for secret in ["plain", "$9$", "$6$"] {
            assert!(!reply.contains(secret), "{format}: {reply}");
        }
    }
    assert!(!ask(Class::ReadOnly, RUNNING).await.contains("$6$"));
    assert!(!ask(Class::ReadOnly, "<get/>").await.contains("$9$"));
}

#[tokio::test]
async fn filters_choose_a_part_in_every_form() {
    let filter = "<configuration><system><services><outbound-ssh><client><name>lab</name></client>\
                  </outbound-ssh></services></system></configuration>";
    let reply = ask(
        Class::SuperUser,
        &format!("<get-config><source><running/></source><filter type='subtree'>{filter}</filter></get-config>"),
    )
    .await;
    assert!(reply.contains("lab-1") && !reply.contains("mist") && !reply.contains("r1"), "{reply}");
    let set = ask(
        Class::SuperUser,
        &format!(
            "<get-configuration format='set' database='committed'>{filter}</get-configuration>"
        ),
    )
    .await;
    assert!(set.contains("<configuration-set"), "{set}");
    assert!(set.contains("set system services outbound-ssh client lab device-id lab-1"), "{set}");
    assert!(!set.contains("mist"), "{set}");
    let empty = ask(Class::SuperUser, "<get><filter><nothing/></filter></get>").await;
    assert!(empty.contains("<data/>"), "{empty}");
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    for (operation, tag, element) in [
        ("<edit-config/>", "missing-element", "target"),
        (
            "<edit-config><target><running/></target></edit-config>",
            "operation-not-supported",
            "running",
        ),
        ("<get-config><source><startup/></source></get-config>", "invalid-value", "startup"),
        ("<get><with-defaults>report-all</with-defaults></get>", "invalid-value", "with-defaults"),
        (
            "<open-configuration><ephemeral/></open-configuration>",
            "operation-not-supported",
            "ephemeral",
        ),
        ("<get-configuration database='ephemeral'/>", "invalid-value", "ephemeral"),
        ("<load-configuration action='explode'/>", "bad-attribute", "load-configuration"),
        (
            "<get-rollback-information><rollback>50</rollback></get-rollback-information>",
            "invalid-value",
            "rollback",
        ),
        ("<get-config/>", "missing-element", "source"),
        ("<get-config><source/></get-config>", "missing-element", "running"),
        ("<get><x/></get>", "unknown-element", "x"),
        ("<get><filter type='xpath'/></get>", "bad-attribute", "filter"),
        ("<get-configuration format='yaml'/>", "bad-attribute", "get-configuration"),
        ("<get-configuration compare='x'/>", "bad-attribute", "get-configuration"),
        ("<kill-session/>", "missing-element", "session-id"),
        ("<kill-session><session-id>x</session-id></kill-session>", "invalid-value", "session-id"),
        ("<kill-session><session-id>1</session-id></kill-session>", "invalid-value", "session-id"),
        ("<kill-session><session-id>9</session-id></kill-session>", "invalid-value", "session-id"),
        ("<command>restart</command>", "operation-failed", "restart"),
        ("<command format='yaml'>show version</command>", "bad-attribute", "command"),
        ("<command>show bridge mac-table</command>", "operation-failed", "bridge"),
        ("<command>show version | save x</command>", "operation-failed", "save"),
        ("<get-system-information format='yaml'/>", "bad-attribute", "get-system-information"),
        ("<file-show><filename>/../etc/passwd</filename></file-show>", "access-denied", "filename"),
        ("<ping><host>-f</host></ping>", "invalid-value", "host"),
    ] {
        let reply = ask(Class::SuperUser, operation).await;
        assert!(reply.contains(&format!("<error-tag>{tag}</error-tag>")), "{operation} {reply}");
        let bad = format!("<bad-element>{element}</bad-element>");
        assert!(reply.contains(&bad), "{operation} {reply}");
    }
}

#[tokio::test]
async fn a_session_kills_another_but_only_as_super_user() {
    let house = House::new();
    let mut victim = house.greet(Class::ReadOnly).await;
    let mut reader = house.greet(Class::ReadOnly).await;
    let mut chief = house.greet(Class::SuperUser).await;
    let kill = "<kill-session><session-id>1</session-id></kill-session>";
    assert!(reader.rpc(kill).await.contains("access-denied"));
    assert!(victim.rpc("<get/>").await.contains("<data"));
    assert!(chief.rpc(kill).await.contains("<ok/>"));
    assert_eq!(victim.far.read(&mut [0; 9]).await.unwrap(), 0);
    assert!(chief.rpc(kill).await.contains("invalid-value"));
}

#[tokio::test]
async fn close_session_is_answered_and_ends_the_stream() {
    let mut client = House::new().greet(Class::Unauthorized).await;
    assert!(client.rpc("<get/>").await.contains("access-denied"));
    assert!(client.rpc("<close-session/>").await.contains("<ok/>"));
    assert_eq!(client.far.read(&mut [0; 9]).await.unwrap(), 0);
}

#[tokio::test]
async fn the_clients_are_told_as_junos_tells_them() {
    let reply = ask(Class::ReadOnly, "<get-outbound-ssh-service-information/>").await;
    assert!(
        reply.contains(
            "  <outbound-ssh-client>\n    \
             <outbound-ssh-client-name>mist</outbound-ssh-client-name>\n    \
             <outbound-ssh-server-info>gw.example.net:2200</outbound-ssh-server-info>\n    \
             <outbound-ssh-connection-status>Connected</outbound-ssh-connection-status>\n    \
             <outbound-ssh-connection-uptime>01:01:01</outbound-ssh-connection-uptime>\n    \
             <outbound-ssh-device-id>org.1</outbound-ssh-device-id>\n    \
             <outbound-ssh-proxy-info/>\n  </outbound-ssh-client>\n"
        ),
        "{reply}"
    );
    let one = "<get-outbound-ssh-service-information><client-id>lab</client-id>\
               </get-outbound-ssh-service-information>";
    let reply = ask(Class::ReadOnly, one).await;
    assert!(reply.contains("Waiting") && !reply.contains("mist"));
    assert!(ask(Class::ReadOnly, &one.replace("lab", "x")).await.contains("bad-element"));
}

#[tokio::test]
async fn commands_print_text_or_elements() {
    let text = |command: &str| format!("<command format=\"text\">{command}</command>");
    let reply = ask(Class::ReadOnly, &text("show  version")).await;
    assert!(reply.contains("<output>\nHostname: r1\nModel: Box\n"), "{reply}");
    let reply = ask(Class::ReadOnly, "<command>show version</command>").await;
    assert!(reply.contains("<junos-version>1.2R3</junos-version>"), "{reply}");
    let clients = "show system services outbound-ssh clients";
    assert!(ask(Class::ReadOnly, &text(clients)).await.contains("Client  Device-id"));
    let detail = text(&format!("{clients} lab detail | no-more"));
    assert!(ask(Class::ReadOnly, &detail).await.contains("Client: lab"));
    let xml = ask(Class::ReadOnly, &text(&format!("{clients} | display xml"))).await;
    assert!(xml.contains("<outbound-ssh-client-name>lab<"), "{xml}");
    let set = ask(Class::ReadOnly, &text("show configuration | display set")).await;
    assert!(set.contains("<output>\nset system host-name r1\n"), "{set}");
    let curly = ask(Class::ReadOnly, &text("show configuration")).await;
    assert!(curly.contains("host-name r1;"), "{curly}");
    let json = ask(Class::ReadOnly, &text("show configuration | display json")).await;
    assert!(json.contains("&quot;host-name&quot;"), "{json}");
}

#[tokio::test]
async fn the_system_says_what_it_is() {
    let reply = ask(Class::ReadOnly, "<get-system-information/>").await;
    for element in
        ["<hardware-model>Box<", "<os-name>homing-agent<", "<serial-number>S1<", "<host-name>r1<"]
    {
        assert!(reply.contains(element), "{reply}");
    }
    let chassis = ask(Class::ReadOnly, "<get-chassis-inventory/>").await;
    assert!(chassis.contains("<serial-number>S1<"), "{chassis}");
}

#[tokio::test]
async fn operational_answers_come_in_the_form_that_is_asked_for() {
    let text = ask(Class::ReadOnly, "<get-system-information format='text'/>").await;
    assert!(text.contains("<output>\nModel: Box\n"), "{text}");
    let json = ask(Class::ReadOnly, "<get-system-information format='json'/>").await;
    assert!(json.contains("&quot;system-information&quot; : ["), "{json}");
    let rpc = "<command format='text'>show interfaces terse | display xml rpc</command>";
    assert!(ask(Class::ReadOnly, rpc).await.contains("&lt;terse/&gt;"));
    let count = "<command format='text'>show version | match model | count</command>";
    assert!(ask(Class::ReadOnly, count).await.contains("Count: 1 lines"));
}

#[tokio::test]
async fn the_host_tells_its_interfaces_routes_and_times() {
    let interfaces = "<get-interface-information><terse/><interface-name>lo</interface-name></get-interface-information>";
    let reply = ask(Class::ReadOnly, interfaces).await;
    assert!(
        reply.contains("<name>lo</name>") && reply.contains("junos:style=\"terse\""),
        "{reply}"
    );
    assert!(
        ask(Class::ReadOnly, &interfaces.replace(">lo<", ">none<")).await.contains("not found")
    );
    let private = "<get-interface-information><routing-instance>__juniper_private1__\
                   </routing-instance></get-interface-information>";
    assert!(!ask(Class::ReadOnly, private).await.contains("physical-interface"));
    let text = ask(Class::ReadOnly, "<command format='text'>show interfaces</command>").await;
    assert!(text.contains("Physical interface: lo"), "{text}");
    let routes = ask(Class::ReadOnly, "<get-route-information/>").await;
    assert!(routes.contains("<route-information "), "{routes}");
    let uptime = ask(Class::ReadOnly, "<get-system-uptime-information/>").await;
    assert!(
        uptime.contains("<system-booted-time>") && uptime.contains("junos:seconds="),
        "{uptime}"
    );
    let users = ask(Class::ReadOnly, "<get-system-users-information/>").await;
    assert!(users.contains("<user>ops</user>"), "{users}");
}

#[tokio::test]
async fn files_are_put_listed_shown_and_deleted_by_super_users() {
    let mut client = House::new().greet(Class::SuperUser).await;
    let put = "<file-put><filename>/var/tmp/a</filename><encoding>base64</encoding>\
               <file-contents>aGVsbG8K</file-contents></file-put>";
    assert!(client.rpc(put).await.contains("<success/>"));
    assert!(client.rpc(put).await.contains("delete-if-exist"));
    let list = "<file-list><path>/var/tmp</path><detail/></file-list>";
    let reply = client.rpc(list).await;
    assert!(
        reply.contains("<file-name>a</file-name>") && reply.contains("<file-size>6<"),
        "{reply}"
    );
    let show = "<file-show><filename>/var/tmp/a</filename></file-show>";
    assert!(client.rpc(show).await.contains("hello\n</file-content>"));
    let sum = "<get-checksum-information><path>/var/tmp/a</path></get-checksum-information>";
    assert!(client.rpc(sum).await.contains("b1946ac92492d2347c6235b4d2611184"));
    let text = "<command format='text'>file list /var/tmp detail</command>";
    assert!(client.rpc(text).await.contains(" a\n"));
    assert!(
        !client.rpc("<file-delete><path>/var/tmp/a</path></file-delete>").await.contains("error")
    );
    assert!(client.rpc(show).await.contains("could not resolve file"));
    assert!(ask(Class::ReadOnly, show).await.contains("access-denied"));
}
