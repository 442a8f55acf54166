//! `/api/v1/devices/{name}/channels`, `/api/v1/devices/{name}/session`.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use homing_proto::api::DeviceChannel;

use super::Shared;
use super::answer::{Done, done};
use super::cursor;
use super::extract::{Asker, Name, Names, NoParameters, Parameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::Refusal;

/// What channels are looked for by.
const KEYS: &[&str] =
    &["channel", "operator", "via", "source", "purpose", "terminal", "since", "waiting"];

pub(super) fn routes<G: Operate>(routes: Routes<Shared<G>>) -> Routes<Shared<G>> {
    routes
        .add(__path_list, list::<G>)
        .add(__path_close, close::<G>)
        .add(__path_disconnect, disconnect::<G>)
}

/// Who is on a device by the front door.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{name}/channels",
    tag = "devices",
    params(
        ("name" = String, Path, description = "The device's name"),
        ("q" = Option<String>, Query, description = "A query: `operator:jane purpose:exec* since:>1h`; words, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many; the header `link` leads to the next ones", minimum = 1, maximum = 10000),
        ("cursor" = Option<String>, Query, description = "Where the page begins: as the link says"),
    ),
    responses((status = 200, body = Vec<DeviceChannel>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
    Name(name): Name,
) -> Result<Response, Refusal> {
    parameters.only(cursor::PARAMETERS)?;
    let channels = shared.gateway.channels(&name, &operator)?;
    cursor::listed(&parameters, &uri, KEYS, channels, |open| format!("{:020}", open.channel))
}

/// Closes one operator's channel on a device.
#[utoipa::path(
    delete,
    path = "/api/v1/devices/{name}/channels/{channel}",
    tag = "devices",
    params(
        ("name" = String, Path, description = "The device's name"),
        ("channel" = u64, Path, description = "The channel's number")
    ),
    responses((status = 204, description = "Closed"))
)]
pub(super) async fn close<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Names(name, channel): Names,
) -> Done {
    let number = channel.parse().map_err(|_| Refusal::invalid("a channel is a number"))?;
    shared.gateway.close_channel(&name, number, &operator).await?;
    done()
}

/// Ends a device's connection; it will dial again.
#[utoipa::path(
    delete,
    path = "/api/v1/devices/{name}/session",
    tag = "devices",
    params(("name" = String, Path, description = "The device's name")),
    responses((status = 204, description = "Ended"))
)]
pub(super) async fn disconnect<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(name): Name,
) -> Done {
    shared.gateway.disconnect(&name, &operator).await?;
    done()
}
