//! Reading the JSON form, as `show configuration | display json` prints it.
//!
//! ```text
//! { "configuration": { "system": { "host-name": "sw1", "@host-name": { "inactive": true },
//!                                  "login": { "user": [ { "@": { … }, "name": "ops", … } ] } } } }
//! ```
//!
//! Lists are arrays, a statement without value is `[null]`. `"@"` holds what is said about the
//! object it stands in, `"@name"` what is said about the member `name`: `inactive`, `protect` and
//! `comment` are read.

use std::collections::HashMap;

use super::element::{self, Element};
use super::identity;
use super::json_text::{Json, JsonReader, JsonValue, Member};
use super::place::Builder;
use super::schema::Area;
use super::source::{Source, Span};
use super::tree::{Comment, Guard, Operation, Word};
use super::{Diagnostics, Tree};

/// Reads a whole text.
pub(crate) fn parse(source: &Source, is_edit: bool) -> Result<Tree, Diagnostics> {
    let mut builder = Builder::new(source).edits(is_edit);
    let mut tree = Tree::default();
    match JsonReader::new(source.text()).whole() {
        Ok(json) => {
            if let Some(members) = configuration(&mut builder, json) {
                let mut top = Element::new(Word::new("configuration", Span::default()));
                members_of(&mut builder, &mut top, members);
                element::read(&mut builder, &mut tree.statements, Area::TOP, top.children);
            }
        }
        Err(bad) => {
            let error = builder.at(bad.code, bad.span, bad.message);
            builder.report(match bad.expected {
                Some(expected) => error.expected(expected),
                None => error,
            });
        }
    }
    identity::settle_known(&mut tree.statements, Area::TOP);
    builder.diagnostics.or(tree)
}

/// The members of the object `configuration`.
fn configuration(builder: &mut Builder<'_>, json: Json) -> Option<Vec<Member>> {
    let span = json.span;
    let member = match json.value {
        JsonValue::Object(members) => {
            members.into_iter().find(|(name, _)| name.text == "configuration")
        }
        _ => None,
    };
    let (name, value) = match member {
        Some(member) => member,
        None => {
            let error = builder.at("no-configuration", span, "there is no configuration");
            builder.report(error.expected("a member `configuration`"));
            return None;
        }
    };
    match value.value {
        JsonValue::Object(members) => Some(members),
        JsonValue::Array(items) => match <[Json; 1]>::try_from(items) {
            Ok([Json { value: JsonValue::Object(members), .. }]) => Some(members),
            _ => wrong_configuration(builder, &name),
        },
        _ => wrong_configuration(builder, &name),
    }
}

fn wrong_configuration<T>(builder: &mut Builder<'_>, name: &Word) -> Option<T> {
    let error = builder.at("no-configuration", name.span, "the configuration is no object");
    builder.report(error.expected("`{` after it"));
    None
}

/// Puts the members of an object into `above`.
fn members_of(builder: &mut Builder<'_>, above: &mut Element, members: Vec<Member>) {
    let mut remarks: Vec<(String, Json)> = Vec::new();
    let is_edit = builder.is_edit;
    for (name, value) in members {
        match name.text.strip_prefix('@') {
            Some("") => remark(above, &value, is_edit),
            Some(of) => remarks.push((of.to_owned(), value)),
            None => member(builder, above, &name, value),
        }
    }
    if !remarks.is_empty() {
        remark_members(&mut above.children, &remarks, is_edit);
    }
}

/// Takes in what `"@name"` members say about the members of these names.
fn remark_members(children: &mut [Element], remarks: &[(String, Json)], is_edit: bool) {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, child) in children.iter().enumerate() {
        places.entry(child.name.text.clone()).or_default().push(index);
    }
    for (of, value) in remarks {
        let places = places.get(of).map_or(&[][..], Vec::as_slice);
        let items = match &value.value {
            JsonValue::Array(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for (place, item) in places.iter().zip(items) {
            children.get_mut(*place).into_iter().for_each(|child| remark(child, item, is_edit));
        }
    }
}

fn member(builder: &mut Builder<'_>, above: &mut Element, name: &Word, value: Json) {
    match value.value {
        JsonValue::Array(items) => {
            let is_empty_leaf = matches!(items.as_slice(), [Json { value: JsonValue::Null, .. }]);
            for item in items {
                if matches!(item.value, JsonValue::Array(_)) {
                    let message = "an array stands in an array";
                    builder.error("wrong-value", item.span, message);
                    return;
                }
                single(builder, above, name, item, !is_empty_leaf);
            }
        }
        _ => single(builder, above, name, value, false),
    }
}

/// One element: a scalar, `null` or an object.
fn single(builder: &mut Builder<'_>, above: &mut Element, name: &Word, json: Json, many: bool) {
    let mut element = Element::new(name.clone());
    element.many = many;
    match json.value {
        JsonValue::Object(members) => {
            element.braced = members.iter().all(|(name, _)| name.text.starts_with('@'));
            members_of(builder, &mut element, members);
        }
        JsonValue::Text(text) => element.text = Some(text),
        JsonValue::Null | JsonValue::Array(_) => {}
    }
    above.children.push(element);
}

/// Whether a remark holds: `true`, or its own name.
fn is_true(text: &str, name: &str) -> bool {
    text == "true" || text == name
}

/// Takes `inactive`, `protect` and `comment` out of what is said about an element.
fn remark(element: &mut Element, json: &Json, is_edit: bool) {
    let JsonValue::Object(members) = &json.value else { return };
    for (name, value) in members {
        let JsonValue::Text(text) = &value.value else { continue };
        match name.text.as_str() {
            "inactive" => element.inactive = is_true(&text.text, "inactive"),
            "protect" if is_true(&text.text, "protect") => element.guard = Guard::Protected,
            "unprotect" if is_edit && is_true(&text.text, "unprotect") => {
                element.guard = Guard::Lifted;
            }
            "active" if is_edit => element.operation = Operation::Activate,
            "operation" if is_edit => {
                element.operation = match text.text.as_str() {
                    "replace" => Operation::Replace,
                    "create" => Operation::Create,
                    "delete" => Operation::Delete,
                    "remove" => Operation::Remove,
                    _ => Operation::Merge,
                };
            }
            "comment" => element.comments.extend(comments_in(&text.text)),
            _ => {}
        }
    }
}

/// The comments of one string: each `/* … */` and each line from `#`.
fn comments_in(text: &str) -> Vec<Comment> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let block = rest.starts_with("/*").then(|| rest.find("*/").map(|at| at + 2)).flatten();
        let line = rest.starts_with('#').then(|| rest.find('\n').unwrap_or(rest.len()));
        let (comment, after) =
            rest.split_at_checked(block.or(line).unwrap_or(rest.len())).unwrap_or((rest, ""));
        found.push(Comment::new(comment));
        rest = after.trim_start();
    }
    found
}
