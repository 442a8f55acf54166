//! Loads and `edit-config`.

use super::*;

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
fn tags_that_the_form_does_not_have_are_refused_by_name_and_place() {
    for (tag, verb) in [("rename:", "rename"), ("insert:", "insert")] {
        let mut store = store("system { host-name a; }");
        for action in [Action::Merge, Action::Replace, Action::Override, Action::Update] {
            let text = format!("system {{\n    {tag} host-name b;\n}}");
            let refused = loaded(&mut store, action, &text).unwrap_err().to_string();
            assert!(refused.contains(&format!("there is no tag `{tag}`")), "{refused}");
            assert!(refused.contains(":2:5"), "{refused}");
            assert!(refused.contains(&format!("a line of `{verb}`")), "{refused}");
        }
        assert_eq!(set_lines(&store.candidate(ONE)), "set system host-name a\n");
    }
}

#[test]
fn each_tag_does_what_it_says_in_each_load_that_heeds_it() {
    let text = "system { host-name a; inactive: login { user u; } services { netconf { ssh; } } }";
    let tagged = "system { active: login { user u; } delete: services; \
                  replace: inactive: protect: host-name b; }";
    for action in [Action::Merge, Action::Replace] {
        let mut store = store(text);
        loaded(&mut store, action, tagged).unwrap();
        let left = "set system host-name b\ndeactivate system host-name b\n\
                    protect system host-name b\nset system login user u\n";
        assert_eq!(set_lines(&store.candidate(ONE)), left, "{action:?}");
        loaded(&mut store, action, "system { unprotect: active: host-name c; }").unwrap();
        assert!(set_lines(&store.candidate(ONE)).starts_with("set system host-name c\nset"));
    }
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
