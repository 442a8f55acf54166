//! Composing statements rather than reading them: the stanza that enrols a device.
//!
//! ```text
//! Builder::new().client(…).user(…).netconf().finish() ──▶ Configuration ──▶ print(any form)
//! ```
//!
//! It goes through the same placing as what is read, so it cannot make what could not be read.

use super::place::{self, Mark};
use super::schema::Area;
use super::source::{Source, Span};
use super::tree::{Comment, Statement, Word};
use super::{Configuration, Diagnostics, Form, Tree, type9};
use crate::host_key::{HostKey, Secret};
use crate::identity::{ClientId, DeviceId};

/// A client stanza to be composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// The stanza's name.
    pub client_id: ClientId,
    /// What the device shall call itself.
    pub device_id: DeviceId,
    /// The key of its HMAC and the seed of its `$9$` form.
    pub secret: Option<(Secret, u64)>,
    /// `keep-alive`: retry, timeout in seconds.
    pub keep_alive: Option<(u32, u32)>,
    /// `reconnect-strategy sticky`.
    pub sticky: bool,
    /// Addresses in their order: host, port.
    pub servers: Vec<(String, u16)>,
}

/// A login to be composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Login name.
    pub name: String,
    /// Its class, as `super-user`.
    pub class: String,
    /// Keys that let it in, each with a comment.
    pub keys: Vec<(HostKey, String)>,
    /// A password in the form of crypt.
    pub encrypted_password: Option<String>,
}

/// A configuration being composed.
#[derive(Debug)]
pub struct Builder {
    source: Source,
    tree: Tree,
    diagnostics: Diagnostics,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An empty one.
    pub fn new() -> Self {
        let source = Source::new("composed", "");
        Self { source, tree: Tree::default(), diagnostics: Diagnostics::default() }
    }

    /// Adds one statement by its words from the top, as a `set` line without `set`.
    #[must_use]
    pub fn set(mut self, words: &[&str]) -> Self {
        let words: Vec<Word> = words.iter().map(|text| Word::new(*text, Span::default())).collect();
        let mut builder = place::Builder::new(&self.source);
        builder.place(&mut self.tree.statements, Area::TOP, &words, Mark::default());
        let found = builder.diagnostics;
        self.diagnostics.append(found);
        self
    }

    /// Puts a comment in front of the first statement.
    #[must_use]
    pub fn comment(mut self, text: &str) -> Self {
        let comment = Comment::new(text);
        match self.tree.statements.first_mut() {
            Some(Statement { comments, .. }) => comments.push(comment),
            None => self.tree.end_comments.push(comment),
        }
        self
    }

    /// `system services outbound-ssh client …` with `services netconf`.
    #[must_use]
    pub fn client(mut self, client: &NewClient) -> Self {
        let above = ["system", "services", "outbound-ssh", "client", client.client_id.as_str()];
        let under = |words: &[&str]| -> Vec<String> {
            above.iter().chain(words).map(|word| (*word).to_owned()).collect()
        };
        let mut lines = vec![under(&["device-id", client.device_id.as_str()])];
        if let Some((secret, seed)) = &client.secret {
            lines.push(under(&["secret", &type9::encode(secret.expose(), *seed)]));
        }
        if let Some((retry, timeout)) = client.keep_alive {
            let (retry, timeout) = (retry.to_string(), timeout.to_string());
            lines.push(under(&["keep-alive", "retry", &retry, "timeout", &timeout]));
        }
        if client.sticky {
            lines.push(under(&["reconnect-strategy", "sticky"]));
        }
        lines.push(under(&["services", "netconf"]));
        for (host, port) in &client.servers {
            lines.push(under(&[host, "port", &port.to_string()]));
        }
        for line in lines {
            self = self.set(&line.iter().map(String::as_str).collect::<Vec<_>>());
        }
        self
    }

    /// `system login user …`.
    #[must_use]
    pub fn user(mut self, user: &NewUser) -> Self {
        let above = ["system", "login", "user", &user.name];
        self = self.set(&[above.as_slice(), &["class", &user.class]].concat());
        for (key, comment) in &user.keys {
            let text = format!("{} {comment}", key.text());
            let words = ["authentication", key_keyword(key), text.trim_end()];
            self = self.set(&[above.as_slice(), &words].concat());
        }
        if let Some(password) = &user.encrypted_password {
            let words = ["authentication", "encrypted-password", password];
            self = self.set(&[above.as_slice(), &words].concat());
        }
        self
    }

    /// `system services netconf ssh`.
    #[must_use]
    pub fn netconf(self) -> Self {
        self.set(&["system", "services", "netconf", "ssh"])
    }

    /// The configuration.
    ///
    /// # Errors
    /// If a word was given that could not be read again, as an address that is a keyword.
    pub fn finish(self) -> Result<Configuration, Diagnostics> {
        let Self { source, tree, diagnostics } = self;
        diagnostics.or(Configuration { tree, source, form: Form::Set })
    }
}

/// The statement under which a key of this type stands.
pub fn key_keyword(key: &HostKey) -> &'static str {
    match key.algorithm() {
        "ssh-rsa" => "ssh-rsa",
        "ssh-dss" => "ssh-dsa",
        algorithm if algorithm.contains("ed25519") => "ssh-ed25519",
        _ => "ssh-ecdsa",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza() -> Configuration {
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN9nFxKWxLf74gaHLg3HqW6q8vuF4dYqdCw3ulT8nJII";
        let client = NewClient {
            client_id: ClientId::new("homing").unwrap(),
            device_id: DeviceId::new("site7.sw1").unwrap(),
            secret: Some((Secret::new("juniper"), 7)),
            keep_alive: Some((3, 15)),
            sticky: false,
            servers: vec![("gw.example.net".into(), 4334), ("2001:db8::1".into(), 4334)],
        };
        let user = NewUser {
            name: "homing".into(),
            class: "super-user".into(),
            keys: vec![(HostKey::parse(key).unwrap(), "homing gateway".into())],
            encrypted_password: None,
        };
        Builder::new().client(&client).user(&user).netconf().finish().unwrap()
    }

    #[test]
    fn an_enrolment_stanza_reads_back_the_same_in_every_form() {
        let stanza = stanza();
        for form in [Form::Curly, Form::Set, Form::Xml, Form::Json] {
            let text = stanza.print(form);
            let read = Configuration::parse("stanza", &text).unwrap();
            assert_eq!(read, stanza, "{text}");
            let outbound = read.outbound_ssh().unwrap();
            assert_eq!(outbound.clients[0].servers[1].host, "2001:db8::1");
            assert_eq!(outbound.clients[0].secret, Some(Secret::new("juniper")));
            assert_eq!(read.login().unwrap().users[0].authentication.keys.len(), 1);
            assert!(read.system().services.netconf_ssh);
        }
    }

    #[test]
    fn an_address_that_is_a_keyword_is_refused() {
        let words = ["system", "services", "outbound-ssh", "client", "a", "secret", "port", "1"];
        assert!(Builder::new().set(&words).finish().is_err());
    }
}
