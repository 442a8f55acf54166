//! Changing a candidate: loads, single statements, earlier configurations.

use std::sync::Arc;

use super::author::SessionId;
use super::error::EditError;
use super::merge::Merging;
use super::{CANDIDATE, Datastore, hunk, protect, statement};
use crate::junos::element::LONGEST_PREFIX;
use crate::junos::schema::Area;
use crate::junos::tree::{Operation, Statement, WordKind};
use crate::junos::{Configuration, Form, MAX_STATEMENTS, identity, print};

/// Elements inside one another at most: as many as are read, less the whole and the name of an entry.
const MOST_DEPTH: usize = crate::junos::MAX_DEPTH - 2;

/// How a text is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Joined with what is there.
    Merge,
    /// As merge, but what is marked `replace:` takes the place of what is there.
    Replace,
    /// The text is the whole configuration.
    Override,
    /// As override; on Junos less is notified.
    Update,
    /// The text is what a comparison printed.
    Patch,
    /// The text is `set` and other lines.
    Set,
}

/// One change of a candidate.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Loads a text.
    Load {
        /// How.
        action: Action,
        /// Its form; seen from its beginning if not said.
        form: Option<Form>,
        /// The text.
        text: String,
    },
    /// One line: `set …`, `delete …`, `rename …` and so on, from the top.
    Statement(String),
    /// The elements of an `edit-config`.
    Config {
        /// The element `config` with what is in it, or what stands in it.
        text: String,
        /// What statements do that say nothing.
        default_operation: DefaultOperation,
        /// What an error does.
        error_option: ErrorOption,
    },
    /// The whole of another configuration: an earlier one, the rescue one.
    Restore(Arc<Configuration>),
}

/// `default-operation`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultOperation {
    /// Joined with what is there.
    #[default]
    Merge,
    /// The whole configuration.
    Replace,
    /// Nothing but what statements say.
    None,
}

/// `error-option`; all but one leave the candidate as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorOption {
    /// The first error ends the edit.
    #[default]
    StopOnError,
    /// What can be done is done; the errors are in the outcome.
    ContinueOnError,
    /// As the first.
    RollbackOnError,
}

/// `test-option`: what is looked at before the candidate is changed, and whether it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TestOption {
    /// It is changed if it could be committed then.
    #[default]
    TestThenSet,
    /// It is changed.
    Set,
    /// It is left as it is.
    TestOnly,
}

/// What an edit did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What the person should know, a sentence each.
    pub warnings: Vec<String>,
    /// What could not be done, with [`ErrorOption::ContinueOnError`] alone.
    pub errors: Vec<EditError>,
}

impl Datastore {
    /// Changes the candidate of a session, wholly or not at all.
    ///
    /// # Errors
    /// The session may not edit, or the change makes no sense.
    pub fn edit(&mut self, session: SessionId, edit: Edit) -> Result<Outcome, EditError> {
        self.edit_tested(session, edit, TestOption::Set, |_| Ok(()))
    }

    /// Changes the candidate of a session if what comes of it could be committed, and is right in the
    /// eyes of `test` too; nobody else's change comes in between, and none is lost.
    ///
    /// What an edit with [`ErrorOption::ContinueOnError`] could not do wholly is not tested.
    ///
    /// # Errors
    /// As [`Datastore::edit`], or what the test finds; the candidate is as it was.
    pub fn edit_tested<E: From<EditError>>(
        &mut self,
        session: SessionId,
        edit: Edit,
        option: TestOption,
        test: impl FnOnce(Arc<Configuration>) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let draft = self.draft(session).map_err(EditError::from)?;
        let drafted = draft.edit_tested(&edit, option, test)?;
        // Nobody comes in between.
        Ok(self.settle(drafted).map_err(EditError::from)?.unwrap_or_default())
    }
}

pub(super) fn apply(candidate: &mut Arc<Configuration>, edit: &Edit) -> Result<Outcome, EditError> {
    match edit {
        Edit::Statement(line) => statement::apply(Arc::make_mut(candidate).statements_mut(), line),
        Edit::Load { action: Action::Set, text, .. } => {
            statement::apply_all(Arc::make_mut(candidate).statements_mut(), text)
        }
        Edit::Load { action, form, text } => load(candidate, *action, *form, text),
        Edit::Config { text, default_operation, error_option } => {
            edit_config(candidate, text, *default_operation, *error_option)
        }
        Edit::Restore(other) => {
            *candidate = super::settled(other.clone());
            Ok(Outcome::default())
        }
    }
}

fn load(
    candidate: &mut Arc<Configuration>,
    action: Action,
    form: Option<Form>,
    text: &str,
) -> Result<Outcome, EditError> {
    if action == Action::Patch {
        return patch(candidate, text);
    }
    let form = form.unwrap_or_else(|| crate::junos::detect(text));
    if form == Form::Set && matches!(action, Action::Merge | Action::Replace) {
        return statement::apply_all(Arc::make_mut(candidate).statements_mut(), text);
    }
    let source = read(text, form)?;
    let is_whole = *source.operation() == Operation::Replace && action == Action::Replace;
    let merging = Merging { replaces: action == Action::Replace, ..Merging::default() };
    if !is_whole && !matches!(action, Action::Override | Action::Update) {
        return join(candidate, source, merging, ErrorOption::StopOnError);
    }
    let before = std::mem::replace(candidate, Arc::new(read("", Form::Curly)?));
    let outcome = join(candidate, source, merging, ErrorOption::StopOnError)?;
    protect::check_kept(before.statements(), candidate.statements())?;
    Ok(outcome)
}

fn edit_config(
    candidate: &mut Arc<Configuration>,
    text: &str,
    default_operation: DefaultOperation,
    error_option: ErrorOption,
) -> Result<Outcome, EditError> {
    let source = read(text, Form::Xml)?;
    let operation = source.operation().clone();
    let is_whole =
        default_operation == DefaultOperation::Replace || operation == Operation::Replace;
    let before = candidate.clone();
    if is_whole || operation.is_delete() {
        *candidate = Arc::new(read("", Form::Curly)?);
        if operation.is_delete() {
            protect::check_kept(before.statements(), &[])?;
            return Ok(Outcome::default());
        }
    }
    let default = match (default_operation, operation) {
        (_, Operation::Merge) => Operation::Merge,
        (DefaultOperation::None, _) => Operation::None,
        _ => Operation::Merge,
    };
    let merging = Merging { default, replaces: true, is_strict: true, ..Merging::default() };
    let outcome = join(candidate, source, merging, error_option)?;
    if is_whole {
        protect::check_kept(before.statements(), candidate.statements())?;
    }
    Ok(outcome)
}

fn read(text: &str, form: Form) -> Result<Configuration, EditError> {
    Configuration::parse_edit(CANDIDATE, text, form).map_err(EditError::Statements)
}

fn join(
    candidate: &mut Arc<Configuration>,
    source: Configuration,
    mut merging: Merging,
    error_option: ErrorOption,
) -> Result<Outcome, EditError> {
    let statements = source.statements().to_vec();
    merging.merge(Arc::make_mut(candidate).statements_mut(), statements, Area::TOP);
    let Merging { warnings, mut errors, .. } = merging;
    if error_option != ErrorOption::ContinueOnError && !errors.is_empty() {
        return Err(errors.swap_remove(0));
    }
    Ok(Outcome { warnings, errors })
}

fn patch(candidate: &mut Arc<Configuration>, text: &str) -> Result<Outcome, EditError> {
    let statements = Arc::make_mut(candidate).statements_mut();
    let hunks = super::patch::read(statements, text)?;
    let held = protect::is_held(statements);
    let before = held.then(|| protect::lifted(statements.clone(), &hunks));
    if let Some(misfit) = hunk::apply(statements, hunks).first() {
        return Err(EditError::NotThere(misfit.path()));
    }
    protect::check_kept(before.as_deref().unwrap_or(&[]), statements)?;
    Ok(Outcome::default())
}

pub(super) fn check_size(configuration: &Configuration) -> Result<(), EditError> {
    fn count(statements: &[Statement]) -> usize {
        statements.iter().map(|each| 1 + count(&each.children)).sum()
    }
    if count(configuration.statements()) > MAX_STATEMENTS {
        return Err(EditError::TooManyStatements);
    }
    check_depth(configuration.statements(), Area::TOP, 0)
}

/// Whether every statement has a form of elements that can be read back: a word that no rule knows
/// is an element in the one before.
fn check_depth(statements: &[Statement], area: Area, above: usize) -> Result<(), EditError> {
    for statement in statements {
        let own = match area.rule_for(statement) {
            Some(_) => 1,
            None => {
                let list = statement.words.iter().position(|word| word.kind == WordKind::Open);
                let list = list.filter(|at| *at <= LONGEST_PREFIX && statement.children.is_empty());
                list.map_or(statement.words.len(), |at| at + 1)
            }
        };
        let depth = above + own;
        if depth > MOST_DEPTH {
            let words = statement.words.iter().take(3).cloned().collect::<Vec<_>>();
            return Err(EditError::TooDeep(print::words(&words)));
        }
        check_depth(&statement.children, identity::inside(area, statement), depth)?;
    }
    Ok(())
}
