//! A failure as a person meets it: what happened, why, and the next command to type.
//!
//! ```text
//!   homing: device mx1.fra is offline, last seen 6m ago        {"error":{"code":"device-offline",
//!     try: homing device log mx1.fra                            "message":"…","hint":"…"}}   (-o json)
//! ```

use std::borrow::Cow;
use std::fmt;

use crate::exit::Exit;
use crate::output::escape::escape;

/// Why a verb did not do what it was asked, and how the process ends for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit status.
    pub(crate) exit: Exit,
    /// Stable, kebab-case: what a script compares.
    pub(crate) code: Cow<'static, str>,
    /// What happened and why, in one sentence.
    pub(crate) message: String,
    /// What to type or mend next.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn new(
        exit: Exit,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Failure {
        Failure { exit, code: code.into(), message: message.into(), hint: None }
    }

    /// The command line cannot be carried out as written.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, "usage", message)
    }

    /// Standard output is closed (`| head`): nothing is left to say, and nothing went wrong.
    pub(crate) fn closed_output() -> Failure {
        Failure::new(Exit::Done, "closed-output", "")
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// True for an end that needs no words on stderr.
    pub(crate) fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    /// `{"error":{"code","message","hint"}}`
    pub(crate) fn to_json(&self) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let hint = self.hint.as_deref().map_or_else(|| "null".to_owned(), text);
        let (code, message) = (text(&self.code), text(&self.message));
        format!(r#"{{"error":{{"code":{code},"message":{message},"hint":{hint}}}}}"#)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "homing: ")?;
        indented(f, &self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  try: ")?;
            indented(f, hint)?;
        }
        Ok(())
    }
}

/// Writes peer text safely, the lines after the first under the first one's text.
fn indented(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            write!(f, "\n       ")?;
        }
        write!(f, "{}", escape(line))?;
    }
    Ok(())
}

/// A failed write to standard output: a reader that went away is not an error.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Failure::closed_output();
        }
        Failure::new(Exit::Failed, "output-failed", format!("cannot write the output: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_what_why_next() {
        let failure = Failure::new(Exit::Offline, "device-offline", "mx1 is offline")
            .hint("homing device log mx1");
        assert_eq!(failure.to_string(), "homing: mx1 is offline\n  try: homing device log mx1");
    }

    #[test]
    fn the_json_form_has_code_message_and_hint() {
        let json = Failure::usage("no").to_json();
        assert_eq!(json, r#"{"error":{"code":"usage","message":"no","hint":null}}"#);
    }

    #[test]
    fn text_of_a_peer_cannot_move_the_cursor() {
        let failure = Failure::new(Exit::Failed, "x", "evil \u{1b}[2J name");
        assert_eq!(failure.to_string(), "homing: evil \\x1b[2J name");
    }

    #[test]
    fn a_closed_pipe_is_silent_and_ends_with_zero() {
        let failure = Failure::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(failure.is_silent());
        assert_eq!(failure.exit, Exit::Done);
    }
}
