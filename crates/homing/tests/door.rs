//! The SSH front door, with OpenSSH's own programs: the real `homing gateway`, a real agent, real operators.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod real;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use real::house::{House, is_done};
use real::{Ran, homing, until};

#[test]
fn openssh_runs_commands_shells_subsystems_and_copies_files() {
    let house = House::start(&[]);
    for login in ["ops:edge-7", "ops%edge-7", "edge-7", "ops:name=edge-*"] {
        let ran = house.run(login, "echo out; echo err >&2; exit 7");
        let expected = Ran { exit: 7, stdout: "out\n".into(), stderr: "err\n".into() };
        assert_eq!(ran, expected, "{login}");
    }
    let mut cat = house.ssh("ops:edge-7");
    cat.arg("cat").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut cat = cat.spawn().unwrap();
    cat.stdin.take().unwrap().write_all(b"to the end").unwrap();
    assert_eq!(Ran::of(cat.wait_with_output().unwrap()).stdout, "to the end");
    let tty =
        Ran::of(house.ssh("ops:edge-7").args(["-tt", "stty size; echo $TERM"]).output().unwrap());
    assert!(tty.stdout.contains("0 0"), "{tty:?}");
    let hello = r#"<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]><rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1"><close-session/></rpc>]]>]]>"#;
    let mut netconf = house.ssh("ops:edge-7");
    netconf.args(["-s", "netconf"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut netconf = netconf.spawn().unwrap();
    netconf.stdin.take().unwrap().write_all(hello.as_bytes()).unwrap();
    let said = Ran::of(netconf.wait_with_output().unwrap()).stdout;
    assert!(said.contains("<session-id>") && said.contains("<ok/>"), "{said}");
    let (here, there) = (house.path("here"), house.path("there"));
    std::fs::write(&here, vec![7; 3_000_000]).unwrap();
    let mut scp = Command::new("scp");
    scp.args(["-q", "-F", "none", "-P", &house.gateway.door]).args(house.options("ops"));
    scp.arg(&here).arg(format!("ops%edge-7@127.0.0.1:{}", there.display()));
    assert!(is_done(&mut scp));
    assert_eq!(std::fs::read(&there).unwrap(), vec![7; 3_000_000]);
}

#[test]
fn who_may_not_and_what_is_not_there_is_said_in_one_line() {
    let mut house = House::start(&[]);
    let ran = house.run("eye:edge-7", "reboot");
    let expected = "edge-7: eye may view edge-7, not configure it: needs role configurator on it\n";
    assert_eq!((ran.exit, ran.stderr.as_str()), (255, expected));
    let ran = house.run("ops:edge-9", "true");
    let expected = "no device is called edge-9; look with: homing device ls\n";
    assert_eq!((ran.exit, ran.stderr.as_str()), (255, expected));
    let stranger = Ran::of(house.ssh("eve:edge-7").arg("true").output().unwrap());
    assert!(stranger.stderr.contains("Permission denied (publickey,password)"), "{stranger:?}");
    house.device = None;
    let ran = until("the device is gone", || {
        let ran = house.run("ops:edge-7", "true");
        (ran.exit == 255).then_some(ran)
    });
    assert!(ran.stderr.starts_with("edge-7: offline since "), "{ran:?}");
    assert!(ran.stderr.ends_with("; see: homing device log edge-7\n"), "{ran:?}");
    assert_eq!((ran.exit, ran.stderr.lines().count()), (255, 1));
    let trail = std::fs::read_dir(house.path("data")).unwrap().count();
    assert!(trail > 0);
}

#[test]
fn one_login_carries_many_channels_and_the_eleventh_is_refused_with_a_hint() {
    let house = House::start(&[]);
    let control = house.path("mux");
    let mut master = house.ssh("ops:edge-7");
    master.args(["-N", "-M", "-S"]).arg(&control).stderr(Stdio::null());
    let mut master = master.spawn().unwrap();
    until("the master is there", || control.exists().then_some(()));
    let share = |line: &str| {
        let mut ssh = house.ssh("ops:edge-7");
        ssh.arg("-S").arg(&control).arg(line);
        ssh
    };
    // One of the ten is the gateway's own.
    let mut open: Vec<_> =
        (0..9).map(|_| share("cat").stdin(Stdio::piped()).spawn().unwrap()).collect();
    until("nine are open", || (house.channels().len() == 9).then_some(()));
    let mut eleventh = Command::new("ssh");
    eleventh.args(["-F", "none", "-o", "LogLevel=INFO", "-p", &house.gateway.door]);
    eleventh.args(house.options("ops")).args(["-l", "ops:edge-7", "127.0.0.1", "true"]);
    let ran = Ran::of(eleventh.stdin(Stdio::null()).output().unwrap());
    assert!(ran.stderr.contains("the device allows no further channel"), "{ran:?}");
    assert!(ran.stderr.contains("homing device sessions edge-7"), "{ran:?}");
    assert_eq!(ran.exit, 255);
    let number = house.channels()[0]["channel"].to_string();
    house.homing(&["device", "disconnect", "edge-7", "--channel", &number]);
    until("a channel ends", || open.iter_mut().find_map(|ssh| ssh.try_wait().unwrap()));
    assert_eq!(house.run("ops:edge-7", "echo free").stdout, "free\n");
    for mut ssh in open {
        let _ = ssh.kill();
        let _ = ssh.wait();
    }
    let _ = master.kill();
    let _ = master.wait();
}

#[test]
fn an_operator_who_does_not_read_64_mib_delays_nobody_and_the_device_stays() {
    // As strict as a keep-alive can be, on both sides: the stanza gets it from the gateway.
    let keep_alive = [("HOMING_KEEP_ALIVE_RETRY", "3"), ("HOMING_KEEP_ALIVE_TIMEOUT", "1s")];
    let house = House::start(&keep_alive);
    assert!(house.stanza.contains("keep-alive retry 3 timeout 1\n"), "{}", house.stanza);
    let before = house.homing(&["device", "show", "edge-7", "-o", "json"]);
    let before: serde_json::Value = serde_json::from_str(&before).unwrap();
    let mut stalled = house.ssh("ops:edge-7");
    stalled.arg("head -c 67108864 /dev/zero; echo done >&2").stdout(Stdio::piped());
    let mut stalled = stalled.stderr(Stdio::piped()).spawn().unwrap();
    let channel = until("all of it waits", || {
        house.homing(&["rpc", "edge-7", "get-system-information"]);
        let channel = house.channels().into_iter().next()?;
        (channel["bytes_out"].as_u64().unwrap_or(0) >= 67_108_864).then_some(channel)
    });
    assert!(channel["waiting"].as_u64().unwrap() > 40 << 20, "{channel}");
    // Twice as long as the keep-alive's whole patience: answers that waited behind the bytes would end the session.
    let stall = Instant::now() + Duration::from_secs(8);
    while Instant::now() < stall {
        house.homing(&["rpc", "edge-7", "get-system-information"]);
        std::thread::sleep(Duration::from_millis(500));
    }
    let after = house.homing(&["device", "show", "edge-7", "-o", "json"]);
    let after: serde_json::Value = serde_json::from_str(&after).unwrap();
    assert_eq!(before["session"]["epoch"], after["session"]["epoch"], "it never left");
    let mut all = Vec::new();
    stalled.stdout.take().unwrap().read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), 67_108_864);
    assert!(stalled.wait().unwrap().success());
}

#[test]
fn beyond_its_spool_a_channel_is_closed_with_the_reason_and_no_other() {
    let house = House::start(&[("HOMING_FRONT_DOOR_CHANNEL_SPOOL", "8 MiB")]);
    let mut stalled = house.ssh("ops:edge-7");
    stalled.arg("cat /dev/zero").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut stalled = stalled.spawn().unwrap();
    // The reader has taken what a pipe and its window hold; then nothing moves.
    until("its spool is nearly full", || {
        house.channels().first()?["waiting"].as_u64().filter(|waiting| *waiting > 7 << 20)
    });
    assert_eq!(house.run("ops:edge-7", "echo free").stdout, "free\n");
    let mut all = Vec::new();
    stalled.stdout.take().unwrap().read_to_end(&mut all).unwrap();
    let mut said = String::new();
    stalled.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("the reader is too slow"), "{said}");
    assert_eq!(stalled.wait().unwrap().code(), Some(255));
    assert!(all.len() < 64 << 20, "{}", all.len());
    until("it is told", || {
        house.homing(&["device", "log", "edge-7"]).contains("lost a channel").then_some(())
    });
}

#[test]
fn no_secret_of_a_command_line_is_shown_to_others() {
    let house = House::start(&[]);
    let mut ssh = house.ssh("ops:edge-7");
    ssh.arg(": password hunter2; sleep 600").stdout(Stdio::null()).stderr(Stdio::null());
    let mut ssh = ssh.spawn().unwrap();
    let listed = until("it is shown", || {
        let listed = house.homing(&["device", "sessions", "edge-7", "-o", "json"]);
        listed.contains("sleep 600").then_some(listed)
    });
    assert!(listed.contains("password") && !listed.contains("hunter2"), "{listed}");
    ssh.kill().unwrap();
    ssh.wait().unwrap();
}

#[test]
fn a_certificate_of_a_configured_authority_opens_the_door_for_its_principal_alone() {
    let keys = tempfile::tempdir().unwrap();
    let (authority, key) = (keys.path().join("ca"), keys.path().join("key"));
    for path in [&authority, &key] {
        let mut make = Command::new("ssh-keygen");
        assert!(is_done(make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path)));
    }
    let trusted = authority.with_extension("pub").display().to_string();
    let house = House::start(&[("HOMING_FRONT_DOOR_USER_CA", &trusted)]);
    let log_in = |principal: &str, option: &str| {
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-s"])
            .arg(&authority)
            .args(["-I", "laptop", "-n", principal, "-V", "+5m"]);
        if !option.is_empty() {
            sign.args(["-O", option]);
        }
        assert!(is_done(sign.arg(key.with_extension("pub"))));
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-p", &house.gateway.door, "-i"]).arg(&key);
        let options = house.options("ops");
        ssh.args(&options[2..]).args(["-l", "ops:edge-7", "127.0.0.1", "echo in"]);
        Ran::of(ssh.stdin(Stdio::null()).output().unwrap())
    };
    assert_eq!(log_in("ops", "").stdout, "in\n");
    assert_eq!(log_in("ops", "source-address=127.0.0.0/8").stdout, "in\n");
    assert!(log_in("eve", "").stderr.contains("Permission denied"));
    assert!(log_in("ops", "source-address=192.0.2.0/24").stderr.contains("Permission denied"));
    let ran = log_in("ops", "force-command=uptime");
    assert_eq!(ran.stderr, "edge-7: your certificate is for one command alone: uptime\n");
    assert!(log_in("ops", "critical:unheard-of=1").stderr.contains("Permission denied"));
}

#[test]
fn a_one_time_password_opens_the_door_once() {
    let house = House::start(&[]);
    let password = house.homing(&["user", "password", "ops"]);
    let password = password.trim();
    let askpass = house.path("askpass");
    std::fs::write(&askpass, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&askpass, std::fs::Permissions::from_mode(0o700)).unwrap();
    let log_in = || {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-p", &house.gateway.door, "-o", "BatchMode=no"]);
        ssh.args(["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"]);
        ssh.args(house.options("ops")).args(["-l", "ops:edge-7", "127.0.0.1", "echo in"]);
        ssh.env("SSH_ASKPASS", &askpass).env("SSH_ASKPASS_REQUIRE", "force");
        Ran::of(ssh.stdin(Stdio::null()).output().unwrap())
    };
    assert_eq!(log_in().stdout, "in\n");
    assert!(log_in().stderr.contains("Permission denied"));
}

#[test]
fn new_session_keys_in_the_middle_lose_nothing() {
    let house = House::start(&[]);
    let mut ssh = house.ssh("ops:edge-7");
    ssh.args(["-o", "RekeyLimit=1M", "head -c 20000000 /dev/zero | tr '\\0' x"]);
    let ran = ssh.output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(ran.stdout.len(), 20_000_000);
    assert!(ran.stdout.iter().all(|byte| *byte == b'x'));
}

#[test]
fn a_door_that_is_taken_is_a_clear_error() {
    let house = House::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let door = format!("127.0.0.1:{}", house.gateway.door);
    let mut command = homing(folder.path());
    command.args(["gateway", "--listen", "127.0.0.1:0", "--door", &door]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains(&format!("can't listen on {door}")), "{said}");
    assert!(said.contains("front_door.listen"), "{said}");
}
