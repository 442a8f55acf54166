//! A device that dials out, opens as Junos does, and serves SSH and a little NETCONF.
//!
//! ```text
//!   connect ─▶ initiation ─▶ SSH server ─▶ subsystem netconf ─▶ hello ⇄ hello ─▶ replies
//! ```
//!
//! It does no more than a session needs, so that the gateway is what is measured.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use homing_proto::host_key::{HostKey, Secret};
use homing_proto::identity::DeviceId;
use homing_proto::initiation::{Initiation, Nul, compose};
use homing_transport::device_server::{
    Authority, Exit, Request, RequestKind, ServerChannel, ServerSettings, Service, Services, serve,
    service,
};
use homing_transport::keys::PrivateKey;
use homing_transport::spool::Budget;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

const END: &[u8] = b"]]>]]>";
const HELLO: &str = concat!(
    "<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities>",
    "<capability>urn:ietf:params:netconf:base:1.0</capability>",
    "<capability>urn:ietf:params:netconf:capability:candidate:1.0</capability>",
    "<capability>http://xml.juniper.net/netconf/junos/1.0</capability>",
    "</capabilities><session-id>7</session-id></hello>]]>]]>",
);

/// What all devices of a fleet share.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    /// The gateway's key, which every device lets in.
    pub gateway_key: HostKey,
    /// Bytes in the answer to an RPC.
    pub reply: usize,
    /// Shared by all channels.
    pub budget: Budget,
}

/// One device.
#[derive(Debug, Clone)]
pub struct Device {
    /// What it says it is.
    pub device_id: DeviceId,
    /// Its host key.
    pub key: PrivateKey,
}

/// How long a device took, from its dial to the gateway's hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Up(pub Duration);

/// Dials, and serves until the gateway goes or `stop` is dropped. `up` hears when the gateway has said hello.
pub async fn run(
    fleet: Arc<Fleet>,
    device: Device,
    up: mpsc::UnboundedSender<Up>,
    stop: oneshot::Receiver<()>,
) {
    let start = Instant::now();
    let Ok(mut stream) = TcpStream::connect(fleet.gateway).await else { return };
    let initiation = compose(&Initiation::new(device.device_id.clone()), Nul::Omit);
    if stream.set_nodelay(true).is_err() || stream.write_all(&initiation).await.is_err() {
        return;
    }
    let settings = ServerSettings {
        post_quantum: false,
        ..ServerSettings::new(vec![device.key], fleet.budget.clone())
    };
    let services = Netconf { start, up: Mutex::new(Some(up)), reply: fleet.reply };
    let authority = Arc::new(Gateway(Arc::clone(&fleet)));
    let _ = serve(stream, settings, authority, Arc::new(services), async {
        let _ = stop.await;
        "the simulation ends".to_owned()
    })
    .await;
}

/// Lets the gateway in, by its key.
struct Gateway(Arc<Fleet>);

impl Authority for Gateway {
    type User = ();

    async fn check_key(&self, _user: &str, key: &HostKey) -> Option<()> {
        (*key == self.0.gateway_key).then_some(())
    }

    async fn check_password(&self, _user: &str, _password: &Secret) -> Option<()> {
        None
    }
}

/// The NETCONF subsystem and nothing else.
struct Netconf {
    start: Instant,
    up: Mutex<Option<mpsc::UnboundedSender<Up>>>,
    reply: usize,
}

impl Services for Netconf {
    type User = ();

    fn open(&self, _user: &(), request: Request) -> Option<Service> {
        if request.kind != RequestKind::Subsystem("netconf".to_owned()) {
            return None;
        }
        let up = self.up.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (start, reply) = (self.start, self.reply);
        Some(service(move |channel| async move {
            answer(channel, start, up, reply).await;
            Exit::None
        }))
    }
}

async fn answer(
    channel: ServerChannel,
    start: Instant,
    mut up: Option<mpsc::UnboundedSender<Up>>,
    reply: usize,
) {
    let (mut input, mut output) = (channel.input, channel.output);
    if output.write_all(HELLO.as_bytes()).await.is_err() {
        return;
    }
    let mut unread = Vec::new();
    while let Some(message) = next_message(&mut input, &mut unread).await {
        if let Some(up) = up.take() {
            // The first message is the gateway's hello.
            let _ = up.send(Up(start.elapsed()));
            continue;
        }
        let answer = answer_to(&message, reply);
        if output.write_all(&answer).await.is_err() || output.flush().await.is_err() {
            return;
        }
    }
}

async fn next_message(
    input: &mut (impl AsyncReadExt + Unpin),
    unread: &mut Vec<u8>,
) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = memmem::find(unread, END) {
            let rest = unread.split_off(end + END.len());
            let mut message = std::mem::replace(unread, rest);
            message.truncate(end);
            if unread.is_empty() {
                unread.shrink_to_fit();
            }
            return Some(message);
        }
        if input.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

fn answer_to(message: &[u8], size: usize) -> Vec<u8> {
    let id = attribute(message, b"message-id=\"").unwrap_or_default();
    let mut answer = Vec::with_capacity(size + 256);
    answer.extend_from_slice(
        b"<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"",
    );
    answer.extend_from_slice(id);
    answer.extend_from_slice(b"\"><data>");
    answer.resize(answer.len() + size, b'x');
    answer.extend_from_slice(b"</data></rpc-reply>]]>]]>");
    answer
}

fn attribute<'a>(message: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(message, name)? + name.len();
    let rest = message.get(start..)?;
    rest.get(..memchr::memchr(b'"', rest)?)
}
