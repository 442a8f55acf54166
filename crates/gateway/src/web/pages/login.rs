//! `/login`, `/logout` and the switch of the look.
//!
//! ```text
//!   a link, a one-time password or a token ──▶ throttle ──▶ session ──▶ 303 to where one wanted to go
//! ```
//!
//! A link is used up by its button, not by being loaded: mail scanners and previews load what they find.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use homing_proto::access::{Operator, Via};
use homing_proto::host_key::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::access::Link;
use crate::http::Encrypted;
use crate::web::shell::{Theme, render};
use crate::web::visitor::{Knock, Posted};
use crate::web::{Console, Page, Trouble, cookie};

/// The parameters of the address.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    link: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    theme: Theme,
    /// A link, and whom it lets in.
    link: Option<(String, String)>,
    next: String,
    user: String,
    error: Option<String>,
}

/// The form, or the button of a link.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Page {
    let link = asked.link.unwrap_or_default();
    let found = console.control.access().link(&link);
    let (link, error) = match found {
        Some(Link::Of(operator)) => (Some((link, operator.name().to_owned())), None),
        _ if link.is_empty() => (None, None),
        _ => (None, Some("this link was used already, or is too old".to_owned())),
    };
    let next = local(asked.next.as_deref()).to_owned();
    let theme = cookie::theme(&headers);
    render(&Login { theme, link, next, user: String::new(), error })
}

/// A path of this console, whatever the address said.
fn local(next: Option<&str>) -> &str {
    let is_local = |path: &&str| {
        let second = path.chars().nth(1);
        path.starts_with('/')
            && !matches!(second, Some('/' | '\\'))
            && !path.starts_with("/login")
            && path.bytes().all(|byte| byte.is_ascii_graphic())
    };
    next.filter(is_local).unwrap_or("/")
}

/// What somebody logs in with.
#[derive(Default, Deserialize)]
pub(in crate::web) struct Credentials {
    link: Option<String>,
    #[serde(default)]
    user: String,
    password: Option<Zeroizing<String>>,
    token: Option<Zeroizing<String>>,
    next: Option<String>,
}

/// Why somebody is not let in: a code for the record, a sentence for the person.
struct NotIn {
    name: String,
    code: &'static str,
    says: String,
}

/// Logs in.
pub(in crate::web) async fn knock(
    State(console): State<Console>,
    knock: Knock<Credentials>,
) -> Result<Response, Trouble> {
    match who(&console, &knock).await {
        Ok(operator) => enter(&console, &operator, &knock, local(knock.form.next.as_deref())).await,
        Err(NotIn { name, code, says }) => {
            console.control.note_login_refused(&name, Via::Web, knock.source, code);
            let page = render(&Login {
                theme: knock.theme,
                link: None,
                next: local(knock.form.next.as_deref()).to_owned(),
                user: knock.form.user.clone(),
                error: Some(says),
            })?;
            let status = match code {
                "too-many-failures" => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNAUTHORIZED,
            };
            Ok((status, page).into_response())
        }
    }
}

/// Opens a session and leads to a page of it.
pub(super) async fn enter<T>(
    console: &Console,
    operator: &Operator,
    knock: &Knock<T>,
    place: &str,
) -> Result<Response, Trouble> {
    let access = console.control.access();
    let opened = access.open_web_session(operator, knock.source, &knock.browser).await;
    let secret = opened.map_err(crate::control::ControlError::from)?;
    let in_console = access.by_web_session(secret.expose(), knock.source);
    let operator = in_console.map_or_else(|| operator.clone(), |(operator, _)| operator);
    console.control.note_login(&operator, &knock.browser);
    let mut response = to(place);
    if let Some(cookie) = cookie::set_session(secret.expose(), knock.is_tls) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// 303.
pub(super) fn to(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

async fn who(console: &Console, knock: &Knock<Credentials>) -> Result<Operator, NotIn> {
    let access = console.control.access();
    let form = &knock.form;
    if let Some(token) =
        form.token.as_deref().map(|token| token.trim()).filter(|token| !token.is_empty())
    {
        let found = access.by_token(token, knock.source);
        return found.map_err(|refused| NotIn {
            name: "unknown".to_owned(),
            code: refused.code(),
            says: refused.to_string(),
        });
    }
    if let Some(link) = &form.link {
        let check = access.check(knock.source, None).map_err(|throttled| NotIn {
            name: "unknown".to_owned(),
            code: throttled.code(),
            says: throttled.to_string(),
        });
        check?;
        return match access.take_link(link) {
            Some(Link::Of(operator)) => Ok(operator),
            _ => {
                access.note_failure(knock.source, None);
                let says = "this link was used already, or is too old".to_owned();
                Err(NotIn { name: "unknown".to_owned(), code: "unknown-link", says })
            }
        };
    }
    let user = form.user.trim();
    let password = form.password.as_deref().map_or("", |password| password.trim());
    let secret = Secret::new(password.as_bytes().to_vec());
    let found = access.by_one_time_password(user, &secret, knock.source).await;
    found.map_err(|refused| NotIn {
        name: user.to_owned(),
        code: refused.code(),
        says: match refused {
            crate::access::PasswordRefused::Throttled(_)
            | crate::access::PasswordRefused::Store(_) => refused.to_string(),
            _ => "user and one-time password do not fit".to_owned(),
        },
    })
}

/// A form that says nothing but that it is ours.
#[derive(Deserialize)]
pub(in crate::web) struct Nothing {}

/// Logs out.
pub(in crate::web) async fn leave(
    State(console): State<Console>,
    encrypted: Option<axum::Extension<Encrypted>>,
    posted: Posted<Nothing>,
) -> Result<Response, Trouble> {
    let Nothing {} = posted.form;
    console.control.log_out(&posted.visitor.operator, &posted.visitor.session).await?;
    let mut response = to("/login");
    if let Some(cookie) = cookie::set_session("", encrypted.is_some()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The look that somebody wants, and the page to go on with.
#[derive(Deserialize)]
pub(in crate::web) struct Look {
    theme: String,
    next: Option<String>,
}

/// Remembers the look. Nothing of the gateway changes: our own origin is proof enough.
pub(in crate::web) async fn theme(knock: Knock<Look>) -> Response {
    let mut response = to(local(knock.form.next.as_deref()));
    if let Some(cookie) = cookie::set_theme(Theme::of(&knock.form.theme)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_login_one_stays_on_this_gateway() {
        assert_eq!(local(Some("/devices?q=a%20b")), "/devices?q=a%20b");
        for other in
            ["//evil", "/\\evil", "https://evil", "evil", "", "/a b", "/login?next=/", "/\u{e9}"]
        {
            assert_eq!(local(Some(other)), "/", "{other}");
        }
    }
}
