//! The configuration as a whole.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn file(text: &str) -> SourceFile {
    SourceFile { name: "gateway.toml".into(), text: text.into() }
}

fn merge(text: &str) -> Result<Configuration, ConfigError> {
    let sources = Sources { files: vec![file(text)], ..Sources::default() };
    Configuration::merge(&sources, &Surroundings::default())
}

fn first_problem(text: &str) -> String {
    merge(text).unwrap_err().0.remove(0).to_string()
}

#[test]
fn without_sources_the_defaults_are_in_force() {
    let surroundings = Surroundings {
        is_root: false,
        data_home: Some("/home/ops/.local/share".into()),
        host: Some("gw1".into()),
        cores: 2,
    };
    let configuration = Configuration::merge(&Sources::default(), &surroundings).unwrap();
    let settings = configuration.settings;
    assert_eq!(settings.listen, ["[::]:4334", "[::]:2200"].map(|a| a.parse().unwrap()));
    assert_eq!(settings.data, Path::new("/home/ops/.local/share/homing"));
    assert_eq!(settings.socket, Path::new("/home/ops/.local/share/homing/homing.sock"));
    assert_eq!(settings.addresses[0].to_string(), "gw1:4334");
    assert_eq!(settings.max_handshakes, 4_096);
    let root = Surroundings { is_root: true, ..surroundings };
    let configuration = Configuration::merge(&Sources::default(), &root).unwrap();
    assert_eq!(configuration.settings.data, Path::new("/var/lib/homing"));
}

#[test]
fn every_key_can_be_given_and_is_shown_with_its_place() {
    let configuration = merge(
        r#"
listen = ["0.0.0.0:7804"]
addresses = ["gw.example.net", "[2001:db8::1]:2200"]
data = "/srv/homing"
proxy_from = ["10.0.0.0/8"]
user = "netconf"
keep_alive = { retry = 12, timeout = 5 }
log = "debug"
max_handshakes = 7
opening_timeout = "5s"
[spool]
memory = "64 KiB"
[events]
age = "30d"
"#,
    )
    .unwrap();
    let settings = &configuration.settings;
    let addresses: Vec<_> = settings.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["gw.example.net:7804", "[2001:db8::1]:2200"]);
    assert_eq!(settings.keep_alive, KeepAlive { retry: 12, timeout: Duration::from_secs(5) });
    assert_eq!(settings.events.age, Duration::from_secs(30 * 86_400));
    let place = |line, column| Origin::File { name: "gateway.toml".into(), line, column };
    assert_eq!(configuration.origin("keep_alive.timeout"), &place(7, 38));
    assert_eq!(configuration.origin("spool.memory"), &place(12, 10));
    assert_eq!(configuration.origin("spool.total"), &Origin::Default);
}

#[test]
fn flags_beat_the_environment_which_beats_later_files_which_beat_earlier_ones() {
    let sources = Sources {
        files: vec![file("user = \"a\"\nlog = \"error\"\nmax_pending = 1"), file("user = \"b\"")],
        environment: vec![
            ("HOMING_LISTEN".into(), "127.0.0.1:1, [::1]:2".into()),
            ("HOMING_LOG".into(), "warn".into()),
            ("HOMING_DATA".into(), "/env".into()),
        ],
        flags: vec![("data", vec!["/flag".into()])],
    };
    let configuration = Configuration::merge(&sources, &Surroundings::default()).unwrap();
    let settings = &configuration.settings;
    assert_eq!(settings.listen.len(), 2);
    assert_eq!((settings.user.as_str(), settings.log), ("b", LogLevel::Warn));
    assert_eq!(settings.data, Path::new("/flag"));
    assert_eq!(settings.max_pending, 1);
    assert_eq!(configuration.origin("data"), &Origin::Flag("--data".into()));
    assert_eq!(configuration.origin("log"), &Origin::Environment("HOMING_LOG".into()));
}

#[test]
fn an_unknown_key_is_underlined_and_the_nearest_is_named() {
    let expected = "gateway.toml:2:1: there is no key `lissten`\n  \
                    2 | lissten = [\"[::]:4334\"]\n    | ^^^^^^^ did you mean `listen`?";
    assert_eq!(first_problem("log = \"info\"\nlissten = [\"[::]:4334\"]"), expected);
    assert!(
        first_problem("[keep_alive]\nretries = 3").ends_with("did you mean `keep_alive.retry`?")
    );
    assert!(first_problem("keep-alive = { retry = 3 }").contains("no key `keep-alive`"));
    assert!(first_problem("password = \"x\"").contains("secrets are never configuration"));
    assert!(first_problem("colour = 1").ends_with("^^^^^^"));
}

#[test]
fn a_value_that_does_not_fit_is_underlined_with_what_would() {
    for (text, word, expected) in [
        ("listen = [\"[::]:4334\", \"4334\"]", "\"4334\"", "an address and port"),
        ("listen = []", "[]", "at least one address"),
        ("log = \"loud\"", "\"loud\"", "error, warn, info, debug or trace"),
        ("log = true", "true", "not true or false"),
        ("max_waiting = 0", "0", "a whole number from 1 to 1000000"),
        ("rpc_timeout = \"1 week\"", "\"1 week\"", "from 1s to 1d"),
        ("rpc_timeout = 1.5", "1.5", "not a number with a fraction"),
        ("user = \"a b\"", "\"a b\"", "a login name"),
        ("proxy_from = [\"10.0.0.0/33\"]", "\"10.0.0.0/33\"", "a network"),
        ("addresses = [\"gw:99999\"]", "\"gw:99999\"", "a host or host:port"),
        ("keep_alive = 3", "3", "expected { retry = …, timeout = … }"),
    ] {
        let problem = first_problem(text);
        let underline = format!("{} ", "^".repeat(word.len()));
        assert!(problem.contains(expected) && problem.contains(&underline), "{problem}");
        let carets = problem.lines().last().unwrap().find('^').unwrap();
        assert_eq!(carets, "  1 | ".len() + text.rfind(word).unwrap(), "{problem}");
    }
}

#[test]
fn broken_toml_names_line_and_column_and_all_problems_are_told_at_once() {
    assert!(first_problem("log = \"info\nuser = 3").starts_with("gateway.toml:1:"));
    let error = merge("colour = 1\nlog = 3\nlisten = \"x\"").unwrap_err();
    assert_eq!(error.0.len(), 3, "{error}");
}

#[test]
fn what_is_wrong_in_the_environment_and_in_flags_is_named_there() {
    let sources = Sources {
        environment: vec![
            ("HOMING_LISTEN".into(), "4334".into()),
            ("HOMING_LISTENS".into(), "x".into()),
            ("HOMING_AGENT_CONFIG".into(), "x".into()),
            ("HOMING_CONFIG".into(), "x".into()),
        ],
        ..Sources::default()
    };
    let error = Configuration::merge(&sources, &Surroundings::default()).unwrap_err();
    assert!(error.to_string().starts_with("HOMING_LISTEN: expected an address"), "{error}");
    let sources = Sources { environment: sources.environment[1..].to_vec(), ..sources };
    let warnings = Configuration::merge(&sources, &Surroundings::default()).unwrap().warnings;
    assert_eq!(warnings, ["HOMING_LISTENS is not known, did you mean HOMING_LISTEN?"]);
}

#[test]
fn what_check_config_prints_is_a_configuration_that_says_the_same() {
    let host = Surroundings { host: Some("gw1".into()), ..Surroundings::default() };
    let sources = Sources {
        files: vec![file("keep_alive.retry = 9\nspool.total = 123456789\nevents.age = 4000")],
        ..Sources::default()
    };
    let configuration = Configuration::merge(&sources, &host).unwrap();
    let printed = configuration.to_string();
    assert!(printed.contains("keep_alive.retry = 9"), "{printed}");
    assert!(printed.contains("# gateway.toml:1:20"), "{printed}");
    assert_eq!(merge(&printed).unwrap().settings, configuration.settings);
}

#[test]
fn every_key_stands_in_the_reference() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let reference = std::fs::read_to_string(docs).unwrap();
    for key in keys() {
        assert!(reference.contains(&format!("`{}`", key.name)), "{} is missing", key.name);
        assert!(reference.contains(key.about), "{}: {}", key.name, key.about);
    }
}

#[test]
fn files_are_read_with_the_folder_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gw.toml");
    std::fs::write(&path, "user = \"a\"").unwrap();
    std::fs::create_dir(folder.path().join("gw.d")).unwrap();
    std::fs::write(folder.path().join("gw.d/20.toml"), "user = \"c\"").unwrap();
    std::fs::write(folder.path().join("gw.d/10.toml"), "user = \"b\"").unwrap();
    std::fs::write(folder.path().join("gw.d/README"), "not toml").unwrap();
    let flags = Flags { config: Some(path.clone()), ..Flags::default() };
    assert_eq!(load(flags).unwrap().settings.user, "c");
    let absent = Flags { config: Some(folder.path().join("none.toml")), ..Flags::default() };
    assert_eq!(load(absent).unwrap_err().code(), "configuration-unreadable");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}") {
        let _ = merge(&text).map_err(|error| error.to_string());
    }

    #[test]
    fn no_near_miss_of_a_configuration_makes_it_panic(
        lines in prop::collection::vec(
            ("(listen|keep_alive|spool\\.[a-z]{0,8}|[a-zé_\"]{1,12})", "( =|\\.| = \\[|)", "[\"a-z0-9:{}\\[\\], é]{0,20}"),
            0..8,
        )
    ) {
        let text: String = lines.iter().map(|(a, b, c)| format!("{a}{b} {c}\n")).collect();
        if let Err(error) = merge(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn stanzas_name_where_the_gateway_listens_and_say_so_if_nobody_else_can_dial_it() {
    let surroundings = Surroundings { host: Some("gw1".into()), ..Surroundings::default() };
    let merged = |listen: &str, more: &str| {
        let text = format!("listen = [{listen}]\n{more}");
        let sources = Sources { files: vec![file(&text)], ..Sources::default() };
        let merged = Configuration::merge(&sources, &surroundings).unwrap();
        let addresses: Vec<_> = merged.settings.addresses.iter().map(ToString::to_string).collect();
        (addresses.join(" "), merged.warnings.len())
    };
    assert_eq!(merged("\"[::]:4334\"", ""), ("gw1:4334".into(), 0));
    assert_eq!(merged("\"127.0.0.1:4400\"", ""), ("127.0.0.1:4400".into(), 1));
    assert_eq!(merged("\"[::1]:4400\"", ""), ("[::1]:4400".into(), 1));
    assert_eq!(merged("\"127.0.0.1:4400\", \"192.0.2.1:4334\"", ""), ("192.0.2.1:4334".into(), 0));
    let said = "addresses = [\"127.0.0.1:5000\"]";
    assert_eq!(merged("\"127.0.0.1:4400\"", said), ("127.0.0.1:5000".into(), 0));
}
