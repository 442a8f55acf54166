//! One connection to the device's SSH server.

use std::future::Future;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::handler::Handler;
use super::{Authority, ServerSettings, Services};
use crate::algorithms;
use crate::closed::Closed;
use crate::ssh_server::{self, LoginState, Terms};
use crate::watched::Pulse;

/// Bytes a client may send on a channel before we answer.
const WINDOW: u32 = 1024 * 1024;

/// Serves one connection to its end. When `shutdown` resolves the client is told its text, and the connection is closed.
///
/// Dropping the future ends the connection, too.
pub async fn serve<S, A, V>(
    stream: S,
    settings: ServerSettings,
    authority: Arc<A>,
    services: Arc<V>,
    shutdown: impl Future<Output = String>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Authority,
    V: Services<User = A::User>,
{
    let ServerSettings { login_grace, max_tries, keep_alive, .. } = settings;
    let terms = Terms { login_grace, max_tries, keep_alive, window: WINDOW };
    let preferred = algorithms::preferred(settings.post_quantum);
    let config = terms.config(&settings.host_keys, preferred);
    let (login, pulse) = (Arc::new(LoginState::default()), Pulse::new());
    let settings = Arc::new(settings);
    let handler = Handler::new(settings, authority, services, login.clone(), pulse.clone());
    ssh_server::serve(stream, config, terms, (handler, login, pulse), shutdown).await
}
