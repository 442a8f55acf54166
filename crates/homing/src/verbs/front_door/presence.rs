//! Whether a device is in session, and waiting until it is.
//!
//! ```text
//!   device? ── up ─────────────────────────────────────▶ go on
//!           ├─ not up, no --wait ──────────────────────▶ one line why, exit 255
//!           └─ not up, --wait ──▶ its next `in-session` ▶ go on
//!                                 └─ time is up ────────▶ one line why, exit 255
//! ```

use std::time::Duration;

use homing_proto::api::{Device, DeviceState, Timestamp};
use homing_proto::identity::DeviceName;
use tokio::time::{Instant, timeout_at};

use super::wait::Wait;
use crate::client::Target;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::time::age;
use crate::verbs::follow::{Follow, newest};
use crate::verbs::{Context, suggest};

/// Goes on when the device is in session.
///
/// # Errors
/// It is not, and is not waited for or did not come in time; or there is no such device.
pub(super) async fn require(
    name: &str,
    wait: Option<Wait>,
    context: &Context,
) -> Result<(), Failure> {
    // A selector is for the door to find out.
    if DeviceName::new(name).is_err() {
        return Ok(());
    }
    let after = newest(&context.client).await?;
    let device = read(name, context).await?;
    match (device.state, wait) {
        (DeviceState::Up, _) => Ok(()),
        (_, None) => Err(absent(&device)),
        (_, Some(Wait(patience))) => {
            context.output.note(&format!("homing: {}; waiting for it to call home", why(&device)));
            until_in(name, after, patience, context).await
        }
    }
}

async fn read(name: &str, context: &Context) -> Result<Device, Failure> {
    match context.client.get(&Target::new(&["devices", name])).await {
        Ok(device) => Ok(device),
        Err(failure) => Err(suggest::device(failure, &context.client, name).await),
    }
}

async fn until_in(
    name: &str,
    after: u64,
    patience: Duration,
    context: &Context,
) -> Result<(), Failure> {
    let until = Instant::now() + patience;
    let target = Target::new(&["events"]).query("device", name).query("code", "in-session");
    let mut follow: Follow<'_> = Follow::start(&context.client, target, Some(after)).await?;
    match timeout_at(until, follow.next(&context.output)).await {
        Ok(Ok(Some(_))) => Ok(()),
        Ok(Err(failure)) => Err(failure),
        Ok(Ok(None)) | Err(_) => Err(absent(&read(name, context).await?)),
    }
}

/// A device that is not in session, as `ssh` would end for it.
fn absent(device: &Device) -> Failure {
    Failure::new(Exit::NoConnection, "device-offline", why(device))
        .hint(format!("homing device log {}", device.name))
}

/// When and why it left, or that it never came.
fn why(device: &Device) -> String {
    let name = &device.name;
    let since = device.since.map_or_else(String::new, |since| age(since, Timestamp::now()));
    let last = device.last_event.as_ref().map(|event| event.message.as_str()).unwrap_or_default();
    match device.state {
        DeviceState::Up => format!("{name} is in session"),
        DeviceState::New => format!("{name} has not called home yet"),
        DeviceState::Pending => format!("{name} waits for its key to be accepted"),
        DeviceState::Blocked => format!("{name} is blocked"),
        DeviceState::Down => format!("{name} is not connected: it left {since} ago: {last}"),
        DeviceState::Refused => format!("{name} is not connected: refused {since} ago: {last}"),
    }
}
