//! A token: what `homing` logs in with. It is never shown, and never an argument, which every user of the machine could see.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest token.
const LIMIT: usize = 1024;

/// A token, as it goes into the header `authorization`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Token(Zeroizing<String>);

impl Token {
    /// Takes a line that somebody wrote or a file holds.
    ///
    /// # Errors
    /// It is empty, too long, or could not stand in a header.
    pub(crate) fn new(line: &str) -> Result<Token, Failure> {
        let text = line.trim();
        match text {
            "" => Err(Failure::usage("the token is empty")),
            _ if text.len() > LIMIT => Err(Failure::usage("the token is longer than 1024 bytes")),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(Failure::usage("the token has characters that no token has"))
            }
            _ => Ok(Token(Zeroizing::new(text.to_owned()))),
        }
    }

    /// The text.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Token {
    type Error = String;

    fn try_from(text: String) -> Result<Token, String> {
        Token::new(&Zeroizing::new(text)).map_err(|failure| failure.message)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_is_never_shown() {
        let token = Token::new(" hmt_abc \n").unwrap();
        assert_eq!((token.expose(), format!("{token:?}").as_str()), ("hmt_abc", "<secret>"));
        for text in ["", "\n", "a b", "a\u{7f}", "ä", &"x".repeat(1025)] {
            assert!(Token::new(text).is_err(), "{text:?}");
        }
    }
}
