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
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use homing_gateway::store::{Change, Limits, NewDevice, Store};
use homing_proto::api::KeySource;
use homing_proto::identity::{DeviceId, DeviceName};
use homing_transport::keys::{KeyKind, PrivateKey};
use homing_transport::spool::{Budget, BudgetLimits};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout_at};

use crate::device::{self, Device, Fleet, Up};
use crate::figures::{Round, quantile};
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
    let (devices, gateway_key) = enrol(&data, settings.devices).await?;
    let address = free_address()?;
    let gateway = GatewayProcess::start(&settings.gateway, &data, address).await?;
    sleep(Duration::from_millis(500)).await;
    let base_kib = process::resident(gateway.pid())?;
    let cpu_before = process::cpu(gateway.pid())?;
    let fleet = Arc::new(Fleet {
        gateway: address,
        gateway_key: gateway_key.host_key().clone(),
        reply: 1024,
        budget: Budget::new(BudgetLimits { memory: 1 << 30, disk: 1 << 30 }),
    });
    let start = Instant::now();
    let (_stops, latencies) = dial(&fleet, devices, start + settings.deadline).await?;
    let elapsed = start.elapsed();
    let cpu = process::cpu(gateway.pid())?.saturating_sub(cpu_before);
    sleep(settings.idle).await;
    let resident = process::resident(gateway.pid())?;
    let count = settings.devices as f64;
    Ok(Round {
        connects_per_s: count / elapsed.as_secs_f64(),
        cpu_ms_per_connect: cpu.as_secs_f64() * 1e3 / count,
        p50_ms: quantile(&latencies, 0.5),
        p99_ms: quantile(&latencies, 0.99),
        base_kib,
        kib_per_session: resident.saturating_sub(base_kib) as f64 / count,
    })
}

/// Enrols devices with a key each, straight into the store that the gateway will open.
async fn enrol(data: &Path, count: usize) -> Result<(Vec<Device>, PrivateKey)> {
    let store = Store::open(data, &Limits::default())?;
    let mut devices = Vec::with_capacity(count);
    let mut changes = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("dev-{number:05}");
        let key = PrivateKey::generate(KeyKind::Ed25519)?;
        let device_id = DeviceId::new(&*name)?;
        changes.push(Change::Insert(Box::new(NewDevice {
            device_id: Some(device_id.clone()),
            keys: vec![(key.host_key().clone(), KeySource::Enrolled)],
            ..NewDevice::named(DeviceName::new(&*name)?)
        })));
        devices.push(Device { device_id, key });
    }
    store.write(changes).await?;
    store.close().await;
    let gateway_key = PrivateKey::load_or_create(&data.join("id_ed25519"), KeyKind::Ed25519)?;
    Ok((devices, gateway_key))
}

async fn dial(
    fleet: &Arc<Fleet>,
    devices: Vec<Device>,
    deadline: Instant,
) -> Result<(Vec<oneshot::Sender<()>>, Vec<f64>)> {
    let count = devices.len();
    let (up, mut ups) = mpsc::unbounded_channel();
    let mut stops = Vec::with_capacity(count);
    for device in devices {
        let (stop, stopped) = oneshot::channel();
        stops.push(stop);
        tokio::spawn(device::run(Arc::clone(fleet), device, up.clone(), stopped));
    }
    drop(up);
    let mut latencies = Vec::with_capacity(count);
    while latencies.len() < count {
        match timeout_at(deadline.into(), ups.recv()).await {
            Ok(Some(Up(took))) => latencies.push(took.as_secs_f64() * 1e3),
            Ok(None) | Err(_) => break,
        }
    }
    ensure!(latencies.len() == count, "only {} of {count} devices are in session", latencies.len());
    latencies.sort_by(f64::total_cmp);
    Ok((stops, latencies))
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
