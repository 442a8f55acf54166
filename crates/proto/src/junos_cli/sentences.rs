//! A sentence about each statement that the schema knows, as `?` shows it.

/// What `name` is for, inside `above`; empty if nothing is known.
pub(super) fn sentence(above: &str, name: &str) -> &'static str {
    let own = TABLE.iter().find(|(place, own, _)| *place == above && *own == name);
    let any = || TABLE.iter().find(|(place, own, _)| place.is_empty() && *own == name);
    own.or_else(any).map_or("", |(.., sentence)| sentence)
}

/// Where, what, and the sentence. An empty place is any.
const TABLE: &[(&str, &str, &str)] = &[
    ("", "system", "The system: its name, users and services"),
    ("", "host-name", "The name of this machine"),
    ("", "root-authentication", "How root proves to be root"),
    ("", "login", "Users and classes"),
    ("system", "services", "The services of the system"),
    ("", "message", "Shown before a login"),
    ("", "announcement", "Shown after a login"),
    ("login", "class", "A login class"),
    ("user", "class", "The login class of the user"),
    ("login", "user", "A user"),
    ("", "idle-timeout", "Minutes without input until a session ends"),
    ("", "permissions", "What the class may do"),
    ("", "allow-commands", "Commands that are allowed besides, as a regular expression"),
    ("", "deny-commands", "Commands that are not allowed, as a regular expression"),
    ("", "allow-configuration", "Statements that may be changed besides"),
    ("", "deny-configuration", "Statements that may not be changed"),
    ("", "full-name", "The user's full name"),
    ("", "uid", "The user's number"),
    ("", "authentication", "How the user logs in"),
    ("", "encrypted-password", "The password's hash"),
    ("", "plain-text-password-value", "The password itself"),
    ("", "load-key-file", "A file with keys"),
    ("", "no-public-keys", "Don't let anyone in by key"),
    ("", "ssh-rsa", "An RSA key"),
    ("", "ssh-dsa", "A DSA key (too weak: not accepted)"),
    ("", "ssh-ecdsa", "An ECDSA key"),
    ("", "ssh-ed25519", "An Ed25519 key"),
    ("", "from", "Addresses from which the key counts"),
    ("services", "ssh", "The SSH service"),
    ("services", "netconf", "The NETCONF service"),
    ("", "outbound-ssh", "The connections that this machine opens to gateways"),
    ("netconf", "ssh", "NETCONF over SSH"),
    ("", "root-login", "Whether root may log in"),
    ("", "no-passwords", "Don't let anyone in by password"),
    ("", "no-password-authentication", "Don't let anyone in by password"),
    ("", "no-tcp-forwarding", "Don't forward connections"),
    ("", "tcp-forwarding", "Forward connections"),
    ("", "sftp-server", "Serve files"),
    ("", "protocol-version", "Versions of the SSH protocol"),
    ("", "ciphers", "Ciphers that are allowed"),
    ("", "macs", "Message authentication codes that are allowed"),
    ("", "key-exchange", "Key exchanges that are allowed"),
    ("", "max-sessions-per-connection", "Channels at once on one connection"),
    ("", "client-alive-count-max", "How many signs of life may fail to come"),
    ("", "client-alive-interval", "Seconds of silence until a sign of life is asked for"),
    ("", "connection-limit", "Connections at once"),
    ("", "rate-limit", "Connections a minute"),
    ("", "rfc-compliant", "Follow the RFCs to the letter"),
    ("", "yang-compliant", "Follow the YANG modules to the letter"),
    ("", "routing-instance", "The VRF or interface to dial through"),
    ("", "traceoptions", "What is written into a trace file"),
    ("outbound-ssh", "client", "A gateway to dial, by a name that stays here"),
    ("", "no-remote-trace", "Write traces here alone"),
    ("", "file", "The trace file"),
    ("", "flag", "What to trace: configuration, connectivity or all"),
    ("", "size", "How long the file may grow"),
    ("", "files", "How many files are kept"),
    ("", "world-readable", "Everyone may read the file"),
    ("", "no-world-readable", "Its owner alone may read the file"),
    ("", "match", "Only lines that match"),
    ("", "device-id", "What this machine says it is"),
    ("", "secret", "What this machine and the gateway share"),
    ("", "keep-alive", "How long silence may last"),
    ("", "reconnect-strategy", "Which address is dialled first after a loss"),
    ("client", "services", "What is served on the connection"),
    ("client", "proxy-server", "An HTTP proxy to dial through (not supported)"),
    ("client", "servers", "An address to dial"),
    ("reconnect-strategy", "in-order", "Always the first address"),
    ("reconnect-strategy", "sticky", "The address it was connected to last"),
    ("services", "netconf", "NETCONF"),
    ("keep-alive", "retry", "How many signs of life may fail to come"),
    ("keep-alive", "timeout", "Seconds of silence until a sign of life is asked for"),
    ("servers", "port", "The TCP port"),
    ("servers", "retry", "Attempts before the next address"),
    ("servers", "timeout", "Seconds between attempts"),
    ("", "port", "The TCP port"),
    ("", "static", "A proxy by its address"),
    ("", "dhcp", "A proxy as DHCP says"),
    ("", "host", "The address of the proxy"),
    ("", "proxy-authorization", "How to log in to the proxy"),
    ("proxy-authorization", "user", "The user's name"),
    ("", "password", "The password"),
    ("root-login", "allow", "By any means"),
    ("root-login", "deny", "By no means"),
    ("root-login", "deny-password", "By key alone"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junos::schema::{Area, Kind};

    /// Every statement below `area`, with what stands above it.
    fn without_sentence(area: Area, above: &str, found: &mut Vec<String>) {
        let Area::Known(body) = area else { return };
        for rule in body.rules.iter().filter(|rule| rule.acted) {
            if sentence(above, rule.name).is_empty() {
                found.push(format!("{above} {}", rule.name));
            }
            if !matches!(rule.kind, Kind::Leaf(_)) {
                without_sentence(rule.inside(), rule.name, found);
            }
        }
    }

    #[test]
    fn every_statement_has_a_sentence() {
        let mut found = Vec::new();
        without_sentence(Area::TOP, "", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
