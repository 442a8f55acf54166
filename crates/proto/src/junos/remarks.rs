//! What is read and kept but not acted on, to be told to the person who wrote it.
//!
//! The agent refuses to run on what would change whom it dials ([`Weight::Refuse`]) and mentions
//! the rest.

use std::fmt;

use super::Configuration;
use super::diagnostics::{Diagnostic, Diagnostics, cut};
use super::login::DSA_REFUSED;
use super::near::nearest;
use super::redact::words_of_path;
use super::schema::{Area, Found, Rule};
use super::source::Place;
use super::tree::Statement;

/// Characters of a statement shown at most.
const WIDTH: usize = 120;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Running without it would be something else than what was asked for.
    Refuse,
    /// Worth a line.
    Mention,
}

/// A statement that is not acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotActedOn {
    /// Its words, from the top, secrets blanked.
    pub statement: String,
    /// What that means, in a sentence.
    pub sentence: String,
    /// How much it matters.
    pub weight: Weight,
    /// Where it stands.
    pub place: Place,
}

impl fmt::Display for NotActedOn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}: {}", self.place, self.statement, self.sentence)
    }
}

/// Statements with rules that nothing reads: the end of their path, the weight, the sentence.
const KNOWN: [(&[&str], Weight, &str); 14] = [
    (
        &["outbound-ssh", "client", "proxy-server"],
        Weight::Refuse,
        "connecting through a proxy is not supported",
    ),
    (&["authentication", "ssh-dsa"], Weight::Mention, DSA_REFUSED),
    (&["root-authentication", "ssh-dsa"], Weight::Mention, DSA_REFUSED),
    (&["authentication", "load-key-file"], Weight::Mention, "keys are not fetched from elsewhere"),
    (
        &["authentication", "plain-text-password-value"],
        Weight::Mention,
        "only `encrypted-password` is read",
    ),
    (&["traceoptions", "no-remote-trace"], Weight::Mention, "traces are always local"),
    (&["class", "allow-commands"], Weight::Mention, "commands are not filtered"),
    (&["class", "deny-commands"], Weight::Mention, "commands are not filtered"),
    (&["class", "allow-configuration"], Weight::Mention, "configuration is not filtered"),
    (&["class", "deny-configuration"], Weight::Mention, "configuration is not filtered"),
    (&["services", "ssh", "port"], Weight::Mention, "no port is opened; connections go out"),
    (&["netconf", "ssh", "port"], Weight::Mention, "no port is opened; connections go out"),
    (&["login", "message"], Weight::Mention, "it is not shown at login"),
    (&["login", "announcement"], Weight::Mention, "it is not shown at login"),
];

/// Statements that are often pasted without what is around them, and where they belong.
const MISPLACED: [(&str, &str); 5] = [
    ("outbound-ssh", "system { services { … } }"),
    ("client", "system { services { outbound-ssh { … } } }"),
    ("host-name", "system { … }"),
    ("login", "system { … }"),
    ("root-authentication", "system { … }"),
];

impl Configuration {
    /// Whether the schema knows every statement.
    ///
    /// # Errors
    /// Each that it does not know, with its place.
    pub fn check_known(&self) -> Result<(), Diagnostics> {
        let mut found = Diagnostics::default();
        self.find_unknown(&self.tree.statements, Area::TOP, &mut found);
        found.or(())
    }

    fn find_unknown(&self, statements: &[Statement], area: Area, found: &mut Diagnostics) {
        for statement in statements {
            if let Some(rule) = area.rule_for(statement) {
                self.find_unknown(&statement.children, rule.inside(), found);
                continue;
            }
            let message = format!("unknown statement `{}`", cut(statement.keyword(), WIDTH));
            let at = Diagnostic::new(&self.source, "unknown-statement", statement.span(), message);
            found.push(match nearest(statement.keyword(), area.keywords()) {
                Some(near) => at.help(format!("did you mean `{near}`?")),
                None => at.help("strict mode takes only statements that the agent knows"),
            });
        }
    }

    /// Everything active that is kept without being acted on, in order.
    pub fn not_acted_on(&self) -> Vec<NotActedOn> {
        let mut walk = Walk { configuration: self, found: Vec::new() };
        walk.statements(&self.tree.statements, Area::TOP, &mut Vec::new());
        walk.found
    }
}

struct Walk<'c> {
    configuration: &'c Configuration,
    found: Vec<NotActedOn>,
}

impl<'c> Walk<'c> {
    fn statements(&mut self, all: &'c [Statement], area: Area, path: &mut Vec<&'c Statement>) {
        for statement in all.iter().filter(|each| !each.inactive) {
            path.push(statement);
            match area.find(statement.keyword()) {
                Found::Rule(rule) | Found::Key(rule) => self.known(statement, rule, path),
                Found::Data | Found::Refused => self.unknown(statement, area, path),
            }
            path.pop();
        }
    }

    fn known(
        &mut self,
        statement: &'c Statement,
        rule: &'static Rule,
        path: &mut Vec<&'c Statement>,
    ) {
        if !rule.acted {
            let (weight, sentence) = self.kept(statement, path);
            return self.add(path, weight, sentence);
        }
        let keywords: Vec<&str> = path.iter().map(|each| each.keyword()).collect();
        let known = KNOWN.iter().find(|(end, _, _)| keywords.ends_with(end));
        if let Some((_, weight, sentence)) = known {
            self.add(path, *weight, (*sentence).to_owned());
        } else {
            self.statements(&statement.children, rule.inside(), path);
        }
    }

    /// What is known and not acted on. Groups are refused where they would change what is: in what
    /// is acted on, and at the top if one of them says something of `system`.
    fn kept(&self, statement: &Statement, path: &[&Statement]) -> (Weight, String) {
        let matters = statement.keyword() == "apply-groups"
            && (path.len() > 1
                || statement.value().is_none_or(|name| self.is_of_system(name.text())));
        if matters {
            let sentence = "groups are not expanded; give the statements themselves";
            return (Weight::Refuse, sentence.to_owned());
        }
        (Weight::Mention, "kept, not acted on".to_owned())
    }

    /// Whether a group says something of `system`, or is not there.
    fn is_of_system(&self, name: &str) -> bool {
        let groups = self.configuration.tree.statements.iter();
        let mut groups =
            groups.filter(|each| each.keyword() == "groups").flat_map(Statement::children);
        let group = groups.find(|each| each.keyword() == name);
        group.is_none_or(|group| {
            let of_system = |word: &str| word == "system" || word.starts_with('<');
            group.children.iter().any(|each| of_system(each.keyword()))
        })
    }

    fn unknown(&mut self, statement: &Statement, area: Area, path: &[&Statement]) {
        let keyword = statement.keyword();
        let misplaced = MISPLACED.iter().find(|(name, _)| path.len() == 1 && *name == keyword);
        let (weight, sentence) = match (keyword, nearest(keyword, area.keywords())) {
            _ if misplaced.is_some() => {
                let place = misplaced.map_or("", |(_, place)| place);
                (Weight::Refuse, format!("it belongs inside `{place}`"))
            }
            (_, Some(near)) => {
                (Weight::Mention, format!("kept, not acted on; did you mean `{near}`?"))
            }
            _ => (Weight::Mention, "kept, not acted on".to_owned()),
        };
        self.add(path, weight, sentence);
    }

    fn add(&mut self, path: &[&Statement], weight: Weight, sentence: String) {
        let statement = cut(&words_of_path(path).join(" "), WIDTH);
        let span = path.last().map(|each| each.span()).unwrap_or_default();
        let place = self.configuration.place(span);
        self.found.push(NotActedOn { statement, sentence, weight, place });
    }
}
