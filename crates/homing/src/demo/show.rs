//! What the demo prints.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use homing_gateway::control::Control;
use homing_proto::api::{Device, DeviceState, Event, WebLink};

use super::failed;
use crate::failure::Failure;

/// What it begins with.
pub(super) fn greeting(devices: usize, port: u16) {
    println!(
        "homing {} demo: a gateway on 127.0.0.1:{port} and {devices} device{} that dial{} it\n",
        env!("CARGO_PKG_VERSION"),
        if devices == 1 { "" } else { "s" },
        if devices == 1 { "s" } else { "" },
    );
}

/// What an event says of a device's fate.
pub(super) struct Line {
    /// The device; of a stranger what it claims to be.
    pub(super) name: String,
    /// It is in session.
    pub(super) is_in: bool,
    text: String,
}

/// The line of an event that says how a device fares.
pub(super) fn line(event: &Event) -> Option<Line> {
    let name = event.device.as_ref().map(ToString::to_string);
    let name = name.or_else(|| event.device_id.as_ref().map(ToString::to_string))?;
    let is_in = event.code == "in-session";
    let is_fate = is_in || event.fault.is_some() || event.code == "session-closed";
    let text = match is_in {
        true => event.code.clone(),
        false => format!("{}: {}", event.code, event.message),
    };
    is_fate.then_some(Line { name, is_in, text })
}

/// Prints it; true if it is the first to be in session.
pub(super) fn event(line: &Line, elapsed: Duration, first: bool) -> bool {
    let mark = if line.is_in { "ok" } else { "--" };
    let time = if line.is_in && first {
        format!("  {:.2} s after the start", elapsed.as_secs_f64())
    } else {
        String::new()
    };
    println!("  {mark}  {:<9} {}{time}", line.name, line.text);
    line.is_in
}

/// Where every device stands.
pub(super) fn fates(devices: &[Device]) {
    println!("\nDEVICE     STATE     KEY");
    for device in devices {
        let pending = device.pending.as_ref().map(|pending| &pending.fingerprint);
        let session = device.session.as_ref().map(|session| &session.fingerprint);
        let pinned = device.keys.first().map(|key| &key.fingerprint);
        let key =
            session.or(pending).or(pinned).map_or_else(|| "-".to_owned(), ToString::to_string);
        println!("{:<10} {:<9} {key}", device.name, device.state.as_str());
    }
}

/// Runs an RPC on the first device in session and prints its reply.
pub(super) async fn rpc(control: &Control, devices: &[Device]) -> Result<(), Failure> {
    let Some(device) = devices.iter().find(|device| device.state == DeviceState::Up) else {
        println!("\nNo device is in session: homing events");
        return Ok(());
    };
    println!("\n$ homing rpc {} get-system-information", device.name);
    let operation = Bytes::from_static(b"<get-system-information/>");
    let patience = Duration::from_secs(10);
    let reply = control.rpc(&device.name, operation, patience, &super::operator::local()).await;
    let mut reply = reply.map_err(|error| failed(error.code(), &error))?;
    while let Some(piece) = reply.recv().await {
        print!("{}", String::from_utf8_lossy(&piece));
    }
    println!();
    Ok(())
}

/// What to try now.
pub(super) fn next(folder: &Path, key: &Path, devices: &[Device], link: &WebLink) {
    let program =
        std::env::current_exe().map_or_else(|_| "homing".into(), |path| path.display().to_string());
    let in_state = |state| devices.iter().find(|device: &&Device| device.state == state);
    let up = in_state(DeviceState::Up).map_or("edge-01", |device| &device.name);
    for url in &link.urls {
        println!("\nThe console, once, within 10 minutes (another link: homing web):\n\n  {url}");
    }
    println!("\nFrom a second terminal:\n");
    println!("  export HOMING_SOCKET={}", folder.join("homing.sock").display());
    println!("  alias homing={program}\n");
    println!("  homing status");
    println!("  homing device ls");
    println!("  homing cli {up} \"show configuration\"");
    println!("  homing config get {up}");
    println!("  homing ssh -i {} {up}", key.display());
    if let Some(refused) = in_state(DeviceState::Refused) {
        println!("  homing device log {}", refused.name);
    }
    if let Some(pending) = in_state(DeviceState::Pending) {
        println!("  homing device accept {}", pending.name);
    }
    println!("  homing events -w\n\nCtrl-C stops and removes everything.");
}

/// On the way out.
pub(super) fn stopping() {
    println!("\nstopping: the devices are told, the folder is removed");
}
