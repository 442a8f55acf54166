//! Operations from names and arguments, and as typed.

use super::*;

fn named(name: &str, arguments: &[&str]) -> Result<String, OperationError> {
    from_name(name, &arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>())
}

#[test]
fn a_name_and_arguments_become_elements() {
    assert_eq!(named("get-system-information", &[]).unwrap(), "<get-system-information/>");
    assert_eq!(
        named("get-interface-information", &["interface-name=ge-0/0/0", "terse"]).unwrap(),
        "<get-interface-information><interface-name>ge-0/0/0</interface-name><terse/></get-interface-information>"
    );
}

#[test]
fn a_value_cannot_become_markup() {
    assert_eq!(named("a", &["b=<c/>&\"x"]).unwrap(), "<a><b>&lt;c/&gt;&amp;&quot;x</b></a>");
    assert_eq!(named("a", &["b=c=d"]).unwrap(), "<a><b>c=d</b></a>");
    assert_eq!(
        command("show | match <x>").unwrap(),
        "<command format=\"text\">show | match &lt;x&gt;</command>"
    );
}

#[test]
fn a_name_with_blanks_or_markup_is_refused() {
    for bad in ["", "show version", "a><b", "1a", "-a", "a/b"] {
        assert_eq!(named(bad, &[]), Err(OperationError::Name(bad.to_owned())));
    }
    assert_eq!(named("a", &["=x"]), Err(OperationError::Name(String::new())));
}

#[test]
fn what_xml_cannot_carry_is_refused() {
    assert_eq!(command("a\u{0}b"), Err(OperationError::Character('\0')));
    assert_eq!(command("a\u{1b}b"), Err(OperationError::Character('\u{1b}')));
}

#[test]
fn xml_is_kept_as_typed() {
    for xml in
        ["<get/>", "<get a='1'>\n x <b/> &amp; &#10;<![CDATA[<]]></get>", "<j:get xmlns:j='u'/>"]
    {
        assert_eq!(from_xml(xml).unwrap(), xml);
    }
    assert_eq!(from_xml("<?xml version='1.0'?>\n<get/>\n").unwrap(), "<get/>");
    assert_eq!(from_xml("<!-- note --><get/>").unwrap(), "<get/>");
}

#[test]
fn the_envelope_is_taken_off() {
    let enveloped = format!("<rpc message-id=\"7\" xmlns=\"{BASE}\"> <get/> </rpc>");
    assert_eq!(from_xml(&enveloped).unwrap(), "<get/>");
    assert_eq!(from_xml("<rpc/>"), Err(OperationError::Empty));
    assert_eq!(
        from_xml("<rpc xmlns:j='u'><j:get/></rpc>"),
        Err(OperationError::Envelope("xmlns:j".to_owned()))
    );
}

#[test]
fn what_is_not_one_element_is_refused() {
    use OperationError::NotOneElement;
    assert_eq!(from_xml("  "), Err(OperationError::Empty));
    assert_eq!(from_xml("<a/><b/>"), Err(NotOneElement("a second element")));
    assert_eq!(from_xml("<a/> x"), Err(NotOneElement("text")));
    assert_eq!(from_xml("<a/>]]>]]>"), Err(NotOneElement("text")));
    assert_eq!(from_xml("<a><b></b>"), Err(OperationError::Unfinished("a".to_owned())));
}

#[test]
fn broken_xml_is_refused_with_its_place() {
    for bad in [
        "<a></b>",
        "<a b=1/>",
        "<a b='1' b='2'/>",
        "<a",
        "<!DOCTYPE a><a/>",
        "<a>&evil;</a>",
        "</a>",
    ] {
        let refused = from_xml(bad);
        assert!(matches!(refused, Err(OperationError::Malformed { .. })), "{bad}: {refused:?}");
    }
}

#[test]
fn get_config_names_its_source_and_carries_the_filter() {
    assert_eq!(
        get_config("running", None).unwrap(),
        "<get-config><source><running/></source></get-config>"
    );
    assert_eq!(
        get_config("candidate", Some(" <configuration><system/></configuration> ")).unwrap(),
        "<get-config><source><candidate/></source><filter type=\"subtree\"><configuration><system/></configuration></filter></get-config>"
    );
    assert!(get_config("running", Some("<a>")).is_err());
}
