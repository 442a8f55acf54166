//! Checking a password against its `crypt` form, without letting strangers burn the processor.
//!
//! ```text
//!   $6$[rounds=N$]salt$digest      SHA-512; `$5$` SHA-256; `*` and `!` never match
//! ```
//!
//! Few are checked at a time, off the tasks that serve others; one for a user who does not exist takes as long as any.
//!
//! Source: U. Drepper, *Unix crypt using SHA-256 and SHA-512*.

use std::sync::Arc;
use std::time::Duration;

use homing_proto::host_key::Secret;
use homing_proto::junos::EncryptedPassword;
use sha_crypt::{PasswordVerifier as _, ShaCrypt};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Passwords checked at once.
const AT_ONCE: usize = 2;
/// How long one may wait for its turn.
const TURN: Duration = Duration::from_secs(10);
/// The longest password that is looked at: the work grows with its length.
const LONGEST: usize = 256;
/// The most rounds that are carried out: about half a second.
const MOST_ROUNDS: u32 = 500_000;
/// What a user who does not exist is checked against; nobody knows its password.
const NOBODY: &str = "$6$homing.nobody$\
    /kcqYG8EOGzDiNE69mSeADHuuGqgrilInayTGitkuNHAlKTJfm7xWreYKLHEULq4WTx.y7EIIWP2kRtobzmXi1";

/// Checks passwords; clones share the turns.
#[derive(Debug, Clone)]
pub(super) struct Verifier(Arc<Semaphore>);

impl Default for Verifier {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Verifier {
    /// Whether `given` is the password of `known`; never for a user without one.
    pub(super) async fn check(&self, given: &Secret, known: Option<&EncryptedPassword>) -> bool {
        let Ok(Ok(_turn)) = timeout(TURN, self.0.acquire()).await else { return false };
        let known = known.map(EncryptedPassword::expose).filter(|text| can_match(text));
        let exists = known.is_some();
        let known = known.unwrap_or(NOBODY).to_owned();
        let given = given.clone();
        let checked = spawn_blocking(move || matches(given.expose(), &known)).await;
        exists && checked.unwrap_or(false)
    }
}

/// Whether the password is in a form that is checked at all.
fn can_match(known: &str) -> bool {
    let mut fields = known.split('$').skip(1);
    let form = fields.next();
    let rounds = fields.next().and_then(|field| field.strip_prefix("rounds="));
    let bearable = rounds.is_none_or(|n| n.parse::<u32>().is_ok_and(|n| n <= MOST_ROUNDS));
    if !bearable {
        tracing::warn!(
            most = MOST_ROUNDS,
            "an encrypted-password has too many rounds and never matches"
        );
    }
    matches!(form, Some("6" | "5")) && bearable
}

/// Compares in constant time.
fn matches(given: &[u8], known: &str) -> bool {
    let fits = given.len() <= LONGEST;
    let given = given.get(..LONGEST).unwrap_or(given);
    ShaCrypt::default().verify_password(given, known).is_ok() && fits
}

#[cfg(test)]
mod tests {
    use homing_proto::junos::Configuration;

    use super::*;

    fn known(text: &str) -> EncryptedPassword {
        let text = format!(
            "system {{ login {{ user u {{ class super-user; authentication {{ \
             encrypted-password \"{text}\"; }} }} }} }}"
        );
        let login = Configuration::parse("x", &text).unwrap().login().unwrap();
        login.user("u").unwrap().authentication.password.clone().unwrap()
    }

    async fn check(given: &str, text: &str) -> bool {
        Verifier::default().check(&Secret::new(given), Some(&known(text))).await
    }

    // From the specification.
    const SHA512: &str = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
    const SHA256: &str = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";
    const ROUNDS: &str =
        "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA";

    #[tokio::test]
    async fn the_vectors_of_the_specification_match_and_nothing_else_does() {
        for text in [SHA512, SHA256, ROUNDS] {
            assert!(check("Hello world!", text).await, "{text}");
            assert!(!check("Hello world", text).await, "{text}");
            assert!(!check("", text).await, "{text}");
        }
    }

    #[tokio::test]
    async fn locked_and_too_costly_passwords_never_match() {
        assert!(!check("*", "*").await);
        let costly = SHA512.replace("$6$", "$6$rounds=999999999$");
        let start = std::time::Instant::now();
        assert!(!check("Hello world!", &costly).await);
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_user_who_does_not_exist_is_checked_all_the_same() {
        assert!(!Verifier::default().check(&Secret::new("x"), None).await);
        let parsed = ShaCrypt::default().verify_password(b"x", NOBODY);
        assert_eq!(parsed, Err(sha_crypt::password_hash::Error::PasswordInvalid));
    }

    #[test]
    fn a_password_longer_than_any_is_not_worked_on() {
        assert!(!matches(&vec![b'a'; 1 << 20], SHA512));
    }
}
