//! Which right a line of a device's command line needs.
//!
//! ```text
//!   show interfaces terse | match "ge-|xe-" | count        View
//!   ping 192.0.2.1 count 5                                 Operate
//!   show configuration | save /var/tmp/x                   Configure: a pipe that writes
//!   show version; request system reboot                    Configure: more than one command
//! ```
//!
//! The same line may be read by Junos's CLI, by another vendor's or by a shell, so only what all of them
//! read alike is less than [`Right::Configure`]: plain words, text in double quotes, and pipes that filter.
//!
//! Source: Junos, *Pipe ( | ) Filter Functions in the Junos OS CLI*; POSIX, *Shell Command Language*, 2.2.

use super::Right;

/// The longest line that may be anything but [`Right::Configure`].
const LONGEST: usize = 1024;

/// Commands by which nothing that lasts is changed: how they begin.
pub const HARMLESS: &[&[&str]] = &[
    &["ping"],
    &["traceroute"],
    &["clear", "arp"],
    &["clear", "counters"],
    &["clear", "firewall"],
    &["clear", "interfaces", "statistics"],
    &["clear", "ipv6", "neighbors"],
    &["monitor", "traffic"],
];

/// What may follow `|`, and what may follow it there.
pub const FILTERS: &[(&str, Arguments)] = &[
    ("begin", Arguments::Pattern),
    ("compare", Arguments::Rollback),
    ("count", Arguments::None),
    ("display", Arguments::Words),
    ("except", Arguments::Pattern),
    ("exclude", Arguments::Pattern),
    ("find", Arguments::Pattern),
    ("hold", Arguments::None),
    ("include", Arguments::Pattern),
    ("last", Arguments::Number),
    ("match", Arguments::Pattern),
    ("no-more", Arguments::None),
    ("resolve", Arguments::Words),
    ("section", Arguments::Pattern),
    ("trim", Arguments::Number),
];

/// What a filter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arguments {
    /// Nothing.
    None,
    /// One pattern.
    Pattern,
    /// A number or nothing.
    Number,
    /// Words of small letters, digits and dashes.
    Words,
    /// `rollback` and a number, or nothing.
    Rollback,
}

/// One word of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word<'a> {
    text: &'a str,
    is_quoted: bool,
}

/// The right that `line` needs; [`Right::Configure`] for all that is not known to be harmless.
#[must_use]
pub fn right(line: &str) -> Right {
    let Some(parts) = parse(line) else {
        return Right::Configure;
    };
    let Some((command, filters)) = parts.split_first() else {
        return Right::Configure;
    };
    if !filters.iter().all(|filter| is_filter(filter)) {
        return Right::Configure;
    }
    let begins_with = |beginning: &[&str]| {
        beginning.len() <= command.len()
            && command.iter().zip(beginning).all(|(word, own)| word.is(own))
    };
    if begins_with(&["show"]) {
        Right::View
    } else if HARMLESS.iter().any(|beginning| begins_with(beginning)) && writes_nothing(command) {
        Right::Operate
    } else {
        Right::Configure
    }
}

/// Whether `line` is one command that begins with these words, with filters alone behind it, without options and without any
/// of the words `never`.
pub(super) fn begins(line: &str, beginning: &[String], never: &[&str]) -> bool {
    let Some(parts) = parse(line) else {
        return false;
    };
    let Some((command, filters)) = parts.split_first() else {
        return false;
    };
    let is_never = |word: &Word<'_>| word.text.split('-').any(|part| never.contains(&part));
    beginning.len() <= command.len()
        && command.iter().zip(beginning).all(|(word, own)| word.is(own))
        && !command.iter().any(is_never)
        && writes_nothing(command)
        && filters.iter().all(|filter| is_filter(filter))
}

/// `monitor traffic write-file x` is not harmless, nor is an option of a shell's `ping`.
fn writes_nothing(command: &[Word<'_>]) -> bool {
    !command.iter().any(|word| word.text.starts_with('-') || word.text.contains("write"))
}

fn is_filter(words: &[Word<'_>]) -> bool {
    let Some((name, arguments)) = words.split_first() else {
        return false;
    };
    let Some((_, takes)) = FILTERS.iter().find(|(own, _)| name.is(own)) else {
        return false;
    };
    match (takes, arguments) {
        (Arguments::None | Arguments::Number | Arguments::Rollback, []) => true,
        (Arguments::Pattern, [pattern]) => pattern.is_pattern(),
        (Arguments::Number, [number]) => number.is_number(),
        (Arguments::Rollback, [rollback, number]) => rollback.is("rollback") && number.is_number(),
        (Arguments::Words, words) => words.iter().all(|word| word.is_small()),
        _ => false,
    }
}

impl Word<'_> {
    fn is(&self, text: &str) -> bool {
        !self.is_quoted && self.text == text
    }

    fn is_number(&self) -> bool {
        !self.text.is_empty() && self.text.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn is_small(&self) -> bool {
        let mut bytes = self.text.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
            && bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    }

    /// No option of a program, and nothing that a shell makes one of.
    fn is_pattern(&self) -> bool {
        match self.text.chars().next() {
            Some('-') | None => false,
            Some('*' | '[') => self.is_quoted,
            Some(_) => true,
        }
    }
}

/// The words between the pipes; `None` if some reader might read them in another way.
fn parse(line: &str) -> Option<Vec<Vec<Word<'_>>>> {
    let mut rest =
        Some(line.trim_matches([' ', '\t', '\r', '\n'])).filter(|l| l.len() <= LONGEST)?;
    let mut parts = vec![Vec::new()];
    while let Some(first) = rest.chars().next() {
        let words = parts.last_mut()?;
        let length = match first {
            ' ' => 1,
            '|' => {
                parts.push(Vec::new());
                1
            }
            '"' => {
                let text = rest.get(1..)?.split_once('"')?.0;
                if !text.chars().all(is_quotable) || !ends_word(rest.get(text.len() + 2..)?) {
                    return None;
                }
                words.push(Word { text, is_quoted: true });
                text.len() + 2
            }
            _ => {
                let text = rest.get(..rest.find(|c| !is_plain(c)).unwrap_or(rest.len()))?;
                if text.is_empty() || !ends_word(rest.get(text.len()..)?) {
                    return None;
                }
                words.push(Word { text, is_quoted: false });
                text.len()
            }
        };
        rest = rest.get(length..)?;
    }
    parts.iter().all(|words| !words.is_empty()).then_some(parts)
}

/// Words end with a blank, a pipe or the line: readers differ over quotes inside a word.
fn ends_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '|'])
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_./:,@+=%*[]".contains(character)
}

fn is_quotable(character: char) -> bool {
    matches!(character, ' '..='~') && !"\"$`\\!".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn show_commands_with_filters_are_looked_at() {
        for line in [
            "show version",
            "  show interfaces terse\n",
            "show interfaces ge-0/0/* | match up",
            "show interfaces | match \"ge-|xe-\" | except down | count",
            "show configuration | display set | no-more",
            "show configuration | compare rollback 1",
            "show log messages | last 50",
            "show route | find 0.0.0.0/0 | trim 4 | hold",
            "show version|no-more",
            "show arp | resolve full-names",
        ] {
            assert_eq!(right(line), Right::View, "{line}");
        }
    }

    #[test]
    fn harmless_commands_are_operated() {
        for line in ["ping 192.0.2.1 count 5", "traceroute host", "clear interfaces statistics all"]
        {
            assert_eq!(right(line), Right::Operate, "{line}");
        }
    }

    #[test]
    fn everything_else_configures() {
        for line in [
            "",
            "|",
            "show version |",
            "show configuration | save /var/tmp/x",
            "show configuration | append x",
            "show configuration | tee x",
            "show version | request system reboot",
            "show version ; request system reboot",
            "show version;reboot",
            "show version && reboot",
            "show version || reboot",
            "show version & reboot",
            "show version > /etc/passwd",
            "show version < /etc/shadow",
            "show version\nrequest system reboot",
            "show version\rreboot",
            "show `reboot`",
            "show $(reboot)",
            "show \"$(reboot)\"",
            "show \"a\\\" | save x\"",
            "show 'a' | match 'b | save c'",
            "show x | match a\"b | save x\"",
            "show x | match \"a\"b",
            "show \"unbalanced",
            "show x | find -delete",
            "show x | find \"-delete\"",
            "show x | find / -delete",
            "show x | find *",
            "show x | last -f",
            "show x | display -write",
            "show x | compare /etc/a",
            "show x | (reboot)",
            "show x | {reboot",
            "show x # y",
            "show x !y",
            "show ~root",
            "show caf\u{e9}",
            "show\tversion",
            "\"show\" version",
            "SHOW version",
            "sh ver",
            "shows",
            "request system reboot",
            "configure",
            "clear log messages",
            "clear",
            "file show /etc/passwd",
            "monitor traffic write-file x",
            "ping -f host",
            "start shell",
            "rm -rf /",
        ] {
            assert_eq!(right(line), Right::Configure, "{line:?}");
        }
        assert_eq!(right(&format!("show {}", "x".repeat(LONGEST))), Right::Configure);
    }

    proptest! {
        /// What a shell or a CLI could take for more than words and filters makes a line a change.
        #[test]
        fn a_line_with_a_mark_outside_quotes_is_never_only_looked_at(
            before in "[a-z ]{0,10}",
            mark in prop::sample::select(&[";", "&", "<", ">", "`", "$", "\\", "'", "\n", "\r", "(", ")", "#", "!", "~", "\0"][..]),
            after in "[a-z ]{1,10}",
        ) {
            prop_assert_eq!(right(&format!("show x {before}{mark}{after}x")), Right::Configure);
        }

        #[test]
        fn only_known_filters_pass(filter in "[a-z-]{1,8}") {
            let known = FILTERS.iter().any(|(own, _)| *own == filter);
            let right = right(&format!("show x | {filter} 1"));
            prop_assert!(known || right == Right::Configure);
        }

        #[test]
        fn any_line_is_taken(line in "\\PC{0,40}") {
            let _ = right(&line);
        }
    }
}
