//! `/api/v1/webhooks`: where events are sent.

use axum::extract::State;
use axum::http::StatusCode;
use homing_proto::api::{AddWebhook, IssuedWebhook, Webhook};

use super::Shared;
use super::extract::{Asker, Json, Name, NoParameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

pub(super) fn routes<G: Operate>(routes: Routes<Shared<G>>) -> Routes<Shared<G>> {
    routes
        .add(__path_list, list::<G>)
        .add(__path_add, add::<G>)
        .add(__path_remove, remove::<G>)
        .add(__path_test, test::<G>)
}

/// The webhooks, and how each fares.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    tag = "events",
    responses((status = 200, body = Vec<Webhook>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
) -> Result<axum::Json<Vec<Webhook>>, Refusal> {
    bounded(shared.gateway.webhooks(&operator)).await.map(axum::Json)
}

/// Adds a webhook; its secret is shown this once.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks",
    tag = "events",
    request_body = AddWebhook,
    responses((status = 201, body = IssuedWebhook))
)]
pub(super) async fn add<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(request): Json<AddWebhook>,
) -> Result<(StatusCode, axum::Json<IssuedWebhook>), Refusal> {
    let issued = bounded(shared.gateway.add_webhook(request, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(issued)))
}

/// Takes a webhook away.
#[utoipa::path(
    delete,
    path = "/api/v1/webhooks/{id}",
    tag = "events",
    params(("id" = String, Path, description = "Its name, as the list shows it")),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(id): Name,
    _: NoParameters,
) -> Result<StatusCode, Refusal> {
    bounded(shared.gateway.remove_webhook(&id, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delivers a trial event at once, and sets a dead webhook going again.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/test",
    tag = "events",
    params(("id" = String, Path, description = "Its name, as the list shows it")),
    responses((status = 200, body = Webhook))
)]
pub(super) async fn test<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(id): Name,
    _: NoParameters,
) -> Result<axum::Json<Webhook>, Refusal> {
    bounded(shared.gateway.test_webhook(&id, &operator)).await.map(axum::Json)
}
