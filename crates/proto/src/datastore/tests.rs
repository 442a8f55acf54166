//! The life of a candidate, from opening to rollback.

use std::time::Duration;

use super::*;
use crate::junos::Form;

fn config(text: &str) -> Arc<Configuration> {
    Arc::new(Configuration::parse("test", text).unwrap())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

const ONE: SessionId = SessionId(1);
const TWO: SessionId = SessionId(2);

fn store(text: &str) -> Datastore {
    let mut store = Datastore::new(config(text), Vec::new());
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Shared).unwrap();
    store
}

fn line(store: &mut Datastore, session: SessionId, text: &str) {
    store.edit(session, Edit::Statement(text.to_owned())).unwrap();
}

fn commit(store: &mut Datastore, session: SessionId, seconds: i64) {
    let plan = store.commit(session, Commit::default(), at(seconds)).unwrap();
    store.handle_committed(plan);
}

fn set_lines(configuration: &Configuration) -> String {
    configuration.print(Form::Set)
}

#[test]
fn a_line_is_merged_compared_and_committed() {
    let mut store = store("system { host-name a; services { ssh; } }");
    line(&mut store, ONE, "set system host-name b");
    assert!(store.is_modified());
    let text = compare(&store.running(), &store.candidate(ONE));
    assert_eq!(text, "[edit system]\n-  host-name a;\n+  host-name b;\n");
    commit(&mut store, ONE, 0);
    assert!(!store.is_modified());
    assert_eq!(store.running().system().host_name.as_deref(), Some("b"));
    assert_eq!(store.history().len(), 1);
}

#[test]
fn an_ordered_list_is_compared_with_its_neighbours() {
    let text = "firewall { filter f { term a { then accept; } term c { then reject; } } }";
    let mut store = store(text);
    line(&mut store, ONE, "set firewall filter f term b then accept");
    line(&mut store, ONE, "insert firewall filter f term b before term c");
    let shown = compare(&store.running(), &store.candidate(ONE));
    let expected = "[edit firewall filter f]\n     term a { ... }\n+    term b {\n\
                    +        then accept;\n+    }\n";
    assert_eq!(shown, expected);
}

/// Every block is one that a Junos device has printed, in the same columns.
#[test]
fn a_comparison_has_the_columns_of_a_device() {
    let before = "system { host-name SW2; services { ftp; ssh; } login { user u; } }
        interfaces { ge-0/0/0 { unit 0 { family inet { address 10.0.12.1/24; } } } xe-0/0/7; }
        protocols { bgp { group ibgp { neighbor 10.1.2.2; } group a { type internal; } group b { traceoptions { flag all; } } } }
        policy-options { policy-statement p { term t { from { route-filter 140.0.0.0/24 exact; } } } }
        firewall { family inet { filter f { term t { then accept; } } } }
        security { policies { from-zone K to-zone I { policy D; policy P; } } }";
    let mut store = store(before);
    for text in [
        "set system host-name python4life",
        "set system services ssh root-login allow",
        "set system login message hello",
        "set system root-authentication encrypted-password x",
        "set interfaces ge-0/0/0 unit 0 description \"to vsrx02\"",
        "set interfaces ge-0/0/0 unit 0 family inet address 10.0.50.1/24",
        "annotate interfaces xe-0/0/7 \"a new zone\"",
        "set protocols bgp group a preference 164",
        "set protocols bgp group ibgp neighbor 10.1.2.3 peer-as 2",
        "set protocols bgp group ibgp neighbor 10.1.2.2 import DRAIN",
        "deactivate protocols bgp group b traceoptions",
        "set policy-options policy-statement p term t from route-filter 150.0.0.0/24 exact",
        "delete firewall family inet filter f term t then accept",
        "set firewall family inet filter f term t then reject",
        "insert security policies from-zone K to-zone I policy D after policy P",
    ] {
        line(&mut store, ONE, text);
    }
    let shown = compare(&store.running(), &store.candidate(ONE));
    for expected in [
        "[edit system]\n-  host-name SW2;\n+  host-name python4life;\n",
        "[edit system services ssh]\n+    root-login allow;\n",
        "[edit system login]\n+   message hello;\n",
        "[edit interfaces]\n+   /* a new zone */\n    xe-0/0/7 { ... }\n",
        "[edit interfaces ge-0/0/0 unit 0]\n+    description \"to vsrx02\";\n",
        "[edit interfaces ge-0/0/0 unit 0 family inet]\n+       address 10.0.50.1/24;\n",
        "+  host-name python4life;\n+  root-authentication {\n+      encrypted-password",
        "[edit protocols bgp group a]\n+    preference 164;\n",
        "[edit protocols bgp group b]\n!      inactive: traceoptions { ... }\n",
        "\n+     neighbor 10.1.2.3 {\n+         peer-as 2;\n+     }\n",
        "[edit protocols bgp group ibgp neighbor 10.1.2.2]\n+     import DRAIN;\n",
        "term t from]\n+      route-filter 150.0.0.0/24 exact;\n",
        "term t then]\n-       accept;\n+       reject;\n",
        "[edit security policies from-zone K to-zone I]\n",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    assert!(shown.contains("\n!     policy P { ... }\n"), "{shown}");
}

#[test]
fn statements_are_renamed_copied_annotated_and_switched() {
    let mut store = store("system { login { user a { class x; } } }");
    for text in [
        "copy system login user a to user b",
        "rename system login user a to c",
        "annotate system login user b \"the copy\"",
        "deactivate system login user c",
        "delete system login user c class",
    ] {
        line(&mut store, ONE, text);
    }
    let printed = store.candidate(ONE).print(Form::Curly);
    let expected = "system {\n    login {\n        inactive: user c;\n        /* the copy */\n        \
                    user b {\n            class x;\n        }\n    }\n}\n";
    assert_eq!(printed, expected);
}

#[test]
fn a_pattern_deletes_what_it_fits_as_a_whole() {
    let mut store = store(
        "system { host-name a; domain-name b; login { user a1 { class x; } user a2; user ba1; } }
         interfaces { ge-0/0/0 { mtu 1500; } ge-0/0/10; xe-0/0/0; } bogus { one 1; two 2; }",
    );
    for text in [
        "wildcard delete interfaces ge-.*",
        "wildcard delete system login user \"a[0-9]\"",
        "wildcard delete system .*-name",
        "wildcard delete bogus t.*",
    ] {
        line(&mut store, ONE, text);
    }
    let left = set_lines(&store.candidate(ONE));
    assert_eq!(left, "set system login user ba1\nset interfaces xe-0/0/0\nset bogus one 1\n");
    let edit = |store: &mut Datastore, text: &str| store.edit(ONE, Edit::Statement(text.into()));
    let none = edit(&mut store, "wildcard delete interfaces e").unwrap();
    assert_eq!(none.warnings, ["no statement fits: interfaces e"]);
    for wrong in ["wildcard delete", "wildcard set interfaces x", "wildcard delete interfaces ("] {
        assert_eq!(edit(&mut store, wrong).unwrap_err().code(), "syntax-error", "{wrong}");
    }
}

#[test]
fn a_private_candidate_is_joined_with_what_others_committed() {
    let mut store = Datastore::new(config("system { host-name a; domain-name x; }"), Vec::new());
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Private).unwrap();
    store.open(TWO, Author::new("bob", Client::Cli), Mode::Private).unwrap();
    line(&mut store, ONE, "set system host-name b");
    line(&mut store, TWO, "set system services ssh");
    commit(&mut store, ONE, 0);
    commit(&mut store, TWO, 1);
    let lines = set_lines(&store.running());
    assert!(lines.contains("host-name b") && lines.contains("services ssh"), "{lines}");
    line(&mut store, ONE, "set system host-name c");
    line(&mut store, TWO, "set system host-name d");
    commit(&mut store, ONE, 2);
    let refused = store.commit(TWO, Commit::default(), at(3)).unwrap_err();
    assert_eq!(refused.code(), "commit-conflict");
}

#[test]
fn a_confirmed_commit_rolls_back_unless_it_is_confirmed() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    let confirmed = Commit { confirmed: Some(Duration::from_secs(60)), ..Commit::default() };
    let plan = store.commit(ONE, confirmed.clone(), at(0)).unwrap();
    store.handle_committed(plan);
    assert_eq!(store.poll_timeout(), Some(at(60)));
    assert!(store.handle_timeout(at(59)).is_none());
    let plan = store.handle_timeout(at(60)).unwrap();
    store.handle_committed(plan);
    assert_eq!(store.running().system().host_name.as_deref(), Some("a"));
    assert_eq!(store.poll_timeout(), None);
    line(&mut store, ONE, "set system host-name c");
    let plan = store.commit(ONE, confirmed, at(100)).unwrap();
    store.handle_committed(plan);
    commit(&mut store, ONE, 110);
    assert_eq!(store.poll_timeout(), None);
    assert_eq!(store.running().system().host_name.as_deref(), Some("c"));
}

#[test]
fn a_lock_keeps_others_out_and_its_end_discards() {
    let mut store = store("system { host-name a; }");
    store.open(TWO, Author::new("bob", Client::Netconf), Mode::Shared).unwrap();
    store.lock(TWO, Target::Candidate).unwrap();
    let refused = store.edit(ONE, Edit::Statement("set system host-name b".into())).unwrap_err();
    assert_eq!(refused.code(), "lock-denied");
    line(&mut store, TWO, "set system host-name b");
    store.close(TWO);
    assert!(!store.is_modified());
    line(&mut store, ONE, "set system host-name c");
}

fn loaded(store: &mut Datastore, action: Action, text: &str) -> Result<Outcome, EditError> {
    store.edit(ONE, Edit::Load { action, form: None, text: text.to_owned() })
}

#[test]
fn what_people_and_tools_send_is_the_same_in_every_form() {
    let mut store = store("system { host-name a; }");
    let lines = "set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24\n\
                 set system name-server 192.0.2.53\n\
                 set groups g interfaces <*> mtu 9000\n\
                 set routing-options static route 0.0.0.0/0 next-hop 192.0.2.254\n";
    loaded(&mut store, Action::Set, lines).unwrap();
    let candidate = store.candidate(ONE);
    let xml = candidate.print(Form::Xml).replace(['\n', ' '], "");
    for part in [
        "<interfaces><interface><name>ge-0/0/0</name><unit><name>0</name><family><inet><address>\
         <name>192.0.2.1/24</name></address></inet></family></unit></interface></interfaces>",
        "<name-server><name>192.0.2.53</name></name-server>",
        "<groups><name>g</name><interfaces><interface><name>&lt;*&gt;</name>",
        "<static><route><name>0.0.0.0/0</name><next-hop>192.0.2.254</next-hop></route></static>",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
    let curly = candidate.print(Form::Curly);
    assert!(curly.contains("            family inet {\n                address"), "{curly}");
    assert!(curly.contains("        route 0.0.0.0/0 next-hop 192.0.2.254;\n"), "{curly}");
    assert!(curly.contains("    name-server {\n        192.0.2.53;\n    }"), "{curly}");
}

#[test]
fn replace_and_delete_tags_do_what_they_say() {
    let text = "system { host-name a; login { user u { class x; } user v { class x; } } }";
    let mut store = store(text);
    let tagged = "system { delete: host-name; login { replace: user u { uid 7; } } }";
    loaded(&mut store, Action::Replace, tagged).unwrap();
    let lines = set_lines(&store.candidate(ONE));
    assert_eq!(lines, "set system login user u uid 7\nset system login user v class x\n");
}

fn edit_config(
    store: &mut Datastore,
    inner: &str,
    error_option: ErrorOption,
) -> Result<Outcome, EditError> {
    let text = format!("<config><configuration>{inner}</configuration></config>");
    let default_operation = DefaultOperation::Merge;
    store.edit(ONE, Edit::Config { text, default_operation, error_option })
}

#[test]
fn operations_of_edit_config_are_heeded() {
    let mut store = store("system { host-name a; domain-name d; login { user u { class x; } } }");
    let stop = ErrorOption::StopOnError;
    let create = "<system><host-name operation=\"create\">b</host-name></system>";
    assert_eq!(edit_config(&mut store, create, stop).unwrap_err().code(), "data-exists");
    let delete = "<system><time-zone operation=\"delete\"/></system>";
    assert_eq!(edit_config(&mut store, delete, stop).unwrap_err().code(), "data-missing");
    let remove = "<system><time-zone operation=\"remove\"/><domain-name operation=\"delete\"/>\
                  <login operation=\"replace\"><user><name>v</name><class>y</class></user></login></system>";
    edit_config(&mut store, remove, stop).unwrap();
    let lines = set_lines(&store.candidate(ONE));
    assert_eq!(lines, "set system host-name a\nset system login user v class y\n");
    let both = "<system><time-zone operation=\"delete\"/><host-name>c</host-name></system>";
    let outcome = edit_config(&mut store, both, ErrorOption::ContinueOnError).unwrap();
    assert_eq!(outcome.errors.len(), 1);
    assert!(set_lines(&store.candidate(ONE)).contains("host-name c"));
}

#[test]
fn an_unknown_statement_is_kept_compared_and_deleted() {
    let mut store = store("bogus { a 1; b { c; } }");
    line(&mut store, ONE, "set bogus d 5");
    line(&mut store, ONE, "delete bogus b");
    let shown = compare(&store.running(), &store.candidate(ONE));
    assert!(shown.contains("-   b {") && shown.contains("+   d 5;"), "{shown}");
}

#[test]
fn a_comparison_as_elements_is_an_edit_config() {
    let before = "system { host-name a; login { user u { class x; } user v { class x; } } }";
    let mut store = store(before);
    for text in ["set system host-name b", "delete system login user v", "set system services ssh"]
    {
        line(&mut store, ONE, text);
    }
    let wanted = store.candidate(ONE);
    let text = compare_xml(&store.running(), &wanted);
    assert!(text.contains("<host-name operation=\"replace\">b</host-name>"), "{text}");
    store.discard(ONE).unwrap();
    let default_operation = DefaultOperation::Merge;
    let edit = Edit::Config { text, default_operation, error_option: ErrorOption::StopOnError };
    store.edit(ONE, edit).unwrap();
    assert!(same(&store.candidate(ONE), &wanted));
}

#[test]
fn strict_mode_refuses_what_the_schema_does_not_know() {
    let mut store = store("system { host-name a; }").strict(true);
    line(&mut store, ONE, "set interfaces ge-0/0/0 mtu 9000");
    assert!(store.check(ONE).is_ok());
    line(&mut store, ONE, "set system host-nmae b");
    let refused = store.check(ONE).unwrap_err();
    assert_eq!(refused.code(), "unknown-statement");
    assert!(refused.to_string().contains("did you mean `host-name`?"), "{refused}");
}

#[test]
fn a_scheduled_commit_is_made_at_its_time_and_keeps_others_waiting() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    assert_eq!(store.schedule(ONE, None, at(0), at(0)).unwrap_err().code(), "time-is-past");
    let far = at(367 * 86_400);
    assert_eq!(store.schedule(ONE, None, far, at(0)).unwrap_err().code(), "time-is-far");
    store.schedule(ONE, None, at(100), at(0)).unwrap();
    line(&mut store, ONE, "set system host-name c");
    let refused = store.commit(ONE, Commit::default(), at(1)).unwrap_err();
    assert_eq!(refused.code(), "commit-scheduled");
    assert_eq!(store.poll_timeout(), Some(at(100)));
    let plan = store.handle_timeout(at(100)).unwrap();
    store.handle_committed(plan);
    assert_eq!(store.running().system().host_name.as_deref(), Some("b"));
    assert_eq!(store.candidate(ONE).system().host_name.as_deref(), Some("c"));
    assert_eq!(store.poll_timeout(), None);
}

#[test]
fn a_scheduled_commit_that_fails_waits_on_until_it_is_made_or_cleared() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    store.schedule(ONE, None, at(100), at(0)).unwrap();
    let plan = store.handle_timeout(at(100)).unwrap();
    assert!(plan.is_scheduled() && store.scheduled_after(&plan).is_none());
    store.handle_commit_failed(plan);
    assert_eq!(store.poll_timeout(), Some(at(100)));
    let plan = store.handle_timeout(at(110)).unwrap();
    store.handle_commit_failed(plan);
    assert!(store.clear_schedule());
    assert!(store.handle_timeout(at(120)).is_none());
    assert_eq!(store.running().system().host_name.as_deref(), Some("a"));
    commit(&mut store, ONE, 130);
}

#[test]
fn a_commit_that_was_given_up_half_way_keeps_nobody_from_committing() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    drop(store.commit(ONE, Commit::default(), at(0)).unwrap());
    assert_eq!(
        store.commit(ONE, Commit::default(), at(1)).unwrap_err().code(),
        "commit-in-progress"
    );
    store.handle_commit_abandoned();
    commit(&mut store, ONE, 2);
}

const CONFIRMED: Duration = Duration::from_secs(60);

fn commit_confirmed(store: &mut Datastore, session: SessionId, is_bound: bool) {
    let commit = Commit { confirmed: Some(CONFIRMED), is_bound, ..Commit::default() };
    let plan = store.commit(session, commit, at(0)).unwrap();
    store.handle_committed(plan);
}

#[test]
fn while_a_commit_waits_for_its_confirmation_none_is_scheduled_or_reloaded() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system host-name b");
    commit_confirmed(&mut store, ONE, false);
    let refused = store.schedule(ONE, None, at(100), at(1)).unwrap_err();
    assert_eq!(refused.code(), "commit-awaits-confirmation");
    let reload = |store: &mut Datastore| {
        let text = "system { host-name c; }";
        let author = Author::new("root", Client::Reload);
        store.reload(config(text), text.to_owned(), author, at(1))
    };
    assert_eq!(reload(&mut store).unwrap_err().code(), "commit-awaits-confirmation");
    commit(&mut store, ONE, 2);
    store.lock(ONE, Target::Running).unwrap();
    assert_eq!(reload(&mut store).unwrap_err().code(), "lock-denied");
    store.unlock(ONE, Target::Running).unwrap();
    reload(&mut store).unwrap();
}

#[test]
fn what_could_not_be_read_back_at_a_start_is_not_committed() {
    for first in ["set system host-name x;", "<x> y;", "delete a;", "{\"a\"} b;"] {
        let mut store = store("");
        let form = Some(Form::Curly);
        let text = format!("{first}\nsystem {{ host-name a; }}");
        let Ok(_) = store.edit(ONE, Edit::Load { action: Action::Override, form, text }) else {
            continue;
        };
        let refused = store.commit(ONE, Commit::default(), at(0)).unwrap_err();
        assert_eq!(refused.code(), "misleading-statement", "{first}");
    }
}

#[test]
fn an_edit_that_is_tested_leaves_the_candidate_as_it_was_unless_it_is_to_be_set() {
    let mut store = store("system { host-name a; }");
    line(&mut store, ONE, "set system domain-name kept");
    let edit = |store: &mut Datastore, line: &str, option| {
        let edit = Edit::Statement(line.to_owned());
        store.edit_tested::<EditError>(ONE, edit, option, |_| Ok(())).map(|_| ())
    };
    let name = |store: &Datastore| store.candidate(ONE).system().host_name.unwrap();
    edit(&mut store, "set system host-name b", TestOption::TestOnly).unwrap();
    assert_eq!(name(&store), "a");
    edit(&mut store, "set system host-name b", TestOption::TestThenSet).unwrap();
    assert_eq!(name(&store), "b");
    let wrong = "set system services outbound-ssh client x secret y";
    for option in [TestOption::TestOnly, TestOption::TestThenSet] {
        assert!(edit(&mut store, wrong, option).is_err());
    }
    assert!(!set_lines(&store.candidate(ONE)).contains("client x"));
    edit(&mut store, wrong, TestOption::Set).unwrap();
    let lines = set_lines(&store.candidate(ONE));
    assert!(lines.contains("client x") && lines.contains("domain-name kept"), "{lines}");
}

fn second(store: &mut Datastore, mode: Mode) {
    store.open(TWO, Author::new("bob", Client::Netconf), mode).unwrap();
}

#[test]
fn a_commit_that_is_bound_to_its_session_is_confirmed_and_cancelled_there_alone() {
    let mut store = store("system { host-name a; }");
    second(&mut store, Mode::Shared);
    line(&mut store, ONE, "set system host-name b");
    commit_confirmed(&mut store, ONE, true);
    let code = |refused: Refused| refused.code();
    assert_eq!(store.cancel(TWO, None, at(1)).map_err(code).unwrap_err(), "wrong-persist-id");
    let confirmed = store.commit(TWO, Commit::default(), at(1));
    assert_eq!(confirmed.map_err(code).unwrap_err(), "wrong-persist-id");
    let locked = store.lock(TWO, Target::Running);
    assert_eq!(locked.map_err(code).unwrap_err(), "commit-awaits-confirmation");
    store.lock(ONE, Target::Running).unwrap();
    let plan = store.cancel(ONE, None, at(2)).unwrap();
    store.handle_committed(plan);
    store.unlock(ONE, Target::Running).unwrap();
    store.lock(TWO, Target::Running).unwrap();
}

#[test]
fn a_private_candidate_is_not_committed_while_another_session_edits_alone() {
    let mut store = Datastore::new(config("system { host-name a; }"), Vec::new());
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Private).unwrap();
    line(&mut store, ONE, "set system host-name b");
    second(&mut store, Mode::Exclusive);
    let refused = store.commit(ONE, Commit::default(), at(0)).unwrap_err();
    assert_eq!(refused.code(), "lock-denied");
    store.close(TWO);
    commit(&mut store, ONE, 1);
}

#[test]
fn a_session_is_opened_in_another_mode_only_if_nothing_is_lost_by_that() {
    let author = || Author::new("ann", Client::Cli);
    let mut store = store("system { host-name a; }");
    store.lock(ONE, Target::Candidate).unwrap();
    line(&mut store, ONE, "set system host-name b");
    let refused = store.reopen(ONE, author(), Mode::Private).unwrap_err();
    assert_eq!(refused.code(), "session-holds-something");
    assert_eq!(store.holder(Target::Candidate).map(|it| it.0), Some(ONE));
    commit_confirmed(&mut store, ONE, true);
    store.unlock(ONE, Target::Candidate).unwrap();
    let refused = store.reopen(ONE, author(), Mode::Private).unwrap_err();
    assert_eq!(refused.code(), "session-holds-something");
    commit(&mut store, ONE, 1);
    line(&mut store, ONE, "set system host-name c");
    let refused = store.reopen(ONE, author(), Mode::Private).unwrap_err();
    assert_eq!((refused.code(), store.mode(ONE)), ("configuration-modified", Some(Mode::Shared)));
    store.discard(ONE).unwrap();
    store.reopen(ONE, author(), Mode::Private).unwrap();
    assert_eq!(store.mode(ONE), Some(Mode::Private));
}

/// What the shared candidate has after `lines` were edited in it and somebody reloaded `after`.
fn edited_and_reloaded(before: &str, lines: &[&str], after: &str) -> String {
    let mut store = store(before);
    for text in lines {
        line(&mut store, ONE, text);
    }
    let author = Author::new("root", Client::Reload);
    let plan = store.reload(config(after), after.to_owned(), author, at(0)).unwrap();
    store.handle_committed(plan);
    set_lines(&store.candidate(ONE))
}

#[test]
fn what_was_edited_and_reloaded_at_once_stays_as_edited_and_the_rest_is_as_reloaded() {
    let before = "system { host-name a; domain-name x; login { user u { class c; } } }";
    let both = edited_and_reloaded(
        before,
        &["set system host-name edited", "set system services ssh"],
        "system { host-name reloaded; domain-name reloaded; login { user u { class c; } } }",
    );
    assert_eq!(
        both,
        "set system host-name edited\nset system domain-name reloaded\n\
         set system login user u class c\nset system services ssh\n"
    );
    // What was edited inside something that is gone brings that back, as it was edited.
    let gone = edited_and_reloaded(
        before,
        &["set system login user u uid 7"],
        "system { host-name a; domain-name reloaded; }",
    );
    assert!(gone.contains("domain-name reloaded"), "{gone}");
    assert!(gone.contains("user u uid 7") && gone.contains("user u class c"), "{gone}");
    // What was deleted stays deleted.
    let deleted = edited_and_reloaded(
        before,
        &["delete system host-name"],
        "system { host-name reloaded; domain-name reloaded; }",
    );
    assert_eq!(deleted, "set system domain-name reloaded\n");
}

#[test]
fn a_delete_with_an_empty_key_deletes_nothing_and_one_without_deletes_all() {
    let text = "policy-options { prefix-list a { 10.0.0.0/8; } prefix-list b { 10.0.0.0/8; } }";
    let list = |inner: &str| {
        let delete = "<prefix-list operation=\"delete\">";
        format!("<policy-options>{delete}{inner}</prefix-list></policy-options>")
    };
    for inner in ["<name/>", "<name></name>", "<name> </name>"] {
        let mut store = store(text);
        let error = edit_config(&mut store, &list(inner), ErrorOption::StopOnError).unwrap_err();
        assert_eq!(error.code(), "missing-value", "{inner}");
        assert!(!store.is_modified());
    }
    let mut named = store(text);
    edit_config(&mut named, &list("<name>a</name>"), ErrorOption::StopOnError).unwrap();
    assert!(set_lines(&named.candidate(ONE)).contains("prefix-list b"));
    let mut all = store(text);
    edit_config(&mut all, &list(""), ErrorOption::StopOnError).unwrap();
    assert!(!set_lines(&all.candidate(ONE)).contains("prefix-list"));
}

#[test]
fn a_statement_too_deep_for_elements_is_refused_and_one_of_many_values_is_not() {
    let mut store = store("system { host-name a; }");
    let words = |count: usize| (0..count).map(|at| format!(" w{at}")).collect::<String>();
    let mut set =
        |text: String| store.edit(ONE, Edit::Statement(text)).map_err(|error| error.code());
    assert_eq!(set(format!("set{}", words(140))).unwrap_err(), "too-deep");
    assert_eq!(set(format!("set{} [ a b ]", words(70))).unwrap_err(), "too-deep");
    set(format!("set{}", words(62))).unwrap();
    set(format!("set vendor list [{} ]", words(900))).unwrap();
    let candidate = store.candidate(ONE);
    let xml = candidate.print(Form::Xml);
    assert_eq!(
        set_lines(&Configuration::parse_as("x", &xml, Form::Xml).unwrap()).lines().count(),
        902
    );
}

#[test]
fn an_attribute_is_read_without_its_escapes() {
    let mut store = store("policy-options { prefix-list a { 10.0.0.0/8; } }");
    let text = "<policy-options><prefix-list rename=\"rename\" name=\"x&amp;y\"><name>a</name>\
        </prefix-list></policy-options>";
    edit_config(&mut store, text, ErrorOption::StopOnError).unwrap();
    let shown = set_lines(&store.candidate(ONE));
    assert_eq!(shown, "set policy-options prefix-list \"x&y\" 10.0.0.0/8\n");
}

#[test]
fn a_patch_that_ends_inside_its_header_is_refused() {
    let mut store = store("system { host-name a; }");
    let load = Edit::Load {
        action: Action::Patch,
        form: None,
        text: "[edit \"system]\n-  host-name a;\n".to_owned(),
    };
    let error = store.edit(ONE, load).unwrap_err();
    assert_eq!(error.code(), "syntax-error");
    assert!(!store.is_modified());
}
