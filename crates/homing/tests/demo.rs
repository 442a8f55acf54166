//! `homing demo`: every kind of device, what to try next, and nothing left behind.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Far longer than it takes.
const DEADLINE: Duration = Duration::from_secs(90);

#[test]
fn the_demo_has_devices_in_every_state_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_homing"))
        .arg("demo")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (tell, lines) = mpsc::channel();
    let out = BufReader::new(demo.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|it| tell.send(it)));
    let until = Instant::now() + DEADLINE;
    let mut shown = String::new();
    while !shown.contains("Ctrl-C stops and removes everything.") {
        let left = until.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => shown.extend([line.as_str(), "\n"]),
            Err(_) => {
                let _ = demo.kill();
                panic!("the demo got no further than:\n{shown}");
            }
        }
    }
    kill(Pid::from_raw(demo.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert!(demo.wait().unwrap().success());

    let states = |state: &str| {
        let mut rows = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.any(|row| row.len() == 3 && row.get(1) == Some(&state))
    };
    for state in ["up", "down", "refused", "pending", "blocked", "new"] {
        assert!(states(state), "no device is {state}:\n{shown}");
    }
    assert!(shown.contains("<system-information") && shown.contains("/login?link="), "{shown}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
