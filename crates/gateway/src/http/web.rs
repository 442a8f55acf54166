//! `/api/v1/web`: links to the console, and the browsers that are logged in.

use axum::extract::State;
use homing_proto::api::{MakeWebLink, WebLink, WebSession};

use super::Shared;
use super::answer::{Answer, Done, Made, done, made};
use super::extract::{Asker, Json, Name, NoParameters};
use super::openapi::Routes;
use super::operate::Operate;
use crate::control::ControlError;
use crate::web::Console;

pub(super) fn routes<G: Operate>(routes: Routes<Shared<G>>) -> Routes<Shared<G>> {
    routes.add(__path_link, link::<G>).add(__path_sessions, sessions::<G>).add(__path_end, end::<G>)
}

fn console<G: Operate>(shared: &Shared<G>) -> Result<Console, ControlError> {
    shared.gateway.console().ok_or(ControlError::Stopping)
}

/// Makes a link that logs whoever asks in to the web console, once; an admin may make one for a user.
#[utoipa::path(
    post,
    path = "/api/v1/web/links",
    tag = "access",
    request_body = MakeWebLink,
    responses((status = 201, body = WebLink))
)]
pub(super) async fn link<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
    Json(request): Json<MakeWebLink>,
) -> Made<WebLink> {
    let control = console(&shared)?.control;
    let link = match &request.user {
        Some(user) => control.web_link_of(user, &operator)?,
        None => control.web_link(&operator)?,
    };
    made(link)
}

/// The browsers that are logged in: one's own; an admin sees all.
#[utoipa::path(
    get,
    path = "/api/v1/web/sessions",
    tag = "access",
    responses((status = 200, body = Vec<WebSession>))
)]
pub(super) async fn sessions<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    _: NoParameters,
) -> Answer<Vec<WebSession>> {
    Ok(axum::Json(console(&shared)?.control.web_sessions(&operator)))
}

/// Logs a browser out.
#[utoipa::path(
    delete,
    path = "/api/v1/web/sessions/{id}",
    tag = "access",
    params(("id" = String, Path, description = "As the list shows it")),
    responses((status = 204, description = "Ended"))
)]
pub(super) async fn end<G: Operate>(
    State(shared): State<Shared<G>>,
    Asker(operator): Asker,
    Name(id): Name,
    _: NoParameters,
) -> Done {
    let control = console(&shared)?.control;
    control.end_web_session(&id, &operator).await?;
    done()
}
