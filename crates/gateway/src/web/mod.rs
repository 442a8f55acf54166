//! The web console: pages for people, beside the API and over the same listener.
//!
//! ```text
//!   GET  /assets/NAME.HASH.EXT ──────────────────────────────▶ a file of this program, kept by browsers for good
//!   GET  /page ──cookie──▶ Visitor ──▶ Control ──▶ template ──▶ HTML
//!           │ none                                    every one with a strict Content-Security-Policy
//!           ▼ 303 /login
//!   POST /page ──cookie, same origin, csrf──▶ Visitor ──▶ Control ──▶ 303 to a page
//! ```
//!
//! Every right is asked of [`Control`] with the visitor's operator; a template only leaves out what would be refused.
//! Text from outside is escaped by the templates, and never made into markup by a script.
//!
//! Sources: Content Security Policy Level 3; Fetch Metadata Request Headers; RFC 6265bis, *Cookies*.

mod assets;
mod cookie;
mod doorkeeper;
mod origin;
mod pages;
mod problem;
mod shell;
#[cfg(test)]
mod tests;
mod visitor;
mod when;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use homing_proto::rate::Rate;

pub(crate) use visitor::asker;

use crate::control::Control;
use crate::http::{Works, outlive};
use doorkeeper::Doorkeeper;
use problem::Trouble;
use shell::Html;
use visitor::Visitor;

/// Nothing but what this gateway serves, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// What every page works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Console {
    pub(crate) control: Control,
}

impl Console {
    /// The pages over a gateway.
    pub(crate) fn new(control: Control) -> Self {
        Self { control }
    }
}

/// What a page's handler answers.
type Page = Result<Html, Trouble>;

/// The pages; what is none of them goes to `api`.
pub(crate) fn router(console: Console, rate: Rate, works: Works, api: Router) -> Router {
    let pages = pages::router()
        .route_layer(from_fn_with_state(works, carried_out))
        .route_layer(from_fn_with_state(Doorkeeper::new(rate), doorkeeper::admit))
        .route("/assets/{name}", get(assets::serve))
        .layer(from_fn(guarded));
    pages.with_state(console).fallback_service(api)
}

/// A form is carried out to its end, also when its page was closed.
async fn carried_out(
    works: State<Works>,
    request: Request,
    next: Next,
) -> Result<Response, Trouble> {
    Ok(outlive(works, request, next).await?)
}

/// Adds the headers that keep a page from doing what it need not.
async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // `no-referrer` would take the origin from the forms' requests too.
    set(header::REFERRER_POLICY, "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    set(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    response
}
