//! The web console's doors: links that open it once, sessions of browsers, and what is told of logins.

use std::net::SocketAddr;

use homing_proto::access::{Operator, Right, Role, UserName, Via};
use homing_proto::api::{self, Timestamp};

use super::{Control, ControlError, allow};
use crate::access::{Access, FIRST_LINK_LIFETIME, LINK_LIFETIME, Link};
use crate::audit;
use crate::store::{AccountError, Traffic, WebChange, WebSession};
use crate::web::Console;

impl Control {
    /// The pages over this gateway.
    #[must_use]
    pub fn console(&self) -> Console {
        Console::new(self.clone())
    }

    #[cfg(test)]
    pub(crate) fn shared_store(&self) -> &crate::store::Store {
        &self.shared.store
    }

    /// Arrivals and departures of what the operator sees, in `count` spans up to now.
    pub(crate) async fn traffic(
        &self,
        span: std::time::Duration,
        count: usize,
        operator: &Operator,
    ) -> Result<(Timestamp, Vec<Traffic>), ControlError> {
        // Whole spans, so that a plot does not flicker.
        let seconds = i64::try_from(span.as_secs()).unwrap_or(600).max(1);
        let last = Timestamp::now().as_second().div_euclid(seconds) + 1;
        let first = last.saturating_sub(i64::try_from(count).unwrap_or(0));
        let since = Timestamp::from_second(first.saturating_mul(seconds)).unwrap_or_default();
        let spans = self.shared.store.traffic(since, span, count, self.visible(operator)).await?;
        Ok((since, spans))
    }

    /// The views that the operator saved: queries by name.
    pub(crate) fn views(&self, operator: &Operator) -> std::collections::BTreeMap<String, String> {
        self.shared.store.views(operator.name())
    }

    /// Saves a view, or with an empty query takes one away. Everybody has views of one's own.
    pub(crate) async fn save_view(
        &self,
        name: &str,
        query: &str,
        operator: &Operator,
    ) -> Result<(), ControlError> {
        let (operator, name) = (operator.name().to_owned(), name.trim().to_owned());
        if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            let message = "expected a name of at most 64 characters".to_owned();
            return Err(ControlError::Invalid { message, hint: None });
        }
        if query.len() > 4096 {
            let message = "the query is too long to be saved".to_owned();
            return Err(ControlError::Invalid { message, hint: None });
        }
        let change = match query.is_empty() {
            true => WebChange::RemoveView { operator, name },
            false => WebChange::SaveView { operator, name, query: query.to_owned() },
        };
        Ok(self.shared.store.write_web(change).await?)
    }

    pub(crate) fn access(&self) -> &Access {
        &self.shared.access
    }

    /// Makes a link that logs the operator in to the console, once.
    ///
    /// # Errors
    /// The console is not served anywhere, or the system gives no random bytes.
    pub fn web_link(&self, operator: &Operator) -> Result<api::WebLink, ControlError> {
        let link = self.link(Link::Of(operator.clone()), LINK_LIFETIME)?;
        audit::note(&self.shared, audit::by(operator, "web-link-made"));
        Ok(link)
    }

    /// Makes a link that logs a user in to the console, once; one's own, or as an admin anybody's.
    ///
    /// # Errors
    /// The operator may not, there is no such user, or as for [`Self::web_link`].
    pub fn web_link_of(
        &self,
        user: &UserName,
        operator: &Operator,
    ) -> Result<api::WebLink, ControlError> {
        if operator.name() == user.as_str() {
            return self.web_link(operator);
        }
        allow::anywhere(operator, Right::Administer)
            .map_err(|denied| self.denied(operator, None, Right::Administer, denied))?;
        if self.shared.store.user(user).is_none() {
            return Err(AccountError::UnknownUser(user.clone()).into());
        }
        let guest = Operator::new(user.as_str(), Vec::new(), Via::Web, None, "one-time link");
        let link = self.link(Link::Of(guest), LINK_LIFETIME)?;
        audit::note(&self.shared, audit::by(operator, "web-link-made").with("for", user));
        Ok(link)
    }

    /// Makes the link by which the first admin is made; none if there is a user or token already, or no console.
    #[must_use]
    pub fn first_link(&self) -> Option<api::WebLink> {
        let is_new = self.shared.access.is_new();
        is_new.then(|| self.link(Link::First, FIRST_LINK_LIFETIME).ok()).flatten()
    }

    fn link(
        &self,
        link: Link,
        lifetime: std::time::Duration,
    ) -> Result<api::WebLink, ControlError> {
        let addresses = self.shared.http.get().map(|http| http.addresses.clone());
        let addresses = addresses.unwrap_or_default();
        if addresses.is_empty() {
            return Err(ControlError::Conflict {
                message: "the console is not served: http.listen is empty".to_owned(),
                hint: Some(
                    "homing gateway --http 127.0.0.1:8443, or http.listen in its file".to_owned(),
                ),
            });
        }
        let page = match link {
            Link::First => "first",
            Link::Of(_) => "login",
        };
        let secret = self.shared.access.make_link(link, lifetime)?;
        let path = format!("/{page}?link={}", secret.expose());
        let urls = addresses.iter().map(|base| format!("{}{path}", self.reachable(base)));
        let end = Timestamp::now() + lifetime;
        let expires_at = Timestamp::from_second(end.as_second()).unwrap_or(end);
        Ok(api::WebLink { urls: urls.collect(), path: path.clone(), expires_at })
    }

    /// The URL with a host that browsers take, where the gateway listens on every address.
    fn reachable(&self, base: &str) -> String {
        let hosts = self.shared.settings.addresses.iter().map(|address| address.host.clone());
        let host = hosts.into_iter().next().unwrap_or_else(|| "localhost".to_owned());
        base.replace("://0.0.0.0:", &format!("://{host}:"))
            .replace("://[::]:", &format!("://{host}:"))
    }

    /// Tells the trail that somebody logged in to the console.
    pub(crate) fn note_login(&self, operator: &Operator, browser: &str) {
        self.shared.metrics.login("web", "ok");
        let entry = audit::by(operator, "login").with("credential", operator.credential());
        let browser = homing_proto::excerpt::Excerpt::new(browser);
        audit::note(&self.shared, entry.with("browser", browser));
    }

    /// Tells the trail that somebody was not let in. Whoever is throttled is only counted.
    pub(crate) fn note_login_refused(
        &self,
        name: &str,
        via: Via,
        source: Option<SocketAddr>,
        code: &str,
    ) {
        self.shared.metrics.login("web", code);
        if code == "too-many-failures" {
            return;
        }
        let name = homing_proto::excerpt::Excerpt::new(name).to_string();
        audit::note(
            &self.shared,
            audit::stranger(&name, via, source, "login-refused").refused(code),
        );
    }

    /// Tells the trail of a request that carried a session's cookie and came from no page of ours.
    pub(crate) fn note_forged(&self, operator: &Operator, path: &str) {
        let path = homing_proto::excerpt::Excerpt::new(path);
        let entry = audit::by(operator, "request-refused").with("path", path);
        audit::note(&self.shared, entry.refused("forged-request"));
    }

    /// Ends the session of whoever asks.
    pub(crate) async fn log_out(&self, operator: &Operator, id: &str) -> Result<(), ControlError> {
        let told = audit::change(audit::by(operator, "logout"));
        Ok(self.shared.access.close_web_session(id, told).await?)
    }

    /// Sessions of browsers: one's own; an admin of everything sees all.
    pub fn web_sessions(&self, operator: &Operator) -> Vec<api::WebSession> {
        let is_admin = allow::anywhere(operator, Right::Administer).is_ok();
        let mut sessions = self.shared.access.web_sessions();
        sessions.retain(|session| is_admin || is_own(session, operator));
        sessions.iter().map(|session| shown(session)).collect()
    }

    /// Ends a session: one's own, or as an admin anybody's.
    pub async fn end_web_session(&self, id: &str, operator: &Operator) -> Result<(), ControlError> {
        let sessions = self.shared.access.web_sessions();
        let found = sessions.iter().find(|session| session.id == id);
        let found = found.filter(|session| {
            is_own(session, operator) || allow::anywhere(operator, Right::Administer).is_ok()
        });
        let Some(session) = found else {
            return Err(ControlError::UnknownSession(id.to_owned()));
        };
        let entry = audit::by(operator, "web-session-ended");
        let entry = entry.with("session", &session.id).with("of", &session.operator);
        Ok(self.shared.access.close_web_session(id, audit::change(entry)).await?)
    }

    /// Whoever opens the first link: admin, for the one act of making the first admin.
    pub(crate) fn first_operator(source: Option<SocketAddr>) -> Operator {
        let grants = vec![homing_proto::access::Grant::of(Role::Admin)];
        Operator::new("first-admin", grants, Via::Web, source, "one-time link")
    }
}

fn is_own(session: &WebSession, operator: &Operator) -> bool {
    session.operator == operator.name()
}

fn shown(session: &WebSession) -> api::WebSession {
    api::WebSession {
        id: session.id.clone(),
        operator: session.operator.clone(),
        credential: session.credential.clone(),
        source: session.source.clone(),
        browser: session.browser.clone(),
        created_at: session.created_at,
        last_used: session.last_used,
        ends_at: session.ends_at(),
    }
}
