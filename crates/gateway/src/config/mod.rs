//! The gateway's configuration: defaults, files, environment, flags, in rising order.
//!
//! ```text
//! default < gateway.toml < gateway.d/*.toml < HOMING_* < flag ──▶ Settings, and of each value where it came from
//! ```
//!
//! Merging and checking are pure; [`load()`] reads files and the environment. Unknown keys are errors. Secrets are
//! never configuration.

mod address;
mod audit;
mod document;
mod front_door;
mod http;
mod keys;
mod load;
mod nearest;
mod old_algorithms;
mod problem;
mod settings;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::fmt;

pub use address::{DialAddress, InvalidAddress, Network};
pub use audit::{Audit, RecordingSettings};
pub use document::{MAX_FILE, SourceFile};
pub use front_door::{Authority, FrontDoor};
pub use http::{Http, HttpAddress, Scheme};
pub use keys::{Key, is_login_name, keys};
pub use load::{Flags, load};
pub use old_algorithms::OldAlgorithms;
pub use problem::{ConfigError, Excerpt, Problem};
pub use settings::{DEFAULT_PORTS, Events, KeepAlive, LogLevel, Settings, Spool, Surroundings};

use nearest::nearest;
use value::{Given, Wrong};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A file.
    File {
        /// Its path, as shown.
        name: String,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// A variable of the environment.
    Environment(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line: 0, .. } => f.write_str(name),
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::Environment(variable) => f.write_str(variable),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// Everything that was said, before it is merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Files, in rising order.
    pub files: Vec<SourceFile>,
    /// Variables of the environment that begin with `HOMING_`.
    pub environment: Vec<(String, String)>,
    /// What flags say.
    pub flags: Vec<(&'static str, Vec<String>)>,
}

/// The settings in force, and where each came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The settings.
    pub settings: Settings,
    /// What looks like a mistake, but stops nothing.
    pub warnings: Vec<String>,
    origins: BTreeMap<&'static str, Origin>,
}

impl Configuration {
    /// Merges and checks.
    ///
    /// # Errors
    /// All that is wrong with any of the sources.
    pub fn merge(sources: &Sources, surroundings: &Surroundings) -> Result<Self, ConfigError> {
        let mut merging = Merging {
            settings: Settings::defaults(surroundings),
            origins: BTreeMap::new(),
            warnings: Vec::new(),
            problems: Vec::new(),
        };
        sources.files.iter().for_each(|file| merging.file(file));
        merging.environment(&sources.environment);
        merging.flags(&sources.flags);
        merging.check_together();
        if !merging.problems.is_empty() {
            return Err(ConfigError(merging.problems));
        }
        merging.settings.finish(surroundings);
        let is_told = merging.origins.contains_key("addresses");
        if !is_told && merging.settings.is_for_this_machine_alone() {
            merging.warnings.push(
                "stanzas name an address of this machine alone, because the gateway listens nowhere else: set `listen`, or `addresses` to what devices dial"
                    .to_owned(),
            );
        }
        Ok(Self {
            settings: merging.settings,
            warnings: merging.warnings,
            origins: merging.origins,
        })
    }

    /// Where the value of a key came from.
    #[must_use]
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// All keys with their values, as they could stand in a file, and their origins.
    pub fn in_force(&self) -> impl Iterator<Item = (&'static str, String, &Origin)> {
        keys().map(|key| (key.name, (key.show)(&self.settings), self.origin(key.name)))
    }
}

/// What `--check-config` prints: a file that says the same, with origins as comments.
impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self
            .in_force()
            .map(|(key, value, origin)| (format!("{key} = {value}"), origin))
            .collect();
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
        for (line, origin) in lines {
            writeln!(f, "{line:width$}  # {origin}")?;
        }
        Ok(())
    }
}

struct Merging {
    settings: Settings,
    origins: BTreeMap<&'static str, Origin>,
    warnings: Vec<String>,
    problems: Vec<Problem>,
}

impl Merging {
    fn file(&mut self, file: &SourceFile) {
        let (found, problems) = file.read();
        self.problems.extend(problems);
        for (key, given) in found {
            let origin = file.origin(given.span.start);
            if let Err(wrong) = self.set(key, &given, origin) {
                let message = format!("`{}` does not fit", key.name);
                let hint = Some(format!("expected {}", wrong.expected));
                self.problems.push(file.problem("wrong-value", wrong.span, message, hint));
            }
        }
    }

    fn environment(&mut self, variables: &[(String, String)]) {
        const OTHERS: [&str; 1] = ["HOMING_CONFIG"];
        let names: Vec<_> = keys().map(|key| (key, key.variable())).collect();
        for (variable, text) in variables {
            let key = names.iter().find(|(_, name)| name == variable);
            if let Some((key, _)) = key {
                let origin = Origin::Environment(variable.clone());
                self.set_text(key, &Given::from_text(text), origin);
            } else if !OTHERS.contains(&variable.as_str()) && !variable.starts_with("HOMING_AGENT_")
            {
                let hint = guess(variable, &names);
                let hint = hint.map(|name| format!(", did you mean {name}?")).unwrap_or_default();
                self.warnings.push(format!("{variable} is not known{hint}"));
            }
        }
    }

    fn flags(&mut self, flags: &[(&'static str, Vec<String>)]) {
        for (name, texts) in flags {
            let Some(key) = keys::find(name) else { continue };
            let given = match texts.as_slice() {
                [one] => Given::from_text(one),
                several => Given::from_texts(several),
            };
            self.set_text(key, &given, Origin::Flag(format!("--{}", key.short())));
        }
    }

    /// What only several values together can get wrong.
    fn check_together(&mut self) {
        let Err((key, message, hint)) = self.settings.http.check() else { return };
        let origin = self.origins.get(key).cloned().unwrap_or(Origin::Default);
        let (code, hint) = ("wrong-value", Some(hint));
        self.problems.push(Problem { code, origin, message, hint, excerpt: None });
    }

    fn set_text(&mut self, key: &'static Key, given: &Given, origin: Origin) {
        if let Err(wrong) = self.set(key, given, origin.clone()) {
            let message = format!("expected {}", wrong.expected);
            let code = "wrong-value";
            self.problems.push(Problem { code, origin, message, hint: None, excerpt: None });
        }
    }

    fn set(&mut self, key: &'static Key, given: &Given, origin: Origin) -> Result<(), Wrong> {
        (key.set)(&mut self.settings, given)?;
        self.origins.insert(key.name, origin);
        Ok(())
    }
}

fn guess<'a>(variable: &str, names: &'a [(&Key, String)]) -> Option<&'a str> {
    let word = variable.strip_prefix("HOMING_")?.to_lowercase();
    let bare = names.iter().filter_map(|(_, name)| name.strip_prefix("HOMING_"));
    let lower: Vec<String> = bare.map(str::to_lowercase).collect();
    let found = nearest(&word, lower.iter().map(String::as_str))?;
    let at = lower.iter().position(|name| name == found)?;
    names.get(at).map(|(_, name)| name.as_str())
}
