//! `/api/v1/tokens`.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use homing_proto::api::{CreateToken, IssuedToken, Token};

use super::Shared;
use super::answer::{Done, Made, done, made};
use super::cursor;
use super::extract::{Asker, Json, Name, NoParameters, Parameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

/// What tokens are looked for by.
const KEYS: &[&str] = &[
    "id",
    "user",
    "name",
    "role",
    "selector",
    "expires_at",
    "in_force",
    "created_by",
    "created_at",
    "last_used",
];

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
    params(
        ("q" = Option<String>, Query, description = "A query: `user:jane role:viewer last_used:>30d in_force:true`; words, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many; the header `link` leads to the next ones", minimum = 1, maximum = 10000),
        ("cursor" = Option<String>, Query, description = "Where the page begins: as the link says"),
    ),
    responses((status = 200, body = Vec<Token>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(cursor::PARAMETERS)?;
    let tokens = bounded(shared.gateway.accounts()?.tokens(&operator)).await?;
    cursor::listed(&parameters, &uri, KEYS, tokens, |token| token.id.to_string())
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
) -> Made<IssuedToken> {
    let issued = shared.gateway.accounts()?.create_token(request, &operator).await?;
    made(issued)
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
) -> Done {
    shared.gateway.accounts()?.revoke_token(&id, &operator).await?;
    done()
}
