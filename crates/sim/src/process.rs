//! What a process has used, from `/proc`, and where it may run.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Processor time of a process so far, its threads included.
///
/// # Errors
/// It is gone.
pub fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    // The name before the parenthesis may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat has no name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| -> Result<u64> {
        Ok(fields.get(index).context("/proc/PID/stat is short")?.parse()?)
    };
    let ticks = ticks(11)? + ticks(12)?;
    // USER_HZ is 100 on every Linux that we run on.
    Ok(Duration::from_millis(ticks * 10))
}

/// Resident memory of a process, in KiB.
///
/// # Errors
/// It is gone.
pub fn resident(pid: u32) -> Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("/proc/PID/status has no VmRSS")?.parse()?)
}

/// Binds a process, and what it starts from then on, to one core.
///
/// # Errors
/// There is no such core or process.
pub fn pin(pid: u32, core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core)?;
    let pid = Pid::from_raw(i32::try_from(pid)?);
    sched_setaffinity(pid, &set).with_context(|| format!("can't bind to core {core}"))
}
