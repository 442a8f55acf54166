//! The part of a configuration at a path, as `show PATH` prints it.
//!
//! ```text
//!   path                      printed
//!   system services           what is in its braces
//!   system host-name          the statement itself
//!   system login user         every statement that begins with these words
//! ```

use super::print::block;
use super::schema::Area;
use super::tree::{Statement, Word};
use super::{Configuration, Source, Tree};

/// What stands at a path.
enum Part<'c> {
    /// The inside of a statement.
    Inside(&'c [Statement], Area),
    /// Statements that begin with the path's last words, or that have nothing inside.
    These(Vec<&'c Statement>, Area),
}

impl Configuration {
    /// A configuration without a statement.
    pub fn empty(form: super::Form) -> Self {
        Self { tree: Tree::default(), source: Source::new("", ""), form }
    }

    /// What stands at `path`, in curly form and without what is around it; empty if there is nothing.
    pub fn print_at(&self, path: &[&str]) -> String {
        match part(&self.tree.statements, Area::TOP, path) {
            Some(Part::Inside(statements, area)) => block(statements, area),
            Some(Part::These(statements, area)) => {
                let statements: Vec<_> = statements.into_iter().cloned().collect();
                block(&statements, area)
            }
            None => String::new(),
        }
    }

    /// The configuration with what stands at `path` and what is around it alone.
    #[must_use]
    pub fn narrowed(&self, path: &[&str]) -> Self {
        let statements = narrowed(&self.tree.statements, path);
        let end_comments =
            if path.is_empty() { self.tree.end_comments.clone() } else { Vec::new() };
        let source = Source::new(self.source.name(), "");
        Self { tree: Tree { statements, end_comments, ..Tree::default() }, source, form: self.form }
    }

    /// The words that stand behind `path`: keywords, names, values, each once.
    pub fn words_after(&self, path: &[&str]) -> Vec<&Word> {
        let mut found: Vec<&Word> = Vec::new();
        after(&self.tree.statements, path, &mut found);
        found
    }

    /// Whether a statement begins with `path`.
    pub fn has(&self, path: &[&str]) -> bool {
        path.is_empty() || part(&self.tree.statements, Area::TOP, path).is_some()
    }
}

fn begins(statement: &Statement, path: &[&str]) -> bool {
    statement.words.len() >= path.len() && agree(statement, path)
}

/// Whether all words agree as far as both go.
fn agree(statement: &Statement, path: &[&str]) -> bool {
    statement.words.iter().zip(path).all(|(own, word)| own.text == *word)
}

/// The path inside `statement`, if it leads there.
fn rest<'p, 'w>(statement: &Statement, path: &'p [&'w str]) -> Option<&'p [&'w str]> {
    let inside = statement.words.len() <= path.len() && agree(statement, path);
    inside.then(|| path.get(statement.words.len()..)).flatten()
}

fn part<'c>(statements: &'c [Statement], area: Area, path: &[&str]) -> Option<Part<'c>> {
    if path.is_empty() {
        return Some(Part::Inside(statements, area));
    }
    for statement in statements {
        let Some(rest) = rest(statement, path) else { continue };
        let rule = area.rule_of(statement.keyword());
        let inside = rule.map_or(Area::Unknown, |rule| rule.inside());
        if rest.is_empty() && statement.children.is_empty() {
            break;
        }
        if let Some(part) = part(&statement.children, inside, rest) {
            return Some(part);
        }
    }
    let these: Vec<_> = statements.iter().filter(|each| begins(each, path)).collect();
    (!these.is_empty()).then_some(Part::These(these, area))
}

fn narrowed(statements: &[Statement], path: &[&str]) -> Vec<Statement> {
    let mut kept = Vec::new();
    for statement in statements {
        if begins(statement, path) {
            kept.push(statement.clone());
        } else if let Some(rest) = rest(statement, path) {
            let children = narrowed(&statement.children, rest);
            if !children.is_empty() {
                let shell = statement.clone_shallow();
                kept.push(Statement { words: statement.words.clone(), children, ..shell });
            }
        }
    }
    kept
}

fn after<'c>(statements: &'c [Statement], path: &[&str], found: &mut Vec<&'c Word>) {
    for statement in statements {
        if let Some(rest) = rest(statement, path) {
            after(&statement.children, rest, found);
        } else if begins(statement, path)
            && let Some(word) = statement.words.get(path.len())
            && !found.iter().any(|own| own.text == word.text)
        {
            found.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junos::Form;

    const TEXT: &str =
        "system { host-name r1; login { user a { class super-user; } user b { class operator; } }
        services { outbound-ssh { client mist { device-id x; 10.0.0.1 port 2200; } } } }
        interfaces { ge-0/0/0 { mtu 9000; unit 0 { family inet; } } }";

    fn configuration() -> Configuration {
        Configuration::parse("x", TEXT).unwrap()
    }

    #[test]
    fn a_block_is_printed_from_inside_and_a_leaf_itself() {
        let all = configuration();
        let client = ["system", "services", "outbound-ssh", "client", "mist"];
        assert_eq!(all.print_at(&client), "device-id x;\n10.0.0.1 port 2200;\n");
        assert_eq!(all.print_at(&["system", "host-name"]), "host-name r1;\n");
        let users = all.print_at(&["system", "login", "user"]);
        assert!(users.starts_with("user a {\n    class super-user;\n}\nuser b"), "{users}");
        assert_eq!(all.print_at(&["interfaces", "ge-0/0/0", "unit", "0"]), "family inet;\n");
        assert_eq!(all.print_at(&["system", "nothing"]), "");
        assert_eq!(all.print_at(&[]), all.print(Form::Curly));
    }

    #[test]
    fn what_is_around_a_part_stays_when_all_else_goes() {
        let narrow = configuration().narrowed(&["system", "login", "user", "b"]);
        assert_eq!(narrow.print(Form::Set), "set system login user b class operator\n");
        assert_eq!(configuration().narrowed(&[]), configuration());
    }

    #[test]
    fn the_words_behind_a_path_are_found_whatever_kind_of_statement_they_are_in() {
        let all = configuration();
        let after = |path: &[&str]| -> Vec<String> {
            all.words_after(path).iter().map(|word| word.text.clone()).collect()
        };
        assert_eq!(after(&[]), ["system", "interfaces"]);
        assert_eq!(after(&["system", "login", "user"]), ["a", "b"]);
        assert_eq!(after(&["interfaces", "ge-0/0/0"]), ["mtu", "unit"]);
        assert_eq!(after(&["system", "host-name"]), ["r1"]);
        assert_eq!(after(&["system", "host-name", "r1"]), Vec::<String>::new());
    }
}
