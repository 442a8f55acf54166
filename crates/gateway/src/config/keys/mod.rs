//! Every key of the configuration: its name, what it takes, what it is for.
//!
//! `devices` holds what the devices' end is given, `doors` the operators' two doors, `records` what is kept; the order of
//! all is the order in which they are shown.

mod devices;
mod doors;
mod records;
mod value;

use super::settings::Settings;
use super::value::{Given, Wrong};

pub use devices::is_login_name;

/// One key. Its variable in the environment is `HOMING_` and the name in capitals, with `_` for the dot; those of the
/// doors are short: `HOMING_HTTP`, `HOMING_DOOR`.
pub struct Key {
    /// The name in a file; what is before the dot is a table.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    pub(in crate::config) set: fn(&mut Settings, &Given) -> Result<(), Wrong>,
    pub(in crate::config) show: fn(&Settings) -> String,
}

impl Key {
    /// The variable in the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("HOMING_{}", self.short().replace('.', "_").to_uppercase())
    }

    /// The word of its flag and its variable: a door is named, not its key.
    pub(in crate::config) fn short(&self) -> &'static str {
        match self.name {
            "http.listen" => "http",
            "front_door.listen" => "door",
            name => name,
        }
    }
}

/// All keys, in the order in which they are shown.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    devices::KEYS.iter().chain(doors::KEYS).chain(records::KEYS)
}

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    keys().find(|key| key.name == name)
}

macro_rules! key {
    ($name:literal, $about:literal, $set:expr, $show:expr $(,)?) => {
        Key { name: $name, about: $about, set: $set, show: $show }
    };
}
use key;
