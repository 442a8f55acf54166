//! What surrounds every page: navigation, who is logged in, the look.

use askama::Template;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use homing_proto::access::{Operator, Right, Role};
use homing_proto::api::Timestamp;
use homing_proto::fault::Fault;

use super::assets;
use super::problem::Trouble;
use super::visitor::Visitor;
use crate::http::Refusal;

/// A page, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Html(pub(super) String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.0).into_response()
    }
}

/// Renders a template.
///
/// # Errors
/// It can't be rendered: a fault of ours.
pub(super) fn render(template: &impl Template) -> Result<Html, Trouble> {
    template.render().map(Html).map_err(|error| {
        let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        Refusal::new(status, "template-failed", Fault::Local, error.to_string()).into()
    })
}

/// The look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The word of the cookie; what is no word of ours means `Auto`.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Theme {
    /// Where a file of the console is served; here because every page has a theme.
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    pub(super) fn asset(self, name: &str) -> String {
        assets::url(name)
    }
}

/// A page of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// How the fleet stands.
    Overview,
    /// The fleet, and one device of it.
    Devices,
    /// What happened.
    Events,
    /// Making a device known.
    Enroll,
    /// Keys that wait for a decision.
    Pending,
    /// Who did what.
    Audit,
    /// Who may what.
    Access,
}

/// An entry of the navigation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) label: &'static str,
    pub(super) path: &'static str,
    /// The right that its page needs on every device; none: everybody may look.
    needs: Option<Right>,
}

const ENTRIES: &[Entry] = &[
    Entry { place: Place::Overview, label: "Overview", path: "/", needs: None },
    Entry { place: Place::Devices, label: "Devices", path: "/devices", needs: None },
    Entry { place: Place::Enroll, label: "Enrol", path: "/enroll", needs: None },
    Entry { place: Place::Pending, label: "Pending", path: "/pending", needs: None },
    Entry { place: Place::Events, label: "Events", path: "/events", needs: None },
    Entry { place: Place::Audit, label: "Audit", path: "/audit", needs: Some(Right::View) },
    Entry { place: Place::Access, label: "Access", path: "/access", needs: None },
];

/// What surrounds a page.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    pub(super) title: String,
    pub(super) place: Option<Place>,
    pub(super) operator: String,
    pub(super) role: &'static str,
    pub(super) csrf: String,
    pub(super) theme: Theme,
    pub(super) entries: Vec<Entry>,
}

impl Shell {
    /// Around a page that stands at `place` in the navigation.
    pub(super) fn new(visitor: &Visitor, place: impl Into<Option<Place>>, title: &str) -> Self {
        let operator = &visitor.operator;
        let may = |entry: &&Entry| entry.needs.is_none_or(|right| may(operator, right));
        Self {
            title: title.to_owned(),
            place: place.into(),
            operator: operator.name().to_owned(),
            role: role(operator),
            csrf: visitor.csrf.clone(),
            theme: visitor.theme,
            entries: ENTRIES.iter().filter(may).copied().collect(),
        }
    }

    pub(super) fn is_at(&self, entry: &Entry) -> bool {
        self.place == Some(entry.place)
    }
}

/// Whether somebody has a right on every device: for leaving out what would be refused.
pub(super) fn may(operator: &Operator, right: Right) -> bool {
    operator.anywhere(right, Timestamp::now()).is_ok()
}

/// The greatest role that somebody has, anywhere.
fn role(operator: &Operator) -> &'static str {
    let now = Timestamp::now();
    let everywhere = operator.role_anywhere(now);
    let granted = operator.grants().iter().filter(|grant| grant.is_in_force(now));
    let somewhere = granted.map(|grant| grant.role).max();
    let scope = operator.scope().map(|scope| scope.role);
    let most = somewhere.map(|role| scope.map_or(role, |scope| scope.min(role)));
    everywhere.max(most).map_or("no role", Role::as_str)
}
