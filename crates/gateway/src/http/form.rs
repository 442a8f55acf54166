//! In which form a client wants a device's reply, and that form out of the `<rpc-reply>` as it comes.
//!
//! ```text
//!   accept: application/xml, */*, none    the reply as the device sent it
//!   accept: application/json, text/plain  only of what looks at a Junos device: format="json" | "text" goes with the operation,
//!                                         and what stands in the reply's elements comes out
//!                                         the device answers otherwise ──▶ 406, before the first byte
//! ```
//!
//! Sources: RFC 9110 §12.5.1; Junos, *Specifying the Output Format for Operational Information Requests in a Junos XML Protocol Session*.

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use homing_proto::access::{Right, rpc};
use homing_proto::fault::Fault;
use homing_proto::netconf::passage::read_operation;
use homing_proto::netconf::scan::Limits;

use super::refusal::Refusal;

/// A form of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyForm {
    /// As the device sent it.
    Xml,
    /// What Junos says in JSON.
    Json,
    /// What Junos would have printed.
    Text,
}

impl ReplyForm {
    /// What the header `accept` asks for; the best that is possible of several.
    ///
    /// # Errors
    /// 406: nothing of it is possible.
    pub(super) fn asked(headers: &HeaderMap) -> Result<Self, Refusal> {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|one| one.to_str().ok());
        let mut best: Option<(f64, Self)> = None;
        let mut is_said = false;
        for range in values.flat_map(|value| value.split(',')) {
            is_said = true;
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let form = match kind.as_str() {
                "application/xml" | "text/xml" | "*/*" | "application/*" => Self::Xml,
                "application/json" => Self::Json,
                "text/plain" | "text/*" => Self::Text,
                _ => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            let quality = quality.map_or(Some(1.0), |text| text.parse::<f64>().ok());
            let quality = quality.filter(|one| (0.0..=1.0).contains(one)).unwrap_or(0.0);
            if quality > best.map_or(0.0, |(most, _)| most) {
                best = Some((quality, form));
            }
        }
        match best {
            Some((_, form)) => Ok(form),
            None if !is_said => Ok(Self::Xml),
            None => Err(not_acceptable("no reply comes in what accept asks for")),
        }
    }

    /// The media type.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// The operation that asks for this form.
    ///
    /// # Errors
    /// 406: no device answers this operation in it. An operation that can't be read is left for whoever judges it.
    pub(super) fn ask_for(self, operation: Bytes) -> Result<Bytes, Refusal> {
        let word = match self {
            Self::Xml => return Ok(operation),
            Self::Json => "json",
            Self::Text => "text",
        };
        let Ok((read, text)) = read_operation(&operation, Limits::default()) else {
            return Ok(operation);
        };
        // What changes a device must never be answered with 406 after it was done.
        if !rpc::answers_in_forms(&read) || rpc::right(&read) != Right::View {
            let name = &read.name;
            return Err(not_acceptable(&format!("{name} is answered in XML alone")));
        }
        match read.attribute("format") {
            Some(own) if own == word => return Ok(Bytes::from(text)),
            Some(_) => return Err(not_acceptable("the operation's own format is another one")),
            None => {}
        }
        let name = |byte: &u8| !matches!(byte, b' ' | b'>' | b'/' | b'\t' | b'\r' | b'\n');
        let end = 1 + text.iter().skip(1).take_while(|byte| name(byte)).count();
        let (begin, rest) = text.split_at_checked(end).unwrap_or((&text, &[]));
        Ok([begin, format!(" format=\"{word}\"").as_bytes(), rest].concat().into())
    }
}

/// No form that the client takes.
pub(super) fn not_acceptable(title: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", Fault::Operator, title).with_hint(
        "accept: application/xml always; application/json and text/plain for get-… and show commands of Junos",
    )
}

/// Where in the reply we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Text,
    /// In a tag, and the quotation mark in which we are there.
    Tag(Option<u8>),
    Reference,
    Section,
}

/// The text of a reply without its tags, piece by piece.
#[derive(Debug)]
pub(super) struct Plain {
    at: At,
    /// A reference or the beginning of a section that is not whole yet.
    held: Vec<u8>,
    /// Elements begun.
    tags: u32,
    /// In JSON nothing but the reply's own element may stand before the text.
    form: ReplyForm,
    has_text: bool,
}

/// The device answered in another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OtherForm;

/// The longest reference or beginning of a section.
const HELD: usize = 16;
const CDATA: &[u8] = b"<![CDATA[";

impl Plain {
    pub(super) fn new(form: ReplyForm) -> Self {
        Self { at: At::Text, held: Vec::new(), tags: 0, form, has_text: false }
    }

    /// Whether anything but blanks has come out.
    pub(super) fn has_text(&self) -> bool {
        self.has_text
    }

    /// The text in the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Bytes, OtherForm> {
        let mut text = Vec::with_capacity(piece.len());
        for byte in piece {
            self.byte(*byte, &mut text)?;
        }
        if !self.has_text {
            self.has_text = text.iter().any(|byte| !byte.is_ascii_whitespace());
            if !self.has_text {
                text.clear();
            }
        }
        Ok(text.into())
    }

    fn byte(&mut self, byte: u8, text: &mut Vec<u8>) -> Result<(), OtherForm> {
        match (self.at, byte) {
            (At::Text, b'<') => {
                (self.at, self.held) = (At::Tag(None), vec![byte]);
            }
            (At::Text, b'&') => {
                (self.at, self.held) = (At::Reference, Vec::new());
            }
            (At::Text, _) => text.push(byte),
            (At::Reference, b';') => {
                text.extend(referred(&self.held).to_string().bytes());
                self.at = At::Text;
            }
            (At::Reference, _) => {
                self.held.push(byte);
                if self.held.len() > HELD {
                    return Err(OtherForm);
                }
            }
            (At::Section, b'>') if self.held == b"]]" => self.at = At::Text,
            (At::Section, b']') if self.held.len() < 2 => self.held.push(byte),
            (At::Section, b']') => text.push(byte),
            (At::Section, _) => {
                text.append(&mut self.held);
                text.push(byte);
            }
            (At::Tag(None), b'>') => {
                self.at = At::Text;
                return self.tag();
            }
            (At::Tag(None), quote @ (b'"' | b'\'')) => self.at = At::Tag(Some(quote)),
            (At::Tag(Some(quote)), end) if quote == end => self.at = At::Tag(None),
            (At::Tag(_), _) => {
                if self.held.len() < HELD {
                    self.held.push(byte);
                }
                if self.held == CDATA {
                    (self.at, self.held) = (At::Section, Vec::new());
                }
            }
        }
        Ok(())
    }

    /// A tag is over.
    fn tag(&mut self) -> Result<(), OtherForm> {
        if matches!(self.held.get(1), Some(b'/' | b'?' | b'!')) {
            return Ok(());
        }
        self.tags = self.tags.saturating_add(1);
        let is_error =
            self.held.starts_with(b"<rpc-error") || self.held.starts_with(b"<nc:rpc-error");
        match (self.form == ReplyForm::Json && self.tags > 1) || (is_error && !self.has_text) {
            true => Err(OtherForm),
            false => Ok(()),
        }
    }
}

/// What a reference stands for.
fn referred(name: &[u8]) -> char {
    let number = |digits: &[u8], radix| {
        let digits = std::str::from_utf8(digits).ok()?;
        char::from_u32(u32::from_str_radix(digits, radix).ok()?)
    };
    let found = match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    };
    found.unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &str) -> Result<ReplyForm, u16> {
        let headers = [(header::ACCEPT, accept.parse().unwrap())].into_iter().collect();
        ReplyForm::asked(&headers).map_err(|refusal| refusal.0.status)
    }

    #[test]
    fn the_best_form_that_is_asked_for_is_given() {
        assert_eq!(ReplyForm::asked(&HeaderMap::new()), Ok(ReplyForm::Xml));
        assert_eq!(asked("*/*"), Ok(ReplyForm::Xml));
        assert_eq!(asked("application/json"), Ok(ReplyForm::Json));
        assert_eq!(
            asked("text/html, text/plain;q=0.5, application/xml;q=0.1"),
            Ok(ReplyForm::Text)
        );
        assert_eq!(asked("application/json;q=0.2, text/xml"), Ok(ReplyForm::Xml));
        assert_eq!(asked("text/html"), Err(406));
        assert_eq!(asked("application/xml;q=0"), Err(406));
    }

    #[test]
    fn the_operation_asks_for_its_form() {
        let ask = |form: ReplyForm, text: &str| {
            let asked = form.ask_for(Bytes::from(text.to_owned()));
            asked.map(|text| String::from_utf8(text.to_vec()).unwrap()).map_err(|no| no.0.status)
        };
        let (json, text) = (ReplyForm::Json, ReplyForm::Text);
        let expected =
            "<get-interface-information format=\"json\"><terse/></get-interface-information>";
        assert_eq!(
            ask(json, "<get-interface-information><terse/></get-interface-information>"),
            Ok(expected.into())
        );
        assert_eq!(ask(text, "<get-arp-table/>").unwrap(), "<get-arp-table format=\"text\"/>");
        let command = "<command format=\"json\">show version</command>";
        assert_eq!(ask(json, command), Ok(command.into()));
        assert_eq!(ask(text, command), Err(406));
        for other in
            ["<get/>", "<edit-config/>", "<command>request system reboot</command>", "<ping/>"]
        {
            assert_eq!(ask(json, other), Err(406), "{other}");
        }
        assert_eq!(ask(ReplyForm::Xml, "<get/>"), Ok("<get/>".into()));
        assert_eq!(ask(json, "no XML"), Ok("no XML".into()));
    }

    fn plain(form: ReplyForm, reply: &str) -> Result<String, OtherForm> {
        let whole = Plain::new(form).push(reply.as_bytes());
        // However it is cut.
        for at in 0..reply.len() {
            let (mut plain, (one, other)) = (Plain::new(form), reply.as_bytes().split_at(at));
            let parts = plain.push(one).and_then(|one| Ok([one, plain.push(other)?].concat()));
            match (&whole, &parts) {
                (Ok(whole), Ok(parts)) => assert_eq!(
                    String::from_utf8_lossy(whole).trim(),
                    String::from_utf8_lossy(parts).trim(),
                    "{at}"
                ),
                (whole, parts) => assert_eq!(whole.is_err(), parts.is_err(), "{at}"),
            }
        }
        whole.map(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn the_text_of_a_reply_comes_out_without_its_tags() {
        let reply = "<rpc-reply a=\"x>y\">\n{ \"a\": \"&lt;b&gt; &amp; &#65;\" }\n</rpc-reply>";
        assert_eq!(plain(ReplyForm::Json, reply).unwrap().trim(), "{ \"a\": \"<b> & A\" }");
        let reply = "<rpc-reply><output>\nHostname: mx1\n</output></rpc-reply>";
        assert_eq!(plain(ReplyForm::Text, reply).unwrap(), "\nHostname: mx1\n");
        let reply = "<rpc-reply><output><![CDATA[a]] <b> ]]]></output></rpc-reply>";
        assert_eq!(plain(ReplyForm::Text, reply).unwrap(), "a]] <b> ]");
    }

    #[test]
    fn a_reply_in_another_form_is_noticed() {
        let reply = "<rpc-reply><arp-table-information/></rpc-reply>";
        assert_eq!(plain(ReplyForm::Json, reply), Err(OtherForm));
        assert_eq!(plain(ReplyForm::Text, reply), Ok(String::new()));
        let reply = "<rpc-reply><rpc-error><error-tag>x</error-tag></rpc-error></rpc-reply>";
        assert_eq!(plain(ReplyForm::Text, reply), Err(OtherForm));
    }
}
