//! Sessions of the web console, and the links that open one once.
//!
//! ```text
//!   one-time link ─────┐
//!   one-time password ─┼──▶ Operator ──open──▶ cookie (shown once) ──▶ Operator at every request
//!   token ─────────────┘                       digest in the store      with the rights of that moment
//! ```
//!
//! A session is void as soon as its user or token is gone. Links live in memory: a restart voids them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use homing_proto::access::{CredentialDigest, Grant, Operator, Role, TokenId, UserName, Via};
use homing_proto::api::Timestamp;
use homing_proto::excerpt::Excerpt;
use homing_proto::hex::hex;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Access, operator};
use crate::random;
use crate::store::{WebChange, WebSession, WriteError};

/// How long a link may wait to be opened.
pub const LINK_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How long the link that makes the first admin may wait.
pub const FIRST_LINK_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The most links that wait.
const MOST_LINKS: usize = 1024;
/// The store learns of a session's use no more often than this.
const USE: Duration = Duration::from_secs(5 * 60);
/// How many random bytes make a cookie or a link.
const RANDOM: usize = 32;

const SESSION: &str = "web session ";

/// A cookie or a link in plain: shown once, wiped when dropped.
#[derive(Clone)]
pub struct WebSecret(Zeroizing<String>);

impl std::fmt::Debug for WebSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

impl WebSecret {
    fn make() -> Result<Self, WriteError> {
        let bytes = random::bytes::<RANDOM>();
        let bytes = bytes.map_err(|error| WriteError::Database(error.to_string()))?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))))
    }

    /// The text. Whoever calls this must not let it reach a log or an error.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whom a link lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// This operator.
    Of(Operator),
    /// Whoever opens it, to make the first admin.
    First,
}

/// Of the credential of an operator who has a session.
fn session_id(credential: &str) -> Option<&str> {
    credential.strip_prefix(SESSION)?.split(' ').next()
}

/// The links that wait to be opened.
#[derive(Debug, Default)]
pub(super) struct Links(HashMap<[u8; 32], (Link, Instant)>);

impl Access {
    /// Makes a link, good once.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn make_link(&self, link: Link, lifetime: Duration) -> Result<WebSecret, WriteError> {
        let secret = WebSecret::make()?;
        let now = Instant::now();
        let mut links = self.0.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.0.retain(|_, (_, end)| *end > now);
        if links.0.len() >= MOST_LINKS {
            let first = links.0.iter().min_by_key(|(_, (_, end))| *end).map(|(key, _)| *key);
            first.and_then(|key| links.0.remove(&key));
        }
        links.0.insert(digest(secret.expose()), (link, now + lifetime));
        Ok(secret)
    }

    /// Whom a link would let in; it stays.
    #[must_use]
    pub fn link(&self, secret: &str) -> Option<Link> {
        let links = self.0.links.lock().unwrap_or_else(PoisonError::into_inner);
        let (link, end) = links.0.get(&digest(secret))?;
        (*end > Instant::now()).then(|| link.clone())
    }

    /// Uses a link up. Whoever it lets in has the rights of this moment.
    #[must_use]
    pub fn take_link(&self, secret: &str) -> Option<Link> {
        let mut links = self.0.links.lock().unwrap_or_else(PoisonError::into_inner);
        let (link, end) = links.0.remove(&digest(secret))?;
        drop(links);
        let link = (end > Instant::now()).then_some(link)?;
        match link {
            Link::Of(operator) => self.renew(&operator).map(Link::Of),
            Link::First => Some(Link::First),
        }
    }

    /// Opens a session for somebody who was authenticated; its cookie.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn open_web_session(
        &self,
        operator: &Operator,
        source: Option<SocketAddr>,
        browser: &str,
    ) -> Result<WebSecret, WriteError> {
        let secret = WebSecret::make()?;
        let bytes = digest(secret.expose());
        let now = Timestamp::now();
        let id = hex(bytes.get(..6).unwrap_or_default());
        let session = WebSession {
            id,
            digest: CredentialDigest::from_bytes(bytes),
            operator: operator.name().to_owned(),
            credential: self.ground(operator),
            source: source.map(|source| source.ip().to_string()).unwrap_or_default(),
            browser: Excerpt::new(browser).to_string(),
            created_at: now,
            last_used: now,
        };
        self.0.store.write_web(WebChange::Open(Box::new(session))).await?;
        Ok(secret)
    }

    /// What a session of this operator rests on.
    fn ground(&self, operator: &Operator) -> String {
        let credential = operator.credential();
        if operator.via() == Via::Socket {
            return "socket".to_owned();
        }
        if credential.starts_with("token ") {
            return credential.to_owned();
        }
        let session = session_id(credential);
        let session = session.and_then(|id| self.0.store.web_session(id, Timestamp::now()));
        session.map_or_else(|| "user".to_owned(), |session| session.credential.clone())
    }

    /// Whoever sends this cookie, with the rights of this moment; and the session's id.
    #[must_use]
    pub fn by_web_session(
        &self,
        cookie: &str,
        source: Option<SocketAddr>,
    ) -> Option<(Operator, String)> {
        let now = Timestamp::now();
        let digest = CredentialDigest::from_bytes(digest(cookie));
        let session = self.0.store.web_session_by(&digest, now)?;
        let operator = self.of_session(&session, source, now)?;
        if now.duration_since(session.last_used).unsigned_abs() > USE {
            let (store, id) = (self.0.store.clone(), session.id.clone());
            // A use that is not written makes the session no more than a little shorter.
            tokio::spawn(async move { store.write_web(WebChange::Use(id, now)).await });
        }
        Some((operator, session.id.clone()))
    }

    /// The operator of a session that is still there.
    pub(super) fn renew_session(&self, operator: &Operator) -> Option<Option<Operator>> {
        let id = session_id(operator.credential())?;
        let now = Timestamp::now();
        let session = self.0.store.web_session(id, now);
        Some(session.and_then(|session| self.of_session(&session, operator.source(), now)))
    }

    fn of_session(
        &self,
        session: &WebSession,
        source: Option<SocketAddr>,
        now: Timestamp,
    ) -> Option<Operator> {
        let credential = format!("{SESSION}{} by {}", session.id, session.credential);
        let name = session.operator.as_str();
        if session.credential == "socket" {
            let grants = vec![Grant::of(Role::Admin)];
            return Some(Operator::new(name, grants, Via::Web, source, credential));
        }
        if let Some(id) = session.credential.strip_prefix("token ") {
            let record = self.0.store.token(&TokenId::parse(id).ok()?)?;
            let by_token = self.of_token(&record, Via::Web, source, now).ok()?;
            let grants = by_token.grants().to_vec();
            let operator = Operator::new(name, grants, Via::Web, source, credential);
            return Some(match by_token.scope() {
                Some(scope) => operator.within(scope.clone()),
                None => operator,
            });
        }
        let user = self.0.store.user(&UserName::new(name).ok()?)?;
        // A user of the same name that was made later is somebody else.
        (user.created_at <= session.created_at)
            .then(|| operator(&user, Via::Web, source, credential))
    }

    /// All sessions of browsers that are not over.
    #[must_use]
    pub fn web_sessions(&self) -> Vec<std::sync::Arc<WebSession>> {
        self.0.store.web_sessions(Timestamp::now())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store can't be written.
    pub(crate) async fn close_web_session(
        &self,
        id: &str,
        told: crate::store::Change,
    ) -> Result<(), WriteError> {
        self.write(vec![crate::store::Change::Web(WebChange::Close(id.to_owned())), told]).await
    }

    /// Whether anybody was made a user or given a token yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.0.store.users().is_empty() && self.0.store.tokens().is_empty()
    }
}
