//! The process itself, under the names that every exporter uses.
//!
//! Source: proc(5); Prometheus, *Writing client libraries*, process metrics.

use std::fs;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Adds what `/proc/self` tells; what it doesn't is left out.
pub(super) fn register(registry: &mut Registry, started_at: f64) {
    let float = || Gauge::<f64, AtomicU64>::default();
    if let Some(seconds) = cpu_seconds() {
        let cpu = Counter::<f64, AtomicU64>::default();
        cpu.inc_by(seconds);
        registry.register("process_cpu_seconds", "Processor time of the process", cpu);
    }
    if let Some(bytes) = resident() {
        let memory = Gauge::<i64>::default();
        memory.set(bytes);
        registry.register("process_resident_memory_bytes", "Memory of the process", memory);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let files = Gauge::<i64>::default();
        files.set(i64::try_from(open.count()).unwrap_or(i64::MAX));
        registry.register("process_open_fds", "Open files and sockets", files);
    }
    if let Ok((soft, _)) =
        nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
    {
        let most = Gauge::<i64>::default();
        most.set(i64::try_from(soft).unwrap_or(i64::MAX));
        registry.register("process_max_fds", "The most files that may be open", most);
    }
    let started = float();
    started.set(started_at);
    registry.register("process_start_time_seconds", "When the process started", started);
}

/// The fields after the program's name, which may hold blanks and brackets.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // The unit has been a hundredth of a second on every Linux for decades.
    Some(ticks as f64 / 100.0)
}

fn resident() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<i64>().ok()?.checked_mul(1024)
}
