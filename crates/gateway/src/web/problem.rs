//! Why a page is not shown, as a page.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::shell::{Html, Theme, render};
use crate::control::ControlError;
use crate::http::Refusal;

/// Why a page is not shown, or a form not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody is logged in: the way to the login.
    Login(String),
    /// A form of somebody who is no longer logged in.
    LoggedOut,
    /// A form that comes from no page of ours.
    Forged,
    /// A form or an address that says something it may not.
    Invalid(String),
    /// What the gateway says.
    Refused(Box<homing_proto::api::Problem>),
}

impl Trouble {
    /// To the login, and back to `uri` after it.
    pub(super) fn to_login(uri: &Uri) -> Self {
        let next = uri.path_and_query().map_or("/", |path| path.as_str());
        Self::Login(match next {
            "/" => "/login".to_owned(),
            next => {
                let next = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
                format!("/login?{next}")
            }
        })
    }

    /// Status, headline, explanation and what to do.
    fn told(&self) -> (u16, String, String, Option<String>) {
        match self {
            Self::Login(_) | Self::LoggedOut => (
                401,
                "You are not logged in".to_owned(),
                "The session is over; nothing was changed.".to_owned(),
                None,
            ),
            Self::Forged => (
                403,
                "This did not come from the console".to_owned(),
                "The request came from another site, or from a page of an older session. Nothing was changed."
                    .to_owned(),
                Some("go back, load the page again, and try once more".to_owned()),
            ),
            Self::Invalid(says) => (400, "That can't be read".to_owned(), says.clone(), None),
            Self::Refused(problem) => {
                let headline = match problem.status {
                    403 => "You may not do that",
                    404 => "Not found",
                    409 => "That contradicts what is",
                    503 => "Not now",
                    _ => "That did not work",
                };
                (problem.status, headline.to_owned(), problem.title.clone(), problem.hint.clone())
            }
        }
    }
}

impl From<ControlError> for Trouble {
    fn from(error: ControlError) -> Self {
        Self::Refused(Box::new(error.problem()))
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal.0))
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Told {
    theme: Theme,
    status: u16,
    headline: String,
    says: String,
    hint: Option<String>,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        if let Self::Login(place) = &self
            && let Ok(place) = HeaderValue::from_str(place)
        {
            return (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response();
        }
        let (status, headline, says, hint) = self.told();
        let page = render(&Told { theme: Theme::Auto, status, headline, says, hint });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match page {
            Ok(Html(text)) => (status, Html(text)).into_response(),
            Err(_) => status.into_response(),
        }
    }
}
