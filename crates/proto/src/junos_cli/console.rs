//! The command line as a machine: lines and replies in, RPCs and texts out.
//!
//! ```text
//!   operational ──configure──▶ configuration ──edit, up, top──▶ …
//!        ▲                          │
//!        └── exit, commit and-quit ─┘      a question before uncommitted changes are left behind
//! ```
//!
//! The shell around it prints what [`Action::Print`] holds, carries out every other [`Action`], in order, and hands back what came of
//! it; while an answer is due there are no further actions.

use std::collections::VecDeque;

use super::carry_out::{self, Then};
use super::choice::Choice;
use super::error::LineError;
use super::input::{Input, Remote, Scene};
use super::level::banner;
use super::line::Token;
use super::request::{self, Mode};
use crate::junos::{Configuration, Form};
use crate::netconf::element::Element;

/// Who types, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Login name.
    pub user: String,
    /// The machine's name.
    pub host: String,
}

/// What the shell must do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this operation, and hand the reply to [`Console::handle_reply`].
    Rpc(String),
    /// Show this, page by page if the second is true.
    Print(String, bool),
    /// Show this as an error.
    Complain(String),
    /// Ask; Enter alone means yes. The answer goes to [`Console::handle_answer`].
    Ask(String),
    /// Read lines up to `^D`, for [`Console::handle_text`].
    ReadTerminal,
    /// Read a file, for [`Console::handle_text`].
    ReadFile(String),
    /// Write a file, for [`Console::handle_written`].
    WriteFile {
        /// Its name.
        name: String,
        /// What goes into it.
        text: String,
    },
    /// Run the user's own shell.
    StartShell,
    /// Leave.
    End,
}

/// Configuration mode.
#[derive(Clone, Debug, Default)]
pub(super) struct Editing {
    pub(super) mode: Mode,
    pub(super) level: Vec<String>,
    /// The levels from which `edit` went elsewhere, for `exit`.
    pub(super) former: Vec<Vec<String>>,
}

/// A user's command line.
#[derive(Debug)]
pub struct Console {
    who: Who,
    pub(super) editing: Option<Editing>,
    actions: VecDeque<Action>,
    pub(super) waiting: Option<Then>,
    /// The candidate, or in operational mode the configuration in force, as it was last seen.
    snapshot: Configuration,
    is_stale: bool,
    has_failed: bool,
}

impl Console {
    /// A command line in operational mode.
    pub fn new(who: Who) -> Self {
        Self {
            who,
            editing: None,
            actions: VecDeque::new(),
            waiting: None,
            snapshot: Configuration::empty(Form::Curly),
            is_stale: true,
            has_failed: false,
        }
    }

    /// What stands above the prompt, if anything.
    pub fn banner(&self) -> Option<String> {
        self.editing.as_ref().map(|editing| banner(&editing.level))
    }

    /// The prompt.
    pub fn prompt(&self) -> String {
        let Who { user, host } = &self.who;
        let mark = if self.editing.is_some() { '#' } else { '>' };
        format!("{user}@{host}{mark} ")
    }

    /// The machine is called this from here on.
    pub(super) fn rename_host(&mut self, name: &str) {
        if !name.is_empty() {
            name.clone_into(&mut self.who.host);
        }
    }

    /// Whether configuration mode is on.
    pub fn is_configuring(&self) -> bool {
        self.editing.is_some()
    }

    /// Whether the last line failed.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Takes a line.
    ///
    /// # Errors
    /// It is no command; nothing was done.
    pub fn handle_line(&mut self, text: &str) -> Result<(), LineError> {
        self.has_failed = false;
        let input = self.scene().read(text).inspect_err(|_| self.has_failed = true)?;
        match input {
            Input::Nothing => {}
            Input::Remote(Remote { line, save }) => {
                let pages = !line.contains("no-more");
                self.ask_agent(request::command(&line), Then::Output { save, pages });
            }
            Input::Own(own) => carry_out::command(self, own),
        }
        Ok(())
    }

    /// What may stand at the end of `text`, and the word that is being typed there.
    ///
    /// # Errors
    /// What stands before is no beginning of a command.
    pub fn choices(&self, text: &str) -> Result<(Token, Vec<Choice>), LineError> {
        self.scene().choices(text)
    }

    fn scene(&self) -> Scene<'_> {
        let level = self.editing.as_ref().map(|editing| editing.level.as_slice());
        Scene { level, configuration: &self.snapshot }
    }

    /// The operation whose reply [`Console::handle_snapshot`] wants before names can be completed, if what is known is old.
    pub fn poll_snapshot(&self) -> Option<String> {
        let database = if self.editing.is_some() { "candidate" } else { "committed" };
        self.is_stale.then(|| request::configuration(database))
    }

    /// Takes the configuration; without one, names are not completed.
    pub fn handle_snapshot(&mut self, reply: Option<&Element>) {
        self.is_stale = false;
        let text = reply.map(super::reply::output).unwrap_or_default();
        let parsed = Configuration::parse_as("configuration", &text, Form::Curly);
        self.snapshot = parsed.unwrap_or_else(|_| Configuration::empty(Form::Curly));
    }

    /// What must be done next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Takes the agent's reply.
    pub fn handle_reply(&mut self, reply: &Element) {
        if let Some(then) = self.waiting.take() {
            carry_out::reply(self, then, reply);
        }
    }

    /// Takes the answer to a question.
    pub fn handle_answer(&mut self, yes: bool) {
        if let Some(then) = self.waiting.take().filter(|_| yes) {
            carry_out::go_on(self, then);
        }
    }

    /// Takes the text of a file or of the terminal.
    pub fn handle_text(&mut self, text: Result<String, String>) {
        match (self.waiting.take(), text) {
            (Some(then), Ok(text)) => carry_out::text(self, then, &text),
            (_, Err(error)) => self.fail(error),
            (None, Ok(_)) => {}
        }
    }

    /// Takes what came of writing a file.
    pub fn handle_written(&mut self, written: Result<String, String>) {
        match written {
            Ok(told) => self.print(told),
            Err(error) => self.fail(error),
        }
    }

    /// The end of input, as if `exit` had been typed until nothing is left.
    pub fn handle_end_of_input(&mut self) {
        carry_out::leave(self);
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn ask_agent(&mut self, operation: String, then: Then) {
        self.waiting = Some(then);
        self.act(Action::Rpc(operation));
    }

    pub(super) fn print(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.act(Action::Print(text, false));
        }
    }

    pub(super) fn fail(&mut self, text: impl std::fmt::Display) {
        self.has_failed = true;
        self.act(Action::Complain(format!("error: {text}\n")));
    }

    /// Shows what the agent complains of; says whether it refused.
    pub(super) fn complain(&mut self, reply: &Element) -> bool {
        let complaints = super::reply::complaints(reply);
        let refused = complaints.iter().any(|it| !it.is_warning);
        self.has_failed |= refused;
        for complaint in complaints {
            self.act(Action::Complain(complaint.text()));
        }
        refused
    }

    /// The candidate has changed, or another configuration is looked at.
    pub(super) fn forget_snapshot(&mut self) {
        self.is_stale = true;
    }
}
