//! What handlers answer when they do not refuse.

use axum::Json;
use axum::http::StatusCode;

use super::refusal::Refusal;

/// Something, as JSON.
pub(super) type Answer<T> = Result<Json<T>, Refusal>;
/// Something new, as JSON.
pub(super) type Made<T> = Result<(StatusCode, Json<T>), Refusal>;
/// Nothing but that it is done.
pub(super) type Done = Result<StatusCode, Refusal>;

/// Answers with something new: 201.
pub(super) fn made<T>(new: T) -> Made<T> {
    Ok((StatusCode::CREATED, Json(new)))
}

/// Answers that it is done: 204.
pub(super) fn done() -> Done {
    Ok(StatusCode::NO_CONTENT)
}
