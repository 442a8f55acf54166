//! Printing the curly and `set` forms.
//!
//! ```text
//! client mist {                              set … client mist device-id sw1
//!     device-id sw1;                         set … client mist secret "$9$…"
//!     secret "$9$…"; ## SECRET-DATA          set … client mist 10.0.0.1 port 2200
//!     inactive: 10.0.0.1 port 2200;          deactivate … client mist 10.0.0.1
//!     protect: services netconf;             protect … client mist services netconf
//! }
//! ```
//!
//! As on Junos the `set` form has no comments of statements with something inside; those of
//! single lines stand above them.

use super::Tree;
use super::schema::{Area, Kind, OneLine};
use super::tree::{Comment, Statement, Word, WordKind};

/// The curly form.
pub(crate) fn curly(tree: &Tree) -> String {
    let mut out = String::new();
    print_block(&mut out, &tree.statements, Area::TOP, 0);
    print_comments(&mut out, &tree.end_comments, 0);
    out
}

/// One statement with everything in it, in the curly form, at the left margin.
pub(crate) fn statement(statement: &Statement, area: Area) -> String {
    let mut out = String::new();
    print_statement(&mut out, statement, area, 0);
    out
}

/// Statements of one place, in the curly form, at the left margin.
pub(crate) fn block(statements: &[Statement], area: Area) -> String {
    let mut out = String::new();
    print_block(&mut out, statements, area, 0);
    out
}

/// Words with a blank between them, quoted where they must be.
pub(crate) fn words(words: &[Word]) -> String {
    let mut out = String::new();
    push_words(&mut out, words);
    out
}

/// The `set` lines of statements below `above`, which begins with a blank unless it is empty.
pub(crate) fn set_lines(statements: &[Statement], above: &str) -> String {
    let mut out = String::new();
    print_set_lines(&mut out, statements, above);
    out
}

fn print_block(out: &mut String, statements: &[Statement], area: Area, depth: usize) {
    let mut rest = statements;
    while let Some((first, after)) = rest.split_first() {
        let values = leaf_list_run(area, first, after);
        if values > 0 {
            let (run, after) = rest.split_at_checked(values + 1).unwrap_or((rest, &[]));
            print_leaf_list(out, run, depth);
            rest = after;
        } else {
            print_statement(out, first, area, depth);
            rest = after;
        }
    }
}

/// How many of the statements after `first` are further values of the same leaf-list.
fn leaf_list_run(area: Area, first: &Statement, after: &[Statement]) -> usize {
    let is_value = |each: &Statement| {
        area.rule_for(each).is_some_and(|rule| matches!(rule.kind, Kind::LeafList(_)))
    };
    let is_list = is_value(first);
    let joins = |each: &&Statement| {
        each.keyword() == first.keyword()
            && is_value(each)
            && each.inactive == first.inactive
            && each.guard == first.guard
            && each.comments.is_empty()
    };
    if is_list { after.iter().take_while(joins).count() } else { 0 }
}

fn print_leaf_list(out: &mut String, run: &[Statement], depth: usize) {
    let Some(first) = run.first() else { return };
    print_front(out, first, depth);
    push_word(out, first.words.first());
    out.push_str(" [ ");
    for each in run {
        push_word(out, each.value());
        out.push(' ');
    }
    out.push_str("];\n");
}

fn print_statement(out: &mut String, statement: &Statement, area: Area, depth: usize) {
    print_after(out, statement, area, depth, "");
}

/// A statement with `before` in front of its words.
fn print_after(out: &mut String, statement: &Statement, area: Area, depth: usize, before: &str) {
    let rule = area.rule_for(statement);
    let inside = rule.map_or(Area::Unknown, |rule| rule.inside());
    if is_joined(statement, inside) {
        let mut before = before.to_owned();
        push_words(&mut before, &statement.words);
        before.push(' ');
        for child in &statement.children {
            print_after(out, child, inside, depth, &before);
        }
        return;
    }
    print_front(out, statement, depth);
    out.push_str(before);
    push_words(out, &statement.words);
    let empty = statement.children.is_empty() && statement.end_comments.is_empty();
    if empty && !statement.hints.braced {
        return end_line(out, statement);
    }
    if is_one_line(statement, inside) {
        for child in &statement.children {
            out.push(' ');
            push_words(out, &child.words);
        }
        return out.push_str(";\n");
    }
    out.push_str(" {\n");
    print_block(out, &statement.children, inside, depth + 1);
    print_comments(out, &statement.end_comments, depth + 1);
    indent(out, depth);
    out.push_str("}\n");
}

/// Whether each statement in it is printed with its words in front.
fn is_joined(statement: &Statement, inside: Area) -> bool {
    let Area::Known(body) = inside else { return false };
    let is_value = |each: &Statement| {
        inside.rule_for(each).is_none_or(|rule| matches!(rule.kind, Kind::LeafList(_)))
    };
    body.one_line == OneLine::Joined
        && !statement.inactive
        && !statement.is_protected()
        && statement.comments.is_empty()
        && statement.end_comments.is_empty()
        && !statement.children.is_empty()
        && !statement.children.iter().any(is_value)
}

fn is_one_line(statement: &Statement, inside: Area) -> bool {
    let Area::Known(body) = inside else { return false };
    let plain = |child: &Statement| {
        let known = inside.rule_for(child).is_some();
        let bare = !child.inactive && !child.is_protected();
        known && bare && child.comments.is_empty() && child.children.is_empty()
    };
    let allowed = match body.one_line {
        OneLine::No | OneLine::Joined => false,
        OneLine::Single => statement.children.len() == 1,
        OneLine::Always => true,
    };
    allowed && statement.end_comments.is_empty() && statement.children.iter().all(plain)
}

/// Comments, indentation, `inactive:`, `protect:`.
fn print_front(out: &mut String, statement: &Statement, depth: usize) {
    print_comments(out, &statement.comments, depth);
    indent(out, depth);
    if statement.inactive {
        out.push_str("inactive: ");
    }
    if statement.is_protected() {
        out.push_str("protect: ");
    }
}

fn print_comments(out: &mut String, comments: &[Comment], depth: usize) {
    for comment in comments {
        indent(out, depth);
        out.push_str(comment.text());
        out.push('\n');
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("    ", depth));
}

fn end_line(out: &mut String, statement: &Statement) {
    out.push(';');
    if statement.words.iter().any(|word| word.secret) {
        out.push_str(" ## SECRET-DATA");
    }
    out.push('\n');
}

/// The `set` form.
pub(crate) fn set(tree: &Tree) -> String {
    let mut out = String::new();
    print_set_lines(&mut out, &tree.statements, "");
    print_comments(&mut out, &tree.end_comments, 0);
    out
}

fn print_set_lines(out: &mut String, statements: &[Statement], above: &str) {
    for statement in statements {
        let mut path = above.to_owned();
        path.push(' ');
        push_words(&mut path, &statement.words);
        if statement.children.is_empty() {
            print_set_line(out, statement, &path);
        }
        print_set_lines(out, &statement.children, &path);
        if statement.inactive {
            out.push_str("deactivate");
            out.push_str(&path);
            out.push('\n');
        }
        if statement.is_protected() {
            out.push_str("protect");
            out.push_str(&path);
            out.push('\n');
        }
    }
}

fn print_set_line(out: &mut String, statement: &Statement, path: &str) {
    print_comments(out, &statement.comments, 0);
    out.push_str("set");
    out.push_str(path);
    if statement.words.iter().any(|word| word.secret) {
        out.push_str(" ## SECRET-DATA");
    }
    out.push('\n');
}

pub(crate) fn push_words(out: &mut String, words: &[Word]) {
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        push_word(out, Some(word));
    }
}

fn push_word(out: &mut String, word: Option<&Word>) {
    let Some(word) = word else { return };
    let is_tag = word.text.ends_with(':');
    if word.kind == WordKind::Plain && (needs_quotes(&word.text) || is_tag) {
        out.push('"');
        out.push_str(&word.text.replace('\\', "\\\\").replace('"', "\\\""));
        out.push('"');
    } else {
        out.push_str(&word.text);
    }
}

/// Whether a word would be read as something else without quotes.
pub(crate) fn needs_quotes(text: &str) -> bool {
    let wildcard = text.starts_with('<') && text.ends_with('>') && text.len() > 2;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@+*,=%~^".contains(c);
    let inner = if wildcard { text.get(1..text.len() - 1).unwrap_or("") } else { text };
    text.is_empty() || text.contains("/*") || !inner.chars().all(plain)
}
