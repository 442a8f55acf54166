//! Queries as people type them, and laws.

use proptest::prelude::*;

use super::*;
use crate::api::Device;

fn device() -> Device {
    serde_json::from_value(serde_json::json!({
        "name": "mx1.fra", "state": "down", "since": "2026-11-23T12:00:00Z", "enrolled": true,
        "device_id": "site7-mx1", "user": "homing", "addresses": [],
        "tags": { "site": "fra", "role": "edge", "state": "x" }, "listener": "4334",
        "has_secret": true, "secret_issued_at": null, "has_password": false, "keys": [],
        "session": null, "pending": null, "last_event": null, "created_at": null
    }))
    .unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T13:00:00Z".parse().unwrap()
}

#[test]
fn a_device_fits_when_every_term_holds() {
    for (query, fits) in [
        ("", true),
        ("state:down site:fra", true),
        ("state:up,down", true),
        ("state:up", false),
        ("-state:up", true),
        ("site:fra,lon role:e*", true),
        ("site:FRA", false),
        ("-site:fra", false),
        ("rack:7", false),
        ("-rack:7", true),
        ("tag:state:x", true),
        ("seen:>30m", true),
        ("seen:>1h", false),
        ("seen:<1h", true),
        ("seen:<59m", false),
        ("name:mx?.fra", true),
        ("id:site7-*", true),
        ("user:homing listener:4334", true),
        ("source:*", false),
        ("has:secret", true),
        ("has:password,session", false),
        ("EDGE", true),
        ("mx1", true),
        ("site7", true),
        ("-lon", true),
        ("\"mx1.fra\"", true),
        ("nothing", false),
    ] {
        assert_eq!(Filter::parse(query).unwrap().matches(&device(), now()), fits, "{query}");
    }
}

#[test]
fn what_never_was_there_was_longer_ago_than_anything() {
    let device = Device { state: DeviceState::New, ..device() };
    assert!(Filter::parse("seen:>365d").unwrap().matches(&device, now()));
    assert!(!Filter::parse("seen:<365d").unwrap().matches(&device, now()));
}

#[test]
fn what_does_not_fit_is_named_with_its_place() {
    for (query, error) in [
        (
            "site:fra state:dwn",
            "character 16: expected one of up, down, new, refused, pending, blocked",
        ),
        ("seen:1h", "character 6: expected > or < and a duration, as in seen:>1h"),
        ("seen:>1y", "character 7: expected a duration such as 30s, 5m, 1h or 7d"),
        ("site:", "character 6: expected a value"),
        ("site:fra,", "character 10: expected a value"),
        ("é \"x", "character 3: the quotation has no end"),
        ("\"a\\b\"", "character 4: expected \\\" or \\\\"),
        (":x", "character 1: expected a value"),
        ("s!te:x", "character 1: `s!te` can't be the key of a label"),
        ("tag:site", "character 9: expected `:` and the label's value"),
        ("a\u{202e}b", "character 1: invisible and control characters can't be looked for"),
        ("has:luck", "character 5: expected one of secret, password, session, pending"),
    ] {
        assert_eq!(Filter::parse(query).unwrap_err().to_string(), error, "{query}");
    }
    let error = Filter::parse(&"a ".repeat(MAX_TERMS + 1)).unwrap_err();
    assert_eq!(
        (error.at(), error.code(), error.fault()),
        (65, "invalid-filter", crate::fault::Fault::Operator)
    );
    assert!(Filter::parse(&"a".repeat(MAX_BYTES + 1)).is_err());
}

fn any_query() -> impl Strategy<Value = String> {
    let term = prop_oneof![
        "-?(site|role|tag:state|name|id|user|key):[a-z*?.]{1,4}(,[a-z]{1,3})?",
        "-?state:(up|down)(,new)?",
        "-?seen:[<>][0-9]{1,4}[smhdw]",
        "-?has:(secret|pending)",
        "-?[a-z0-9]{1,6}",
        "-?\"[a-z \\\\:,-]{1,6}\"",
    ];
    prop::collection::vec(term, 0..6).prop_map(|terms| terms.join("  "))
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back_the_same(query in any_query()) {
        if let Ok(filter) = Filter::parse(&query) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
    }

    #[test]
    fn a_negated_term_holds_exactly_when_the_term_does_not(query in "(site|role|name|state|has|seen):[a-z<>0-9*]{1,5}") {
        if let Ok(filter) = Filter::parse(&query) {
            let negated = Filter::parse(&format!("-{query}")).unwrap();
            prop_assert_ne!(filter.matches(&device(), now()), negated.matches(&device(), now()));
        }
    }

    #[test]
    fn no_text_makes_it_panic_and_every_error_is_within_the_text(text in "\\PC{0,60}|[-:,\"\\\\<> a-z]{0,40}") {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.at()));
        }
    }
}
