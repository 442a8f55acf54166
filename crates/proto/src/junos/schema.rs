//! What Homing knows of Junos's statements: which are lists, leaves, containers.
//!
//! ```text
//! Body ── rules ──▶ Rule { name, kind }
//!                     Container ── Body        authentication { … }
//!                     List ────── Body         client NAME { … }          XML <client><name>
//!                     Nameless ── Body         10.0.0.1 { … }             XML <servers><name>
//!                                              as-path NAME VALUE;        XML <path>VALUE</path>
//!                     List of lists, paired    from-zone a to-zone b { … }  XML <policy><from-zone-name>
//!                     Wrapped ─── Body         name-server { KEY; }       XML <name-server><name>
//!                     Line ────── Body         file NAME size 1m;         XML <file><filename>
//!                     Leaf, LeafList, Empty    device-id x;  permissions [ a b ];  dhcp;
//! ```
//!
//! An *open* body keeps statements it does not know as data; a *closed* one (`outbound-ssh` and
//! what is in it) refuses them, because there a slip must not go unnoticed.
//!
//! Source: Junos, *outbound-ssh*, *login*, *ssh*, *netconf* statement pages.

use std::borrow::Cow;

use super::tree::Statement;

/// Statements allowed in one place.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) rules: &'static [Rule],
    /// Whether statements without a rule are kept as data.
    pub(crate) open: bool,
    /// Whether Junos prints it on one line when only leaves are in it.
    pub(crate) one_line: OneLine,
    /// Whether a container of it means nothing when it is empty, and so goes with the last
    /// statement in it.
    pub(crate) is_structure: bool,
    /// Whether entries of a list with it are in the order that whoever writes them chose.
    pub(crate) is_ordered: bool,
    /// What XML and JSON call the key of a list with it; empty if the key is the element's text.
    pub(crate) key: &'static str,
    /// What XML and JSON make of an entry of the list with it and one of the list that is in it.
    pub(crate) pair: Option<&'static Pair>,
}

/// Two lists inside one another that are one with two keys: `from-zone a to-zone b { … }`.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The element of both.
    pub(crate) element: &'static str,
    /// What the key of the outer list is called there, and that of the inner one.
    pub(crate) keys: (&'static str, &'static str),
    /// The inner list.
    pub(crate) inner: &'static str,
}

fn anywhere(name: &str) -> Option<&'static Rule> {
    super::statements::ANYWHERE.iter().find(|rule| rule.name == name)
}

/// When a statement is printed without braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OneLine {
    /// Never.
    No,
    /// With a single leaf in it.
    Single,
    /// Always.
    Always,
    /// Never, and each statement in it has the words in front: `family inet { … }`.
    Joined,
}

/// One statement.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether the agent acts on it. What it does not act on is data: a slip in it is no error.
    pub(crate) acted: bool,
}

/// The shape of a statement.
#[derive(Debug)]
pub(crate) enum Kind {
    /// `name { … }`
    Container(&'static Body),
    /// `name KEY { … }`, many.
    List(&'static Body),
    /// `KEY { … }`, many; the name is only seen in XML and JSON.
    Nameless(&'static Body),
    /// `name { KEY { … } }`, one whose entries are elements `name` in XML and JSON.
    Wrapped(&'static Body),
    /// `name VALUE …`, one; the value's own name, first here, is only seen in XML and JSON.
    Line(&'static str, &'static Body),
    /// `name VALUE;`
    Leaf(Value),
    /// `name VALUE;` or `name [ VALUE VALUE ];`
    LeafList(Value),
    /// `name;`
    Empty,
}

/// What a leaf's value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    /// Anything.
    Text,
    /// Anything, never shown.
    Secret,
    /// A whole number in this range.
    Number(u64, u64),
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl Value {
    /// Whether `text` is such a value; if not, what is.
    pub(crate) fn check(self, text: &str) -> Result<(), Cow<'static, str>> {
        match self {
            Self::Text | Self::Secret => Ok(()),
            Self::Number(least, most) => match text.parse::<u64>() {
                Ok(number) if plain_digits(text) && (least..=most).contains(&number) => Ok(()),
                _ => Err(format!("a number from {least} to {most}").into()),
            },
            Self::OneOf(words) if words.contains(&text) => Ok(()),
            Self::OneOf(words) => Err(words.join(" or ").into()),
        }
    }
}

/// `+5` is a number to Rust and none to Junos.
fn plain_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Statements that Junos allows everywhere and that have no rule; kept as data.
const ANYWHERE: [&str; 2] = ["apply-flags", "apply-macro"];

/// The rules in force at some place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Area {
    /// Inside a statement with rules.
    Known(&'static Body),
    /// Inside a statement without.
    Unknown,
    /// After a leaf: there is nothing inside.
    Nothing,
}

/// What a place says about a word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// The rule for it.
    Rule(&'static Rule),
    /// The rule of a list whose keyword is not written: the word is a key.
    Key(&'static Rule),
    /// Unknown, kept as data.
    Data,
    /// Not allowed.
    Refused,
}

impl Area {
    /// The whole configuration.
    pub(crate) const TOP: Area = Area::Known(&super::statements::TOP);

    /// What the word `name`, as curly and `set` write it, is here.
    pub(crate) fn find(self, name: &str) -> Found {
        let Area::Known(body) = self else {
            return if matches!(self, Area::Unknown) { Found::Data } else { Found::Refused };
        };
        let nameless = |rule: &&Rule| matches!(rule.kind, Kind::Nameless(_));
        let named = body.rules.iter().find(|rule| rule.name == name && !nameless(rule));
        if let Some(rule) = named {
            return Found::Rule(rule);
        }
        if let Some(rule) = anywhere(name) {
            return Found::Rule(rule);
        }
        if ANYWHERE.contains(&name) {
            return Found::Data;
        }
        match body.rules.iter().find(nameless) {
            Some(rule) => Found::Key(rule),
            None if body.open => Found::Data,
            None => Found::Refused,
        }
    }

    /// The rule for the element or member `name` of XML and JSON.
    pub(crate) fn find_element(self, name: &str) -> Found {
        let Area::Known(body) = self else {
            return if matches!(self, Area::Unknown) { Found::Data } else { Found::Refused };
        };
        match body.rules.iter().find(|rule| rule.name == name).or_else(|| anywhere(name)) {
            Some(rule) if matches!(rule.kind, Kind::Nameless(_)) => Found::Key(rule),
            Some(rule) => Found::Rule(rule),
            None if body.open || ANYWHERE.contains(&name) => Found::Data,
            None => Found::Refused,
        }
    }

    /// The rule of a statement of the tree; none if it is not of the rule's shape, as what is kept
    /// may be.
    pub(crate) fn rule_for(self, statement: &Statement) -> Option<&'static Rule> {
        self.rule_of(statement.keyword()).filter(|rule| rule.acted || rule.fits(statement))
    }

    /// The rule for a first word.
    pub(crate) fn rule_of(self, keyword: &str) -> Option<&'static Rule> {
        match self.find(keyword) {
            Found::Rule(rule) | Found::Key(rule) => Some(rule),
            Found::Data | Found::Refused => None,
        }
    }

    /// The outer list of two that make the element `name` here.
    pub(crate) fn paired(self, name: &str) -> Option<(&'static Rule, &'static Pair)> {
        let Area::Known(body) = self else { return None };
        body.rules.iter().find_map(|rule| {
            let pair = rule.pair().filter(|pair| pair.element == name)?;
            Some((rule, pair))
        })
    }

    /// The keywords that are written here.
    pub(crate) fn keywords(self) -> impl Iterator<Item = &'static str> {
        let rules = if let Area::Known(body) = self { body.rules } else { &[] };
        rules.iter().filter(|rule| !matches!(rule.kind, Kind::Nameless(_))).map(|rule| rule.name)
    }

    /// Whether a list without keyword may begin here.
    pub(crate) fn takes_keys(self) -> bool {
        let Area::Known(body) = self else { return false };
        body.rules.iter().any(|rule| matches!(rule.kind, Kind::Nameless(_)))
    }
}

impl Rule {
    /// What may stand inside the statement.
    pub(crate) fn inside(&self) -> Area {
        match self.kind {
            Kind::Container(body) | Kind::List(body) | Kind::Wrapped(body) => Area::Known(body),
            Kind::Nameless(body) | Kind::Line(_, body) => Area::Known(body),
            Kind::Leaf(_) | Kind::LeafList(_) | Kind::Empty => Area::Nothing,
        }
    }

    /// The element that an entry and one in it make together.
    pub(crate) fn pair(&self) -> Option<&'static Pair> {
        if let Kind::List(body) = self.kind { body.pair } else { None }
    }

    /// The name of the element that holds the key, if there is a key.
    pub(crate) fn key_name(&self) -> Option<&'static str> {
        match self.kind {
            Kind::List(body) | Kind::Nameless(body) => Some(body.key),
            Kind::Wrapped(_) => Some("name"),
            Kind::Line(name, _) => Some(name),
            _ => None,
        }
    }

    /// Whether a line goes on inside it, so that what stands in front of the line is for the last
    /// statement: `inactive: family inet`.
    pub(crate) fn passes_mark(&self) -> bool {
        match self.kind {
            Kind::Wrapped(_) => true,
            Kind::Container(body) | Kind::List(body) => body.one_line == OneLine::Joined,
            _ => false,
        }
    }

    /// Whether a statement has the words and braces of this rule.
    fn fits(&self, statement: &Statement) -> bool {
        let words = statement.words();
        let plain = words.iter().all(|word| !word.is_bracket());
        let leaf = statement.children().is_empty() && !statement.hints.braced;
        plain
            && match self.kind {
                Kind::Container(_) | Kind::Wrapped(_) | Kind::Nameless(_) => words.len() == 1,
                Kind::List(_) => words.len() == 2,
                Kind::Line(..) => words.len() <= 2,
                Kind::Leaf(_) | Kind::LeafList(_) => words.len() == 2 && leaf,
                Kind::Empty => words.len() == 1 && leaf,
            }
    }

    /// Whether the value is a secret.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Leaf(Value::Secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_digits_in_their_range() {
        let port = Value::Number(0, 65_535);
        assert!(port.check("0").is_ok() && port.check("65535").is_ok());
        for wrong in ["", "+5", "-1", "65536", "5x", "99999999999999999999999"] {
            assert_eq!(port.check(wrong).unwrap_err(), "a number from 0 to 65535", "{wrong}");
        }
    }

    #[test]
    fn a_word_without_rule_is_data_in_open_places_only() {
        assert!(matches!(Area::TOP.find("bogus"), Found::Data));
        let Found::Rule(system) = Area::TOP.find("system") else { panic!("system is known") };
        let Found::Rule(services) = system.inside().find("services") else { panic!() };
        let Found::Rule(outbound) = services.inside().find("outbound-ssh") else { panic!() };
        assert!(matches!(outbound.inside().find("bogus"), Found::Refused));
        assert!(matches!(outbound.inside().find("apply-macro"), Found::Data));
        let Found::Rule(client) = outbound.inside().find("client") else { panic!() };
        assert!(matches!(client.inside().find("10.0.0.1"), Found::Key(_)));
        assert!(matches!(client.inside().find_element("servers"), Found::Key(_)));
        assert!(matches!(client.inside().find_element("bogus"), Found::Refused));
    }
}
