//! Lines as people type them.

use super::*;
use crate::junos::Configuration;

const TEXT: &str =
    "system { host-name r1; login { user ann { class operator; } } services { outbound-ssh {
    client mist { device-id x; 10.0.0.1 port 2200; } } } }";

fn parsed(text: &str, commands: &'static [Node], level: &str) -> Result<Parsed, LineError> {
    let configuration = Configuration::parse("x", TEXT).unwrap();
    let level: Vec<String> = level.split_whitespace().map(str::to_owned).collect();
    let ground = Ground { commands, level: &level, configuration: &configuration };
    parse(text, ground).map(Option::unwrap)
}

fn offered(text: &str, commands: &'static [Node], level: &str) -> Vec<String> {
    let configuration = Configuration::parse("x", TEXT).unwrap();
    let level: Vec<String> = level.split_whitespace().map(str::to_owned).collect();
    let ground = Ground { commands, level: &level, configuration: &configuration };
    choices(text, ground).unwrap().1.into_iter().map(|choice| choice.text).collect()
}

fn path(words: &str) -> Piece {
    Piece::Path(words.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn commands_may_be_shortened() {
    let parsed = parsed("sh sys serv outb cl mist br", &OPERATIONAL, "").unwrap();
    let words = ["show", "system", "services", "outbound-ssh", "clients"].map(Piece::Word);
    assert_eq!(parsed.pieces.get(..5), Some(&words[..]));
    assert_eq!(
        parsed.pieces.get(5..),
        Some(&[Piece::Value("mist".into()), Piece::Word("brief")][..])
    );
}

#[test]
fn a_statement_is_read_from_the_level_that_is_edited() {
    let parsed =
        parsed("set cli mist dev y", &CONFIGURATION, "system services outbound-ssh").unwrap();
    assert_eq!(parsed.pieces, [Piece::Word("set"), path("client mist device-id y")]);
}

#[test]
fn top_and_up_before_a_command_change_where_its_statement_begins() {
    let line = parsed("top set sys host r2", &CONFIGURATION, "system login").unwrap();
    assert_eq!(line.pieces, [Piece::Word("top"), Piece::Word("set"), path("system host-name r2")]);
    let line = parsed("up 1 show login", &CONFIGURATION, "system login").unwrap();
    assert_eq!(line.pieces.last(), Some(&path("login")));
}

#[test]
fn two_statements_stand_on_both_sides_of_a_word() {
    let line = parsed("rename system login user ann to user bob", &CONFIGURATION, "").unwrap();
    let whole =
        [Piece::Word("rename"), path("system login user ann"), Piece::Word("to"), path("user bob")];
    assert_eq!(line.pieces, whole);
    let line = parsed("annotate system \"a word\"", &CONFIGURATION, "").unwrap();
    assert_eq!(
        line.pieces,
        [Piece::Word("annotate"), path("system"), Piece::Value("a word".into())]
    );
}

#[test]
fn the_words_of_commit_come_in_any_order() {
    let line = parsed("commit conf 5 comm \"why not\" and-quit", &CONFIGURATION, "").unwrap();
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
    assert_eq!(line.pieces, whole);
    assert!(parsed("commit confirmed and-quit", &CONFIGURATION, "").is_ok());
    assert!(matches!(
        parsed("commit confirmed 0", &CONFIGURATION, ""),
        Err(LineError::Value { at: 17, .. })
    ));
}

#[test]
fn filters_follow_a_bar() {
    let line =
        parsed("show system | compare rollback 3 | match \"a|b\" | count", &CONFIGURATION, "")
            .unwrap();
    assert_eq!(line.pieces, [Piece::Word("show"), path("system")]);
    assert_eq!(line.pipes.len(), 3);
    assert_eq!(line.pipes[1], [Piece::Word("match"), Piece::Value("a|b".into())]);
    assert!(parsed("show | display", &CONFIGURATION, "").is_err());
    assert!(parsed("show |", &CONFIGURATION, "").is_err());
}

#[test]
fn what_is_no_command_is_told_with_its_place() {
    let error = |text: &str| parsed(text, &CONFIGURATION, "").unwrap_err();
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
    assert_eq!(offered("sh", &OPERATIONAL, ""), ["show"]);
    assert!(offered("", &OPERATIONAL, "").contains(&"configure".to_owned()));
    let all = offered("show ", &CONFIGURATION, "system");
    assert_eq!(all, ["<[Enter]>", "host-name", "login", "services", "|"]);
    assert_eq!(offered("show system services outbound-ssh clients m", &OPERATIONAL, ""), ["mist"]);
    assert_eq!(offered("delete system login user ", &CONFIGURATION, "")[1..], ["ann"]);
    assert_eq!(offered("rename system login user ann ", &CONFIGURATION, "").last().unwrap(), "to");
    assert_eq!(offered("show | d", &CONFIGURATION, ""), ["display"]);
    assert!(
        offered("set system login class x permissions ", &CONFIGURATION, "")
            .contains(&"<value>".to_owned())
    );
}
