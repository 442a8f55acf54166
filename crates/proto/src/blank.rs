//! Text made fit to be stored: what is secret in it is replaced by `<secret>`.
//!
//! ```text
//!   set snmp user x password "hush hush" key $9$abc   ─▶   set snmp user x password <secret> key <secret>
//! ```
//!
//! It knows the words before which passwords and keys stand, in Junos's, other vendors' and XML's
//! spelling, the forms of hashed and disguised passwords, passwords in URLs, and key material by its look.
//! Where it is in doubt it blanks.

/// What stands in the place of what was secret.
pub const BLANK: &str = "<secret>";

/// What follows one of these is secret.
const BEFORE_SECRETS: &[&str] = &[
    "ascii-text",
    "auth-password",
    "authentication-key",
    "authentication-password",
    "authorization",
    "bearer",
    "community",
    "community-name",
    "encrypted-password",
    "hexadecimal",
    "key",
    "key-string",
    "md5",
    "passphrase",
    "passwd",
    "password",
    "plain-text-password",
    "plain-text-password-value",
    "pre-shared-key",
    "privacy-key",
    "privacy-password",
    "private-key",
    "proxy-authorization",
    "secret",
    "secret-key",
    "shared-secret",
    "simple-password",
    "ssh-dsa",
    "ssh-ecdsa",
    "ssh-ed25519",
    "ssh-rsa",
    "token",
];

/// A word that long in Base64 or hexadecimal digits is taken for a key.
const LONG: usize = 40;

/// Replaces what is secret in `text`.
#[must_use]
pub fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_due = false;
    while !rest.is_empty() {
        if rest.starts_with("-----BEGIN") {
            out.push_str(BLANK);
            break;
        }
        let (word, after) = split(rest);
        rest = after;
        let bare = bare(word);
        if bare.is_empty() {
            out.push_str(word);
        } else if BEFORE_SECRETS.contains(&bare.to_ascii_lowercase().as_str()) {
            is_due = true;
            out.push_str(word);
        } else if is_due {
            // Some vendors have a number between: `password 7 0822455D0A16`.
            is_due = bare.len() == 1 && bare.starts_with(|c: char| c.is_ascii_digit());
            out.push_str(BLANK);
        } else if looks_secret(bare) {
            out.push_str(BLANK);
        } else {
            out.push_str(&without_password(word));
        }
    }
    out
}

/// One word, quoted or not, or the separators before the next one.
fn split(text: &str) -> (&str, &str) {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '=' | ';' | ',');
    let length = match text.strip_prefix('"') {
        Some(quoted) => quoted.find('"').map_or(text.len(), |end| end + 2),
        None if text.starts_with(is_separator) => {
            text.find(|c| !is_separator(c)).unwrap_or(text.len())
        }
        None => text.find(|c| is_separator(c) || c == '"').unwrap_or(text.len()),
    };
    text.split_at_checked(length).unwrap_or((text, ""))
}

/// A word without quotes and marks around it; separators have nothing else.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | ':' | '<' | '>' | '=' | ';' | ',' | '{' | '}')
    })
}

fn looks_secret(word: &str) -> bool {
    is_hash(word) || word.split('/').any(is_hash) || is_key(word)
}

/// `$9$…`, `$6$…`, `$2b$…`, wherever it begins in the word.
fn is_hash(word: &str) -> bool {
    let mut parts = word.split('$').skip(1);
    let kind = |part: &str| {
        (1..=12).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    parts.next().is_some_and(kind) && parts.next().is_some()
}

fn is_key(word: &str) -> bool {
    let word = word.trim_end_matches('=');
    let all = |is: fn(u8) -> bool| word.bytes().all(is);
    let any = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    let is_hex = all(|byte| byte.is_ascii_hexdigit());
    let is_base64 = all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let is_mixed =
        any(u8::is_ascii_digit) && any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase);
    word.len() >= LONG && (is_hex || (is_base64 && is_mixed))
}

/// A URL without the password in it.
fn without_password(word: &str) -> String {
    let blanked = word.split_once("://").and_then(|(scheme, rest)| {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = authority.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:{BLANK}@{host}{path}"))
    });
    blanked.unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_blanked_in_every_spelling() {
        for (text, blanked) in [
            ("show version", "show version"),
            ("set x secret hush", "set x secret <secret>"),
            ("set x secret \"hush hush\" y", "set x secret <secret> y"),
            ("set x secret \"hush hush", "set x secret <secret>"),
            ("a encrypted-password \"$6$ab$cd\"; b", "a encrypted-password <secret>; b"),
            ("show x | match $9$abc/DEF", "show x | match <secret>"),
            ("pre-shared-key ascii-text hush", "pre-shared-key ascii-text <secret>"),
            ("username x password 7 0822455D0A16", "username x password <secret> <secret>"),
            ("<password>hush</password>", "<password><secret></password>"),
            ("{\"secret\": \"hush\", \"a\": 1}", "{\"secret\": <secret>, \"a\": 1}"),
            ("PASSWORD=hush", "PASSWORD=<secret>"),
            ("ssh-ed25519 AAAAC3Nz me@x", "ssh-ed25519 <secret> me@x"),
            ("scp://me:hush@host/a", "scp://me:<secret>@host/a"),
            ("show route fe80::1 /var/log/messages", "show route fe80::1 /var/log/messages"),
            ("x -----BEGIN PRIVATE KEY----- abc", "x <secret>"),
        ] {
            assert_eq!(blank(text), blanked, "{text}");
        }
        let key = "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Zx1a2b3c4d5e";
        assert_eq!(blank(&format!("a {key}== b")), "a <secret>== b");
        assert_eq!(blank(&"0a".repeat(20)), BLANK);
    }

    proptest! {
        #[test]
        fn what_follows_a_word_before_secrets_is_gone(
            before in "[a-z ]{0,10}",
            word in prop::sample::select(BEFORE_SECRETS),
            secret in "Q[A-Za-z0-9!#%&*+./@_-]{3,20}Q",
            after in "[a-z ]{0,10}",
        ) {
            let blanked = blank(&format!("{before} {word} {secret} {after}"));
            prop_assert!(!blanked.contains(&secret), "{}", blanked);
            let quoted = blank(&format!("{before} {word} \"{secret} {secret}\" {after}"));
            prop_assert!(!quoted.contains(&secret), "{}", quoted);
        }

        #[test]
        fn any_text_is_taken(text in "\\PC{0,60}") {
            let _ = blank(&text);
        }
    }
}
