//! What an installation adds to the RPCs and commands that change nothing that lasts.
//!
//! ```text
//!   built in (rpc, command) ──less than Configure──▶ that
//!            │ Configure, named there ─────────────▶ Configure, whatever was added
//!            └ not known ── added, and no dangerous word in it ──▶ Operate
//! ```
//!
//! An addition is checked when it is made: one that names an operation whose right is built in, or holds one of
//! [`DANGEROUS_WORDS`], is refused. Of a command the whole line is looked at again when it comes, whatever its beginning.

use std::fmt;

use super::{Right, command, rpc};
use crate::netconf::passage::Operation;

/// Words by which an RPC or a command is never harmless.
pub const DANGEROUS_WORDS: &[&str] = &[
    "activate",
    "add",
    "append",
    "change",
    "commit",
    "config",
    "configuration",
    "configure",
    "copy",
    "credential",
    "credentials",
    "deactivate",
    "del",
    "delete",
    "disable",
    "edit",
    "enable",
    "erase",
    "exec",
    "execute",
    "file",
    "flush",
    "format",
    "halt",
    "install",
    "key",
    "keys",
    "kill",
    "license",
    "load",
    "lock",
    "move",
    "offline",
    "op",
    "password",
    "poweroff",
    "private",
    "reboot",
    "reload",
    "remove",
    "rename",
    "replace",
    "request",
    "rescue",
    "restart",
    "rm",
    "rollback",
    "save",
    "script",
    "secret",
    "secrets",
    "set",
    "shell",
    "shutdown",
    "software",
    "start",
    "stop",
    "sudo",
    "uninstall",
    "unlock",
    "upgrade",
    "url",
    "write",
    "zeroize",
];

/// The most additions of a kind.
const MOST: usize = 256;
/// The longest addition.
const LONGEST: usize = 128;

/// An RPC that an installation calls harmless, by the name of its element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HarmlessRpc(String);

/// The beginning of a command that an installation calls harmless: at least two words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HarmlessCommand(Vec<String>);

/// Why something is not called harmless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHarmless {
    /// It is no name, or no words.
    #[error("expected words of small letters, digits and `-`")]
    Unreadable,
    /// A command of one word.
    #[error("expected the beginning of a command, at least two words")]
    OneWord,
    /// Its right is built in.
    #[error("the right of {0} is built in")]
    BuiltIn(String),
    /// A word says that it changes what lasts, or shows what must not be seen.
    #[error("{0} is a word of what is never harmless")]
    Dangerous(String),
}

impl NotHarmless {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable-name",
            Self::OneWord => "too-wide",
            Self::BuiltIn(_) => "built-in",
            Self::Dangerous(_) => "not-harmless",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> crate::fault::Fault {
        crate::fault::Fault::Operator
    }
}

impl HarmlessRpc {
    /// Reads the name of an element.
    ///
    /// # Errors
    /// It may not be called harmless.
    pub fn parse(text: &str) -> Result<Self, NotHarmless> {
        check_words(text.split('-'), text.len())?;
        if rpc::is_built_in(text) {
            return Err(NotHarmless::BuiltIn(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl HarmlessCommand {
    /// Reads the words by which a command begins.
    ///
    /// # Errors
    /// It may not be called harmless.
    pub fn parse(text: &str) -> Result<Self, NotHarmless> {
        let words: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
        check_words(words.iter().flat_map(|word| word.split('-')), text.len())?;
        match words.len() {
            0 | 1 => Err(NotHarmless::OneWord),
            _ => Ok(Self(words)),
        }
    }
}

fn check_words<'t>(words: impl Iterator<Item = &'t str>, length: usize) -> Result<(), NotHarmless> {
    let is_plain = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    for word in words {
        if !is_plain(word) || length > LONGEST {
            return Err(NotHarmless::Unreadable);
        }
        if DANGEROUS_WORDS.contains(&word) {
            return Err(NotHarmless::Dangerous(word.to_owned()));
        }
    }
    Ok(())
}

impl fmt::Display for HarmlessRpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for HarmlessCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// What is judged by: the built-in rules and an installation's additions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// RPCs for operators.
    pub rpcs: Vec<HarmlessRpc>,
    /// Commands for operators.
    pub commands: Vec<HarmlessCommand>,
}

impl Policy {
    /// Whether there are more additions than may be.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.rpcs.len() > MOST || self.commands.len() > MOST
    }

    /// The right that an operation needs.
    #[must_use]
    pub fn right(&self, operation: &Operation) -> Right {
        let right = rpc::right(operation);
        if right < Right::Configure {
            return right;
        }
        if let Some(line) = rpc::command_of(operation) {
            return self.right_of_command(line);
        }
        match rpc::may_be_of_junos(operation)
            && self.rpcs.iter().any(|added| added.0 == operation.name)
        {
            true => Right::Operate,
            false => right,
        }
    }

    /// The right that a line of a device's command line needs.
    #[must_use]
    pub fn right_of_command(&self, line: &str) -> Right {
        let right = command::right(line);
        let is_added = |added: &HarmlessCommand| command::begins(line, &added.0, DANGEROUS_WORDS);
        match right == Right::Configure && self.commands.iter().any(is_added) {
            true => Right::Operate,
            false => right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::passage::read_operation;
    use crate::netconf::scan::Limits;

    fn policy() -> Policy {
        Policy {
            rpcs: vec![HarmlessRpc::parse("clear-bgp-neighbor").unwrap()],
            commands: vec![HarmlessCommand::parse("clear bgp neighbor").unwrap()],
        }
    }

    fn right_of(text: &str) -> Right {
        policy().right(&read_operation(text.as_bytes(), Limits::default()).unwrap().0)
    }

    #[test]
    fn what_was_added_needs_operate() {
        for text in [
            "<clear-bgp-neighbor><neighbor>192.0.2.1</neighbor></clear-bgp-neighbor>",
            "<x:clear-bgp-neighbor xmlns:x='http://xml.juniper.net/junos/20.4R1/junos'/>",
            "<command>clear bgp neighbor 192.0.2.1</command>",
            "<command>clear bgp neighbor | no-more</command>",
        ] {
            assert_eq!(right_of(text), Right::Operate, "{text}");
        }
        assert_eq!(policy().right_of_command("clear bgp neighbor all"), Right::Operate);
        assert_eq!(right_of("<get/>"), Right::View);
    }

    #[test]
    fn everything_beside_it_still_needs_configure() {
        for text in [
            "<clear-bgp-table/>",
            "<clear-bgp-neighbor xmlns='urn:evil'/>",
            "<command>clear bgp</command>",
            "<command>clear bgp neighbor | save x</command>",
            "<command>clear bgp neighbor; request system reboot</command>",
            "<command>clear bgp neighbor set x</command>",
            "<command>clear bgp neighbor -f</command>",
            "<command>clear bgp neighbor<x/></command>",
            "<edit-config/>",
        ] {
            assert_eq!(right_of(text), Right::Configure, "{text}");
        }
        let line = format!("clear bgp neighbor {}", "x".repeat(2_000));
        assert_eq!(policy().right_of_command(&line), Right::Configure);
    }

    #[test]
    fn what_is_dangerous_is_not_called_harmless() {
        for (name, code) in [
            ("edit-config", "not-harmless"),
            ("commit", "not-harmless"),
            ("commit-configuration", "not-harmless"),
            ("load-configuration", "not-harmless"),
            ("kill-session", "not-harmless"),
            ("discard-changes", "built-in"),
            ("partial-unlock", "not-harmless"),
            ("validate", "built-in"),
            ("action", "built-in"),
            ("command", "built-in"),
            ("get", "built-in"),
            ("ping", "built-in"),
            ("request-reboot", "not-harmless"),
            ("file-show", "not-harmless"),
            ("get-license-key-information", "not-harmless"),
            ("Clear-bgp", "unreadable-name"),
            ("", "unreadable-name"),
            ("clear--bgp", "unreadable-name"),
            ("*", "unreadable-name"),
        ] {
            assert_eq!(HarmlessRpc::parse(name).unwrap_err().code(), code, "{name}");
        }
        for (words, code) in [
            ("clear", "too-wide"),
            ("", "too-wide"),
            ("request system snapshot", "not-harmless"),
            ("ip route add", "not-harmless"),
            ("sudo ls", "not-harmless"),
            ("show-it $HOME", "unreadable-name"),
            ("clear bgp; reboot", "unreadable-name"),
            ("clear -f", "unreadable-name"),
        ] {
            assert_eq!(HarmlessCommand::parse(words).unwrap_err().code(), code, "{words}");
        }
    }

    /// The list of `docs/policy.md`.
    #[test]
    fn the_documentation_says_which_words_are_dangerous() {
        let words: Vec<String> = DANGEROUS_WORDS.iter().map(|word| format!("`{word}`")).collect();
        let words = words.join(", ");
        let documentation = include_str!("../../../../docs/policy.md");
        assert!(documentation.contains(&words), "docs/policy.md should hold:\n{words}");
    }
}
