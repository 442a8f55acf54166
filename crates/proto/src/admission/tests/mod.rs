//! A scene: one connection, a store of a few devices, and time as numbers of seconds.

use std::time::Duration;

use super::*;
use crate::fault::Fault;
use crate::host_key::Secret;
use crate::identity::{ClientId, DeviceId, DeviceName, Epoch, ListenerName};
use crate::initiation::{Initiation, Nul, compose};

mod deadlines;
mod keys;
mod laws;
mod openings;
mod outcomes;
mod setup;

const PEER: &str = "203.0.113.7:51234";

/// A host key told apart by one byte.
pub(crate) fn key(number: u8) -> HostKey {
    let name = b"ssh-ed25519";
    let mut blob = vec![0, 0, 0, 11];
    blob.extend(name);
    blob.extend([0, 0, 0, 32]);
    blob.extend([number; 32]);
    HostKey::from_blob(&blob).unwrap()
}

fn secret() -> Secret {
    Secret::new("Juniper123")
}

fn device_id(text: &str) -> DeviceId {
    DeviceId::new(text).unwrap()
}

/// An enrolled device whose device-id is its name.
fn device(name: &str) -> KnownDevice {
    let mut device = KnownDevice::new(DeviceName::new(name).unwrap());
    device.device_id = Some(device_id(name));
    device.client_id = Some(ClientId::new("homing").unwrap());
    device
}

fn with_secret(name: &str) -> KnownDevice {
    KnownDevice { secret: Some(secret()), ..device(name) }
}

fn with_keys(name: &str, keys: &[u8]) -> KnownDevice {
    KnownDevice { keys: keys.iter().map(|number| key(*number)).collect(), ..device(name) }
}

/// Known by its key alone.
fn by_key(name: &str, keys: &[u8]) -> KnownDevice {
    KnownDevice { device_id: None, ..with_keys(name, keys) }
}

/// One connection and its clock.
struct Scene {
    admission: Admission,
    start: Instant,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Self::with_settings(Settings::default())
    }

    fn with_settings(settings: Settings) -> Self {
        let arrival = Arrival {
            epoch: Epoch(7),
            listener: ListenerName::new("4334").unwrap(),
            source: PEER.parse().unwrap(),
            proxy_trusted: false,
        };
        let start = Instant::now();
        Self { admission: Admission::new(settings, arrival, start), start, now: start }
    }

    /// r1 has sent its initiation sequence, with an HMAC over `claimed` if there is one.
    fn outbound_ssh(claimed: Option<(u8, &Secret)>) -> Self {
        let mut scene = Self::new();
        let mut initiation = Initiation::new(device_id("r1"));
        if let Some((number, secret)) = claimed {
            initiation = initiation.with_claim(key(number), secret);
        }
        scene.data(&[compose(&initiation, Nul::Send), b"SSH-2.0-x\r\n".to_vec()].concat());
        let codes = scene.codes();
        assert_eq!(codes, ["outbound-ssh", "look-up device-id r1"]);
        scene
    }

    /// A device has called home.
    fn call_home() -> Self {
        let mut scene = Self::new();
        scene.data(b"SSH-2.0-x\r\n");
        assert_eq!(scene.codes(), ["call-home", "start-ssh any"]);
        scene
    }

    fn data(&mut self, bytes: &[u8]) {
        self.admission.handle_data(bytes, self.now);
    }

    fn record(&mut self, record: impl Into<Record>) -> Vec<String> {
        self.admission.handle_record(record.into(), self.now);
        self.codes()
    }

    /// The device presents a key, and the key exchange completes if that is accepted.
    fn exchange(&mut self, number: u8) -> Vec<String> {
        self.admission.handle_host_key(key(number), self.now);
        let mut codes = self.codes();
        if codes == ["accept-key"] {
            self.admission.handle_exchanged(self.now);
            codes.extend(self.codes());
        }
        codes
    }

    /// Login, hello and a free place.
    fn come_in(&mut self) -> Vec<String> {
        self.admission.handle_logged_in("homing", self.now);
        self.admission.handle_hello(self.now);
        self.admission.handle_claimed(&Claimed::Entered, self.now);
        self.codes()
    }

    fn fail(&mut self, failure: Failure) -> Vec<String> {
        self.admission.handle_failed(failure, self.now);
        self.codes()
    }

    /// Goes to the deadline, and says when that is.
    fn wake(&mut self) -> u64 {
        self.now = self.admission.poll_timeout().expect("a deadline");
        self.admission.handle_timeout(self.now);
        self.now.duration_since(self.start).as_secs()
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.admission.handle_timeout(self.now);
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.admission.poll_action()).collect()
    }

    /// The actions in short, timeline lines by their codes.
    fn codes(&mut self) -> Vec<String> {
        self.actions().iter().map(brief).collect()
    }
}

fn brief(action: &Action) -> String {
    match action {
        Action::Record(step) => step.code().to_owned(),
        Action::LookUp(LookUp::DeviceId(id)) => format!("look-up device-id {id}"),
        Action::LookUp(LookUp::Key(key)) => format!("look-up key {}", number(key)),
        Action::StartSsh { offer: Offer::Keys(keys), .. } => {
            format!("start-ssh only {}", numbers(keys))
        }
        Action::StartSsh { offer: Offer::KeysFirst(keys), .. } => {
            format!("start-ssh first {}", numbers(keys))
        }
        Action::StartSsh { offer: Offer::Any, .. } => "start-ssh any".to_owned(),
        Action::AcceptKey => "accept-key".to_owned(),
        Action::RejectKey => "reject-key".to_owned(),
        Action::AwaitApproval { pending, .. } => {
            format!("await-approval key {}", number(pending.key.key()))
        }
        Action::PinKey { device, key, .. } => format!("pin-key {device} {}", number(key.key())),
        Action::LogIn(device) => format!("log-in {}", device.name()),
        Action::Admit(device) => format!("admit {}", device.name()),
        Action::Hold(duration) => format!("hold {}", duration.as_secs()),
        Action::Close => "close".to_owned(),
    }
}

fn number(key: &HostKey) -> u8 {
    *key.blob().last().unwrap()
}

fn numbers(keys: &[HostKey]) -> String {
    let numbers: Vec<String> = keys.iter().map(|key| number(key).to_string()).collect();
    numbers.join(",")
}

/// A proven device for the tests of other modules.
pub(crate) fn proven(name: &str, listener: &str, epoch: u64, number: u8) -> ProvenDevice {
    ProvenDevice {
        name: DeviceName::new(name).unwrap(),
        device_id: None,
        key: ProvenKey::exchanged(key(number)),
        listener: ListenerName::new(listener).unwrap(),
        source: PEER.parse().unwrap(),
        epoch: Epoch(epoch),
    }
}
