//! Words behind which a secret stands, in configurations and commands of any vendor.
//!
//! ```text
//!   set security ike policy p pre-shared-key ascii-text hunter2
//!                             └─ names ────┘ └ between ┘ └ the secret
//! ```
//!
//! Whoever blanks secrets asks here, so that what is hidden in one place is hidden in all.

/// A word with one of these in it names a secret.
const NAMES: [&str; 9] = [
    "password",
    "passphrase",
    "passwd",
    "secret",
    "pre-shared-key",
    "authentication-key",
    "private-key",
    "privacy-key",
    "-psk",
];

/// Words that name a secret only as they stand here.
const WHOLE: [&str; 4] = ["ascii-text", "hexadecimal", "community-name", "md5-key"];

/// Words that stand between the name and the secret.
const BETWEEN: [&str; 7] =
    ["ascii-text", "hexadecimal", "plain-text", "value", "key", "md5", "type"];

/// Words right behind which stands what Junos shows in its `$9$` form, whatever is above them.
const VEILED: [&str; 14] = [
    "secret",
    "authentication-key",
    "hello-authentication-key",
    "ascii-text",
    "hexadecimal",
    "simple-password",
    "authentication-password",
    "privacy-password",
    "chap-secret",
    "default-chap-secret",
    "pap-password",
    "local-password",
    "default-pap-password",
    "password",
];

/// How hashed and obfuscated passwords begin.
pub(crate) const MARKS: [&str; 10] =
    ["$9$", "$8$", "$6$", "$5$", "$1$", "$2a$", "$2b$", "$2y$", "$y$", "$sha1$"];

/// The longest word that is looked at.
const LONGEST: usize = 64;

/// Whether what follows this word is a secret.
#[must_use]
pub fn names_secret(word: &str) -> bool {
    if word.len() > LONGEST || word.contains(char::is_whitespace) {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    WHOLE.contains(&lower.as_str()) || NAMES.iter().any(|name| lower.contains(name))
}

/// Whether what follows `word`, which stands behind `before`, is shown in the `$9$` form by Junos.
///
/// ```text
/// login password minimum-length 8       authentication-key 1 type md5 value X      md5 1 key X
///       └ says what passwords are like                         └ with a number      └ both
/// ```
pub(crate) fn is_veiled<'w>(word: &str, mut before: impl Iterator<Item = &'w str>) -> bool {
    match word {
        "value" => before.any(|word| word == "authentication-key"),
        "key" => before.any(|word| word == "md5"),
        "password" => before.last() != Some("login"),
        word => VEILED.contains(&word),
    }
}

/// Whether a word may stand between one that names a secret and the secret.
pub(crate) fn stands_between(word: &str) -> bool {
    BETWEEN.iter().any(|between| word.eq_ignore_ascii_case(between))
}

/// Length in bytes of the quoted string that `text` begins with, its quotation marks included; of all
/// of it if it does not end.
pub(crate) fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\\' => escaped = !escaped,
            c if c == quote && !escaped => return at + c.len_utf8(),
            _ => escaped = false,
        }
    }
    text.len()
}
