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
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use parse::InvalidFilter;

use crate::access::fits;
use crate::api::{Device, DeviceState, Timestamp};

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
    pub fn matches(&self, device: &Device, now: Timestamp) -> bool {
        self.0.iter().all(|term| term.test.holds(device, now) != term.is_negated)
    }
}

impl Test {
    fn holds(&self, device: &Device, now: Timestamp) -> bool {
        match self {
            Self::State(states) => states.contains(&device.state),
            Self::Text(field, patterns) => {
                texts(*field, device).iter().any(|text| patterns.iter().any(|one| fits(one, text)))
            }
            Self::Label(key, patterns) => device
                .tags
                .get(key)
                .is_some_and(|value| patterns.iter().any(|pattern| fits(pattern, value))),
            Self::Has(things) => things.iter().any(|thing| has(*thing, device)),
            Self::Seen(age, limit) => {
                let is_longer = match last_there(device, now) {
                    None => true,
                    Some(then) => now.duration_since(then) > signed(*limit),
                };
                is_longer == (*age == Age::LongerAgo)
            }
            Self::Word(word) => contains(device, word),
        }
    }
}

fn texts(field: Field, device: &Device) -> Vec<String> {
    let session = device.session.as_ref();
    let pending = device.pending.as_ref();
    let optional = |text: Option<&str>| text.map(str::to_owned).into_iter().collect::<Vec<_>>();
    match field {
        Field::Name => vec![device.name.clone()],
        Field::DeviceId => optional(device.device_id.as_ref().map(|id| id.as_str())),
        Field::User => optional(device.user.as_deref()),
        Field::Listener => {
            let others = device.other_sessions.iter();
            let sessions: Vec<String> =
                session.into_iter().chain(others).map(|session| session.listener.clone()).collect();
            if !sessions.is_empty() {
                return sessions;
            }
            let of_pending = pending.map(|pending| pending.listener.as_str());
            optional(of_pending.or(device.listener.as_deref()))
        }
        Field::Source => {
            let others = device.other_sessions.iter();
            let mut sources: Vec<&str> =
                session.into_iter().chain(others).map(|session| session.source.as_str()).collect();
            if sources.is_empty() {
                sources.extend(pending.map(|pending| pending.source.as_str()));
            }
            sources.into_iter().flat_map(with_and_without_port).collect()
        }
        Field::Key => {
            let known = device.keys.iter().map(|key| key.fingerprint.to_string());
            known.chain(pending.map(|pending| pending.fingerprint.to_string())).collect()
        }
    }
}

fn with_and_without_port(source: &str) -> [String; 2] {
    let host = source.rsplit_once(':').map_or(source, |(host, _)| host);
    [source.to_owned(), host.trim_matches(['[', ']']).to_owned()]
}

fn has(thing: Thing, device: &Device) -> bool {
    match thing {
        Thing::Secret => device.has_secret,
        Thing::Password => device.has_password,
        Thing::Session => device.session.is_some(),
        Thing::Pending => device.pending.is_some(),
    }
}

/// When the device was last there, as far as anybody knows.
fn last_there(device: &Device, now: Timestamp) -> Option<Timestamp> {
    if device.session.is_some() {
        return Some(now);
    }
    let proven = device.keys.iter().filter_map(|key| key.last_seen).max();
    let left = device.since.filter(|_| device.state == DeviceState::Down);
    let tried = device.pending.as_ref().map(|pending| pending.last_seen);
    proven.max(left).max(tried)
}

fn signed(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}

fn contains(device: &Device, word: &str) -> bool {
    let word = word.to_lowercase();
    let is_in = |text: &str| text.to_lowercase().contains(&word);
    is_in(&device.name)
        || device.device_id.as_ref().is_some_and(|id| is_in(id.as_str()))
        || device.tags.iter().any(|(key, value)| is_in(key) || is_in(value))
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
