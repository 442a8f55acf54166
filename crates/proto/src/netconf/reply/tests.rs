//! Replies as they stream by: their errors, and their end.

use proptest::prelude::*;

use super::*;
use crate::netconf::error::{ErrorTag, ErrorType};

/// The bytes passed on, and the summary.
fn observe(pieces: &[&[u8]]) -> (Vec<u8>, Summary) {
    let mut reader = Reader::default();
    let mut passed = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(bytes) = reader.next(&mut input) {
            passed.extend_from_slice(bytes);
        }
        assert!(input.is_empty());
    }
    (passed, reader.finish())
}

const JUNOS: &str = r#"<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:junos="http://xml.juniper.net/junos/23.4/junos" message-id="9">
<commit-results>
<rpc-error>
<error-type>protocol</error-type>
<error-tag>operation-failed</error-tag>
<error-severity>warning</error-severity>
<error-path>
[edit system services]
</error-path>
<error-message>
uncommitted &lt;changes&gt;
</error-message>
<error-info>
<bad-element>outbound-ssh</bad-element>
<deep><er>x</er></deep>
</error-info>
</rpc-error>
</commit-results>
<ok/>
</rpc-reply>"#;

#[test]
fn a_junos_warning_inside_its_results_is_found() {
    let text = format!("<!-- x -->\n{JUNOS}\n<!-- y -->\n");
    let (passed, summary) = observe(&[text.as_bytes()]);
    assert_eq!(String::from_utf8(passed).unwrap(), JUNOS);
    assert_eq!(summary.message_id.as_deref(), Some("9"));
    assert!(summary.ok && summary.malformed.is_none());
    assert_eq!((summary.error_count, summary.warning_count), (0, 1));
    let error = &summary.errors[0];
    assert_eq!((&error.tag, error.error_type), (&ErrorTag::OperationFailed, ErrorType::Protocol));
    assert_eq!(error.path.as_deref(), Some("[edit system services]"));
    assert_eq!(error.message.as_deref(), Some("uncommitted <changes>"));
    assert_eq!(error.info[0], ("bad-element".into(), "outbound-ssh".into()));
}

#[test]
fn an_error_in_another_namespace_is_data() {
    let text = "<rpc-reply message-id='1'><d xmlns='u'><rpc-error/><ok/></d></rpc-reply>";
    let (_, summary) = observe(&[text.as_bytes()]);
    assert_eq!(summary.error_count, 0);
    assert!(!summary.ok);
}

#[test]
fn many_and_long_errors_are_counted_but_not_kept() {
    let error =
        format!("<rpc-error><error-message>{}</error-message></rpc-error>", "x".repeat(9999));
    let text = format!("<rpc-reply>{}</rpc-reply>", error.repeat(100));
    let (_, summary) = observe(&[text.as_bytes()]);
    assert_eq!((summary.error_count, summary.errors.len()), (100, 16));
    assert!(summary.errors.iter().all(|error| error.message.as_ref().unwrap().len() <= 2048));
}

#[test]
fn a_malformed_reply_is_passed_on_and_said_to_be_so() {
    let text = "<rpc-reply message-id='3'><a></b><rest/></rpc-reply>";
    let (passed, summary) = observe(&[text.as_bytes()]);
    assert_eq!(passed, text.as_bytes());
    assert_eq!(summary.malformed, Some(XmlError::EndTag));
    assert_eq!(observe(&[b"<rpc-reply><a>"]).1.malformed, Some(XmlError::Incomplete));
    assert_eq!(observe(&[b"garbage"]), observe(&[b"garb", b"age"]));
}

#[test]
fn only_the_root_element_is_passed_on() {
    let (passed, summary) = observe(&[b"\n<!-- a --><rpc-reply message-id='1'/>\n<!-- b -->"]);
    assert_eq!(passed, b"<rpc-reply message-id='1'/>");
    assert_eq!((summary.bytes, summary.malformed), (27, None));
    assert_eq!(observe(&[b"<rpc-reply/>"]).1.malformed, None);
    let (passed, summary) = observe(&[b"<rpc-reply/><x/>"]);
    assert_eq!(passed, b"<rpc-reply/>");
    assert_eq!(summary.malformed, Some(XmlError::SecondRoot));
}

#[test]
fn other_messages_are_told_apart() {
    let root = |text: &str| observe(&[text.as_bytes()]).1.root;
    assert_eq!(
        root("<notification xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'/>"),
        Some(Root::Notification)
    );
    assert_eq!(root("<hello/>"), Some(Root::Other));
    assert_eq!(root("<rpc-reply xmlns='urn:x'/>"), Some(Root::Other));
    assert_eq!(root(" <!-- --> "), None);
}

proptest! {
    #[test]
    fn every_cut_of_a_reply_gives_the_same_answer(
        cuts in prop::collection::vec(any::<usize>(), 0..8),
        at in any::<usize>(),
        noise in prop::sample::select(&["", "<", "</x>", "<!--", "<rpc-error>", "]]>", "&"][..]),
    ) {
        let mut text = format!("\n<!-- x -->{JUNOS}");
        let mut at = at % text.len();
        while !text.is_char_boundary(at) { at -= 1; }
        text.insert_str(at, noise);
        let bytes = text.as_bytes();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let whole = observe(&[bytes]);
        prop_assert_eq!(observe(&pieces), whole);
        prop_assert_eq!(observe(&bytes.chunks(1).collect::<Vec<_>>()).1.errors, observe(&[bytes]).1.errors);
    }
}
