//! Which of the system's host keys is claimed in the initiation sequence.
//!
//! A device with several host keys claims one, and the gateway offers only that one's algorithms.
//! Gateways that don't are met half-way: the claimed key is the one that OpenSSH, paramiko and most
//! others negotiate by default.

use std::path::PathBuf;

use homing_proto::host_key::HostKey;

/// Key types from the most to the least preferred, as OpenSSH's clients prefer them.
const PREFERRED: [&str; 5] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/// Chooses from what `sshd -T` printed; nothing if no public key can be read.
pub(super) fn choose(effective: &str) -> Option<HostKey> {
    let values = |keyword: &'static str| {
        effective.lines().filter_map(move |line| line.strip_prefix(keyword)?.strip_prefix(' '))
    };
    let allowed: Vec<&str> = values("hostkeyalgorithms").flat_map(|list| list.split(',')).collect();
    let usable = |key: &HostKey| {
        let mut algorithms = key.signature_algorithms().iter();
        allowed.is_empty() || algorithms.any(|name| allowed.contains(name))
    };
    values("hostkey").filter_map(public_half).filter(usable).min_by_key(rank)
}

/// Reads the public key beside a private one.
fn public_half(private: &str) -> Option<HostKey> {
    let path = match private.strip_suffix(".pub") {
        Some(_) => PathBuf::from(private),
        None => PathBuf::from(format!("{private}.pub")),
    };
    HostKey::parse(&std::fs::read_to_string(path).ok()?).ok()
}

fn rank(key: &HostKey) -> usize {
    PREFERRED.iter().position(|name| *name == key.algorithm()).unwrap_or(PREFERRED.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6Zq0BG0m8OtjJrpBRqTLqgEUE6rL2jXc1FJk9ifqTA c";
    const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCVQAU1Cj/QcVWdS2p8gWJ8lDT2lGSzbSqgZzbgZN8sPiqkBBmpXK4pYcjqzZG4TzTEaAeZpV/6WSbdVbVrbhR8= c";

    /// What sshd would print with these keys.
    fn printed(dir: &std::path::Path, algorithms: &str) -> String {
        std::fs::write(dir.join("ecdsa.pub"), ECDSA).unwrap();
        std::fs::write(dir.join("ed25519.pub"), ED25519).unwrap();
        let dir = dir.display();
        format!(
            "port 22\nhostkeyagent none\nhostkeyalgorithms {algorithms}\n\
             hostkey {dir}/gone\nhostkey {dir}/ecdsa\nhostkey {dir}/ed25519\n"
        )
    }

    #[test]
    fn the_key_that_most_clients_prefer_is_claimed() {
        let dir = tempfile::tempdir().unwrap();
        let text = printed(dir.path(), "rsa-sha2-512,ecdsa-sha2-nistp256,ssh-ed25519");
        assert_eq!(choose(&text).unwrap().algorithm(), "ssh-ed25519");
    }

    #[test]
    fn a_key_that_sshd_would_not_use_is_not_claimed() {
        let dir = tempfile::tempdir().unwrap();
        let text = printed(dir.path(), "ecdsa-sha2-nistp256");
        assert_eq!(choose(&text).unwrap().algorithm(), "ecdsa-sha2-nistp256");
        assert_eq!(choose(&printed(dir.path(), "rsa-sha2-512")), None);
    }
}
