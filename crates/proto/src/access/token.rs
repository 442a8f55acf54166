//! API tokens: shown once, known afterwards only by their SHA-256.
//!
//! ```text
//!   hmt_ k3v9x2ab 8fm1…             40 characters after hmt_, 200 random bits
//!        └─ id ─┘ └ 32 characters, secret
//!        is shown in lists and logs
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::words;
use crate::fault::Fault;

const PREFIX: &str = "hmt_";
const ID: usize = 8;
const DIGITS: usize = 40;

/// A token in plain: wiped when dropped, printed only by [`Token::expose`].
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// Text that is no token; it isn't repeated, since it may be most of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a token: hmt_ and 40 characters")]
pub struct InvalidToken;

impl InvalidToken {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "invalid-token"
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl Token {
    /// How many random bytes a token is made of.
    pub const RANDOM: usize = 25;

    /// Makes a token of random bytes.
    #[must_use]
    pub fn compose(random: &[u8; Self::RANDOM]) -> Self {
        let digits = words::spell(random);
        Self(Zeroizing::new([PREFIX, digits.as_str()].concat()))
    }

    /// Reads a token.
    ///
    /// # Errors
    /// Text of another form.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let digits = text.strip_prefix(PREFIX).ok_or(InvalidToken)?;
        if digits.len() != DIGITS || !digits.bytes().all(words::is_of_alphabet) {
            return Err(InvalidToken);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// What tells it from others, and may be shown.
    #[must_use]
    pub fn id(&self) -> TokenId {
        TokenId(self.0.chars().skip(PREFIX.len()).take(ID).collect())
    }

    /// What is stored of it. It has 200 random bits: a plain digest can't be turned back by trying.
    #[must_use]
    pub fn digest(&self) -> CredentialDigest {
        CredentialDigest(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The text. Whoever calls this must not let it reach a log or an error.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}…)", self.id())
    }
}

/// The part of a token that may be shown: its first eight characters after `hmt_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId(String);

impl TokenId {
    /// Reads an id, with or without `hmt_`; a whole token is taken for its id.
    ///
    /// # Errors
    /// Text of another form.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let digits = text.strip_prefix(PREFIX).unwrap_or(text);
        if let Ok(token) = Token::parse(text) {
            return Ok(token.id());
        }
        match digits.len() == ID && digits.bytes().all(words::is_of_alphabet) {
            true => Ok(Self(digits.to_owned())),
            false => Err(InvalidToken),
        }
    }

    /// The eight characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{PREFIX}{}", self.0))
    }
}

impl std::str::FromStr for TokenId {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TokenId {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, InvalidToken> {
        Self::parse(&text)
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.to_string()
    }
}

/// The SHA-256 of a token or a one-time password; compared in constant time.
#[derive(Clone, Copy)]
pub struct CredentialDigest([u8; 32]);

impl CredentialDigest {
    /// Takes a digest that was stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest, to be stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for CredentialDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CredentialDigest {}

impl fmt::Debug for CredentialDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<digest>")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_shows_only_its_id() {
        let token = Token::compose(&[7; Token::RANDOM]);
        assert_eq!(token.id().to_string(), "hmt_0w3ge1r7");
        assert_eq!(format!("{token:?}"), "Token(hmt_0w3ge1r7…)");
        assert_eq!(format!("{:?}", token.digest()), "<digest>");
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        let good = Token::compose(&[7; Token::RANDOM]);
        let long = format!("{}0", good.expose());
        for text in ["", "hmt_", "hmt_0w3ge1r7", &good.expose()[..43], &long] {
            assert_eq!(Token::parse(text).unwrap_err(), InvalidToken, "{text}");
        }
        assert!(Token::parse(&good.expose().to_uppercase()).is_err());
        assert!(Token::parse(&good.expose().replace('0', "é")).is_err());
        assert!(TokenId::parse("hmt_é3ge1r7").is_err());
    }

    #[test]
    fn an_id_is_read_in_each_form_in_which_it_is_shown() {
        let token = Token::compose(&[7; Token::RANDOM]);
        for text in ["0w3ge1r7", "hmt_0w3ge1r7", token.expose()] {
            assert_eq!(TokenId::parse(text), Ok(token.id()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_token_reads_as_it_was_made(random: [u8; Token::RANDOM]) {
            let token = Token::compose(&random);
            let read = Token::parse(token.expose()).unwrap();
            prop_assert_eq!(read.digest(), token.digest());
            prop_assert_eq!(TokenId::parse(&token.id().to_string()), Ok(token.id()));
        }

        #[test]
        fn tokens_of_other_bytes_are_others(one: [u8; Token::RANDOM], other: [u8; Token::RANDOM]) {
            let same = Token::compose(&one).digest() == Token::compose(&other).digest();
            prop_assert_eq!(same, one == other);
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = (Token::parse(&text), TokenId::parse(&text));
        }
    }
}
