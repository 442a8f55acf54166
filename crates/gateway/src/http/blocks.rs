//! `/api/v1/blocks`: what operators shut out.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use homing_proto::api::{AddBlock, Block};

use super::Shared;
use super::answer::{Done, Made, done, made};
use super::cursor;
use super::extract::{Asker, Json, Name, NoParameters, Parameters};
use super::openapi::Routes;
use super::operate::Operate;
use super::refusal::{Refusal, bounded};

/// What blocks are looked for by.
const KEYS: &[&str] = &["subject", "kind", "device_id", "by", "at"];

pub(super) fn routes<G: Operate>(routes: Routes<Shared<G>>) -> Routes<Shared<G>> {
    routes.add(__path_list, list::<G>).add(__path_add, add::<G>).add(__path_remove, remove::<G>)
}

/// Keys that were turned down, and addresses from which only enrolled devices are taken in; newest first.
#[utoipa::path(
    get,
    path = "/api/v1/blocks",
    tag = "devices",
    params(
        ("q" = Option<String>, Query, description = "A query: `kind:source by:jane`; words, `-` for not"),
        ("limit" = Option<u32>, Query, description = "At most so many; the header `link` leads to the next ones", minimum = 1, maximum = 10000),
        ("cursor" = Option<String>, Query, description = "Where the page begins: as the link says"),
    ),
    responses((status = 200, body = Vec<Block>))
)]
pub(super) async fn list<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    parameters: Parameters,
    uri: Uri,
) -> Result<Response, Refusal> {
    parameters.only(cursor::PARAMETERS)?;
    let blocks = bounded(shared.gateway.blocks(&operator)).await?;
    cursor::listed(&parameters, &uri, KEYS, blocks, |block| block.subject.clone())
}

/// Blocks an address: strangers from there are refused before any key exchange, enrolled devices come in.
///
/// A key is blocked by rejecting it; `block` in that request blocks its address too.
#[utoipa::path(
    post,
    path = "/api/v1/blocks",
    tag = "devices",
    request_body = AddBlock,
    responses((status = 201, body = Block))
)]
pub(super) async fn add<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(request): Json<AddBlock>,
) -> Made<Block> {
    let block = shared.gateway.block(request, &operator).await?;
    made(block)
}

/// Ends a block, of a key by its fingerprint or of an address.
#[utoipa::path(
    delete,
    path = "/api/v1/blocks/{subject}",
    tag = "devices",
    params(("subject" = String, Path, description = "The fingerprint, or the address")),
    responses((status = 204))
)]
pub(super) async fn remove<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(subject): Name,
    _: NoParameters,
) -> Done {
    shared.gateway.unblock(&subject, &operator).await?;
    done()
}
