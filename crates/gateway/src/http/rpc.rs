//! `POST /api/v1/devices/{name}/rpc`: one RPC, its reply streamed.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use homing_proto::api::OUTCOME_TRAILER;

use super::Shared;
use super::extract::{Asker, Name, Parameters, expect_type, read};
use super::form::ReplyForm;
use super::operate::Operate;
use super::refusal::Refusal;
use super::reply_body::{ReplyBody, Tells};

/// Largest operation.
const OPERATION_LIMIT: usize = 16 * 1024 * 1024;
/// How long a device may take when nothing else is asked for.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest time that may be asked for.
const LONGEST_TIMEOUT: f64 = 86_400.0;

/// Runs one RPC on a device; the reply is sent on as it comes.
///
/// With `accept: application/json` or `text/plain` a Junos device is asked for that form, if the operation only looks; 406 says
/// when it is not possible, and a device's error is the problem `rpc-error` then.
///
/// Whether it became whole is told in the trailer `homing-outcome` (an `Outcome`) to a client that sends `te: trailers`; to any
/// other by a body that breaks off. With `outcome=body` it follows the reply instead, behind a NUL: for browsers, whose scripts see no trailers.
#[utoipa::path(
    post,
    path = "/api/v1/devices/{name}/rpc",
    tag = "devices",
    params(
        ("name" = String, Path, description = "The device's name; a pending one's device-id or fingerprint"),
        ("timeout" = Option<f64>, Query, description = "Seconds that the device may take, at most 86400 [default: 60]"),
        ("outcome" = Option<String>, Query, description = "`body`: a NUL and the `Outcome` as JSON come after the reply"),
    ),
    request_body(content = String, content_type = "application/xml", description = "The XML inside `<rpc>`"),
    responses((
        status = 200,
        description = "The `<rpc-reply>`; of a `get-…` or `show` command of Junos also what it says in JSON, or what it would have printed",
        content((String = "application/xml"), (String = "application/json"), (String = "text/plain"))
    ))
)]
pub(super) async fn run<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Refusal> {
    parameters.only(&["timeout", "outcome"])?;
    let timeout = timeout(&parameters)?;
    expect_type(request.headers(), &["application/xml", "text/xml"])?;
    let form = ReplyForm::asked(request.headers())?;
    let tells = tells(&parameters, request.headers())?;
    // Whoever may not even look at the device has none of its request read.
    shared.gateway.may_ask(&name, &operator)?;
    let length = declared(request.headers());
    let _room = shared.bodies.enter(length, OPERATION_LIMIT).await?;
    let operation = read(request.into_body(), OPERATION_LIMIT).await?;
    if operation.trim_ascii().is_empty() {
        return Err(Refusal::invalid("the request is empty: expected the XML inside <rpc>"));
    }
    let operation = form.ask_for(operation)?;
    let reply = shared.gateway.rpc(&name, operation, timeout, &operator).await?;
    let body = ReplyBody::begin(reply, form, tells).await.map_err(Refusal)?;
    let head = [(header::CONTENT_TYPE, form.kind()), (header::TRAILER, OUTCOME_TRAILER)];
    Ok((head, Body::new(body)).into_response())
}

/// How long the body is said to be; HTTP takes no more than that.
fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn timeout(parameters: &Parameters) -> Result<Duration, Refusal> {
    let expected = "seconds, more than 0 and at most 86400";
    match parameters.read::<f64>("timeout", expected)? {
        None => Ok(DEFAULT_TIMEOUT),
        Some(seconds) if seconds > 0.0 && seconds <= LONGEST_TIMEOUT => {
            Ok(Duration::from_secs_f64(seconds))
        }
        Some(seconds) => Err(Refusal::invalid(format!("timeout={seconds}: expected {expected}"))),
    }
}

fn tells(parameters: &Parameters, headers: &HeaderMap) -> Result<Tells, Refusal> {
    match parameters.last("outcome") {
        Some("body") => Ok(Tells::InBody),
        Some(_) => Err(Refusal::invalid("outcome: expected body")),
        None if takes_trailers(headers) => Ok(Tells::Trailer),
        None => Ok(Tells::Breaking),
    }
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::TE).iter().filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(','));
    codings.any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}
