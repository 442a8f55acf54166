//! `from` of a key: the addresses it counts for.
//!
//! ```text
//!   from "10.0.0.0/8,!10.1.2.3,2001:db8::1";      the first that fits decides, `!` says no
//! ```
//!
//! Host names are not looked up: whoever answers for them could let themselves in.
//!
//! Source: OpenSSH, *PATTERNS*, as far as it concerns addresses.

use std::net::IpAddr;

/// Whether `patterns` let `peer` in. What can't be judged does not.
pub(super) fn allows(patterns: &str, peer: Option<IpAddr>) -> bool {
    let Some(peer) = peer.map(|peer| peer.to_canonical()) else { return false };
    let mut allowed = false;
    for pattern in patterns.split(',').map(str::trim) {
        let (denies, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        if fits(pattern, peer) {
            if denies {
                return false;
            }
            allowed = true;
        }
    }
    allowed
}

/// Whether `peer` is the address, or in the network, that `pattern` names.
fn fits(pattern: &str, peer: IpAddr) -> bool {
    if pattern == "*" {
        return true;
    }
    let (network, length) = match pattern.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (pattern, Some(u32::MAX)),
    };
    match (network.parse::<IpAddr>().map(|network| network.to_canonical()), peer, length) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(peer), Some(length)) => {
            let kept = length.min(32);
            (u32::from(network) ^ u32::from(peer)).checked_shr(32 - kept).unwrap_or(0) == 0
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(peer), Some(length)) => {
            let kept = length.min(128);
            (u128::from(network) ^ u128::from(peer)).checked_shr(128 - kept).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(patterns: &str, peer: &str) -> bool {
        allows(patterns, Some(peer.parse().unwrap()))
    }

    #[test]
    fn addresses_and_networks_let_in_and_keep_out() {
        assert!(allowed("10.0.0.1", "10.0.0.1") && !allowed("10.0.0.1", "10.0.0.2"));
        assert!(allowed("10.0.0.0/8", "10.9.9.9") && !allowed("10.0.0.0/8", "11.0.0.1"));
        assert!(
            allowed("2001:db8::/32", "2001:db8::1") && !allowed("2001:db8::/32", "2001:db9::1")
        );
        assert!(allowed("0.0.0.0/0", "1.2.3.4") && !allowed("0.0.0.0/0", "::1"));
        assert!(allowed("*", "::1"));
        assert!(allowed("10.0.0.0/8", "::ffff:10.1.1.1"));
    }

    #[test]
    fn a_no_wins_over_every_yes() {
        assert!(!allowed("10.0.0.0/8,!10.1.2.3", "10.1.2.3"));
        assert!(!allowed("!10.1.2.3,*", "10.1.2.3"));
        assert!(!allowed("!10.1.2.3", "10.1.2.4"), "a no alone lets nobody in");
    }

    #[test]
    fn what_can_not_be_judged_lets_nobody_in() {
        for patterns in ["gw.example.net", "", "10.0.0.0/x", "*.example.net"] {
            assert!(!allowed(patterns, "10.0.0.1"), "{patterns}");
        }
        assert!(!allows("*", None));
    }
}
