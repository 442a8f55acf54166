//! What each command does: its RPCs, and what their replies mean.

use super::console::{Action, Console, Editing};
use super::input::Own;
use super::level;
use super::line::quote;
use super::reply;
use super::request::{self, Commit, Mode};
use super::walk::Piece;
use crate::junos::{Configuration, Form};
use crate::junos_command::{Display, Pipe, display, pass};
use crate::netconf::element::Element;

/// What the answer is for.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// The output of a command.
    Output { save: Option<String>, pages: bool },
    /// Part of the configuration.
    Show { path: Vec<String>, pipes: Vec<Pipe>, save: Option<String> },
    /// Changes at a level.
    Compare { path: Vec<String>, pipes: Vec<Pipe>, save: Option<String> },
    /// An edit.
    Edit,
    /// A load.
    Load,
    /// A text to be loaded.
    Text { action: &'static str, level: Vec<String> },
    /// A commit.
    Commit(Commit),
    /// The machine's name, which a commit may have changed.
    HostName { and_quit: bool },
    /// The configuration was opened.
    Open(Mode),
    /// Whether there are changes, on the way in.
    Arrive,
    /// Whether there are changes, on the way out.
    Depart { end: bool },
    /// The question whether changes may be left behind.
    Really { end: bool },
    /// The configuration was closed.
    Closed { end: bool },
    /// The configuration of a level, for a file.
    Save { level: Vec<String>, name: String },
}

const HELP: &str = "\
?            what may stand here, at any point of a line
Tab, Space   complete a word; it need not be typed in full at all
| match X    only lines with X; also except, find, count, last, display, save
configure    change the configuration; show | compare; commit confirmed 5; commit
exit         leave this level, configuration mode, and the command line
Words of the configuration are those of Junos; a statement it doesn't know is kept as it is.
";

/// Carries out a command.
pub(super) fn command(console: &mut Console, own: Own) {
    match console.editing.take() {
        None => operational(console, &own.pieces),
        Some(editing) => {
            let at = level::after(&own.pieces, &editing.level).to_vec();
            console.editing = Some(editing);
            let skip = own.pieces.iter().take_while(|piece| is_level_word(piece)).count();
            let (before, pieces) = own.pieces.split_at_checked(skip).unwrap_or_default();
            let (before, pieces) = (before.to_vec(), pieces.to_vec());
            if pieces.is_empty() {
                return go(console, at, !before.is_empty());
            }
            configuration(console, at, &pieces, own.pipes, own.save);
        }
    }
}

fn is_level_word(piece: &Piece) -> bool {
    matches!(piece, Piece::Word("top" | "up") | Piece::Value(_))
}

fn operational(console: &mut Console, pieces: &[Piece]) {
    match pieces {
        [Piece::Word("configure"), how @ ..] => {
            let mode = match how {
                [Piece::Word("private")] => Mode::Private,
                [Piece::Word("exclusive")] => Mode::Exclusive,
                _ => Mode::Shared,
            };
            match request::open(mode) {
                Some(open) => console.ask_agent(open, Then::Open(mode)),
                None => opened(console, mode),
            }
        }
        [Piece::Word("exit" | "quit")] => console.act(Action::End),
        [Piece::Word("start"), ..] => console.act(Action::StartShell),
        _ => console.print(HELP),
    }
}

/// Goes to a level. `is_jump` if `exit` should not come back from it.
fn go(console: &mut Console, level: Vec<String>, is_jump: bool) {
    let Some(editing) = &mut console.editing else { return };
    if is_jump {
        editing.former.clear();
    } else {
        editing.former.push(std::mem::take(&mut editing.level));
    }
    editing.level = level;
}

fn configuration(
    console: &mut Console,
    at: Vec<String>,
    pieces: &[Piece],
    pipes: Vec<Pipe>,
    save: Option<String>,
) {
    match pieces {
        [Piece::Word("edit"), Piece::Path(path)] => go(console, [at, path.clone()].concat(), false),
        [Piece::Word("show"), rest @ ..] => {
            let path = match rest {
                [Piece::Path(path)] => [at, path.clone()].concat(),
                _ => at,
            };
            show(console, path, pipes, save);
        }
        [Piece::Word("commit"), options @ ..] => {
            let commit = commit(options);
            console.ask_agent(commit.request(), Then::Commit(commit));
        }
        [Piece::Word("rollback"), rest @ ..] => {
            let load = match rest {
                [Piece::Word("rescue")] => request::rescue(),
                [Piece::Value(number)] => request::rollback(number.parse().unwrap_or(0)),
                _ => request::rollback(0),
            };
            console.ask_agent(load, Then::Load);
        }
        [Piece::Word("update")] => {
            console.forget_snapshot();
            console.ask_agent(request::update(), Then::Edit);
        }
        [Piece::Word("load"), Piece::Word(action), rest @ ..] => load(console, at, action, rest),
        [Piece::Word("save"), Piece::Value(name)] => {
            let then = Then::Save { level: at, name: name.clone() };
            console.ask_agent(request::configuration("candidate"), then);
        }
        [Piece::Word("status")] => {
            let then = Then::Output { save: None, pages: true };
            console.ask_agent(request::command("show system users"), then);
        }
        [Piece::Word("exit" | "quit"), Piece::Word(_)] => depart(console, false),
        [Piece::Word("exit" | "quit")] => exit(console),
        [Piece::Word("help")] => console.print(HELP),
        [Piece::Word(verb), rest @ ..] => {
            let line = edit_line(verb, &at, rest);
            console.forget_snapshot();
            console.ask_agent(request::edit(&line), Then::Edit);
        }
        _ => {}
    }
}

/// The line from the top that does what `verb` does at a level.
fn edit_line(verb: &str, at: &[String], rest: &[Piece]) -> String {
    let mut words = vec![verb.to_owned()];
    let level = at.iter().map(|word| quote(word));
    let (verb, rest) = match (verb, rest) {
        ("wildcard", [Piece::Word(verb), rest @ ..]) => (Some(verb), rest),
        _ => (None, rest),
    };
    words.extend(verb.map(|verb| (*verb).to_owned()));
    words.extend(level);
    for piece in rest {
        match piece {
            Piece::Word(word) => words.push((*word).to_owned()),
            Piece::Value(text) => words.push(quoted(text)),
            Piece::Path(path) => words.extend(path.iter().map(|word| bracket_or_quoted(word))),
        }
    }
    words.join(" ")
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { quote(text) }
}

fn bracket_or_quoted(word: &str) -> String {
    if word == "[" || word == "]" { word.to_owned() } else { quote(word) }
}

fn show(console: &mut Console, path: Vec<String>, pipes: Vec<Pipe>, save: Option<String>) {
    let compare = pipes.iter().find_map(|pipe| match pipe {
        Pipe::Compare(rollback) => Some(rollback.unwrap_or(0)),
        _ => None,
    });
    match compare {
        Some(rollback) => {
            console.ask_agent(request::compare(rollback), Then::Compare { path, pipes, save });
        }
        None => {
            console
                .ask_agent(request::configuration("candidate"), Then::Show { path, pipes, save });
        }
    }
}

fn commit(options: &[Piece]) -> Commit {
    let mut commit = Commit::default();
    let mut options = options.iter().peekable();
    while let Some(option) = options.next() {
        let Piece::Word(word) = option else { continue };
        let value = match options.peek() {
            Some(Piece::Value(value)) => Some(value.clone()),
            _ => None,
        };
        match *word {
            "check" => commit.check = true,
            "and-quit" => commit.and_quit = true,
            "comment" => commit.comment = value,
            "at" => commit.at = value,
            "confirmed" => {
                commit.confirmed = Some(value.and_then(|it| it.parse().ok()).unwrap_or(10))
            }
            _ => {}
        }
    }
    commit
}

fn load(console: &mut Console, at: Vec<String>, action: &'static str, rest: &[Piece]) {
    let level = if rest.contains(&Piece::Word("relative")) { at } else { Vec::new() };
    if action == "factory-default" {
        return console
            .fail("there is no factory default here; `rollback rescue` or `load override`");
    }
    console.waiting = Some(Then::Text { action, level });
    match rest.first() {
        Some(Piece::Value(name)) => console.act(Action::ReadFile(name.clone())),
        _ => {
            console.print("[Type ^D at a new line to end input]\n");
            console.act(Action::ReadTerminal);
        }
    }
}

/// Takes a text that is to be loaded.
pub(super) fn text(console: &mut Console, then: Then, text: &str) {
    let Then::Text { action, level } = then else { return };
    match request::load(action, text, &level) {
        Ok(load) => console.ask_agent(load, Then::Load),
        Err(error) => console.fail(error),
    }
}

/// Takes the agent's reply.
pub(super) fn reply(console: &mut Console, then: Then, reply: &Element) {
    if let Then::HostName { and_quit } = then {
        return host_name(console, reply, and_quit);
    }
    let refused = console.complain(reply);
    match then {
        Then::Open(_) | Then::Save { .. } if refused => {}
        Then::Open(mode) => opened(console, mode),
        Then::Edit => {}
        Then::Load => {
            console.forget_snapshot();
            if !refused {
                console.print("load complete\n");
            }
        }
        Then::Commit(commit) => committed(console, &commit, reply, refused),
        Then::Arrive => arrived(console, !refused && !reply::output(reply).is_empty()),
        Then::Depart { end } => {
            departing(console, !refused && !reply::output(reply).is_empty(), end)
        }
        Then::Closed { end } => closed(console, end),
        _ if refused => {}
        Then::Output { save, pages } => deliver(console, reply::output(reply), save, pages),
        Then::Show { path, pipes, save } => {
            let text = shown(&reply::output(reply), &path, &pipes);
            deliver(console, pass(&pipes, text), save, true);
        }
        Then::Compare { path, pipes, save } => {
            let text = reply::changes_at(&reply::output(reply), &path);
            deliver(console, pass(&pipes, text), save, true);
        }
        Then::Save { level, name } => {
            let text = shown(&reply::output(reply), &level, &[]);
            console.act(Action::WriteFile { name, text });
        }
        Then::Text { .. } | Then::Really { .. } | Then::HostName { .. } => {}
    }
}

/// The prompt shows the name that the machine has after a commit.
fn host_name(console: &mut Console, reply: &Element, and_quit: bool) {
    if let Some(name) = reply::find(reply, "host-name") {
        console.rename_host(name.text.trim());
    }
    if and_quit {
        close(console, false);
    }
}

/// The part of the candidate at `path`, in the form that is asked for.
fn shown(text: &str, path: &[String], pipes: &[Pipe]) -> String {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    // The agent printed it: should it not be readable, it is shown as it came.
    let Ok(configuration) = Configuration::parse_as("candidate", text, Form::Curly) else {
        return text.to_owned();
    };
    let whole = |form: Form| {
        let mut text = configuration.narrowed(&path).print(form);
        if !text.ends_with('\n') && !text.is_empty() {
            text.push('\n');
        }
        text
    };
    match display(pipes) {
        Some(Display::Xml | Display::XmlRpc) => whole(Form::Xml),
        Some(Display::Json) => whole(Form::Json),
        Some(Display::Set) => whole(Form::Set),
        _ => configuration.print_at(&path),
    }
}

fn deliver(console: &mut Console, text: String, save: Option<String>, pages: bool) {
    match save {
        Some(name) => console.act(Action::WriteFile { name, text }),
        None if text.is_empty() => {}
        None => console.act(Action::Print(text, pages)),
    }
}

fn opened(console: &mut Console, mode: Mode) {
    console.forget_snapshot();
    console.editing = Some(Editing { mode, ..Editing::default() });
    if mode == Mode::Private {
        let warning = "warning: uncommitted changes will be discarded on exit\n";
        console.act(Action::Complain(warning.to_owned()));
    }
    console.ask_agent(request::compare(0), Then::Arrive);
}

fn arrived(console: &mut Console, has_changes: bool) {
    console.print("Entering configuration mode\n");
    if has_changes {
        console.print("The configuration has been changed but not committed\n");
    }
}

fn committed(console: &mut Console, commit: &Commit, answer: &Element, refused: bool) {
    console.forget_snapshot();
    if refused {
        let what = if commit.check { "check-out" } else { "commit" };
        return console.act(Action::Complain(format!("error: configuration {what} failed\n")));
    }
    if let Some(minutes) = commit.confirmed.filter(|_| !commit.check) {
        let plural = if minutes == 1 { "" } else { "s" };
        console.print(format!(
            "commit confirmed will be automatically rolled back in {minutes} minute{plural} unless confirmed\n"
        ));
    }
    let said = reply::find(answer, "output").map(|output| output.text.trim().to_owned());
    match (commit.check, &commit.at) {
        (true, _) => console.print("configuration check succeeds\n"),
        (false, Some(at)) => {
            let said = said.unwrap_or_else(|| format!("commit at will be executed at {at}"));
            console.print(format!("configuration check succeeds\n{said}\n"));
        }
        (false, None) => console.print("commit complete\n"),
    }
    if !commit.check && commit.at.is_none() {
        let then = Then::HostName { and_quit: commit.and_quit };
        console.ask_agent(request::system_information(), then);
    } else if commit.and_quit {
        close(console, false);
    }
}

/// `exit`: to where `edit` came from, and from the top out of configuration mode.
fn exit(console: &mut Console) {
    let Some(editing) = &mut console.editing else { return };
    match editing.former.pop() {
        Some(former) => editing.level = former,
        None if !editing.level.is_empty() => editing.level.clear(),
        None => depart(console, false),
    }
}

/// The end of input.
pub(super) fn leave(console: &mut Console) {
    if console.editing.is_some() { depart(console, true) } else { console.act(Action::End) }
}

fn depart(console: &mut Console, end: bool) {
    console.ask_agent(request::compare(0), Then::Depart { end });
}

fn departing(console: &mut Console, has_changes: bool, end: bool) {
    let mode = console.editing.as_ref().map(|editing| editing.mode).unwrap_or_default();
    if !has_changes {
        return close(console, end);
    }
    let question = match mode {
        Mode::Shared => {
            console.print("The configuration has been changed but not committed\n");
            "Exit with uncommitted changes? [yes,no] (yes) "
        }
        _ => "Discard uncommitted changes? [yes,no] (yes) ",
    };
    console.waiting = Some(Then::Really { end });
    console.act(Action::Ask(question.to_owned()));
}

/// Goes on after a yes.
pub(super) fn go_on(console: &mut Console, then: Then) {
    if let Then::Really { end } = then {
        close(console, end);
    }
}

fn close(console: &mut Console, end: bool) {
    let mode = console.editing.as_ref().map(|editing| editing.mode).unwrap_or_default();
    match request::close(mode) {
        Some(close) => console.ask_agent(close, Then::Closed { end }),
        None => closed(console, end),
    }
}

fn closed(console: &mut Console, end: bool) {
    console.editing = None;
    console.forget_snapshot();
    console.print("Exiting configuration mode\n");
    if end {
        console.act(Action::End);
    }
}
