//! An answer's elements as the JSON that Junos makes of them.
//!
//! ```text
//!   <a><b x="1">t</b></a>  ─▶  { "a" : [ { "b" : [ { "data" : "t", "attributes" : { "x" : "1" } } ] } ] }
//! ```
//!
//! Every element is an array, for there may be several of a name; its text is its `data`.
//!
//! Source: Junos, *JSON format of operational output*.

use crate::netconf::element::Element;

/// The JSON of an answer.
pub fn json(root: &Element) -> String {
    let mut out = String::from("{\n");
    write_group(&[root], 1, &mut out);
    out.push_str("\n}\n");
    out
}

/// All elements of one name, as one array.
fn write_group(group: &[&Element], depth: usize, out: &mut String) {
    let Some(first) = group.first() else { return };
    indent(depth, out);
    out.push_str(&format!("{} : [\n", quoted(&first.name)));
    for (place, element) in group.iter().enumerate() {
        indent(depth, out);
        out.push_str("{\n");
        write_inside(element, depth + 1, out);
        out.push('\n');
        indent(depth, out);
        out.push_str(if place + 1 < group.len() { "},\n" } else { "}\n" });
    }
    indent(depth, out);
    out.push(']');
}

fn write_inside(element: &Element, depth: usize, out: &mut String) {
    let mut parts = 0;
    let mut separate = |out: &mut String| {
        if parts > 0 {
            out.push_str(",\n");
        }
        parts += 1;
    };
    let attributes: Vec<_> =
        element.attributes.iter().filter(|(name, _)| !name.starts_with("xmlns")).collect();
    if !attributes.is_empty() {
        separate(out);
        let all: Vec<_> = attributes
            .iter()
            .map(|(name, value)| format!("{} : {}", quoted(name), quoted(value)))
            .collect();
        indent(depth, out);
        out.push_str(&format!("\"attributes\" : {{{}}}", all.join(", ")));
    }
    if element.children.is_empty() {
        separate(out);
        indent(depth, out);
        let text =
            if element.text.is_empty() { "[null]".to_owned() } else { quoted(&element.text) };
        out.push_str(&format!("\"data\" : {text}"));
    }
    let mut names: Vec<&str> = Vec::new();
    for child in &element.children {
        // Lists come name by name, so looking at the last few is nearly always enough.
        if names.last() != Some(&child.name.as_str()) && !names.contains(&child.name.as_str()) {
            names.push(&child.name);
        }
    }
    for name in names {
        separate(out);
        let group: Vec<_> = element.children.iter().filter(|child| child.name == name).collect();
        write_group(&group, depth, out);
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("    ", depth));
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_arrays_and_texts_are_data() {
        let root = Element::new("a")
            .with(Element::with_text("b", "1\n").with_attribute("junos:seconds", "5"))
            .with(Element::new("c"))
            .with(Element::with_text("b", "\"2\""));
        let read: serde_json::Value = serde_json::from_str(&json(&root)).unwrap();
        let expected = serde_json::json!({"a": [{
            "b": [{"attributes": {"junos:seconds": "5"}, "data": "1\n"}, {"data": "\"2\""}],
            "c": [{"data": [null]}],
        }]});
        assert_eq!(read, expected);
    }
}
