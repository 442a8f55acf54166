//! What `?`, Tab and the space bar do while a line is typed.
//!
//! ```text
//!   Space  completes a word of a command or statement       sh␣ ──▶ show␣
//!   Tab    the same, and names that are in the configuration
//!   ?      lists what may stand there; the line stays
//! ```
//!
//! Inside quotation marks they are ordinary characters.

use std::sync::{Arc, Mutex, PoisonError};

use homing_proto::junos_cli::line::Line;
use homing_proto::junos_cli::{Choice, Kind};
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, KeyEvent, RepeatCount};

use super::shell::Shared;

/// The key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Space,
    Tab,
    Help,
}

/// Where in the line help was asked for: set by a key, taken when the line comes back.
pub(super) type Asked = Arc<Mutex<Option<usize>>>;

/// What one key does.
pub(super) struct Keys {
    pub(super) key: Key,
    pub(super) shared: Shared,
    pub(super) asked: Asked,
}

impl Key {
    /// The key's event.
    pub(super) fn event(self) -> Event {
        Event::from(match self {
            Self::Space => KeyEvent::from(' '),
            Self::Tab => KeyEvent::from('\t'),
            Self::Help => KeyEvent::from('?'),
        })
    }
}

/// What comes of a key.
#[derive(Debug, PartialEq, Eq)]
enum Effect {
    /// The character itself.
    Itself,
    /// Nothing.
    Nothing,
    /// This is put behind the cursor.
    Insert(String),
    /// The choices are listed.
    List,
}

impl ConditionalEventHandler for Keys {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let left = context.line().get(..context.pos()).unwrap_or_default();
        match self.effect(left) {
            Effect::Itself => None,
            Effect::Nothing => Some(Cmd::Noop),
            Effect::Insert(text) => Some(Cmd::Insert(1, text)),
            Effect::List => {
                let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
                *asked = Some(context.pos());
                Some(Cmd::AcceptLine)
            }
        }
    }
}

impl Keys {
    fn effect(&self, left: &str) -> Effect {
        let line = Line::new(left);
        if line.open_quote.is_some() {
            return if self.key == Key::Tab { Effect::Nothing } else { Effect::Itself };
        }
        if self.key == Key::Help {
            return Effect::List;
        }
        let word = line.partial.text;
        if self.key == Key::Space && (word.is_empty() || line.partial.quoted) {
            return Effect::Itself;
        }
        match super::shell::choices(&self.shared, left) {
            Ok((_, choices)) => effect(self.key, &word, &choices),
            Err(_) if self.key == Key::Tab => Effect::List,
            Err(_) => Effect::Itself,
        }
    }
}

/// What the key does behind `word`, where these may stand.
fn effect(key: Key, word: &str, choices: &[Choice]) -> Effect {
    let fits = |choice: &&Choice| match choice.kind {
        Kind::Word => true,
        Kind::Name => key == Key::Tab,
        Kind::Slot | Kind::Enter => false,
    };
    let fitting: Vec<&Choice> = choices.iter().filter(fits).collect();
    let takes_more = choices.iter().any(|choice| !choice.is_literal());
    let otherwise = if key == Key::Space { Effect::Itself } else { Effect::List };
    if fitting.iter().any(|choice| choice.text == word) && key == Key::Space {
        return Effect::Itself;
    }
    match fitting.as_slice() {
        [] => otherwise,
        [_] if word.is_empty() && takes_more => otherwise,
        [only] => match only.text.strip_prefix(word) {
            Some(rest) if !only.text.contains(char::is_whitespace) => {
                Effect::Insert(format!("{rest} "))
            }
            _ => otherwise,
        },
        several => {
            let common = common(several);
            match common.strip_prefix(word) {
                Some(rest) if !rest.is_empty() => Effect::Insert(rest.to_owned()),
                _ if takes_more && key == Key::Space && word.contains(['.', ':']) => Effect::Itself,
                _ => Effect::List,
            }
        }
    }
}

/// What all choices begin with.
fn common<'c>(choices: &[&'c Choice]) -> &'c str {
    let Some((first, rest)) = choices.split_first() else { return "" };
    let mut length = first.text.len();
    for choice in rest {
        let same =
            first.text.chars().zip(choice.text.chars()).take_while(|(one, other)| one == other);
        length = length.min(same.map(|(one, _)| one.len_utf8()).sum());
    }
    first.text.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(text: &str, kind: Kind) -> Choice {
        Choice { text: text.to_owned(), help: String::new(), kind }
    }

    #[test]
    fn a_word_is_completed_when_only_one_fits() {
        let one = [choice("show", Kind::Word)];
        assert_eq!(effect(Key::Space, "sh", &one), Effect::Insert("ow ".into()));
        assert_eq!(effect(Key::Space, "show", &one), Effect::Itself);
        assert_eq!(effect(Key::Tab, "show", &one), Effect::Insert(" ".into()));
        let two =
            [choice("class", Kind::Word), choice("classes", Kind::Word), choice("x", Kind::Enter)];
        assert_eq!(effect(Key::Tab, "cl", &two), Effect::Insert("ass".into()));
        assert_eq!(effect(Key::Tab, "class", &two), Effect::List);
        assert_eq!(effect(Key::Space, "class", &two), Effect::Itself);
    }

    #[test]
    fn names_are_completed_by_tab_alone() {
        let name = [choice("mist", Kind::Name), choice("<name>", Kind::Slot)];
        assert_eq!(effect(Key::Space, "m", &name), Effect::Itself);
        assert_eq!(effect(Key::Tab, "m", &name), Effect::Insert("ist ".into()));
        assert_eq!(effect(Key::Tab, "", &name), Effect::List);
    }
}
