//! The smallest SSH server that a NETCONF session needs, for thousands of simulated devices in one process.
//!
//! ```text
//!   stream ──▶ key exchange ──▶ anybody logs in ──▶ subsystem netconf ──▶ Talk::greeting
//!                                                        └─ bytes ──▶ Talk::handle ──▶ answers ──▶ Next
//! ```
//!
//! It has no task, queue or limit for a channel, as [`device_server`](crate::device_server) has, and lets everybody in: only for devices
//! that hold nothing.
//!
//! Source: RFC 4252 to 4254, RFC 6242.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use russh::server::{
    self, Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::algorithms;
use crate::closed::Closed;
use crate::keys::PrivateKey;
use crate::ssh_server::{self, LoginState, Terms};
use crate::watched::Pulse;

/// Bytes a client may send on a channel before we answer.
const WINDOW: u32 = 1024 * 1024;
/// Time to log in.
const LOGIN_GRACE: Duration = Duration::from_secs(120);
/// Failed attempts to log in; none fails.
const TRIES: usize = 6;

/// One end of a NETCONF session.
pub trait Talk: Send + 'static {
    /// What is said first.
    fn greeting(&mut self) -> Bytes;

    /// Takes bytes of the client, and puts what is to be sent into `answers`, in this order.
    fn handle(&mut self, bytes: &[u8], answers: &mut Vec<Bytes>) -> Next;
}

/// What becomes of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It stays.
    GoOn,
    /// It is closed once the answers are sent.
    Close,
}

/// How one connection is served.
#[derive(Debug, Clone)]
pub struct SmallSettings {
    /// The host key.
    pub host_key: PrivateKey,
    /// Ask for a sign of life after this long without data, and hang up when so many in a row were not answered.
    pub keep_alive: Option<(Duration, u32)>,
    /// Offer a hybrid post-quantum key exchange first.
    pub post_quantum: bool,
}

/// Serves one connection to its end; each subsystem `netconf` is given to what `talk` makes. When `shutdown` resolves the client is told
/// its text, and the connection is closed.
///
/// Dropping the future ends the connection, too.
pub async fn serve<S, T>(
    stream: S,
    settings: &SmallSettings,
    talk: impl FnMut() -> T + Send + 'static,
    shutdown: impl Future<Output = String>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: Talk,
{
    let keep_alive = settings.keep_alive;
    let terms = Terms { login_grace: LOGIN_GRACE, max_tries: TRIES, keep_alive, window: WINDOW };
    let preferred = algorithms::preferred(settings.post_quantum);
    let config = terms.config(std::slice::from_ref(&settings.host_key), preferred);
    let (login, pulse) = (Arc::new(LoginState::default()), Pulse::new());
    let handler = Handler { login: login.clone(), talk, talks: Vec::new(), answers: Vec::new() };
    ssh_server::serve(stream, config, terms, (handler, login, pulse), shutdown).await
}

/// One connection's callbacks.
struct Handler<F, T> {
    /// Seen by the connection's owner.
    login: Arc<LoginState>,
    /// Makes one end of a session.
    talk: F,
    /// Those under way.
    talks: Vec<(ChannelId, T)>,
    /// What is to be sent; empty between calls.
    answers: Vec<Bytes>,
}

impl<F: FnMut() -> T + Send, T: Talk> server::Handler for Handler<F, T> {
    type Error = russh::Error;

    async fn auth_password(&mut self, _user: &str, _password: &str) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey_offered(
        &mut self,
        _user: &str,
        _offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey(
        &mut self,
        _user: &str,
        _proven: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), russh::Error> {
        self.login.done.store(true, Ordering::Release);
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if name != "netconf" {
            return session.channel_failure(id);
        }
        session.channel_success(id)?;
        let mut talk = (self.talk)();
        session.data(id, talk.greeting())?;
        self.talks.push((id, talk));
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(id)
    }

    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(id)
    }

    async fn data(
        &mut self,
        id: ChannelId,
        bytes: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some((_, talk)) = self.talks.iter_mut().find(|(talking, _)| *talking == id) else {
            return Ok(());
        };
        let next = talk.handle(bytes, &mut self.answers);
        for answer in std::mem::take(&mut self.answers) {
            session.data(id, answer)?;
        }
        if next == Next::Close {
            session.eof(id)?;
            session.close(id)?;
        }
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        id: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.close(id)
    }

    async fn channel_close(
        &mut self,
        id: ChannelId,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.talks.retain(|(talking, _)| *talking != id);
        Ok(())
    }
}
