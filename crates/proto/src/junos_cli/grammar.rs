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
    /// The name of an outbound-ssh client.
    Client,
}

/// Which statements a path may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// Any that the schema knows or that is there.
    Any,
    /// One that is there.
    Existing,
    /// One in the running configuration.
    Committed,
}

pub(super) use Slot::{Client, Number, Path, Text, Word, Words};

pub(super) const fn word(name: &'static str, help: &'static str, next: &'static [Node]) -> Node {
    Node { token: Word(name), help, ends: false, next, also: &[] }
}

/// A word behind which the command may end.
pub(super) const fn last(name: &'static str, help: &'static str, next: &'static [Node]) -> Node {
    Node { token: Word(name), help, ends: true, next, also: &[] }
}

pub(super) const fn slot(token: Slot, help: &'static str, next: &'static [Node]) -> Node {
    Node { token, help, ends: true, next, also: &[] }
}

/// A statement that is there, behind which something must follow.
const fn path(next: &'static [Node]) -> Node {
    Node { token: Path(Paths::Existing), help: "The statement", ends: false, next, also: &[] }
}

/// The filters behind `|`.
pub static PIPES: [Node; 10] = [
    word("compare", "Compare with an earlier configuration", &COMPARE),
    last("count", "Count the lines", &[]),
    word("display", "Show in another form", &DISPLAY),
    word("except", "Show the lines that don't match", &PATTERN),
    word("find", "Begin at the first line that matches", &PATTERN),
    last("last", "Show the end alone", &LAST),
    word("match", "Show the lines that match", &PATTERN),
    last("no-more", "Don't stop at each page", &[]),
    word("save", "Write into a file", &FILE),
    word("trim", "Leave out the first columns", &COLUMNS),
];

static COMPARE: [Node; 1] =
    [word("rollback", "A configuration that was committed before", &ROLLBACK)];
static ROLLBACK: [Node; 1] = [slot(Number("<number>", 0, 49), "0 is the newest", &[])];
static DISPLAY: [Node; 5] = [
    last("inheritance", "Show with what groups add (none are expanded here)", &[]),
    last("json", "Show as JSON", &[]),
    last("set", "Show as set commands", &[]),
    last("xml", "Show as XML", &[]),
    last("omit", "Show without what is marked to be left out", &[]),
];
static PATTERN: [Node; 1] = [slot(Text("<pattern>"), "A regular expression", &[])];
static LAST: [Node; 1] = [slot(Number("<lines>", 1, 1_000_000), "How many lines", &[])];
static FILE: [Node; 1] = [slot(Text("<file>"), "The name of a file", &[])];
static COLUMNS: [Node; 1] = [slot(Number("<columns>", 0, 10_000), "How many columns", &[])];

/// The commands of operational mode.
pub static OPERATIONAL: [Node; 8] = [
    last("configure", "Change the configuration", &CONFIGURE),
    last("exit", "Leave", &[]),
    word("file", "Look at the files of this machine", &FILES),
    last("help", "How to get help", &[]),
    last("quit", "Leave", &[]),
    word("request", "Ask the system for something", &super::operational::REQUEST),
    word("show", "Show how things stand", &super::operational::SHOW),
    word("start", "Start a program", &START),
];

static CONFIGURE: [Node; 3] = [
    last("exclusive", "Keep everyone else from changing it", &[]),
    last("private", "Change a copy of your own", &[]),
    last("shared", "Change what all others change too", &[]),
];
static START: [Node; 1] = [last("shell", "Your own shell, if your class has it", &[])];
static FILES: [Node; 3] = [
    word("checksum", "Compute the sum of a file", &CHECKSUMS),
    last("list", "List files", &FILE),
    word("show", "Show a file", &FILE),
];
static CHECKSUMS: [Node; 3] = [
    word("md5", "By MD5", &FILE),
    word("sha-256", "By SHA-256", &FILE),
    word("sha1", "By SHA-1", &FILE),
];

/// The commands of configuration mode.
pub static CONFIGURATION: [Node; 22] = [
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
    last("quit", "Leave this level", &EXIT),
    word("rename", "Give a statement another name", &RENAME),
    last("rollback", "Go back to a configuration of before", &ROLLBACK_TO),
    word("run", "Run a command of operational mode", &OPERATIONAL),
    word("save", "Write the configuration into a file", &FILE),
    word("set", "Set a statement", &ANY),
    last("show", "Show the configuration", &EXISTING),
    last("status", "Show who else is changing the configuration", &[]),
    last("top", "Go to the top, or do something there", &CONFIGURATION),
    Node { also: &CONFIGURATION, ..last("up", "Go up, or do something there", &UP) },
    last("validate", "Check the changes as commit check does", &[]),
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
static EXIT: [Node; 1] = [last("configuration-mode", "Leave configuration mode", &[])];
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
