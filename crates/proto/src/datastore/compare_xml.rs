//! What differs between two configurations, as elements that `edit-config` takes.
//!
//! ```text
//! <configuration><system>
//!     <host-name operation="replace">b</host-name>
//!     <login><user operation="delete"><name>v</name></user></login>
//! </system></configuration>
//! ```

use super::compare::hunks;
use super::hunk::{Beside, Change, Hunk, descend};
use crate::junos::identity::identity;
use crate::junos::place::{Builder, Mark};
use crate::junos::schema::Area;
use crate::junos::source::Source;
use crate::junos::tree::{Guard, Operation, Statement, Word};
use crate::junos::{Configuration, print_elements};

/// What leads from one configuration to another, as elements with an `operation`.
pub fn compare_xml(from: &Configuration, to: &Configuration) -> String {
    let mut delta = Vec::new();
    for hunk in hunks(from, to) {
        put(&mut delta, hunk);
    }
    print_elements::xml_of(delta)
}

fn put(delta: &mut Vec<Statement>, hunk: Hunk) {
    let source = Source::new(super::CANDIDATE, "");
    if descend(delta, Area::TOP, &hunk.path).is_none() {
        Builder::new(&source).place(delta, Area::TOP, &hunk.path, Mark::default());
    }
    let Some((level, area)) = descend(delta, Area::TOP, &hunk.path) else { return };
    for change in hunk.changes {
        let statement = match change {
            Change::Removed(statement) => {
                let guard = lifted(statement.guard);
                let operation = Operation::Delete;
                Statement { operation, guard, ..Statement::new(statement.words) }
            }
            Change::Guarded(statement) => {
                let guard = match statement.guard {
                    Guard::Protected => Guard::Protected,
                    _ => Guard::Lifted,
                };
                Statement { guard, inactive: false, comments: Vec::new(), ..statement }
            }
            Change::Added(statement, beside) => {
                let operation = placed(&beside, Operation::Create);
                Statement { operation, ..statement }
            }
            Change::Moved(statement, beside) => {
                let operation = placed(&beside, Operation::Unsaid);
                Statement { operation, inactive: false, comments: Vec::new(), ..statement }
            }
            Change::Switched(statement) => {
                let operation =
                    if statement.inactive { Operation::Unsaid } else { Operation::Activate };
                Statement { operation, comments: Vec::new(), ..statement }
            }
            Change::Commented(statement, _) => Statement { inactive: false, ..statement },
        };
        add(level, statement, area);
    }
}

/// A value that takes the place of the one that was deleted just before replaces it.
fn add(level: &mut Vec<Statement>, mut statement: Statement, area: Area) {
    let deleted = level.iter().position(|each| {
        each.operation == Operation::Delete && identity(area, each) == identity(area, &statement)
    });
    if let Some(at) = deleted {
        level.remove(at);
        statement.operation = Operation::Replace;
    }
    level.push(statement);
}

/// What lets a protected statement be deleted.
fn lifted(guard: Guard) -> Guard {
    match guard {
        Guard::Protected => Guard::Lifted,
        other => other,
    }
}

fn placed(beside: &Beside, otherwise: Operation) -> Operation {
    let key = |other: &Statement| other.words.last().map_or("", Word::text).to_owned();
    match beside {
        Beside::End => otherwise,
        Beside::After(other) => Operation::After(key(other)),
        Beside::Before(other) => Operation::Before(key(other)),
    }
}
