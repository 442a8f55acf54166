//! Initiation sequences as devices send them, in every way to cut them.

use proptest::prelude::*;

use super::*;

const SENDER: &[u8] = b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: r1\r\n";

fn key() -> HostKey {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN9nFxKWxLf74gaHLg3HqW6q8vuF4dYqdCw3ulT8nJII";
    HostKey::parse(key).unwrap()
}

fn plain() -> Initiation {
    Initiation::new(DeviceId::new("r1").unwrap())
}

fn claiming() -> Initiation {
    plain().with_claim(key(), &Secret::new("Juniper123"))
}

/// Reads `bytes` in one piece; `None` if they are not complete.
fn receive(bytes: &[u8]) -> Result<Option<(Initiation, Vec<u8>)>, InitiationError> {
    match Receiver::default().handle_data(bytes)? {
        Progress::More => Ok(None),
        Progress::Done { initiation, rest } => Ok(Some((initiation, rest))),
    }
}

/// What follows [`SENDER`], up to `SSH-`.
fn receive_after_sender(lines: impl AsRef<[u8]>) -> Result<Initiation, InitiationError> {
    let received = receive(&[SENDER, lines.as_ref(), b"SSH-"].concat())?;
    Ok(received.expect("SSH- ends it").0)
}

fn code(bytes: &[u8]) -> &'static str {
    receive(bytes).unwrap_err().code()
}

#[test]
fn three_lines_are_composed_as_junos_does() {
    assert_eq!(compose(&plain(), Nul::Send), SENDER);
}

#[test]
fn five_lines_are_composed_with_one_nul_where_it_is_asked_for() {
    let (key, mac) = (key().text(), claiming().claim.unwrap().mac);
    for (nul, mark) in [(Nul::Send, "\0"), (Nul::Omit, "")] {
        let tail = format!("HOST-KEY: {key}{mark}\r\nHMAC: {mac}\r\n");
        assert_eq!(compose(&claiming(), nul), [SENDER, tail.as_bytes()].concat());
    }
}

#[test]
fn three_lines_are_complete_only_when_ssh_is_seen() {
    assert_eq!(receive(SENDER), Ok(None));
    assert_eq!(receive(&[SENDER, b"SSH"].concat()), Ok(None));
    let received = receive(&[SENDER, b"SSH-"].concat());
    assert_eq!(received, Ok(Some((plain(), b"SSH-".to_vec()))));
}

#[test]
fn over_read_bytes_are_handed_on() {
    let banner = b"SSH-2.0-OpenSSH_9.2\r\n\0\0\x05\xdc";
    let received = receive(&[SENDER, banner].concat()).unwrap().unwrap();
    assert_eq!(received.1, banner);
}

#[test]
fn the_host_key_line_is_read_with_and_without_nul() {
    for nul in [Nul::Send, Nul::Omit] {
        let bytes = [compose(&claiming(), nul), b"SSH-2.0".to_vec()].concat();
        assert_eq!(receive(&bytes).unwrap().unwrap().0, claiming());
    }
}

#[test]
fn an_hmac_without_a_blank_and_in_upper_case_is_read() {
    let (key, mac) = (key().text(), claiming().claim.unwrap().mac.to_string());
    let lines = format!("HOST-KEY:{key}\r\nHMAC:{}\r\n", mac.to_uppercase());
    assert_eq!(receive_after_sender(lines), Ok(claiming()));
}

#[test]
fn blank_lines_are_skipped() {
    assert_eq!(receive_after_sender("\r\n\n \t\r\n\0\r\n"), Ok(plain()));
}

#[test]
fn lines_may_end_in_a_bare_lf() {
    let bytes = b"MSG-ID: DEVICE-CONN-INFO\nMSG-VER: V1\nDEVICE-ID: r1\nSSH-";
    assert_eq!(receive(bytes).unwrap().unwrap().0, plain());
}

#[test]
fn a_value_may_contain_colons() {
    let bytes = b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: 00:11: 22\r\nSSH-";
    assert_eq!(receive(bytes).unwrap().unwrap().0.device_id.as_str(), "00:11: 22");
}

#[test]
fn unknown_lines_are_kept_and_ignored() {
    let initiation = receive_after_sender("X-MODEL: mx480\r\nX-EMPTY:\r\n").unwrap();
    let other: Vec<_> = initiation.other.iter().map(|line| (line.name(), line.value())).collect();
    assert_eq!(other, [("X-MODEL", "mx480"), ("X-EMPTY", "")]);
    assert_eq!((initiation.device_id, initiation.claim), (plain().device_id, None));
}

#[test]
fn unknown_lines_are_bounded_in_number() {
    assert_eq!(receive_after_sender("x:\n".repeat(32)).unwrap().other.len(), 32);
    assert_eq!(receive_after_sender("x:\n".repeat(33)), Err(InitiationError::TooManyLines));
}

#[test]
fn ssh_within_a_line_does_not_end_the_sequence() {
    let initiation = receive_after_sender("X-NOTE: SSH-2.0\r\n").unwrap();
    assert_eq!(initiation.other[0].value(), "SSH-2.0");
}

#[test]
fn what_is_no_line_is_refused() {
    for line in
        [&b"hello\r\n"[..], b": r1\r\n", b"TWO WORDS: r1\r\n", b"\xff: r1\r\n", b" SSH-2: x\n"]
    {
        assert_eq!(code(&[SENDER, line].concat()), "initiation-syntax");
    }
}

#[test]
fn a_nul_inside_a_value_is_refused() {
    let bytes = b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: r\x001\r\n";
    assert_eq!(code(bytes), "initiation-syntax");
}

#[test]
fn another_message_and_another_version_are_refused() {
    assert_eq!(code(b"MSG-ID: HELLO\r\n"), "initiation-unknown-message");
    assert_eq!(code(b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V2\r\n"), "initiation-unknown-version");
}

#[test]
fn a_line_that_comes_twice_is_refused() {
    let error = receive_after_sender("DEVICE-ID: r2\r\n").unwrap_err();
    assert_eq!(error, InitiationError::Twice("DEVICE-ID"));
}

#[test]
fn a_missing_line_is_refused_by_name() {
    let cases = [
        ("MSG-VER: V1\r\nDEVICE-ID: r1\r\nSSH-", "MSG-ID"),
        ("MSG-ID: DEVICE-CONN-INFO\r\nDEVICE-ID: r1\r\nSSH-", "MSG-VER"),
        ("MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nSSH-", "DEVICE-ID"),
    ];
    for (text, name) in cases {
        assert_eq!(receive(text.as_bytes()), Err(InitiationError::Missing(name)));
    }
}

#[test]
fn a_host_key_without_hmac_and_an_hmac_without_host_key_are_refused() {
    let error = receive_after_sender(format!("HOST-KEY: {}\r\n", key())).unwrap_err();
    assert_eq!(error, InitiationError::HostKeyWithoutMac);
    let error = receive_after_sender(format!("HMAC: {}\r\n", "0".repeat(40))).unwrap_err();
    assert_eq!(error, InitiationError::MacWithoutHostKey);
}

#[test]
fn bad_values_are_refused_with_their_reason() {
    let error = receive_after_sender("HOST-KEY: ssh-rsa AAAA*\r\n").unwrap_err();
    assert_eq!(error.code(), "initiation-host-key");
    assert!(error.to_string().starts_with("in the line HOST-KEY: the key is not valid base64"));
    let error = receive_after_sender("HMAC: 12\r\n").unwrap_err();
    assert_eq!(error.to_string(), "in the line HMAC: expected 40 hexadecimal digits");
    let bytes = b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: \r\n";
    assert_eq!(code(bytes), "initiation-device-id");
}

#[test]
fn eight_kibibytes_are_taken_and_one_byte_more_is_not() {
    let blanks = |length: usize| [SENDER, &b"\n".repeat(length - SENDER.len())].concat();
    assert!(receive(&[blanks(LIMIT), b"SSH-".to_vec()].concat()).unwrap().is_some());
    assert_eq!(receive(&blanks(LIMIT + 1)), Err(InitiationError::TooLong));
    assert_eq!(receive(&[b'x'; LIMIT + 1]), Err(InitiationError::TooLong));
}

#[test]
fn the_device_id_is_known_before_the_sequence_is_complete() {
    let mut receiver = Receiver::default();
    receiver.handle_data(SENDER).unwrap();
    receiver.handle_data(b"nonsense\r\n").unwrap_err();
    assert_eq!(receiver.device_id(), Some(&plain().device_id));
}

/// Feeds `bytes` cut into pieces of the lengths given, over and over.
fn receive_in_pieces(
    bytes: &[u8],
    lengths: &[usize],
) -> Result<Option<(Initiation, Vec<u8>)>, InitiationError> {
    let mut receiver = Receiver::default();
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        rest = after;
        if let Progress::Done { initiation, rest: over_read } = receiver.handle_data(piece)? {
            return Ok(Some((initiation, [&over_read, rest].concat())));
        }
    }
    Ok(None)
}

fn any_initiation() -> impl Strategy<Value = Initiation> {
    let secret = proptest::option::of("[ -~]{1,128}");
    ("[!-~]([ -~ü]{0,60}[!-~])?", secret).prop_map(|(device_id, secret)| {
        let initiation = Initiation::new(DeviceId::new(device_id).unwrap());
        match secret {
            Some(secret) => initiation.with_claim(key(), &Secret::new(secret)),
            None => initiation,
        }
    })
}

/// Lines good and bad, so that refusals are cut as well.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("MSG-ID: DEVICE-CONN-INFO\r\n".to_owned()),
        Just("MSG-VER: V1\r\n".to_owned()),
        Just("DEVICE-ID: r1\r\n".to_owned()),
        Just(format!("HOST-KEY: {}\0\r\n", key())),
        Just(format!("HMAC:{}\n", "a".repeat(40))),
        Just("\r\n".to_owned()),
        Just("SSH-2.0-x\r\n".to_owned()),
        "[A-Z-]{0,5}:? ?[ -~]{0,5}\r?\n",
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| {
        let sender = String::from_utf8_lossy(SENDER).into_owned();
        [sender, lines.concat()].concat().into_bytes()
    })
}

proptest! {
    #[test]
    fn what_is_composed_is_received(initiation in any_initiation(), nul: bool) {
        let nul = if nul { Nul::Send } else { Nul::Omit };
        let bytes = [compose(&initiation, nul), b"SSH-2.0-x\r\n".to_vec()].concat();
        prop_assert_eq!(receive(&bytes), Ok(Some((initiation, b"SSH-2.0-x\r\n".to_vec()))));
    }

    #[test]
    fn every_way_to_cut_the_stream_gives_the_same_answer(
        stream in any_stream(),
        lengths in proptest::collection::vec(1usize..40, 1..8),
    ) {
        prop_assert_eq!(receive_in_pieces(&stream, &lengths), receive(&stream));
        prop_assert_eq!(receive_in_pieces(&stream, &[1]), receive(&stream));
    }

    #[test]
    fn no_bytes_make_it_panic_or_hold_more_than_the_limit(bytes: Vec<u8>) {
        let mut receiver = Receiver::default();
        for _ in 0..100 {
            if receiver.handle_data(&bytes).is_err() {
                break;
            }
            prop_assert!(receiver.taken <= LIMIT + 3 && receiver.line.len() <= LIMIT);
        }
    }
}
