//! The words of a statement, as they are typed: what each one is, and what may follow.
//!
//! ```text
//!   set sys serv outb client mist <Tab>
//!       └── unambiguous: system services outbound-ssh
//!                            └ list: a name follows      └ what may stand in client
//! ```
//!
//! What the schema knows may be shortened; names, values and statements it doesn't know are taken as they stand.

use super::choice::{Choice, Kind as Shown};
use super::sentences::sentence;
use crate::junos::Configuration;
use crate::junos::schema::{Area, Found, Kind, Rule, Value};

/// Why a word can't stand where it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Nothing of this name is known here.
    Unknown,
    /// It begins several words.
    Ambiguous(Vec<Choice>),
    /// It is no such value; and what is.
    Value(String),
}

/// Where the words of a statement have led so far.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'c> {
    configuration: &'c Configuration,
    /// The words from the top, in full.
    words: Vec<String>,
    /// How many of them were not typed but are the level that is edited.
    level: usize,
    area: Area,
    /// What waits for its name or value.
    pending: Option<&'static Rule>,
    /// The keyword that stands above, for its sentences.
    above: &'static str,
    /// Inside `[ … ]`.
    in_brackets: bool,
    existing: bool,
}

impl<'c> Cursor<'c> {
    /// At `level`; `existing` if only what is there may be named.
    pub(super) fn new(configuration: &'c Configuration, level: &[String], existing: bool) -> Self {
        let mut cursor = Self {
            configuration,
            words: Vec::new(),
            level: level.len(),
            area: Area::TOP,
            pending: None,
            above: "",
            in_brackets: false,
            existing: false,
        };
        for word in level {
            // A level was checked when it was entered.
            let _ = cursor.step(word, true);
        }
        cursor.existing = existing;
        cursor
    }

    /// The words that were typed, in full.
    pub(super) fn typed(&self) -> &[String] {
        self.words.get(self.level..).unwrap_or_default()
    }

    /// Whether the statement may end here.
    pub(super) fn may_end(&self) -> bool {
        !self.in_brackets && (self.pending.is_none() || self.existing)
    }

    fn path(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// Takes the next word; one in quotation marks is never short for another.
    ///
    /// # Errors
    /// It can't stand here.
    pub(super) fn step(&mut self, text: &str, quoted: bool) -> Result<(), Misfit> {
        if let Some(rule) = self.pending {
            return self.value(rule, text, quoted);
        }
        match self.area.find(text) {
            Found::Rule(rule) => self.keyword(rule),
            Found::Key(rule) if !quoted => match self.abbreviated(text)? {
                Some(short) => self.keyword(short),
                None => self.descend(rule, text),
            },
            Found::Key(rule) => self.descend(rule, text),
            Found::Data | Found::Refused if !quoted => match self.abbreviated(text)? {
                Some(rule) => self.keyword(rule),
                None if matches!(self.area.find(text), Found::Data) => self.data(text),
                None => return Err(Misfit::Unknown),
            },
            Found::Data => self.data(text),
            Found::Refused => return Err(Misfit::Unknown),
        }
        Ok(())
    }

    /// The rule that `text` is short for.
    fn abbreviated(&self, text: &str) -> Result<Option<&'static Rule>, Misfit> {
        let here: Vec<&str> = self.area.keywords().filter(|own| own.starts_with(text)).collect();
        let there = self.configuration.words_after(&self.path());
        if there.iter().any(|word| word.text() == text) {
            return Ok(None);
        }
        match here.as_slice() {
            [] => Ok(None),
            [one] => Ok(self.area.rule_of(one)),
            // A name or data word may begin like keywords.
            _ if self.area.takes_keys() && text.contains(['.', ':']) => Ok(None),
            several => Err(Misfit::Ambiguous(
                several.iter().map(|word| Choice::word(word, sentence(self.above, word))).collect(),
            )),
        }
    }

    fn keyword(&mut self, rule: &'static Rule) {
        self.words.push(rule.name.to_owned());
        match rule.kind {
            Kind::Container(_) | Kind::Wrapped(_) => {
                self.area = rule.inside();
                self.above = rule.name;
            }
            Kind::Empty => {}
            _ => self.pending = Some(rule),
        }
    }

    /// An entry of a list without keyword.
    fn descend(&mut self, rule: &'static Rule, text: &str) {
        self.words.push(text.to_owned());
        self.area = rule.inside();
        self.above = rule.name;
    }

    fn data(&mut self, text: &str) {
        self.words.push(text.to_owned());
        self.area = Area::Unknown;
    }

    fn value(&mut self, rule: &'static Rule, text: &str, quoted: bool) -> Result<(), Misfit> {
        match rule.kind {
            Kind::LeafList(kind) => {
                match text {
                    "[" if !quoted => self.in_brackets = true,
                    "]" if !quoted => self.in_brackets = false,
                    _ => kind.check(text).map_err(|error| Misfit::Value(error.into_owned()))?,
                }
                self.words.push(text.to_owned());
                if !self.in_brackets {
                    self.pending = None;
                }
                return Ok(());
            }
            Kind::Leaf(kind) => {
                let whole = match kind {
                    Value::OneOf(words) if !quoted => the_one(words, text).unwrap_or(text),
                    _ => text,
                };
                kind.check(whole).map_err(|error| Misfit::Value(error.into_owned()))?;
                self.words.push(whole.to_owned());
            }
            _ => {
                self.words.push(text.to_owned());
                self.area = rule.inside();
                self.above = rule.name;
            }
        }
        self.pending = None;
        Ok(())
    }

    /// What may stand here and begins with `prefix`.
    pub(super) fn choices(&self, prefix: &str) -> Vec<Choice> {
        let mut all = match self.pending {
            Some(rule) => self.values(rule),
            None => self.keywords(),
        };
        all.retain(|choice| !choice.is_literal() || choice.text.starts_with(prefix));
        all.sort_by(|one, other| {
            (!one.is_literal(), &one.text).cmp(&(!other.is_literal(), &other.text))
        });
        all
    }

    /// The words behind the path in the configuration, without secrets.
    fn there(&self) -> Vec<&'c str> {
        let words = self.configuration.words_after(&self.path());
        words.into_iter().filter(|word| !word.is_secret()).map(|word| word.text()).collect()
    }

    fn keywords(&self) -> Vec<Choice> {
        let there = self.there();
        let known = self.area.keywords().filter(|word| !self.existing || there.contains(word));
        let mut all: Vec<Choice> =
            known.map(|word| Choice::word(word, sentence(self.above, word))).collect();
        for word in there {
            if !all.iter().any(|own| own.text == word) {
                all.push(Choice::name(word));
            }
        }
        if self.area.takes_keys() && !self.existing {
            let is_client = self.above == "client";
            all.push(match is_client {
                true => Choice::slot("<address>", "The address or name of a gateway"),
                false => Choice::slot("<name>", "A name"),
            });
        }
        all
    }

    fn values(&self, rule: &'static Rule) -> Vec<Choice> {
        let mut all: Vec<Choice> = Vec::new();
        if let Kind::Leaf(Value::OneOf(words)) | Kind::LeafList(Value::OneOf(words)) = rule.kind {
            all.extend(words.iter().map(|word| Choice::word(word, sentence(rule.name, word))));
        }
        let is_key = rule.key_name().is_some();
        if is_key || self.existing {
            for word in self.there() {
                if !all.iter().any(|own| own.text == word) {
                    all.push(Choice::name(word));
                }
            }
        }
        if !self.existing && all.iter().all(|choice| choice.kind != Shown::Word) {
            let name = if is_key { "<name>" } else { "<value>" };
            let help = sentence(self.above, rule.name);
            all.push(match rule.kind {
                Kind::Leaf(Value::Number(least, most)) => {
                    Choice::slot(&format!("<{least}..{most}>"), help)
                }
                Kind::Leaf(Value::Secret) => Choice::slot("<secret>", help),
                _ => Choice::slot(name, help),
            });
        }
        all
    }
}

/// The only one of `words` that begins with `text`, or `text` itself.
fn the_one(words: &'static [&'static str], text: &str) -> Option<&'static str> {
    if let Some(whole) = words.iter().find(|own| **own == text) {
        return Some(whole);
    }
    let mut found = words.iter().filter(|own| own.starts_with(text));
    found.next().filter(|_| found.next().is_none()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "system { host-name r1; services { outbound-ssh { client mist { device-id x; secret s;
        10.0.0.1 port 2200; } } } } interfaces { ge-0/0/0 { mtu 9000; } }";

    fn walk(words: &str, existing: bool) -> Result<Vec<String>, Misfit> {
        let configuration = Configuration::parse("x", TEXT).unwrap();
        let mut cursor = Cursor::new(&configuration, &[], existing);
        words.split_whitespace().try_for_each(|word| cursor.step(word, false))?;
        Ok(cursor.typed().to_vec())
    }

    fn choices(words: &str, prefix: &str, existing: bool) -> Vec<String> {
        let configuration = Configuration::parse("x", TEXT).unwrap();
        let mut cursor = Cursor::new(&configuration, &[], existing);
        words.split_whitespace().try_for_each(|word| cursor.step(word, false)).unwrap();
        cursor.choices(prefix).into_iter().map(|choice| choice.text).collect()
    }

    #[test]
    fn known_words_may_be_shortened_and_leaves_chained() {
        let words = walk("sys servi outb cli mist dev a keep ti 5 retry 3", false).unwrap();
        let whole =
            "system services outbound-ssh client mist device-id a keep-alive timeout 5 retry 3";
        assert_eq!(words.join(" "), whole);
        let words = walk("system services outbound-ssh client mist reconn st", false).unwrap();
        assert_eq!(words.last().map(String::as_str), Some("sticky"));
        let words = walk("system services outbound-ssh client mist gw.example.net port 22", false);
        assert_eq!(words.unwrap().len(), 8);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let client = "system services outbound-ssh client mist";
        assert_eq!(walk("system services outbound-ssh bogus", false), Err(Misfit::Unknown));
        let Err(Misfit::Ambiguous(several)) =
            walk("system log", false).and(walk(&format!("{client} s"), false))
        else {
            panic!("secret and services begin with s")
        };
        assert_eq!(several.len(), 2);
        let Err(Misfit::Value(expected)) = walk(&format!("{client} 10.0.0.1 port x"), false) else {
            panic!("x is no port")
        };
        assert!(expected.contains("65535"), "{expected}");
    }

    #[test]
    fn what_is_there_is_offered_and_secrets_are_not() {
        let client = "system services outbound-ssh client";
        assert_eq!(choices(client, "", true), ["mist"]);
        assert_eq!(choices(client, "", false), ["mist", "<name>"]);
        assert_eq!(choices("interfaces", "ge", false), ["ge-0/0/0", "<name>"]);
        assert_eq!(choices(&format!("{client} mist secret"), "", true), Vec::<String>::new());
        assert_eq!(choices("system", "", true), ["host-name", "services"]);
        let all = choices(&format!("{client} mist"), "", false);
        assert!(
            all.contains(&"10.0.0.1".to_owned()) && all.contains(&"<address>".to_owned()),
            "{all:?}"
        );
    }

    #[test]
    fn unknown_statements_are_taken_as_they_stand() {
        assert_eq!(
            walk("protocols bgp group x", false).unwrap().join(" "),
            "protocols bgp group x"
        );
    }
}
