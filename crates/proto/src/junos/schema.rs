//! What Homing knows of Junos's statements: which are lists, leaves, containers.
//!
//! ```text
//! Body ── rules ──▶ Rule { name, kind }
//!                     Container ── Body        authentication { … }
//!                     List ────── Body         client NAME { … }          XML <client><name>
//!                     Nameless ── Body         10.0.0.1 { … }             XML <servers><name>
//!                     Line ────── Body         file NAME size 1m;         XML <file><filename>
//!                     Leaf, LeafList, Empty    device-id x;  permissions [ a b ];  dhcp;
//! ```
//!
//! An *open* body keeps statements it does not know as data; a *closed* one (`outbound-ssh` and
//! what is in it) refuses them, because there a slip must not go unnoticed.
//!
//! Source: Junos, *outbound-ssh*, *login*, *ssh*, *netconf* statement pages.

use std::borrow::Cow;

/// Statements allowed in one place.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) rules: &'static [Rule],
    /// Whether statements without a rule are kept as data.
    pub(crate) open: bool,
    /// Whether Junos prints it on one line when only leaves are in it.
    pub(crate) one_line: OneLine,
}

impl Body {
    /// Whether a container of it means nothing when it is empty, and so goes with the last
    /// statement in it.
    pub(crate) fn is_structure(&self) -> bool {
        std::ptr::eq(self, &super::statements::SYSTEM)
            || std::ptr::eq(self, &super::statements::SERVICES)
            || std::ptr::eq(self, &super::statements::LOGIN)
    }
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
}

/// One statement.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
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

/// Statements that Junos allows everywhere; kept as data.
const ANYWHERE: [&str; 4] = ["apply-groups", "apply-groups-except", "apply-flags", "apply-macro"];

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
        match body.rules.iter().find(|rule| rule.name == name) {
            Some(rule) if matches!(rule.kind, Kind::Nameless(_)) => Found::Key(rule),
            Some(rule) => Found::Rule(rule),
            None if body.open || ANYWHERE.contains(&name) => Found::Data,
            None => Found::Refused,
        }
    }

    /// The rule of a statement of the tree, from its first word.
    pub(crate) fn rule_of(self, keyword: &str) -> Option<&'static Rule> {
        match self.find(keyword) {
            Found::Rule(rule) | Found::Key(rule) => Some(rule),
            Found::Data | Found::Refused => None,
        }
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
            Kind::Container(body) | Kind::List(body) => Area::Known(body),
            Kind::Nameless(body) | Kind::Line(_, body) => Area::Known(body),
            Kind::Leaf(_) | Kind::LeafList(_) | Kind::Empty => Area::Nothing,
        }
    }

    /// The name of the element that holds the key, if there is a key.
    pub(crate) fn key_name(&self) -> Option<&'static str> {
        match self.kind {
            Kind::List(_) | Kind::Nameless(_) => Some("name"),
            Kind::Line(name, _) => Some(name),
            _ => None,
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
        assert!(matches!(Area::TOP.find("interfaces"), Found::Data));
        let Found::Rule(system) = Area::TOP.find("system") else { panic!("system is known") };
        let Found::Rule(services) = system.inside().find("services") else { panic!() };
        let Found::Rule(outbound) = services.inside().find("outbound-ssh") else { panic!() };
        assert!(matches!(outbound.inside().find("bogus"), Found::Refused));
        assert!(matches!(outbound.inside().find("apply-groups"), Found::Data));
        let Found::Rule(client) = outbound.inside().find("client") else { panic!() };
        assert!(matches!(client.inside().find("10.0.0.1"), Found::Key(_)));
        assert!(matches!(client.inside().find_element("servers"), Found::Key(_)));
        assert!(matches!(client.inside().find_element("bogus"), Found::Refused));
    }
}
