//! The stanza that makes a device dial this gateway, ready to paste.
//!
//! ```text
//! set system services outbound-ssh client homing device-id mx1.fra
//! set system services outbound-ssh client homing secret "5f3c…"
//! set system services outbound-ssh client homing services netconf
//! set system services outbound-ssh client homing keep-alive retry 3 timeout 15
//! set system services outbound-ssh client homing reconnect-strategy in-order
//! set system services outbound-ssh client homing gw1.example.net port 4334 retry 3 timeout 15
//! set system services netconf ssh
//! set system login user homing class super-user authentication ssh-ed25519 "ssh-ed25519 AAAA… homing"
//! ```
//!
//! One client with all addresses: the client-id is never sent, so two clients of one device can only be told apart
//! when they dial different listeners. The other forms are made from the `set` lines.
//! Source: Junos, *outbound-ssh* and *login* statement pages.

use std::fmt::Write as _;

use homing_proto::api::StanzaForm;
use homing_proto::fault::Fault;
use homing_proto::hex::hex;
use homing_proto::host_key::Secret;
use homing_proto::identity::DeviceId;
use homing_proto::junos::{Configuration, Form};

use crate::config::{DialAddress, KeepAlive};
use crate::random;

/// The stanza's own name on the device.
pub const CLIENT_ID: &str = "homing";

/// How a device tries each address: attempts, and seconds between them. Junos's defaults.
const SERVER_RETRY: u32 = 3;
const SERVER_TIMEOUT: u32 = 15;

/// What a stanza says.
#[derive(Debug, Clone)]
pub struct Stanza {
    /// What the device will send.
    pub device_id: DeviceId,
    /// What it dials, in the order in which it tries.
    pub addresses: Vec<DialAddress>,
    /// The secret that vouches for its host key.
    pub secret: Option<Secret>,
    /// How it notices silence.
    pub keep_alive: KeepAlive,
    /// The login user for the gateway.
    pub user: String,
    /// The gateway's public key, `ssh-ed25519 AAAA… comment`; none: the login has a password and is made by hand.
    pub gateway_key: Option<String>,
}

/// Why there is no stanza.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StanzaError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a secret")]
    NoRandom,
    /// The secret can't stand in a configuration.
    #[error("the secret is not text")]
    SecretNotText,
    /// Our own lines don't parse.
    #[error("the stanza can't be put into this form: {0}")]
    Unprintable(String),
}

impl StanzaError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRandom => "no-random-bytes",
            Self::SecretNotText => "secret-not-text",
            Self::Unprintable(_) => "stanza-unprintable",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Local
    }
}

/// A new secret: 64 hexadecimal digits, 32 random bytes, which needs no quoting in any form.
///
/// # Errors
/// The system gives no random bytes.
pub fn new_secret() -> Result<Secret, StanzaError> {
    let bytes = random::bytes::<32>().map_err(|_| StanzaError::NoRandom)?;
    Ok(Secret::new(hex(&*bytes)))
}

impl Stanza {
    /// The stanza in `form`, ended by a line break. It holds the secret in plain.
    ///
    /// # Errors
    /// The secret is not text.
    pub fn print(&self, form: StanzaForm) -> Result<String, StanzaError> {
        let lines = self.set_lines()?;
        let form = match form {
            StanzaForm::Set => return Ok(lines),
            StanzaForm::Curly => Form::Curly,
            StanzaForm::Xml => Form::Xml,
            StanzaForm::Json => Form::Json,
        };
        let parsed = Configuration::parse_as("stanza", &lines, Form::Set);
        let mut text = match parsed {
            Ok(configuration) => configuration.print(form),
            Err(error) => return Err(StanzaError::Unprintable(error.to_string())),
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }

    fn set_lines(&self) -> Result<String, StanzaError> {
        let mut lines = String::new();
        let client = format!("set system services outbound-ssh client {CLIENT_ID}");
        let mut line = |text: std::fmt::Arguments<'_>| {
            // Writing to a String can't fail.
            let _ = writeln!(lines, "{text}");
        };
        line(format_args!("{client} device-id {}", word(self.device_id.as_str())));
        if let Some(secret) = &self.secret {
            let text = std::str::from_utf8(secret.expose());
            let text = text.map_err(|_| StanzaError::SecretNotText)?;
            line(format_args!("{client} secret {}", quoted(text)));
        }
        line(format_args!("{client} services netconf"));
        let (retry, timeout) = (self.keep_alive.retry, self.keep_alive.timeout.as_secs());
        line(format_args!("{client} keep-alive retry {retry} timeout {timeout}"));
        line(format_args!("{client} reconnect-strategy in-order"));
        for DialAddress { host, port } in &self.addresses {
            let pace = format_args!("retry {SERVER_RETRY} timeout {SERVER_TIMEOUT}");
            line(format_args!("{client} {host} port {port} {pace}"));
        }
        line(format_args!("set system services netconf ssh"));
        if let Some((statement, key)) = self.gateway_key.as_deref().and_then(authentication) {
            match self.user.as_str() {
                "root" => line(format_args!("set system root-authentication {statement} {key}")),
                user => line(format_args!(
                    "set system login user {user} class super-user authentication {statement} {key}"
                )),
            }
        }
        Ok(lines)
    }
}

/// The statement that takes a public key, and the key as its value.
fn authentication(key: &str) -> Option<(&'static str, String)> {
    let statement = match key.split_whitespace().next()? {
        "ssh-ed25519" => "ssh-ed25519",
        "ssh-rsa" => "ssh-rsa",
        algorithm if algorithm.starts_with("ecdsa-sha2-") => "ssh-ecdsa",
        _ => return None,
    };
    Some((statement, quoted(key)))
}

/// Quoted only where it must be.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:/@+=".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stanza() -> Stanza {
        Stanza {
            device_id: DeviceId::new("mx1.fra").unwrap(),
            addresses: ["gw1.example.net", "[2001:db8::1]:2200"]
                .map(|text| DialAddress::parse(text, 4334).unwrap())
                .to_vec(),
            secret: Some(Secret::new("5f3c")),
            keep_alive: KeepAlive { retry: 3, timeout: Duration::from_secs(15) },
            user: "homing".into(),
            gateway_key: Some("ssh-ed25519 AAAAC3Nza homing@gw1".into()),
        }
    }

    #[test]
    fn the_set_form_is_what_junos_users_paste() {
        let expected = "\
set system services outbound-ssh client homing device-id mx1.fra
set system services outbound-ssh client homing secret \"5f3c\"
set system services outbound-ssh client homing services netconf
set system services outbound-ssh client homing keep-alive retry 3 timeout 15
set system services outbound-ssh client homing reconnect-strategy in-order
set system services outbound-ssh client homing gw1.example.net port 4334 retry 3 timeout 15
set system services outbound-ssh client homing 2001:db8::1 port 2200 retry 3 timeout 15
set system services netconf ssh
set system login user homing class super-user authentication ssh-ed25519 \"ssh-ed25519 AAAAC3Nza homing@gw1\"
";
        assert_eq!(stanza().print(StanzaForm::Set).unwrap(), expected);
    }

    #[test]
    fn every_form_says_the_same() {
        let mut odd = stanza();
        odd.device_id = DeviceId::new(r#"a "b" \c; {x} #y"#).unwrap();
        for stanza in [stanza(), odd] {
            let set = stanza.print(StanzaForm::Set).unwrap();
            let set = Configuration::parse("set", &set).unwrap();
            let client = &set.outbound_ssh().unwrap().clients[0];
            assert_eq!(client.device_id.as_str(), stanza.device_id.as_str());
            assert_eq!(client.servers.len(), 2);
            for form in [StanzaForm::Curly, StanzaForm::Xml, StanzaForm::Json] {
                let text = stanza.print(form).unwrap();
                assert_eq!(Configuration::parse("other", &text).unwrap(), set, "{text}");
            }
        }
    }

    #[test]
    fn without_a_secret_and_a_key_their_lines_are_missing() {
        let bare = Stanza { secret: None, gateway_key: None, ..stanza() };
        let text = bare.print(StanzaForm::Set).unwrap();
        assert!(!text.contains(" secret ") && !text.contains(" login "), "{text}");
        let root = Stanza { user: "root".into(), ..stanza() };
        assert!(root.print(StanzaForm::Set).unwrap().contains("root-authentication ssh-ed25519"));
    }

    #[test]
    fn secrets_are_long_plain_and_never_the_same() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(one.expose().len(), 64);
        assert!(one.expose().iter().all(u8::is_ascii_hexdigit));
        assert!(one != other);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", stanza()).contains("5f3c"));
    }
}
