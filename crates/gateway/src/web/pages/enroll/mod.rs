//! `/enroll`: a name becomes a stanza to paste, and the page watches the device come in.
//!
//! ```text
//!   GET  /enroll          the form; CSV
//!   POST /enroll          the stanza, shown this once, and the checklist
//!   GET  /enroll/NAME     the checklist alone: what its script loads when something happened
//!   POST /enroll/csv      preview ──▶ POST /enroll/zip: one stanza a file
//! ```

mod checklist;
mod csv;
mod many;
mod zip;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use homing_proto::api::{Enroll, StanzaForm};
use homing_proto::identity::{DeviceId, DeviceName};
use serde::Deserialize;

use crate::web::shell::{Place, Shell, render};
use crate::web::visitor::Posted;
use crate::web::{Console, Page, Trouble, Visitor};

use checklist::Checklist;

/// The pages of enrolment.
pub(super) fn routes(router: Router<Console>) -> Router<Console> {
    router
        .route("/enroll", get(show).post(enroll))
        .route("/enroll/csv", post(many::preview))
        .route("/enroll/zip", post(many::enroll))
        .route("/enroll/device/{name}", get(watch))
}

/// The form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(in crate::web) struct Wanted {
    #[serde(default)]
    name: String,
    #[serde(default)]
    device_id: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    tags: String,
    #[serde(default)]
    addresses: String,
    #[serde(default)]
    format: String,
    /// A new secret for a device that is enrolled.
    #[serde(default)]
    rotate: String,
}

impl Wanted {
    /// The request, or what is wrong with the form.
    fn request(&self) -> Result<Enroll, String> {
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut tags = std::collections::BTreeMap::new();
        for tag in self.tags.split([',', ' ', '\n', '\r', ';']).filter_map(said) {
            let pair = tag.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) =
                pair.ok_or_else(|| format!("{tag:?}: expected a label as key=value"))?;
            tags.insert(key.to_owned(), value.to_owned());
        }
        let name = said(&self.name).ok_or("a name is needed")?;
        let device_id = said(&self.device_id).map(DeviceId::new).transpose();
        Ok(Enroll {
            name: DeviceName::new(name).map_err(|error| error.to_string())?,
            device_id: device_id.map_err(|error| error.to_string())?,
            user: said(&self.user),
            addresses: self.addresses.split([',', ' ', '\n', '\r', ';']).filter_map(said).collect(),
            tags,
            secret: true,
            rotate_secret: !self.rotate.is_empty(),
            at_once: false,
            host_keys: Vec::new(),
            key_source: None,
            password: None,
            listener: None,
            format: self.form(),
        })
    }

    fn form(&self) -> StanzaForm {
        match self.format.as_str() {
            "curly" => StanzaForm::Curly,
            "xml" => StanzaForm::Xml,
            "json" => StanzaForm::Json,
            _ => StanzaForm::Set,
        }
    }

    fn is_form(&self, name: &str) -> bool {
        self.format == name || (name == "set" && self.format.is_empty())
    }
}

#[derive(Template)]
#[template(path = "enroll/form.html")]
struct Form {
    shell: Shell,
    wanted: Wanted,
    /// Where devices dial unless the form says otherwise.
    addresses: String,
    error: Option<(String, Option<String>)>,
}

async fn form(
    console: &Console,
    visitor: &Visitor,
    wanted: Wanted,
    error: Option<(String, Option<String>)>,
) -> Page {
    let status = console.control.status(&visitor.operator).await?;
    let addresses = status.addresses.join(" ");
    render(&Form { shell: Shell::new(visitor, Place::Enroll, "Enrol"), wanted, addresses, error })
}

/// The page.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    axum::extract::Query(wanted): axum::extract::Query<Wanted>,
) -> Page {
    form(&console, &visitor, wanted, None).await
}

#[derive(Template)]
#[template(path = "enroll/made.html")]
struct Made {
    shell: Shell,
    name: String,
    stanza: String,
    is_curly: bool,
    is_rotation: bool,
    list: Checklist,
}

/// Enrols a device, and shows its stanza this once.
pub(in crate::web) async fn enroll(
    State(console): State<Console>,
    posted: Posted<Wanted>,
) -> Result<Response, Trouble> {
    let (visitor, wanted) = (&posted.visitor, posted.form);
    let request = match wanted.request() {
        Ok(request) => request,
        Err(error) => return wrong(&console, visitor, wanted, (error, None)).await,
    };
    let (is_rotation, is_curly) = (request.rotate_secret, request.format == StanzaForm::Curly);
    let enrolled = match console.control.enroll(request, &visitor.operator).await {
        Ok(enrolled) => enrolled,
        Err(error) => {
            let problem = error.problem();
            if problem.status == StatusCode::FORBIDDEN.as_u16() {
                return Err(error.into());
            }
            let hint = problem.hint;
            return wrong(&console, visitor, wanted, (problem.title, hint)).await;
        }
    };
    let name = enrolled.device.name.clone();
    let list = checklist::of(&console, &enrolled.device, &visitor.operator).await?;
    let page = render(&Made {
        shell: Shell::new(visitor, Place::Enroll, &name),
        name,
        stanza: enrolled.stanza,
        is_curly,
        is_rotation,
        list,
    })?;
    Ok(page.into_response())
}

/// The form again, with what is wrong.
async fn wrong(
    console: &Console,
    visitor: &Visitor,
    wanted: Wanted,
    error: (String, Option<String>),
) -> Result<Response, Trouble> {
    let page = form(console, visitor, wanted, Some(error)).await?;
    Ok((StatusCode::BAD_REQUEST, page).into_response())
}

#[derive(Template)]
#[template(path = "enroll/watch.html")]
struct Watch {
    shell: Shell,
    name: String,
    list: Checklist,
}

/// The checklist alone.
pub(in crate::web) async fn watch(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Page {
    let device = console.control.device(&name, &visitor.operator).await?;
    let list = checklist::of(&console, &device, &visitor.operator).await?;
    render(&Watch { shell: Shell::new(&visitor, Place::Enroll, &name), name, list })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_request() {
        let wanted = Wanted {
            name: " mx1.fra ".into(),
            tags: "site=fra, role=edge".into(),
            addresses: "gw1.example.net\r\ngw2.example.net:4335".into(),
            format: "curly".into(),
            ..Wanted::default()
        };
        let request = wanted.request().unwrap();
        assert_eq!(request.name.as_str(), "mx1.fra");
        assert_eq!(request.addresses, ["gw1.example.net", "gw2.example.net:4335"]);
        assert_eq!(request.tags.len(), 2);
        assert_eq!(request.format, StanzaForm::Curly);
        assert!(request.secret && !request.rotate_secret && request.device_id.is_none());
    }

    #[test]
    fn what_is_wrong_with_a_form_is_told() {
        let wrong = |name: &str, tags: &str| {
            Wanted { name: name.into(), tags: tags.into(), ..Wanted::default() }
                .request()
                .unwrap_err()
        };
        assert_eq!(wrong("", ""), "a name is needed");
        assert!(wrong("mx1", "fra").contains("key=value"));
        assert!(!wrong("<script>", "").is_empty());
    }
}
