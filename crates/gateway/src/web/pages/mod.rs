//! The pages: a module and a template each.

mod access;
mod audit;
mod columns;
mod device;
mod devices;
mod enroll;
mod events;
mod first;
mod login;
mod overview;
mod pending;
mod words;

use axum::Router;
use axum::routing::{get, post};

use device::page_of as link;

use super::Console;

/// All of them. A page that is added stands here, and in the navigation of [`super::shell`] if it belongs there.
pub(super) fn router() -> Router<Console> {
    enroll::routes(device::routes(Router::new()))
        .route("/", get(overview::show))
        .route("/devices", get(devices::show))
        .route("/devices.csv", get(devices::csv))
        .route("/devices/words", get(words::show))
        .route("/devices/views", post(devices::view))
        .route("/events", get(events::show))
        .route("/login", get(login::show).post(login::knock))
        .route("/logout", post(login::leave))
        .route("/theme", post(login::theme))
        .route("/first", get(first::show).post(first::make))
        .route("/pending", get(pending::show).post(pending::decide))
        .route("/audit", get(audit::show))
        .route("/audit/recordings/{id}", get(audit::replay))
        .route("/access", get(access::show).post(access::act))
}
