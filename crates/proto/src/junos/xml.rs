//! Reading the XML form, bare or in the `<rpc-reply>` or `<data>` that a device sent it in.
//!
//! ```text
//! <rpc-reply><data><configuration><system inactive="inactive" protect="protect">…
//! └── any of these may be absent ─┘   the only attributes that are read
//! ```
//!
//! Namespaces and `junos:*` attributes are ignored. `<junos:comment>` and `<!-- … -->` are comments
//! of what follows. Blanks around a text do not count unless written as `&#32;`, `&#10;`. There are
//! no entities but the five of XML, and a document type is refused.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::element::{self, Element};
use super::identity;
use super::lexer::checked;
use super::limits::MAX_DEPTH;
use super::place::Builder;
use super::schema::Area;
use super::source::{Source, Span};
use super::tree::{Comment, Guard, Operation, Word};
use super::{Diagnostics, Tree, diagnostics::shown};
use crate::netconf::text::unescape;

/// Elements around a configuration.
const WRAPPERS: [&str; 5] = ["rpc-reply", "data", "rpc", "config", "load-configuration"];

/// Reads a whole text.
pub(crate) fn parse(source: &Source, is_edit: bool) -> Result<Tree, Diagnostics> {
    let mut reading = Reading {
        xml: Reader::from_str(source.text()),
        builder: Builder::new(source).edits(is_edit),
        open: Vec::new(),
        root: None,
        comments: Vec::new(),
        before: 0,
    };
    reading.document();
    let Reading { mut builder, root, comments, .. } = reading;
    let mut tree = Tree::default();
    match root {
        Some(root) => take_configuration(&mut builder, root, comments, &mut tree),
        None if builder.diagnostics.is_empty() => {
            let error =
                builder.at("no-configuration", Span::default(), "there is no configuration");
            builder.report(error.expected("`<configuration>`"));
        }
        None => {}
    }
    identity::settle_known(&mut tree.statements, Area::TOP);
    builder.diagnostics.or(tree)
}

fn take_configuration(
    builder: &mut Builder<'_>,
    mut root: Element,
    comments: Vec<Comment>,
    tree: &mut Tree,
) {
    while WRAPPERS.contains(&root.name.text.as_str()) {
        let span = root.name.span;
        let mut children = root.children.into_iter();
        match children
            .find(|each| is_configuration(each) || WRAPPERS.contains(&each.name.text.as_str()))
        {
            Some(child) => root = child,
            None => {
                let error = builder.at("no-configuration", span, "there is no configuration in it");
                return builder.report(error.expected("`<configuration>`"));
            }
        }
    }
    if !is_configuration(&root) {
        let message = format!("`<{}>` is no configuration", shown(&root.name.text));
        let error = builder.at("no-configuration", root.name.span, message);
        return builder.report(error.expected("`<configuration>` around it"));
    }
    tree.operation = root.operation;
    tree.end_comments = root.end_comments;
    tree.end_comments.extend(comments);
    element::read(builder, &mut tree.statements, Area::TOP, root.children);
}

fn is_configuration(element: &Element) -> bool {
    element.name.text == "configuration"
}

struct Reading<'s> {
    xml: Reader<&'s [u8]>,
    builder: Builder<'s>,
    open: Vec<Open>,
    root: Option<Element>,
    comments: Vec<Comment>,
    before: usize,
}

/// An element whose end has not been seen.
struct Open {
    element: Element,
    is_comment: bool,
    text: String,
    text_span: Option<Span>,
    /// What of the text was written as references and so is not trimmed.
    kept: Option<(usize, usize)>,
}

impl Reading<'_> {
    fn document(&mut self) {
        while !self.builder.is_done() {
            self.before = self.position();
            let event = self.xml.read_event();
            let span = Span::new(self.before, self.position());
            let goes_on = match event {
                Ok(Event::Eof) => {
                    self.end_of_text();
                    return;
                }
                Ok(event) => self.event(event, span),
                Err(error) => {
                    let at = usize::try_from(self.xml.error_position()).unwrap_or(self.before);
                    let message = format!("this is no XML: {}", shown(&error.to_string()));
                    self.builder.error("malformed-xml", Span::new(at, at + 1), message);
                    None
                }
            };
            if goes_on.is_none() {
                return;
            }
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.xml.buffer_position()).unwrap_or(usize::MAX)
    }

    /// `None` if reading on is of no use; why has been noted.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Start(start) => self.start(&start, span),
            Event::Empty(start) => {
                self.start(&start, span)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(text.as_ref(), span),
            Event::CData(text) => self.text(text.as_ref(), span),
            Event::GeneralRef(reference) => self.reference(&reference, span),
            Event::Comment(text) => {
                self.check(text.as_ref(), span)?;
                self.comments.push(Comment::new(text.as_ref()));
                Some(())
            }
            Event::DocType(_) => {
                let error = self.builder.at("document-type", span, "a document type is refused");
                self.builder.report(error.help("remove `<!DOCTYPE …>`"));
                None
            }
            Event::Decl(_) | Event::PI(_) | Event::Eof => Some(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, span: Span) -> Option<()> {
        if self.open.len() == MAX_DEPTH + WRAPPERS.len() {
            let message = format!("elements are more than {MAX_DEPTH} deep");
            self.builder.error("too-deep", span, message);
            return None;
        }
        let whole = start.name().as_ref().to_owned();
        let at = span.start as usize + 1;
        let name_span = Span::new(at, at + whole.len());
        self.check(&whole, name_span)?;
        if self.open.is_empty() && self.root.is_some() {
            self.builder.error("malformed-xml", name_span, "there is something behind the end");
            return None;
        }
        let (prefix, name) = whole.split_once(':').unwrap_or(("", &whole));
        if name.is_empty() || name.contains(':') {
            self.builder.error("malformed-xml", name_span, "this is no element's name");
            return None;
        }
        let mut element = Element::new(Word::new(name, name_span));
        self.attributes(&mut element, start, name_span)?;
        let is_comment = prefix == "junos" && name == "comment";
        if !is_comment {
            element.comments = std::mem::take(&mut self.comments);
        }
        let text = String::new();
        self.open.push(Open { element, is_comment, text, text_span: None, kept: None });
        Some(())
    }

    /// Whether the element is inactive or protected, and what it does to another configuration.
    fn attributes(
        &mut self,
        element: &mut Element,
        start: &BytesStart<'_>,
        span: Span,
    ) -> Option<()> {
        let mut said: Vec<(String, String)> = Vec::new();
        for attribute in start.attributes() {
            let Ok(attribute) = attribute else {
                self.builder.error(
                    "malformed-xml",
                    span,
                    "the attributes of this element are broken",
                );
                return None;
            };
            let Ok(value) = unescape(attribute.value.as_ref().as_bytes()) else {
                self.builder.error("malformed-xml", span, "an attribute holds what is no text");
                return None;
            };
            let value = value.as_str();
            match attribute.key.local_name().as_ref() {
                "inactive" => element.inactive = value == "inactive" || value == "true",
                "protect" if value == "protect" || value == "true" => {
                    element.guard = Guard::Protected;
                }
                "unprotect" if self.builder.is_edit => element.guard = Guard::Lifted,
                key if self.builder.is_edit => said.push((key.to_owned(), value.to_owned())),
                "operation" if value != "merge" && value != "none" => {
                    self.changes_another(span);
                }
                "delete" => self.changes_another(span),
                _ => {}
            }
        }
        element.operation = operation(&said).unwrap_or_else(|| {
            self.builder.error("bad-attribute", span, "this operation is not known");
            Operation::Unsaid
        });
        Some(())
    }

    fn changes_another(&mut self, span: Span) {
        let error =
            self.builder.at("tag-not-allowed", span, "this element changes another configuration");
        self.builder.report(error.help("write the statements as they shall be"));
    }

    fn end(&mut self) -> Option<()> {
        let mut open = self.open.pop()?;
        let (from, to) = open.kept.unwrap_or((open.text.len(), open.text.len()));
        let head = open.text.get(..from).unwrap_or("").trim_start();
        let kept = open.text.get(from..to).unwrap_or("");
        let tail = open.text.get(to..).unwrap_or("").trim_end();
        let text = match open.kept {
            Some(_) => format!("{head}{kept}{tail}"),
            None => head.trim_end().to_owned(),
        };
        let span = open.text_span.unwrap_or(open.element.name.span);
        self.check(&text, span)?;
        if open.is_comment {
            self.comments.push(Comment::new(&text));
            return Some(());
        }
        if !text.is_empty() && !open.element.children.is_empty() {
            self.builder.error("text-not-allowed", span, "there is text between elements");
            return None;
        }
        open.element.text = (!text.is_empty()).then(|| Word::new(text, span));
        open.element.end_comments = std::mem::take(&mut self.comments);
        match self.open.last_mut() {
            Some(above) => above.element.children.push(open.element),
            None => self.root = Some(open.element),
        }
        Some(())
    }

    fn text(&mut self, text: &str, span: Span) -> Option<()> {
        let Some(open) = self.open.last_mut() else {
            if text.trim().is_empty() {
                return Some(());
            }
            self.builder.error("malformed-xml", span, "there is text outside the elements");
            return None;
        };
        let trimmed = text.trim_start();
        if open.text_span.is_none() && !trimmed.is_empty() {
            let start = span.start as usize + (text.len() - trimmed.len());
            open.text_span = Some(Span::new(start, start + trimmed.trim_end().len()));
        }
        open.text.push_str(text);
        Some(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>, span: Span) -> Option<()> {
        let name: &str = reference.as_ref();
        let resolved = match reference.resolve_char_ref() {
            Ok(Some(c)) => Some(c),
            _ => predefined(name),
        };
        let (Some(c), Some(open)) = (resolved, self.open.last_mut()) else {
            let message = format!("`&{};` stands for nothing here", shown(name));
            let error = self.builder.at("unknown-entity", span, message);
            self.builder.report(error.expected("`&amp;`, `&lt;`, `&gt;`, `&quot;` or `&apos;`"));
            return None;
        };
        let start = open.text.len();
        open.text.push(c);
        open.kept = Some((open.kept.map_or(start, |(from, _)| from), open.text.len()));
        open.text_span = Some(open.text_span.map_or(span, |text| text.to(span)));
        Some(())
    }

    fn check(&mut self, text: &str, span: Span) -> Option<()> {
        let Err(bad) = checked(text) else { return Some(()) };
        self.builder.bad_token(bad, span);
        None
    }

    fn end_of_text(&mut self) {
        if let Some(open) = self.open.last() {
            let name = &open.element.name;
            let message = format!("`<{}>` is not closed", shown(&name.text));
            let error = self.builder.at("open-element", name.span, message);
            let error = error.expected(format!("`</{}>`", shown(&name.text)));
            self.builder.report(error);
        }
    }
}

/// What attributes say that an element does; `None` if that is not known.
fn operation(said: &[(String, String)]) -> Option<Operation> {
    let value =
        |key: &str| said.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str());
    let name = || value("name").map(str::to_owned);
    Some(match value("operation") {
        Some("merge") => Operation::Merge,
        Some("replace") => Operation::Replace,
        Some("create") => Operation::Create,
        Some("delete") => Operation::Delete,
        Some("remove") => Operation::Remove,
        Some("none") => Operation::None,
        Some(_) => return None,
        None if value("delete").is_some() => Operation::Delete,
        None if value("replace").is_some() => Operation::Replace,
        None if value("active").is_some() => Operation::Activate,
        None if value("rename").is_some() => Operation::Rename(name()?),
        None => match value("insert") {
            Some("after") => Operation::After(name()?),
            Some("before") => Operation::Before(name()?),
            Some("first") => Operation::Before(String::new()),
            Some("last") | None => Operation::Unsaid,
            Some(_) => return None,
        },
    })
}

fn predefined(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
