//! One command as it was understood, and the way from words to it.
//!
//! ```text
//!   sh sys up ─▶ show system uptime       a word may be cut short while only one fits
//! ```

use super::error::{ParseError, Problem};
use super::grammar::{COMMANDS, Choice, Spec, Takes};
use super::words::Word;
use crate::netconf::element::Element;

/// A command with its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    spec: &'static Spec,
    arguments: Vec<Argument>,
}

/// One option of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The element of the RPC that carries it.
    pub element: &'static str,
    /// Its value; several only for a path to the end.
    pub values: Vec<String>,
}

impl Command {
    /// Its words, in full.
    pub fn name(&self) -> String {
        self.spec.words.join(" ")
    }

    /// The RPC that does the same.
    pub fn rpc_name(&self) -> &'static str {
        self.spec.rpc
    }

    /// Whether an option is there.
    pub fn has(&self, element: &str) -> bool {
        self.arguments.iter().any(|argument| argument.element == element)
    }

    /// An option's value.
    pub fn value(&self, element: &str) -> Option<&str> {
        self.values(element).first().map(String::as_str)
    }

    /// An option's values.
    pub fn values(&self, element: &str) -> &[String] {
        let argument = self.arguments.iter().find(|argument| argument.element == element);
        argument.map_or(&[], |argument| argument.values.as_slice())
    }

    /// The statement path of `show configuration`; empty for the whole.
    pub fn path(&self) -> &[String] {
        self.values("configuration")
    }

    /// The RPC's element. The path of `show configuration` is not in it: see [`Command::path`].
    pub fn rpc(&self) -> Element {
        let mut rpc = Element::new(self.spec.rpc);
        for argument in &self.arguments {
            match argument.values.as_slice() {
                [] => rpc.children.push(Element::new(argument.element)),
                [value] if argument.element != "configuration" => {
                    rpc.children.push(Element::with_text(argument.element, value.as_str()));
                }
                _ => {}
            }
        }
        rpc
    }

    /// Finds the command that these words mean; `end` is where the line ends.
    pub(super) fn of(words: &[Word], end: usize) -> Result<Self, ParseError> {
        let (spec, used) = find(words, end)?;
        let mut command = Self { spec, arguments: Vec::new() };
        let mut rest = words.get(used..).unwrap_or_default().iter();
        while let Some(word) = rest.next() {
            let choice = command.choose(word)?;
            if command.has(choice.element) {
                return Err(ParseError::new(Problem::Twice, word.start, &word.text));
            }
            let values = match (choice.takes, choice.word) {
                (Takes::Nothing, _) => Vec::new(),
                (Takes::Rest(_), _) => {
                    std::iter::once(word).chain(rest.by_ref()).map(|it| it.text.clone()).collect()
                }
                (takes, None) => vec![value(takes, word)?],
                (takes, Some(_)) => {
                    let next = rest.next();
                    let missing = || ParseError::new(Problem::Incomplete, end, "");
                    let next = next.ok_or_else(|| missing().expecting(takes.placeholder()))?;
                    vec![value(takes, next)?]
                }
            };
            command.arguments.push(Argument { element: choice.element, values });
        }
        let missing = spec.options.iter().find(|each| each.required && !command.has(each.element));
        match missing {
            None => Ok(command),
            Some(missing) => Err(ParseError::new(Problem::Incomplete, end, "")
                .expecting(missing.takes.placeholder())),
        }
    }

    /// What `word` means behind what has been read so far.
    fn choose(&self, word: &Word) -> Result<&'static Choice, ParseError> {
        let open = |each: &&Choice| each.word.is_none() && !self.has(each.element);
        let alone = self.spec.options.iter().find(open);
        let must = alone.filter(|each| each.required);
        let keywords = self.spec.options.iter().filter_map(|each| each.word);
        let keyword = match one_of(keywords, word) {
            Fits::One(keyword) if must.is_none() || keyword == word.text => Some(keyword),
            Fits::Several(several) if alone.is_none() => {
                return Err(ambiguous(word, several));
            }
            _ => None,
        };
        match (keyword, alone) {
            (Some(keyword), _) => {
                let found = self.spec.options.iter().find(|each| each.word == Some(keyword));
                found.ok_or_else(|| ParseError::new(Problem::Unknown, word.start, &word.text))
            }
            (None, Some(alone)) => Ok(alone),
            (None, None) => Err(ParseError::new(Problem::Unknown, word.start, &word.text)
                .expecting(self.possible().into_iter().filter_map(choice_name))),
        }
    }

    /// The options that may still follow.
    pub(super) fn possible(&self) -> Vec<&'static Choice> {
        self.spec.options.iter().filter(|each| !self.has(each.element)).collect()
    }
}

/// How an option is called in a list of what may stand at a place.
pub(super) fn choice_name(choice: &Choice) -> Option<&'static str> {
    choice.word.or(choice.takes.placeholder())
}

fn value(takes: Takes, word: &Word) -> Result<String, ParseError> {
    let wrong = |expected: String| {
        Err(ParseError::new(Problem::Value, word.start, &word.text).expecting([expected]))
    };
    match takes {
        Takes::Number(_, most) => match word.text.parse::<u32>() {
            Ok(number) if number <= most => Ok(number.to_string()),
            _ => wrong(format!("a number from 0 to {most}")),
        },
        _ if word.text.len() > super::MAX_VALUE => {
            wrong(format!("at most {} bytes", super::MAX_VALUE))
        }
        _ => Ok(word.text.clone()),
    }
}

/// The command of these words, and how many of them are its own.
pub(super) fn find(words: &[Word], end: usize) -> Result<(&'static Spec, usize), ParseError> {
    let mut specs: Vec<&'static Spec> = COMMANDS.iter().collect();
    let mut depth = 0;
    loop {
        let whole = specs.iter().find(|spec| spec.words.len() == depth).copied();
        let next = next_words(&specs, depth);
        let fits = words.get(depth).map(|word| (word, one_of(next.iter().copied(), word)));
        match (fits, whole) {
            (Some((_, Fits::One(keyword))), _) => {
                specs.retain(|spec| spec.words.get(depth) == Some(&keyword));
                depth += 1;
            }
            (_, Some(whole)) => return Ok((whole, depth)),
            (Some((word, Fits::Several(several))), None) => return Err(ambiguous(word, several)),
            (Some((word, Fits::None)), None) => {
                let unknown = ParseError::new(Problem::Unknown, word.start, &word.text);
                return Err(unknown.expecting(next));
            }
            (None, None) => {
                return Err(ParseError::new(Problem::Incomplete, end, "").expecting(next));
            }
        }
    }
}

/// The different words at this place of these commands.
pub(super) fn next_words(specs: &[&'static Spec], depth: usize) -> Vec<&'static str> {
    let mut words: Vec<_> =
        specs.iter().filter_map(|spec| spec.words.get(depth).copied()).collect();
    words.dedup();
    words
}

/// Which keywords a word may stand for.
pub(super) enum Fits {
    None,
    One(&'static str),
    Several(Vec<&'static str>),
}

/// A keyword that is the very word, or the only one that begins with it.
pub(super) fn one_of(keywords: impl Iterator<Item = &'static str>, word: &Word) -> Fits {
    if word.quoted {
        return Fits::None;
    }
    let mut fitting: Vec<_> = keywords.filter(|own| own.starts_with(word.text.as_str())).collect();
    if let Some(exact) = fitting.iter().find(|own| **own == word.text) {
        return Fits::One(exact);
    }
    match (fitting.pop(), fitting.is_empty()) {
        (None, _) => Fits::None,
        (Some(only), true) => Fits::One(only),
        (Some(last), false) => {
            fitting.push(last);
            Fits::Several(fitting)
        }
    }
}

pub(super) fn ambiguous(word: &Word, several: Vec<&'static str>) -> ParseError {
    ParseError::new(Problem::Ambiguous, word.start, &word.text).expecting(several)
}
