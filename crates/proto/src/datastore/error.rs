//! Why something is not done.

use super::author::{Author, SessionId};
use super::{MOST_PRIVATE, MOST_SESSIONS, Timestamp};
use crate::fault::Fault;
use crate::junos::Diagnostics;

/// Why a session, lock or commit is refused; nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// The session was not opened.
    #[error("session {0} has not opened the configuration")]
    NotOpen(SessionId),
    /// The session has no candidate of its own.
    #[error("session {0} edits no private candidate, which alone is updated")]
    NotPrivate(SessionId),
    /// The session was opened before.
    #[error("session {0} has opened the configuration already")]
    AlreadyOpen(SessionId),
    /// Someone else holds the lock.
    #[error("configuration database locked by: {by}, session {session}")]
    Locked {
        /// Who.
        by: Author,
        /// Its session.
        session: SessionId,
    },
    /// The session can't be opened in another way while it holds something.
    #[error(
        "session {0} holds a lock or a commit that waits for its confirmation; give that back first"
    )]
    Holds(SessionId),
    /// The lock to be given back is not there.
    #[error("the configuration is not locked by session {0}")]
    NotLocked(SessionId),
    /// The shared candidate has changes that were not committed.
    #[error("configuration database modified")]
    Modified,
    /// Someone edits a private candidate.
    #[error("private edits in use; try `configure private` or `configure exclusive`")]
    PrivateInUse,
    /// There are too many sessions.
    #[error("more than {MOST_SESSIONS} sessions have opened the configuration")]
    TooManySessions,
    /// There are too many private candidates.
    #[error("there are {MOST_PRIVATE} private candidates already")]
    TooManyPrivate,
    /// Another commit is being made durable.
    #[error("another commit is in progress")]
    InProgress,
    /// The candidate is wrong.
    #[error("{0}")]
    Statements(Diagnostics),
    /// The candidate is larger than what can be read back.
    #[error("the configuration is over {} MiB", crate::junos::MAX_BYTES / 1024 / 1024)]
    TooBig,
    /// The candidate could not be read back: its first statement looks like another form.
    #[error(
        "the configuration could not be read back: its first statement, `{0}`, looks like another form than braces"
    )]
    Misleading(String),
    /// Others changed what this private candidate changes too; each is a path.
    #[error("others have changed the same statements: {}; use `update` or `discard`", .0.join(", "))]
    Conflict(Vec<String>),
    /// A commit waits for its confirmation under a name that was not given.
    #[error("a confirmed commit waits under another persist-id")]
    WrongPersistId,
    /// A commit waits for its confirmation: first it must be confirmed or cancelled.
    #[error(
        "a confirmed commit waits until {until} for its confirmation; confirm or cancel it first"
    )]
    AwaitsConfirmation {
        /// When it rolls back.
        until: Timestamp,
        /// Whose it is, if that session is there still.
        session: Option<SessionId>,
    },
    /// There is no confirmed commit that waits.
    #[error("no confirmed commit is waiting for its confirmation")]
    NothingToConfirm,
    /// A commit waits for its time.
    #[error("another commit is scheduled for {0}; `clear system commit` gives it up")]
    Scheduled(Timestamp),
    /// The time for a scheduled commit is past.
    #[error("the time {0} is past")]
    TimeIsPast(Timestamp),
    /// The time for a scheduled commit is too far away.
    #[error("the time {0} is more than a year away")]
    TimeIsFar(Timestamp),
    /// A comment or name is too long.
    #[error("a {0} has at most {1} characters")]
    TooLong(&'static str, usize),
}

impl Refused {
    /// A stable word for logs and replies.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOpen(_) => "not-open",
            Self::NotPrivate(_) => "not-private",
            Self::AlreadyOpen(_) => "already-open",
            Self::Locked { .. } => "lock-denied",
            Self::Holds(_) => "session-holds-something",
            Self::NotLocked(_) => "not-locked",
            Self::Modified => "configuration-modified",
            Self::PrivateInUse => "private-edits-in-use",
            Self::TooManySessions => "too-many-sessions",
            Self::TooManyPrivate => "too-many-private-candidates",
            Self::InProgress => "commit-in-progress",
            Self::Statements(found) => found.code(),
            Self::TooBig => "too-big",
            Self::Misleading(_) => "misleading-statement",
            Self::Conflict(_) => "commit-conflict",
            Self::WrongPersistId => "wrong-persist-id",
            Self::AwaitsConfirmation { .. } => "commit-awaits-confirmation",
            Self::NothingToConfirm => "nothing-to-confirm",
            Self::Scheduled(_) => "commit-scheduled",
            Self::TimeIsPast(_) => "time-is-past",
            Self::TimeIsFar(_) => "time-is-far",
            Self::TooLong(..) => "too-long",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// Why an edit is not made; the candidate is as it was.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EditError {
    /// The session may not edit.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The text is wrong.
    #[error("{0}")]
    Statements(Diagnostics),
    /// The statement is not there.
    #[error("statement not found: {0}")]
    NotThere(String),
    /// The statement is there already.
    #[error("statement is there already: {0}")]
    There(String),
    /// The statement, or one above it, is protected.
    #[error("statement is protected: {0}")]
    Protected(String),
    /// The command can't be read.
    #[error("{0}")]
    Syntax(String),
    /// The candidate would have too many statements.
    #[error("the configuration would have more than {} statements", crate::junos::MAX_STATEMENTS)]
    TooManyStatements,
    /// A statement has too many words inside one another to be written as elements.
    #[error("more than 62 words inside one another: {0} …")]
    TooDeep(String),
}

impl EditError {
    /// A stable word for logs and replies.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.code(),
            Self::Statements(found) => found.code(),
            Self::NotThere(_) => "data-missing",
            Self::There(_) => "data-exists",
            Self::Protected(_) => "statement-protected",
            Self::Syntax(_) => "syntax-error",
            Self::TooManyStatements => "too-many-statements",
            Self::TooDeep(_) => "too-deep",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}
