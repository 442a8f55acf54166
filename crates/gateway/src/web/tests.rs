//! The console over a real gateway: logging in, forms that are not ours, who is let in.

mod fleet;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use homing_proto::access::{Operator, Role, Selector, UserName};
use homing_proto::api::{AddUser, CreateToken};
use homing_proto::rate::Rate;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tempfile::TempDir;

use super::*;
use crate::access::{Access, LINK_LIFETIME, Link};
use crate::config::{Flags, load};
use crate::gateway::Gateway;

const RATE: Rate = Rate { per_second: 1000, burst: 1000 };

/// A gateway, its pages, and a browser's cookie.
struct Browser {
    gateway: Gateway,
    pages: Router,
    cookie: String,
    _folder: Arc<TempDir>,
}

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn place(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap())
    }
}

impl Browser {
    async fn start() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let gateway =
            Gateway::start(load(Flags::within(folder.path())).unwrap().settings).await.unwrap();
        gateway.note_http(homing_proto::api::Http {
            addresses: vec!["http://127.0.0.1:1".to_owned()],
            fingerprint: None,
        });
        let pages = crate::http::pages_of(gateway.control(), RATE);
        Self { gateway, pages, cookie: String::new(), _folder: folder }
    }

    fn access(&self) -> Access {
        self.gateway.access()
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = TowerToHyperService::new(self.pages.clone()).call(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, text }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "gw").header("cookie", &self.cookie);
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    async fn post_from(&self, origin: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header("host", "gw")
            .header("origin", origin)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        let body = serde_urlencoded::to_string(form).unwrap();
        let mut request = request.body(Body::from(body)).unwrap();
        let source: std::net::SocketAddr = "192.0.2.1:999".parse().unwrap();
        request.extensions_mut().insert(crate::http::Peer::Remote(source));
        self.ask(request).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_from("http://gw", path, form).await
    }

    fn keep(&mut self, answer: &Answer) {
        let cookie = answer.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    fn csrf(&self) -> String {
        visitor::csrf(self.cookie.split_once('=').unwrap().1)
    }

    /// Logs a user with this role in.
    async fn log_in(&mut self, name: &str, role: Role, selector: &str) {
        let name = UserName::new(name).unwrap();
        let selector = Selector::parse(selector).unwrap();
        let user = AddUser { name: name.clone(), role: Some(role), selector, expires_at: None };
        let local = Operator::local("root");
        self.gateway.control().accounts().add_user(user, &local).await.unwrap();
        let user =
            Operator::new(name.as_str(), Vec::new(), homing_proto::access::Via::Web, None, "x");
        let link = self.access().make_link(Link::Of(user), LINK_LIFETIME).unwrap();
        let answer = self.post("/login", &[("link", link.expose())]).await;
        assert_eq!(
            (answer.status, answer.place()),
            (StatusCode::SEE_OTHER, "/"),
            "{}",
            answer.text
        );
        self.keep(&answer);
    }

    /// Actions and results of the trail.
    async fn trail(&self) -> Vec<(String, String)> {
        let local = Operator::local("root");
        let query = crate::store::AuditQuery::default();
        let control = self.gateway.control();
        control.shared_store().flush().await.unwrap();
        let trail = control.audit(query, &local).await.unwrap();
        trail.into_iter().map(|one| (one.entry.action, one.entry.result)).collect()
    }
}

#[tokio::test]
async fn a_user_whose_key_is_none_is_not_added() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Admin, "*").await;
    let csrf = browser.csrf();
    let form = |key| {
        let fields = [("act", "add-user"), ("user", "eve"), ("role", "viewer"), ("key", key)];
        fields.into_iter().chain([("csrf", csrf.as_str())]).collect::<Vec<_>>()
    };
    let answer = browser.post("/access", &form("no key")).await;
    assert!(!answer.status.is_success() && !answer.status.is_redirection(), "{}", answer.text);
    let users = || browser.gateway.control().accounts();
    let local = Operator::local("root");
    assert!(users().user("eve", &local).await.is_err());
    let answer = browser.post("/access", &form("")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert!(users().user("eve", &local).await.is_ok());
    browser.gateway.stop().await;
}

#[tokio::test]
async fn a_strangers_form_is_short() {
    let browser = Browser::start().await;
    let long = "x".repeat(17 * 1024);
    for path in ["/login", "/first", "/theme"] {
        let answer = browser.post(path, &[("link", &long)]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}: {}", answer.text);
    }
    browser.gateway.stop().await;
}

fn told(trail: &[(String, String)], action: &str, result: &str) -> usize {
    trail.iter().filter(|(one, ended)| one == action && ended == result).count()
}

#[tokio::test]
async fn whoever_is_not_logged_in_is_led_to_the_login_and_back() {
    let browser = Browser::start().await;
    let answer = browser.get("/").await;
    assert_eq!((answer.status, answer.place()), (StatusCode::SEE_OTHER, "/login"));
    let answer = browser.get("/login?next=%2Fdevices").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("name=\"next\" value=\"/devices\""), "{}", answer.text);
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn a_link_opens_the_console_once() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Operator, "*").await;
    let answer = browser.get("/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("title=\"ops\""), "{}", answer.text);
    let link =
        browser.access().make_link(Link::Of(Operator::local("root")), LINK_LIFETIME).unwrap();
    let form = [("link", link.expose())];
    let seen = browser.get(&format!("/login?link={}", link.expose())).await;
    assert!(seen.text.contains("<b class=\"mono\">root</b>"), "{}", seen.text);
    assert_eq!(browser.post("/login", &form).await.status, StatusCode::SEE_OTHER);
    let again = browser.post("/login", &form).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.text.contains("used already"), "{}", again.text);
    let trail = browser.trail().await;
    assert_eq!(told(&trail, "login", "ok"), 2, "{trail:?}");
    assert_eq!(told(&trail, "login-refused", "refused:unknown-link"), 1, "{trail:?}");
}

#[tokio::test]
async fn a_token_and_a_one_time_password_log_in() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Viewer, "*").await;
    let (local, control) = (Operator::local("root"), browser.gateway.control());
    let accounts = control.accounts();
    let password = accounts.one_time_password("ops", &local).await.unwrap().password;
    let wrong = browser.post("/login", &[("user", "ops"), ("password", "nonsense")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text.contains("do not fit"), "{}", wrong.text);
    let form = [("user", "ops"), ("password", password.expose()), ("next", "//evil")];
    let right = browser.post("/login", &form).await;
    assert_eq!((right.status, right.place()), (StatusCode::SEE_OTHER, "/"));
    let request =
        CreateToken { name: "t".into(), user: UserName::new("ops").ok(), ..Default::default() };
    let issued = accounts.create_token(request, &local).await.unwrap();
    let answer = browser.post("/login", &[("token", issued.token.expose())]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    browser.keep(&answer);
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    accounts.revoke_token(&issued.details.id.to_string(), &local).await.unwrap();
    assert_eq!(browser.get("/").await.place(), "/login");
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_and_told_to_the_trail() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Admin, "*").await;
    let csrf = browser.csrf();
    let forged = browser.post_from("http://evil", "/logout", &[("csrf", &csrf)]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.post("/logout", &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.post("/logout", &[("csrf", "x")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    let trail = browser.trail().await;
    assert_eq!(told(&trail, "request-refused", "refused:forged-request"), 3, "{trail:?}");
    let left = browser.post("/logout", &[("csrf", &csrf)]).await;
    assert_eq!(left.place(), "/login");
    assert_eq!(browser.get("/").await.place(), "/login");
}

#[tokio::test]
async fn a_login_from_another_site_is_refused() {
    let browser = Browser::start().await;
    let link =
        browser.access().make_link(Link::Of(Operator::local("root")), LINK_LIFETIME).unwrap();
    let answer = browser.post_from("http://evil", "/login", &[("link", link.expose())]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.headers.get(header::SET_COOKIE).is_none());
}

#[tokio::test]
async fn a_session_ends_with_its_user() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Viewer, "*").await;
    let (local, control) = (Operator::local("root"), browser.gateway.control());
    control.accounts().remove_user("ops", &local).await.unwrap();
    assert_eq!(browser.get("/").await.place(), "/login");
    let user = AddUser {
        name: UserName::new("ops").unwrap(),
        role: Some(Role::Admin),
        selector: Selector::default(),
        expires_at: None,
    };
    control.accounts().add_user(user, &local).await.unwrap();
    assert_eq!(browser.get("/").await.place(), "/login", "another user of the same name");
}

#[tokio::test]
async fn a_browser_is_logged_out_from_elsewhere() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Viewer, "*").await;
    let (local, control) = (Operator::local("root"), browser.gateway.control());
    let sessions = control.web_sessions(&local);
    assert_eq!((sessions.len(), sessions[0].operator.as_str()), (1, "ops"));
    let other = Operator::new("other", Vec::new(), homing_proto::access::Via::Api, None, "x");
    assert!(control.web_sessions(&other).is_empty());
    control.end_web_session(&sessions[0].id, &other).await.unwrap_err();
    control.end_web_session(&sessions[0].id, &local).await.unwrap();
    assert_eq!(browser.get("/").await.place(), "/login");
}

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let mut browser = Browser::start().await;
    let control = browser.gateway.control();
    let url = control.first_link().unwrap().path;
    assert!(browser.get(&url).await.text.contains("The first admin"));
    let secret = url.split_once("link=").unwrap().1.to_owned();
    let bad = browser.post("/first", &[("link", &secret), ("name", "a b")]).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    let again = bad.text.split("name=\"link\" value=\"").nth(1).unwrap();
    let secret = again.split('"').next().unwrap().to_owned();
    let made = browser.post("/first", &[("link", &secret), ("name", "ada")]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert!(made.text.contains("hmt_"), "{}", made.text);
    browser.keep(&made);
    assert!(browser.get("/").await.text.contains("<span class=\"role\">admin</span>"));
    assert_eq!(control.first_link(), None);
    let second = browser.post("/first", &[("link", &secret), ("name", "eve")]).await;
    assert_eq!(second.status, StatusCode::BAD_REQUEST);
    assert_eq!(control.accounts().users(&Operator::local("root")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_api_takes_the_cookie_and_for_changes_the_header_too() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Admin, "*").await;
    let source: std::net::SocketAddr = "192.0.2.1:999".parse().unwrap();
    let asked = |method: &str, path: &str, csrf: Option<String>| {
        let request = Request::builder().method(method).uri(path).header("host", "gw");
        let request = request.header("cookie", &browser.cookie).header("origin", "http://gw");
        let request = match csrf {
            Some(csrf) => request.header("x-csrf-token", csrf),
            None => request,
        };
        let request = request.header("content-type", "application/json");
        let mut request = request.body(Body::from("{}")).unwrap();
        request.extensions_mut().insert(crate::http::Peer::Remote(source));
        browser.ask(request)
    };
    let whoami = asked("GET", "/api/v1/whoami", None).await;
    assert_eq!(whoami.status, StatusCode::OK);
    assert!(whoami.text.contains("\"via\":\"web\""), "{}", whoami.text);
    let forged = asked("POST", "/api/v1/web/links", None).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "{}", forged.text);
    let made = asked("POST", "/api/v1/web/links", Some(browser.csrf())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}

#[tokio::test]
async fn a_file_of_the_console_is_kept_for_good() {
    let browser = Browser::start().await;
    let answer = browser.get(&assets::url("console.css")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(browser.get("/assets/console.0000.css").await.status, StatusCode::NOT_FOUND);
}
