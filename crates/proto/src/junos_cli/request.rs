//! The RPCs that commands stand for.
//!
//! Source: Junos XML Management Protocol Developer Guide; RFC 6241.

use crate::junos::{self, Form};
use crate::netconf::element::Element;

/// The operation as text.
fn text(element: &Element) -> String {
    let mut out = String::new();
    element.write(&mut out, None, 0);
    out
}

fn leaf(name: &str, value: &str) -> Element {
    Element::with_text(name, value)
}

/// An operational command.
pub(super) fn command(line: &str) -> String {
    text(&leaf("command", line).with_attribute("format", "text"))
}

/// The candidate or the configuration in force, in curly form.
pub(super) fn configuration(database: &str) -> String {
    let get = Element::new("get-configuration");
    text(&get.with_attribute("database", database).with_attribute("format", "text"))
}

/// What the candidate changes.
pub(super) fn compare(rollback: u32) -> String {
    let get = Element::new("get-configuration")
        .with_attribute("compare", "rollback")
        .with_attribute("rollback", &rollback.to_string())
        .with_attribute("database", "candidate")
        .with_attribute("format", "text");
    text(&get)
}

/// How the configuration is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Shared,
    Private,
    Exclusive,
}

/// Opens the configuration; the shared one needs no opening.
pub(super) fn open(mode: Mode) -> Option<String> {
    match mode {
        Mode::Shared => None,
        Mode::Private => {
            Some(text(&Element::new("open-configuration").with(Element::new("private"))))
        }
        Mode::Exclusive => Some(text(&Element::new("lock-configuration"))),
    }
}

/// Closes it again.
pub(super) fn close(mode: Mode) -> Option<String> {
    match mode {
        Mode::Shared => None,
        Mode::Private => Some(text(&Element::new("close-configuration"))),
        Mode::Exclusive => Some(text(&Element::new("unlock-configuration"))),
    }
}

/// Lines that change the candidate.
pub(super) fn edit(lines: &str) -> String {
    let load = Element::new("load-configuration").with_attribute("action", "set");
    let load = load.with_attribute("format", "text");
    text(&load.with(leaf("configuration-set", lines)))
}

/// The machine's name, among other things.
pub(super) fn system_information() -> String {
    text(&Element::new("get-system-information"))
}

/// What others committed into the private candidate.
pub(super) fn update() -> String {
    text(&Element::new("update-configuration"))
}

/// An earlier configuration into the candidate.
pub(super) fn rollback(number: u32) -> String {
    let load = Element::new("load-configuration");
    text(&load.with_attribute("rollback", &number.to_string()))
}

/// The rescue configuration into the candidate.
pub(super) fn rescue() -> String {
    text(&Element::new("load-configuration").with_attribute("rescue", "rescue"))
}

/// Why a text can't be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LoadError {
    #[error("relative goes with statements in braces and set commands alone")]
    Relative,
    #[error("the text is not well-formed XML: {0}")]
    Xml(crate::netconf::rpc::OperationError),
}

/// A text that somebody gave, from the level or the top.
pub(super) fn load(action: &str, given: &str, level: &[String]) -> Result<String, LoadError> {
    if action == "set" {
        let edit_level = if level.is_empty() { String::new() } else { level_line(level) };
        return Ok(edit(&format!("{edit_level}{given}")));
    }
    let load = Element::new("load-configuration").with_attribute("action", action);
    let form = if action == "patch" { Form::Curly } else { junos::detect(given) };
    match form {
        Form::Set => Ok(edit(given)),
        Form::Curly => {
            let given = within(level, given);
            let load = load.with_attribute("format", "text");
            Ok(text(&load.with(leaf("configuration-text", &given))))
        }
        Form::Xml | Form::Json if !level.is_empty() => Err(LoadError::Relative),
        Form::Json => {
            let load = load.with_attribute("format", "json");
            Ok(text(&load.with(leaf("configuration-json", given))))
        }
        Form::Xml => {
            let checked = crate::netconf::rpc::Operation::new(given.as_bytes());
            checked.map_err(LoadError::Xml)?;
            let start = given.find("?>").filter(|_| given.trim_start().starts_with("<?"));
            let given = start.and_then(|at| given.get(at + 2..)).unwrap_or(given);
            let action = load.attribute("action").unwrap_or_default();
            Ok(format!(
                "<load-configuration action=\"{action}\" format=\"xml\">{given}</load-configuration>"
            ))
        }
    }
}

fn level_line(level: &[String]) -> String {
    let words: Vec<_> = level.iter().map(|word| super::line::quote(word)).collect();
    format!("edit {}\n", words.join(" "))
}

/// `given` inside the braces of the level.
fn within(level: &[String], given: &str) -> String {
    let statements = super::level::statements(level);
    let open: String = statements.iter().map(|words| format!("{words} {{\n")).collect();
    format!("{open}{given}\n{}", "}\n".repeat(statements.len()))
}

/// What `commit` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) check: bool,
    /// With the minutes.
    pub(super) confirmed: Option<u32>,
    pub(super) comment: Option<String>,
    pub(super) at: Option<String>,
    pub(super) and_quit: bool,
}

impl Commit {
    pub(super) fn request(&self) -> String {
        let mut commit = Element::new("commit-configuration");
        if self.check {
            commit = commit.with(Element::new("check"));
        }
        if let Some(minutes) = self.confirmed {
            commit = commit.with(Element::new("confirmed"));
            commit = commit.with(leaf("confirm-timeout", &minutes.to_string()));
        }
        if let Some(at) = &self.at {
            commit = commit.with(leaf("at-time", at));
        }
        if let Some(comment) = &self.comment {
            commit = commit.with(leaf("log", comment));
        }
        text(&commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_relative_text_is_put_into_the_braces_of_its_level() {
        let load = load("merge", "class operator;", &level("system login user ann")).unwrap();
        assert!(
            load.contains("system {\nlogin {\nuser ann {\nclass operator;\n}\n}\n}\n"),
            "{load}"
        );
    }

    #[test]
    fn the_form_of_a_text_is_seen_and_xml_cannot_break_out() {
        let merge = |text: &str| load("merge", text, &[]);
        assert!(merge("<configuration/>").unwrap().contains("format=\"xml\"><configuration/><"));
        assert!(merge("{ \"configuration\": {} }").unwrap().contains("configuration-json"));
        assert!(merge("set system host-name x").unwrap().contains("action=\"set\""));
        let attack = "<configuration/></load-configuration><kill-session/><x>";
        assert!(matches!(merge(attack), Err(LoadError::Xml(_))));
        assert_eq!(load("merge", "<configuration/>", &level("system")), Err(LoadError::Relative));
    }

    #[test]
    fn a_commit_carries_what_was_asked_for() {
        let commit =
            Commit { confirmed: Some(5), comment: Some("a<b".into()), ..Commit::default() };
        let expected = "<confirm-timeout>5</confirm-timeout>\n  <log>a&lt;b</log>";
        assert!(commit.request().contains(expected), "{}", commit.request());
    }
}
