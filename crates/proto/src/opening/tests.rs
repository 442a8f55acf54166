//! The first bytes of every kind of connection.

use proptest::prelude::*;

use super::*;

const INITIATION: &[u8] =
    b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: r1\r\nSSH-2.0-x\r\n";
const V1: &[u8] = b"PROXY TCP4 203.0.113.7 192.0.2.1 51234 4334\r\n";

/// A version 2 header.
fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, body].concat()
}

fn v2_ipv4() -> Vec<u8> {
    v2(0x21, 0x11, &[203, 0, 113, 7, 192, 0, 2, 1, 0xc8, 0x22, 0x10, 0xee])
}

fn open(bytes: &[u8]) -> Result<Option<Opened>, OpeningError> {
    Opening::new(true).handle_data(bytes)
}

/// The source that a header tells, with an SSH banner after it.
fn source_of(header: &[u8]) -> Result<Option<SocketAddr>, OpeningError> {
    let opened = open(&[header, b"SSH-2.0-x\r\n"].concat())?.expect("the banner decides it");
    assert_eq!((opened.kind, opened.rest), (OpeningKind::CallHome, b"SSH-2.0-x\r\n".to_vec()));
    Ok(opened.source)
}

#[test]
fn msg_id_opens_junos_outbound_ssh() {
    let opened = open(INITIATION).unwrap().unwrap();
    let OpeningKind::OutboundSsh(initiation) = opened.kind else { panic!("{:?}", opened.kind) };
    assert_eq!(initiation.device_id.as_str(), "r1");
    assert_eq!((opened.source, opened.rest), (None, b"SSH-2.0-x\r\n".to_vec()));
}

#[test]
fn ssh_opens_call_home_and_its_banner_is_handed_on() {
    let opened = open(b"SSH-2.0-x\r\n\0\0").unwrap().unwrap();
    assert_eq!((opened.kind, opened.rest), (OpeningKind::CallHome, b"SSH-2.0-x\r\n\0\0".to_vec()));
}

#[test]
fn a_tls_record_opens_call_home_over_tls() {
    let opened = open(b"\x16\x03\x01\x02\x00").unwrap().unwrap();
    assert_eq!((opened.kind, opened.rest), (OpeningKind::Tls, b"\x16\x03\x01\x02\x00".to_vec()));
}

#[test]
fn nothing_is_decided_before_it_is_clear() {
    for bytes in [&b""[..], b"S", b"SSH", b"MSG-I", b"\x16", b"PROXY", b"\r\n\r\n\0\r\nQUIT"] {
        assert_eq!(open(bytes), Ok(None), "{bytes:?}");
    }
}

#[test]
fn something_else_is_refused_with_its_first_line() {
    let error = open(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap_err();
    assert_eq!(error, OpeningError::Unknown(Excerpt::new("GET / HTTP/1.1")));
    assert_eq!(open(b"\n").unwrap_err().code(), "unknown-opening");
    assert_eq!(open(&[0; 64]).unwrap_err().code(), "unknown-opening");
}

#[test]
fn an_unknown_opening_that_falls_silent_is_told_at_its_end() {
    let mut opening = Opening::new(false);
    assert_eq!(opening.handle_data(b"\x03\0\0"), Ok(None));
    assert_eq!(opening.error_at_end(), Some(OpeningError::Unknown(Excerpt::new(b"\x03\0\0"))));
    let mut opening = Opening::new(false);
    assert_eq!(opening.handle_data(b"MSG-ID: "), Ok(None));
    assert_eq!(opening.error_at_end(), None);
}

#[test]
fn silence_is_told_from_a_beginning() {
    let mut opening = Opening::new(true);
    assert!(opening.is_silent());
    opening.handle_data(b"M").unwrap();
    assert!(!opening.is_silent());
}

#[test]
fn a_proxy_header_of_version_1_gives_the_source() {
    assert_eq!(source_of(V1), Ok(Some("203.0.113.7:51234".parse().unwrap())));
    let ipv6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 51234 4334\r\n";
    assert_eq!(source_of(ipv6), Ok(Some("[2001:db8::7]:51234".parse().unwrap())));
    assert_eq!(source_of(b"PROXY UNKNOWN\r\n"), Ok(None));
    assert_eq!(source_of(b"PROXY UNKNOWN ffff:: ffff:: 1 2\r\n"), Ok(None));
}

#[test]
fn a_proxy_header_of_version_2_gives_the_source() {
    assert_eq!(source_of(&v2_ipv4()), Ok(Some("203.0.113.7:51234".parse().unwrap())));
    let ipv6: [u8; 16] = "2001:db8::7".parse::<std::net::Ipv6Addr>().unwrap().octets();
    let body = [&ipv6[..], &ipv6, &[0xc8, 0x22, 0x10, 0xee], b"\x04\0\x01x"].concat();
    assert_eq!(source_of(&v2(0x21, 0x21, &body)), Ok(Some("[2001:db8::7]:51234".parse().unwrap())));
    assert_eq!(source_of(&v2(0x20, 0x00, b"")), Ok(None));
    assert_eq!(source_of(&v2(0x21, 0x00, b"xyz")), Ok(None));
}

#[test]
fn a_proxy_header_stands_in_front_of_an_initiation_sequence() {
    for header in [V1, &v2_ipv4()] {
        let opened = open(&[header, INITIATION].concat()).unwrap().unwrap();
        assert_eq!(opened.source, Some("203.0.113.7:51234".parse().unwrap()));
        assert!(matches!(opened.kind, OpeningKind::OutboundSsh(_)));
    }
}

#[test]
fn a_proxy_header_from_an_untrusted_source_is_refused() {
    for header in [V1, &v2_ipv4()] {
        let error = Opening::new(false).handle_data(header).unwrap_err();
        assert_eq!(error, OpeningError::UntrustedProxy);
        assert_eq!((error.code(), error.fault()), ("untrusted-proxy", Fault::Operator));
    }
}

#[test]
fn a_second_proxy_header_is_refused() {
    assert_eq!(open(&[V1, V1].concat()).unwrap_err().code(), "unknown-opening");
    assert_eq!(open(&[V1, &v2_ipv4()].concat()).unwrap_err().code(), "unknown-opening");
}

#[test]
fn a_malformed_proxy_header_is_refused() {
    let long_v1 = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 100]].concat();
    let cases = [
        b"PROXY TCP4 203.0.113.7 192.0.2.1 51234\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::7 192.0.2.1 51234 4334\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.7 192.0.2.1 +1 4334\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.7 192.0.2.1 65536 4334\r\n".to_vec(),
        b"PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n".to_vec(),
        long_v1,
        v2(0x22, 0x11, &[0; 12]),
        v2(0x11, 0x11, &[0; 12]),
        v2(0x21, 0x12, &[0; 12]),
        v2(0x21, 0x31, &[0; 216]),
        v2(0x21, 0x11, &[0; 11]),
        v2(0x21, 0x21, &[0; 35]),
        v2(0x20, 0x00, &[0; 2049]),
    ];
    for bytes in cases {
        let error = open(&bytes).unwrap_err();
        assert_eq!(error.code(), "malformed-proxy-header", "{bytes:?}: {error}");
    }
}

#[test]
fn a_version_1_line_may_have_107_bytes() {
    let line = |length: usize| {
        let filler = "x".repeat(length - "PROXY UNKNOWN \r\n".len());
        format!("PROXY UNKNOWN {filler}\r\n").into_bytes()
    };
    assert_eq!(source_of(&line(107)), Ok(None));
    assert_eq!(open(&line(108)), Err(OpeningError::Proxy(ProxyError::TooLong)));
}

/// Feeds `bytes` cut into pieces of the lengths given, over and over.
fn open_in_pieces(bytes: &[u8], lengths: &[usize]) -> Result<Option<Opened>, OpeningError> {
    let mut opening = Opening::new(true);
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        rest = after;
        if let Some(mut opened) = opening.handle_data(piece)? {
            opened.rest.extend_from_slice(rest);
            return Ok(Some(opened));
        }
    }
    Ok(None)
}

fn any_opening() -> impl Strategy<Value = Vec<u8>> {
    let piece = || {
        prop_oneof![
            Just(V1.to_vec()),
            Just(v2_ipv4()),
            Just(v2(0x20, 0, b"xyz")),
            Just(INITIATION.to_vec()),
            Just(b"SSH-2.0-x\r\n".to_vec()),
            Just(b"\x16\x03\x01".to_vec()),
            Just(b"MSG-ID: x\r\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..20),
        ]
    };
    (piece(), piece(), piece()).prop_map(|(a, b, c)| [a, b, c].concat())
}

proptest! {
    #[test]
    fn every_way_to_cut_the_stream_gives_the_same_answer(
        stream in any_opening(),
        lengths in proptest::collection::vec(1usize..30, 1..8),
    ) {
        prop_assert_eq!(open_in_pieces(&stream, &lengths), open(&stream));
        prop_assert_eq!(open_in_pieces(&stream, &[1]), open(&stream));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, trusted: bool) {
        let mut opening = Opening::new(trusted);
        let _ = opening.handle_data(&bytes);
        let _ = opening.error_at_end();
    }
}
