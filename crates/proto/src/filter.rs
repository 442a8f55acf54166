//! What somebody types to find devices: `state:down site:fra seen:>1h`.
//!
//! ```text
//!   query = term *(blank term)              all terms must hold
//!   term  = ["-"] (key ":" values / word)   "-": must not hold
//!   values = value *("," value)             one of them must hold
//!   value = word / quoted                   in words * and ? stand for any characters and for one; case counts
//!
//!   state:   up, down, new, refused, pending, blocked
//!   name: id: user: listener: source: key:  of the device and its session; the key by its fingerprint
//!   seen:    >1h, <5m: how long ago it was last there; what never was, was longer ago than anything
//!   has:     secret, password, session, pending
//!   site:fra  any other key is a label; tag:KEY:VALUE one whose key is taken
//!   fra      a word is looked for in name, device-id and labels, whatever its case
//! ```

mod parse;
mod rows;
mod subject;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use parse::InvalidFilter;
pub use rows::RowFilter;
pub use subject::Subject;

use crate::access::fits;
use crate::api::{DeviceState, Timestamp};

/// The longest query.
pub const MAX_BYTES: usize = 1024;
/// The most terms.
pub const MAX_TERMS: usize = 32;

/// A set of devices, described by what the gateway knows of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    is_negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    State(Vec<DeviceState>),
    Text(Field, Vec<String>),
    Label(String, Vec<String>),
    Has(Vec<Thing>),
    Seen(Age, Duration),
    Word(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    DeviceId,
    User,
    Listener,
    Source,
    Key,
}

impl Field {
    const ALL: [Self; 6] =
        [Self::Name, Self::DeviceId, Self::User, Self::Listener, Self::Source, Self::Key];

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::DeviceId => "id",
            Self::User => "user",
            Self::Listener => "listener",
            Self::Source => "source",
            Self::Key => "key",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Secret,
    Password,
    Session,
    Pending,
}

impl Thing {
    const ALL: [Self; 4] = [Self::Secret, Self::Password, Self::Session, Self::Pending];

    fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Password => "password",
            Self::Session => "session",
            Self::Pending => "pending",
        }
    }
}

/// Which side of a moment in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    LongerAgo,
    NotLongerAgo,
}

impl Filter {
    /// Reads a query.
    ///
    /// # Errors
    /// What was expected, and where.
    pub fn parse(text: &str) -> Result<Self, InvalidFilter> {
        parse::parse(text)
    }

    /// Whether every device fits.
    #[must_use]
    pub fn is_every(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a device fits at this moment.
    #[must_use]
    pub fn matches<S: Subject>(&self, subject: &S, now: Timestamp) -> bool {
        self.0.iter().all(|term| term.test.holds(subject, now) != term.is_negated)
    }
}

impl Test {
    fn holds<S: Subject>(&self, subject: &S, now: Timestamp) -> bool {
        match self {
            Self::State(states) => states.contains(&subject.state()),
            Self::Text(field, patterns) => {
                texts(*field, subject, |text| patterns.iter().any(|one| fits(one, text)))
            }
            Self::Label(key, patterns) => subject
                .tags()
                .get(key)
                .is_some_and(|value| patterns.iter().any(|pattern| fits(pattern, value))),
            Self::Has(things) => things.iter().any(|thing| match thing {
                Thing::Secret => subject.has_secret(),
                Thing::Password => subject.has_password(),
                Thing::Session => subject.has_session(),
                Thing::Pending => subject.has_pending(),
            }),
            Self::Seen(age, limit) => {
                let is_longer = match subject.last_there(now) {
                    None => true,
                    Some(then) => now.duration_since(then) > signed(*limit),
                };
                is_longer == (*age == Age::LongerAgo)
            }
            Self::Word(word) => contains(subject, word),
        }
    }
}

fn texts<S: Subject>(field: Field, subject: &S, is_wanted: impl Fn(&str) -> bool) -> bool {
    match field {
        Field::Name => is_wanted(subject.name()),
        Field::DeviceId => subject.device_id().is_some_and(is_wanted),
        Field::User => subject.user().is_some_and(is_wanted),
        Field::Listener => subject.came_in_by(is_wanted),
        Field::Source => subject.came_from(|source| {
            // With its port and without.
            let host = source.rsplit_once(':').map_or(source, |(host, _)| host);
            is_wanted(source) || is_wanted(host.trim_matches(['[', ']']))
        }),
        Field::Key => subject.has_key(|key| is_wanted(&key.to_string())),
    }
}

fn signed(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}

fn contains<S: Subject>(subject: &S, word: &str) -> bool {
    let lower = word.to_lowercase();
    let is_in = |text: &str| holds_word(text, &lower);
    is_in(subject.name())
        || subject.device_id().is_some_and(is_in)
        || subject.tags().iter().any(|(key, value)| is_in(key) || is_in(value))
}

/// Whether `text`, whatever its case, holds the lower-case `word`. Nearly all text is ASCII, and needs no copy.
fn holds_word(text: &str, word: &str) -> bool {
    if !text.is_ascii() || !word.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    word.is_empty()
        || text
            .as_bytes()
            .windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, term) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            if term.is_negated {
                f.write_str("-")?;
            }
            term.test.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: Vec<String>| items.join(",");
        let quoted = |items: &[String]| list(items.iter().map(|item| parse::quote(item)).collect());
        match self {
            Self::State(states) => {
                let words = states.iter().map(|state| state.as_str().to_owned());
                write!(f, "state:{}", list(words.collect()))
            }
            Self::Text(field, patterns) => write!(f, "{}:{}", field.as_str(), quoted(patterns)),
            Self::Label(key, patterns) if parse::is_taken(key) || key.starts_with('-') => {
                write!(f, "tag:{key}:{}", quoted(patterns))
            }
            Self::Label(key, patterns) => write!(f, "{key}:{}", quoted(patterns)),
            Self::Has(things) => {
                let words = things.iter().map(|thing| thing.as_str().to_owned());
                write!(f, "has:{}", list(words.collect()))
            }
            Self::Seen(age, limit) => {
                let sign = if *age == Age::LongerAgo { '>' } else { '<' };
                write!(f, "seen:{sign}{}s", limit.as_secs())
            }
            Self::Word(word) => f.write_str(&parse::quote(word)),
        }
    }
}

impl FromStr for Filter {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        Self::parse(text)
    }
}
