//! `/api/v1/users`, `/api/v1/roles`, `/api/v1/whoami`.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use homing_proto::access::Grant;
use homing_proto::api::{AddKey, AddUser, IssuedPassword, RoleDescription, User, Whoami};

use super::Shared;
use super::answer::{Answer, Done, Made, done, made};
use super::cursor;
use super::extract::{Asker, Json, Name, Names, NoParameters, Parameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

/// What users are looked for by.
const KEYS: &[&str] = &[
    "name",
    "fingerprint",
    "comment",
    "added_at",
    "last_used",
    "role",
    "selector",
    "expires_at",
    "in_force",
    "granted_by",
    "tokens",
    "created_at",
];

pub(super) fn routes<G: Operate>(routes: Routes<Shared<G>>) -> Routes<Shared<G>> {
    routes
        .add(__path_list, list::<G>)
        .add(__path_add, add::<G>)
        .add(__path_show, show::<G>)
        .add(__path_remove, remove::<G>)
        .add(__path_add_key, add_key::<G>)
        .add(__path_remove_key, remove_key::<G>)
        .add(__path_grant, grant::<G>)
        .add(__path_revoke, revoke::<G>)
        .add(__path_password, password::<G>)
        .add(__path_roles, roles)
        .add(__path_whoami, whoami::<G>)
}

/// All users.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "access",
    params(
        ("q" = Option<String>, Query, description = "A query: `name:j* role:admin last_used:>90d`; words, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many; the header `link` leads to the next ones", minimum = 1, maximum = 10000),
        ("cursor" = Option<String>, Query, description = "Where the page begins: as the link says"),
    ),
    responses((status = 200, body = Vec<User>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(cursor::PARAMETERS)?;
    let users = bounded(shared.gateway.accounts()?.users(&operator)).await?;
    cursor::listed(&parameters, &uri, KEYS, users, |user| user.name.to_string())
}

/// Adds a user, with a first grant if a role is given.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "access",
    request_body = AddUser,
    responses((status = 201, body = User))
)]
pub(super) async fn add<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(request): Json<AddUser>,
) -> Made<User> {
    let user = shared.gateway.accounts()?.add_user(request, &operator).await?;
    made(user)
}

/// One user.
#[utoipa::path(
    get,
    path = "/api/v1/users/{name}",
    tag = "access",
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 200, body = User))
)]
pub(super) async fn show<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(name): Name,
) -> Answer<User> {
    bounded(shared.gateway.accounts()?.user(&name, &operator)).await.map(axum::Json)
}

/// Removes a user, with keys, grants and tokens.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{name}",
    tag = "access",
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(name): Name,
) -> Done {
    shared.gateway.accounts()?.remove_user(&name, &operator).await?;
    done()
}

/// Gives a user a key more to log in with.
#[utoipa::path(
    post,
    path = "/api/v1/users/{name}/keys",
    tag = "access",
    params(("name" = String, Path, description = "The user's name")),
    request_body = AddKey,
    responses((status = 201, body = User))
)]
pub(super) async fn add_key<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(name): Name,
    Json(request): Json<AddKey>,
) -> Made<User> {
    let user = shared.gateway.accounts()?.add_key(&name, request, &operator).await?;
    made(user)
}

/// Takes a key from a user.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{name}/keys/{fingerprint}",
    tag = "access",
    params(("name" = String, Path, description = "The user's name"), ("fingerprint" = String, Path, description = "The key's fingerprint, percent-encoded")),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_key<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Names(name, fingerprint): Names,
) -> Done {
    let accounts = shared.gateway.accounts()?;
    accounts.remove_key(&name, &fingerprint, &operator).await?;
    done()
}

/// Grants a user a role on some devices.
#[utoipa::path(
    post,
    path = "/api/v1/users/{name}/grants",
    tag = "access",
    params(("name" = String, Path, description = "The user's name")),
    request_body = Grant,
    responses((status = 201, body = User))
)]
pub(super) async fn grant<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(name): Name,
    Json(grant): Json<Grant>,
) -> Made<User> {
    let user = shared.gateway.accounts()?.grant(&name, grant, &operator).await?;
    made(user)
}

/// Revokes a grant.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{name}/grants/{number}",
    tag = "access",
    params(("name" = String, Path, description = "The user's name"), ("number" = u32, Path, description = "The grant's number")),
    responses((status = 204, description = "Revoked"))
)]
pub(super) async fn revoke<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Names(name, number): Names,
) -> Done {
    let number = number
        .parse()
        .map_err(|_| Refusal::invalid(format!("{number:?}: expected the number of a grant")))?;
    shared.gateway.accounts()?.revoke(&name, number, &operator).await?;
    done()
}

/// Makes a one-time password, shown this once.
#[utoipa::path(
    post,
    path = "/api/v1/users/{name}/password",
    tag = "access",
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 201, body = IssuedPassword))
)]
pub(super) async fn password<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Name(name): Name,
) -> Made<IssuedPassword> {
    let issued = shared.gateway.accounts()?.one_time_password(&name, &operator).await?;
    made(issued)
}

/// The roles, and what each gives.
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    tag = "access",
    responses((status = 200, body = Vec<RoleDescription>))
)]
pub(super) async fn roles(_: Asker, _: NoParameters) -> Answer<Vec<RoleDescription>> {
    Ok(axum::Json(RoleDescription::all()))
}

/// Who asks, as the gateway knows it.
#[utoipa::path(
    get,
    path = "/api/v1/whoami",
    tag = "access",
    responses((status = 200, body = Whoami))
)]
pub(super) async fn whoami<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
) -> Answer<Whoami> {
    let renewed = shared.gateway.accounts().map(|accounts| accounts.whoami(&operator));
    Ok(axum::Json(renewed.unwrap_or_else(|_| Whoami::of(&operator))))
}
