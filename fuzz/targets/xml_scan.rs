//! Fuzz target: the XML scanner and the tree built on it, cut at the place that the first byte says.

use homing_proto::netconf::element::{Builder, Element};
use homing_proto::netconf::scan::{Limits, Scanner, Token, XmlError};

const LIMITS: Limits = Limits { depth: 8, tag: 200, name: 30, attributes: 5, namespaces: 6 };

#[derive(Debug, PartialEq)]
enum Seen {
    Start(Vec<u8>, Option<Vec<u8>>),
    End,
    Text(Vec<u8>),
}

/// The document cut in two gives what the document in one piece gives, within the limits, also where what is plain is passed
/// over at once; a tree that was read is written and read again as itself.
pub fn run(data: &[u8]) {
    let Some((first, document)) = data.split_first() else { return };
    let (before, after) = document.split_at(usize::from(*first).min(document.len()));
    assert_eq!(scan(&[before, after]), scan(&[document]));
    let wanted = scan_for(&[document], false);
    assert_eq!(scan_for(&[document], true), wanted);
    assert_eq!(scan_for(&[before, after], true), wanted);
    let whole = build(&[document]);
    assert_eq!(build(&[before, after]), whole);
    if let Ok(tree) = whole {
        let mut text = String::new();
        tree.write(&mut text, None, 0);
        let again = Element::parse(text.as_bytes(), Limits::default(), 1000);
        assert_eq!(again.as_ref().map(|tree| &tree.children), Ok(&tree.children));
        assert_eq!(again.map(|tree| tree.name), Ok(tree.name));
    }
}

fn scan(pieces: &[&[u8]]) -> (Vec<Seen>, Option<XmlError>) {
    let mut scanner = Scanner::new(LIMITS);
    let mut seen = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            match scanner.next(&mut input) {
                Ok(None) => break,
                Ok(Some(Token::Start(tag))) => {
                    assert!(tag.body().len() <= LIMITS.tag);
                    let namespace = tag.namespace().map(<[u8]>::to_vec);
                    seen.push(Seen::Start(tag.local_name().to_vec(), namespace));
                }
                Ok(Some(Token::End)) => seen.push(Seen::End),
                Ok(Some(Token::Text(text) | Token::CData(text))) => match seen.last_mut() {
                    Some(Seen::Text(all)) => all.extend_from_slice(text),
                    _ => seen.push(Seen::Text(text.to_vec())),
                },
                Err(error) => return (seen, Some(error)),
            }
            assert!(scanner.depth() <= LIMITS.depth);
        }
    }
    (seen, scanner.finish().err())
}

/// How deep elements called `a` stand; what is plain passed over at once, or not.
fn scan_for(pieces: &[&[u8]], at_once: bool) -> (Vec<usize>, Option<XmlError>) {
    let mut scanner = Scanner::new(LIMITS);
    let mut seen = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            if at_once {
                scanner.pass_plain(&mut input, |name| name == b"a");
            }
            let is_wanted = match scanner.next(&mut input) {
                Ok(None) => break,
                Ok(Some(Token::Start(tag))) => tag.local_name() == b"a",
                Ok(Some(_)) => false,
                Err(error) => return (seen, Some(error)),
            };
            if is_wanted {
                seen.push(scanner.depth());
            }
        }
    }
    (seen, scanner.finish().err())
}

fn build(pieces: &[&[u8]]) -> Result<Element, XmlError> {
    let mut builder = Builder::new(LIMITS, 50);
    pieces.iter().try_for_each(|piece| builder.data(piece))?;
    builder.finish()
}
