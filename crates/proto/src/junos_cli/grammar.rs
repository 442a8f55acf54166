//! The commands, word by word, each with the sentence that `?` shows.
//!
//! ```text
//!   Node { token, help, ends, next }
//!     commit ──┬── check
//!              ├── confirmed ── <timeout> ──┐
//!              ├── comment ──── <text> ─────┼──▶ commit's own words again
//!              └── and-quit ────────────────┘
//! ```
//!
//! Source: Junos CLI, *operational mode* and *configuration mode* commands.

/// What may stand in one place of a command.
#[derive(Debug)]
pub struct Node {
    /// The word or what stands for it.
    pub token: Slot,
    /// A sentence about it.
    pub help: &'static str,
    /// Whether the command may end behind it.
    pub ends: bool,
    /// What may follow.
    pub next: &'static [Node],
    /// What may follow, too.
    pub also: &'static [Node],
}

/// A word, or what may stand in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// This very word, which may be shortened.
    Word(&'static str),
    /// A whole number between these; the name is what `?` shows.
    Number(&'static str, u64, u64),
    /// Any word; the name is what `?` shows.
    Text(&'static str),
    /// Several words, to the end of the line.
    Words(&'static str),
    /// The words of a statement, to the end or to one of the words that follow.
    Path(Paths),
}

/// Which statements a path may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// Any that the schema knows or that is there.
    Any,
    /// One that is there.
    Existing,
}

use Slot::{Number, Path, Text, Word, Words};

const fn word(name: &'static str, help: &'static str, next: &'static [Node]) -> Node {
    Node { token: Word(name), help, ends: false, next, also: &[] }
}

/// A word behind which the command may end.
const fn last(name: &'static str, help: &'static str, next: &'static [Node]) -> Node {
    Node { token: Word(name), help, ends: true, next, also: &[] }
}

const fn slot(token: Slot, help: &'static str, next: &'static [Node]) -> Node {
    Node { token, help, ends: true, next, also: &[] }
}

/// A statement that is there, behind which something must follow.
const fn path(next: &'static [Node]) -> Node {
    Node { token: Path(Paths::Existing), help: "The statement", ends: false, next, also: &[] }
}

static FILE: [Node; 1] = [slot(Text("<file>"), "The name of a file", &[])];

/// The commands of operational mode that are the command line's own; all others are RPCs of
/// [`crate::junos_command`].
pub static OPERATIONAL: [Node; 5] = [
    last("configure", "Change the configuration", &CONFIGURE),
    last("exit", "Leave", &[]),
    last("help", "How to get help", &[]),
    last("quit", "Leave", &[]),
    word("start", "Start a program", &START),
];

static CONFIGURE: [Node; 3] = [
    last("exclusive", "Keep everyone else from changing it", &[]),
    last("private", "Change a copy of your own", &[]),
    last("shared", "Change what all others change too", &[]),
];
static START: [Node; 1] = [last("shell", "Your own shell, if your class has it", &[])];
/// The commands of configuration mode.
pub static CONFIGURATION: [Node; 25] = [
    word("activate", "Take off the inactive mark of a statement", &EXISTING),
    word("annotate", "Put a comment on a statement", &ANNOTATE),
    last("commit", "Put the changes into force", &COMMIT),
    word("copy", "Copy a statement", &COPY),
    word("deactivate", "Mark a statement inactive", &EXISTING),
    last("delete", "Delete a statement", &EXISTING),
    word("edit", "Go down to a level", &ANY),
    last("exit", "Leave this level", &EXIT),
    last("help", "How to get help", &[]),
    word("insert", "Put a statement before or behind another", &INSERT),
    word("load", "Load statements from a file or from here", &LOAD),
    word("protect", "Keep a statement and what is in it from being changed", &EXISTING),
    last("quit", "Leave this level", &EXIT),
    word("rename", "Give a statement another name", &RENAME),
    last("rollback", "Go back to a configuration of before", &ROLLBACK_TO),
    word("run", "Run a command of operational mode", &RUN),
    word("save", "Write the configuration into a file", &FILE),
    word("set", "Set a statement", &ANY),
    last("show", "Show the configuration", &EXISTING),
    last("status", "Show who else is changing the configuration", &[]),
    last("top", "Go to the top, or do something there", &CONFIGURATION),
    Node { also: &CONFIGURATION, ..last("up", "Go up, or do something there", &UP) },
    word("unprotect", "Let a protected statement be changed again", &EXISTING),
    last("update", "Take what others committed into a private candidate", &[]),
    word("wildcard", "Delete all statements that a pattern fits", &WILDCARD),
];

static ANY: [Node; 1] = [slot(Path(Paths::Any), "A statement", &[])];
static EXISTING: [Node; 1] = [slot(Path(Paths::Existing), "A statement", &[])];
static ANNOTATE: [Node; 1] = [path(&COMMENT_TEXT)];
static COMMENT_TEXT: [Node; 1] =
    [slot(Text("\"<comment>\""), "The comment; empty takes it off", &[])];
static COPY: [Node; 1] = [path(&TO)];
static RENAME: [Node; 1] = [path(&TO)];
static TO: [Node; 1] = [word("to", "The new name", &ANY)];
static INSERT: [Node; 1] = [path(&BESIDE)];
static BESIDE: [Node; 2] =
    [word("after", "Behind this one", &EXISTING), word("before", "Before this one", &EXISTING)];
static RUN: [Node; 1] = [slot(Words("<command>"), "A command of operational mode", &[])];
static EXIT: [Node; 1] = [last("configuration-mode", "Leave configuration mode", &[])];
static WILDCARD: [Node; 1] = [word("delete", "Delete what the pattern fits", &PATTERN)];
static PATTERN: [Node; 1] =
    [slot(Words("<path> <pattern>"), "Where, and a regular expression for the next word", &[])];
static UP: [Node; 1] =
    [Node { also: &CONFIGURATION, ..slot(Number("<levels>", 1, 64), "How many levels", &[]) }];

/// The words of `commit`, in any order.
static COMMIT: [Node; 6] = [
    last("and-quit", "Leave configuration mode when it is in force", &COMMIT),
    word("at", "Put it into force later", &TIME),
    last("check", "Only say whether it is correct", &COMMIT),
    word("comment", "A line for the log", &LOG),
    Node {
        also: &COMMIT,
        ..last("confirmed", "Go back by itself unless it is confirmed in time", &CONFIRMED)
    },
    last("synchronize", "Accepted: there is one routing engine", &COMMIT),
];
static TIME: [Node; 1] = [slot(Text("<time>"), "hh:mm[:ss] or \"yyyy-mm-dd hh:mm[:ss]\"", &COMMIT)];
static LOG: [Node; 1] = [slot(Text("\"<comment>\""), "What was done and why", &COMMIT)];
static CONFIRMED: [Node; 1] =
    [slot(Number("<timeout>", 1, 65_535), "Minutes until it goes back (10)", &COMMIT)];

static ROLLBACK_TO: [Node; 2] = [
    slot(Number("<number>", 0, 49), "0 is what is in force", &[]),
    last("rescue", "The rescue configuration", &[]),
];

static LOAD: [Node; 7] = [
    word("factory-default", "Not available: there is none here", &[]),
    word("merge", "Add to what is there", &SOURCE),
    word("override", "Put in place of all there is", &SOURCE),
    word("patch", "Apply a patch", &SOURCE),
    word("replace", "Replace the statements marked replace:", &SOURCE),
    word("set", "Run set commands", &SOURCE),
    word("update", "Put in place of all there is, touching what differs alone", &SOURCE),
];
static SOURCE: [Node; 2] = [
    slot(Text("<file>"), "The name of a file", &RELATIVE),
    last("terminal", "Type or paste here, and end with ^D", &RELATIVE),
];
static RELATIVE: [Node; 1] = [last("relative", "To the level that is being edited", &[])];
