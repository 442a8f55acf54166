//! Which namespace each prefix stands for, at the present place of the document.

use super::XmlError;
use super::tag::Attributes;

/// The namespace of the prefix `xml`, which needs no declaration.
const XML: &[u8] = b"http://www.w3.org/XML/1998/namespace";

/// The declarations in force, innermost last.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    declarations: Vec<Declaration>,
}

#[derive(Debug)]
struct Declaration {
    /// The depth of the element that carries it.
    depth: usize,
    prefix: Box<[u8]>,
    namespace: Box<[u8]>,
}

impl Namespaces {
    /// Puts the declarations among `attributes` in force for the element at `depth`.
    pub(super) fn declare(
        &mut self,
        attributes: Attributes<'_>,
        depth: usize,
        limit: usize,
    ) -> Result<(), XmlError> {
        for attribute in attributes.flatten() {
            let Some(prefix) = attribute.declared_prefix() else {
                continue;
            };
            if self.declarations.len() >= limit {
                return Err(XmlError::Namespaces { limit });
            }
            let (prefix, namespace) = (prefix.into(), attribute.value.into());
            self.declarations.push(Declaration { depth, prefix, namespace });
        }
        Ok(())
    }

    /// Forgets what the element at `depth` declared.
    pub(super) fn forget(&mut self, depth: usize) {
        while self.declarations.last().is_some_and(|last| last.depth >= depth) {
            self.declarations.pop();
        }
    }

    /// The namespace of an element with this prefix (`""`: none).
    pub(super) fn of_element(&self, prefix: &[u8]) -> Option<&[u8]> {
        let mut inner_first = self.declarations.iter().rev();
        match inner_first.find(|declaration| &*declaration.prefix == prefix) {
            Some(declaration) => Some(&*declaration.namespace).filter(|name| !name.is_empty()),
            None => (prefix == b"xml").then_some(XML),
        }
    }

    pub(super) fn check_prefix(&self, prefix: &[u8]) -> Result<(), XmlError> {
        if prefix.is_empty() || self.of_element(prefix).is_some() {
            Ok(())
        } else {
            Err(XmlError::Prefix)
        }
    }
}
