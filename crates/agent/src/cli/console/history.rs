//! The lines of before, per user, without those in which a secret stands.

use std::path::PathBuf;

use homing_proto::junos_cli::line::Line;
use homing_proto::secret_words::names_secret;

/// How many lines are kept.
pub(super) const MOST: usize = 500;

/// The file: in the user's folder for state, if there is a home at all.
pub(super) fn file() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = from("XDG_STATE_HOME").map(PathBuf::from);
    let folder =
        state.or_else(|| from("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    let folder = folder.join("homing-cli");
    crate::state::make_private_directory(&folder).ok()?;
    Some(folder.join("history"))
}

/// Whether a line may be kept: none with a secret, or with a word behind which one stands.
pub(super) fn may_keep(line: &str) -> bool {
    const AS_WELL: [&str; 3] = ["key", "community", "plain-text"];
    let words = Line::all(line);
    let suspicious = words.iter().any(|word| {
        let text = word.text.to_ascii_lowercase();
        let named = names_secret(&text) || AS_WELL.iter().any(|name| text.contains(name));
        // A shortened keyword is one too: `sec`, `encr`.
        let shortened = text.len() > 1
            && ["secret", "encrypted-password", "plain-text-password-value", "password"]
                .iter()
                .any(|name| name.starts_with(&text));
        named || shortened || text.starts_with('$')
    });
    let names_a_secret = suspicious && words.len() > 2;
    !line.trim().is_empty() && !names_a_secret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_secret_is_not_kept() {
        let client = "set system services outbound-ssh client a";
        for line in [
            format!("{client} secret x"),
            format!("{client} sec x"),
            "set system root-authentication encrypted-password $6$abc".to_owned(),
            "set snmp community hello".to_owned(),
            "set x y \"$9$abc\"".to_owned(),
        ] {
            assert!(!may_keep(&line), "{line}");
        }
        for line in ["show version", "commit confirmed 5", "set system host-name r1"] {
            assert!(may_keep(line), "{line}");
        }
    }
}
