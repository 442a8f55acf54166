//! Printing the XML and JSON forms.
//!
//! What JSON has no place for is left out: comments behind the last statement of a block.

use super::Tree;
use super::element::{self, Element};
use super::schema::Area;
use super::tree::{Comment, Guard, Operation, Word, WordKind};

/// The XML form of what changes another configuration.
pub(crate) fn xml_of(statements: Vec<super::Statement>) -> String {
    xml(&Tree { statements, ..Tree::default() })
}

/// The XML form.
pub(crate) fn xml(tree: &Tree) -> String {
    let comments = element_comments(&tree.statements, &tree.end_comments);
    let space = if comments { " xmlns:junos=\"http://xml.juniper.net/junos/*/junos\"" } else { "" };
    let mut out = format!("<configuration{space}>\n");
    for element in element::write(&tree.statements, Area::TOP) {
        print_xml(&mut out, &element, 1);
    }
    print_xml_comments(&mut out, &tree.end_comments, 1);
    out.push_str("</configuration>\n");
    out
}

fn element_comments(statements: &[super::Statement], end: &[Comment]) -> bool {
    let inside = |each: &super::Statement| {
        !each.comments.is_empty() || element_comments(&each.children, &each.end_comments)
    };
    !end.is_empty() || statements.iter().any(inside)
}

fn print_xml(out: &mut String, element: &Element, depth: usize) {
    print_xml_comments(out, &element.comments, depth);
    indent(out, depth);
    let name = &element.name.text;
    let said = attributes(element);
    if let Some(text) = &element.text {
        let text = escape(&text.text);
        out.push_str(&format!("<{name}{said}>{text}</{name}>\n"));
    } else if element.children.is_empty() && element.end_comments.is_empty() {
        out.push_str(&format!("<{name}{said}/>\n"));
    } else {
        out.push_str(&format!("<{name}{said}>\n"));
        element.children.iter().for_each(|child| print_xml(out, child, depth + 1));
        print_xml_comments(out, &element.end_comments, depth + 1);
        indent(out, depth);
        out.push_str(&format!("</{name}>\n"));
    }
}

/// What an element says of itself, a blank in front of each.
fn attributes(element: &Element) -> String {
    let mut said = String::new();
    if element.inactive {
        said.push_str(" inactive=\"inactive\"");
    }
    said.push_str(match element.guard {
        Guard::Open => "",
        Guard::Protected => " protect=\"protect\"",
        Guard::Lifted => " unprotect=\"unprotect\"",
    });
    let named = |what: &str, name: &str| {
        let name = escape(name).replace('"', "&quot;");
        format!(" insert=\"{what}\" name=\"{name}\"")
    };
    said.push_str(&match &element.operation {
        Operation::Delete => " operation=\"delete\"".to_owned(),
        Operation::Create => " operation=\"create\"".to_owned(),
        Operation::Replace => " operation=\"replace\"".to_owned(),
        Operation::Activate => " active=\"active\"".to_owned(),
        Operation::After(name) => named("after", name),
        Operation::Before(name) => named("before", name),
        _ => String::new(),
    });
    said
}

fn print_xml_comments(out: &mut String, comments: &[Comment], depth: usize) {
    for comment in comments {
        indent(out, depth);
        out.push_str(&format!("<junos:comment>{}</junos:comment>\n", escape(comment.text())));
    }
}

/// Escapes a text; blanks at its ends become references, for readers trim.
fn escape(text: &str) -> String {
    let inner = text.trim();
    let from = text.len() - text.trim_start().len();
    let inner_end = from + inner.len();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if at < from || at >= inner_end => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The JSON form.
pub(crate) fn json(tree: &Tree) -> String {
    let mut out = String::from("{\n    \"configuration\": ");
    print_object(&mut out, None, &element::write(&tree.statements, Area::TOP), 1);
    out.push_str("\n}\n");
    out
}

/// An object: what is said about it, then its members, those of one name together.
fn print_object(out: &mut String, element: Option<&Element>, children: &[Element], depth: usize) {
    let mut members: Vec<String> = Vec::new();
    if let Some(remark) = element.and_then(remark) {
        members.push(format!("\"@\": {remark}"));
    }
    for (name, group) in groups(children) {
        let mut member = format!("{}: ", quoted(name));
        print_group(&mut member, &group, depth + 1);
        members.push(member);
        members.extend(leaf_remarks(name, &group));
    }
    if members.is_empty() {
        return out.push_str("{}");
    }
    out.push_str("{\n");
    for (index, member) in members.iter().enumerate() {
        indent(out, depth + 1);
        out.push_str(member);
        out.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
    }
    indent(out, depth);
    out.push('}');
}

/// The elements by name, in the order in which the names come first.
fn groups(children: &[Element]) -> Vec<(&str, Vec<&Element>)> {
    let mut groups: Vec<(&str, Vec<&Element>)> = Vec::new();
    let mut at = std::collections::HashMap::new();
    for child in children {
        let name = child.name.text.as_str();
        let index = *at.entry(name).or_insert(groups.len());
        match groups.get_mut(index) {
            Some((_, group)) => group.push(child),
            None => groups.push((name, vec![child])),
        }
    }
    groups
}

fn print_group(out: &mut String, group: &[&Element], depth: usize) {
    match group {
        [only] if !only.many || is_bare(only) => print_value(out, only, depth, true),
        group => {
            out.push_str("[\n");
            for (index, each) in group.iter().enumerate() {
                indent(out, depth + 1);
                print_value(out, each, depth + 1, false);
                out.push_str(if index + 1 < group.len() { ",\n" } else { "\n" });
            }
            indent(out, depth);
            out.push(']');
        }
    }
}

fn print_value(out: &mut String, element: &Element, depth: usize, alone: bool) {
    match &element.text {
        Some(text) => out.push_str(&scalar(text)),
        None if is_object(element) => print_object(out, Some(element), &element.children, depth),
        None if alone => out.push_str("[null]"),
        None => out.push_str("null"),
    }
}

fn is_object(element: &Element) -> bool {
    element.text.is_none() && (element.braced || !element.children.is_empty())
}

/// Neither text nor anything inside: `[null]`, whether it was one of a list or not.
fn is_bare(element: &Element) -> bool {
    element.text.is_none() && !is_object(element)
}

/// What is said about the leaves of a group; objects say it themselves.
fn leaf_remarks(name: &str, group: &[&Element]) -> Option<String> {
    let remarks: Vec<Option<String>> =
        group.iter().map(|each| if is_object(each) { None } else { remark(each) }).collect();
    if remarks.iter().all(Option::is_none) {
        return None;
    }
    let remarks: Vec<String> =
        remarks.into_iter().map(|each| each.unwrap_or_else(|| "null".to_owned())).collect();
    let name = quoted(&format!("@{name}"));
    Some(match remarks.as_slice() {
        [only] => format!("{name}: {only}"),
        all => format!("{name}: [{}]", all.join(", ")),
    })
}

fn remark(element: &Element) -> Option<String> {
    let mut members = Vec::new();
    if element.inactive {
        members.push("\"inactive\": true".to_owned());
    }
    if element.guard == Guard::Protected {
        members.push("\"protect\": true".to_owned());
    }
    if !element.comments.is_empty() {
        let texts: Vec<&str> = element.comments.iter().map(Comment::text).collect();
        members.push(format!("\"comment\": {}", quoted(&texts.join("\n"))));
    }
    (!members.is_empty()).then(|| format!("{{ {} }}", members.join(", ")))
}

/// A number as a number, anything else as a string.
fn scalar(word: &Word) -> String {
    if word.kind == WordKind::Literal
        && serde_json::from_str::<serde_json::Value>(&word.text).is_ok()
    {
        word.text.clone()
    } else {
        quoted(&word.text)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("    ", depth));
}
