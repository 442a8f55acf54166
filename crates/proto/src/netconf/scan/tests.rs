//! Tags, text and namespaces, and what is no XML.

use proptest::prelude::*;

use super::*;

/// What a document says, written down: `<name namespace k=v`, `>`, text, errors.
fn told(pieces: &[&[u8]], limits: Limits) -> Vec<String> {
    let mut scanner = Scanner::new(limits);
    let mut told: Vec<String> = Vec::new();
    let mut text: Vec<u8> = Vec::new();
    let mut put = |text: &mut Vec<u8>, line: Option<String>| {
        if !text.is_empty() {
            told.push(format!("{:?}", String::from_utf8_lossy(&std::mem::take(text))));
        }
        told.extend(line);
    };
    for piece in pieces {
        let mut input = *piece;
        loop {
            match scanner.next(&mut input) {
                Ok(None) => break,
                Ok(Some(Token::Text(piece) | Token::CData(piece))) => {
                    text.extend_from_slice(piece);
                }
                Ok(Some(Token::End)) => put(&mut text, Some(">".into())),
                Ok(Some(Token::Start(tag))) => {
                    let mut line = format!("<{}", String::from_utf8_lossy(tag.local_name()));
                    if let Some(namespace) = tag.namespace() {
                        line += &format!(" {{{}}}", String::from_utf8_lossy(namespace));
                    }
                    for attribute in tag.attributes().flatten() {
                        let name = String::from_utf8_lossy(attribute.name);
                        line += &format!(" {name}={}", String::from_utf8_lossy(attribute.value));
                    }
                    put(&mut text, Some(line));
                }
                Err(error) => {
                    put(&mut Vec::new(), Some(error.to_string()));
                    return told;
                }
            }
        }
    }
    let end = scanner.finish().err().map(|error| error.to_string());
    put(&mut text, end);
    told
}

fn tell(document: &str) -> Vec<String> {
    told(&[document.as_bytes()], Limits::default())
}

fn refusal(document: &str) -> Option<String> {
    tell(document).pop()
}

#[test]
fn elements_text_and_attributes_come_in_order() {
    assert_eq!(
        tell("<?xml version='1.0'?>\n<!-- a > b -- c --><a x=\"1>2\" y = 'q\"'>t<b/>&amp;u</a>\n"),
        ["<a x=1>2 y=q\"", "\"t\"", "<b", ">", "\"&amp;u\"", ">"]
    );
}

#[test]
fn cdata_is_text_and_its_markup_is_not_markup() {
    assert_eq!(tell("<a><![CDATA[<b>]]]x]]]]></a>"), ["<a", "\"<b>]]]x]]\"", ">"]);
}

#[test]
fn namespaces_are_those_in_force() {
    assert_eq!(
        tell("<r xmlns='u' xmlns:p='v'><p:a/><b xmlns=''/><p:c xmlns:p='w'/><p:d/><xml:e/></r>"),
        [
            "<r {u} xmlns=u xmlns:p=v",
            "<a {v}",
            ">",
            "<b xmlns=",
            ">",
            "<c {w} xmlns:p=w",
            ">",
            "<d {v}",
            ">",
            "<e {http://www.w3.org/XML/1998/namespace}",
            ">",
            ">"
        ]
    );
}

#[test]
fn a_doctype_is_refused_and_no_entity_is_expanded() {
    let laughs = "<!DOCTYPE a [<!ENTITY b \"ha\">]><a>&b;</a>";
    assert_eq!(refusal(laughs).unwrap(), XmlError::Doctype.to_string());
    assert_eq!(tell("<a>&b;</a>"), ["<a", "\"&b;\"", ">"]);
}

#[test]
fn what_does_not_nest_is_refused() {
    for (document, error) in [
        ("<a></b>", XmlError::EndTag),
        ("</a>", XmlError::EndTag),
        ("<a/><b/>", XmlError::SecondRoot),
        ("<a/>x", XmlError::TextOutsideRoot),
        ("x<a/>", XmlError::TextOutsideRoot),
        ("<![CDATA[x]]><a/>", XmlError::TextOutsideRoot),
        ("<a", XmlError::Incomplete),
        ("<a>", XmlError::Incomplete),
        ("", XmlError::Incomplete),
        ("<!-- <a/>", XmlError::Incomplete),
        ("<a/><!-- ", XmlError::Incomplete),
        ("<a><!ELEMENT b></a>", XmlError::Markup),
        ("<a><!-x--></a>", XmlError::Markup),
        ("<a><![CDATA<]]></a>", XmlError::Markup),
        ("<p:a/>", XmlError::Prefix),
    ] {
        assert_eq!(refusal(document).unwrap(), error.to_string(), "{document}");
    }
}

#[test]
fn names_and_attributes_are_checked() {
    for document in ["<1a/>", "<a:b:c/>", "<:a/>", "<a:/>", "< a/>", "<a<b/>", "<>", "</>", "<a&/>"]
    {
        let said = refusal(document).unwrap();
        assert!(
            said == XmlError::Name.to_string() || said == XmlError::EndTag.to_string(),
            "{document} {said}"
        );
    }
    for document in
        ["<a b/>", "<a b=c/>", "<a b='c'd='e'/>", "<a b='<'/>", "<a 'b'/>", "<a b c='d'/>"]
    {
        let said = refusal(document).unwrap();
        assert!(
            [XmlError::Attribute.to_string(), XmlError::Name.to_string()].contains(&said),
            "{document} {said}"
        );
    }
    assert_eq!(refusal("<a b='1' b='2'/>").unwrap(), XmlError::AttributeTwice.to_string());
}

#[test]
fn every_limit_holds() {
    let limits = Limits { depth: 3, tag: 40, name: 8, attributes: 2, namespaces: 2 };
    let over = |document: &str| told(&[document.as_bytes()], limits).pop().unwrap();
    assert_eq!(over("<a><b><c><d>"), XmlError::Depth { limit: 3 }.to_string());
    assert_eq!(over("<abcdefghi>"), XmlError::NameLength { limit: 8 }.to_string());
    assert_eq!(over("<a x='1' y='2' z='3'>"), XmlError::Attributes { limit: 2 }.to_string());
    let long = format!("<a x='{}'>", "y".repeat(40));
    assert_eq!(over(&long), XmlError::TagLength { limit: 40 }.to_string());
    assert_eq!(
        over("<a xmlns='1' xmlns:b='2'><c xmlns:d='3'/>"),
        XmlError::Namespaces { limit: 2 }.to_string()
    );
    assert_eq!(over("<a><b/><b/><b/><b/></a>"), ">");
}

/// Where elements called `ok` stand and how deep, and how the document ends; what is plain passed over at once, or not.
fn wanted(pieces: &[&[u8]], limits: Limits, at_once: bool) -> (Vec<usize>, Option<XmlError>) {
    let mut scanner = Scanner::new(limits);
    let mut seen = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            if at_once {
                scanner.pass_plain(&mut input, |name| name == b"ok");
            }
            let is_ok = match scanner.next(&mut input) {
                Ok(Some(Token::Start(tag))) => tag.local_name() == b"ok",
                Ok(Some(_)) => false,
                Ok(None) => break,
                Err(error) => return (seen, Some(error)),
            };
            if is_ok {
                seen.push(scanner.depth());
            }
        }
    }
    (seen, scanner.finish().err())
}

/// Documents and near documents.
fn documents() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "<a>",
        "</a>",
        "<b x='1'>",
        "</b>",
        "<c/>",
        "<d-1.é_>",
        "</d-1.é_>",
        "</a >",
        "<ok/>",
        "<ok>",
        "</ok>",
        "<p:d xmlns:p='u'/>",
        "text",
        "&lt;",
        "]]>",
        "]",
        "<![CDATA[",
        "<!--",
        "-->",
        "-",
        "<?x",
        "?>",
        "?",
        "<",
        ">",
        "'",
        "\"",
        " ",
        "\n",
        "<!D",
        "=",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..24)
        .prop_map(|pieces| pieces.concat().into_bytes())
        .prop_map(
            |body| if body.len() % 3 == 0 { body } else { [b"<r>", &body[..], b"</r>"].concat() },
        )
}

proptest! {
    #[test]
    fn every_cut_of_the_document_gives_the_same_answer(
        document in documents(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (document.len() + 1)).collect();
        places.extend([0, document.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &document[pair[0]..pair[1]]).collect();
        let bytes: Vec<&[u8]> = document.chunks(1).collect();
        let whole = told(&[&document], Limits::default());
        prop_assert_eq!(&told(&pieces, Limits::default()), &whole);
        prop_assert_eq!(&told(&bytes, Limits::default()), &whole);
    }

    #[test]
    fn what_is_passed_over_at_once_is_what_the_tokens_say(
        document in documents(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
        limits in prop::sample::select(vec![
            Limits::default(),
            Limits { depth: 3, ..Limits::default() },
            Limits { name: 2, ..Limits::default() },
            Limits { tag: 3, ..Limits::default() },
        ]),
    ) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (document.len() + 1)).collect();
        places.extend([0, document.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &document[pair[0]..pair[1]]).collect();
        let bytes: Vec<&[u8]> = document.chunks(1).collect();
        let slow = wanted(&[&document], limits, false);
        prop_assert_eq!(&wanted(&[&document], limits, true), &slow);
        prop_assert_eq!(&wanted(&pieces, limits, true), &slow);
        prop_assert_eq!(&wanted(&bytes, limits, true), &slow);
    }

    #[test]
    fn any_bytes_are_scanned_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        told(&[&bytes], Limits::default());
    }
}
