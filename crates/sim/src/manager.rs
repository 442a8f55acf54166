//! The gateway as one more manager of the harness that measures peers: it takes devices in, then does what it is told.
//!
//! ```text
//!   enrol dev-00000 … in a fresh data folder ─▶ gateway as it is run for real ─▶ {"ev":"listening"}
//!     N devices in session  ─▶ {"ev":"established", …}
//!     --then rpc            ─▶ <get/> in a closed loop on every session ─▶ {"ev":"rpc", …}
//!     --then big            ─▶ <get-config> on one session, some times  ─▶ {"ev":"big", …}
//!     --then idle           ─▶ sleeps until it is ended
//! ```
//!
//! Store, events, audit trail, front door and log are on. RPCs take the API's way inside the gateway: judged by the policy, told
//! to the audit trail, their replies spooled.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::ValueEnum;
use homing_gateway::config::{Flags, Settings, load};
use homing_gateway::control::Control;
use homing_gateway::store::{Change, Limits, NewDevice, Store};
use homing_proto::access::Operator;
use homing_proto::api::{KeySource, Outcome};
use homing_proto::host_key::{HostKey, Secret};
use homing_proto::identity::{DeviceId, DeviceName};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::figures::quantile;
use crate::process;

/// How long an RPC may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether all devices are in.
const LOOK: Duration = Duration::from_millis(2);

/// What the harness asks for.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Where devices dial, on loopback
    #[arg(long)]
    port: u16,
    /// How many devices
    #[arg(long)]
    n: usize,
    /// How the gateway logs in to them
    #[arg(long, value_enum, default_value = "key")]
    auth: Auth,
    /// What to do when they are in session
    #[arg(long, value_enum, default_value = "idle")]
    then: Then,
    /// How long to send RPCs
    #[arg(long, default_value_t = 4.0)]
    secs: f64,
    /// How many large replies to ask for
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// The key that devices let in
    #[arg(long, value_name = "FILE", default_value = "keys/client_ed25519")]
    key: PathBuf,
    /// The host key of all devices, its public half
    #[arg(long, value_name = "FILE", default_value = "keys/host_ed25519.pub")]
    host_key: PathBuf,
    /// The user that devices let in
    #[arg(long, default_value = "netconf")]
    user: String,
    /// Its password
    #[arg(long, default_value = "netconf")]
    password: String,
    /// What devices say they are before their number
    #[arg(long, default_value = "dev")]
    id_prefix: String,
}

/// How the gateway logs in to devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    Key,
    Password,
}

/// What is done with devices in session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Then {
    Idle,
    Rpc,
    Big,
}

/// What the harness is told.
#[derive(Debug, Serialize)]
#[serde(tag = "ev", rename_all = "lowercase")]
enum Said {
    Listening {
        pid: u32,
    },
    Established {
        n: usize,
        elapsed_s: f64,
        cpu_s: f64,
    },
    Rpc {
        sessions: usize,
        count: usize,
        rate: f64,
        p50_ms: f64,
        p99_ms: f64,
        cpu_s: f64,
        elapsed_s: f64,
    },
    Big {
        bytes: usize,
        s: f64,
        #[serde(rename = "MBps")]
        mbps: f64,
        cpu_s: f64,
    },
}

/// Runs the gateway and does what the arguments say.
///
/// # Errors
/// The gateway does not start, or an RPC fails.
pub async fn run(arguments: Arguments) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    enrol(&arguments, &data).await?;
    copy_key(&arguments.key, &data.join("id_ed25519"))?;
    let settings = settings(&arguments, &data)?;
    let (tell, ready) = oneshot::channel();
    let gateway = tokio::spawn(homing_gateway::run(
        settings,
        move |gateway| drop(tell.send(gateway.control())),
        std::future::pending(),
    ));
    let control = tokio::select! {
        control = ready => control?,
        ended = gateway => return Ok(ended??),
    };
    let mut usage = Usage::now()?;
    say(&Said::Listening { pid: std::process::id() })?;
    while control.sessions() == 0 {
        sleep(LOOK).await;
    }
    usage.began = Instant::now();
    while control.sessions() < arguments.n {
        sleep(LOOK).await;
    }
    let (elapsed, cpu_s) = usage.so_far()?;
    say(&Said::Established { n: arguments.n, elapsed_s: elapsed.as_secs_f64(), cpu_s })?;
    match arguments.then {
        Then::Idle => std::future::pending().await,
        Then::Rpc => rpcs(&control, &arguments).await,
        Then::Big => big(&control, &arguments).await,
    }
}

async fn enrol(arguments: &Arguments, data: &Path) -> Result<()> {
    let text = std::fs::read_to_string(&arguments.host_key)
        .with_context(|| format!("can't read {}", arguments.host_key.display()))?;
    let host_key = HostKey::parse(text.trim())?;
    let password = match arguments.auth {
        Auth::Key => None,
        Auth::Password => Some(Secret::new(arguments.password.as_str())),
    };
    let store = Store::open(data, &Limits::default())?;
    let mut changes = Vec::with_capacity(arguments.n);
    for number in 0..arguments.n {
        let name = name(arguments, number);
        changes.push(Change::Insert(Box::new(NewDevice {
            device_id: Some(DeviceId::new(&*name)?),
            keys: vec![(host_key.clone(), KeySource::Enrolled)],
            password: password.clone(),
            ..NewDevice::named(DeviceName::new(&*name)?)
        })));
    }
    store.write(changes).await?;
    store.close().await;
    Ok(())
}

fn name(arguments: &Arguments, number: usize) -> String {
    format!("{}-{number:05}", arguments.id_prefix)
}

fn copy_key(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).with_context(|| format!("can't copy {}", from.display()))?;
    Ok(std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600))?)
}

fn settings(arguments: &Arguments, data: &Path) -> Result<Settings> {
    let flags = Flags {
        config: Some("/dev/null".into()),
        data: Some(data.to_owned()),
        listen: vec![format!("127.0.0.1:{}", arguments.port)],
        door: vec!["127.0.0.1:0".to_owned()],
        ..Flags::default()
    };
    let mut settings = load(flags)?.settings;
    settings.user.clone_from(&arguments.user);
    // All devices dial from one address here.
    settings.max_per_source = settings.max_per_source.max(arguments.n);
    Ok(settings)
}

/// A closed loop of small RPCs on all sessions.
async fn rpcs(control: &Control, arguments: &Arguments) -> Result<()> {
    let usage = Usage::now()?;
    let end = usage.began + Duration::from_secs_f64(arguments.secs);
    let mut loops = JoinSet::new();
    for number in 0..arguments.n {
        let (control, name) = (control.clone(), name(arguments, number));
        loops.spawn(async move {
            let operator = Operator::local("bench");
            let mut took = Vec::new();
            while Instant::now() < end {
                let began = Instant::now();
                rpc(&control, &name, "<get/>", &operator).await?;
                took.push(began.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(ended) = loops.join_next().await {
        took.extend(ended??);
    }
    let (elapsed, cpu_s) = usage.so_far()?;
    took.sort_by(f64::total_cmp);
    say(&Said::Rpc {
        sessions: arguments.n,
        count: took.len(),
        rate: took.len() as f64 / elapsed.as_secs_f64(),
        p50_ms: quantile(&took, 0.5),
        p99_ms: quantile(&took, 0.99),
        cpu_s,
        elapsed_s: elapsed.as_secs_f64(),
    })
}

/// Large replies, one after the other, on one session.
async fn big(control: &Control, arguments: &Arguments) -> Result<()> {
    let operator = Operator::local("bench");
    let name = name(arguments, 0);
    for _ in 0..arguments.reps {
        let usage = Usage::now()?;
        let operation = "<get-config><source><running/></source></get-config>";
        let bytes = rpc(control, &name, operation, &operator).await?;
        let (elapsed, cpu_s) = usage.so_far()?;
        let s = elapsed.as_secs_f64();
        say(&Said::Big { bytes, s, mbps: bytes as f64 / 1e6 / s, cpu_s })?;
    }
    Ok(())
}

/// Runs one RPC and reads its reply; how many bytes it had.
async fn rpc(
    control: &Control,
    name: &str,
    operation: &'static str,
    operator: &Operator,
) -> Result<usize> {
    let operation = Bytes::from_static(operation.as_bytes());
    let mut reply = control.rpc(name, operation, PATIENCE, operator).await?;
    let mut bytes = 0;
    while let Some(piece) = reply.recv().await {
        bytes += piece.len();
    }
    let outcome = reply.outcome().await;
    ensure!(matches!(outcome, Some(Outcome::Ok)), "the reply ended as {outcome:?}");
    Ok(bytes)
}

/// What this process has used since a moment.
struct Usage {
    began: Instant,
    cpu: Duration,
}

impl Usage {
    fn now() -> Result<Self> {
        Ok(Self { began: Instant::now(), cpu: process::cpu(std::process::id())? })
    }

    /// Time, and seconds of processor time.
    fn so_far(&self) -> Result<(Duration, f64)> {
        let cpu = process::cpu(std::process::id())?.saturating_sub(self.cpu);
        Ok((self.began.elapsed(), cpu.as_secs_f64()))
    }
}

fn say(said: &Said) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(said)?)?;
    Ok(stdout.flush()?)
}
