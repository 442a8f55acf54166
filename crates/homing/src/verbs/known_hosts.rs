//! Host keys out of an OpenSSH `known_hosts` file.
//!
//! ```text
//!   mx1.fra,192.0.2.1 ssh-ed25519 AAAA… comment        plain names, `*` and `?`, `[name]:port`
//!   |1|salt|HMAC-SHA1(salt, name) ecdsa-sha2-… AAAA…    hashed
//!   @revoked …   @cert-authority …                      left out
//! ```
//!
//! Source: sshd(8), *SSH_KNOWN_HOSTS FILE FORMAT*.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use homing_proto::host_key::HostKey;
use sha1::Sha1;

use crate::failure::Failure;

/// The keys that the file holds for any of the names.
///
/// # Errors
/// When the file cannot be read, or holds none.
pub(crate) fn read(file: &Path, names: &[&str]) -> Result<Vec<HostKey>, Failure> {
    let at = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read {at}: {error}")))?;
    let keys = keys_for(&text, names);
    match keys.is_empty() {
        false => Ok(keys),
        true => Err(Failure::usage(format!("{at} holds no host key of {}", names.join(" or ")))
            .hint("name the device as in the file, or give the key with --host-key")),
    }
}

fn keys_for(text: &str, names: &[&str]) -> Vec<HostKey> {
    let mut keys: Vec<HostKey> = Vec::new();
    for line in text.lines() {
        if let Some(key) = key_of_line(line.trim(), names).filter(|key| !keys.contains(key)) {
            keys.push(key);
        }
    }
    keys
}

fn key_of_line(line: &str, names: &[&str]) -> Option<HostKey> {
    if line.starts_with(['#', '@']) {
        return None;
    }
    let (hosts, key) = line.split_once(char::is_whitespace)?;
    let is_meant = names.iter().any(|name| hosts_include(hosts, &name.to_lowercase()));
    is_meant.then(|| HostKey::parse(key.trim()).ok()).flatten()
}

/// A list of patterns; one with `!` that fits shuts the name out.
fn hosts_include(hosts: &str, name: &str) -> bool {
    let mut found = false;
    for host in hosts.split(',') {
        match host.strip_prefix('!') {
            Some(host) if host_is(host, name) => return false,
            Some(_) => {}
            None => found |= host_is(host, name),
        }
    }
    found
}

fn host_is(host: &str, name: &str) -> bool {
    if let Some(hashed) = host.strip_prefix("|1|") {
        return hash_is(hashed, name).unwrap_or(false);
    }
    let host = host.to_lowercase();
    let bare = host.strip_prefix('[').and_then(|rest| rest.split_once("]:")).map(|(bare, _)| bare);
    let pattern: Vec<char> = bare.unwrap_or(&host).chars().collect();
    fits(&pattern, &name.chars().collect::<Vec<_>>())
}

/// `*` is any text, `?` any one character.
fn fits(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) if fits(rest, name) => true,
        (Some(('*', _)), Some((_, name))) => fits(pattern, name),
        (Some((p, pattern)), Some((n, name))) if *p == '?' || p == n => fits(pattern, name),
        _ => false,
    }
}

fn hash_is(hashed: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(salt).ok()?).ok()?;
    mac.update(name.as_bytes());
    Some(mac.verify_slice(&STANDARD.decode(hash).ok()?).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    fn found(hosts: &str, name: &str) -> bool {
        keys_for(&format!("# c\n{hosts} {KEY} comment\n"), &[name]).len() == 1
    }

    #[test]
    fn a_name_is_found_in_all_its_spellings() {
        for hosts in ["mx1.fra", "192.0.2.1,MX1.fra", "[mx1.fra]:2200", "*.fra", "mx?.fra"] {
            assert!(found(hosts, "mx1.fra"), "{hosts}");
        }
    }

    #[test]
    fn other_names_and_marked_lines_are_left_out() {
        for hosts in ["mx1.fra.example", "mx1", "@revoked mx1.fra", "!mx1.fra,*"] {
            assert!(!found(hosts, "mx1.fra"), "{hosts}");
        }
    }

    #[test]
    fn a_hashed_name_is_found() {
        let mut mac = Hmac::<Sha1>::new_from_slice(b"12345678901234567890").unwrap();
        mac.update(b"mx1.fra");
        let hash = STANDARD.encode(mac.finalize().into_bytes());
        let hosts = format!("|1|{}|{hash}", STANDARD.encode("12345678901234567890"));
        assert!(found(&hosts, "MX1.fra"));
        assert!(!found(&hosts, "mx2.fra"));
    }

    #[test]
    fn the_same_key_twice_is_one_key() {
        let text = format!("mx1 {KEY}\nmx1.fra {KEY}\nmx1 nonsense\n");
        assert_eq!(keys_for(&text, &["mx1", "mx1.fra"]).len(), 1);
    }
}
