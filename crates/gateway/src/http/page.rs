//! The OpenAPI document as a page for people: made once, without a script, a font or a request to anywhere.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use homing_proto::netconf::text::escaped;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

/// The page, and the policy that lets nothing but its own style in.
pub(super) struct Page {
    pub(super) html: String,
    pub(super) policy: String,
}

impl Page {
    pub(super) fn new(document: &Value) -> Self {
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>Homing API</title>\
             <style>{STYLE}</style></head><body><main>\n<h1>Homing API {}</h1>\n<p>{}</p>\n\
             <p>For programs: <a href=\"/api/v1/openapi.json\">openapi.json</a></p>\n",
            text_of(at(document, "/info/version")),
            prose(at(document, "/info/description")),
        );
        contents(document, &mut html);
        for (path, item) in object(&document["paths"]) {
            for (method, operation) in object(item) {
                of_operation(path, method, operation, &mut html);
            }
        }
        html.push_str("<h2 id=\"shapes\">Shapes</h2>\n");
        for (name, schema) in object(at(document, "/components/schemas")) {
            of_schema(name, schema, &mut html);
        }
        html.push_str("</main></body></html>\n");
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        Self { html, policy }
    }
}

fn contents(document: &Value, html: &mut String) {
    html.push_str("<ul class=\"contents\">\n");
    for (path, item) in object(&document["paths"]) {
        for (method, operation) in object(item) {
            let _ = writeln!(
                html,
                "<li><a href=\"#{}\"><b>{}</b> {}</a> {}</li>",
                anchor(operation),
                method.to_uppercase(),
                escaped(path),
                prose(&operation["summary"]),
            );
        }
    }
    html.push_str("</ul>\n");
}

fn of_operation(path: &str, method: &str, operation: &Value, html: &mut String) {
    let _ = writeln!(
        html,
        "<section id=\"{}\"><h3><b class=\"{method}\">{}</b> <code>{}</code></h3>\n<p>{}</p>",
        anchor(operation),
        method.to_uppercase(),
        escaped(path),
        prose(&operation["summary"]),
    );
    if operation["description"].is_string() {
        let _ = writeln!(html, "<p>{}</p>", prose(&operation["description"]));
    }
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        html.push_str("<table><tr><th>parameter<th>in<th>type<th></tr>\n");
        for one in parameters {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code><td>{}<td>{}<td>{}</tr>",
                text_of(&one["name"]),
                text_of(&one["in"]),
                kind(&one["schema"]),
                prose(&one["description"]),
            );
        }
        html.push_str("</table>\n");
    }
    for (content, one) in object(at(operation, "/requestBody/content")) {
        let _ = writeln!(
            html,
            "<p>Takes {} (<code>{}</code>)</p>",
            kind(&one["schema"]),
            escaped(content)
        );
    }
    answers(operation, html);
    html.push_str("</section>\n");
}

fn answers(operation: &Value, html: &mut String) {
    let mut problems = Vec::new();
    html.push_str("<table><tr><th>status<th>answer<th></tr>\n");
    for (status, answer) in object(&operation["responses"]) {
        if answer["$ref"].is_string() {
            problems.push(escaped(status));
            continue;
        }
        let kinds: Vec<String> = object(&answer["content"])
            .map(|(content, one)| {
                format!("{} (<code>{}</code>)", kind(&one["schema"]), escaped(content))
            })
            .collect();
        let _ = writeln!(
            html,
            "<tr><td>{}<td>{}<td>{}</tr>",
            escaped(status),
            kinds.join("<br>"),
            prose(&answer["description"]),
        );
    }
    if !problems.is_empty() {
        let _ = writeln!(
            html,
            "<tr><td>{}<td><a href=\"#shape-Problem\">Problem</a><td></tr>",
            problems.join(", ")
        );
    }
    html.push_str("</table>\n");
}

fn of_schema(name: &str, schema: &Value, html: &mut String) {
    let name = escaped(name);
    let about = prose(&schema["description"]);
    let _ = writeln!(html, "<section id=\"shape-{name}\"><h3>{name}</h3>\n<p>{about}</p>");
    if schema["properties"].is_object() {
        html.push_str("<table>\n");
        for (field, shape) in object(&schema["properties"]) {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code><td>{}<td>{}</tr>",
                escaped(field),
                kind(shape),
                prose(&shape["description"]),
            );
        }
        html.push_str("</table>\n");
    } else {
        let _ = writeln!(html, "<p>{}</p>", kind(schema));
    }
    html.push_str("</section>\n");
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#shape-{name}\">{name}</a>");
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[several].as_array() {
            return all.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(text_of).collect();
        return words.join(" | ");
    }
    match &schema["type"] {
        Value::String(one) if one == "array" => format!("[{}]", kind(&schema["items"])),
        Value::String(one) => escaped(one),
        Value::Array(several) => several.iter().map(text_of).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

/// What is at a place of a document; nothing where there is no such place.
fn at<'v>(value: &'v Value, place: &str) -> &'v Value {
    value.pointer(place).unwrap_or(&Value::Null)
}

fn object(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn anchor(operation: &Value) -> String {
    text_of(&operation["operationId"])
}

/// Text with `code` in it, and rustdoc's links without their brackets.
fn prose(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default().replace("[`", "`").replace("`]", "`");
    let parts = text.split('`').enumerate().map(|(number, part)| match number % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

fn text_of(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_document_cannot_become_markup() {
        let document = serde_json::json!({
            "info": { "version": "<b>", "description": "a `<i>` [`X`]" },
            "paths": { "/x": { "get": { "operationId": "x", "summary": "<script>" } } },
            "components": { "schemas": { "A": { "type": "string", "description": "\"&" } } },
        });
        let html = Page::new(&document).html;
        assert!(html.contains("a <code>&lt;i&gt;</code> <code>X</code>"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<b></h1>"), "{html}");
    }
}
