//! A whole fleet dials a real gateway at once: how fast it is in, and what its sessions weigh.
//!
//! ```text
//!   enrol N devices in a fresh data folder ─▶ start the gateway on core 0 ─▶ dial N times from core 1
//!                                              └ /proc: processor time, resident memory
//! ```

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use homing_gateway::store::{Change, Limits, NewDevice, Store};
use homing_proto::api::KeySource;
use homing_proto::identity::{DeviceId, DeviceName};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::figures::Round;
use crate::load::{self, Distance, Fleet, Habits, Member, Plan, Replies, Seen};
use crate::process;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The `homing` program.
    pub gateway: PathBuf,
    /// How many devices.
    pub devices: usize,
    /// How long the fleet lies idle before its memory is read.
    pub idle: Duration,
    /// How long the fleet may take to come in.
    pub deadline: Duration,
}

/// One round with a gateway of its own.
///
/// # Errors
/// The gateway does not start, or not all devices are in session in time.
pub async fn round(settings: &Settings) -> Result<Round> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let members = enrol(&data, u32::try_from(settings.devices)?).await?;
    let address = free_address()?;
    let gateway = GatewayProcess::start(&settings.gateway, &data, address).await?;
    sleep(Duration::from_millis(500)).await;
    let base_kib = process::resident(gateway.pid())?;
    let cpu_before = process::cpu(gateway.pid())?;
    let all_in = Notify::new();
    let mut first = None;
    let rest = async {
        all_in.notified().await;
        let cpu = process::cpu(gateway.pid())?.saturating_sub(cpu_before);
        sleep(settings.idle).await;
        anyhow::Ok((cpu, process::resident(gateway.pid())?))
    };
    let mut rest = std::pin::pin!(rest);
    let mut read = None;
    let stop = async { read = Some(rest.as_mut().await) };
    load::run(plan(settings, members, address), stop, |seen| {
        if let Seen::Wave(wave) = seen {
            first.get_or_insert_with(|| wave.clone());
            all_in.notify_one();
        }
    })
    .await;
    let count = settings.devices as f64;
    let wave = first.context("not all devices are in session in time")?;
    let (cpu, resident) = read.context("the fleet did not lie idle for long enough")??;
    Ok(Round {
        connects_per_s: count / wave.all_in_s.unwrap_or(f64::INFINITY),
        cpu_ms_per_connect: cpu.as_secs_f64() * 1e3 / count,
        p50_ms: wave.handshake_ms.p50,
        p99_ms: wave.handshake_ms.p99,
        base_kib,
        kib_per_session: resident.saturating_sub(base_kib) as f64 / count,
    })
}

fn plan(settings: &Settings, members: Vec<Member>, address: SocketAddr) -> Plan {
    Plan {
        all: members.len(),
        members,
        servers: vec![address],
        sources: Vec::new(),
        habits: Habits { patience: settings.deadline, ..Habits::new() },
        distance: Distance::NONE,
        replies: Replies::new(1024, 64 * 1024),
        at_once: 512,
        keep_alive: None,
        post_quantum: false,
        waves: None,
        at_most: Some(settings.deadline + settings.idle),
    }
}

/// Enrols devices with a key each, straight into the store that the gateway will open.
async fn enrol(data: &Path, count: u32) -> Result<Vec<Member>> {
    let store = Store::open(data, &Limits::default())?;
    let fleet = Fleet::new();
    let mut members = Vec::new();
    let mut changes = Vec::new();
    for number in 0..count {
        let name = fleet.name(number);
        let key = fleet.key(number)?;
        let device_id = DeviceId::new(&*name)?;
        changes.push(Change::Insert(Box::new(NewDevice {
            device_id: Some(device_id.clone()),
            keys: vec![(key.host_key().clone(), KeySource::Enrolled)],
            ..NewDevice::named(DeviceName::new(&*name)?)
        })));
        members.push(Member { device_id: Some(device_id), key, secret: None });
    }
    store.write(changes).await?;
    store.close().await;
    Ok(members)
}

/// A port that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A gateway on core 0, ended with this value.
struct GatewayProcess(Child);

impl GatewayProcess {
    async fn start(program: &Path, data: &Path, address: SocketAddr) -> Result<Self> {
        let child = Command::new("taskset")
            .args(["-c", "0"])
            .arg(program)
            .arg("gateway")
            .arg("--data")
            .arg(data)
            .arg("--listen")
            .arg(address.to_string())
            .args(["--door", "127.0.0.1:0"])
            .env("HOMING_LOG", "warn")
            // All devices dial from one address here.
            .env("HOMING_MAX_PER_SOURCE", "20000")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", program.display()))?;
        let mut gateway = Self(child);
        let deadline = Instant::now() + Duration::from_secs(20);
        while tokio::net::UnixStream::connect(data.join("homing.sock")).await.is_err() {
            if let Some(status) = gateway.0.try_wait()? {
                let mut said = String::new();
                gateway.0.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
                anyhow::bail!("the gateway ended with {status}: {said}");
            }
            ensure!(Instant::now() < deadline, "the gateway did not start in time");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(gateway)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
