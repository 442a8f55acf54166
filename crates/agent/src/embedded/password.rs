//! Passwords in the form of `crypt`: `$6$` (SHA-512) and `$5$` (SHA-256).
//!
//! Source: *Unix crypt using SHA-256 and SHA-512*, U. Drepper.

use sha_crypt::{PasswordVerifier, ShaCrypt};

/// The most rounds that are computed: more would let a stranger burn processor time with every try.
const MOST_ROUNDS: u32 = 200_000;

/// Checked where there is no password, so that a try takes as long for a user who is not there.
const NOBODY: &str = "$6$homingnobody$3TVcBO5vsTGMAa6YhQ1kF7hTBVN0uXPn9fVXvQhEjXJcQbLHmMZ2d8qJvR4XjvGkXB0B0w2m1b8Wl5mJ3rJ5n1";

/// Whether `given` is the password that `stored` was made of.
pub(super) fn is_right(stored: Option<&str>, given: &[u8]) -> bool {
    let usable = stored.filter(|stored| is_supported(stored));
    let matches = ShaCrypt::default().verify_password(given, usable.unwrap_or(NOBODY)).is_ok();
    usable.is_some() && matches
}

fn is_supported(stored: &str) -> bool {
    let Some(rest) = stored.strip_prefix("$6$").or_else(|| stored.strip_prefix("$5$")) else {
        return false;
    };
    let rounds = rest.strip_prefix("rounds=").and_then(|rest| rest.split('$').next());
    rounds.is_none_or(|rounds| rounds.parse::<u32>().is_ok_and(|rounds| rounds <= MOST_ROUNDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    // From the specification.
    const SHA512: &str = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
    const SHA256: &str = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";

    #[test]
    fn the_examples_of_the_specification_are_right() {
        assert!(is_right(Some(SHA512), b"Hello world!"));
        assert!(is_right(Some(SHA256), b"Hello world!"));
        assert!(!is_right(Some(SHA512), b"Hello world"));
        assert!(!is_right(Some(SHA256), b""));
    }

    #[test]
    fn no_password_and_other_forms_let_nobody_in() {
        for stored in
            [None, Some(""), Some("*"), Some("$1$salt$qJH7.N4xYta3aEG/dfqo/0"), Some("plain")]
        {
            assert!(!is_right(stored, b"plain"), "{stored:?}");
        }
    }

    #[test]
    fn a_hash_that_costs_too_much_is_not_computed() {
        assert!(is_supported("$6$rounds=200000$salt$x"));
        assert!(!is_supported("$6$rounds=200001$salt$x"));
        assert!(!is_supported("$6$rounds=many$salt$x"));
    }
}
