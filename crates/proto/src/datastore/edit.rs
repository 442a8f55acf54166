//! Changing a candidate: loads, single statements, earlier configurations.

use std::sync::Arc;

use super::author::SessionId;
use super::error::EditError;
use super::merge::merge;
use super::statement;
use super::{CANDIDATE, Datastore};
use crate::junos::identity::settle;
use crate::junos::schema::Area;
use crate::junos::tree::Statement;
use crate::junos::{Configuration, Form, MAX_STATEMENTS};

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
    /// The whole of another configuration: an earlier one, the rescue one.
    Restore(Arc<Configuration>),
}

/// What an edit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What the person should know, a sentence each.
    pub warnings: Vec<String>,
}

impl Datastore {
    /// Changes the candidate of a session, wholly or not at all.
    ///
    /// # Errors
    /// The session may not edit, or the change makes no sense.
    pub fn edit(&mut self, session: SessionId, edit: Edit) -> Result<Outcome, EditError> {
        let candidate = self.editable(session)?;
        let mut next = candidate.clone();
        let outcome = apply(&mut next, edit)?;
        check_size(&next)?;
        *candidate = next;
        Ok(outcome)
    }
}

fn apply(candidate: &mut Arc<Configuration>, edit: Edit) -> Result<Outcome, EditError> {
    match edit {
        Edit::Statement(line) => statement::apply(Arc::make_mut(candidate).statements_mut(), &line),
        Edit::Load { action: Action::Set, text, .. } => {
            statement::apply_all(Arc::make_mut(candidate).statements_mut(), &text)
        }
        Edit::Load { action, form, text } => load(candidate, action, form, &text),
        Edit::Restore(other) => {
            *candidate = super::settled(other);
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
    let form = form.unwrap_or_else(|| crate::junos::detect(text));
    let source = Configuration::parse_as(CANDIDATE, text, form).map_err(EditError::Statements)?;
    match action {
        Action::Override | Action::Update => {
            let mut source = source;
            settle(source.statements_mut(), Area::TOP);
            *candidate = Arc::new(source);
        }
        _ => {
            let statements = source.statements().to_vec();
            merge(Arc::make_mut(candidate).statements_mut(), statements, Area::TOP);
        }
    }
    Ok(Outcome::default())
}

fn check_size(configuration: &Configuration) -> Result<(), EditError> {
    fn count(statements: &[Statement]) -> usize {
        statements.iter().map(|each| 1 + count(&each.children)).sum()
    }
    if count(configuration.statements()) > MAX_STATEMENTS {
        return Err(EditError::TooManyStatements);
    }
    Ok(())
}
