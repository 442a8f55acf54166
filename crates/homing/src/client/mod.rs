//! HTTP/1.1 to the gateway, over its Unix socket or TLS: one connection a request, a deadline on every wait.
//!
//! ```text
//!   connect ─────────▶ request ──deadline──▶ head ──▶ JSON, or pieces of a stream, each with a deadline
//!      │                │                   │
//!      ▼ 10             ▼ 10 or 7           ▼ problem+json: status by its code (exit.rs)
//! ```

mod connect;
mod path;
mod reach;
mod stream;
mod token;
mod trust;
mod url;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use homing_proto::api::Problem;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::exit::Exit;
use crate::failure::Failure;
pub(crate) use path::Target;
pub(crate) use reach::{Reach, Remote, Told};
pub(crate) use stream::{Lines, Piece, Pieces};
pub(crate) use token::Token;
pub(crate) use url::Url;

/// How long an answer that is not streamed may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the gateway may take for what reads all that is stored.
const SLOW_TIMEOUT: Duration = Duration::from_secs(600);
/// Largest answer that is held whole: a list of a hundred thousand devices fits.
const ANSWER_LIMIT: usize = 256 * 1024 * 1024;
/// Largest problem.
const PROBLEM_LIMIT: usize = 64 * 1024;
/// Rows of a list that are asked for at once.
const PAGE: &str = "1000";

/// The gateway, seen from the command line.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    reach: Reach,
}

impl Client {
    /// The gateway that is meant: as told, else as the environment says, else the context in use, else this machine's.
    ///
    /// # Errors
    /// What is said contradicts itself, or names what is not there.
    pub(crate) fn find(told: &Told) -> Result<Client, Failure> {
        Reach::find(told).map(|reach| Client { reach })
    }

    /// A gateway somewhere else.
    pub(crate) fn of(remote: Remote) -> Client {
        Client { reach: Reach::Web(Arc::new(remote)) }
    }

    /// The host that it is asked at; none: this machine, by its socket.
    pub(crate) fn host(&self) -> Option<&str> {
        match &self.reach {
            Reach::Socket(_) => None,
            Reach::Web(remote) => Some(&remote.url.host),
        }
    }

    /// The URL under which it is asked; none: by its socket.
    pub(crate) fn url(&self) -> Option<String> {
        match &self.reach {
            Reach::Socket(_) => None,
            Reach::Web(remote) => Some(remote.url.to_string()),
        }
    }

    /// Reads an object.
    ///
    /// # Errors
    /// The gateway's problem, or its silence.
    pub(crate) async fn get<T: DeserializeOwned>(&self, target: &Target) -> Result<T, Failure> {
        let request = self.request(Method::GET, target, None)?;
        object(self.open(request, ANSWER_TIMEOUT).await?).await
    }

    /// Reads a whole list, page by page.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        target: &Target,
    ) -> Result<Vec<T>, Failure> {
        let mut target = target.clone().query("limit", PAGE);
        let mut list = Vec::new();
        loop {
            let request = self.request(Method::GET, &target, None)?;
            let response = self.open(request, ANSWER_TIMEOUT).await?;
            let next = next_page(response.headers());
            let page: Vec<T> = object(response).await?;
            let was_empty = page.is_empty();
            list.extend(page);
            match next {
                Some(next) if !was_empty => target = next,
                _ => return Ok(list),
            }
        }
    }

    /// Reads an object that takes the gateway long to make.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn get_slow<T: DeserializeOwned>(
        &self,
        target: &Target,
    ) -> Result<T, Failure> {
        let request = self.request(Method::GET, target, None)?;
        object(self.open(request, SLOW_TIMEOUT).await?).await
    }

    /// Reads an answer piece by piece; none may come later than `patience`.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn pieces(
        &self,
        target: &Target,
        patience: Duration,
    ) -> Result<Pieces, Failure> {
        self.ask(Method::GET, target, None, None, patience).await
    }

    /// Sends an object and reads the answer.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn send<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        target: &Target,
        body: &B,
    ) -> Result<T, Failure> {
        let request = self.request(method, target, Some(json(body)?))?;
        object(self.open(request, ANSWER_TIMEOUT).await?).await
    }

    /// Deletes; there is no answer but success.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn delete(&self, target: &Target) -> Result<(), Failure> {
        let request = self.request(Method::DELETE, target, None)?;
        self.open(request, ANSWER_TIMEOUT).await.map(drop)
    }

    /// Sends XML and hands out the answer piece by piece; none may come later than `patience`.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn post_xml(
        &self,
        target: &Target,
        xml: String,
        patience: Duration,
    ) -> Result<Pieces, Failure> {
        let body = Some(("application/xml", Bytes::from(xml)));
        let request = self.request(Method::POST, target, body)?;
        Ok(Pieces::new(self.open(request, patience).await?.into_body(), patience))
    }

    /// Reads lines as they come; the gateway lets no `patience` pass without one.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn lines(
        &self,
        target: &Target,
        patience: Duration,
    ) -> Result<Lines, Failure> {
        let request = self.request(Method::GET, target, None)?;
        let body = self.open(request, patience).await?.into_body();
        Ok(Lines::new(Pieces::new(body, patience)))
    }

    /// Asks anything, and hands out the answer piece by piece.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) async fn ask(
        &self,
        method: Method,
        target: &Target,
        body: Option<(&str, Bytes)>,
        header: Option<(header::HeaderName, &str)>,
        patience: Duration,
    ) -> Result<Pieces, Failure> {
        let mut request = self.request(method, target, body)?;
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().map_err(|e| unaskable(&e))?);
        }
        Ok(Pieces::new(self.open(request, patience).await?.into_body(), patience))
    }

    /// Sends the request and waits for a successful head.
    async fn open(
        &self,
        request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<Response<Incoming>, Failure> {
        let is_read = request.method() == Method::GET;
        let stream = self.reach.connect().await?;
        let lost = |reason: &dyn std::fmt::Display| self.lost(is_read, reason);
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(&e))?;
        tokio::spawn(connection);
        let response = match timeout(patience, sender.send_request(request)).await {
            Ok(response) => response.map_err(|e| lost(&e))?,
            Err(_) => return Err(lost(&format_args!("no answer in {patience:?}"))),
        };
        match response.status().is_success() {
            true => Ok(response),
            false => Err(self.explain(refusal(response).await)),
        }
    }

    fn request(
        &self,
        method: Method,
        target: &Target,
        body: Option<(&str, Bytes)>,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let mut builder = Request::builder()
            .method(method)
            .uri(target.as_str())
            .header(header::HOST, self.reach.host())
            .header(header::TE, "trailers")
            .header(header::USER_AGENT, concat!("homing/", env!("CARGO_PKG_VERSION")));
        if let Some((kind, _)) = &body {
            builder = builder.header(header::CONTENT_TYPE, *kind);
        }
        if let Some(token) = self.reach.token() {
            let value = format!("Bearer {}", token.expose());
            let mut value = HeaderValue::try_from(value).map_err(|e| unaskable(&e))?;
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        let body = Full::new(body.map(|(_, bytes)| bytes).unwrap_or_default());
        builder.body(body).map_err(|e| unaskable(&e))
    }

    /// Adds what a person can do about a token that is not taken.
    fn explain(&self, failure: Failure) -> Failure {
        match (&self.reach, failure.code.as_ref()) {
            (Reach::Web(remote), "unknown-token" | "not-logged-in" | "token-expired") => {
                failure.hint(format!("homing login {}", remote.url))
            }
            _ => failure,
        }
    }

    /// The connection broke: a question may be asked again, an order may have been carried out.
    fn lost(&self, is_read: bool, reason: &dyn std::fmt::Display) -> Failure {
        let at = &self.reach;
        let message = format!("the gateway at {at} was lost before it answered: {reason}");
        match is_read {
            true => Failure::new(Exit::Unreachable, "gateway-lost", message).hint("homing status"),
            false => Failure::new(Exit::OutcomeUnknown, "outcome-unknown", message)
                .hint("it may have been carried out: look before you repeat it"),
        }
    }
}

/// Where `Link: <…>; rel="next"` leads, if that is a list of the API.
fn next_page(headers: &header::HeaderMap) -> Option<Target> {
    let link = headers.get(header::LINK)?.to_str().ok()?;
    let (target, relation) = link.strip_prefix('<')?.split_once('>')?;
    let is_next = relation.contains("rel=\"next\"") && target.starts_with("/api/");
    is_next.then(|| Target::raw(target).ok()).flatten()
}

fn unaskable(reason: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("this cannot be asked: {reason}"))
}

fn json<B: Serialize>(body: &B) -> Result<(&'static str, Bytes), Failure> {
    match serde_json::to_vec(body) {
        Ok(json) => Ok(("application/json", Bytes::from(json))),
        Err(error) => Err(unaskable(&error)),
    }
}

async fn object<T: DeserializeOwned>(response: Response<Incoming>) -> Result<T, Failure> {
    let bytes = held(response, ANSWER_LIMIT).await.map_err(|reason| foreign(&reason))?;
    serde_json::from_slice(&bytes).map_err(|error| foreign(&error.to_string()))
}

/// What a gateway of another version, or something else at the socket, makes us say.
fn foreign(reason: &str) -> Failure {
    let message = format!("the gateway's answer is not what this homing expects: {reason}");
    Failure::new(Exit::Failed, "foreign-answer", message)
        .hint("compare `homing version` with the gateway's version in `homing status`")
}

async fn held(response: Response<Incoming>, limit: usize) -> Result<Bytes, String> {
    let body = Limited::new(response.into_body(), limit).collect();
    match timeout(ANSWER_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("not whole after {ANSWER_TIMEOUT:?}")),
    }
}

/// Reads the problem of an unsuccessful answer.
async fn refusal(response: Response<Incoming>) -> Failure {
    let status = response.status();
    let body = held(response, PROBLEM_LIMIT).await.unwrap_or_default();
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => of_problem(&problem),
        Err(_) => foreign(&format!("status {status} without a problem description")),
    }
}

/// A problem of the API as a failure of the command.
pub(crate) fn of_problem(problem: &Problem) -> Failure {
    let exit = Exit::of_problem(&problem.code, problem.status);
    let failure = Failure::new(exit, problem.code.clone(), problem.title.clone());
    match &problem.hint {
        Some(hint) => failure.hint(hint.clone()),
        None => failure,
    }
}
