//! Fuzz target: Junos configuration in `set` lines.

use homing_proto::junos::{Configuration, Form};

/// What was read prints back in its form and reads as the same; it prints in every other form and
/// can be looked at. What was refused names a place in the text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(Configuration::parse_bytes("fuzz", data).is_err());
        return;
    };
    match Configuration::parse_as("fuzz", text, Form::Set) {
        Ok(read) => returns(&read),
        Err(errors) => assert!(errors.iter().count() > 0 && errors.to_string().contains("fuzz:")),
    }
}

fn returns(read: &Configuration) {
    let text = read.print(Form::Set);
    let again = Configuration::parse_as("again", &text, Form::Set)
        .unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(again.print(Form::Set), text);
    for form in [Form::Curly, Form::Set, Form::Xml, Form::Json] {
        let _ = (read.print(form), read.redacted().print(form));
    }
    let _ = (read.outbound_ssh(), read.login(), read.system(), read.not_acted_on());
}
