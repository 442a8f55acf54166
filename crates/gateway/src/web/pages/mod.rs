//! The pages: a module and a template each.

mod first;
mod login;
mod overview;

use axum::Router;
use axum::routing::{get, post};

use super::Console;

/// All of them. A page that is added stands here, and in the navigation of [`super::shell`] if it belongs there.
pub(super) fn router() -> Router<Console> {
    Router::new()
        .route("/", get(overview::show))
        .route("/login", get(login::show).post(login::knock))
        .route("/logout", post(login::leave))
        .route("/theme", post(login::theme))
        .route("/first", get(first::show).post(first::make))
}
