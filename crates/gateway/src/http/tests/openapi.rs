//! The document against the routes: each is there, and answers what the document says.

use serde_json::{Value, json};

use super::*;

struct Document(Value);

impl Document {
    async fn of(api: &Api) -> Document {
        let answer = api.ask("GET /api/v1/openapi.json HTTP/1.1", "").await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("etag: \""), "{head}");
        Document(serde_json::from_str(body).unwrap())
    }

    fn resolve<'d>(&'d self, schema: &'d Value) -> &'d Value {
        match schema["$ref"].as_str() {
            Some(path) => self.0.pointer(&path[1..]).unwrap_or_else(|| panic!("{path} is missing")),
            None => schema,
        }
    }

    /// Something that a schema takes.
    fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(first) = schema["examples"].get(0).or(schema["enum"].get(0)) {
            return first.clone();
        }
        for several in ["oneOf", "anyOf", "allOf"] {
            if let Some(one) = schema[several].as_array().and_then(|all| all.last()) {
                return self.sample(one);
            }
        }
        match schema["type"].as_str() {
            Some("object") => {
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                let names = required.iter().map(|name| name.as_str().unwrap());
                let fields =
                    names.map(|name| (name.to_owned(), self.sample(&schema["properties"][name])));
                Value::Object(fields.collect())
            }
            Some("array") => json!([]),
            Some("boolean") => json!(false),
            Some("integer" | "number") => json!(1),
            _ => json!("x"),
        }
    }

    /// Why a value does not fit a schema.
    fn misfit(&self, schema: &Value, value: &Value, at: &str) -> Option<String> {
        let schema = self.resolve(schema);
        for several in ["oneOf", "anyOf"] {
            if let Some(all) = schema[several].as_array() {
                let fits = all.iter().any(|one| self.misfit(one, value, at).is_none());
                return (!fits).then(|| format!("{at}: {value} fits none of {several}"));
            }
        }
        if let Some(all) = schema["allOf"].as_array() {
            return all.iter().find_map(|one| self.misfit(one, value, at));
        }
        if let Some(words) = schema["enum"].as_array() {
            return (!words.contains(value)).then(|| format!("{at}: {value} is none of {words:?}"));
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !kinds.contains(&kind) {
            return Some(format!("{at}: {value} is {kind}, expected {kinds:?}"));
        }
        match value {
            Value::Array(items) => {
                items.iter().find_map(|item| self.misfit(&schema["items"], item, at))
            }
            Value::Object(fields) => {
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                let missing =
                    required.iter().find(|name| !fields.contains_key(name.as_str().unwrap()));
                if let Some(missing) = missing {
                    return Some(format!("{at}: {missing} is missing"));
                }
                fields.iter().find_map(|(name, field)| {
                    let at = format!("{at}.{name}");
                    match (schema["properties"].get(name), schema.get("additionalProperties")) {
                        (Some(known), _) => self.misfit(known, field, &at),
                        (None, Some(Value::Bool(true))) => None,
                        (None, Some(others)) if others.is_object() => {
                            self.misfit(others, field, &at)
                        }
                        (None, _) => Some(format!("{at} is not documented")),
                    }
                })
            }
            _ => None,
        }
    }

    /// Asks an operation with the least that it takes, and compares the answer with its description.
    async fn check(&self, api: &Api, path: &str, method: &str, operation: &Value) {
        let mut path_asked = path.replace("{name}", "mx1");
        while let (Some(from), Some(to)) = (path_asked.find('{'), path_asked.find('}')) {
            path_asked.replace_range(from..=to, "1");
        }
        for one in operation["parameters"].as_array().into_iter().flatten() {
            if one["in"] == "query" && one["required"] == true {
                path_asked.push_str(&format!("?{}=*", one["name"].as_str().unwrap()));
            }
        }
        let mut head = format!("{} {path_asked} HTTP/1.1", method.to_uppercase());
        let content = operation["requestBody"]["content"].as_object();
        let body = content.and_then(|content| content.iter().next()).map(|(kind, one)| {
            head.push_str(&format!("\r\ncontent-type: {kind}"));
            match kind.as_str() {
                "application/json" => self.sample(&one["schema"]).to_string(),
                _ => "<get/>".to_owned(),
            }
        });
        let answer = api.ask(&head, &body.unwrap_or_default()).await;
        let (answer_head, answer_body) = answer.split_once("\r\n\r\n").unwrap();
        let status = &answer_head["HTTP/1.1 ".len()..][..3];
        assert!(!answer.contains("no-such-path") && status != "405", "{head}: {answer}");
        // A sample may break a rule that no schema tells.
        let is_taken = status != "400" || method != "get";
        assert!(is_taken && status != "500", "{head}: {answer}");
        let described = operation["responses"].get(status);
        let described = described.unwrap_or_else(|| panic!("{head}: {status} is not documented"));
        let Some(content) = self.resolve(described)["content"].as_object() else {
            assert_eq!(answer_body, "", "{head}");
            return;
        };
        let kind = answer_head.split("content-type: ").nth(1).unwrap();
        let kind = kind.split("\r\n").next().unwrap().split(';').next().unwrap();
        let schema = content.get(kind);
        let schema =
            &schema.unwrap_or_else(|| panic!("{head}: {kind} is not documented"))["schema"];
        if kind.ends_with("json") && !kind.contains("ndjson") {
            let body: Value = serde_json::from_str(answer_body).unwrap();
            assert_eq!(self.misfit(schema, &body, "answer"), None, "{head}");
        }
    }
}

#[tokio::test]
async fn every_route_is_documented_and_answers_as_documented() {
    let api = Api::start();
    api.fake.happen(1, "x", "mx1");
    let document = Document::of(&api).await;
    assert_eq!(document.0["openapi"], "3.1.0");
    let mut count = 0;
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document.0["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{name} is the name of two operations");
            document.check(&api, path, method, operation).await;
            count += 1;
        }
    }
    assert!(count >= 13, "{count}");
}

#[tokio::test]
async fn every_shape_that_is_referred_to_is_there() {
    let api = Api::start();
    let document = Document::of(&api).await;
    let text = document.0.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let path = reference.split('"').next().unwrap();
        assert!(document.0.pointer(path).is_some(), "{path} is missing");
    }
}

#[tokio::test]
async fn the_page_for_people_needs_nothing_from_anywhere() {
    let api = Api::start();
    let answer = api.ask("GET /api/docs HTTP/1.1", "").await;
    assert!(answer.contains("content-type: text/html"), "{answer}");
    assert!(answer.contains("default-src 'none'; style-src 'sha256-"), "{answer}");
    assert!(answer.contains("<b class=\"post\">POST</b>") && answer.contains("shape-Device"));
    for no in ["<script", "href=\"http", "src=", "@import", "url("] {
        assert!(!answer.contains(no), "{no}");
    }
}

#[tokio::test]
async fn a_device_is_changed_only_as_it_was_seen() {
    let api = Api::start();
    let answer = api.ask("GET /api/v1/devices/mx1 HTTP/1.1", "").await;
    let tag = answer.split("etag: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let again = format!("GET /api/v1/devices/mx1 HTTP/1.1\r\nif-none-match: {tag}");
    assert!(api.ask(&again, "").await.starts_with("HTTP/1.1 304"));
    let change = format!("PATCH /api/v1/devices/mx1 HTTP/1.1\r\nif-match: {tag}");
    assert!(api.ask(&change, "{}").await.starts_with("HTTP/1.1 200"));
    let other = "PATCH /api/v1/devices/mx1 HTTP/1.1\r\nif-match: \"other\"";
    let (status, code, _) = api.refused_with(other, "{}").await;
    assert_eq!((status, code.as_str()), (412, "changed-meanwhile"));
    let other = "DELETE /api/v1/devices/mx1 HTTP/1.1\r\nif-match: \"other\"";
    assert_eq!(api.refused_with(other, "").await.0, 412);
    let unknown = "DELETE /api/v1/devices/mx1?force=1 HTTP/1.1";
    assert_eq!(api.refused_with(unknown, "").await.0, 400);
}
