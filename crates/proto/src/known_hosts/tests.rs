//! Files as people have them.

use proptest::prelude::*;

use super::*;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN9nFxKWxLf74gaHLg3HqW6q8vuF4dYqdCw3ulT8nJII";

fn found(hosts: &str, name: &str) -> bool {
    let text = format!("# known\n\n{hosts} {KEY} ops@example\r\n");
    KnownHosts::parse(&text).unwrap().find(&[name]).keys.len() == 1
}

#[test]
fn a_host_is_found_in_every_spelling() {
    for hosts in [
        "mx1.fra",
        "192.0.2.1,MX1.fra",
        "[mx1.fra]:2200",
        "*.fra",
        "mx?.fra",
        "[*.fra]:830",
        "!mx2.fra,*",
    ] {
        assert!(found(hosts, "mx1.fra") && found(hosts, "Mx1.Fra"), "{hosts}");
    }
    assert!(found("2001:db8::1", "2001:db8::1"));
    assert!(found("[2001:db8::1]:830", "2001:db8::1"));
    assert!(found("[mx1]:2200", "[mx1]:2200"));
}

#[test]
fn other_hosts_and_exceptions_are_not() {
    for hosts in ["mx1.fra.example", "mx1", "!mx1.fra,*", "*,!mx?.fra", "[mx1.fra]:x"] {
        assert!(!found(hosts, "mx1.fra"), "{hosts}");
    }
}

#[test]
fn hashed_names_made_by_openssh_are_found_by_who_knows_them() {
    // ssh-keygen -H on `mx1.fra` and on `[mx1.fra]:830`.
    for hosts in [HASHED, HASHED_830] {
        assert!(found(hosts, "mx1.fra"), "{hosts}");
        assert!(!found(hosts, "mx2.fra"), "{hosts}");
    }
}

const HASHED: &str = "|1|QbMpJ80pZzT0Lqdp1umJClP2kjo=|i8sq0nAOAxqxlJGP+MIo914qPdE=";
const HASHED_830: &str = "|1|t0oRjCwZBipUWcXJa6RhfQWdmLo=|FOnzNscyJdj02GA4csViMj+RGs0=";

#[test]
fn a_revoked_key_is_told_and_never_given() {
    let text =
        format!("mx1 {KEY}\nmx1 {OTHER}\n@revoked * {KEY}\n@cert-authority *.fra,mx1 {KEY}\n");
    let found = KnownHosts::parse(&text).unwrap().find(&["mx1"]);
    assert_eq!(found.keys, [HostKey::parse(OTHER).unwrap()]);
    assert_eq!(found.revoked, [HostKey::parse(KEY).unwrap()]);
    assert_eq!(found.authorities, [4]);
}

#[test]
fn the_same_key_twice_is_one_key() {
    let known = KnownHosts::parse(&format!("mx1 {KEY}\nmx1.fra {KEY}\n")).unwrap();
    assert_eq!(known.find(&["mx1", "mx1.fra"]).keys.len(), 1);
}

#[test]
fn lines_that_can_not_be_used_are_told_and_the_rest_is_read() {
    let text = format!(
        "mx1\nmx1 nonsense\n@sealed mx1 {KEY}\n|1|x|y {KEY}\n, {KEY}\nmx1 ssh-rsa {}\nmx2 {KEY}\n",
        "A".repeat(MAX_LINE)
    );
    let known = KnownHosts::parse(&text).unwrap();
    let told: Vec<_> = known.skipped.iter().map(ToString::to_string).collect();
    assert_eq!(known.skipped_count, 6);
    assert_eq!(
        told[2..],
        [
            "line 3: unknown marker `@sealed`; expected @revoked or @cert-authority",
            "line 4: the hashed host name is damaged; expected `|1|SALT|HASH`",
            "line 5: no host name before the key",
            "line 6: longer than 16384 bytes",
        ]
    );
    assert_eq!(known.entries.len(), 1);
    assert_eq!(known.entries[0].line, 7);
}

#[test]
fn what_is_longer_than_anybodys_file_is_refused() {
    assert_eq!(KnownHosts::parse(&"\n".repeat(MAX_BYTES + 1)), Err(KnownHostsError::TooLong));
    let lines = "x\n".repeat(MAX_LINES + 1);
    assert_eq!(KnownHosts::parse(&lines), Err(KnownHostsError::TooManyLines));
    let known = KnownHosts::parse(&"x\n".repeat(1_000)).unwrap();
    assert_eq!((known.skipped.len(), known.skipped_count), (MAX_TOLD, 1_000));
}

proptest! {
    #[test]
    fn what_was_read_prints_and_reads_back_as_itself(
        hosts in "[!*?a-zA-Z0-9.,:\\[\\]|@-][!*?a-zA-Z0-9.,:\\[\\]|#@-]{0,40}",
        marker in "(@revoked |@cert-authority |)",
    ) {
        let known = KnownHosts::parse(&format!("{marker}{hosts} {KEY} comment")).unwrap();
        prop_assert_eq!(known.entries.len() + known.skipped_count, 1);
        for entry in &known.entries {
            let again = KnownHosts::parse(&entry.to_string()).unwrap();
            prop_assert_eq!(&again.entries[0], entry);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|\t){0,200}", name in "\\PC{0,20}") {
        let _ = KnownHosts::parse(&text).unwrap().find(&[&name]);
    }
}
