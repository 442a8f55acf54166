//! `/api/v1/tokens`.

use axum::extract::State;
use axum::http::StatusCode;
use homing_proto::api::{CreateToken, IssuedToken, Token};

use super::Shared;
use super::extract::{Asker, Json, Name, NoParameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

pub(super) fn routes<G: Operate>(routes: Routes<Shared<G>>) -> Routes<Shared<G>> {
    routes
        .add(__path_list, list::<G>)
        .add(__path_create, create::<G>)
        .add(__path_revoke, revoke::<G>)
}

/// The tokens: all of them to who administers the gateway, to others their own.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "access",
    responses((status = 200, body = Vec<Token>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
) -> Result<axum::Json<Vec<Token>>, Refusal> {
    bounded(shared.gateway.accounts()?.tokens(&operator)).await.map(axum::Json)
}

/// Makes a token, shown this once.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    tag = "access",
    request_body = CreateToken,
    responses((status = 201, body = IssuedToken))
)]
pub(super) async fn create<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(request): Json<CreateToken>,
) -> Result<(StatusCode, axum::Json<IssuedToken>), Refusal> {
    let issued = bounded(shared.gateway.accounts()?.create_token(request, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(issued)))
}

/// Revokes a token.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{id}",
    tag = "access",
    params(("id" = String, Path, description = "Its first characters, as the list shows them")),
    responses((status = 204, description = "Revoked"))
)]
pub(super) async fn revoke<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(id): Name,
) -> Result<StatusCode, Refusal> {
    bounded(shared.gateway.accounts()?.revoke_token(&id, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}
