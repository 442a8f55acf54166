//! Activating and deactivating what many lines name, in one walk.
//!
//! The paths of the lines are the tree of [`super::delete`]. Where a walk is not enough, because
//! something is protected or lines of unknown words must be put into braces to carry a mark, each
//! line is carried out by itself.

use super::delete::Node;
use super::error::EditError;
use super::protect;
use crate::junos::edit::{self, Switch};
use crate::junos::identity::inside;
use crate::junos::print;
use crate::junos::schema::Area;
use crate::junos::tree::{Statement, Word};

/// Lines up to which each is carried out by itself.
const FEW: usize = 4;

/// Marks what is at the path of each line inactive or active.
///
/// # Errors
/// There is nothing at the path of a line, or it is protected; a part of them is done then.
pub(super) fn switch(
    top: &mut Vec<Statement>,
    lines: &[Vec<Word>],
    inactive: bool,
) -> Result<(), EditError> {
    if lines.len() > FEW && !protect::is_held(top) {
        let mut root = Node::default();
        let paths: Vec<usize> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| root.add(line.iter().collect(), at))
            .collect();
        let mut walk = Walk { inactive, hits: vec![false; lines.len()], visited: 0 };
        if walk.mark(top, Area::TOP, &root) {
            let is_hit = |path: &usize| walk.hits.get(*path).copied().unwrap_or(false);
            let missing = lines.iter().zip(&paths).find(|(_, path)| !is_hit(path));
            return missing.map_or(Ok(()), |(line, _)| Err(not_there(line)));
        }
    }
    lines.iter().try_for_each(|line| {
        protect::check(top, line, true)?;
        let is_there = edit::switch(top, Area::TOP, line, Switch::Inactive(inactive));
        if is_there { Ok(()) } else { Err(not_there(line)) }
    })
}

fn not_there(line: &[Word]) -> EditError {
    EditError::NotThere(print::words(line))
}

/// One walk over the statements.
struct Walk {
    inactive: bool,
    /// For each path, whether there was something at it.
    hits: Vec<bool>,
    /// Statements looked at.
    visited: usize,
}

impl Walk {
    /// Says whether the walk is enough. What it has marked then is what each line by itself marks too.
    fn mark(&mut self, level: &mut [Statement], area: Area, node: &Node<'_>) -> bool {
        level.iter_mut().all(|each| {
            self.visited += 1;
            let mut at = Some(node);
            let mut is_named = false;
            for (index, word) in each.words.iter().enumerate() {
                at = at.and_then(|node| node.below.get(word));
                let Some(end) = at.and_then(|node| node.end) else { continue };
                let goes_on = index + 1 < each.words.len();
                if goes_on && self.inactive && area.rule_for(each).is_none() {
                    return false;
                }
                is_named = true;
                self.hits.get_mut(end).into_iter().for_each(|hit| *hit = true);
            }
            if is_named {
                each.inactive = self.inactive;
            }
            match at.filter(|node| !node.below.is_empty()) {
                Some(node) => {
                    let inside = inside(area, each);
                    self.mark(&mut each.children, inside, node)
                }
                None => true,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junos::{Configuration, Form, Span};

    fn words(line: &str) -> Vec<Word> {
        line.split(' ').map(|word| Word::new(word, Span::default())).collect()
    }

    /// What becomes of `text` at once, and line by line.
    fn both(text: &str, lines: &[&str], inactive: bool) -> [Result<String, String>; 2] {
        let lines: Vec<Vec<Word>> = lines.iter().map(|line| words(line)).collect();
        let (mut at_once, mut by_line) =
            (Configuration::parse("x", text).unwrap(), Configuration::parse("x", text).unwrap());
        let first = switch(at_once.statements_mut(), &lines, inactive);
        let each = |line: &Vec<Word>| {
            switch(by_line.statements_mut(), std::slice::from_ref(line), inactive)
        };
        let second = lines.iter().try_for_each(each);
        let told = |done: Result<(), EditError>, left: &Configuration| {
            done.map(|()| left.print(Form::Set)).map_err(|error| error.to_string())
        };
        [told(first, &at_once), told(second, &by_line)]
    }

    #[test]
    fn many_lines_at_once_do_what_each_does_by_itself() {
        let text = "system { host-name a; inactive: time-zone UTC; login { user u { class operator; } \
            user v { class operator; } message x; } ntp { server 10.0.0.1; } } \
            vendor { a 1; a 2; b { c 1; } } vendor-line x y; interfaces { ge-0/0/0 { mtu 9000; } }";
        let known = [
            "system host-name",
            "system login user u",
            "system login user v class",
            "system login",
            "system ntp server 10.0.0.1",
            "interfaces ge-0/0/0",
            "system login user u",
        ];
        let unknown =
            ["vendor a", "vendor b c", "vendor", "vendor-line", "vendor b", "vendor-line x"];
        let missing = ["system login", "system login user w", "system a", "vendor c", "b"];
        for inactive in [true, false] {
            for lines in
                [&known[..], &unknown[..], &missing[..], &[&known[..], &unknown[..]].concat()]
            {
                let [first, second] = both(text, lines, inactive);
                assert_eq!(first, second, "{lines:?} {inactive}");
            }
        }
        let [first, _] = both(text, &missing, true);
        assert_eq!(first.unwrap_err(), "statement not found: system login user w");
    }

    #[test]
    fn many_lines_look_at_each_statement_once() {
        let text: String =
            (0..2_000).map(|at| format!("prefix-list p{at} {{ 10.0.0.0/8; }}\n")).collect();
        let text = format!("policy-options {{ {text} }}");
        let mut top = Configuration::parse("x", &text).unwrap().statements().to_vec();
        let lines: Vec<Vec<Word>> =
            (0..1_500).map(|at| words(&format!("policy-options prefix-list p{at}"))).collect();
        let mut root = Node::default();
        for (at, line) in lines.iter().enumerate() {
            root.add(line.iter().collect(), at);
        }
        let mut walk = Walk { inactive: true, hits: vec![false; lines.len()], visited: 0 };
        assert!(walk.mark(&mut top, Area::TOP, &root));
        assert_eq!((walk.visited, walk.hits.iter().filter(|hit| **hit).count()), (2_001, 1_500));
    }
}
