//! A child that writes without end and is killed: what it acknowledged before is what a test may count on.
//!
//! ```text
//! test ──starts itself──▶ child: writes, prints "ack …" for each thing that is durable ──kill -9──▶ the test looks
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]
#![allow(missing_docs, unreachable_pub, reason = "seen only by the tests beside it")]

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "HOMING_TEST_KILLED_FOLDER";
const ROUND: &str = "HOMING_TEST_KILLED_ROUND";

/// The test of each file that is the child.
const CHILD: &str = "child_that_writes_until_it_is_killed";

/// In the child: the folder to write to, and the round. In the test itself: nothing.
pub fn errand() -> Option<(OsString, String)> {
    Some((std::env::var_os(FOLDER)?, std::env::var(ROUND).ok()?))
}

/// Says that something is durable.
pub fn acknowledge(what: impl std::fmt::Display) {
    // The test harness captures `println!`, and not this.
    let line = format!("ack {what}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// Starts a child, lets it acknowledge for a few milliseconds, and kills it; `heard` gets what it acknowledged.
pub fn run_and_kill(folder: &Path, round: u32, mut heard: impl FnMut(&str)) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut killer = None;
    loop {
        let mut line = String::new();
        // What has no line end was cut off by the kill, and so was not acknowledged.
        if lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            break;
        }
        let Some(("ack", what)) = line.trim_end().split_once(' ') else { continue };
        heard(what);
        if killer.is_none() {
            killer = Some(kill_soon(&child, round));
        }
    }
    killer.expect("the child acknowledged nothing").join().unwrap();
    assert!(!child.wait().unwrap().success(), "the child ended by itself");
}

/// At another moment in each round.
fn kill_soon(child: &Child, round: u32) -> std::thread::JoinHandle<()> {
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    let delay = Duration::from_micros(u64::from(round) * 7_919 % 40_000);
    std::thread::spawn(move || {
        std::thread::sleep(delay);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    })
}
