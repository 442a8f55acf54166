//! What of `[edit system]` is kept as data.
//!
//! Source: Junos, statement pages of *system*, *services*, *syslog*, *ntp*, *radius-server*.

use super::super::schema::Body;
use super::table::{
    body, flag, leaf, line, list, many, nameless, one_line, secret, single, within, wrapped,
};

macro_rules! wrap {
    ($name:ident, $keyword:literal, $entry:expr) => {
        pub(crate) static $name: Body = body(&[nameless($keyword, $entry)]);
    };
}

wrap!(NAME_SERVER, "name-server", &SERVER_ENTRY);
wrap!(RADIUS_SERVER, "radius-server", &AAA_SERVER);
wrap!(TACPLUS_SERVER, "tacplus-server", &AAA_SERVER);
wrap!(HOST_MAPPING, "static-host-mapping", &MAPPING);

static SERVER_ENTRY: Body = one_line(&[leaf("routing-instance"), leaf("source-address")]);

static AAA_SERVER: Body = body(&[
    leaf("port"),
    leaf("accounting-port"),
    secret("secret"),
    leaf("timeout"),
    leaf("retry"),
    leaf("source-address"),
    leaf("routing-instance"),
    flag("single-connection"),
]);

static MAPPING: Body = body(&[many("inet"), many("inet6"), leaf("sysid"), many("alias")]);

pub(crate) static ARCHIVAL: Body = body(&[within("configuration", &ARCHIVE)]);

static ARCHIVE: Body = body(&[
    flag("transfer-on-commit"),
    leaf("transfer-interval"),
    wrapped("archive-sites", &ARCHIVE_SITES),
]);

wrap!(ARCHIVE_SITES, "archive-sites", &ARCHIVE_SITE);

static ARCHIVE_SITE: Body = one_line(&[secret("password")]);

pub(crate) static NTP: Body = body(&[
    leaf("boot-server"),
    leaf("trusted-key"),
    list("authentication-key", &NTP_KEY),
    list("peer", &NTP_SERVER),
    list("server", &NTP_SERVER),
    many("source-address"),
]);

static NTP_SERVER: Body =
    one_line(&[leaf("key"), leaf("version"), flag("prefer"), leaf("routing-instance")]);

static NTP_KEY: Body = one_line(&[leaf("type"), secret("value")]);

pub(crate) static SYSLOG: Body = body(&[
    within("archive", &SYSLOG_ARCHIVE),
    list("user", &SYSLOG_TARGET),
    list("host", &SYSLOG_TARGET),
    list("file", &SYSLOG_TARGET),
    within("console", &SYSLOG_CONSOLE),
    within("time-format", &super::ANY),
    leaf("source-address"),
]);

static SYSLOG_ARCHIVE: Body =
    one_line(&[leaf("size"), leaf("files"), flag("world-readable"), flag("no-world-readable")]);

static LEVELS: Body = one_line(&[
    flag("any"),
    flag("none"),
    flag("emergency"),
    flag("alert"),
    flag("critical"),
    flag("error"),
    flag("warning"),
    flag("notice"),
    flag("info"),
]);

/// `any notice;`: the facility is the key of a `contents`.
static SYSLOG_TARGET: Body = body(&[
    leaf("match"),
    leaf("port"),
    leaf("source-address"),
    leaf("facility-override"),
    leaf("log-prefix"),
    leaf("routing-instance"),
    flag("explicit-priority"),
    within("archive", &SYSLOG_ARCHIVE),
    within("structured-data", &super::ANY),
    nameless("contents", &LEVELS),
]);

static SYSLOG_CONSOLE: Body = body(&[nameless("contents", &LEVELS)]);

pub(crate) static WEB: Body = body(&[within("http", &WEB_PORT), within("https", &WEB_PORT)]);

static WEB_PORT: Body = body(&[
    leaf("port"),
    many("interface"),
    flag("system-generated-certificate"),
    leaf("local-certificate"),
    leaf("pki-local-certificate"),
]);

pub(crate) static PORTS: Body = body(&[within("console", &PORT), within("auxiliary", &PORT)]);

static PORT: Body =
    single(&[leaf("type"), flag("insecure"), flag("disable"), flag("log-out-on-disconnect")]);

pub(crate) static LIMITS: Body = body(&[leaf("connection-limit"), leaf("rate-limit")]);

pub(crate) static TRACE: Body = body(&[
    flag("no-remote-trace"),
    line("file", "filename", &TRACE_FILE),
    list("flag", &TRACE_FLAG),
    leaf("level"),
]);

static TRACE_FILE: Body = one_line(&[
    leaf("size"),
    leaf("files"),
    flag("world-readable"),
    flag("no-world-readable"),
    leaf("match"),
]);

static TRACE_FLAG: Body =
    one_line(&[flag("detail"), flag("send"), flag("receive"), flag("disable")]);
