//! `/first`: the first admin, made by whoever holds the link that the gateway printed at its first start.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use homing_proto::access::{Operator, Role, Selector, UserName, Via};
use homing_proto::api::{AddKey, AddUser, CreateToken};
use serde::Deserialize;

use super::login::enter;
use crate::access::{FIRST_LINK_LIFETIME, Link};
use crate::control::{Control, ControlError};
use crate::web::shell::{Theme, render};
use crate::web::visitor::Knock;
use crate::web::{Console, Page, Trouble, cookie};

#[derive(Template)]
#[template(path = "first.html")]
struct First {
    theme: Theme,
    link: Option<String>,
    name: String,
    key: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "first_token.html")]
struct Made {
    theme: Theme,
    name: String,
    token: String,
}

/// The parameters of the address.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    link: Option<String>,
}

/// The form.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Page {
    let access = console.control.access();
    let link = asked.link.filter(|link| access.is_new() && access.link(link) == Some(Link::First));
    let error = link.is_none().then(|| match access.is_new() {
        true => {
            "this link is not the newest one: the gateway prints one at each start until it is used"
                .to_owned()
        }
        false => "the first admin was made already".to_owned(),
    });
    let theme = cookie::theme(&headers);
    render(&First { theme, link, name: String::new(), key: String::new(), error })
}

/// Who the first admin is, and what it logs in with.
#[derive(Deserialize)]
pub(in crate::web) struct Wanted {
    link: String,
    name: String,
    /// `TYPE BASE64 COMMENT`; empty: a token is made.
    #[serde(default)]
    key: String,
}

/// Makes the first admin and logs it in.
pub(in crate::web) async fn make(
    State(console): State<Console>,
    knock: Knock<Wanted>,
) -> Result<Response, Trouble> {
    let (access, form) = (console.control.access(), &knock.form);
    let refused = |link, error: String| -> Result<Response, Trouble> {
        let (name, key) = (form.name.clone(), form.key.clone());
        let page = render(&First { theme: knock.theme, link, name, key, error: Some(error) })?;
        Ok((StatusCode::BAD_REQUEST, page).into_response())
    };
    if let Err(throttled) = access.check(knock.source, None) {
        return refused(None, throttled.to_string());
    }
    if !access.is_new() || access.take_link(&form.link) != Some(Link::First) {
        access.note_failure(knock.source, None);
        console.control.note_login_refused("first-admin", Via::Web, knock.source, "unknown-link");
        return refused(None, "this link was used already, or is too old".to_owned());
    }
    let by = Control::first_operator(knock.source);
    match admin(&console.control, form, &by).await {
        Ok((user, None)) => enter(&console, &user, &knock, "/").await,
        Ok((user, Some(token))) => {
            let entered = enter(&console, &user, &knock, "/").await?;
            let name = user.name().to_owned();
            let page = render(&Made { theme: knock.theme, name, token })?;
            let cookies = entered.headers().get_all(axum::http::header::SET_COOKIE);
            let mut response = page.into_response();
            for cookie in cookies {
                response.headers_mut().append(axum::http::header::SET_COOKIE, cookie.clone());
            }
            Ok(response)
        }
        Err(error) => {
            // The link was used up, so that no two may use it: whoever held it gets another one.
            let again = access.make_link(Link::First, FIRST_LINK_LIFETIME);
            let again = again.map_err(ControlError::from)?;
            refused(Some(again.expose().to_owned()), error.to_string())
        }
    }
}

/// The user as an operator, and its token if it has no key.
async fn admin(
    control: &Control,
    wanted: &Wanted,
    by: &Operator,
) -> Result<(Operator, Option<String>), ControlError> {
    let invalid = |message: String| ControlError::Invalid { message, hint: None };
    let name = UserName::new(wanted.name.trim()).map_err(|error| invalid(error.to_string()))?;
    let accounts = control.accounts();
    let role = Some(Role::Admin);
    let user =
        AddUser { name: name.clone(), role, selector: Selector::default(), expires_at: None };
    accounts.add_user(user, by).await?;
    let user = Operator::new(name.as_str(), Vec::new(), Via::Web, by.source(), "one-time link");
    let key = wanted.key.trim();
    if !key.is_empty() {
        let added = accounts.add_key(name.as_str(), AddKey { key: key.to_owned() }, by).await;
        if let Err(error) = added {
            accounts.remove_user(name.as_str(), by).await?;
            return Err(error);
        }
        return Ok((user, None));
    }
    let user = control.access().renew(&user).unwrap_or(user);
    let request = CreateToken { name: "first".to_owned(), ..CreateToken::default() };
    let issued = accounts.create_token(request, &user).await?;
    Ok((user, Some(issued.token.expose().to_owned())))
}
