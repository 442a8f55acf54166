//! Reading each form: what people paste along, and what is refused.

use super::*;

fn client(lines: &str) -> String {
    format!("system {{ services {{ outbound-ssh {{ client a {{\n{lines}\n}} }} }} }}")
}

#[test]
fn a_pasted_session_with_prompts_levels_and_commits_is_read() {
    let text = "\
{master:0}[edit]
admin@sw1# edit system services outbound-ssh

{master:0}[edit system services outbound-ssh]
admin@sw1# set client a device-id d1
admin@sw1# set client a secret hunter2 ## SECRET-DATA
admin@sw1# edit client a
admin@sw1# set 10.0.0.1 port 4334
admin@sw1# set 10.0.0.2 port 4334
admin@sw1# delete 10.0.0.2
admin@sw1# up
admin@sw1# set routing-instance mgmt
admin@sw1# top set system host-name sw1
admin@sw1# commit and-quit
";
    let read = read(text);
    assert_eq!(read.form(), Form::Set);
    assert_eq!(read.system().host_name.as_deref(), Some("sw1"));
    let stanza = read.outbound_ssh().unwrap();
    assert_eq!(stanza.routing_instance.as_deref(), Some("mgmt"));
    assert_eq!(stanza.clients[0].device_id.as_str(), "d1");
    assert_eq!(stanza.clients[0].servers.len(), 1);
}

#[test]
fn exit_goes_back_to_the_level_before_edit() {
    let text =
        "edit system\nedit services netconf\nset ssh\nexit\nset host-name x\nexit\nset a b\n";
    let set = read(text).print(Form::Set);
    assert_eq!(set, "set system services netconf ssh\nset system host-name x\nset a b\n");
}

#[test]
fn deactivate_and_activate_follow_the_path() {
    let text = "set things ge-0/0/0 mtu 9000\nset things ge-0/0/0 unit 0\n\
                set things lo0 unit 0\ndeactivate things ge-0/0/0\n\
                set system host-name a\ndeactivate system host-name\nactivate system host-name\n";
    let read = read(text);
    assert_eq!(read.system().host_name.as_deref(), Some("a"));
    let curly = read.print(Form::Curly);
    assert!(
        curly.contains("inactive: things ge-0/0/0 {\n    mtu 9000;\n    unit 0;\n}"),
        "{curly}"
    );
    assert!(curly.contains("things lo0 unit 0;\n"), "{curly}");
}

#[test]
fn deactivating_what_is_not_there_is_an_error() {
    let shown = refused("set system host-name a\ndeactivate system services outbound-shs\n");
    assert!(shown.contains("test.conf:2:12"), "{shown}");
    assert!(shown.contains("no-such-statement"), "{shown}");
}

#[test]
fn an_unknown_command_is_named_with_the_nearest() {
    let shown = refused("set system host-name a\nste system host-name b\n");
    assert!(shown.contains("did you mean `set`?"), "{shown}");
    assert!(refused("set system {\n").contains("brace-in-set"));
}

#[test]
fn a_file_from_windows_with_a_byte_order_mark_is_read() {
    let text = format!("\u{feff}{}", CURLY.replace('\n', "\r\n"));
    assert_eq!(read(&text), read(CURLY));
    let text = format!("\u{feff}{}", MIST.replace('\n', "\r\n"));
    assert_eq!(read(&text), read(MIST));
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_place() {
    let shown = Configuration::parse_bytes("x.conf", b"system {\n host-name \xff;\n}").unwrap_err();
    assert_eq!(shown.code(), "not-utf8");
    assert!(shown.to_string().contains("x.conf:2:12"), "{shown}");
}

#[test]
fn xml_is_read_as_a_device_sends_it() {
    let text = r#"<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:junos="http://xml.juniper.net/junos/23.4R1/junos" message-id="1">
<data>
<!-- user admin, class super-user -->
<configuration xmlns="http://xml.juniper.net/xnm/1.1/xnm" junos:changed-seconds="1" junos:changed-localtime="x">
  <system>
    <host-name inactive="inactive">sw1</host-name>
    <services>
      <outbound-ssh>
        <junos:comment>/* to the gateway */</junos:comment>
        <client>
          <name>mist</name>
          <device-id>a &amp; b</device-id>
          <secret>
            $9$7YdwgGDkTz6oJz69A1INdb
          </secret>
          <keep-alive/>
          <services>netconf</services>
          <servers><name>10.0.0.1</name><port>4334</port></servers>
          <servers inactive="inactive"><name>10.0.0.2</name></servers>
        </client>
      </outbound-ssh>
    </services>
  </system>
</configuration>
</data>
</rpc-reply>
"#;
    let read = read(text);
    assert_eq!(read.system().host_name, None);
    let stanza = read.outbound_ssh().unwrap();
    let [client] = &stanza.clients[..] else { panic!("{stanza:?}") };
    assert_eq!(client.device_id.as_str(), "a & b");
    assert_eq!(client.secret.as_ref().unwrap().expose(), b"juniper");
    assert_eq!(client.keep_alive, Some(KeepAlive { retry: 3, timeout: DEFAULT_TIMEOUT }));
    assert!(client.netconf);
    assert_eq!(client.servers.len(), 1);
    assert!(read.print(Form::Curly).contains("/* to the gateway */\n"));
    assert_eq!(client.place.to_string(), "test.conf:10:10");
}

#[test]
fn netconf_as_an_element_is_understood_too() {
    let text = "<configuration><system><services><outbound-ssh><client><name>a</name><device-id>d\
                </device-id><services><netconf/></services><servers><name>h</name><port>1</port>\
                </servers></client></outbound-ssh></services></system></configuration>";
    assert!(read(text).outbound_ssh().unwrap().clients[0].netconf);
}

#[test]
fn broken_xml_is_refused_with_its_place() {
    for (text, code) in [
        ("<configuration><system></configuration>", "malformed-xml"),
        ("<configuration><system>", "open-element"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><configuration/>", "document-type"),
        (
            "<configuration><system><host-name>&a;</host-name></system></configuration>",
            "unknown-entity",
        ),
        ("<system/>", "no-configuration"),
        ("<configuration/><configuration/>", "malformed-xml"),
        ("<configuration><system>x</system></configuration>", "text-not-allowed"),
        ("<configuration><a>x<b/></a></configuration>", "text-not-allowed"),
        ("<configuration><a operation=\"delete\"/></configuration>", "tag-not-allowed"),
        ("<configuration><a>&#1;</a></configuration>", "control-character"),
        ("<", "malformed-xml"),
    ] {
        let errors = Configuration::parse("x.xml", text).unwrap_err();
        assert_eq!(errors.code(), code, "{text}\n{errors}");
    }
}

#[test]
fn json_is_read_as_a_device_prints_it() {
    let text = r#"{
    "configuration" : {
        "@" : { "junos:changed-seconds" : "1", "xmlns" : "x" },
        "version" : "23.4R1",
        "system" : {
            "host-name" : "sw1", "@host-name" : { "inactive" : true },
            "services" : { "netconf" : { "ssh" : [null] }, "outbound-ssh" : { "client" : [
                { "@" : { "comment" : "/* to the gateway */" }, "name" : "mist", "device-id" : "d",
                  "services" : "netconf", "servers" : [ { "name" : "10.0.0.1", "port" : "4334" },
                  { "name" : "10.0.0.2", "port" : 4335 } ] } ] } } } } }"#;
    let read = read(text);
    assert_eq!(read.form(), Form::Json);
    assert_eq!(read.system().host_name, None);
    assert!(read.system().services.netconf_ssh);
    let ports: Vec<u16> =
        read.outbound_ssh().unwrap().clients[0].servers.iter().map(|each| each.port).collect();
    assert_eq!(ports, [4334, 4335]);
    let json = read.print(Form::Json);
    assert!(json.contains("\"port\": 4334"), "{json}");
    assert!(json.contains("\"@host-name\": { \"inactive\": true }"), "{json}");
}

#[test]
fn broken_json_is_refused_with_its_place() {
    for (text, code, place) in [
        ("{\"configuration\": {", "malformed-json", "x.json:1:20"),
        ("{\"configuration\": {\n\"a\" 1}}", "malformed-json", "x.json:2:5"),
        ("{\"configuration\": [1, 2]}", "no-configuration", "x.json:1:2"),
        ("{\"a\": 1}", "no-configuration", "x.json:1:1"),
        ("{\"configuration\": {\"a\": nul}}", "malformed-json", "x.json:1:25"),
        ("{\"configuration\": {\"a\": \"\\x\"}}", "malformed-json", "x.json:1:25"),
        ("{\"configuration\": {\"a\": [[1]]}}", "wrong-value", "x.json:1:26"),
        ("{\"configuration\": {}} x", "malformed-json", "x.json:1:23"),
        ("{\"configuration\": {\"a\": \"\\u0001\"}}", "control-character", "x.json:1:25"),
    ] {
        let errors = Configuration::parse("x.json", text).unwrap_err();
        assert_eq!(errors.code(), code, "{text}\n{errors}");
        assert!(errors.to_string().contains(place), "{text}\n{errors}");
    }
}

#[test]
fn broken_curly_is_refused_with_its_place() {
    for (text, code, place) in [
        ("system {\n host-name a;\n", "open-brace", "1:8"),
        ("system { host-name a; } }", "stray-brace", "1:25"),
        ("system { host-name \"a; }", "open-string", "1:20"),
        ("system { host-name a }", "missing-semicolon", "1:20"),
        ("system { host-name a\n services { ssh; } }", "missing-semicolon", "1:20"),
        ("foo bar\nsystem { host-name a; }", "missing-semicolon", "1:5"),
        ("system { host-name; }", "missing-value", "1:10"),
        ("system { host-name [ a b ]; }", "list-not-allowed", "1:20"),
        ("{ a; }", "missing-keyword", "1:1"),
        ("system { host-name a { b; } }", "nothing-inside", "1:22"),
        ("system { replace: host-name a; }", "tag-not-allowed", "1:10"),
        ("system { login { class a { permissions [ b ; } } }", "open-bracket", "1:40"),
        ("/* a", "open-comment", "1:1"),
    ] {
        let errors = Configuration::parse_as("x.conf", text, Form::Curly).unwrap_err();
        assert_eq!(errors.code(), code, "{text}\n{errors}");
        assert!(errors.to_string().contains(&format!("x.conf:{place}")), "{text}\n{errors}");
    }
}

#[test]
fn values_are_checked_and_pointed_at() {
    for (line, code) in [
        ("10.0.0.1 port 65536;", "wrong-value"),
        ("10.0.0.1 port x;", "wrong-value"),
        ("reconnect-strategy stiky;", "wrong-value"),
        ("services telnet;", "wrong-value"),
        ("keep-alive { retries 3; }", "unknown-statement"),
        ("10.0.0.1 prot 1;", "unknown-statement"),
        ("secret two words;", "secret-not-quoted"),
        ("secret $9$Qg;", "type9-cut-short"),
        ("secret \"\";", "empty-secret"),
        ("device-id \"a: b\"; 10.0.0.1 port 1;", "unsendable-device-id"),
        ("10.0.0.1 port 1;", "no-device-id"),
        ("device-id d;", "no-server"),
        ("proxy-server { static { port 1; } }", "no-proxy-host"),
    ] {
        let text = client(&format!("    {line}"));
        let shown = refused(&text);
        assert!(shown.contains(&format!("[{code}]")), "{line}\n{shown}");
        assert!(!shown.contains("words"), "{line}\n{shown}");
    }
}

#[test]
fn all_errors_are_found_in_one_run() {
    let text = client("devide-id d;\nsecert x;\nkeep-alive { retyr 1; }\n10.0.0.1 port 1;");
    let errors = Configuration::parse("x", &text).unwrap_err();
    assert_eq!(errors.iter().count(), 3, "{errors}");
}

#[test]
fn zones_are_one_element_with_two_keys_and_as_paths_have_their_text() {
    let text = "policy-options {\n    as-path gone \"65000 .*\";\n}\nsecurity {\n    policies {\n        \
                from-zone trust to-zone untrust {\n            policy p {\n                match {\n                    \
                application any;\n                }\n            }\n        }\n        from-zone trust to-zone dmz {\n            \
                policy q {\n                then {\n                    deny;\n                }\n            }\n        }\n    }\n}\n";
    let curly = read(text);
    assert_eq!(curly.print(Form::Curly), text);
    let xml = curly.print(Form::Xml);
    assert!(
        xml.contains(
            "<as-path>\n            <name>gone</name>\n            <path>65000 .*</path>\n"
        ),
        "{xml}"
    );
    let zones = "<policy>\n                <from-zone-name>trust</from-zone-name>\n                \
                 <to-zone-name>untrust</to-zone-name>\n                <policy>\n                    <name>p</name>\n";
    assert!(xml.contains(zones), "{xml}");
    assert_eq!(xml.matches("<from-zone-name>").count(), 2);
    let json = curly.print(Form::Json);
    assert!(
        json.contains("\"from-zone-name\": \"trust\"") && json.contains("\"path\": \"65000 .*\""),
        "{json}"
    );
    for form in [Form::Set, Form::Xml, Form::Json] {
        let again = Configuration::parse_as("again", &curly.print(form), form).unwrap();
        assert_eq!(again.print(Form::Curly), text, "{form:?}");
    }
}

#[test]
fn the_words_of_edit_and_of_its_lines_are_one_statement_in_unknown_hierarchies_too() {
    let text = "edit foo bar\nset baz 1\nset quux 2\ntop\nset other \"two\nlines\" end\n";
    let configuration = Configuration::parse_as("x", text, Form::Set).unwrap();
    let expected = "set foo bar baz 1\nset foo bar quux 2\nset other \"two\nlines\" end\n";
    assert_eq!(configuration.print(Form::Set), expected);
}

#[test]
fn an_empty_name_is_refused_in_every_form() {
    let xml = |inner: &str| format!("<configuration>{inner}</configuration>");
    for (text, form) in [
        ("policy-options { prefix-list \"\" { 10.0.0.0/8; } }".to_owned(), Form::Curly),
        ("interfaces { \"\" { unit 0; } }".to_owned(), Form::Curly),
        ("set policy-options prefix-list \"\" 10.0.0.0/8\n".to_owned(), Form::Set),
        (xml("<policy-options><prefix-list><name/></prefix-list></policy-options>"), Form::Xml),
        (xml("<interfaces><interface><name/></interface></interfaces>"), Form::Xml),
    ] {
        let found = Configuration::parse_as("x", &text, form).unwrap_err();
        assert_eq!(found.code(), "missing-value", "{text}");
    }
}
