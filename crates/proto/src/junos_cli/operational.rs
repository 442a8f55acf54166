//! The words of `show` and `request`.
//!
//! Source: Junos, *show* and *request* commands.

use super::grammar::{Client, Node, Number, Path, Paths, Text, last, slot, word};

/// What `show` shows.
pub static SHOW: [Node; 8] = [
    word("chassis", "The machine", &CHASSIS),
    last("configuration", "The configuration in force", &CONFIGURATION),
    last("interfaces", "The network interfaces", &INTERFACES),
    last("route", "The routes", &ROUTE),
    word("system", "The system", &SYSTEM),
    last("version", "The version of the agent", &[]),
    last("arp", "The neighbours", &[]),
    last("cli", "The settings of this command line", &[]),
];

static CHASSIS: [Node; 1] = [last("hardware", "The parts of the machine", &LEVEL)];
static CONFIGURATION: [Node; 1] = [slot(Path(Paths::Committed), "A statement", &[])];
static INTERFACES: [Node; 4] = [
    last("brief", "A few lines for each", &[]),
    last("detail", "Many lines for each", &[]),
    last("terse", "One line for each", &[]),
    slot(Text("<interface>"), "One interface", &INTERFACE_LEVEL),
];
static INTERFACE_LEVEL: [Node; 3] = [
    last("brief", "A few lines", &[]),
    last("detail", "Many lines", &[]),
    last("terse", "One line", &[]),
];
static ROUTE: [Node; 4] = [
    last("brief", "One line for each", &[]),
    last("detail", "Many lines for each", &[]),
    word("table", "One routing table", &TABLE),
    slot(Text("<destination>"), "Routes of this prefix", &LEVEL),
];
static TABLE: [Node; 1] = [slot(Text("<table>"), "inet.0, inet6.0", &[])];
static LEVEL: [Node; 3] =
    [last("brief", "Little", &[]), last("detail", "More", &[]), last("extensive", "All", &[])];

static SYSTEM: [Node; 6] = [
    last("commit", "The configurations that were committed", &[]),
    last("information", "What machine and program this is", &[]),
    word("rollback", "A configuration that was committed before", &ROLLBACK),
    word("services", "The services", &SERVICES),
    last("uptime", "Since when the machine and the agent run", &[]),
    last("users", "Who is in", &[]),
];
static ROLLBACK: [Node; 1] = [slot(Number("<number>", 0, 49), "0 is the newest", &COMPARE)];
static COMPARE: [Node; 1] = [word("compare", "Compare with another one", &OTHER)];
static OTHER: [Node; 1] = [slot(Number("<number>", 0, 49), "0 is the newest", &[])];
static SERVICES: [Node; 1] = [word("outbound-ssh", "The connections to gateways", &OUTBOUND)];
static OUTBOUND: [Node; 1] = [last("clients", "Where each client stands", &CLIENTS)];
static CLIENTS: [Node; 3] = [
    last("brief", "One line for each", &[]),
    last("detail", "Every setting", &[]),
    slot(Client, "One client", &CLIENT_LEVEL),
];
static CLIENT_LEVEL: [Node; 2] =
    [last("brief", "One line", &[]), last("detail", "Every setting", &[])];

/// What `request` asks for.
pub static REQUEST: [Node; 1] = [word("system", "The system", &REQUEST_SYSTEM)];
static REQUEST_SYSTEM: [Node; 1] = [word("configuration", "The configuration", &RESCUE)];
static RESCUE: [Node; 1] = [word("rescue", "The configuration to fall back to", &SAVE)];
static SAVE: [Node; 2] = [
    last("delete", "Forget it", &[]),
    last("save", "Make the one in force the one to fall back to", &[]),
];
