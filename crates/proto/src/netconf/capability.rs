//! Capabilities: what one end of a session says it can do.
//!
//! The RFCs spell them `urn:ietf:params:netconf:…`; Junos spells them `urn:ietf:params:xml:ns:netconf:…`
//! as well, and older releases only so. Both spellings mean the same here.
//!
//! Source: RFC 6241, sections 8.1 and 10.4; the hello of Junos devices.

/// `base:1.0`: end-of-message framing.
pub const BASE_1_0: &str = "base:1.0";
/// `base:1.1`: chunked framing.
pub const BASE_1_1: &str = "base:1.1";
/// A candidate datastore.
pub const CANDIDATE: &str = "capability:candidate:1.0";
/// `<url>` as a source or target.
pub const URL: &str = "capability:url:1.0";

const RFC: &str = "urn:ietf:params:netconf:";
const JUNOS: &str = "urn:ietf:params:xml:ns:netconf:";

/// The capabilities of one end, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities(Vec<Box<str>>);

impl Capabilities {
    /// Whether a capability of the NETCONF registry is among them, in either spelling; `name` is what
    /// follows `urn:ietf:params:netconf:`, such as [`BASE_1_1`].
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|own| {
            let own = own.split('?').next().unwrap_or(own);
            own.strip_prefix(RFC).or_else(|| own.strip_prefix(JUNOS)) == Some(name)
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|own| &**own)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one at the end.
    pub fn add(&mut self, uri: &str) {
        self.0.push(uri.into());
    }
}

impl<'a> FromIterator<&'a str> for Capabilities {
    fn from_iter<I: IntoIterator<Item = &'a str>>(uris: I) -> Self {
        Self(uris.into_iter().map(Box::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_and_parameters_are_known() {
        let all: Capabilities = [
            "urn:ietf:params:xml:ns:netconf:capability:candidate:1.0",
            "urn:ietf:params:netconf:capability:url:1.0?scheme=http,ftp,file",
            "http://xml.juniper.net/netconf/junos/1.0",
        ]
        .into_iter()
        .collect();
        assert!(all.has(CANDIDATE) && all.has(URL) && !all.has(BASE_1_1));
    }
}
