//! One operator's connection.

use std::future::Future;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::handler::Handler;
use super::{Door, DoorSettings};
use crate::algorithms;
use crate::closed::Closed;
use crate::ssh_server::{self, LoginState, Terms};
use crate::watched::Pulse;

/// Bytes an operator may send on a channel before we answer.
const WINDOW: u32 = 2 * 1024 * 1024;

/// Serves one operator to the end. When `shutdown` resolves they are told its text, and the connection is closed.
///
/// Dropping the future ends the connection, too.
pub async fn serve<S, D>(
    stream: S,
    settings: Arc<DoorSettings>,
    door: Arc<D>,
    shutdown: impl Future<Output = String>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    D: Door,
{
    let DoorSettings { login_grace, max_tries, .. } = *settings;
    let keep_alive = Some(settings.keep_alive);
    let terms = Terms { login_grace, max_tries, keep_alive, window: WINDOW };
    let preferred = algorithms::strict(settings.post_quantum_only);
    let config = terms.config(std::slice::from_ref(&settings.host_key), preferred);
    let (login, pulse) = (Arc::new(LoginState::default()), Pulse::new());
    let handler = Handler::new(settings, door, login.clone(), pulse.clone());
    ssh_server::serve(stream, config, terms, (handler, login, pulse), shutdown).await
}
