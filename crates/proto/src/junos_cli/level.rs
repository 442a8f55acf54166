//! The level that is edited: `edit`, `up`, `top`.
//!
//! A level ends with a whole statement: the name of a list goes with its keyword, so that `up` goes from
//! `[edit system login user ann]` to `[edit system login]`.

use super::walk::Piece;
use crate::junos::schema::Area;

/// The level that is left of `level` when `top` and `up` stand before a command.
pub(super) fn after<'l>(pieces: &[Piece], level: &'l [String]) -> &'l [String] {
    let mut level = level;
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Word("top") => level = &[],
            Piece::Word("up") => {
                let count = match pieces.peek() {
                    Some(Piece::Value(number)) => number.parse().unwrap_or(1),
                    _ => 1,
                };
                for _ in 0..count {
                    level = parent(level);
                }
            }
            Piece::Value(_) => {}
            _ => break,
        }
    }
    level
}

/// The level above.
pub(super) fn parent(level: &[String]) -> &[String] {
    let ends = ends(level);
    let end = ends.len().checked_sub(2).and_then(|at| ends.get(at)).copied().unwrap_or(0);
    level.get(..end).unwrap_or_default()
}

/// How many words each statement on the way down ends with. Of statements that the schema doesn't know each word is one.
fn ends(level: &[String]) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut area, mut at) = (Area::TOP, 0);
    while let Some(word) = level.get(at) {
        let rule = area.rule_of(word);
        let has_key = rule.is_some_and(|rule| rule.key_name().is_some() && rule.name == word);
        at += if has_key { 2 } else { 1 };
        area = rule.map_or(Area::Unknown, |rule| rule.inside());
        ends.push(at.min(level.len()));
    }
    ends
}

/// Each statement on the way down, as it is written.
pub(super) fn statements(level: &[String]) -> Vec<String> {
    let mut start = 0;
    let mut all = Vec::new();
    for end in ends(level) {
        let words = level.get(start..end).unwrap_or_default();
        let words: Vec<_> = words.iter().map(|word| super::line::quote(word)).collect();
        all.push(words.join(" "));
        start = end;
    }
    all
}

/// What Junos prints above a prompt.
pub(super) fn banner(level: &[String]) -> String {
    let words: Vec<_> = level.iter().map(|word| super::line::quote(word)).collect();
    if words.is_empty() { "[edit]".to_owned() } else { format!("[edit {}]", words.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn up_leaves_a_whole_statement() {
        assert_eq!(parent(&level("system login user ann")), level("system login"));
        assert_eq!(
            parent(&level("system login user ann authentication")),
            level("system login user ann")
        );
        let client = level("system services outbound-ssh client mist 10.0.0.1");
        assert_eq!(parent(&client), level("system services outbound-ssh client mist"));
        assert_eq!(parent(&level("interfaces ge-0/0/0")), level("interfaces"));
        assert_eq!(parent(&level("system")), level(""));
        assert_eq!(parent(&[]), level(""));
    }

    #[test]
    fn words_before_a_command_change_its_level() {
        let deep = level("system login user ann");
        let up =
            |count: &str| [Piece::Word("up"), Piece::Value(count.to_owned()), Piece::Word("show")];
        assert_eq!(after(&up("2"), &deep), level("system"));
        assert_eq!(after(&[Piece::Word("up"), Piece::Word("set")], &deep), level("system login"));
        assert_eq!(after(&[Piece::Word("top"), Piece::Word("show")], &deep), level(""));
        assert_eq!(after(&[Piece::Word("show")], &deep), deep);
    }

    #[test]
    fn the_banner_is_junoss() {
        assert_eq!(banner(&[]), "[edit]");
        assert_eq!(banner(&level("system services")), "[edit system services]");
    }
}
