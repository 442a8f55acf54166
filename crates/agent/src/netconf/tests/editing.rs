//! Editing over NETCONF: locks, candidates, commits, notifications.

use homing_proto::datastore::Timestamp;

use super::*;

const HOST_NAME: &str = "<edit-config><target><candidate/></target><config><configuration>\
    <system><host-name>r2</host-name></system></configuration></config></edit-config>";
const COMMIT: &str = "<commit/>";
const CANDIDATE: &str = "<get-config><source><candidate/></source></get-config>";

async fn chief(house: &House) -> Client {
    house.greet(Class::SuperUser).await
}

fn lock(what: &str) -> String {
    format!("<{what}><target><candidate/></target></{what}>")
}

fn load(attributes: &str, inside: &str) -> String {
    format!("<load-configuration {attributes}>{inside}</load-configuration>")
}

const DIFF: &str = "<get-configuration compare=\"rollback\" rollback=\"0\" format=\"text\"/>";

#[tokio::test]
async fn an_edit_is_seen_in_the_candidate_and_then_committed_or_discarded() {
    let house = House::new();
    let mut client = chief(&house).await;
    assert!(client.rpc(HOST_NAME).await.contains("<ok/>"));
    assert!(client.rpc(CANDIDATE).await.contains("<host-name>r2<"));
    assert!(client.rpc("<discard-changes/>").await.contains("<ok/>"));
    assert!(client.rpc(CANDIDATE).await.contains("<host-name>r1<"));
    assert!(client.rpc(HOST_NAME).await.contains("<ok/>"));
    let diff = client.rpc(DIFF).await;
    assert!(diff.contains("[edit system]\n-  host-name r1;\n+  host-name r2;"), "{diff}");
    assert!(
        client.rpc("<validate><source><candidate/></source></validate>").await.contains("<ok/>")
    );
    assert!(client.rpc(COMMIT).await.contains("<ok/>"));
    assert_eq!(house.view.2.running().await.system().host_name.as_deref(), Some("r2"));
    let commits = client.rpc("<get-commit-information/>").await;
    assert!(
        commits.contains("<user>ops</user>") && commits.contains("<client>netconf<"),
        "{commits}"
    );
    assert!(client.rpc(DIFF).await.contains("<configuration-output>\n</configuration-output>"));
}

#[tokio::test]
async fn operations_of_elements_and_error_options_are_obeyed() {
    let mut client = chief(&House::new()).await;
    let edit = |options: &str, inside: &str| {
        format!(
            "<edit-config><target><candidate/></target>{options}<config><configuration>{inside}\
                 </configuration></config></edit-config>"
        )
    };
    let delete = "<system><domain-name xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'/></system>";
    let missing = client.rpc(&edit("", delete)).await;
    assert!(
        missing.contains("data-missing") && missing.contains("<error-path>[edit system]<"),
        "{missing}"
    );
    let both = format!("<chassis><x>1</x></chassis>{delete}");
    assert!(
        client
            .rpc(&edit("<error-option>continue-on-error</error-option>", &both))
            .await
            .contains("data-missing")
    );
    assert!(client.rpc(CANDIDATE).await.contains("<chassis>"));
    let rolled = format!("<snmp><y>1</y></snmp>{delete}");
    assert!(
        client
            .rpc(&edit("<error-option>rollback-on-error</error-option>", &rolled))
            .await
            .contains("data-missing")
    );
    assert!(!client.rpc(CANDIDATE).await.contains("<snmp>"));
    let only = edit("<test-option>test-only</test-option>", "<snmp><y>1</y></snmp>");
    assert!(client.rpc(&only).await.contains("<ok/>"));
    assert!(!client.rpc(CANDIDATE).await.contains("<snmp>"));
    let wrong = "<system><services><outbound-ssh><client><name>new</name></client></outbound-ssh></services></system>";
    assert!(client.rpc(&edit("", wrong)).await.contains("rpc-error"));
    assert!(!client.rpc(CANDIDATE).await.contains("<name>new<"));
    assert!(client.rpc(&edit("<test-option>set</test-option>", wrong)).await.contains("<ok/>"));
    assert!(client.rpc(COMMIT).await.contains("rpc-error"));
    assert!(
        client
            .rpc(&edit("<default-operation>sideways</default-operation>", ""))
            .await
            .contains("invalid-value")
    );
}

#[tokio::test]
async fn a_lock_keeps_others_out_until_its_session_ends() {
    let house = House::new();
    let (mut one, mut two) = (chief(&house).await, chief(&house).await);
    assert!(one.rpc(&lock("lock")).await.contains("<ok/>"));
    let denied = two.rpc(&lock("lock")).await;
    assert!(
        denied.contains("lock-denied") && denied.contains("<session-id>1</session-id>"),
        "{denied}"
    );
    assert!(two.rpc(HOST_NAME).await.contains("lock-denied"));
    assert!(two.rpc("<lock-configuration/>").await.contains("lock-denied"));
    assert!(two.rpc(&lock("unlock")).await.contains("rpc-error"));
    assert!(one.rpc(HOST_NAME).await.contains("<ok/>"));
    assert!(
        two.rpc("<kill-session><session-id>1</session-id></kill-session>").await.contains("<ok/>")
    );
    assert!(two.rpc(&lock("lock")).await.contains("<ok/>"));
    assert!(two.rpc(CANDIDATE).await.contains("<host-name>r1<"));
}

#[tokio::test]
async fn junoss_loads_take_every_form_and_report_as_junos_does() {
    let mut client = chief(&House::new()).await;
    let ok = "<load-configuration-results>\n<ok/>";
    let set = load(
        "action='set' format='text'",
        "<configuration-set>set system host-name r5</configuration-set>",
    );
    assert!(client.rpc(&set).await.contains(ok));
    let text =
        load("format='text'", "<configuration-text>system { host-name r6; }</configuration-text>");
    assert!(client.rpc(&text).await.contains(ok));
    let xml = load("", "<configuration><system><host-name>r7</host-name></system></configuration>");
    assert!(client.rpc(&xml).await.contains(ok));
    let json = load(
        "format='json'",
        "<configuration-json>{\"configuration\":{\"system\":{\"host-name\":\"r8\"}}}</configuration-json>",
    );
    assert!(client.rpc(&json).await.contains(ok));
    let diff = client.rpc(DIFF).await;
    assert!(diff.contains("+  host-name r8;"), "{diff}");
    let broken = load(
        "format='text'",
        "<configuration-text>system { services { outbound-ssh { devide; } } }</configuration-text>",
    );
    let reply = client.rpc(&broken).await;
    assert!(reply.contains("<load-error-count>1<") && reply.contains("rpc-error"), "{reply}");
    let gone =
        load("action='set'", "<configuration-set>delete system domain-name</configuration-set>");
    let warned = client.rpc(&gone).await;
    assert!(warned.contains("<error-severity>warning<") && warned.contains("<ok/>"), "{warned}");
    assert!(
        client
            .rpc("<commit-configuration><check/></commit-configuration>")
            .await
            .contains("commit-check-success")
    );
    let commit = "<commit-configuration><log>because</log><synchronize/></commit-configuration>";
    assert!(client.rpc(commit).await.contains("<commit-success/>"));
    assert!(client.rpc("<get-commit-information/>").await.contains("<log>because</log>"));
    assert!(client.rpc(&load("rollback='1'", "")).await.contains(ok));
    assert!(client.rpc(DIFF).await.contains("+  host-name r1;"));
    let shown = client.rpc("<command format='text'>show system commit</command>").await;
    assert!(shown.contains("by ops via netconf"), "{shown}");
}

#[tokio::test]
async fn private_candidates_are_apart_and_closing_forgets_them() {
    let house = House::new();
    let (mut one, mut two) = (chief(&house).await, chief(&house).await);
    let private = "<open-configuration><private/></open-configuration>";
    assert!(!one.rpc(private).await.contains("error"));
    let set =
        load("action='set'", "<configuration-set>set system host-name r9</configuration-set>");
    assert!(one.rpc(&set).await.contains("<ok/>"));
    assert!(two.rpc(CANDIDATE).await.contains("<host-name>r1<"));
    assert!(two.rpc(&set).await.contains("rpc-error"));
    assert!(one.rpc(CANDIDATE).await.contains("<host-name>r9<"));
    assert!(!one.rpc("<close-configuration/>").await.contains("error"));
    assert!(one.rpc(CANDIDATE).await.contains("<host-name>r1<"));
    assert!(two.rpc(&set).await.contains("<ok/>"));
}

#[tokio::test]
async fn a_confirmed_commit_is_confirmed_cancelled_or_undone_by_the_end_of_its_session() {
    let house = House::new();
    let mut client = chief(&house).await;
    let confirmed = "<commit><confirmed/><confirm-timeout>600</confirm-timeout></commit>";
    client.rpc(HOST_NAME).await;
    assert!(client.rpc(confirmed).await.contains("<ok/>"));
    assert!(client.rpc("<cancel-commit/>").await.contains("<ok/>"));
    assert_eq!(house.view.2.running().await.system().host_name.as_deref(), Some("r1"));
    client.rpc(HOST_NAME).await;
    let persisting = "<commit><confirmed/><persist>word</persist></commit>";
    assert!(client.rpc(persisting).await.contains("<ok/>"));
    let mut other = chief(&house).await;
    assert!(other.rpc(COMMIT).await.contains("persist-id"));
    assert!(other.rpc("<commit><persist-id>word</persist-id></commit>").await.contains("<ok/>"));
    assert!(other.rpc("<cancel-commit/>").await.contains("rpc-error"));
    client.rpc(&HOST_NAME.replace("r2", "r3")).await;
    assert!(client.rpc(confirmed).await.contains("<ok/>"));
    assert!(client.rpc("<close-session/>").await.contains("<ok/>"));
    for _ in 0..3_000 {
        if house.view.2.running().await.system().host_name.as_deref() == Some("r2") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    unreachable!("the confirmed commit was not undone with its session");
}

#[tokio::test]
async fn subscribers_hear_of_commits_and_sessions_and_what_was() {
    let house = House::new();
    let mut listener = house.greet(Class::ReadOnly).await;
    let namespace = "xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'";
    let subscribe = format!("<create-subscription {namespace}/>");
    assert!(listener.rpc(&subscribe).await.contains("<ok/>"));
    let mut client = chief(&house).await;
    let start = listener.message().await;
    assert!(
        start.contains("<netconf-session-start") && start.contains("<session-id>2<"),
        "{start}"
    );
    client.rpc(HOST_NAME).await;
    client.rpc(COMMIT).await;
    let change = listener.message().await;
    assert!(
        change.contains("<netconf-config-change") && change.contains("<session-id>2<"),
        "{change}"
    );
    assert!(listener.rpc(&subscribe).await.contains("in-use"));
    assert!(listener.rpc("<get/>").await.contains("<replaySupport>true<"));
    client.rpc("<close-session/>").await;
    let end = listener.message().await;
    assert!(end.contains("<termination-reason>closed<"), "{end}");
    let mut late = house.greet(Class::ReadOnly).await;
    let window = format!(
        "<create-subscription {namespace}><filter>\
         <netconf-config-change xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-notifications'/></filter>\
        \
         <startTime>2000-01-01T00:00:00Z</startTime><stopTime>2000-01-01T00:00:01Z</stopTime></create-subscription>"
    );
    assert!(late.rpc(&window).await.contains("<ok/>"));
    assert!(late.message().await.contains("<replayComplete"));
    assert!(late.message().await.contains("<notificationComplete"));
    let all = window.replace("<stopTime>2000-01-01T00:00:01Z</stopTime>", "");
    assert!(late.rpc(&all).await.contains("<ok/>"));
    let past = late.message().await;
    assert!(past.contains("<netconf-config-change"), "{past}");
    assert!(late.message().await.contains("<replayComplete"));
}

#[tokio::test]
async fn readers_may_not_edit_and_see_no_secret_of_a_candidate() {
    let house = House::new();
    let mut reader = house.greet(Class::ReadOnly).await;
    for operation in
        [HOST_NAME, COMMIT, "<lock-configuration/>", "<discard-changes/>", "<load-configuration/>"]
    {
        assert!(reader.rpc(operation).await.contains("access-denied"), "{operation}");
    }
    let mut client = chief(&house).await;
    let set = load(
        "action='set'",
        "<configuration-set>set system services outbound-ssh client lab secret hidden</configuration-set>",
    );
    assert!(client.rpc(&set).await.contains("<ok/>"));
    for operation in [CANDIDATE, DIFF, "<get-configuration format='set'/>"] {
        let reply = reader.rpc(operation).await;
        assert!(!reply.contains("hidden") && !reply.contains("$9$"), "{reply}");
        assert!(!client.rpc(operation).await.contains("hidden"));
    }
}

#[tokio::test]
async fn configurations_are_copied_to_and_from_files() {
    let house = House::new();
    let mut client = chief(&house).await;
    let copy = "<copy-config><target><url>file:///var/tmp/saved</url></target><source><running/></source></copy-config>";
    assert!(client.rpc(copy).await.contains("<ok/>"));
    client.rpc(HOST_NAME).await;
    let back = "<copy-config><target><candidate/></target><source><url>file:///var/tmp/saved</url></source></copy-config>";
    assert!(client.rpc(back).await.contains("<ok/>"));
    assert!(client.rpc(CANDIDATE).await.contains("<host-name>r1<"));
    assert!(
        client.rpc(&load("url='/var/tmp/saved' action='override'", "")).await.contains("<ok/>")
    );
    let outside = back.replace("/var/tmp/saved", "/../etc/passwd");
    assert!(client.rpc(&outside).await.contains("access-denied"));
    assert!(
        client
            .rpc("<delete-config><target><url>file:///var/tmp/saved</url></target></delete-config>")
            .await
            .contains("<ok/>")
    );
    assert!(
        client
            .rpc("<delete-config><target><running/></target></delete-config>")
            .await
            .contains("operation-not-supported")
    );
    let save = client.rpc("<request-save-rescue-configuration/>").await;
    assert!(save.contains("<success/>"), "{save}");
    let rescue = client.rpc("<get-rescue-information format='text'/>").await;
    assert!(rescue.contains("host-name r1;"), "{rescue}");
    assert!(client.rpc(&load("rescue='rescue'", "")).await.contains("<ok/>"));
}

#[tokio::test]
async fn a_scheduled_commit_is_shown_and_can_be_cleared() {
    let house = House::new();
    let mut client = chief(&house).await;
    client.rpc(HOST_NAME).await;
    let at = |text: &str| {
        format!("<commit-configuration><at-time>{text}</at-time></commit-configuration>")
    };
    assert!(client.rpc(&at("9000-01-01 00:00:00")).await.contains("more than a year away"));
    let tomorrow = Timestamp::now() + std::time::Duration::from_secs(86_400);
    let tomorrow = tomorrow.strftime("%Y-%m-%d %H:%M:%S").to_string();
    assert!(client.rpc(&at(&tomorrow)).await.contains("commit-check-success"));
    assert!(client.rpc(COMMIT).await.contains("`clear system commit`"));
    let shown = client.rpc("<command format='text'>show system commit</command>").await;
    assert!(shown.contains("commit requested by ops via netconf at "), "{shown}");
    let mut reader = house.greet(Class::ReadOnly).await;
    assert!(reader.rpc("<clear-system-commit/>").await.contains("access-denied"));
    let clear = "<command format='text'>clear system commit</command>";
    assert!(client.rpc(clear).await.contains("Pending commit cleared."));
    assert!(client.rpc(clear).await.contains("No commit scheduled."));
    assert!(client.rpc(COMMIT).await.contains("<ok/>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_edit_that_is_only_tested_undoes_nobody_elses() {
    let house = House::new();
    let (mut tester, mut editor) = (chief(&house).await, chief(&house).await);
    let test = HOST_NAME.replace("<config>", "<test-option>test-only</test-option><config>");
    let tests = async {
        for _ in 0..40 {
            assert!(tester.rpc(&test).await.contains("<ok/>"));
        }
    };
    let edits = async {
        for number in 0..40 {
            let set = format!("set system domain-name d{number}");
            let set = format!("<configuration-set>{set}</configuration-set>");
            assert!(editor.rpc(&load("action='set'", &set)).await.contains("<ok/>"));
            let candidate = editor.rpc(CANDIDATE).await;
            assert!(candidate.contains(&format!("<domain-name>d{number}<")), "{candidate}");
        }
    };
    tokio::join!(tests, edits);
}

#[tokio::test]
async fn a_session_that_reads_nothing_is_killed_and_holds_nothing_any_more() {
    let house = House::new();
    let (mut stalled, mut chief) = (chief(&house).await, chief(&house).await);
    assert!(stalled.rpc(&lock("lock")).await.contains("<ok/>"));
    // More answers than the stream takes while nobody reads.
    let ask = format!("<rpc message-id=\"1\">{CANDIDATE}</rpc>]]>]]>").repeat(200);
    stalled.far.write_all(ask.as_bytes()).await.unwrap();
    let kill = "<kill-session><session-id>1</session-id></kill-session>";
    assert!(chief.rpc(kill).await.contains("<ok/>"));
    assert!(chief.rpc(&lock("lock")).await.contains("<ok/>"));
    for _ in 0..1_500 {
        if house.sessions.list().len() == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    unreachable!("the killed session did not end");
}

#[tokio::test]
async fn a_confirmed_commit_of_another_session_is_neither_locked_away_nor_cancelled() {
    let house = House::new();
    let (mut one, mut two) = (chief(&house).await, chief(&house).await);
    one.rpc(HOST_NAME).await;
    assert!(one.rpc("<commit><confirmed/></commit>").await.contains("<ok/>"));
    let denied = two.rpc("<lock><target><running/></target></lock>").await;
    assert!(denied.contains("lock-denied"), "{denied}");
    assert!(denied.contains("<session-id>1</session-id>"), "{denied}");
    assert!(two.rpc("<cancel-commit/>").await.contains("rpc-error"));
    let private = "<open-configuration><private/></open-configuration>";
    assert!(one.rpc(private).await.contains("in-use"));
    assert_eq!(house.view.2.running().await.system().host_name.as_deref(), Some("r2"));
    assert!(one.rpc(COMMIT).await.contains("<ok/>"));
    assert!(two.rpc("<lock><target><running/></target></lock>").await.contains("<ok/>"));
}

#[tokio::test]
async fn a_private_candidate_is_updated_and_what_is_protected_is_refused_by_name() {
    let house = House::new();
    let (mut ann, mut bob) = (chief(&house).await, chief(&house).await);
    for client in [&mut ann, &mut bob] {
        let open = "<open-configuration><private/></open-configuration>";
        assert!(!client.rpc(open).await.contains("rpc-error"));
    }
    let set = |lines: &str| {
        load("action=\"set\"", &format!("<configuration-set>{lines}</configuration-set>"))
    };
    let lines = "set system time-zone UTC\nset system host-name a\nprotect system host-name";
    assert!(ann.rpc(&set(lines)).await.contains("<ok/>"));
    assert!(ann.rpc("<commit-configuration/>").await.contains("<commit-success/>"));
    let shown = ann.rpc(CANDIDATE).await;
    assert!(shown.contains("<host-name protect=\"protect\">a</host-name>"), "{shown}");
    let refused = ann.rpc(HOST_NAME).await;
    assert!(refused.contains("statement is protected: system host-name"), "{refused}");

    assert!(bob.rpc(&set("set system domain-name example.net")).await.contains("<ok/>"));
    assert!(bob.rpc("<update-configuration/>").await.contains("<ok/>"));
    let updated = bob.rpc(CANDIDATE).await;
    assert!(updated.contains("UTC") && updated.contains("example.net"), "{updated}");
    let mut other = chief(&house).await;
    assert!(other.rpc("<update-configuration/>").await.contains("private candidate"));
}
