//! What Homing reads in a configuration.

use super::*;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN9nFxKWxLf74gaHLg3HqW6q8vuF4dYqdCw3ulT8nJII";

fn login(text: &str) -> Result<Login, Diagnostics> {
    read(text).login()
}

#[test]
fn users_have_their_class_keys_and_password() {
    let text = format!(
        "system {{ login {{ class ops {{ idle-timeout 30; permissions [ view shell ]; }}
         user homing {{ uid 2001; class ops; full-name \"The gateway\";
           authentication {{ encrypted-password \"$6$salt$hash\"; ## SECRET-DATA
             ssh-ed25519 \"{KEY} homing gateway\" from 10.0.0.0/8; }} }}
         inactive: user gone {{ class ops; }} }} }}"
    );
    let login = login(&text).unwrap();
    let [user] = &login.users[..] else { panic!("{login:?}") };
    assert_eq!((user.name.as_str(), user.uid, user.class.as_str()), ("homing", Some(2001), "ops"));
    let [key] = &user.authentication.keys[..] else { panic!("{user:?}") };
    assert_eq!(key.comment, "homing gateway");
    assert_eq!(key.from.as_deref(), Some("10.0.0.0/8"));
    assert_eq!(user.authentication.password.as_ref().unwrap().expose(), "$6$salt$hash");
    assert!(!format!("{login:?}").contains("$6$"), "{login:?}");
    assert_eq!(login.class("ops").unwrap().permissions, ["view", "shell"]);
    assert_eq!(login.class("ops").unwrap().idle_timeout.unwrap().as_secs(), 1800);
}

#[test]
fn a_dsa_key_is_refused_by_name_and_the_others_stay() {
    let text = format!(
        "system {{ root-authentication {{ ssh-dsa \"ssh-dss AAAA old\"; ssh-ed25519 \"{KEY}\"; }} }}"
    );
    let login = login(&text).unwrap();
    let root = &login.user(ROOT).unwrap().authentication;
    assert_eq!(root.keys.len(), 1);
    assert_eq!(root.refused[0].keyword, "ssh-dsa");
    let remarks = read(&text).not_acted_on();
    assert!(remarks[0].to_string().contains("DSA keys are weak"), "{remarks:?}");
}

#[test]
fn wrong_keys_and_passwords_are_pointed_at() {
    let user = |line: &str| {
        format!("system {{ login {{ user a {{ class ops;\n authentication {{ {line} }} }} }} }}")
    };
    for (line, code) in [
        ("ssh-rsa \"ssh-rsa AAAA\";".to_owned(), "invalid-public-key"),
        (format!("ssh-rsa \"{KEY}\";"), "wrong-key-type"),
        ("encrypted-password hunter2;".to_owned(), "wrong-password-form"),
        ("encrypted-password \"$1$md5\";".to_owned(), "wrong-password-form"),
    ] {
        let errors = login(&user(&line)).unwrap_err();
        assert_eq!(errors.code(), code, "{errors}");
        assert!(!errors.to_string().contains("hunter2"), "{errors}");
    }
    assert_eq!(login("system { login { user a { uid 1; } } }").unwrap_err().code(), "no-class");
}

#[test]
fn every_statement_of_outbound_ssh_is_read() {
    let text = "system { services { outbound-ssh {
        routing-instance mgmt_junos;
        traceoptions { no-remote-trace; file ossh.log size 1m files 5 world-readable match \"(a|b)\";
            flag connectivity; flag all; }
        client a { device-id d; secret plain; keep-alive; reconnect-strategy in-order; 10.0.0.1 port 1;
            proxy-server { static { host p; proxy-authorization { user u; password pw; } } dhcp; } } } } }";
    let read = read(text);
    let stanza = read.outbound_ssh().unwrap();
    assert_eq!(stanza.routing_instance.as_deref(), Some("mgmt_junos"));
    let trace = stanza.traceoptions.unwrap();
    assert_eq!(trace.flags, [TraceFlag::Connectivity, TraceFlag::All]);
    let file = trace.file.unwrap();
    assert_eq!((file.name.as_str(), file.size, file.files), ("ossh.log", Some(1 << 20), 5));
    assert!(file.world_readable && file.matching.as_deref() == Some("(a|b)"));
    let client = &stanza.clients[0];
    assert!(!client.netconf);
    let proxy = client.proxy_server.as_ref().unwrap();
    assert!(proxy.dhcp);
    assert_eq!(proxy.fixed.as_ref().unwrap().port, DEFAULT_PROXY_PORT);
    assert!(!format!("{client:?}").contains("plain"), "{client:?}");
    let remarks = read.not_acted_on();
    let proxy = remarks.iter().find(|each| each.statement.contains("proxy-server")).unwrap();
    assert_eq!(proxy.weight, Weight::Refuse);
    for form in [Form::Curly, Form::Set, Form::Xml, Form::Json] {
        let text = read.print(form);
        assert_eq!(super::read(&text), read, "{text}");
    }
}

#[test]
fn a_trace_file_on_one_line_is_printed_on_one_line() {
    let text = "set system services outbound-ssh traceoptions file a.log size 10k files 3\n\
                set system services outbound-ssh traceoptions file b.log world-readable\n";
    let curly = read(text).print(Form::Curly);
    assert!(curly.contains("file b.log size 10k files 3 world-readable;\n"), "{curly}");
}

#[test]
fn an_inactive_client_or_stanza_is_as_if_absent() {
    let clients = |text: &str| read(text).outbound_ssh().unwrap().clients.len();
    let text =
        "system { services { outbound-ssh { inactive: client a { device-id d; 1.1.1.1; } } } }";
    assert_eq!(clients(text), 0);
    let text = format!("{MIST}deactivate system services outbound-ssh\n");
    assert_eq!(clients(&text), 0);
    assert_eq!(clients(&format!("{text}activate system services outbound-ssh\n")), 1);
}

#[test]
fn unknown_statements_are_mentioned_with_the_nearest_known_word() {
    let remarks = read("sytem { host-name a; }\nprotocols { bgp; }").not_acted_on();
    assert!(remarks[0].sentence.contains("did you mean `system`?"), "{remarks:?}");
    assert_eq!(remarks[1].statement, "protocols");
    assert!(remarks.iter().all(|each| each.weight == Weight::Mention));
}

#[test]
fn groups_are_refused_because_they_would_change_what_is_meant() {
    let remarks = read("groups { g { system { host-name x; } } }\napply-groups g;").not_acted_on();
    assert!(remarks.iter().any(|each| each.weight == Weight::Refuse), "{remarks:?}");
}

#[test]
fn a_redacted_copy_says_secret() {
    let shown = read(CURLY).redacted().print(Form::Curly);
    assert!(shown.contains("secret <secret>; ## SECRET-DATA"), "{shown}");
    assert!(!shown.contains("$9$"), "{shown}");
}

#[test]
fn a_stanza_without_what_belongs_around_it_is_refused_with_its_place() {
    let remarks = read("outbound-ssh { client a { device-id d; } }").not_acted_on();
    assert_eq!(remarks[0].weight, Weight::Refuse);
    assert!(remarks[0].sentence.contains("system { services {"), "{remarks:?}");
}
