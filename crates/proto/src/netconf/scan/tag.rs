//! One start tag: its name, namespace and attributes.

use super::namespaces::Namespaces;
use super::{Limits, XmlError};

/// A start tag, with the namespaces in force inside it.
#[derive(Debug, Clone, Copy)]
pub struct Tag<'a> {
    body: &'a [u8],
    name: Name,
    namespaces: &'a Namespaces,
}

impl<'a> Tag<'a> {
    pub(super) fn new(body: &'a [u8], name: Name, namespaces: &'a Namespaces) -> Self {
        Self { body, name, namespaces }
    }

    /// What stands between `<` and `>`.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &'a [u8] {
        self.name.local(self.body)
    }

    /// The namespace of the element as it stands, references unresolved; `None` if it has none.
    pub fn namespace(&self) -> Option<&'a [u8]> {
        self.namespaces.of_element(self.name.prefix(self.body))
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
        Attributes::of(self.body, self.name)
    }

    /// The value of the attribute of this very name, references unresolved.
    pub fn attribute(&self, name: &str) -> Option<&'a [u8]> {
        self.attributes()
            .flatten()
            .find(|attribute| attribute.name == name.as_bytes())
            .map(|attribute| attribute.value)
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
    pub(super) fn of(body: &'a [u8], name: Name) -> Self {
        let rest = body.get(name.length..).unwrap_or_default();
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
            if Name::at_start_of(attribute.name, limits.name)?.length != attribute.name.len() {
                return Err(XmlError::Name);
            }
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

/// A name at the start of some text: how long it is, and where its local part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    length: usize,
    local: usize,
}

impl Name {
    /// Reads a name: letters, digits, `_ - .` and anything beyond ASCII, with one colon inside at most;
    /// its parts begin with a letter, `_` or something beyond ASCII.
    pub(super) fn at_start_of(text: &[u8], limit: usize) -> Result<Self, XmlError> {
        let (mut local, mut length) = (0, 0);
        loop {
            let part = text.get(length..).unwrap_or_default();
            let inside = part.iter().take_while(|byte| Class::is_of_name(**byte)).count();
            let begins = part.first().is_some_and(|byte| Class::of(*byte) == Class::Start);
            length += inside;
            if length > limit {
                return Err(XmlError::NameLength { limit });
            }
            if inside == 0 || !begins {
                return Err(XmlError::Name);
            }
            match text.get(length).map_or(Class::End, |byte| Class::of(*byte)) {
                Class::End => return Ok(Self { length, local }),
                Class::Colon if local == 0 => {
                    length += 1;
                    local = length;
                }
                _ => return Err(XmlError::Name),
            }
        }
    }

    /// A name without a prefix, of any length, and what stands behind it.
    pub(super) fn plain_at_start_of(text: &[u8]) -> Option<(&[u8], &[u8])> {
        let begins = text.first().is_some_and(|byte| Class::of(*byte) == Class::Start);
        let inside = text.iter().position(|byte| !Class::is_of_name(*byte))?;
        text.split_at_checked(inside).filter(|_| begins)
    }

    /// Whether nothing stands behind it.
    pub(super) fn is_all_of(self, text: &[u8]) -> bool {
        self.length == text.len()
    }

    /// The whole name.
    pub(super) fn whole(self, text: &[u8]) -> &[u8] {
        text.get(..self.length).unwrap_or_default()
    }

    /// What stands before the colon, if there is one.
    pub(super) fn prefix(self, text: &[u8]) -> &[u8] {
        text.get(..self.local.saturating_sub(1)).unwrap_or_default()
    }

    /// What stands behind the colon, or the whole name.
    pub(super) fn local(self, text: &[u8]) -> &[u8] {
        text.get(self.local..self.length).unwrap_or_default()
    }
}

/// What a byte is to a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Start,
    Inside,
    Colon,
    End,
    Other,
}

/// The class of each byte: every name of every reply passes here.
#[allow(clippy::indexing_slicing, reason = "the compiler fills it")]
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = Class::judge(byte as u8);
        byte += 1;
    }
    classes
};

impl Class {
    fn of(byte: u8) -> Self {
        CLASSES.get(usize::from(byte)).copied().unwrap_or(Self::Other)
    }

    fn is_of_name(byte: u8) -> bool {
        matches!(Self::of(byte), Self::Start | Self::Inside)
    }

    const fn judge(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Self::Start,
            b'0'..=b'9' | b'-' | b'.' => Self::Inside,
            b':' => Self::Colon,
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' => Self::End,
            _ => Self::Other,
        }
    }
}
