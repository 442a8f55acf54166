//! The words of the tables of statements that are kept as data.

use super::super::schema::{Body, Kind, OneLine, Rule, Value};

/// A statement that is not acted on.
pub(crate) const fn kept(name: &'static str, kind: Kind) -> Rule {
    Rule { name, kind, acted: false }
}

/// `name VALUE;`
pub(crate) const fn leaf(name: &'static str) -> Rule {
    kept(name, Kind::Leaf(Value::Text))
}

/// `name VALUE;`, never shown.
pub(crate) const fn secret(name: &'static str) -> Rule {
    kept(name, Kind::Leaf(Value::Secret))
}

/// `name [ VALUE … ];`
pub(crate) const fn many(name: &'static str) -> Rule {
    kept(name, Kind::LeafList(Value::Text))
}

/// `name;`
pub(crate) const fn flag(name: &'static str) -> Rule {
    kept(name, Kind::Empty)
}

/// `name { … }`
pub(crate) const fn within(name: &'static str, body: &'static Body) -> Rule {
    kept(name, Kind::Container(body))
}

/// `name KEY { … }`
pub(crate) const fn list(name: &'static str, body: &'static Body) -> Rule {
    kept(name, Kind::List(body))
}

/// `name VALUE …`; in XML the value is the element `value` in it.
pub(crate) const fn line(name: &'static str, value: &'static str, body: &'static Body) -> Rule {
    kept(name, Kind::Line(value, body))
}

/// `KEY { … }`
pub(crate) const fn nameless(name: &'static str, body: &'static Body) -> Rule {
    kept(name, Kind::Nameless(body))
}

/// `name { KEY { … } }`; in XML each entry is an element `name`.
pub(crate) const fn wrapped(name: &'static str, body: &'static Body) -> Rule {
    kept(name, Kind::Wrapped(body))
}

/// What stands in braces.
pub(crate) const fn body(rules: &'static [Rule]) -> Body {
    Body {
        rules,
        open: true,
        one_line: OneLine::No,
        is_structure: false,
        is_ordered: false,
        key: "name",
        pair: None,
    }
}

/// Entries that are ordered by whoever writes them.
pub(crate) const fn ordered(rules: &'static [Rule]) -> Body {
    Body { is_ordered: true, ..body(rules) }
}

/// What means nothing when it is empty.
pub(crate) const fn structure(rules: &'static [Rule]) -> Body {
    Body { is_structure: true, ..body(rules) }
}

/// Printed without braces when a single leaf is in it.
pub(crate) const fn single(rules: &'static [Rule]) -> Body {
    Body { one_line: OneLine::Single, ..body(rules) }
}

/// Printed without braces.
pub(crate) const fn one_line(rules: &'static [Rule]) -> Body {
    Body { one_line: OneLine::Always, ..body(rules) }
}

/// Printed with each statement in it: `family inet { … }`.
pub(crate) const fn joined(rules: &'static [Rule]) -> Body {
    Body { one_line: OneLine::Joined, ..body(rules) }
}

/// Entries whose key is the element `key` in XML.
pub(crate) const fn keyed(key: &'static str, body: Body) -> Body {
    Body { key, ..body }
}
