//! A configuration read from its source and turned into what the agent acts on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use homing_proto::dialer::{self, keep_alive};
use homing_proto::fault::Fault;
use homing_proto::junos::{
    self, Configuration, Diagnostics, NotActedOn, OutboundSsh, TraceFlag, Weight,
};

use crate::stanza::{Refused, Stanza};
use crate::trace::{Flags, Settings, TraceError};

/// The longest configuration file that is read at all.
pub(crate) const LONGEST: u64 = 64 * 1024 * 1024;

/// Statements not acted on that are told of one by one; of more only the number.
const MOST_MENTIONS: usize = 20;

/// Why a configuration is not acted on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file can't be read.
    #[error("{}: {error}; expected a file of Junos statements (--config)", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The statements are wrong; the text has several lines and shows each place.
    #[error("{0}")]
    Statements(Diagnostics),
    /// `traceoptions` can't be acted on.
    #[error("{0}")]
    Trace(String),
    /// A statement without which nobody knows whom to dial, one to a line.
    #[error("{}", .0.join("\n"))]
    NotSupported(Vec<String>),
}

impl LoadError {
    /// A stable word for logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "configuration-file",
            Self::Statements(_) => "configuration-refused",
            Self::Trace(_) => "traceoptions-refused",
            Self::NotSupported(_) => "statement-not-supported",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::File { .. } => Fault::Local,
            Self::Statements(_) | Self::Trace(_) | Self::NotSupported(_) => Fault::Operator,
        }
    }
}

impl From<TraceError> for LoadError {
    fn from(error: TraceError) -> Self {
        Self::Trace(error.to_string())
    }
}

/// What the agent acts on.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) configuration: Arc<Configuration>,
    /// The active clients, in order.
    pub(crate) stanzas: Vec<Stanza>,
    /// Those that ask for what this agent can't do.
    pub(crate) refused: Vec<Refused>,
    pub(crate) trace: Option<Settings>,
    /// Statements that are kept without being acted on, each with its place.
    pub(crate) mentions: Vec<String>,
}

impl Loaded {
    /// Takes what the agent acts on out of `configuration`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn new(
        configuration: Arc<Configuration>,
        log_dir: &Path,
    ) -> Result<Self, LoadError> {
        let outbound = configuration.outbound_ssh().map_err(LoadError::Statements)?;
        configuration.login().map_err(LoadError::Statements)?;
        let mentions = mentions(&configuration, &outbound)?;
        let trace = trace_settings(&outbound, log_dir)?;
        let mut loaded =
            Self { configuration, stanzas: Vec::new(), refused: Vec::new(), trace, mentions };
        for client in outbound.clients {
            match stanza(client, outbound.routing_instance.as_ref()) {
                Ok(stanza) => loaded.stanzas.push(stanza),
                Err(refused) => loaded.refused.push(refused),
            }
        }
        Ok(loaded)
    }
}

/// Reads and parses one file.
///
/// # Errors
/// It can't be read, or its statements are wrong.
pub(crate) fn parse_file(path: &Path) -> Result<Configuration, LoadError> {
    Ok(read_file(path)?.0)
}

/// As [`parse_file`], with the text.
///
/// # Errors
/// As [`parse_file`].
pub(crate) fn read_file(path: &Path) -> Result<(Configuration, String), LoadError> {
    let failed = |error| LoadError::File { path: path.to_owned(), error };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > LONGEST {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let name = path.display().to_string();
    let configuration = Configuration::parse_bytes(&name, &bytes).map_err(LoadError::Statements)?;
    Ok((configuration, String::from_utf8(bytes).unwrap_or_default()))
}

/// What is not acted on and need not be. A client's `proxy-server` is not among them: it stops
/// that client alone, see [`stanza`].
fn mentions(
    configuration: &Configuration,
    outbound: &OutboundSsh,
) -> Result<Vec<String>, LoadError> {
    let proxies: Vec<_> =
        outbound.clients.iter().filter_map(|it| Some(&it.proxy_server.as_ref()?.place)).collect();
    let (refused, mentioned): (Vec<NotActedOn>, Vec<_>) = configuration
        .not_acted_on()
        .into_iter()
        .filter(|it| !proxies.contains(&&it.place))
        .partition(|it| it.weight == Weight::Refuse);
    if refused.is_empty() {
        let mut mentions: Vec<String> =
            mentioned.iter().take(MOST_MENTIONS).map(NotActedOn::to_string).collect();
        let left_off = mentioned.len().saturating_sub(MOST_MENTIONS);
        if left_off > 0 {
            mentions.push(format!("{left_off} more statements are kept, not acted on"));
        }
        return Ok(mentions);
    }
    Err(LoadError::NotSupported(refused.iter().map(|it| format!("error: {it}")).collect()))
}

fn stanza(client: junos::Client, routing_instance: Option<&String>) -> Result<Stanza, Refused> {
    if client.proxy_server.is_some() {
        return Err(Refused {
            client: client.client_id.to_string(),
            reason: "`proxy-server` is not supported: the client would dial past the proxy; \
                     remove or deactivate the statement to dial directly"
                .to_owned(),
        });
    }
    let keep_alive = client.keep_alive;
    let servers = client.servers.into_iter().map(|server| dialer::Server {
        host: server.host,
        port: server.port,
        retry: server.retry,
        timeout: server.timeout,
    });
    Ok(Stanza {
        client: client.client_id,
        device_id: client.device_id,
        secret: client.secret,
        keep_alive: keep_alive
            .map(|it| keep_alive::Settings { retry: it.retry, timeout: it.timeout }),
        strategy: match client.reconnect_strategy {
            junos::ReconnectStrategy::InOrder => dialer::ReconnectStrategy::InOrder,
            junos::ReconnectStrategy::Sticky => dialer::ReconnectStrategy::Sticky,
        },
        netconf: client.netconf,
        servers: servers.collect(),
        routing_instance: routing_instance.cloned(),
    })
}

fn trace_settings(outbound: &OutboundSsh, log_dir: &Path) -> Result<Option<Settings>, TraceError> {
    let Some(options) = &outbound.traceoptions else { return Ok(None) };
    let Some(file) = &options.file else { return Ok(None) };
    let has = |flag| options.flags.contains(&flag) || options.flags.contains(&TraceFlag::All);
    let settings = Settings {
        path: Settings::path_of(&file.name, log_dir)?,
        size: file.size.unwrap_or(Settings::DEFAULT_SIZE),
        files: file.files,
        world_readable: file.world_readable,
        matching: file.matching.clone(),
        flags: Flags {
            configuration: has(TraceFlag::Configuration),
            connectivity: has(TraceFlag::Connectivity),
        },
    };
    settings.expression()?;
    Ok(Some(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Loaded, LoadError> {
        let configuration = Configuration::parse("configuration", text);
        let configuration = configuration.map_err(LoadError::Statements)?;
        Loaded::new(Arc::new(configuration), Path::new("/var/log"))
    }

    fn outbound(text: &str) -> Result<Loaded, LoadError> {
        load(&format!("system {{ services {{ outbound-ssh {{ {text} }} }} }}"))
    }

    #[test]
    fn a_stanza_has_junos_defaults_where_nothing_is_said() {
        let loaded = outbound("client a { device-id r1; keep-alive; gw port 4334; }").unwrap();
        let stanza = loaded.stanzas.first().unwrap();
        assert_eq!(stanza.servers, [dialer::Server::new("gw", 4334)]);
        assert_eq!(stanza.keep_alive, Some(keep_alive::Settings::default()));
        assert_eq!(stanza.strategy, dialer::ReconnectStrategy::InOrder);
        assert!(!stanza.netconf && stanza.secret.is_none() && stanza.routing_instance.is_none());
    }

    #[test]
    fn every_statement_that_is_acted_on_arrives() {
        let text = "routing-instance mgmt;
            traceoptions { file t size 20k files 5 world-readable; flag connectivity; }
            client a { device-id r1; secret s; reconnect-strategy sticky; services netconf;
                keep-alive { retry 12; timeout 5; } gw { port 2200; retry 1000; timeout 60; } }";
        let loaded = outbound(text).unwrap();
        let stanza = loaded.stanzas.first().unwrap();
        assert_eq!(stanza.user_timeout(), std::time::Duration::from_secs(13 * 5));
        assert_eq!(stanza.strategy, dialer::ReconnectStrategy::Sticky);
        assert_eq!(stanza.secret, Some(homing_proto::host_key::Secret::new("s")));
        assert_eq!(stanza.routing_instance.as_deref(), Some("mgmt"));
        assert!(stanza.netconf);
        let trace = loaded.trace.unwrap();
        assert_eq!((trace.size, trace.files, trace.world_readable), (20 * 1024, 5, true));
        assert_eq!(trace.flags, Flags { configuration: false, connectivity: true });
        assert_eq!(trace.path, Path::new("/var/log/t"));
    }

    #[test]
    fn of_many_statements_that_are_not_acted_on_the_first_are_named_and_the_rest_counted() {
        let text: String = (0..500).map(|at| format!("vendor {at};\n")).collect();
        let mentions = load(&text).unwrap().mentions;
        assert_eq!(mentions.len(), MOST_MENTIONS + 1);
        let last = mentions.last().unwrap();
        assert!(last.starts_with("480 more statements"), "{last}");
    }

    #[test]
    fn a_proxy_stops_its_client_alone_and_groups_stop_everything() {
        let clients = "client a { device-id r1; proxy-server dhcp; gw port 1; }
                       client b { device-id r2; gw port 1; }";
        let loaded = outbound(clients).unwrap();
        assert_eq!((loaded.stanzas.len(), loaded.refused.len()), (1, 1));
        let groups = load("apply-groups common; system { host-name r1; }").unwrap_err();
        assert_eq!(groups.code(), "statement-not-supported");
        assert!(groups.to_string().contains("apply-groups"), "{groups}");
    }

    #[test]
    fn a_login_that_could_never_work_is_refused_and_dsa_is_mentioned() {
        let user = |keys: &str| {
            load(&format!(
                "system {{ login {{ user u {{ class super-user; authentication {{ {keys} }} }} }} }}"
            ))
        };
        assert!(user("ssh-ed25519 nonsense;").is_err());
        let loaded = user("ssh-dsa \"ssh-dss AAAAB3NzaC1kc3MAAAAA\";").unwrap();
        assert!(loaded.mentions.iter().any(|it| it.contains("DSA keys are weak")));
    }
}
