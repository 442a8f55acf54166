//! One-time passwords: a person's way in before a key is known.
//!
//! ```text
//!   k3v9-x2ab-8fm1-w0qr     80 random bits; case and dashes don't count
//! ```

use std::fmt;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::words;
use super::{CredentialDigest, UserName};

/// How long a one-time password may be used.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How often it may be tried before it is void.
pub const TRIES: u32 = 5;

/// A one-time password in plain: wiped when dropped, printed only by [`OneTimePassword::expose`].
#[derive(Clone)]
pub struct OneTimePassword(Zeroizing<String>);

impl OneTimePassword {
    /// How many random bytes it is made of.
    pub const RANDOM: usize = 10;

    /// Makes a password of random bytes.
    #[must_use]
    pub fn compose(random: &[u8; Self::RANDOM]) -> Self {
        let spelled = words::spell(random);
        let mut text = Zeroizing::new(String::with_capacity(19));
        for (place, character) in spelled.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                text.push('-');
            }
            text.push(character);
        }
        Self(text)
    }

    /// The text. Whoever calls this must not let it reach a log or an error.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it for a user, and what is typed is compared by.
    #[must_use]
    pub fn digest(typed: &str, user: &UserName) -> CredentialDigest {
        let mut hash = Sha256::new();
        hash.update(b"homing one-time password\0");
        hash.update(user.as_str().as_bytes());
        hash.update(b"\0");
        hash.update(words::as_spelled(typed).as_bytes());
        CredentialDigest::from_bytes(hash.finalize().into())
    }
}

impl fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_typed_in_any_case_and_with_or_without_dashes() {
        let password = OneTimePassword::compose(&[0x5a; OneTimePassword::RANDOM]);
        assert_eq!(password.expose(), "b9d5-mpjt-b9d5-mpjt");
        assert_eq!(format!("{password:?}"), "<secret>");
        let ops = UserName::new("ops").unwrap();
        let stored = OneTimePassword::digest(password.expose(), &ops);
        assert_eq!(OneTimePassword::digest("B9D5MPJT b9d5mpjt", &ops), stored);
        assert_ne!(OneTimePassword::digest("b9d5-mpjt-b9d5-mpj0", &ops), stored);
        let other = UserName::new("eve").unwrap();
        assert_ne!(OneTimePassword::digest(password.expose(), &other), stored);
    }
}
