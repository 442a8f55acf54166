//! What is kept of what happened, how much and how long.

use homing_proto::access::Role;

use super::value::{HOUR, PEBIBYTE, TEN_YEARS, list, size, time};
use super::{Key, key};

pub(super) static KEYS: &[Key] = &[
    key!(
        "events.keep",
        "events of enrolled devices that are kept",
        |s, v| v.count(1_000, 1_000_000_000).map(|n| s.events.keep = n),
        |s| s.events.keep.to_string()
    ),
    key!(
        "events.keep_unknown",
        "events of strangers and of the gateway itself that are kept",
        |s, v| v.count(1_000, 1_000_000_000).map(|n| s.events.keep_unknown = n),
        |s| s.events.keep_unknown.to_string()
    ),
    key!(
        "events.age",
        "how long events are kept at most",
        |s, v| v.duration(HOUR, TEN_YEARS).map(|d| s.events.age = d),
        |s| time(s.events.age)
    ),
    key!(
        "audit.keep",
        "entries of the audit trail that are kept",
        |s, v| v.count(1_000, 1_000_000_000).map(|n| s.audit.keep = n),
        |s| s.audit.keep.to_string()
    ),
    key!(
        "audit.age",
        "how long they are kept at most; a day more",
        |s, v| v.duration(24 * HOUR, TEN_YEARS).map(|d| s.audit.age = d),
        |s| time(s.audit.age)
    ),
    key!(
        "recordings.roles",
        "the roles whose terminal sessions are recorded",
        |s, v| {
            let expected = "a role: viewer, operator, configurator or admin";
            s.recordings.roles = v.list(expected, |text| text.parse::<Role>().ok())?;
            Ok(())
        },
        |s| list(&s.recordings.roles)
    ),
    key!(
        "recordings.size",
        "bytes of one recording",
        |s, v| v.size(4 << 10, PEBIBYTE).map(|n| s.recordings.size = n),
        |s| size(s.recordings.size)
    ),
    key!(
        "recordings.total",
        "bytes of all recordings; beyond it the oldest are deleted",
        |s, v| v.size(4 << 10, PEBIBYTE).map(|n| s.recordings.total = n),
        |s| size(s.recordings.total)
    ),
    key!(
        "recordings.age",
        "how long a recording is kept at most",
        |s, v| v.duration(HOUR, TEN_YEARS).map(|d| s.recordings.age = d),
        |s| time(s.recordings.age)
    ),
];
