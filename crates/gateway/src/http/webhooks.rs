//! `/api/v1/webhooks`: where events are sent.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use homing_proto::api::{AddWebhook, IssuedWebhook, Webhook};

use super::Shared;
use super::answer::{Answer, Done, Made, done, made};
use super::cursor;
use super::extract::{Asker, Json, Name, NoParameters, Parameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

/// What webhooks are looked for by.
const KEYS: &[&str] = &[
    "id",
    "url",
    "codes",
    "selector",
    "state",
    "failures",
    "last_error",
    "delivered_at",
    "created_by",
    "created_at",
];

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
    params(
        ("q" = Option<String>, Query, description = "A query: `state:dead url:https://*`; words, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many; the header `link` leads to the next ones", minimum = 1, maximum = 10000),
        ("cursor" = Option<String>, Query, description = "Where the page begins: as the link says"),
    ),
    responses((status = 200, body = Vec<Webhook>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(cursor::PARAMETERS)?;
    let webhooks = bounded(shared.gateway.webhooks(&operator)).await?;
    cursor::listed(&parameters, &uri, KEYS, webhooks, |webhook| webhook.id.clone())
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
) -> Made<IssuedWebhook> {
    let issued = shared.gateway.add_webhook(request, &operator).await?;
    made(issued)
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
) -> Done {
    shared.gateway.remove_webhook(&id, &operator).await?;
    done()
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
) -> Answer<Webhook> {
    Ok(axum::Json(shared.gateway.test_webhook(&id, &operator).await?))
}
