//! One session: bytes from the stream to the machine, requests to the operations, answers back.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use homing_proto::netconf::capability::Capabilities;
use homing_proto::netconf::rpc::Rpc;
use homing_proto::netconf::server::{Action, Session, Settings};
use homing_proto::netconf::session::{Closed, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

use super::access::Class;
use super::context::Context;
use super::files::Files;
use super::operations::{self, Reply};
use super::sessions::Sessions;
use super::view::AgentView;

/// What the server says it can do, in the spellings of Junos.
const CAPABILITIES: [&str; 5] = [
    "urn:ietf:params:netconf:base:1.0",
    "urn:ietf:params:netconf:base:1.1",
    "urn:ietf:params:xml:ns:netconf:base:1.0",
    "http://xml.juniper.net/netconf/junos/1.0",
    "http://xml.juniper.net/dmi/system/1.0",
];

/// How long a client may leave an answer untaken.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// Who speaks on a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user that the client has proven to be.
    pub user: String,
    /// What it may do.
    pub class: Class,
}

/// Speaks NETCONF with a caller until the session ends or `stop` is ready.
pub async fn serve<S, V>(
    mut stream: S,
    caller: &Caller,
    view: &V,
    sessions: &Sessions,
    stop: impl Future<Output = ()>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: AgentView,
{
    let mut stop = pin!(stop);
    let place = sessions.enter(&caller.user);
    let capabilities: Capabilities = CAPABILITIES.into_iter().collect();
    let settings = Settings::new(capabilities, place.id);
    let mut session = Session::new(settings, Instant::now().into_std());
    let mut buffer = vec![0; 4096];
    loop {
        if let Some(closed) = act(&mut stream, &mut session).await {
            return closed;
        }
        let deadline = session.poll_timeout().map(Instant::from_std);
        let count = tokio::select! {
            read = stream.read(&mut buffer) => read.unwrap_or(0),
            () = place.killed.cancelled() => {
                session.handle_stop(Reason::Killed);
                continue;
            }
            () = &mut stop => {
                session.handle_stop(Reason::Stopped);
                continue;
            }
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                session.handle_timeout(Instant::now().into_std());
                continue;
            }
        };
        if count == 0 {
            session.handle_end_of_stream();
            continue;
        }
        let mut input = buffer.get(..count).unwrap_or_default();
        while let Some(rpc) = session.handle_data(&mut input) {
            let context = Context {
                class: caller.class,
                session_id: place.id,
                sessions: sessions.clone(),
                configuration: view.configuration(),
                clients: view.clients().await,
                system: view.system(),
                files: Files::new(&view.state_dir(), &caller.user),
                started: sessions.started(),
                last_commit: None,
            };
            answer(&mut session, &rpc, &context).await;
            if let Some(closed) = act(&mut stream, &mut session).await {
                return closed;
            }
        }
    }
}

async fn answer(session: &mut Session, rpc: &Rpc, context: &Context) {
    match operations::run(&rpc.operation, context).await {
        Ok(reply) => {
            session.answer(&rpc.attributes, &reply.body());
            if reply == Reply::Bye {
                session.handle_close_session();
            }
        }
        Err(error) => session.answer_error(&rpc.attributes, &error),
    }
}

/// Carries out what the machine wants; gives the session's end when it has come.
async fn act<S: AsyncWrite + Unpin>(stream: &mut S, session: &mut Session) -> Option<Closed> {
    while let Some(action) = session.poll_action() {
        match action {
            Action::Send(bytes) => {
                let write = async {
                    stream.write_all(&bytes).await?;
                    stream.flush().await
                };
                if !matches!(timeout(WRITE_TIMEOUT, write).await, Ok(Ok(()))) {
                    session.handle_end_of_stream();
                }
            }
            Action::Close(closed) => {
                let _ = timeout(WRITE_TIMEOUT, stream.shutdown()).await;
                return Some(closed);
            }
        }
    }
    None
}
