//! Deleting what many lines name, in one walk.
//!
//! ```text
//! delete firewall filter f term a        firewall ─ filter ─ f ─ term ─┬ a   line 0
//! delete firewall filter f term b   ──▶                                └ b   line 1
//! ```
//!
//! The paths are a tree, along which the statements are walked once: five thousand lines for a list of forty thousand
//! entries cost as much as one.

use std::collections::HashMap;

use super::error::EditError;
use super::protect;
use super::statement::is_nothing;
use crate::junos::print;
use crate::junos::schema::{Area, Found, Kind};
use crate::junos::tree::{Statement, Word};

/// Deletes what is at or below the path of each line, in their order, and containers that are left with nothing in
/// them; gives a warning for each line whose statement was not there, as Junos does, and for each protected statement
/// that stays.
///
/// # Errors
/// A line names what is protected, or what is in it.
pub(super) fn delete(
    top: &mut Vec<Statement>,
    lines: &[Vec<Word>],
) -> Result<Vec<String>, EditError> {
    let mut root = Node::default();
    // For each path of the tree the line that it comes from.
    let mut owners = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        for path in paths_of(line) {
            root.add(path, owners.len());
            owners.push(number);
        }
    }
    let mut walk = Walk::new(owners.len());
    walk.delete(top, &root, NOT_AT_ALL);
    if let Some(path) = walk.refused {
        return Err(EditError::Protected(path));
    }
    prune(top, Area::TOP, &root);
    let mut is_missing = vec![false; lines.len()];
    for (hit, number) in walk.hits.iter().zip(owners) {
        is_missing.get_mut(number).into_iter().for_each(|missing| *missing |= !hit);
    }
    let missing = lines.iter().zip(is_missing).filter(|(_, is_missing)| *is_missing);
    let missing = missing.map(|(line, _)| format!("statement not found: {}", print::words(line)));
    Ok(missing.chain(walk.kept.iter().map(|path| protect::stays(path))).collect())
}

/// The paths of a line: one, or one for each value in brackets.
fn paths_of(line: &[Word]) -> Vec<Vec<&Word>> {
    let open = line.iter().position(Word::is_bracket);
    let (prefix, values) = line.split_at_checked(open.unwrap_or(line.len())).unwrap_or((line, &[]));
    if open.is_none() {
        return vec![prefix.iter().collect()];
    }
    let values = values.iter().filter(|word| !word.is_bracket());
    values.map(|value| prefix.iter().chain([value]).collect()).collect()
}

/// When nothing deletes a statement.
const NOT_AT_ALL: usize = usize::MAX;

/// The paths that go on from a place.
#[derive(Debug, Default)]
pub(super) struct Node<'w> {
    /// The first path that ends here.
    pub(super) end: Option<usize>,
    pub(super) below: HashMap<&'w Word, Node<'w>>,
}

impl<'w> Node<'w> {
    /// Adds a path; gives the number of the first one that is the same.
    pub(super) fn add(&mut self, path: Vec<&'w Word>, number: usize) -> usize {
        let mut node = self;
        for word in path {
            node = node.below.entry(word).or_default();
        }
        *node.end.get_or_insert(number)
    }

    /// Where these words lead; `None` if no path has them all.
    fn along(&self, words: &[Word]) -> Option<&Self> {
        words.iter().try_fold(self, |node, word| node.below.get(word))
    }
}

/// One walk over the statements.
struct Walk {
    /// For each path, whether there was something at it.
    hits: Vec<bool>,
    /// Statements looked at.
    visited: usize,
    /// The words of the statements above.
    above: Vec<Word>,
    /// Protected statements in what is deleted.
    kept: Vec<String>,
    /// The first protected statement that a path names.
    refused: Option<String>,
}

impl Walk {
    fn new(paths: usize) -> Self {
        let hits = vec![false; paths];
        Self { hits, visited: 0, above: Vec::new(), kept: Vec::new(), refused: None }
    }

    /// `doom` is the number of the first path that deletes what this level is in.
    fn delete(&mut self, level: &mut Vec<Statement>, node: &Node<'_>, doom: usize) {
        level.retain_mut(|each| {
            self.visited += 1;
            let (above, mut doom) = (doom, doom);
            let mut at = Some(node);
            for word in &each.words {
                at = at.and_then(|node| node.below.get(word));
                // A path whose turn comes later finds nothing here any more.
                if let Some(end) = at.and_then(|node| node.end).filter(|end| *end < doom) {
                    doom = end;
                    self.hits.get_mut(end).into_iter().for_each(|hit| *hit = true);
                }
            }
            let below = at.filter(|node| !node.below.is_empty());
            if each.is_protected() && (doom != above || below.is_some()) {
                self.refused.get_or_insert(path_of(&self.above, each));
                return true;
            }
            if let Some(node) = below {
                let length = self.above.len();
                self.above.extend_from_slice(&each.words);
                self.delete(&mut each.children, node, doom);
                self.above.truncate(length);
            }
            doom == NOT_AT_ALL || protect::strip(each, &self.above, &mut self.kept)
        });
    }
}

fn path_of(above: &[Word], statement: &Statement) -> String {
    print::words(&[above, &statement.words].concat())
}

/// Removes containers on the paths that are left with nothing in them.
fn prune(level: &mut Vec<Statement>, area: Area, node: &Node<'_>) {
    level.retain_mut(|each| {
        if let Some(below) = node.along(&each.words).filter(|below| !below.below.is_empty()) {
            let rule = area.rule_of(each.keyword());
            let inside = rule.map_or(Area::Unknown, |rule| rule.inside());
            prune(&mut each.children, inside, below);
        }
        let is_named = each.words.first().is_some_and(|word| node.below.contains_key(word));
        let is_structure = match area.find(each.keyword()) {
            Found::Rule(rule) => matches!(rule.kind, Kind::Container(body) if body.is_structure),
            _ => false,
        };
        !(is_named && is_structure && is_nothing(each))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junos::{Configuration, Form, Span};

    fn words(line: &str) -> Vec<Word> {
        line.split(' ').map(|word| Word::new(word, Span::default())).collect()
    }

    fn statements(text: &str) -> Vec<Statement> {
        Configuration::parse("x", text).unwrap().statements().to_vec()
    }

    /// What is left of `text`, and the warnings.
    fn deleted(text: &str, lines: &[&str]) -> (String, Vec<String>) {
        let mut configuration = Configuration::parse("x", text).unwrap();
        let lines: Vec<Vec<Word>> = lines.iter().map(|line| words(line)).collect();
        let warnings = delete(configuration.statements_mut(), &lines).unwrap();
        (configuration.print(Form::Set), warnings)
    }

    #[test]
    fn each_line_finds_what_those_before_it_have_left() {
        let text = "vendor { a 1; b { c 2; d 3; } } other x;";
        let (left, warnings) = deleted(text, &["vendor b", "vendor b c", "other", "vendor a 2"]);
        assert_eq!(left, "set vendor a 1\n");
        let expected = ["statement not found: vendor b c", "statement not found: vendor a 2"];
        assert_eq!(warnings, expected);
        let (_, warnings) = deleted(text, &["vendor b c", "vendor b", "vendor b"]);
        assert_eq!(warnings, ["statement not found: vendor b"]);
    }

    #[test]
    fn containers_that_are_left_with_nothing_go_too() {
        let text = "system { login { user u { class x; } } host-name r; }";
        let (left, warnings) = deleted(text, &["system login user u"]);
        assert_eq!((left.as_str(), warnings.len()), ("set system host-name r\n", 0));
    }

    #[test]
    fn many_lines_look_at_each_statement_once() {
        let text: String =
            (0..2_000).map(|at| format!("prefix-list p{at} {{ 10.0.0.0/8; }}\n")).collect();
        let mut top = statements(&format!("policy-options {{ {text} }}"));
        let lines: Vec<Vec<Word>> =
            (0..1_500).map(|at| words(&format!("policy-options prefix-list p{at}"))).collect();
        let mut root = Node::default();
        for (number, line) in lines.iter().enumerate() {
            root.add(line.iter().collect(), number);
        }
        let mut walk = Walk::new(lines.len());
        walk.delete(&mut top, &root, NOT_AT_ALL);
        assert!(walk.hits.iter().all(|hit| *hit));
        assert_eq!(top.first().unwrap().children().len(), 500);
        assert_eq!(walk.visited, 2_001);
    }
}
