//! The demo's devices: agents in this process, each with a folder of its own, and each with a story.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use homing_agent::{ConfigSource, Options, SshServer};
use homing_gateway::control::Control;
use homing_proto::api::{Change, DeviceState, Enroll, StanzaForm};
use homing_proto::identity::DeviceName;
use homing_transport::keys::{KeyKind, PrivateKey};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

use super::failed;
use crate::failure::Failure;

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
    /// An operator shut it out.
    Blocked,
    /// Was in session, and left.
    Left,
    /// Enrolled, and never seen.
    Absent,
}

/// Devices that are there whatever the number asked for, so that every state can be seen.
const EXTRAS: [(&str, Story); 3] =
    [("core-01", Story::Blocked), ("core-02", Story::Left), ("core-03", Story::Absent)];

/// A device of the demo.
pub(super) struct Member {
    /// Its name, and for a stranger the device-id that it claims.
    pub(super) name: DeviceName,
    /// Where it will stand once all have met their fate.
    pub(super) fate: DeviceState,
    stop: CancellationToken,
}

impl Member {
    /// Whether its fate shows as an event.
    pub(super) fn is_heard(&self) -> bool {
        self.fate != DeviceState::New
    }

    /// It came in; a device whose story says so goes away again.
    pub(super) fn came_in(&self) {
        if self.fate == DeviceState::Down {
            self.stop.cancel();
        }
    }
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

    fn fate(self) -> DeviceState {
        match self {
            Self::WithSecret | Self::KeyByHand | Self::CallHome => DeviceState::Up,
            Self::OutdatedSecret => DeviceState::Refused,
            Self::Unknown => DeviceState::Pending,
            Self::Blocked => DeviceState::Blocked,
            Self::Left => DeviceState::Down,
            Self::Absent => DeviceState::New,
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
) -> Result<Vec<Member>, Failure> {
    let asked = (1..=count).map(|number| (format!("edge-{number:02}"), Story::of(number)));
    let extras = EXTRAS.into_iter().map(|(name, story)| (name.to_owned(), story));
    let mut members = Vec::new();
    for (name, story) in asked.chain(extras) {
        let name = DeviceName::new(name).map_err(|error| failed("bad-name", &error))?;
        let state = folder.join(name.as_str());
        std::fs::create_dir(&state).map_err(|error| failed("no-folder", &error))?;
        let stanza = enrol(control, &name, story, &state).await?;
        let member = Member { name: name.clone(), fate: story.fate(), stop: stop.child_token() };
        if story != Story::Absent {
            let stopped = member.stop.clone().cancelled_owned();
            tasks.spawn(dial(name, story, state, stanza, stopped));
        }
        members.push(member);
    }
    Ok(members)
}

/// A device's whole life.
async fn dial(
    name: DeviceName,
    story: Story,
    state: PathBuf,
    stanza: Arc<str>,
    stopped: WaitForCancellationFutureOwned,
) {
    let text = format!("{stanza}\nsystem {{\n    host-name {name};\n}}\n");
    let options = Options {
        ssh_server: SshServer::Embedded,
        call_home: story == Story::CallHome,
        log_dir: state.clone(),
        ..Options::new(ConfigSource::Text(text), state)
    };
    if let Err(error) = homing_agent::run(options, stopped).await {
        eprintln!("homing: the device {name} did not start: {error}");
    }
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
        at_once: false,
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
    let enrolled =
        control.enroll(request.clone(), &super::operator::local()).await.map_err(refused)?;
    match story {
        Story::OutdatedSecret => {
            let again =
                Enroll { rotate_secret: true, at_once: true, tags: Default::default(), ..request };
            control.enroll(again, &super::operator::local()).await.map_err(refused)?;
        }
        Story::Unknown => {
            control.forget(name.as_str(), &super::operator::local()).await.map_err(refused)?
        }
        Story::Blocked => {
            let block = Change { blocked: Some(true), ..Change::default() };
            control
                .change(name.as_str(), block, &super::operator::local())
                .await
                .map_err(refused)?;
        }
        _ => {}
    }
    Ok(enrolled.stanza.into())
}
