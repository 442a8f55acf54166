//! A small tree of elements, for messages that must be looked at as a whole: an `<rpc>` at the
//! server, a configuration to be filtered.
//!
//! Mixed content doesn't occur in NETCONF: an element has children or text, and the text around
//! children is dropped. Names lose their prefix and keep their namespace.

use super::scan::{Limits, Scanner, Tag, Token, XmlError};
use super::text::{escape, unescape};

/// An element with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// The name without prefix.
    pub name: String,
    /// The namespace, if it has one.
    pub namespace: Option<Namespace>,
    /// Attributes as they stand, prefixes and their declarations included; not the default `xmlns`.
    pub attributes: Vec<(String, String)>,
    /// The elements inside.
    pub children: Vec<Element>,
    /// The text inside, if there are no elements.
    pub text: String,
}

/// A namespace's name, shared by the elements of one tree.
pub type Namespace = std::sync::Arc<str>;

impl Element {
    /// An empty element without namespace.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element with text.
    pub fn with_text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    /// The same with another child at its end.
    #[must_use]
    pub fn with(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// The same with another attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, it and everything in it moved to `namespace`.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.adopt(&Namespace::from(namespace));
        self
    }

    /// The same, it and everything in it in no namespace.
    #[must_use]
    pub fn without_namespace(mut self) -> Self {
        self.namespace = None;
        self.children = self.children.into_iter().map(Element::without_namespace).collect();
        self
    }

    fn adopt(&mut self, namespace: &Namespace) {
        self.namespace = Some(namespace.clone());
        self.children.iter_mut().for_each(|child| child.adopt(namespace));
    }

    /// Parses a whole document of at most `most` elements.
    ///
    /// # Errors
    /// Any [`XmlError`].
    pub fn parse(document: &[u8], limits: Limits, most: usize) -> Result<Self, XmlError> {
        let mut builder = Builder::new(limits, most);
        builder.data(document)?;
        builder.finish()
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element at the end of this path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The text of the first child of this name, without the blanks around it.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// The value of the attribute of this local name, whatever its prefix.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let local = |own: &str| own.rsplit(':').next() == Some(name) && !own.starts_with("xmlns");
        self.attributes.iter().find(|(own, _)| local(own)).map(|(_, value)| value.as_str())
    }

    /// Appends the element as text, two blanks of indent for each of `indent` levels and below.
    ///
    /// `outer` is the default namespace in force where it will stand.
    pub fn write(&self, out: &mut String, outer: Option<&str>, indent: usize) {
        let blanks = |out: &mut String| out.extend(std::iter::repeat_n("  ", indent));
        blanks(out);
        out.push('<');
        out.push_str(&self.name);
        let own = self.namespace.as_deref();
        if own != outer {
            self.write_attribute("xmlns", own.unwrap_or_default(), out);
        }
        for (name, value) in &self.attributes {
            self.write_attribute(name, value, out);
        }
        if self.children.is_empty() && self.text.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push('>');
        if self.children.is_empty() {
            escape(&self.text, out);
        } else {
            out.push('\n');
            self.children.iter().for_each(|child| child.write(out, own, indent + 1));
            blanks(out);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push_str(">\n");
    }

    fn write_attribute(&self, name: &str, value: &str, out: &mut String) {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(value, out);
        out.push('"');
    }
}

/// Builds an [`Element`] from a document that arrives in pieces.
#[derive(Debug)]
pub struct Builder {
    scanner: Scanner,
    most: usize,
    count: usize,
    /// The elements that are open, and the text of each so far.
    open: Vec<(Element, Vec<u8>)>,
    root: Option<Element>,
}

impl Builder {
    /// A builder of at most `most` elements.
    pub fn new(limits: Limits, most: usize) -> Self {
        Self { scanner: Scanner::new(limits), most, count: 0, open: Vec::new(), root: None }
    }

    /// Takes the next piece of the document.
    ///
    /// # Errors
    /// Any [`XmlError`]; final.
    pub fn data(&mut self, mut input: &[u8]) -> Result<(), XmlError> {
        while let Some(token) = self.scanner.next(&mut input)? {
            match token {
                Token::Start(tag) => {
                    self.count += 1;
                    if self.count > self.most {
                        return Err(XmlError::Elements { limit: self.most });
                    }
                    let outer = self.open.last().and_then(|(outer, _)| outer.namespace.as_ref());
                    let element = element_of(&tag, outer)?;
                    self.open.push((element, Vec::new()));
                }
                Token::Text(piece) => {
                    if let Some((_, text)) = self.open.last_mut() {
                        text.extend_from_slice(piece);
                    }
                }
                Token::CData(piece) => {
                    if let Some((_, text)) = self.open.last_mut() {
                        text.extend_from_slice(&escaped_bytes(piece));
                    }
                }
                Token::End => self.close()?,
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let Some((mut element, text)) = self.open.pop() else {
            return Ok(());
        };
        if element.children.is_empty() {
            element.text = unescape(&text)?;
        }
        match self.open.last_mut() {
            Some((outer, _)) => outer.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    /// Whether anything but blanks, comments and instructions has come.
    pub fn has_begun(&self) -> bool {
        self.count > 0
    }

    /// The root element, if the document is complete.
    ///
    /// # Errors
    /// [`XmlError::Incomplete`].
    pub fn finish(self) -> Result<Element, XmlError> {
        self.scanner.finish()?;
        self.root.ok_or(XmlError::Incomplete)
    }
}

fn element_of(tag: &Tag<'_>, outer: Option<&Namespace>) -> Result<Element, XmlError> {
    let own = tag.namespace().map(unescape).transpose()?;
    let namespace =
        own.map(|own| outer.filter(|outer| ***outer == *own).cloned().unwrap_or(own.into()));
    let mut element = Element { name: utf8(tag.local_name())?, namespace, ..Element::default() };
    for attribute in tag.attributes() {
        let attribute = attribute?;
        if attribute.declared_prefix() != Some(b"") {
            element.attributes.push((utf8(attribute.name)?, unescape(attribute.value)?));
        }
    }
    Ok(element)
}

fn utf8(bytes: &[u8]) -> Result<String, XmlError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| XmlError::Utf8)
}

/// CDATA in the form of ordinary text; its pieces may be cut inside a character.
fn escaped_bytes(piece: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(piece.len());
    for &byte in piece {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(document: &str) -> Result<Element, XmlError> {
        Element::parse(document.as_bytes(), Limits::default(), 10)
    }

    #[test]
    fn a_document_becomes_a_tree_and_is_written_back() {
        let tree = parse(
            "<a xmlns='u' xmlns:p='v'>\n <p:b p:x='&lt;'>one<![CDATA[ & <two>]]></p:b><c xmlns=''/></a>",
        )
        .unwrap();
        assert_eq!(tree.child_text("b"), Some("one & <two>"));
        assert_eq!(tree.child("b").and_then(|b| b.attribute("x")), Some("<"));
        let mut text = String::new();
        tree.write(&mut text, None, 0);
        assert_eq!(
            text,
            "<a xmlns=\"u\" xmlns:p=\"v\">\n  <b xmlns=\"v\" p:x=\"&lt;\">one &amp; &lt;two&gt;</b>\n  \
             <c xmlns=\"\"/>\n</a>\n"
        );
        assert_eq!(parse(&text).unwrap(), tree);
    }

    #[test]
    fn too_many_elements_and_unknown_entities_are_refused() {
        assert_eq!(
            parse(&format!("<a>{}</a>", "<b/>".repeat(10))),
            Err(XmlError::Elements { limit: 10 })
        );
        assert_eq!(parse("<a>&b;</a>"), Err(XmlError::Entity));
        assert_eq!(parse("<a>\u{e9}<b/>"), Err(XmlError::Incomplete));
    }
}
