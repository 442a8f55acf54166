//! `/api/v1/devices/{name}/channels`, `/api/v1/devices/{name}/session`.

use axum::extract::State;
use axum::http::StatusCode;
use homing_proto::api::DeviceChannel;

use super::Shared;
use super::extract::{Asker, Name, Names, NoParameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

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
    params(("name" = String, Path, description = "The device's name")),
    responses((status = 200, body = Vec<DeviceChannel>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(name): Name,
) -> Result<axum::Json<Vec<DeviceChannel>>, Refusal> {
    Ok(axum::Json(shared.gateway.channels(&name, &operator)?))
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
) -> Result<StatusCode, Refusal> {
    let number = channel.parse().map_err(|_| Refusal::invalid("a channel is a number"))?;
    bounded(shared.gateway.close_channel(&name, number, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
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
) -> Result<StatusCode, Refusal> {
    bounded(shared.gateway.disconnect(&name, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}
