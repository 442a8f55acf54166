//! With a terminal: a line editor, help while a line is typed, pages.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use homing_proto::junos_cli::{LineError, list};
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _};
use rustyline::{Config, Editor, EventHandler};

use super::history;
use super::keys::{Asked, Key, Keys};
use super::link::LinkError;
use super::shell::{Outcome, Shared, Shell, Size, Source, choices, complain, lock};

type Lines = Editor<(), FileHistory>;

/// What came from the keyboard.
enum Typed {
    Line(String),
    /// Help at this byte of the line.
    Help(String, usize),
    /// `^C`.
    Nothing,
    /// `^D`.
    End,
}

/// Talks with a person until they leave.
pub(super) fn run(shell: Shell) -> Result<u8, LinkError> {
    let shared: Shared = Arc::new(Mutex::new(shell));
    let asked = Asked::default();
    let Ok(mut lines) = editor(&shared, &asked) else {
        complain("error: this terminal can't be used; try -c, or lines on standard input");
        return Ok(1);
    };
    let file = history::file();
    if let Some(file) = &file {
        let _ = lines.load_history(file);
    }
    let mut again = (String::new(), String::new());
    loop {
        let typed = type_line(&shared, &mut lines, &asked, &again);
        again = (String::new(), String::new());
        resize(&shared, &mut lines);
        let done = match typed {
            Typed::Help(line, at) => {
                show_help(&shared, line.get(..at).unwrap_or(&line));
                let (left, right) = line.split_at_checked(at).unwrap_or((&line, ""));
                again = (left.to_owned(), right.to_owned());
                continue;
            }
            Typed::Nothing => continue,
            Typed::End => lock(&shared).end(&mut Person)?,
            Typed::Line(line) => {
                if history::may_keep(&line) {
                    keep(&mut lines, &line, file.as_deref());
                }
                lock(&shared).line(&line, &mut Person)?
            }
        };
        if done == Outcome::End {
            break;
        }
    }
    drop(lines); // its keys share the shell
    if let Some(shell) = Arc::into_inner(shared) {
        shell.into_inner().unwrap_or_else(PoisonError::into_inner).close();
    }
    Ok(0)
}

fn editor(shared: &Shared, asked: &Asked) -> rustyline::Result<Lines> {
    let config = Config::builder()
        .max_history_size(history::MOST)?
        .history_ignore_dups(true)?
        .bracketed_paste(false)
        .build();
    let mut lines = Lines::with_config(config)?;
    for key in [Key::Space, Key::Tab, Key::Help] {
        let keys = Keys { key, shared: shared.clone(), asked: asked.clone() };
        lines.bind_sequence(key.event(), EventHandler::Conditional(Box::new(keys)));
    }
    Ok(lines)
}

fn type_line(shared: &Shared, lines: &mut Lines, asked: &Asked, again: &(String, String)) -> Typed {
    let (banner, prompt) = {
        let shell = lock(shared);
        (shell.console.banner(), shell.console.prompt())
    };
    let mut out = io::stdout();
    let _ = match banner {
        Some(banner) => write!(out, "\n{banner}\n"),
        None => writeln!(out),
    };
    let _ = out.flush();
    let typed = lines.readline_with_initial(&prompt, (&again.0, &again.1));
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (typed, asked) {
        (Ok(line), Some(at)) => Typed::Help(line, at),
        (Ok(line), None) => Typed::Line(line),
        (Err(ReadlineError::Interrupted), _) => Typed::Nothing,
        (Err(_), _) => Typed::End,
    }
}

fn resize(shared: &Shared, lines: &mut Lines) {
    let size = lines
        .dimensions()
        .map(|(columns, rows)| Size { rows: rows.into(), columns: columns.into() });
    let size = size.filter(|size| size.rows > 2).unwrap_or(Size { rows: 24, columns: 80 });
    lock(shared).terminal = Some(size);
}

fn show_help(shared: &Shared, left: &str) {
    match choices(shared, left) {
        Ok((_, choices)) => print!("{}", list(&choices)),
        Err(LineError::Ambiguous { choices, .. }) => print!("{}", list(&choices)),
        Err(error) => {
            let column = left.get(..error.at()).map_or(0, |before| before.chars().count());
            let column = column + lock(shared).console.prompt().chars().count();
            println!("{}^\n{error}", " ".repeat(column));
        }
    }
}

/// Puts a line into the history, and that onto the disk: a session may end without a word.
fn keep(lines: &mut Lines, line: &str, file: Option<&std::path::Path>) {
    let _ = lines.add_history_entry(line);
    let Some(file) = file else { return };
    if lines.history_mut().save(file).is_ok() {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        let _ = std::fs::set_permissions(file, mode);
    }
}

/// Somebody who can be asked.
struct Person;

impl Source for Person {
    fn text(&mut self) -> io::Result<String> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if io::stdin().read_line(&mut line)? == 0 {
                return Ok(text);
            }
            text.push_str(&line);
        }
    }

    fn agrees(&mut self, question: &str) -> bool {
        print!("{question}");
        let _ = io::stdout().flush();
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        let answer = answer.trim().to_ascii_lowercase();
        println!();
        matches!(read, Ok(count) if count > 0) && (answer.is_empty() || "yes".starts_with(&answer))
    }
}
