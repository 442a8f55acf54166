//! One session: bytes from the stream to the machine, requests to the operations, answers back.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use homing_proto::datastore::{Client, SessionId};
use homing_proto::netconf::capability::Capabilities;
use homing_proto::netconf::notification::{Party, session_end, session_start};
use homing_proto::netconf::rpc::Rpc;
use homing_proto::netconf::server::{Action, Session, Settings};
use homing_proto::netconf::session::{Closed, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::access::Class;
use super::context::Context;
use super::events::{Heard, Subscribed};
use super::files::Files;
use super::operations::{self, Reply};
use super::sessions::{Place, Sessions};
use super::view::AgentView;

/// What the server says it can do, in the spellings of the RFCs and of Junos.
const CAPABILITIES: [&str; 21] = [
    "urn:ietf:params:netconf:base:1.0",
    "urn:ietf:params:netconf:base:1.1",
    "urn:ietf:params:netconf:capability:candidate:1.0",
    "urn:ietf:params:netconf:capability:confirmed-commit:1.0",
    "urn:ietf:params:netconf:capability:confirmed-commit:1.1",
    "urn:ietf:params:netconf:capability:rollback-on-error:1.0",
    "urn:ietf:params:netconf:capability:validate:1.0",
    "urn:ietf:params:netconf:capability:validate:1.1",
    "urn:ietf:params:netconf:capability:url:1.0?scheme=file",
    "urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode=explicit",
    "urn:ietf:params:netconf:capability:notification:1.0",
    "urn:ietf:params:netconf:capability:interleave:1.0",
    "urn:ietf:params:xml:ns:yang:ietf-netconf-notifications?module=ietf-netconf-notifications&revision=2012-02-06",
    "urn:ietf:params:xml:ns:netconf:base:1.0?module=ietf-netconf&revision=2011-06-01&features=candidate,confirmed-commit,rollback-on-error,validate,url",
    "urn:ietf:params:xml:ns:netconf:base:1.0",
    "urn:ietf:params:xml:ns:netconf:capability:candidate:1.0",
    "urn:ietf:params:xml:ns:netconf:capability:confirmed-commit:1.0",
    "urn:ietf:params:xml:ns:netconf:capability:validate:1.0",
    "urn:ietf:params:xml:ns:netconf:capability:url:1.0?scheme=file",
    "http://xml.juniper.net/netconf/junos/1.0",
    "http://xml.juniper.net/dmi/system/1.0",
];

/// How long a client may leave an answer untaken.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long it may when the session is stopped.
const PARTING: Duration = Duration::from_secs(1);

/// The most bytes of one request: a configuration of the largest size, as escaped text.
const REQUEST_LIMIT: u64 = 8 * 1024 * 1024;
/// The most elements of one request.
const ELEMENT_LIMIT: usize = 400_000;
/// The same of a request of someone who may not edit.
const READER_REQUEST_LIMIT: u64 = 256 * 1024;
/// The same.
const READER_ELEMENT_LIMIT: usize = 4_000;

/// Bytes from which a request is a large one, of which there are few at once: as elements it takes
/// seven times its size.
const LARGE_REQUEST: usize = 256 * 1024;

/// Who speaks on a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user that the client has proven to be.
    pub user: String,
    /// What it may do.
    pub class: Class,
    /// What speaks: NETCONF itself, or the command line, which speaks it too.
    pub via: Client,
}

/// Speaks NETCONF with a caller until the session ends or `stop` says why it must.
///
/// It is not to be dropped before: what the session held would be held for ever.
pub async fn serve<S, V>(
    stream: S,
    caller: &Caller,
    view: &V,
    sessions: &Sessions,
    stop: impl Future<Output = Reason>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: AgentView,
{
    let place = sessions.enter(&caller.user);
    let party = Party { user: caller.user.clone(), session: place.id };
    sessions.events().tell(session_start(&party));
    let store = view.store();
    let capabilities: Capabilities = CAPABILITIES.into_iter().collect();
    let (request_limit, element_limit) = limits(caller.class);
    let settings =
        Settings { request_limit, element_limit, ..Settings::new(capabilities, place.id) };
    let session = Session::new(settings, Instant::now().into_std());
    let stop = stop.shared();
    let mut served = Served {
        stream,
        session,
        subscribed: None,
        caller,
        view,
        sessions,
        place,
        stop,
        large: None,
    };
    let closed = served.run().await;
    // What it held and did not commit is given back before the number is.
    store.close(SessionId(party.session)).await;
    sessions.events().tell(session_end(&party, ended(&closed)));
    closed
}

/// The most bytes and elements of one request. Who may not edit sends no configurations: filters at most.
fn limits(class: Class) -> (u64, usize) {
    match class {
        Class::SuperUser => (REQUEST_LIMIT, ELEMENT_LIMIT),
        Class::ReadOnly | Class::Unauthorized => (READER_REQUEST_LIMIT, READER_ELEMENT_LIMIT),
    }
}

/// Why a session ended, in the words of RFC 6470.
fn ended(closed: &Closed) -> &'static str {
    match closed.reason {
        Reason::CloseSession => "closed",
        Reason::Killed => "killed",
        Reason::EndOfStream | Reason::CutShort => "dropped",
        Reason::HelloTimeout | Reason::RequestTimeout => "timeout",
        Reason::Hello(_) => "bad-hello",
        _ => "other",
    }
}

/// One session with all that belongs to it.
struct Served<'a, S, V, F: Future<Output = Reason>> {
    stream: S,
    session: Session,
    subscribed: Option<Subscribed>,
    caller: &'a Caller,
    view: &'a V,
    sessions: &'a Sessions,
    place: Place,
    /// Ready when the session must end.
    stop: Shared<F>,
    /// Lets this session send a large request.
    large: Option<OwnedSemaphorePermit>,
}

impl<S, V, F> Served<'_, S, V, F>
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: AgentView,
    F: Future<Output = Reason>,
{
    async fn run(&mut self) -> Closed {
        let mut buffer = vec![0; 4096];
        let mut received = 0;
        loop {
            if let Some(closed) = self.act().await {
                return closed;
            }
            let deadline = self.session.poll_timeout().map(Instant::from_std);
            let count = tokio::select! {
                read = self.stream.read(&mut buffer) => read.unwrap_or(0),
                () = self.place.killed.cancelled() => {
                    self.session.handle_stop(Reason::Killed);
                    continue;
                }
                reason = self.stop.clone() => {
                    self.session.handle_stop(reason);
                    continue;
                }
                heard = next(&mut self.subscribed) => {
                    self.tell(heard);
                    continue;
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.session.handle_timeout(Instant::now().into_std());
                    continue;
                }
            };
            if count == 0 {
                self.session.handle_end_of_stream();
                continue;
            }
            received += count;
            if received > LARGE_REQUEST && self.large.is_none() {
                self.large = self.turn().await;
            }
            let mut input = buffer.get(..count).unwrap_or_default();
            while let Some(rpc) = self.session.handle_data(&mut input, Instant::now().into_std()) {
                self.answer(&rpc).await;
                if let Some(closed) = self.act().await {
                    return closed;
                }
            }
            if !self.session.is_in_request() {
                (received, self.large) = (0, None);
            }
        }
    }

    /// Waits for leave to go on with a large request, for as long as a request may take; none if the
    /// session is over.
    async fn turn(&mut self) -> Option<OwnedSemaphorePermit> {
        while !self.session.is_closed() {
            let deadline = self.session.poll_timeout().map(Instant::from_std);
            tokio::select! {
                turn = self.sessions.large_request() => return turn,
                () = self.place.killed.cancelled() => self.session.handle_stop(Reason::Killed),
                reason = self.stop.clone() => self.session.handle_stop(reason),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.session.handle_timeout(Instant::now().into_std());
                }
            }
        }
        None
    }

    fn tell(&mut self, heard: Heard) {
        match heard {
            Heard::Message(message) => self.session.notify(&message),
            Heard::End(message) => {
                self.session.notify(&message);
                self.subscribed = None;
            }
        }
    }

    async fn context(&mut self) -> Context {
        let store = self.view.store();
        let last_commit = store.read(|datastore| {
            let last = datastore.history().next();
            last.map(|record| (record.at, record.author.user.clone()))
        });
        Context {
            class: self.caller.class,
            user: self.caller.user.clone(),
            via: self.caller.via,
            session_id: self.place.id,
            sessions: self.sessions.clone(),
            configuration: self.view.configuration(),
            clients: self.view.clients().await,
            system: self.view.system(),
            files: Files::new(&self.view.state_dir(), &self.caller.user),
            started: self.sessions.started(),
            last_commit: last_commit.await,
            is_subscribed: self.subscribed.is_some(),
            store,
        }
    }

    async fn answer(&mut self, rpc: &Rpc) {
        let context = self.context().await;
        let run = operations::run(&rpc.operation, &context);
        let answer = tokio::select! {
            answer = run => answer,
            // What must not stop half way goes on without us.
            () = self.place.killed.cancelled() => return self.session.handle_stop(Reason::Killed),
        };
        match answer {
            Ok(reply) => {
                self.session.answer(&rpc.attributes, &reply.body());
                match reply {
                    Reply::Bye => self.session.handle_close_session(),
                    Reply::Subscribe(subscription) => {
                        let (subscribed, replayed) = self.sessions.events().subscribe(subscription);
                        replayed.iter().for_each(|message| self.session.notify(message));
                        self.subscribed = Some(subscribed);
                    }
                    _ => {}
                }
            }
            Err(error) => self.session.answer_error(&rpc.attributes, &error),
        }
    }

    /// Carries out what the machine wants; gives the session's end when it has come.
    async fn act(&mut self) -> Option<Closed> {
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Send(bytes) => self.write(&bytes).await,
                Action::Close(closed) => {
                    let close = timeout(WRITE_TIMEOUT, self.stream.shutdown());
                    tokio::select! {
                        _ = close => {}
                        _ = ended_early(&self.place, self.stop.clone()) => {}
                    }
                    return Some(closed);
                }
            }
        }
        None
    }

    /// Writes for as long as the client may take it.
    async fn write(&mut self, bytes: &[u8]) {
        let write = timeout(WRITE_TIMEOUT, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        tokio::select! {
            written = write => if !matches!(written, Ok(Ok(()))) {
                self.session.handle_end_of_stream();
            },
            reason = ended_early(&self.place, self.stop.clone()) => self.session.handle_stop(reason),
        }
    }
}

/// Why a session ends whose client does not read: at once if it is killed, a little after it was stopped.
async fn ended_early(place: &Place, stop: impl Future<Output = Reason>) -> Reason {
    tokio::select! {
        () = place.killed.cancelled() => Reason::Killed,
        reason = async { let reason = stop.await; sleep(PARTING).await; reason } => reason,
    }
}

async fn next(subscribed: &mut Option<Subscribed>) -> Heard {
    match subscribed {
        Some(subscribed) => subscribed.next().await,
        None => std::future::pending().await,
    }
}
