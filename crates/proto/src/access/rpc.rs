//! Which right an RPC needs: what is not known to be less changes the device.
//!
//! ```text
//!   name and namespace in OPERATIONS ──▶ the right there, if what else it says is harmless too
//!   get-… of Junos                   ──▶ View, unless a word of its name says otherwise
//!   command                          ──▶ as its text (access::command)
//!   anything else                    ──▶ Configure
//! ```
//!
//! Devices differ in how they take namespaces, Junos mostly leaves them aside. So a name counts in its own
//! namespace, in NETCONF's and in none; in any other it is not known.
//!
//! Source: RFC 6241, sections 7 and 8; RFC 5277; RFC 6022; RFC 8526; RFC 8639; Junos XML API Explorer.

use super::{Right, command};
use crate::netconf::BASE_NAMESPACE;
use crate::netconf::passage::Operation;

/// One operation whose right is known by its name.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The name of its element.
    pub name: &'static str,
    /// Its namespace.
    pub namespace: &'static str,
    /// The right that it needs at least.
    pub right: Right,
    /// What else about it counts.
    pub if_: If,
}

/// What else counts about an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum If {
    /// Nothing.
    Always,
    /// That it reads a datastore, not a URL or what it brings itself.
    FromDatastore,
    /// What the command is.
    Command,
}

/// The namespace of Junos's own operations begins with one of these.
const JUNOS: [&str; 2] = ["http://xml.juniper.net/", "http://yang.juniper.net/"];

const NOTIFICATION: &str = "urn:ietf:params:xml:ns:netconf:notification:1.0";
const MONITORING: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
const NMDA: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda";
const SUBSCRIBED: &str = "urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications";
const PARTIAL_LOCK: &str = "urn:ietf:params:xml:ns:netconf:partial-lock:1.0";
const ACTION: &str = "urn:ietf:params:xml:ns:yang:1";
const JUNOS_ANY: &str = "http://xml.juniper.net/";

const fn rule(name: &'static str, namespace: &'static str, right: Right) -> Rule {
    Rule { name, namespace, right, if_: If::Always }
}

/// The operations whose right is known by name.
pub const OPERATIONS: &[Rule] = &[
    rule("get", BASE_NAMESPACE, Right::View),
    Rule { if_: If::FromDatastore, ..rule("get-config", BASE_NAMESPACE, Right::View) },
    rule("close-session", BASE_NAMESPACE, Right::View),
    rule("edit-config", BASE_NAMESPACE, Right::Configure),
    rule("copy-config", BASE_NAMESPACE, Right::Configure),
    rule("delete-config", BASE_NAMESPACE, Right::Configure),
    rule("lock", BASE_NAMESPACE, Right::Configure),
    rule("unlock", BASE_NAMESPACE, Right::Configure),
    rule("kill-session", BASE_NAMESPACE, Right::Configure),
    rule("commit", BASE_NAMESPACE, Right::Configure),
    rule("cancel-commit", BASE_NAMESPACE, Right::Configure),
    rule("discard-changes", BASE_NAMESPACE, Right::Configure),
    rule("validate", BASE_NAMESPACE, Right::Configure),
    rule("create-subscription", NOTIFICATION, Right::View),
    rule("get-schema", MONITORING, Right::View),
    Rule { if_: If::FromDatastore, ..rule("get-data", NMDA, Right::View) },
    rule("edit-data", NMDA, Right::Configure),
    rule("establish-subscription", SUBSCRIBED, Right::View),
    rule("modify-subscription", SUBSCRIBED, Right::View),
    rule("delete-subscription", SUBSCRIBED, Right::View),
    rule("kill-subscription", SUBSCRIBED, Right::Configure),
    rule("partial-lock", PARTIAL_LOCK, Right::Configure),
    rule("partial-unlock", PARTIAL_LOCK, Right::Configure),
    rule("action", ACTION, Right::Configure),
    Rule { if_: If::Command, ..rule("command", JUNOS_ANY, Right::View) },
    rule("ping", JUNOS_ANY, Right::Operate),
    rule("traceroute", JUNOS_ANY, Right::Operate),
    rule("clear-arp-table", JUNOS_ANY, Right::Operate),
    rule("clear-firewall-counters", JUNOS_ANY, Right::Operate),
    rule("clear-interfaces-statistics", JUNOS_ANY, Right::Operate),
    rule("clear-interfaces-statistics-all", JUNOS_ANY, Right::Operate),
    rule("load-configuration", JUNOS_ANY, Right::Configure),
    rule("commit-configuration", JUNOS_ANY, Right::Configure),
    rule("open-configuration", JUNOS_ANY, Right::Configure),
    rule("close-configuration", JUNOS_ANY, Right::Configure),
    rule("lock-configuration", JUNOS_ANY, Right::Configure),
    rule("unlock-configuration", JUNOS_ANY, Right::Configure),
];

/// Words in the name of a Junos `get-…` that say that it does more than show what is.
pub const TELLING_WORDS: &[&str] = &[
    "capture",
    "clear",
    "credential",
    "credentials",
    "execute",
    "file",
    "key",
    "keys",
    "license",
    "password",
    "private",
    "request",
    "save",
    "script",
    "secret",
    "secrets",
    "set",
    "shell",
    "support",
    "url",
];

/// The datastores that one may read by looking.
pub const READABLE: &[&str] =
    &["running", "candidate", "startup", "operational", "intended", "system", "factory-default"];

/// The right that an operation needs.
#[must_use]
pub fn right(operation: &Operation) -> Right {
    let Some(rule) = rule_of(operation) else {
        return if is_junos_get(operation) { Right::View } else { Right::Configure };
    };
    let holds = match rule.if_ {
        If::Always => true,
        If::FromDatastore => {
            let mut named = operation.datastores.iter();
            operation.is_whole && named.all(|own| READABLE.contains(&own.name.as_str()))
        }
        If::Command => {
            let text = operation.text.as_deref().filter(|_| operation.is_whole);
            return text.map_or(Right::Configure, command::right);
        }
    };
    if holds { rule.right } else { Right::Configure }
}

/// Whether the right of an operation of that name is built in, in whatever namespace.
pub(super) fn is_built_in(name: &str) -> bool {
    OPERATIONS.iter().any(|rule| rule.name == name)
}

/// The line of a `<command>` of Junos that was read whole.
pub(super) fn command_of(operation: &Operation) -> Option<&str> {
    let rule = rule_of(operation).filter(|rule| rule.if_ == If::Command);
    rule.and(operation.text.as_deref()).filter(|_| operation.is_whole)
}

/// Whether Junos answers it in XML, JSON or text, as its attribute `format` says.
#[must_use]
pub fn answers_in_forms(operation: &Operation) -> bool {
    command_of(operation).is_some() || (rule_of(operation).is_none() && is_junos_get(operation))
}

/// Whether it is in a namespace in which Junos takes its operations.
pub(super) fn may_be_of_junos(operation: &Operation) -> bool {
    let namespace = operation.namespace.as_deref();
    namespace.is_none_or(|own| own == BASE_NAMESPACE || is_junos(own))
}

/// Whether more of the message than its operation's name would not change its right.
#[must_use]
pub fn is_known_by_name(operation: &Operation) -> bool {
    let judges_more = |rule: Rule| rule.if_ != If::Always;
    !operation.name.is_empty() && !rule_of(operation).is_some_and(judges_more)
}

fn rule_of(operation: &Operation) -> Option<Rule> {
    let rule = OPERATIONS.iter().find(|rule| rule.name == operation.name)?;
    let is_known = match operation.namespace.as_deref() {
        None | Some(BASE_NAMESPACE) => true,
        Some(own) if rule.namespace == JUNOS_ANY => is_junos(own),
        Some(own) => own == rule.namespace,
    };
    is_known.then_some(*rule)
}

fn is_junos(namespace: &str) -> bool {
    JUNOS.iter().any(|own| namespace.starts_with(own))
}

fn is_junos_get(operation: &Operation) -> bool {
    let is_known = may_be_of_junos(operation);
    let words = operation.name.strip_prefix("get-");
    is_known
        && words.is_some_and(|words| !words.split('-').any(|word| TELLING_WORDS.contains(&word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::passage::read_operation;
    use crate::netconf::scan::Limits;

    fn right_of(text: &str) -> Right {
        right(&read_operation(text.as_bytes(), Limits::default()).unwrap().0)
    }

    #[test]
    fn looking_needs_view() {
        for text in [
            "<get/>",
            "<get-config><source><running/></source></get-config>",
            "<nc:get-config xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><nc:source><nc:running/></nc:source></nc:get-config>",
            "<get-schema xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring'/>",
            "<create-subscription xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'/>",
            "<get-data xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-nmda' xmlns:ds='urn:x'><datastore>ds:operational</datastore></get-data>",
            "<get-interface-information><terse/></get-interface-information>",
            "<get-configuration database='candidate'/>",
            "<x:get-system-information xmlns:x='http://xml.juniper.net/junos/20.4R1/junos'/>",
            "<command format='text'>show <![CDATA[version | no-more]]></command>",
            "<command>show version &#124; match &quot;a|b&quot;</command>",
            "<close-session/>",
        ] {
            assert_eq!(right_of(text), Right::View, "{text}");
        }
    }

    #[test]
    fn harmless_actions_need_operate() {
        for text in [
            "<ping><host>192.0.2.1</host></ping>",
            "<command>ping 192.0.2.1</command>",
            "<clear-interfaces-statistics-all/>",
        ] {
            assert_eq!(right_of(text), Right::Operate, "{text}");
        }
    }

    #[test]
    fn everything_else_needs_configure() {
        for text in [
            "<edit-config/>",
            "<commit/>",
            "<get-config><source><url>ftp://x/y</url></source></get-config>",
            "<get-config><source><running/></source><source><url>ftp://x</url></source></get-config>",
            "<get-config><source><running/><x:url xmlns:x='urn:y'/></source></get-config>",
            "<get-data><datastore>ds:mine</datastore></get-data>",
            "<x:get xmlns:x='urn:evil'/>",
            "<get-interface-information xmlns='urn:evil'/>",
            "<get xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring'/>",
            "<get-support-information/>",
            "<get-license-key-information/>",
            "<load-configuration url='http://x/y'/>",
            "<load-configuration rollback='1'/>",
            "<command>request system reboot</command>",
            "<command>show version | save x</command>",
            "<command>show version &#10; request system reboot</command>",
            "<command>show version<x/></command>",
            "<command><x>show version</x></command>",
            "<command/>",
            "<request-system-reboot/>",
            "<file-show/>",
            "<Get/>",
            "<cli>show version</cli>",
        ] {
            assert_eq!(right_of(text), Right::Configure, "{text}");
        }
    }

    #[test]
    fn a_namespace_spelled_with_references_is_the_same_one() {
        assert_eq!(
            right_of("<x:get xmlns:x='urn:ietf:params:xml:ns:netconf:base:1&#46;0'/>"),
            Right::View
        );
        assert_eq!(right_of("<x:get xmlns:x='urn:evil&#46;'/>"), Right::Configure);
    }

    /// The tables of `docs/policy.md`: this test prints what should stand there.
    #[test]
    fn the_documentation_says_what_is() {
        let mut table = String::from("| operation | namespace | right | if |\n|---|---|---|---|\n");
        for rule in OPERATIONS {
            let namespace = if rule.namespace == JUNOS_ANY { "Junos" } else { rule.namespace };
            let condition = match rule.if_ {
                If::Always => "",
                If::FromDatastore => "it names only datastores; else configure",
                If::Command => "the command needs no more",
            };
            let (name, right) = (rule.name, rule.right);
            table.push_str(&format!("| `{name}` | {namespace} | {right} | {condition} |\n"));
        }
        let words = |words: &[&str]| {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        };
        let harmless: Vec<String> = command::HARMLESS.iter().map(|words| words.join(" ")).collect();
        let harmless: Vec<&str> = harmless.iter().map(String::as_str).collect();
        let filters: Vec<&str> = command::FILTERS.iter().map(|(name, _)| *name).collect();
        let documentation = include_str!("../../../../docs/policy.md");
        for part in
            [table, words(TELLING_WORDS), words(READABLE), words(&harmless), words(&filters)]
        {
            assert!(documentation.contains(&part), "docs/policy.md should hold:\n{part}");
        }
    }

    #[test]
    fn no_operation_stands_twice_in_the_table() {
        let mut names: Vec<_> = OPERATIONS.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
    }
}
