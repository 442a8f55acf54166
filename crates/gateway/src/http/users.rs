//! `/api/v1/users`, `/api/v1/roles`, `/api/v1/whoami`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use homing_proto::access::Grant;
use homing_proto::api::{AddKey, AddUser, IssuedPassword, RoleDescription, User, Whoami};

use super::Shared;
use super::extract::{Asker, Json, Name, Names, Parameters};
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

/// A JSON answer.
type Answer<T> = Result<axum::Json<T>, Refusal>;
/// A JSON answer about something new.
type Made<T> = Result<(StatusCode, axum::Json<T>), Refusal>;
/// Nothing to say but that it is done.
type Gone = Result<StatusCode, Refusal>;

pub(super) fn routes<G: Operate>() -> Router<Shared<G>> {
    Router::new()
        .route("/api/v1/users", get(list::<G>).post(add::<G>))
        .route("/api/v1/users/{name}", get(show::<G>).delete(remove::<G>))
        .route("/api/v1/users/{name}/keys", post(add_key::<G>))
        .route("/api/v1/users/{name}/keys/{fingerprint}", delete(remove_key::<G>))
        .route("/api/v1/users/{name}/grants", post(grant::<G>))
        .route("/api/v1/users/{name}/grants/{number}", delete(revoke::<G>))
        .route("/api/v1/users/{name}/password", post(password::<G>))
        .route("/api/v1/roles", get(roles::<G>))
        .route("/api/v1/whoami", get(whoami::<G>))
}

pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Answer<Vec<User>> {
    parameters.only(&[])?;
    bounded(shared.gateway.accounts()?.users(&operator)).await.map(axum::Json)
}

pub(super) async fn add<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Json(request): Json<AddUser>,
) -> Made<User> {
    let user = bounded(shared.gateway.accounts()?.add_user(request, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(user)))
}

pub(super) async fn show<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
) -> Answer<User> {
    bounded(shared.gateway.accounts()?.user(&name, &operator)).await.map(axum::Json)
}

pub(super) async fn remove<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
) -> Gone {
    bounded(shared.gateway.accounts()?.remove_user(&name, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn add_key<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    Json(request): Json<AddKey>,
) -> Made<User> {
    let user = bounded(shared.gateway.accounts()?.add_key(&name, request, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(user)))
}

pub(super) async fn remove_key<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Names(name, fingerprint): Names,
) -> Gone {
    let accounts = shared.gateway.accounts()?;
    bounded(accounts.remove_key(&name, &fingerprint, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn grant<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
    Json(grant): Json<Grant>,
) -> Made<User> {
    let user = bounded(shared.gateway.accounts()?.grant(&name, grant, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(user)))
}

pub(super) async fn revoke<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Names(name, number): Names,
) -> Gone {
    let number = number
        .parse()
        .map_err(|_| Refusal::invalid(format!("{number:?}: expected the number of a grant")))?;
    bounded(shared.gateway.accounts()?.revoke(&name, number, &operator)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn password<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(name): Name,
) -> Made<IssuedPassword> {
    let issued = bounded(shared.gateway.accounts()?.one_time_password(&name, &operator)).await?;
    Ok((StatusCode::CREATED, axum::Json(issued)))
}

pub(super) async fn roles<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(_): Asker,
    parameters: Parameters,
) -> Answer<Vec<RoleDescription>> {
    parameters.only(&[])?;
    Ok(axum::Json(shared.gateway.accounts()?.roles()))
}

pub(super) async fn whoami<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
) -> Answer<Whoami> {
    parameters.only(&[])?;
    Ok(axum::Json(shared.gateway.accounts()?.whoami(&operator)))
}
