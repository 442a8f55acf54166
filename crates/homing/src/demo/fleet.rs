//! The demo's devices: agents in this process, each with a folder of its own, and each with a story.

use std::path::Path;
use std::sync::Arc;

use homing_agent::{ConfigSource, Options, SshServer};
use homing_gateway::control::Control;
use homing_proto::api::{Enroll, StanzaForm};
use homing_proto::identity::DeviceName;
use homing_transport::keys::{KeyKind, PrivateKey};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::failed;
use crate::failure::Failure;

/// Who acts in the demo, for the record.
const ACTOR: &str = "demo";

/// What makes a device differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// Enrolled with a secret.
    WithSecret,
    /// Enrolled with the host key that somebody carried over.
    KeyByHand,
    /// Its secret was changed on the gateway, and nobody told the device.
    OutdatedSecret,
    /// Nobody enrolled it.
    Unknown,
    /// Opens as NETCONF call home does, and is known by its key.
    CallHome,
}

impl Story {
    fn of(number: u16) -> Self {
        match number {
            2 => Self::KeyByHand,
            3 => Self::OutdatedSecret,
            4 => Self::Unknown,
            5 => Self::CallHome,
            _ => Self::WithSecret,
        }
    }

    fn has_secret(self) -> bool {
        !matches!(self, Self::KeyByHand | Self::CallHome)
    }
}

/// Enrols the devices and starts their agents.
pub(super) async fn start(
    control: &Control,
    folder: &Path,
    count: u16,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<(), Failure> {
    for number in 1..=count {
        let story = Story::of(number);
        let name = DeviceName::new(format!("edge-{number:02}"));
        let name = name.map_err(|error| failed("bad-name", &error))?;
        let state = folder.join(name.as_str());
        std::fs::create_dir(&state).map_err(|error| failed("no-folder", &error))?;
        let stanza = enrol(control, &name, story, &state).await?;
        let text = format!("{stanza}\nsystem {{\n    host-name {name};\n}}\n");
        let options = Options {
            ssh_server: SshServer::Embedded,
            call_home: story == Story::CallHome,
            log_dir: state.clone(),
            ..Options::new(ConfigSource::Text(text), state)
        };
        let stopped = stop.clone().cancelled_owned();
        tasks.spawn(async move {
            if let Err(error) = homing_agent::run(options, stopped).await {
                eprintln!("homing: the device {name} did not start: {error}");
            }
        });
    }
    Ok(())
}

/// Gives the stanza that the device gets, as an operator would paste it.
async fn enrol(
    control: &Control,
    name: &DeviceName,
    story: Story,
    state: &Path,
) -> Result<Arc<str>, Failure> {
    let mut request = Enroll {
        name: name.clone(),
        device_id: None,
        user: None,
        addresses: Vec::new(),
        tags: [("site".to_owned(), "demo".to_owned())].into(),
        secret: story.has_secret(),
        rotate_secret: false,
        host_keys: Vec::new(),
        key_source: None,
        password: None,
        listener: None,
        format: StanzaForm::Curly,
    };
    if !story.has_secret() {
        let path = state.join("ssh_host_ed25519_key");
        let key = PrivateKey::load_or_create(&path, KeyKind::Ed25519);
        request.host_keys =
            vec![key.map_err(|error| failed(error.code(), &error))?.host_key().clone()];
    }
    let refused = |error: homing_gateway::control::ControlError| failed(error.code(), &error);
    let enrolled = control.enroll(request.clone(), ACTOR).await.map_err(refused)?;
    match story {
        Story::OutdatedSecret => {
            let again = Enroll { rotate_secret: true, tags: Default::default(), ..request };
            control.enroll(again, ACTOR).await.map_err(refused)?;
        }
        Story::Unknown => control.forget(name.as_str(), ACTOR).await.map_err(refused)?,
        Story::WithSecret | Story::KeyByHand | Story::CallHome => {}
    }
    Ok(enrolled.stanza.into())
}
