//! Lines as people type them.

use super::input::{Input, Scene};
use super::walk::Piece;
use super::*;
use crate::junos::Configuration;
use crate::netconf::element::Element;

const TEXT: &str =
    "system { host-name r1; login { user ann { class operator; } } services { outbound-ssh {
    client mist { device-id x; 10.0.0.1 port 2200; } } } }";

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A line of configuration mode.
fn parsed(text: &str, level: &str) -> Result<Vec<Piece>, LineError> {
    let configuration = Configuration::parse("x", TEXT).unwrap();
    let level = words(level);
    match (Scene { level: Some(&level), configuration: &configuration }).read(text)? {
        Input::Own(own) => Ok(own.pieces),
        other => panic!("{other:?}"),
    }
}

fn offered(text: &str, level: Option<&str>) -> Vec<String> {
    let configuration = Configuration::parse("x", TEXT).unwrap();
    let level = level.map(words);
    let scene = Scene { level: level.as_deref(), configuration: &configuration };
    scene.choices(text).unwrap().1.into_iter().map(|choice| choice.text).collect()
}

fn path(text: &str) -> Piece {
    Piece::Path(words(text))
}

#[test]
fn operational_commands_are_the_agents_unless_they_are_ours() {
    let configuration = Configuration::parse("x", TEXT).unwrap();
    let scene = Scene { level: None, configuration: &configuration };
    let read = |text: &str| scene.read(text);
    let Ok(Input::Remote(remote)) = read("sh sys up | match \"a|b\" | save /tmp/x") else {
        panic!()
    };
    assert_eq!(remote.line, "sh sys up | match \"a|b\"");
    assert_eq!(remote.save.as_deref(), Some("/tmp/x"));
    assert!(matches!(read("conf pri"), Ok(Input::Own(_))));
    assert!(matches!(read(""), Ok(Input::Nothing)));
    assert!(matches!(read("bogus"), Err(LineError::Unknown { at: 0 })));
    assert!(matches!(read("show bogus"), Err(LineError::Command { .. })));
    let level = words("system");
    let scene = Scene { level: Some(&level), ..scene };
    let Ok(Input::Remote(remote)) = scene.read("run show version") else { panic!() };
    assert_eq!(remote.line, "show version");
    assert_eq!(scene.read("run bogus").unwrap_err().at(), 4);
    assert!(scene.read("run configure").is_err());
}

#[test]
fn a_statement_is_read_from_the_level_that_is_edited() {
    let parsed = parsed("set cli mist dev y", "system services outbound-ssh").unwrap();
    assert_eq!(parsed, [Piece::Word("set"), path("client mist device-id y")]);
}

#[test]
fn top_and_up_before_a_command_change_where_its_statement_begins() {
    let line = parsed("top set sys host r2", "system login").unwrap();
    assert_eq!(line, [Piece::Word("top"), Piece::Word("set"), path("system host-name r2")]);
    let line = parsed("up 1 show login", "system login").unwrap();
    assert_eq!(line.last(), Some(&path("login")));
}

#[test]
fn two_statements_stand_on_both_sides_of_a_word() {
    let line = parsed("rename system login user ann to user bob", "").unwrap();
    let whole =
        [Piece::Word("rename"), path("system login user ann"), Piece::Word("to"), path("user bob")];
    assert_eq!(line, whole);
    let line = parsed("annotate system \"a word\"", "").unwrap();
    assert_eq!(line, [Piece::Word("annotate"), path("system"), Piece::Value("a word".into())]);
}

#[test]
fn the_words_of_commit_come_in_any_order() {
    let line = parsed("commit conf 5 comm \"why not\" and-quit", "").unwrap();
    let value = |text: &str| Piece::Value(text.to_owned());
    let (commit, confirmed) = (Piece::Word("commit"), Piece::Word("confirmed"));
    let whole = [
        commit,
        confirmed,
        value("5"),
        Piece::Word("comment"),
        value("why not"),
        Piece::Word("and-quit"),
    ];
    assert_eq!(line, whole);
    assert!(parsed("commit confirmed and-quit", "").is_ok());
    assert!(matches!(parsed("commit confirmed 0", ""), Err(LineError::Value { at: 17, .. })));
}

#[test]
fn filters_follow_a_bar() {
    let configuration = Configuration::parse("x", TEXT).unwrap();
    let scene = Scene { level: Some(&[]), configuration: &configuration };
    let line = "show system | compare rollback 3 | match \"a|b\" | save f";
    let Ok(Input::Own(own)) = scene.read(line) else { panic!() };
    assert_eq!(own.pieces, [Piece::Word("show"), path("system")]);
    assert_eq!((own.pipes.len(), own.save.as_deref()), (2, Some("f")));
    for wrong in ["show | display", "show |", "show | save", "set system host-name x | count"] {
        assert!(scene.read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_no_command_is_told_with_its_place() {
    let error = |text: &str| parsed(text, "").unwrap_err();
    assert_eq!(error("bogus"), LineError::Unknown { at: 0 });
    assert_eq!(error("set system services outbound-ssh bogus x"), LineError::Syntax { at: 33 });
    assert_eq!(error("set"), LineError::Incomplete { at: 3 });
    assert_eq!(error("set system host-name \"x"), LineError::OpenQuote { at: 21 });
    assert!(matches!(error("s"), LineError::Ambiguous { at: 0, .. }));
    assert!(matches!(
        error("set system services outbound-ssh client"),
        LineError::Incomplete { .. }
    ));
}

#[test]
fn help_knows_what_follows_anywhere() {
    let top = Some("");
    assert_eq!(offered("sh", None), ["show"]);
    let first = offered("", None);
    assert!(
        first.contains(&"configure".to_owned()) && first.contains(&"ping".to_owned()),
        "{first:?}"
    );
    assert_eq!(
        offered("show ", Some("system")),
        ["<[Enter]>", "host-name", "login", "services", "|"]
    );
    let clients = offered("show system services outbound-ssh clients m", None);
    assert!(clients.contains(&"mist".to_owned()), "{clients:?}");
    assert!(offered("run show sys", top).contains(&"system".to_owned()));
    assert!(offered("show configuration system lo", None).contains(&"login".to_owned()));
    assert_eq!(offered("delete system login user ", top)[1..], ["ann"]);
    assert_eq!(offered("rename system login user ann ", top).last().unwrap(), "to");
    assert_eq!(offered("show | d", top), ["display"]);
    assert!(offered("show | ", top).contains(&"save".to_owned()));
    assert!(offered("set system login class x permissions ", top).contains(&"<value>".to_owned()));
}

/// A console whose agent answers each operation by the function; gives what was done.
fn run(console: &mut Console, line: &str, agent: &dyn Fn(&str) -> String) -> Vec<Action> {
    console.handle_line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let mut done = Vec::new();
    while let Some(action) = console.poll_action() {
        match &action {
            Action::Rpc(operation) => {
                let reply = format!("<rpc-reply>{}</rpc-reply>", agent(operation));
                let limits = crate::netconf::scan::Limits::default();
                console.handle_reply(&Element::parse(reply.as_bytes(), limits, 1000).unwrap());
            }
            Action::ReadFile(_) => console.handle_text(Ok("set system host-name r9".into())),
            Action::Ask(_) => console.handle_answer(true),
            _ => {}
        }
        done.push(action);
    }
    done
}

fn console() -> Console {
    Console::new(Who { user: "ann".into(), host: "r1".into() })
}

fn rpcs(done: &[Action]) -> String {
    let rpcs = done.iter().filter_map(|action| match action {
        Action::Rpc(operation) => Some(operation.as_str()),
        _ => None,
    });
    rpcs.collect()
}

fn printed(done: &[Action]) -> String {
    let texts = done.iter().filter_map(|action| match action {
        Action::Print(text, _) | Action::Complain(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

const NOTHING: &dyn Fn(&str) -> String = &|_| "<ok/>".to_owned();

#[test]
fn the_prompt_and_the_banner_follow_the_level() {
    let mut console = console();
    assert_eq!((console.prompt().as_str(), console.banner()), ("ann@r1> ", None));
    assert_eq!(printed(&run(&mut console, "configure", NOTHING)), "Entering configuration mode\n");
    assert_eq!((console.prompt().as_str(), console.banner()), ("ann@r1# ", Some("[edit]".into())));
    let mut go = |line: &str| {
        run(&mut console, line, NOTHING);
        console.banner().unwrap_or_default()
    };
    assert_eq!(go("edit system login user ann"), "[edit system login user ann]");
    assert_eq!(go("up"), "[edit system login]");
    assert_eq!(go("edit class x"), "[edit system login class x]");
    assert_eq!(go("exit"), "[edit system login]");
    assert_eq!(go("top edit system services"), "[edit system services]");
    assert_eq!(go("up 5"), "[edit]");
    assert_eq!(go("exit"), "");
}

#[test]
fn an_edit_is_a_load_of_its_line_from_the_top() {
    let mut console = console();
    run(&mut console, "configure", NOTHING);
    run(&mut console, "edit system", NOTHING);
    let sent = |console: &mut Console, line: &str| rpcs(&run(console, line, NOTHING));
    let load = sent(&mut console, "set host \"a b\"");
    assert!(
        load.contains("action=\"set\"") && load.contains(">set system host-name &quot;a b&quot;<"),
        "{load}"
    );
    let rename = sent(&mut console, "rename login user ann to user bob");
    assert!(rename.contains(">rename system login user ann to user bob<"), "{rename}");
    assert!(sent(&mut console, "delete").contains(">delete system<"));
    let list = sent(&mut console, "set login class x permissions [ a b ]");
    assert!(list.contains("permissions [ a b ]<"), "{list}");
    let pattern = sent(&mut console, "wildcard delete login user net[0-9]");
    assert!(
        pattern.contains(">wildcard delete system login user &quot;net[0-9]&quot;<"),
        "{pattern}"
    );
    let pattern = sent(&mut console, r#"wildcard delete login user "a b""#);
    assert!(pattern.contains(">wildcard delete system login user &quot;a b&quot;<"), "{pattern}");
    assert!(sent(&mut console, "load set f").contains(">set system host-name r9<"));
    assert!(
        sent(&mut console, "load set f relative")
            .contains(">edit system\nset system host-name r9<")
    );
}

#[test]
fn what_is_shown_is_the_level_in_the_form_that_is_asked_for() {
    let agent = |_: &str| format!("<configuration-text>\n{TEXT}\n</configuration-text>");
    let mut console = console();
    run(&mut console, "configure", NOTHING);
    let mut show = |line: &str| printed(&run(&mut console, line, &agent));
    assert_eq!(show("show system login"), "user ann {\n    class operator;\n}\n");
    assert_eq!(
        show("show system login | display set"),
        "set system login user ann class operator\n"
    );
    assert!(show("show system login | display xml").contains("<class>operator</class>"));
    assert_eq!(show("show system | match ann | count"), "Count: 1 lines\n");
}

#[test]
fn changes_are_not_left_behind_without_a_question() {
    let agent = |operation: &str| {
        match operation.contains("compare") {
        true => "<configuration-information><configuration-output>\n[edit]\n+ x;\n</configuration-output></configuration-information>".to_owned(),
        false => "<ok/>".to_owned(),
    }
    };
    let mut console = console();
    let done = run(&mut console, "configure private", &agent);
    assert!(printed(&done).contains("changed but not committed"), "{done:?}");
    let done = run(&mut console, "exit", &agent);
    assert!(done.iter().any(|action| matches!(action, Action::Ask(_))));
    assert!(rpcs(&done).contains("close-configuration") && !console.is_configuring());
    run(&mut console, "configure", &agent);
    console.handle_line("exit").unwrap();
    let Some(Action::Rpc(_)) = console.poll_action() else { panic!() };
    let reply = Element::parse(
        format!("<rpc-reply>{}</rpc-reply>", agent("compare")).as_bytes(),
        crate::netconf::scan::Limits::default(),
        100,
    );
    console.handle_reply(&reply.unwrap());
    while let Some(action) = console.poll_action() {
        if matches!(action, Action::Ask(_)) {
            console.handle_answer(false);
        }
    }
    assert!(console.is_configuring());
}

#[test]
fn a_commit_tells_what_became_of_it() {
    let mut console = console();
    run(&mut console, "configure", NOTHING);
    let done = run(&mut console, "commit confirmed 5 comment \"a b\"", NOTHING);
    assert!(
        printed(&done)
            .starts_with("commit confirmed will be automatically rolled back in 5 minutes")
    );
    assert!(rpcs(&done).contains("<log>a b</log>"));
    let named = |rpc: &str| match rpc.contains("get-system-information") {
        true => "<system-information><host-name>r2</host-name></system-information>".to_owned(),
        false => "<ok/>".to_owned(),
    };
    run(&mut console, "commit check", &named);
    assert!(!console.prompt().contains("r2"));
    run(&mut console, "commit", &named);
    assert!(console.prompt().ends_with("@r2# "), "{}", console.prompt());
    let refuse = |_: &str| {
        "<rpc-error><error-severity>error</error-severity><error-message>no</error-message></rpc-error>".to_owned()
    };
    let done = run(&mut console, "commit and-quit", &refuse);
    assert_eq!(printed(&done), "error: no\nerror: configuration commit failed\n");
    assert!(console.has_failed() && console.is_configuring());
    let warn = |_: &str| {
        "<rpc-error><error-severity>warning</error-severity><error-message>mind</error-message></rpc-error><ok/>".to_owned()
    };
    let done = run(&mut console, "commit and-quit", &warn);
    assert_eq!(printed(&done), "warning: mind\ncommit complete\nExiting configuration mode\n");
    assert!(!console.has_failed() && !console.is_configuring());
}
