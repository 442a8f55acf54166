//! One start tag: its name, namespace and attributes.

use super::namespaces::Namespaces;
use super::{Limits, XmlError};

/// A start tag, with the namespaces in force inside it.
#[derive(Debug, Clone, Copy)]
pub struct Tag<'a> {
    body: &'a [u8],
    namespaces: &'a Namespaces,
}

impl<'a> Tag<'a> {
    pub(super) fn new(body: &'a [u8], namespaces: &'a Namespaces) -> Self {
        Self { body, namespaces }
    }

    /// What stands between `<` and `>`.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &'a [u8] {
        split_name(name_of(self.body)).1
    }

    /// The namespace of the element as it stands, references unresolved; `None` if it has none.
    pub fn namespace(&self) -> Option<&'a [u8]> {
        self.namespaces.of_element(split_name(name_of(self.body)).0)
    }

    /// Whether the element has this local name in this namespace, or in none at all.
    ///
    /// Devices leave the namespace away often enough that insisting on it helps nobody.
    pub fn is(&self, namespace: &str, local_name: &str) -> bool {
        self.local_name() == local_name.as_bytes()
            && self.namespace().is_none_or(|own| own == namespace.as_bytes())
    }

    /// The attributes, namespace declarations included.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::of(self.body)
    }

    /// The value of the attribute of this very name, references unresolved.
    pub fn attribute(&self, name: &str) -> Option<&'a [u8]> {
        self.attributes()
            .flatten()
            .find(|attribute| attribute.name == name.as_bytes())
            .map(|attribute| attribute.value)
    }

    /// The namespace that `prefix` stands for.
    pub fn namespace_of_prefix(&self, prefix: &[u8]) -> Option<&'a [u8]> {
        self.namespaces.of_element(prefix)
    }
}

/// One attribute as it stands in the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The name, prefix included.
    pub name: &'a [u8],
    /// What stands between the quotes, references unresolved.
    pub value: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// The prefix that this attribute declares (`""` for the default), if it is a declaration.
    pub fn declared_prefix(&self) -> Option<&'a [u8]> {
        match self.name.strip_prefix(b"xmlns")? {
            [] => Some(&[]),
            [b':', prefix @ ..] => Some(prefix),
            _ => None,
        }
    }
}

/// The attributes of a tag, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    pub(super) fn of(body: &'a [u8]) -> Self {
        let rest = body.get(name_of(body).len()..).unwrap_or_default();
        Self { rest: rest.strip_suffix(b"/").unwrap_or(rest).trim_ascii_end() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn check(self, limits: &Limits) -> Result<(), XmlError> {
        for (count, attribute) in self.enumerate() {
            if count == limits.attributes {
                return Err(XmlError::Attributes { limit: limits.attributes });
            }
            let attribute = attribute?;
            check_name(attribute.name, limits.name)?;
            if self.take(count).flatten().any(|earlier| earlier.name == attribute.name) {
                return Err(XmlError::AttributeTwice);
            }
        }
        Ok(())
    }

    fn split(&mut self) -> Option<Attribute<'a>> {
        let blanks = self.rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if blanks == 0 {
            return None;
        }
        let rest = self.rest.get(blanks..)?;
        let equals = rest.iter().position(|&byte| byte == b'=')?;
        let name = rest.get(..equals)?.trim_ascii_end();
        let (&quote, rest) = rest.get(equals + 1..)?.trim_ascii_start().split_first()?;
        if quote != b'"' && quote != b'\'' {
            return None;
        }
        let length = memchr::memchr(quote, rest)?;
        let value = rest.get(..length)?;
        if value.contains(&b'<') {
            return None;
        }
        self.rest = rest.get(length + 1..)?;
        Some(Attribute { name, value })
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, XmlError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let attribute = self.split();
        if attribute.is_none() {
            self.rest = &[];
        }
        Some(attribute.ok_or(XmlError::Attribute))
    }
}

/// The name that a tag's body begins with.
pub(super) fn name_of(body: &[u8]) -> &[u8] {
    let length = body.iter().position(|&byte| byte.is_ascii_whitespace() || byte == b'/');
    body.get(..length.unwrap_or(body.len())).unwrap_or_default()
}

/// Prefix and local name.
pub(super) fn split_name(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().position(|&byte| byte == b':') {
        Some(colon) => {
            (name.get(..colon).unwrap_or_default(), name.get(colon + 1..).unwrap_or_default())
        }
        None => (&[], name),
    }
}

/// Checks a name: letters, digits, `_ - .`, anything beyond ASCII, one colon inside.
pub(super) fn check_name(name: &[u8], limit: usize) -> Result<(), XmlError> {
    if name.len() > limit {
        return Err(XmlError::NameLength { limit });
    }
    let mut parts = name.split(|&byte| byte == b':');
    let fits = parts.by_ref().take(2).all(is_simple_name) && parts.next().is_none();
    if fits { Ok(()) } else { Err(XmlError::Name) }
}

fn is_simple_name(name: &[u8]) -> bool {
    let starts = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80;
    let goes_on = |byte: u8| starts(byte) || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    name.first().is_some_and(|&byte| starts(byte)) && name.iter().all(|&byte| goes_on(byte))
}
