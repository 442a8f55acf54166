//! The scanner's steps from byte to token.

use memchr::{memchr, memchr3, memmem};

use super::tag::{Attributes, Name};
use super::{Scanner, XmlError};

const CDATA: &[u8; 7] = b"[CDATA[";

/// Where in the document the next byte stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum State {
    /// In text, or between markup.
    #[default]
    Text,
    /// After `<`.
    Lt,
    /// After `<!`.
    Bang,
    /// After `<!-`.
    Dash,
    /// After `<!` and so many bytes of `[CDATA[`.
    CDataOpening(usize),
    /// In a comment, after so many dashes (two at most).
    Comment(u8),
    /// In CDATA, after so many `]` that are not handed out yet (two at most).
    CData(u8),
    /// In a processing instruction, perhaps after `?`.
    Instruction(bool),
    /// In a tag, perhaps inside a quoted value.
    Tag(Option<u8>),
}

/// A token whose tag, if `None`, stands in the scanner's buffer.
pub(super) enum Found<'a> {
    Start(Option<&'a [u8]>, Name),
    End,
    Text(&'a [u8]),
    CData(&'a [u8]),
}

enum Kind {
    Start(Name),
    End,
}

impl Scanner {
    pub(super) fn advance<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Found<'a>>, XmlError> {
        if std::mem::take(&mut self.buffer_is_spent) {
            self.buffer.clear();
        }
        if std::mem::take(&mut self.end_is_due) {
            self.close();
            return Ok(Some(Found::End));
        }
        loop {
            let Some((&byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            match self.state {
                State::Text => {
                    if let Some(text) = self.text(input)? {
                        return Ok(Some(Found::Text(text)));
                    }
                }
                State::Lt => self.state = opening(byte, rest, input),
                State::Bang => {
                    *input = rest;
                    self.state = self.bang(byte)?;
                }
                State::Dash if byte == b'-' => {
                    *input = rest;
                    self.state = State::Comment(0);
                }
                State::Dash => return Err(XmlError::Markup),
                State::CDataOpening(seen) => {
                    if CDATA.get(seen) != Some(&byte) {
                        return Err(XmlError::Markup);
                    }
                    *input = rest;
                    let all = seen + 1 == CDATA.len();
                    self.state = if all { State::CData(0) } else { State::CDataOpening(seen + 1) };
                }
                State::Comment(dashes) => self.state = comment(dashes, input),
                State::CData(brackets) => {
                    if let Some(data) = self.cdata(brackets, input) {
                        return Ok(Some(Found::CData(data)));
                    }
                }
                State::Instruction(mark) => self.state = instruction(mark, input),
                State::Tag(quote) => {
                    if let Some(found) = self.tag(quote, input)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    fn text<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<&'a [u8]>, XmlError> {
        let length = memchr(b'<', input).unwrap_or(input.len());
        let (text, rest) = input.split_at(length);
        *input = rest;
        if text.is_empty() {
            *input = rest.get(1..).unwrap_or_default();
            self.state = State::Lt;
            return Ok(None);
        }
        if !self.starts.is_empty() {
            return Ok(Some(text));
        }
        if text.trim_ascii().is_empty() { Ok(None) } else { Err(XmlError::TextOutsideRoot) }
    }

    fn bang(&self, byte: u8) -> Result<State, XmlError> {
        match byte {
            b'-' => Ok(State::Dash),
            b'[' if self.starts.is_empty() => Err(XmlError::TextOutsideRoot),
            b'[' => Ok(State::CDataOpening(1)),
            b'D' => Err(XmlError::Doctype),
            _ => Err(XmlError::Markup),
        }
    }

    fn cdata<'a>(&mut self, brackets: u8, input: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (&byte, rest) = input.split_first()?;
        match (brackets, byte) {
            (0, b']') => {
                *input = rest;
                self.state = State::CData(1);
                None
            }
            (0, _) => {
                let length = memchr(b']', input).unwrap_or(input.len());
                let (data, rest) = input.split_at(length);
                *input = rest;
                Some(data)
            }
            (1, b']') => {
                *input = rest;
                self.state = State::CData(2);
                None
            }
            (1, _) => {
                self.state = State::CData(0);
                Some(b"]")
            }
            (_, b']') => {
                *input = rest;
                Some(b"]")
            }
            (_, b'>') => {
                *input = rest;
                self.state = State::Text;
                None
            }
            (_, _) => {
                self.state = State::CData(0);
                Some(b"]]")
            }
        }
    }

    fn tag<'a>(
        &mut self,
        mut quote: Option<u8>,
        input: &mut &'a [u8],
    ) -> Result<Option<Found<'a>>, XmlError> {
        let end = end_of_tag(input, &mut quote);
        let (part, rest) = input.split_at(end.unwrap_or(input.len()));
        if self.buffer.len() + part.len() > self.limits.tag {
            return Err(XmlError::TagLength { limit: self.limits.tag });
        }
        *input = rest.get(1..).unwrap_or_default();
        if end.is_none() {
            self.buffer.extend_from_slice(part);
            self.state = State::Tag(quote);
            return Ok(None);
        }
        self.state = State::Text;
        if self.buffer.is_empty() {
            return Ok(Some(match self.nest(part)? {
                Kind::Start(name) => Found::Start(Some(part), name),
                Kind::End => Found::End,
            }));
        }
        self.buffer.extend_from_slice(part);
        let body = std::mem::take(&mut self.buffer);
        let kind = self.nest(&body)?;
        self.buffer = body;
        self.buffer_is_spent = true;
        Ok(Some(match kind {
            Kind::Start(name) => Found::Start(None, name),
            Kind::End => Found::End,
        }))
    }

    /// Opens or closes the element whose tag is `<body>`.
    fn nest(&mut self, body: &[u8]) -> Result<Kind, XmlError> {
        if let Some(name) = body.strip_prefix(b"/") {
            let start = self.starts.last().copied().ok_or(XmlError::EndTag)?;
            if self.names.get(start..) != Some(name.trim_ascii_end()) {
                return Err(XmlError::EndTag);
            }
            self.close();
            return Ok(Kind::End);
        }
        if self.root_has_ended {
            return Err(XmlError::SecondRoot);
        }
        if self.starts.len() >= self.limits.depth {
            return Err(XmlError::Depth { limit: self.limits.depth });
        }
        let name = Name::at_start_of(body, self.limits.name)?;
        self.starts.push(self.names.len());
        self.names.extend_from_slice(name.whole(body));
        if name.is_all_of(body) {
            // No more than a name: so are most tags.
            self.namespaces.check_prefix(name.prefix(body))?;
            return Ok(Kind::Start(name));
        }
        let attributes = Attributes::of(body, name);
        if !attributes.is_empty() {
            self.declare(body, attributes)?;
        }
        self.namespaces.check_prefix(name.prefix(body))?;
        self.end_is_due = body.ends_with(b"/");
        Ok(Kind::Start(name))
    }

    /// Checks the attributes of a start tag and puts its namespace declarations in force.
    fn declare(&mut self, body: &[u8], attributes: Attributes<'_>) -> Result<(), XmlError> {
        attributes.check(&self.limits)?;
        if memmem::find(body, b"xmlns").is_some() {
            self.namespaces.declare(attributes, self.starts.len(), self.limits.namespaces)?;
        }
        Ok(())
    }

    fn close(&mut self) {
        self.namespaces.forget(self.starts.len());
        if let Some(start) = self.starts.pop() {
            self.names.truncate(start);
        }
        self.root_has_ended = self.starts.is_empty();
    }
}

fn opening<'a>(byte: u8, rest: &'a [u8], input: &mut &'a [u8]) -> State {
    match byte {
        b'!' => {
            *input = rest;
            State::Bang
        }
        b'?' => {
            *input = rest;
            State::Instruction(false)
        }
        _ => State::Tag(None),
    }
}

fn comment(dashes: u8, input: &mut &[u8]) -> State {
    if dashes == 0 {
        let place = memchr(b'-', input);
        *input = place.and_then(|place| input.get(place + 1..)).unwrap_or_default();
        return State::Comment(u8::from(place.is_some()));
    }
    let byte = input.first().copied();
    *input = input.get(1..).unwrap_or_default();
    match byte {
        Some(b'-') => State::Comment(2),
        Some(b'>') if dashes == 2 => State::Text,
        _ => State::Comment(0),
    }
}

fn instruction(mark: bool, input: &mut &[u8]) -> State {
    let byte = input.first().copied();
    if mark && byte == Some(b'>') {
        *input = input.get(1..).unwrap_or_default();
        return State::Text;
    }
    let place = memchr(b'?', input);
    *input = place.and_then(|place| input.get(place + 1..)).unwrap_or_default();
    State::Instruction(place.is_some())
}

/// Where the tag's `>` is, if it is here; `quote` is kept up.
fn end_of_tag(input: &[u8], quote: &mut Option<u8>) -> Option<usize> {
    let mut place = 0;
    while let Some(rest) = input.get(place..) {
        match *quote {
            Some(mark) => {
                place += memchr(mark, rest)? + 1;
                *quote = None;
            }
            None => {
                place += memchr3(b'>', b'"', b'\'', rest)?;
                match input.get(place) {
                    Some(b'>') => return Some(place),
                    mark => *quote = mark.copied(),
                }
                place += 1;
            }
        }
    }
    None
}
