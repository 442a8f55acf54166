//! Secrets that stand in plain, in the `$9$` form in which Junos shows them.
//!
//! ```text
//! secret juniper;                  secret "$9$…"; ## SECRET-DATA
//! pre-shared-key ascii-text x;     pre-shared-key ascii-text "$9$…"; ## SECRET-DATA
//! ```

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::tree::{Statement, Word, WordKind, looks_secret};
use super::{BLANK, Configuration, Source, Tree, type9};
use crate::secret_words::is_veiled;

impl Configuration {
    /// A copy whose plain secrets are in the `$9$` form; the same at every reading, so that nothing
    /// seems to change.
    pub fn veiled(&self) -> Self {
        let mut statements = self.tree.statements.clone();
        statements.iter_mut().for_each(|each| veil(each, &[]));
        let end_comments = self.tree.end_comments.clone();
        let source = Source::new(self.source.name(), "");
        Self { tree: Tree { statements, end_comments, ..Tree::default() }, source, form: self.form }
    }
}

/// Veils the secrets in a statement, above which `above` are the nearest words.
fn veil(statement: &mut Statement, above: &[String]) {
    let hidden: Vec<usize> =
        (1..statement.words.len()).filter(|at| hides(statement, *at, above)).collect();
    for at in hidden {
        if let Some(word) = statement.words.get_mut(at) {
            *word = veiled(word);
        }
    }
    if statement.children.is_empty() {
        return;
    }
    let words: Vec<String> = statement.words.iter().take(2).map(|word| word.text.clone()).collect();
    statement.children.iter_mut().for_each(|each| veil(each, &words));
}

/// Whether the word at `at` is a secret in plain.
fn hides(statement: &Statement, at: usize, above: &[String]) -> bool {
    let (Some(word), Some(name)) = (statement.words.get(at), statement.words.get(at - 1)) else {
        return false;
    };
    let is_plain = word.kind == WordKind::Plain && !word.text.is_empty();
    // A number of a key, as in `authentication-key 1 type md5 value X`.
    let is_number = at + 1 < statement.words.len() || !statement.children.is_empty();
    let is_number = is_number && word.text.bytes().all(|byte| byte.is_ascii_digit());
    let before = || {
        let own = statement.words.iter().take(at - 1).map(Word::text);
        above.iter().map(String::as_str).chain(own)
    };
    is_plain
        && !is_number
        && name.kind == WordKind::Plain
        && word.text != BLANK
        && !looks_secret(&word.text)
        && is_veiled(&name.text, before())
}

fn veiled(word: &Word) -> Word {
    let mut hasher = DefaultHasher::new();
    word.text.hash(&mut hasher);
    let text = type9::encode(word.text.as_bytes(), hasher.finish());
    Word { text, secret: true, ..word.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junos::Form;

    fn shown(text: &str) -> String {
        let configuration = Configuration::parse("x", text).unwrap();
        assert_eq!(configuration.veiled(), configuration.veiled());
        configuration.veiled().print(Form::Set)
    }

    #[test]
    fn plain_secrets_are_veiled_and_others_stay() {
        let text = "system { services { outbound-ssh { client a { secret plain; } \
            client b { secret \"$9$LhuNVYaJDH.5\"; } } } }";
        let veiled = shown(text);
        assert!(!veiled.contains("plain") && veiled.contains("client a secret \"$9$"), "{veiled}");
        assert!(veiled.contains("client b secret \"$9$LhuNVYaJDH.5\""), "{veiled}");
    }

    #[test]
    fn every_statement_that_junos_obfuscates_is_veiled_in_braces_and_in_lines() {
        for text in [
            "system { radius-server { 10.0.0.1 { port 1812; secret hunter2; } } }",
            "system { radius-server 10.0.0.1 secret hunter2; }",
            "system { ntp { authentication-key 1 type md5 value hunter2; } }",
            "system { ntp { authentication-key 1 { type md5; value hunter2; } } }",
            "protocols { bgp { group g { authentication-key hunter2; } } }",
            "protocols { ospf { area 0 { interface a { authentication { md5 1 key hunter2; } } } } }",
            "protocols { ospf { area 0 { interface a { authentication { simple-password hunter2; } } } } }",
            "security { ike { policy p { pre-shared-key ascii-text hunter2; } } }",
            "security { ike { policy p { pre-shared-key { hexadecimal hunter2; } } } }",
            "snmp { v3 { usm { local-engine { user u { privacy-des { privacy-password hunter2; } } } } } }",
            "system { archival { configuration { archive-sites { \"ftp://u@h\" password hunter2; } } } }",
        ] {
            let veiled = shown(text);
            assert!(!veiled.contains("hunter2"), "{veiled}");
            assert_eq!(veiled.matches("$9$").count(), 1, "{veiled}");
        }
    }

    #[test]
    fn what_only_sounds_like_a_secret_stays() {
        for text in [
            "system { login { password { minimum-length 8; format sha512; } } }",
            "system { root-authentication { encrypted-password \"$6$a$b\"; } }",
            "protocols { bgp { group g { authentication-key-chain chain1; } } }",
            "snmp { community public { authorization read-only; } }",
            "policy-options { community c members 65000:1; }",
        ] {
            assert!(!shown(text).contains("$9$"), "{text}");
        }
    }
}
