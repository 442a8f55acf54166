//! What people paste, read and printed.

mod forms;
mod limits;
mod views;

use super::*;

/// What one cloud's enrolment page gives, shortened only in its names.
const MIST: &str = "set system services outbound-ssh client mist device-id 6f1b.5c5b350e0001
set system services outbound-ssh client mist secret 0d0b1e25a3f4c6e8b7d92a1c3e5f70810d0b1e25a3f4c6e8b7d92a1c3e5f70810d0b1e25a3f4c6e8b7d92a1c3e5f70810d0b1e25a3f4c6e8b7d92a1c3e5f7081
set system services outbound-ssh client mist services netconf keep-alive retry 12 timeout 5
set system services outbound-ssh client mist gw.example.net port 2200 timeout 60 retry 1000
";

const CURLY: &str = "\
/* built by hand */
system {
    host-name sw1;
    services {
        outbound-ssh {
            client homing {
                device-id site7.sw1;
                secret \"$9$7YdwgGDkTz6oJz69A1INdb\"; ## SECRET-DATA
                keep-alive {
                    retry 5;
                    timeout 10;
                }
                reconnect-strategy sticky;
                services netconf;
                192.0.2.1 port 4334;
                inactive: 192.0.2.2 port 4334;
                gw.example.net {
                    port 2200;
                    retry 2;
                    timeout 30;
                }
            }
        }
    }
}
interfaces {
    ge-0/0/0 {
        unit 0 {
            family inet {
                address 10.0.0.1/24;
            }
        }
    }
}
";

fn read(text: &str) -> Configuration {
    Configuration::parse("test.conf", text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn refused(text: &str) -> String {
    let view = Configuration::parse("test.conf", text).and_then(|read| read.outbound_ssh());
    view.expect_err("must be refused").to_string()
}

#[test]
fn a_cloud_snippet_with_chained_statements_is_understood() {
    let stanza = read(MIST).outbound_ssh().unwrap();
    let [client] = &stanza.clients[..] else { panic!("{stanza:?}") };
    assert_eq!(client.client_id.as_str(), "mist");
    assert_eq!(client.device_id.as_str(), "6f1b.5c5b350e0001");
    assert_eq!(client.secret.as_ref().unwrap().expose().len(), 128);
    assert!(client.netconf);
    assert_eq!(client.keep_alive.unwrap().retry, 12);
    assert_eq!(client.keep_alive.unwrap().timeout.as_secs(), 5);
    let [server] = &client.servers[..] else { panic!("{client:?}") };
    assert_eq!((server.host.as_str(), server.port, server.retry), ("gw.example.net", 2200, 1000));
    assert_eq!(server.timeout.as_secs(), 60);
}

#[test]
fn curly_is_printed_as_it_was_read() {
    assert_eq!(read(CURLY).print(Form::Curly), CURLY);
}

#[test]
fn set_is_printed_as_it_was_read() {
    let text = read(CURLY).print(Form::Set);
    assert_eq!(read(&text).print(Form::Set), text);
    assert!(text.contains("deactivate system services outbound-ssh client homing 192.0.2.2\n"));
}

#[test]
fn an_inactive_server_is_as_if_absent() {
    let stanza = read(CURLY).outbound_ssh().unwrap();
    let hosts: Vec<&str> = stanza.clients[0].servers.iter().map(|s| s.host.as_str()).collect();
    assert_eq!(hosts, ["192.0.2.1", "gw.example.net"]);
    assert_eq!(stanza.clients[0].secret.as_ref().unwrap().expose(), b"juniper");
}

#[test]
fn an_address_without_port_is_pointed_at() {
    let shown =
        refused("system { services { outbound-ssh { client a {\n  device-id d;\n  10.0.0.1;\n}}}}");
    assert!(shown.contains("test.conf:3:3"), "{shown}");
    assert!(shown.contains("`10.0.0.1` has no port"), "{shown}");
}

#[test]
fn a_mistyped_keyword_is_pointed_at_with_the_right_one() {
    let shown = refused(
        "system { services { outbound-ssh { client a {\n  devide-id d;\n  10.0.0.1 port 1;\n}}}}",
    );
    assert!(shown.contains("test.conf:2:3"), "{shown}");
    assert!(shown.contains("did you mean `device-id`?"), "{shown}");
}

#[test]
fn a_forgotten_semicolon_is_pointed_at() {
    let shown = refused(
        "system { services { outbound-ssh { client a {\n  keep-alive {\n    retry 3\n    \
         timeout 15;\n  }\n}}}}",
    );
    assert!(shown.contains("test.conf:3:11"), "{shown}");
    assert!(shown.contains("expected `;` after it"), "{shown}");
}

#[test]
fn every_form_gives_the_same_tree() {
    let tree = read(&CURLY[..CURLY.find("interfaces").unwrap()]);
    let without_comment = read(tree.print(Form::Curly).split_once('\n').unwrap().1);
    for form in [Form::Curly, Form::Set, Form::Xml, Form::Json] {
        let text = without_comment.print(form);
        assert_eq!(detect(&text), form, "{text}");
        assert_eq!(read(&text), without_comment, "{form:?}\n{text}");
    }
    for form in [Form::Curly, Form::Xml, Form::Json] {
        let text = tree.print(form);
        assert_eq!(read(&text), tree, "{form:?}\n{text}");
    }
}

#[test]
fn unknown_statements_keep_their_words_through_xml_and_json() {
    let tree = read(&CURLY[CURLY.find("interfaces").unwrap()..]);
    for form in [Form::Xml, Form::Json] {
        let text = tree.print(form);
        assert_eq!(read(&text).print(Form::Set), tree.print(Form::Set), "{text}");
        assert_eq!(read(&text).print(form), text);
    }
}
