//! Commands as typed, and the RPCs that they become.

use proptest::prelude::*;

use super::*;
use crate::netconf::element::Element;

fn command(line: &str) -> Command {
    parse(line).unwrap().command
}

fn refused(line: &str) -> (&'static str, String) {
    let error = parse(line).unwrap_err();
    (error.code(), error.word)
}

fn xml(element: &Element) -> String {
    let mut out = String::new();
    element.write(&mut out, None, 0);
    out.replace(['\n', ' '], "")
}

#[test]
fn words_may_be_cut_short_while_only_one_fits() {
    assert_eq!(command("sh sys upt").name(), "show system uptime");
    assert_eq!(command("show ver").rpc_name(), "get-software-information");
    assert_eq!(refused("show sys u"), ("command-ambiguous", "u".into()));
    assert_eq!(refused("show \"version\""), ("command-unknown", "version".into()));
    assert_eq!(refused("show bridge mac-table count"), ("command-unknown", "bridge".into()));
    assert_eq!(refused("show system"), ("command-incomplete", String::new()));
    assert_eq!(refused(""), ("command-incomplete", String::new()));
}

#[test]
fn options_become_the_elements_of_the_rpc() {
    let rpc = |line: &str| xml(&command(line).rpc());
    assert_eq!(
        rpc("show interfaces eth* terse"),
        "<get-interface-information><interface-name>eth*</interface-name><terse/></get-interface-information>"
    );
    assert_eq!(
        rpc("show int te"),
        "<get-interface-information><terse/></get-interface-information>"
    );
    assert_eq!(rpc("ping \"c\" c 5"), "<ping><host>c</host><count>5</count></ping>");
    assert_eq!(rpc("ping c"), "<ping><host>c</host></ping>");
    assert_eq!(
        rpc("file checksum md5 /x"),
        "<get-checksum-information><path>/x</path></get-checksum-information>"
    );
    let lab = command("show system services outbound-ssh clients lab detail");
    assert_eq!((lab.value("client-id"), lab.has("detail")), (Some("lab"), true));
}

#[test]
fn a_configuration_path_takes_the_rest_of_the_words() {
    let show = command("show configuration system services | display set");
    assert_eq!(show.path(), ["system", "services"]);
    assert_eq!(xml(&show.rpc()), "<get-configuration/>");
    assert!(command("show configuration").path().is_empty());
}

#[test]
fn wrong_values_are_refused_with_what_was_expected() {
    assert_eq!(refused("ping h count x"), ("command-value", "x".into()));
    assert_eq!(refused("ping h count 9999"), ("command-value", "9999".into()));
    assert_eq!(refused("ping h count"), ("command-incomplete", String::new()));
    assert_eq!(refused("ping"), ("command-incomplete", String::new()));
    assert_eq!(
        refused("show interfaces terse terse2 terse3"),
        ("command-unknown", "terse3".into())
    );
    assert_eq!(refused("show system rollback 50"), ("command-value", "50".into()));
    assert_eq!(refused("show system uptime terse"), ("command-unknown", "terse".into()));
    assert_eq!(refused(&format!("file show {}", "x".repeat(MAX_VALUE + 1))).0, "command-value");
}

#[test]
fn an_error_points_at_its_word() {
    let line = "show vers foo";
    let error = parse(line).unwrap_err();
    assert_eq!(
        error.under(line, 2),
        "            ^\nunknown command: foo; expected brief, detail or extensive.\n"
    );
    assert_eq!(
        parse("show chassis").unwrap_err().to_string(),
        "command is incomplete; expected hardware or routing-engine"
    );
}

#[test]
fn pipes_change_what_is_printed() {
    let through = |pipes: &str, text: &str| {
        let line = parse(&format!("show version {pipes}")).unwrap();
        pass(&line.pipes, text.to_owned())
    };
    let text = "Alpha 1\nbeta 2\ngamma 3\n";
    assert_eq!(through("| match ALPHA", text), "Alpha 1\n");
    assert_eq!(through("| match \"a [12]\"", text), "Alpha 1\nbeta 2\n");
    assert_eq!(through("| except \"1$|g\"", text), "beta 2\n");
    assert_eq!(through("| find beta", text), "beta 2\ngamma 3\n");
    assert_eq!(through("| match a | count", text), "Count: 3 lines\n");
    assert_eq!(through("| last 1 | no-more", text), "gamma 3\n");
    assert_eq!(through("| trim 5", text), " 1\n2\n 3\n");
}

#[test]
fn pipes_that_do_not_fit_are_refused() {
    assert_eq!(refused("show version | "), ("command-incomplete", String::new()));
    assert_eq!(refused("show version | save x"), ("command-not-supported", "save".into()));
    assert_eq!(refused("show version | nonsense"), ("command-unknown", "nonsense".into()));
    assert_eq!(refused("show version | match ("), ("command-pattern", "(".into()));
    assert_eq!(refused("show version | match a b"), ("command-unknown", "b".into()));
    assert_eq!(refused("show version | last x"), ("command-value", "x".into()));
    assert_eq!(refused("show version | display yaml"), ("command-unknown", "yaml".into()));
    assert_eq!(refused("show version | compare rollback 50"), ("command-value", "50".into()));
}

#[test]
fn the_form_of_output_is_the_last_that_was_named() {
    let form = |line: &str| parse(line).unwrap().display();
    assert_eq!(form("show version | display xml | no-more"), Some(Display::Xml));
    assert_eq!(form("show version | display xml rpc"), Some(Display::XmlRpc));
    assert_eq!(form("show configuration | display inheritance | display set"), Some(Display::Set));
    assert_eq!(form("show version"), None);
    let (line, pipes) = parse_pipes("show system | compare rollback 3").unwrap();
    assert_eq!(line, "show system");
    assert!(matches!(pipes.as_slice(), [Pipe::Compare(Some(3))]));
}

proptest! {
    #[test]
    fn any_line_is_read_or_refused_with_a_place_in_it(line in "[a-z0-9 |\"\\\\./*<>\u{e9}-]{0,60}") {
        if let Err(error) = parse(&line) {
            prop_assert!(error.at <= line.len() + 1);
            error.under(&line, 0);
        }
        complete(&line);
    }

    #[test]
    fn what_a_command_is_called_is_that_command(index in 0..COMMANDS.len(), cut in 1..9_usize) {
        let spec = COMMANDS.get(index).unwrap();
        let values: Vec<_> = spec.options.iter().filter(|each| each.required).map(|_| "7").collect();
        let full = format!("{} {}", spec.words.join(" "), values.join(" "));
        prop_assert_eq!(command(&full).name(), spec.words.join(" "));
        // Cut short it is the same command, or refused; never another one.
        let short: Vec<_> =
            spec.words.iter().map(|word| word.get(..cut).unwrap_or(word)).collect();
        if let Ok(line) = parse(&format!("{} {}", short.join(" "), values.join(" "))) {
            prop_assert_eq!(line.command.name(), spec.words.join(" "));
        }
    }
}
