//! Statements that are protected.

use super::*;

const TEXT: &str =
    "system { host-name a; login { user u { class operator; } user v { class operator; } } }";

/// What a line says if it is refused.
fn refusal(store: &mut Datastore, text: &str) -> String {
    let before = store.candidate(ONE);
    let refused = store.edit(ONE, Edit::Statement(text.to_owned())).unwrap_err();
    assert_eq!(refused.code(), "statement-protected", "{text}");
    assert!(same(&before, &store.candidate(ONE)), "{text}");
    refused.to_string()
}

fn load(store: &mut Datastore, action: Action, text: &str) -> Result<Outcome, EditError> {
    store.edit(ONE, Edit::Load { action, form: None, text: text.to_owned() })
}

#[test]
fn a_protected_statement_and_what_is_in_it_is_not_changed_by_any_line() {
    let mut store = store(TEXT);
    line(&mut store, ONE, "protect system login");
    for text in [
        "set system login user w class operator",
        "set system login user u class super-user",
        "delete system login",
        "delete system login user u",
        "deactivate system login",
        "deactivate system login user u",
        "rename system login user u to user w",
        "copy system login user u to user w",
        "insert system login user v before user u",
        "annotate system login \"x\"",
        "annotate system login user u \"x\"",
        "protect system login user u",
        "wildcard delete system login user .*",
    ] {
        assert_eq!(refusal(&mut store, text), "statement is protected: system login", "{text}");
    }
    // What changes nothing is no change.
    line(&mut store, ONE, "set system login user u class operator");
    line(&mut store, ONE, "protect system login");
    line(&mut store, ONE, "set system host-name b");
    line(&mut store, ONE, "unprotect system login");
    line(&mut store, ONE, "unprotect system login");
    line(&mut store, ONE, "set system login user u class super-user");
}

#[test]
fn a_leaf_is_protected_by_its_name() {
    let mut store = store(TEXT);
    line(&mut store, ONE, "protect system host-name");
    let said = refusal(&mut store, "set system host-name b");
    assert_eq!(said, "statement is protected: system host-name a");
    refusal(&mut store, "delete system host-name");
    line(&mut store, ONE, "set system host-name a");
    let missing = store.edit(ONE, Edit::Statement("protect system services".to_owned())).unwrap();
    assert_eq!(missing.warnings, ["statement not found: system services"]);
}

#[test]
fn what_is_deleted_keeps_what_is_protected_in_it() {
    let mut store = store(TEXT);
    line(&mut store, ONE, "protect system login user u");
    let deleted = store.edit(ONE, Edit::Statement("delete system".to_owned())).unwrap();
    assert_eq!(deleted.warnings, ["statement is protected and stays: system login user u"]);
    let left = "set system login user u class operator\nprotect system login user u\n";
    assert_eq!(set_lines(&store.candidate(ONE)), left);
    let pattern = Edit::Statement("wildcard delete system login user .*".to_owned());
    assert_eq!(store.edit(ONE, pattern).unwrap().warnings.len(), 1);
    assert_eq!(set_lines(&store.candidate(ONE)), left);
}

#[test]
fn tags_attributes_and_remarks_protect_and_unprotect() {
    let protect = [
        "system { protect: login { user u; } }",
        "<configuration><system><login protect=\"protect\"/></system></configuration>",
        r#"{"configuration": {"system": {"login": {"@": {"protect": true}}}}}"#,
        "protect system login\n",
    ];
    let unprotect = [
        "system { unprotect: login { user w { class operator; } } }",
        "<configuration><system><login unprotect=\"unprotect\"><user><name>w</name>\
         <class>operator</class></user></login></system></configuration>",
        r#"{"configuration": {"system": {"login": {"@": {"unprotect": true},
            "user": [{"name": "w", "class": "operator"}]}}}}"#,
        "unprotect system login\nset system login user w class operator\n",
    ];
    for (protect, unprotect) in protect.into_iter().zip(unprotect) {
        let mut store = store(TEXT);
        load(&mut store, Action::Merge, protect)
            .unwrap_or_else(|error| panic!("{error}: {protect}"));
        assert!(set_lines(&store.candidate(ONE)).ends_with("protect system login\n"), "{protect}");
        refusal(&mut store, "delete system login user u");
        load(&mut store, Action::Merge, unprotect).unwrap();
        assert!(!set_lines(&store.candidate(ONE)).contains("protect"), "{unprotect}");
        assert!(set_lines(&store.candidate(ONE)).contains("user w"), "{unprotect}");
    }
}

#[test]
fn each_form_shows_what_is_protected() {
    let shown = config("system { inactive: protect: login { user u; } }");
    assert!(shown.print(Form::Curly).contains("    inactive: protect: login {\n"));
    assert!(shown.print(Form::Xml).contains("<login inactive=\"inactive\" protect=\"protect\">"));
    assert!(shown.print(Form::Json).contains("\"@\": { \"inactive\": true, \"protect\": true }"));
    let lines = "set system login user u\ndeactivate system login\nprotect system login\n";
    assert_eq!(shown.print(Form::Set), lines);
    assert_eq!(*config("system { protect: inactive: login { user u; } }"), *shown);
}

#[test]
fn a_load_of_the_whole_keeps_what_is_protected_or_is_refused() {
    let mut store = store("system { protect: host-name a; location { building b; } }");
    for action in [Action::Override, Action::Update] {
        let refused = load(&mut store, action, "system { host-name c; }").unwrap_err();
        assert_eq!(refused.to_string(), "statement is protected: system host-name a");
        load(&mut store, action, "system { protect: host-name a; }").unwrap();
    }
    let refused =
        load(&mut store, Action::Replace, "replace: system { host-name c; }").unwrap_err();
    assert_eq!(refused.code(), "statement-protected");
    load(&mut store, Action::Replace, "system { replace: protect: host-name a; }").unwrap();
    let whole = Edit::Config {
        text: "<config><configuration operation=\"delete\"/></config>".to_owned(),
        default_operation: DefaultOperation::Merge,
        error_option: ErrorOption::StopOnError,
    };
    assert_eq!(store.edit(ONE, whole).unwrap_err().code(), "statement-protected");
}

#[test]
fn protection_is_compared_patched_committed_and_rolled_back() {
    let before = config(TEXT);
    let mut store = store(TEXT);
    line(&mut store, ONE, "protect system login user u");
    let (text, lines) =
        (compare(&before, &store.candidate(ONE)), compare_set(&before, &store.candidate(ONE)));
    assert_eq!(text, "[edit system login]\n!     protect: user u { ... }\n");
    assert_eq!(lines, "protect system login user u\n");
    commit(&mut store, ONE, 1);
    assert!(set_lines(&store.running()).contains("\nprotect system login user u\n"));

    let patch = "[edit system login user u]\n-   class operator;\n+   class super-user;\n";
    assert_eq!(load(&mut store, Action::Patch, patch).unwrap_err().code(), "statement-protected");
    let lift = format!("[edit system login]\n!     unprotect: user u {{ ... }}\n{patch}");
    load(&mut store, Action::Patch, &lift).unwrap();
    assert!(compare(&store.running(), &store.candidate(ONE)).contains("!     unprotect: user u"));
    store.edit(ONE, Edit::Restore(before.clone())).unwrap();
    assert!(same(&store.candidate(ONE), &before));
}

#[test]
fn a_private_change_of_what_others_protected_meanwhile_is_a_conflict() {
    let mut store = store(TEXT);
    store.open(TWO, Author::new("bob", Client::Cli), Mode::Private).unwrap();
    store.close(ONE);
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Private).unwrap();
    line(&mut store, TWO, "set system login user u class super-user");
    line(&mut store, ONE, "protect system login");
    commit(&mut store, ONE, 1);
    let refused = store.commit(TWO, Commit::default(), at(2)).unwrap_err();
    assert!(refused.to_string().contains("system login"), "{refused}");
}
