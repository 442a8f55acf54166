//! Ways to make the gateway judge one message and the device read another.

use super::*;

/// A viewer's message, what the device gets of it, and how it ended.
fn viewer(framing: Framing, message: &str) -> (Vec<String>, Vec<String>) {
    let mut bench = Bench::open(access::Role::Viewer, framing);
    bench.ask(message);
    (bench.messages_to_device(), bench.outcomes())
}

#[track_caller]
fn is_refused(message: &str) {
    for framing in BOTH {
        let (sent, outcomes) = viewer(framing, message);
        assert!(sent.is_empty(), "{message} was sent as {sent:?}");
        assert!(
            outcomes.len() == 1 && outcomes[0].starts_with("refused:"),
            "{message}: {outcomes:?}"
        );
    }
}

#[track_caller]
fn is_sent_as(message: &str, expected: &str) {
    for framing in BOTH {
        let (sent, _) = viewer(framing, message);
        let expected = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{expected}");
        assert_eq!(sent, [expected], "{message}");
    }
}

#[test]
fn prefixes_and_default_namespaces() {
    let base = "urn:ietf:params:xml:ns:netconf:base:1.0";
    for message in [
        format!("<x:rpc xmlns:x='{base}'><x:edit-config/></x:rpc>"),
        format!("<rpc xmlns='{base}' xmlns:get='{base}'><get:commit/></rpc>"),
        format!("<x:rpc xmlns:x='{base}'><get xmlns='urn:other'/></x:rpc>"),
        format!("<rpc xmlns='{base}'><y:get xmlns:y='urn:other'/></rpc>"),
        format!("<rpc xmlns='{base}'><get xmlns:y='urn:other' y:x='1'/><y:commit/></rpc>"),
        "<rpc><x:get/></rpc>".to_owned(),
        "<rpc xmlns='urn:other'><get/></rpc>".to_owned(),
        "<rpc xmlns:xml='urn:other'><get/></rpc>".to_owned(),
        "<RPC><get/></RPC>".to_owned(),
        "<get/>".to_owned(),
    ] {
        is_refused(&message);
    }
    is_sent_as(
        &format!("<x:rpc xmlns:x='{base}'><y:get xmlns:y='{base}' ></y:get></x:rpc>"),
        &format!("<x:rpc xmlns:x=\"{base}\"><y:get xmlns:y=\"{base}\"></y:get></x:rpc>"),
    );
}

#[test]
fn cdata() {
    is_refused("<rpc><![CDATA[<edit-config/>]]><get/></rpc>");
    is_refused("<rpc><command><![CDATA[request system reboot]]></command></rpc>");
    is_refused("<rpc><command>show <![CDATA[version | save x]]></command></rpc>");
    is_refused("<![CDATA[<rpc><get/></rpc>]]>");
    is_sent_as(
        "<rpc><get><![CDATA[</get><commit/>]]></get></rpc>",
        "<rpc><get>&lt;/get&gt;&lt;commit/&gt;</get></rpc>",
    );
}

#[test]
fn comments_and_instructions() {
    is_sent_as("<rpc><!-- <edit-config/> --><get/><?commit <commit/>?></rpc>", "<rpc><get/></rpc>");
    is_sent_as("<!-- a -- b --><rpc><get/></rpc>", "<rpc><get/></rpc>");
    is_refused("<rpc><!--><get/>--><edit-config/></rpc>");
    is_refused("<rpc><comm<!-- -->and>show version</command></rpc>");
    is_refused("<rpc><command>show version<!-- x --> | save y</command></rpc>");
    is_refused("<rpc><get/><!-- ");
}

#[test]
fn encoding_declarations_and_marks() {
    is_sent_as("<?xml version='1.0' encoding='UTF-16'?><rpc><get/></rpc>", "<rpc><get/></rpc>");
    is_sent_as("<?xml version='1.1' encoding='UTF-7'?><rpc><get/></rpc>", "<rpc><get/></rpc>");
    is_refused("\u{feff}<rpc><get/></rpc>");
    let mut bench = Bench::open(access::Role::Viewer, Framing::EndOfMessage);
    bench.operator(b"\xff\xfe<\0r\0p\0c\0>\0]]>]]>");
    bench.operator(b"<rpc><get>\xc0\xbc/get></rpc>]]>]]>");
    assert_eq!(bench.outcomes(), ["refused:operation-failed", "refused:operation-failed"]);
    assert!(bench.seen.to_device.is_empty());
}

#[test]
fn entities_and_xml_bombs() {
    is_refused(
        "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><rpc><get>&b;</get></rpc>",
    );
    is_refused("<!DOCTYPE rpc SYSTEM 'file:///etc/passwd'><rpc><get/></rpc>");
    is_refused("<rpc><get>&b;</get></rpc>");
    is_refused("<rpc><command>show &#x7c; save x</command></rpc>");
    is_refused("<rpc><command>show version&#10;commit</command></rpc>");
    is_refused("<rpc>&#32;<get/></rpc>");
    is_refused(&format!("<rpc>{}", "<a>".repeat(200)));
    is_refused(&format!(
        "<rpc><get {}/></rpc>",
        (0..100).map(|n| format!("a{n}='' ")).collect::<String>()
    ));
    is_refused(&format!("<rpc><get a='{}'/></rpc>", "x".repeat(20_000)));
    is_refused(&format!("<rpc><{}/></rpc>", "x".repeat(300)));
    is_refused("<rpc><get a='' a=''/></rpc>");
}

#[test]
fn chunk_borders_and_marks_in_chunks() {
    let mut bench = Bench::open(access::Role::Viewer, Framing::Chunked);
    bench.operator(b"\n#5\n<rpc>\n#4\n<edi\n#17\nt-config/></rpc>\n##\n");
    assert!(bench.seen.to_device.is_empty());
    bench = Bench::open(access::Role::Viewer, Framing::Chunked);
    // What looks like a chunk's end inside a chunk is text.
    let inner = "<rpc><get>\n##\n\n#20\n<rpc><commit/></rpc>\n##\n</get></rpc>";
    bench.ask(inner);
    assert_eq!(bench.seen.decided.len(), 1);
    assert_eq!(bench.messages_to_device().len(), 1);
    bench = Bench::open(access::Role::Viewer, Framing::Chunked);
    for chunk in "<rpc><get/></rpc>".bytes() {
        bench.operator(&[b"\n#1\n", &[chunk][..]].concat());
    }
    bench.operator(b"\n##\n");
    assert_eq!(bench.messages_to_device().len(), 1);
}

#[test]
fn the_end_of_message_mark_inside_a_message() {
    for inside in [
        "<!-- ]]>]]> -->",
        "<get a=']]>]]>'/>",
        "<get>]]>]]></get>",
        "<get><![CDATA[]]]]><![CDATA[>]]]]>]]&gt;</get>",
    ] {
        let mut bench = Bench::open(access::Role::Viewer, Framing::Chunked);
        let rest = if inside.starts_with("<!") { "<get/>" } else { "" };
        bench.ask(&format!("<rpc>{inside}{rest}</rpc>"));
        let sent = String::from_utf8(bench.seen.to_device.clone()).unwrap();
        assert!(!sent.contains("]]>"), "{sent}");
        assert_eq!(bench.seen.decided.len(), 1, "{inside}");
    }
    // With end-of-message framing the mark ends the message, even in a comment.
    let mut bench = Bench::open(access::Role::Viewer, Framing::EndOfMessage);
    bench.operator(b"<rpc><get/><!-- ]]>]]><rpc><commit/></rpc>]]>]]> --></rpc>]]>]]>");
    assert!(bench.seen.to_device.is_empty());
    assert_eq!(bench.outcomes().len(), 3);
}

#[test]
fn two_messages_in_one_chunk() {
    is_refused("<rpc><get/></rpc><rpc><commit/></rpc>");
    is_refused("<rpc><get/></rpc>\n<!-- --><rpc><commit/></rpc>");
    is_refused("<rpc><get/></rpc>text");
    let mut bench = Bench::open(access::Role::Viewer, Framing::EndOfMessage);
    bench.operator(format!("{GET}]]>]]>{EDIT}]]>]]>{GET}]]>]]>").as_bytes());
    assert_eq!(bench.seen.decided.len(), 3);
    assert_eq!(bench.messages_to_device().len(), 2);
}

#[test]
fn two_operations_in_one_rpc() {
    is_refused("<rpc><get/><edit-config/></rpc>");
    is_refused("<rpc><get/><get/></rpc>");
    is_refused("<rpc><get/>text</rpc>");
    is_refused("<rpc>text<get/></rpc>");
    is_refused("<rpc/>");
    is_refused("<rpc></rpc>");
    is_refused("<rpc><rpc><get/></rpc></rpc>");
}

#[test]
fn a_second_hello_and_other_roots() {
    for root in ["hello", "notification", "rpc-reply", "rpc-error", "junoscript"] {
        is_refused(&format!("<{root}/>"));
    }
    is_refused("text");
    is_refused("<rpc><get/></rpc");
    is_refused("<");
}

#[test]
fn commands_with_pipes() {
    for command in [
        "show version | save x",
        "show version || reboot",
        "request system reboot",
        "show x; reboot",
    ] {
        is_refused(&format!(
            "<rpc><command>{}</command></rpc>",
            crate::netconf::text::escaped(command)
        ));
    }
    is_refused("<rpc><command>show version<a/></command></rpc>");
    is_refused("<rpc><command><a>show version</a></command></rpc>");
    let command =
        "<rpc><command format=\"text\">show version | match &quot;a|b&quot;</command></rpc>";
    is_sent_as(command, command);
}

#[test]
fn configurations_by_url() {
    is_refused("<rpc><load-configuration url='http://x/y'/></rpc>");
    is_refused("<rpc><get-config><source><url>http://x/y</url></source></get-config></rpc>");
    is_refused(
        "<rpc><copy-config><target><url>http://x/y</url></target><source><running/></source></copy-config></rpc>",
    );
}

#[test]
fn nothing_secret_is_told() {
    let mut bench = Bench::open(access::Role::Admin, Framing::Chunked);
    bench.ask("<rpc message-id='1'><command>set x password hush</command></rpc>");
    bench.ask("<rpc message-id='2'><edit-config><target><url>ftp://a:hush@b/c</url></target><config><secret>hush</secret></config></edit-config></rpc>");
    bench.ask("<rpc message-id='3'><load-configuration url='ftp://a:hush@b/c' database='hush://a:hush@b'/></rpc>");
    bench.ask("<rpc message-id='4'><command>show &lt;x> secret hush</command></rpc>");
    bench.passage.handle_device_end();
    bench.drain();
    assert_eq!(bench.seen.ended.len(), 4);
    let told = format!("{:?} {:?}", bench.seen.ended, bench.seen.decided);
    assert!(
        !told.contains("password hush")
            && !told.contains(":hush@")
            && !told.contains("secret hush"),
        "{told}"
    );
    assert!(told.contains("set x password (secret)"), "{told}");
}
