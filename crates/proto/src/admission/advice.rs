//! What to type, and where, so that a device comes in.

use std::fmt;

use crate::identity::{ClientId, DeviceId, DeviceName};

/// One thing after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    lines: Vec<AdviceLine>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdviceLine {
    /// Where.
    pub place: Place,
    /// What: a command, or for [`Place::Look`] a sentence.
    pub text: String,
}

/// Where to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the device's command line; `set` lines in its configuration mode.
    Device,
    /// In a shell on the gateway.
    Gateway,
    /// Nowhere in particular: something to look into.
    Look,
}

impl Advice {
    /// The lines, in order.
    pub fn lines(&self) -> &[AdviceLine] {
        &self.lines
    }

    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn device(self, text: impl Into<String>) -> Self {
        self.with(Place::Device, text)
    }

    pub(super) fn gateway(self, text: impl Into<String>) -> Self {
        self.with(Place::Gateway, text)
    }

    pub(super) fn look(self, text: impl Into<String>) -> Self {
        self.with(Place::Look, text)
    }

    fn with(mut self, place: Place, text: impl Into<String>) -> Self {
        self.lines.push(AdviceLine { place, text: text.into() });
        self
    }
}

/// Each line on its own, with the place in front.
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.lines.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for AdviceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Device => "on the device: ",
            Place::Gateway => "on the gateway: ",
            Place::Look => "",
        };
        write!(f, "{place}{}", self.text)
    }
}

/// The stanza that was made for a device, as far as advice must name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stanza {
    /// The gateway's name for the device.
    pub device: DeviceName,
    /// The stanza's own name.
    pub client_id: Option<ClientId>,
}

impl Stanza {
    /// `set system services outbound-ssh client NAME STATEMENT`.
    pub(super) fn set(&self, statement: &str) -> String {
        let client = self.client_id.as_ref().map_or("<client>", ClientId::as_str);
        format!("set system services outbound-ssh client {} {statement}", junos_word(client))
    }

    /// How to get a new secret and to install it: the old one is not shown again.
    pub(super) fn renew_secret(&self) -> Advice {
        Advice::new()
            .gateway(format!("homing enroll {} --rotate-secret", self.device))
            .device(self.set("secret \"<the new secret>\""))
    }
}

/// The command that accepts a key, under a name that the gateway can make of the device-id.
pub(super) fn accept(key: impl fmt::Display, device_id: Option<&DeviceId>) -> String {
    let named = device_id.is_some_and(|id| DeviceName::new(id.as_str()).is_ok());
    let name = if named { "" } else { " --name <name>" };
    format!("homing device accept {key}{name}")
}

/// `text` as one word of a POSIX shell.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `text` as one word of Junos's configuration mode.
pub(super) fn junos_word(text: &str) -> String {
    let special = |c: char| c.is_whitespace() || "\"{}[];#\\".contains(c);
    if !text.is_empty() && !text.contains(special) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_where_it_must_be() {
        assert_eq!(shell_word("site7.r1"), "site7.r1");
        assert_eq!(shell_word("it's r1"), "'it'\\''s r1'");
        assert_eq!(junos_word("homing"), "homing");
        assert_eq!(junos_word("a \"b\""), "\"a \\\"b\\\"\"");
    }

    #[test]
    fn a_name_is_asked_for_where_the_device_id_is_none() {
        let id = |text: &str| DeviceId::new(text).unwrap();
        assert_eq!(accept("SHA256:x", Some(&id("r1"))), "homing device accept SHA256:x");
        let asking = "homing device accept SHA256:x --name <name>";
        assert_eq!(accept("SHA256:x", Some(&id("r 1"))), asking);
        assert_eq!(accept("SHA256:x", None), asking);
    }

    #[test]
    fn each_line_says_where_to_type_it() {
        let advice = Advice::new().gateway("homing device ls").device("commit").look("wait");
        let text = "on the gateway: homing device ls\non the device: commit\nwait";
        assert_eq!(advice.to_string(), text);
    }
}
