//! What a command's output passes through: `| match x | count`.
//!
//! Source: Junos CLI, *Pipe ( | ) Filter Functions*.

use regex_lite::{Regex, RegexBuilder};

use super::error::{ParseError, Problem};
use super::words::Word;

/// The most bytes that a compiled pattern may take.
const PATTERN_SIZE: usize = 256 * 1024;

/// One pipe.
#[derive(Clone, Debug)]
pub enum Pipe {
    /// The form of the output, chosen before there is any.
    Display(Display),
    /// Only lines that the pattern is in.
    Match(Pattern),
    /// Only lines that it is not in.
    Except(Pattern),
    /// From the first line that it is in.
    Find(Pattern),
    /// How many lines there are.
    Count,
    /// The last lines, so many.
    Last(usize),
    /// Each line without so many columns of its beginning.
    Trim(usize),
    /// All at once, no pauses: what we do anyway, unless a person sits there.
    NoMore,
    /// Changes instead of contents, against this rollback; against the running one if none is named.
    Compare(Option<u32>),
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// Elements.
    Xml,
    /// The RPC that the command stands for.
    XmlRpc,
    /// JSON.
    Json,
    /// `set` lines.
    Set,
    /// What each statement inherits; there are no groups here, so nothing changes.
    Inheritance,
    /// Comments of the schema, of which we have none, so nothing changes.
    Detail,
}

/// A regular expression, in which the case of letters doesn't count.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Whether it is in `line`.
    pub fn is_in(&self, line: &str) -> bool {
        self.0.is_match(line)
    }
}

/// A pipe's word, what it means, and what may follow.
pub(super) struct PipeSpec {
    pub(super) word: &'static str,
    pub(super) help: &'static str,
    pub(super) then: &'static [(&'static str, &'static str)],
}

const PATTERN: &[(&str, &str)] = &[("<pattern>", "regular expression; letters in either case")];

/// Every pipe.
pub(super) const PIPES: &[PipeSpec] = &[
    PipeSpec {
        word: "compare",
        help: "changes against another configuration",
        then: &[("rollback", "an earlier one"), ("<[Enter]>", "the running one")],
    },
    PipeSpec { word: "count", help: "how many lines there are", then: &[] },
    PipeSpec {
        word: "display",
        help: "another form of output",
        then: &[
            ("detail", "with what the schema says"),
            ("inheritance", "with what is inherited"),
            ("json", "as JSON"),
            ("set", "as set commands"),
            ("xml", "as XML elements"),
        ],
    },
    PipeSpec { word: "except", help: "lines that the pattern is not in", then: PATTERN },
    PipeSpec { word: "find", help: "from the first line that the pattern is in", then: PATTERN },
    PipeSpec { word: "last", help: "the last lines", then: &[("<lines>", "how many (10)")] },
    PipeSpec { word: "match", help: "lines that the pattern is in", then: PATTERN },
    PipeSpec { word: "no-more", help: "no pauses", then: &[] },
    PipeSpec {
        word: "trim",
        help: "lines without their beginning",
        then: &[("<columns>", "how many")],
    },
];

/// Pipes of Junos that change more than the output, or need a terminal.
const REFUSED: [&str; 6] = ["append", "hold", "refresh", "request", "save", "tee"];

impl Pipe {
    /// Reads one pipe; `at` is where its `|` stands.
    pub(super) fn of(words: &[Word], at: usize) -> Result<Self, ParseError> {
        let Some((first, rest)) = words.split_first() else {
            return Err(ParseError::new(Problem::Incomplete, at + 1, "")
                .expecting(PIPES.iter().map(|pipe| pipe.word)));
        };
        let word = word_of(first)?;
        let arguments = Arguments { rest, at: first.start + first.text.len() };
        match word {
            "display" => arguments.display().map(Self::Display),
            "match" => arguments.pattern().map(Self::Match),
            "except" => arguments.pattern().map(Self::Except),
            "find" => arguments.pattern().map(Self::Find),
            "last" => arguments.number(Some(10)).map(Self::Last),
            "trim" => arguments.number(None).map(Self::Trim),
            "compare" => arguments.compare().map(Self::Compare),
            "count" => arguments.none().map(|()| Self::Count),
            _ => arguments.none().map(|()| Self::NoMore),
        }
    }

    /// Passes `text` through; forms and comparisons are for whoever makes the text.
    fn pass(&self, text: String) -> String {
        let lines = |keep: &dyn Fn(&str) -> bool| {
            let kept = text.split_inclusive('\n').filter(|line| keep(line.trim_end_matches('\n')));
            kept.collect::<String>()
        };
        match self {
            Self::Match(pattern) => lines(&|line| pattern.is_in(line)),
            Self::Except(pattern) => lines(&|line| !pattern.is_in(line)),
            Self::Find(pattern) => {
                let all = text.split_inclusive('\n');
                let found = all.skip_while(|line| !pattern.is_in(line.trim_end_matches('\n')));
                found.collect()
            }
            Self::Count => format!("Count: {} lines\n", text.lines().count()),
            Self::Last(count) => {
                let all: Vec<_> = text.split_inclusive('\n').collect();
                all.get(all.len().saturating_sub(*count)..).unwrap_or_default().concat()
            }
            Self::Trim(columns) => {
                let mut out = String::with_capacity(text.len());
                for line in text.lines() {
                    out.extend(line.chars().skip(*columns));
                    out.push('\n');
                }
                out
            }
            Self::Display(_) | Self::NoMore | Self::Compare(_) => text,
        }
    }
}

/// Passes `text` through all pipes, in their order.
pub fn pass(pipes: &[Pipe], text: String) -> String {
    pipes.iter().fold(text, |text, pipe| pipe.pass(text))
}

fn word_of(first: &Word) -> Result<&'static str, ParseError> {
    use super::command::{Fits, ambiguous, one_of};
    match one_of(PIPES.iter().map(|pipe| pipe.word), first) {
        Fits::One(word) => Ok(word),
        Fits::Several(several) => Err(ambiguous(first, several)),
        Fits::None if REFUSED.contains(&first.text.as_str()) => {
            Err(ParseError::new(Problem::NotSupported, first.start, &first.text))
        }
        Fits::None => Err(ParseError::new(Problem::Unknown, first.start, &first.text)
            .expecting(PIPES.iter().map(|pipe| pipe.word))),
    }
}

/// What stands behind a pipe's word.
struct Arguments<'a> {
    rest: &'a [Word],
    /// Where it would begin.
    at: usize,
}

impl<'a> Arguments<'a> {
    fn missing(&self, expected: &'static str) -> ParseError {
        ParseError::new(Problem::Incomplete, self.at, "").expecting([expected])
    }

    fn too_many(&self, from: usize) -> Result<(), ParseError> {
        match self.rest.get(from) {
            None => Ok(()),
            Some(word) => Err(ParseError::new(Problem::Unknown, word.start, &word.text)
                .expecting(["|", "the end of the line"])),
        }
    }

    fn none(&self) -> Result<(), ParseError> {
        self.too_many(0)
    }

    fn first(&self, expected: &'static str) -> Result<&'a Word, ParseError> {
        self.rest.first().ok_or_else(|| self.missing(expected))
    }

    fn display(&self) -> Result<Display, ParseError> {
        const FORMS: [&str; 5] = ["detail", "inheritance", "json", "set", "xml"];
        use super::command::{Fits, ambiguous, one_of};
        let first = self.rest.first();
        let first = first
            .ok_or_else(|| ParseError::new(Problem::Incomplete, self.at, "").expecting(FORMS))?;
        let form = match one_of(FORMS.into_iter(), first) {
            Fits::One(form) => form,
            Fits::Several(several) => return Err(ambiguous(first, several)),
            Fits::None => {
                let unknown = ParseError::new(Problem::Unknown, first.start, &first.text);
                return Err(unknown.expecting(FORMS));
            }
        };
        let is_rpc = self.rest.get(1).is_some_and(|word| word.text == "rpc");
        match (form, is_rpc) {
            ("xml", true) => self.too_many(2).map(|()| Display::XmlRpc),
            // `| display inheritance no-comments` and the like.
            ("inheritance", _) => Ok(Display::Inheritance),
            ("xml", false) => self.too_many(1).map(|()| Display::Xml),
            ("json", _) => self.too_many(1).map(|()| Display::Json),
            ("set", _) => self.too_many(1).map(|()| Display::Set),
            _ => self.too_many(1).map(|()| Display::Detail),
        }
    }

    fn pattern(&self) -> Result<Pattern, ParseError> {
        let word = self.first("<pattern>")?;
        self.too_many(1)?;
        let regex =
            RegexBuilder::new(&word.text).case_insensitive(true).size_limit(PATTERN_SIZE).build();
        regex.map(Pattern).map_err(|_| ParseError::new(Problem::Pattern, word.start, &word.text))
    }

    fn number(&self, default: Option<usize>) -> Result<usize, ParseError> {
        let word = match (self.rest.first(), default) {
            (None, Some(default)) => return Ok(default),
            (None, None) => return Err(self.missing("a number")),
            (Some(word), _) => word,
        };
        self.too_many(1)?;
        word.text.parse().map_err(|_| {
            ParseError::new(Problem::Value, word.start, &word.text).expecting(["a number"])
        })
    }

    fn compare(&self) -> Result<Option<u32>, ParseError> {
        let Some(first) = self.rest.first() else {
            return Ok(None);
        };
        if first.quoted || !"rollback".starts_with(&first.text) {
            return Err(
                ParseError::new(Problem::Unknown, first.start, &first.text).expecting(["rollback"])
            );
        }
        self.too_many(2)?;
        let number = self.rest.get(1).ok_or_else(|| self.missing("<number>"))?;
        match number.text.parse() {
            Ok(wanted) if wanted < 50 => Ok(Some(wanted)),
            _ => Err(ParseError::new(Problem::Value, number.start, &number.text)
                .expecting(["a number from 0 to 49"])),
        }
    }
}
