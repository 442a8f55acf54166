//! `/api/v1/tokens`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use homing_proto::api::{CreateToken, IssuedToken, Token};

use super::Shared;
use super::extract::{Asker, Json, Name, Parameters};
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

pub(super) fn routes<G: Operate>() -> Router<Shared<G>> {
    Router::new()
        .route("/api/v1/tokens", get(list::<G>).post(create::<G>))
        .route("/api/v1/tokens/{id}", delete(revoke::<G>))
}

pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Result<axum::Json<Vec<Token>>, Refusal> {
    parameters.only(&[])?;
    bounded(shared.gateway.accounts()?.tokens(&operator)).await.map(axum::Json)
}

pub(super) async fn create<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Json(request): Json<CreateToken>,
) -> Result<(StatusCode, axum::Json<IssuedToken>), Refusal> {
    let issued = bounded(shared.gateway.accounts()?.create_token(request, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(issued)))
}

pub(super) async fn revoke<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(id): Name,
) -> Result<StatusCode, Refusal> {
    bounded(shared.gateway.accounts()?.revoke_token(&id, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}
