//! A configuration read from its source and turned into what the agent acts on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use homing_proto::dialer::{self, keep_alive};
use homing_proto::fault::Fault;
use homing_proto::junos::{self, Configuration, Diagnostics, OutboundSsh, TraceFlag};

use crate::options::ConfigSource;
use crate::stanza::{Refused, Stanza};
use crate::trace::{Flags, Settings, TraceError};

/// The longest configuration file that is read at all.
pub(crate) const LONGEST: u64 = 64 * 1024 * 1024;

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
}

impl LoadError {
    /// A stable word for logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "configuration-file",
            Self::Statements(_) => "configuration-refused",
            Self::Trace(_) => "traceoptions-refused",
        }
    }

    /// Who must act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::File { .. } => Fault::Local,
            Self::Statements(_) | Self::Trace(_) => Fault::Operator,
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
}

impl Loaded {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(source: &ConfigSource, log_dir: &Path) -> Result<Self, LoadError> {
        let configuration = match source {
            ConfigSource::File(path) => parse_file(path)?,
            ConfigSource::Text(text) => {
                Configuration::parse("configuration", text).map_err(LoadError::Statements)?
            }
        };
        Self::new(configuration, log_dir)
    }

    /// Takes what the agent acts on out of `configuration`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn new(configuration: Configuration, log_dir: &Path) -> Result<Self, LoadError> {
        let outbound = configuration.outbound_ssh().map_err(LoadError::Statements)?;
        let trace = trace_settings(&outbound, log_dir)?;
        let mut loaded = Self {
            configuration: Arc::new(configuration),
            stanzas: Vec::new(),
            refused: Vec::new(),
            trace,
        };
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
    let failed = |error| LoadError::File { path: path.to_owned(), error };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > LONGEST {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let name = path.display().to_string();
    Configuration::parse_bytes(&name, &bytes).map_err(LoadError::Statements)
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
    Ok(Some(Settings {
        path: Settings::path_of(&file.name, log_dir)?,
        size: file.size.unwrap_or(Settings::DEFAULT_SIZE),
        files: file.files,
        world_readable: file.world_readable,
        matching: file.matching.clone(),
        flags: Flags {
            configuration: has(TraceFlag::Configuration),
            connectivity: has(TraceFlag::Connectivity),
        },
    }))
}
