//! Lines of configuration mode, and what a comparison of what they did says.

use super::*;

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
