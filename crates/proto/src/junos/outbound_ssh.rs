//! `[edit system services outbound-ssh]`: who to dial and what to say.
//!
//! ```text
//! outbound-ssh { traceoptions { … } routing-instance r;
//!     client NAME { device-id d; secret s; keep-alive { … } services netconf; ADDRESS { port p; } } }
//! ```
//!
//! Inactive statements are as if absent. Source: Junos, *outbound-ssh*.

use std::time::Duration;

use super::Configuration;
use super::diagnostics::{Diagnostics, shown};
use super::source::Place;
use super::tree::{Statement, active};
use super::view::View;
use crate::host_key::Secret;
use crate::identity::{ClientId, DeviceId};

/// Attempts on one address when `retry` is not given.
pub const DEFAULT_RETRY: u32 = 3;
/// Pause between attempts, and between signs of life, when `timeout` is not given.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
/// The proxy's port when none is given.
pub const DEFAULT_PROXY_PORT: u16 = 8080;
/// Trace files kept when `files` is not given.
pub const DEFAULT_TRACE_FILES: u32 = 3;

/// The whole stanza.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundSsh {
    /// The active clients, in their order.
    pub clients: Vec<Client>,
    /// Where to resolve names and connect.
    pub routing_instance: Option<String>,
    /// What to trace.
    pub traceoptions: Option<TraceOptions>,
}

/// One `client` stanza: one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The stanza's name; never sent.
    pub client_id: ClientId,
    /// What the device calls itself.
    pub device_id: DeviceId,
    /// The key of the HMAC, in plain.
    pub secret: Option<Secret>,
    /// Signs of life; none are asked for if absent.
    pub keep_alive: Option<KeepAlive>,
    /// Which address a new attempt begins with.
    pub reconnect_strategy: ReconnectStrategy,
    /// Whether `services netconf` is there: the NETCONF subsystem is offered.
    pub netconf: bool,
    /// The addresses, in their order; at least one.
    pub servers: Vec<Server>,
    /// `proxy-server`.
    pub proxy_server: Option<ProxyServer>,
    /// Where the stanza begins.
    pub place: Place,
}

/// `keep-alive`, with defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Unanswered requests before the device hangs up.
    pub retry: u32,
    /// Silence before each.
    pub timeout: Duration,
}

/// `reconnect-strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReconnectStrategy {
    /// Always from the first address.
    #[default]
    InOrder,
    /// From the address that was connected last.
    Sticky,
}

/// One address, `servers` in XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// An IP address or a host name.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Attempts before the next address.
    pub retry: u32,
    /// Pause between attempts.
    pub timeout: Duration,
    /// Where it stands.
    pub place: Place,
}

/// `traceoptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceOptions {
    /// The file to write; none is written if absent.
    pub file: Option<TraceFile>,
    /// What to write down.
    pub flags: Vec<TraceFlag>,
    /// `no-remote-trace`.
    pub no_remote_trace: bool,
}

/// `traceoptions file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFile {
    /// Its name.
    pub name: String,
    /// Bytes at which the next file is begun.
    pub size: Option<u64>,
    /// Files kept.
    pub files: u32,
    /// Whether others may read it.
    pub world_readable: bool,
    /// Only lines that this expression matches are written.
    pub matching: Option<String>,
    /// Where the name stands.
    pub place: Place,
}

/// `traceoptions flag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFlag {
    /// What was configured.
    Configuration,
    /// Connections.
    Connectivity,
    /// Everything.
    All,
}

/// `proxy-server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyServer {
    /// `static`.
    pub fixed: Option<StaticProxy>,
    /// `dhcp`: the lease names the proxy.
    pub dhcp: bool,
    /// Where it stands.
    pub place: Place,
}

/// `proxy-server static`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticProxy {
    /// The proxy's address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who to be to it.
    pub user: Option<String>,
    /// And with what password.
    pub password: Option<Secret>,
}

impl Configuration {
    /// The `outbound-ssh` stanza; an empty one if there is none.
    ///
    /// # Errors
    /// What is missing or cannot be, each with its place.
    pub fn outbound_ssh(&self) -> Result<OutboundSsh, Diagnostics> {
        let mut view = View::new(&self.source);
        let mut stanza = OutboundSsh::default();
        for statement in self.services().flat_map(|services| services.all_active("outbound-ssh")) {
            stanza.routing_instance = view.text(statement, "routing-instance");
            stanza.traceoptions =
                statement.active("traceoptions").map(|options| trace_options(&mut view, options));
            let clients = statement.all_active("client");
            stanza.clients.extend(clients.filter_map(|each| client(&mut view, each)));
        }
        view.diagnostics.or(stanza)
    }

    /// The active `system services`.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Statement> {
        active(&self.tree.statements, "system").flat_map(|system| system.all_active("services"))
    }
}

fn client(view: &mut View<'_>, statement: &Statement) -> Option<Client> {
    let name = statement.value()?;
    let client_id = view.parsed("invalid-client-id", name, |text| ClientId::new(text));
    let device_id = device_id(view, statement, &name.text);
    let mut servers = Vec::new();
    let mut has_address = false;
    for each in addresses(statement) {
        has_address = true;
        servers.extend(server(view, each));
    }
    if !has_address {
        let what = format!("client `{}` has no address to dial", shown(&name.text));
        view.missing(
            "no-server",
            statement,
            what,
            "an address with its port, as `192.0.2.1 port 4334;`",
        );
    }
    let secret = view.secret(statement, "secret");
    let proxy_server = statement.active("proxy-server").and_then(|proxy| proxy_server(view, proxy));
    Some(Client {
        client_id: client_id?,
        device_id: device_id?,
        secret,
        keep_alive: statement.active("keep-alive").map(|each| keep_alive(view, each)),
        reconnect_strategy: strategy(view, statement),
        netconf: view.word(statement, "services").is_some_and(|word| word.text == "netconf"),
        servers,
        proxy_server,
        place: view.place(statement.span()),
    })
}

fn device_id(view: &mut View<'_>, statement: &Statement, client: &str) -> Option<DeviceId> {
    let Some(word) = view.word(statement, "device-id") else {
        let what = format!("client `{}` has no device-id", shown(client));
        view.missing("no-device-id", statement, what, "`device-id <string>;` in it");
        return None;
    };
    let device_id = view.parsed("invalid-device-id", word, |text| DeviceId::new(text))?;
    view.parsed("unsendable-device-id", word, |_| device_id.is_sendable())?;
    Some(device_id)
}

/// The active addresses: what is no keyword of `client`.
fn addresses(client: &Statement) -> impl Iterator<Item = &Statement> {
    use super::schema::{Area, Kind};
    let area = Area::Known(&super::statements::CLIENT);
    client.children.iter().filter(move |each| {
        let rule = area.rule_of(each.keyword());
        !each.inactive && rule.is_some_and(|rule| matches!(rule.kind, Kind::Nameless(_)))
    })
}

fn server(view: &mut View<'_>, statement: &Statement) -> Option<Server> {
    let host = statement.keyword().to_owned();
    let Some(port) = view.number(statement, "port") else {
        let near = super::nearest(
            &host,
            super::schema::Area::Known(&super::statements::CLIENT).keywords(),
        );
        let error = view.at("no-port", statement.span(), format!("`{}` has no port", shown(&host)));
        let error = error.expected("`port <number>` after it");
        view.diagnostics.push(match near {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("Homing's gateway listens on 4334 and 2200 unless told otherwise"),
        });
        return None;
    };
    Some(Server {
        host,
        port,
        retry: view.number(statement, "retry").unwrap_or(DEFAULT_RETRY),
        timeout: view.seconds(statement, "timeout").unwrap_or(DEFAULT_TIMEOUT),
        place: view.place(statement.span()),
    })
}

fn keep_alive(view: &View<'_>, statement: &Statement) -> KeepAlive {
    KeepAlive {
        retry: view.number(statement, "retry").unwrap_or(DEFAULT_RETRY),
        timeout: view.seconds(statement, "timeout").unwrap_or(DEFAULT_TIMEOUT),
    }
}

fn strategy(view: &View<'_>, statement: &Statement) -> ReconnectStrategy {
    match view.word(statement, "reconnect-strategy") {
        Some(word) if word.text == "sticky" => ReconnectStrategy::Sticky,
        _ => ReconnectStrategy::InOrder,
    }
}

fn proxy_server(view: &mut View<'_>, statement: &Statement) -> Option<ProxyServer> {
    let fixed = statement.active("static");
    let fixed = match fixed {
        Some(fixed) => Some(static_proxy(view, fixed)?),
        None => None,
    };
    let dhcp = view.has(statement, "dhcp");
    Some(ProxyServer { fixed, dhcp, place: view.place(statement.span()) })
}

fn static_proxy(view: &mut View<'_>, statement: &Statement) -> Option<StaticProxy> {
    let authorization = statement.active("proxy-authorization");
    let Some(host) = view.text(statement, "host") else {
        let what = "the proxy has no host".to_owned();
        view.missing("no-proxy-host", statement, what, "`host <address>;` in it");
        return None;
    };
    Some(StaticProxy {
        host,
        port: view.number(statement, "port").unwrap_or(DEFAULT_PROXY_PORT),
        user: authorization.and_then(|each| view.text(each, "user")),
        password: authorization.and_then(|each| view.secret(each, "password")),
    })
}

fn trace_options(view: &mut View<'_>, statement: &Statement) -> TraceOptions {
    let flags = statement.all_active("flag").filter_map(Statement::value);
    let flags = flags.filter_map(|word| match word.text.as_str() {
        "configuration" => Some(TraceFlag::Configuration),
        "connectivity" => Some(TraceFlag::Connectivity),
        "all" => Some(TraceFlag::All),
        _ => {
            let message = format!("`{}` is no flag", shown(&word.text));
            let error = view.at("wrong-value", word.span, message);
            view.diagnostics.push(error.expected("configuration, connectivity or all"));
            None
        }
    });
    let flags = flags.collect();
    let file = statement.active("file").and_then(|file| trace_file(view, file));
    let no_remote_trace = view.has(statement, "no-remote-trace");
    TraceOptions { file, flags, no_remote_trace }
}

fn trace_file(view: &mut View<'_>, statement: &Statement) -> Option<TraceFile> {
    let Some(name) = statement.value() else {
        let what = "the trace file has no name".to_owned();
        view.missing("no-trace-file", statement, what, "a file name after it");
        return None;
    };
    let size = match view.word(statement, "size") {
        Some(word) => Some(view.parsed("wrong-value", word, size)?),
        None => None,
    };
    Some(TraceFile {
        name: name.text.clone(),
        size,
        files: view.number(statement, "files").unwrap_or(DEFAULT_TRACE_FILES),
        world_readable: view.has(statement, "world-readable"),
        matching: view.text(statement, "match"),
        place: view.place(name.span),
    })
}

/// Bytes, with `k`, `m` or `g` behind the number for powers of 1024.
fn size(text: &str) -> Result<u64, &'static str> {
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (text.get(..at), 10),
        Some((at, 'm' | 'M')) => (text.get(..at), 20),
        Some((at, 'g' | 'G')) => (text.get(..at), 30),
        _ => (Some(text), 0),
    };
    let number: Option<u64> = digits.and_then(|digits| digits.parse().ok());
    let bytes = number.and_then(|number| number.checked_mul(1 << shift));
    bytes
        .filter(|&bytes| bytes >= 10 * 1024)
        .ok_or("a size is at least 10k, as 10240, 128k, 1m or 1g")
}
