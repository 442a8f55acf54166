//! Carrying out what the console wants: asking the agent, printing, files, questions.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homing_proto::junos_cli::line::Token;
use homing_proto::junos_cli::{Action, Choice, Console, LineError};

use super::link::{Link, LinkError};
use super::pager;

/// The longest text that is loaded.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The console and its link, shared with the keys that complete words.
pub(super) type Shared = Arc<Mutex<Shell>>;

/// The console and what it is joined to.
pub(super) struct Shell {
    pub(super) console: Console,
    link: Link,
    /// Where somebody sits.
    pub(super) terminal: Option<Size>,
    /// No shell and no files.
    restricted: bool,
}

/// A terminal's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// What came of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was carried out.
    Done,
    /// It was refused.
    Failed,
    /// The user leaves.
    End,
}

/// Where lines come from that follow a command: a text that is loaded, an answer.
pub(super) trait Source {
    /// A text up to `^D`, or `None` if there can be none.
    fn text(&mut self) -> io::Result<String>;

    /// Whether the answer to `question` is yes.
    fn agrees(&mut self, question: &str) -> bool;
}

pub(super) fn lock(shared: &Shared) -> MutexGuard<'_, Shell> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What may stand at the end of `text`.
///
/// # Errors
/// What stands before is no beginning of a command.
pub(super) fn choices(shared: &Shared, text: &str) -> Result<(Token, Vec<Choice>), LineError> {
    let mut shell = lock(shared);
    if let Some(operation) = shell.console.poll_snapshot() {
        let reply = shell.link.ask(&operation).ok();
        shell.console.handle_snapshot(reply.as_ref());
    }
    shell.console.choices(text)
}

impl Shell {
    pub(super) fn new(console: Console, link: Link, restricted: bool) -> Self {
        Self { console, link, terminal: None, restricted }
    }

    /// Carries out one line.
    ///
    /// # Errors
    /// The agent is gone.
    pub(super) fn line(&mut self, line: &str, from: &mut dyn Source) -> Result<Outcome, LinkError> {
        if let Err(error) = self.console.handle_line(line) {
            self.tell_misfit(line, &error);
            return Ok(Outcome::Failed);
        }
        self.carry_out(from)
    }

    /// The end of input.
    ///
    /// # Errors
    /// The agent is gone.
    pub(super) fn end(&mut self, from: &mut dyn Source) -> Result<Outcome, LinkError> {
        self.console.handle_end_of_input();
        self.carry_out(from)
    }

    fn carry_out(&mut self, from: &mut dyn Source) -> Result<Outcome, LinkError> {
        while let Some(action) = self.console.poll_action() {
            match action {
                Action::Rpc(operation) => match self.link.ask(&operation) {
                    Ok(reply) => self.console.handle_reply(&reply),
                    Err(error) if error.is_final() => return Err(error),
                    Err(error) => self.console.handle_text(Err(error.to_string())),
                },
                Action::Print(text, pages) => self.print(&text, pages),
                Action::Complain(text) => complain(&text),
                Action::Ask(question) => {
                    let yes = from.agrees(&question);
                    self.console.handle_answer(yes);
                }
                Action::ReadTerminal => {
                    let text = from.text().map_err(|error| error.to_string());
                    self.console.handle_text(text);
                }
                Action::ReadFile(name) => {
                    let text = self.allowed().and_then(|()| read(&name));
                    self.console.handle_text(text);
                }
                Action::WriteFile { name, text } => {
                    let written = self.allowed().and_then(|()| write(&name, &text));
                    self.console.handle_written(written);
                }
                Action::StartShell => self.start_shell(),
                Action::End => return Ok(Outcome::End),
            }
        }
        Ok(if self.console.has_failed() { Outcome::Failed } else { Outcome::Done })
    }

    fn allowed(&self) -> Result<(), String> {
        let told = "your class does not permit files and shells here";
        if self.restricted { Err(told.to_owned()) } else { Ok(()) }
    }

    fn print(&self, text: &str, pages: bool) {
        let shown = match self.terminal {
            Some(Size { rows, columns }) if pages => pager::show(text, rows, columns),
            _ => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
        };
        // A reader that is gone wants no more.
        let _ = shown;
    }

    /// The user's shell, until it ends.
    fn start_shell(&mut self) {
        let done = self.allowed().and_then(|()| {
            if self.terminal.is_none() {
                return Err("there is no terminal here for a shell".to_owned());
            }
            let shell = own_shell();
            let status = Command::new(&shell).status();
            status.map(|_| ()).map_err(|error| format!("{shell}: {error}"))
        });
        if let Err(error) = done {
            complain(&format!("error: {error}\n"));
        }
    }

    /// Shows what a line has wrong, with a mark under the place where somebody sees the line.
    fn tell_misfit(&self, line: &str, error: &LineError) {
        let column = line.get(..error.at()).map_or(0, |before| before.chars().count());
        if self.terminal.is_some() {
            let column = column + self.console.prompt().chars().count();
            complain(&format!("{}^\n{error}\n", " ".repeat(column)));
        } else {
            complain(&format!("{line}\n{}^\n{error}\n", " ".repeat(column)));
        }
    }

    /// Ends the session with the agent.
    pub(super) fn close(self) {
        self.link.close();
    }
}

/// Errors stand on stderr, behind what stands on stdout.
pub(super) fn complain(text: &str) {
    let _ = io::stdout().flush();
    let text = text.trim_end();
    eprintln!("{text}");
}

/// `$SHELL`, unless that is this command line itself.
fn own_shell() -> String {
    let own = std::env::var("SHELL").unwrap_or_default();
    let is_cli = own.ends_with("homing-cli") || own.ends_with("homing-agent");
    if own.is_empty() || is_cli { "/bin/sh".to_owned() } else { own }
}

fn read(name: &str) -> Result<String, String> {
    let told = |error: io::Error| format!("{name}: {error}");
    let mut text = String::new();
    let mut file = std::fs::File::open(name).map_err(told)?.take(LONGEST + 1);
    file.read_to_string(&mut text).map_err(told)?;
    if text.len() as u64 > LONGEST {
        return Err(format!("{name}: the file is longer than {} MiB", LONGEST / 1024 / 1024));
    }
    Ok(text)
}

/// Secrets may stand in it: it is for the user alone.
fn write(name: &str, text: &str) -> Result<String, String> {
    let told = |error: io::Error| format!("{name}: {error}");
    let options =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(name);
    options.map_err(told)?.write_all(text.as_bytes()).map_err(told)?;
    Ok(format!("Wrote {} lines of output to '{name}'\n", text.lines().count()))
}

/// Whether somebody sits at both ends.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
