//! `/`: how the fleet stands, and what somebody should look at.

use askama::Template;
use axum::extract::State;
use homing_proto::api::Status;

use crate::web::shell::{Place, Shell, render};
use crate::web::{Console, Page, Visitor};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    shell: Shell,
    status: Status,
}

/// The page.
pub(in crate::web) async fn show(State(console): State<Console>, visitor: Visitor) -> Page {
    let status = console.control.status(&visitor.operator).await?;
    render(&Overview { shell: Shell::new(&visitor, Place::Overview, "Overview"), status })
}
