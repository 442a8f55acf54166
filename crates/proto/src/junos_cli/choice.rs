//! What may stand somewhere, as `?` lists it.

/// One thing that may stand in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The word, or what stands for it: `<name>`.
    pub text: String,
    /// A sentence about it.
    pub help: String,
    /// What it is.
    pub kind: Kind,
}

/// What a choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word of a command or statement.
    Word,
    /// A name or value in the configuration.
    Name,
    /// A word that the user makes up.
    Slot,
    /// Enter.
    Enter,
}

impl Choice {
    pub(super) fn word(text: &str, help: &str) -> Self {
        Self { text: text.to_owned(), help: help.to_owned(), kind: Kind::Word }
    }

    pub(super) fn name(text: &str) -> Self {
        Self { text: text.to_owned(), help: String::new(), kind: Kind::Name }
    }

    pub(super) fn slot(text: &str, help: &str) -> Self {
        Self { text: text.to_owned(), help: help.to_owned(), kind: Kind::Slot }
    }

    pub(super) fn enter() -> Self {
        let help = "Execute this command".to_owned();
        Self { text: "<[Enter]>".to_owned(), help, kind: Kind::Enter }
    }

    /// Whether it is a word that can be completed.
    pub fn is_literal(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Name)
    }
}

/// The choices as `?` shows them, under `Possible completions:`.
pub fn list(choices: &[Choice]) -> String {
    let mut out = String::from("Possible completions:\n");
    let shown = |choice: &Choice| super::line::quote(&choice.text).chars().count();
    let width = choices.iter().map(shown).max().unwrap_or(0).clamp(12, 36);
    for choice in choices {
        let text = match choice.kind {
            Kind::Name => super::line::quote(&choice.text),
            _ => choice.text.clone(),
        };
        let line = format!("  {text:<width$}  {}", choice.help);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if choices.is_empty() {
        out = "No valid completions\n".to_owned();
    }
    out
}

/// Words first, each kind by the alphabet.
pub(super) fn sort(choices: &mut [Choice]) {
    let key = |choice: &Choice| (!choice.is_literal(), choice.text.clone());
    choices.sort_by_key(key);
}
