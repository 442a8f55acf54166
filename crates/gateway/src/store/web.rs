//! What the web console keeps: sessions of browsers, known by a digest, and the views that people saved.
//!
//! ```text
//!   login ──▶ open ──▶ used … used ──▶ close, or over: idle, too old, pushed out by newer ones of the same operator
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use homing_proto::access::CredentialDigest;
use homing_proto::api::Timestamp;
use rusqlite::{Connection, Row, params};

use super::directory;
use super::error::WriteError;
use super::rows::{Found, RowError, moment};
use super::{Change, Store};

/// A session that nobody uses ends after this.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// Every session ends after this.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// The most sessions of one operator; a newer one ends the one that was unused for longest.
const MOST: u64 = 20;
/// The most saved views of one operator.
const MOST_VIEWS: u64 = 50;

/// A session of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// What it is called in lists and logs.
    pub id: String,
    /// What is known of its cookie.
    pub digest: CredentialDigest,
    /// Whose it is.
    pub operator: String,
    /// What it rests on: `user`, `socket`, or `token hmt_…`.
    pub credential: String,
    /// Where the login came from.
    pub source: String,
    /// What the browser calls itself.
    pub browser: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub last_used: Timestamp,
}

impl WebSession {
    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let is_past = |since: Timestamp, limit: Duration| {
            now.duration_since(since).unsigned_abs() >= limit && now >= since
        };
        is_past(self.last_used, IDLE) || is_past(self.created_at, LONGEST)
    }

    /// When it ends if it is not used again.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        (self.last_used + IDLE).min(self.created_at + LONGEST)
    }
}

/// One change of what the console keeps.
#[derive(Debug, Clone)]
pub enum WebChange {
    /// Opens a session; those that are over go.
    Open(Box<WebSession>),
    /// Notes that one was used; nothing if it is gone.
    Use(String, Timestamp),
    /// Ends one; nothing if it is gone.
    Close(String),
    /// Saves a view of the devices, in place of one of that name.
    SaveView {
        /// Whose it is.
        operator: String,
        /// What it is called.
        name: String,
        /// The query of its address.
        query: String,
    },
    /// Takes a saved view away.
    RemoveView {
        /// Whose it is.
        operator: String,
        /// What it is called.
        name: String,
    },
}

/// What changes touched: sessions by id, views by operator.
#[derive(Debug, Default)]
pub(super) struct Touched {
    sessions: BTreeSet<String>,
    operators: BTreeSet<String>,
}

impl Touched {
    pub(super) fn merge(&mut self, other: Self) {
        self.sessions.extend(other.sessions);
        self.operators.extend(other.operators);
    }
}

/// One committed difference.
#[derive(Debug)]
pub(super) enum Difference {
    Session(String, Option<Box<WebSession>>),
    Views(String, BTreeMap<String, String>),
}

/// All of it in memory.
#[derive(Debug, Default)]
pub(super) struct Console {
    sessions: BTreeMap<String, Arc<WebSession>>,
    by_digest: HashMap<[u8; 32], String>,
    views: HashMap<String, BTreeMap<String, String>>,
}

impl Console {
    pub(super) fn apply(&mut self, difference: Difference) {
        match difference {
            Difference::Session(id, session) => {
                if let Some(old) = self.sessions.remove(&id) {
                    self.by_digest.remove(old.digest.as_bytes());
                }
                if let Some(session) = session {
                    self.by_digest.insert(*session.digest.as_bytes(), id.clone());
                    self.sessions.insert(id, Arc::new(*session));
                }
            }
            Difference::Views(operator, views) if views.is_empty() => {
                self.views.remove(&operator);
            }
            Difference::Views(operator, views) => {
                self.views.insert(operator, views);
            }
        }
    }
}

/// Reads: from memory, without waiting.
impl Store {
    /// The session whose cookie has this digest, if it is not over.
    #[must_use]
    pub fn web_session_by(
        &self,
        digest: &CredentialDigest,
        now: Timestamp,
    ) -> Option<Arc<WebSession>> {
        let directory = self.shared.state.directory();
        let id = directory.console.by_digest.get(digest.as_bytes())?;
        directory.console.sessions.get(id).filter(|session| !session.is_over(now)).cloned()
    }

    /// A session, if it is not over.
    #[must_use]
    pub fn web_session(&self, id: &str, now: Timestamp) -> Option<Arc<WebSession>> {
        let directory = self.shared.state.directory();
        directory.console.sessions.get(id).filter(|session| !session.is_over(now)).cloned()
    }

    /// All sessions that are not over.
    #[must_use]
    pub fn web_sessions(&self, now: Timestamp) -> Vec<Arc<WebSession>> {
        let directory = self.shared.state.directory();
        let sessions = directory.console.sessions.values();
        sessions.filter(|session| !session.is_over(now)).cloned().collect()
    }

    /// The views that somebody saved: their queries by name.
    #[must_use]
    pub fn views(&self, operator: &str) -> BTreeMap<String, String> {
        self.shared.state.directory().console.views.get(operator).cloned().unwrap_or_default()
    }

    /// Changes what the console keeps.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn write_web(&self, change: WebChange) -> Result<(), WriteError> {
        self.write(vec![Change::Web(change)]).await
    }
}

type Done = Result<(), WriteError>;

/// Carries a change out inside a transaction.
pub(super) fn apply(db: &Connection, change: WebChange, touched: &mut Touched) -> Done {
    match change {
        WebChange::Open(session) => open(db, &session, touched),
        WebChange::Use(id, at) => {
            let sql = "UPDATE web_session SET last_used = max(last_used, ?2) WHERE id = ?1";
            db.prepare_cached(sql)?.execute(params![id, at.as_microsecond()])?;
            touched.sessions.insert(id);
            Ok(())
        }
        WebChange::Close(id) => {
            db.prepare_cached("DELETE FROM web_session WHERE id = ?1")?.execute([&id])?;
            touched.sessions.insert(id);
            Ok(())
        }
        WebChange::SaveView { operator, name, query } => {
            db.prepare_cached(
                "INSERT INTO web_view (operator, name, query)
                 SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM web_view WHERE operator = ?1) < ?4
                     OR EXISTS (SELECT 1 FROM web_view WHERE operator = ?1 AND name = ?2)
                 ON CONFLICT DO UPDATE SET query = excluded.query",
            )?
            .execute(params![operator, name, query, MOST_VIEWS])?;
            touched.operators.insert(operator);
            Ok(())
        }
        WebChange::RemoveView { operator, name } => {
            let sql = "DELETE FROM web_view WHERE operator = ?1 AND name = ?2";
            db.prepare_cached(sql)?.execute([&operator, &name])?;
            touched.operators.insert(operator);
            Ok(())
        }
    }
}

fn open(db: &Connection, session: &WebSession, touched: &mut Touched) -> Done {
    let now = session.created_at.as_microsecond();
    let before =
        |limit: Duration| now.saturating_sub(i64::try_from(limit.as_micros()).unwrap_or(i64::MAX));
    db.prepare_cached(
        "INSERT INTO web_session (id, digest, operator, credential, source, browser, created_at, last_used)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?
    .execute(params![
        session.id, session.digest.as_bytes(), session.operator, session.credential,
        session.source, session.browser, now
    ])?;
    let mut statement = db.prepare_cached(
        "DELETE FROM web_session WHERE last_used <= ?1 OR created_at <= ?2
             OR id IN (SELECT id FROM web_session WHERE operator = ?3
                       ORDER BY last_used DESC, id LIMIT -1 OFFSET ?4)
         RETURNING id",
    )?;
    let limits = params![before(IDLE), before(LONGEST), session.operator, MOST];
    let gone = statement.query_map(limits, |row| row.get::<_, String>(0))?;
    for id in gone {
        touched.sessions.insert(id?);
    }
    touched.sessions.insert(session.id.clone());
    Ok(())
}

/// Everything, when the store opens.
pub(super) fn load(db: &Connection) -> Found<Vec<directory::Difference>> {
    let mut touched = Touched::default();
    let mut rows = db.prepare("SELECT id FROM web_session")?;
    for id in rows.query_map([], |row| row.get(0))? {
        touched.sessions.insert(id?);
    }
    let mut rows = db.prepare("SELECT DISTINCT operator FROM web_view")?;
    for operator in rows.query_map([], |row| row.get(0))? {
        touched.operators.insert(operator?);
    }
    differences(db, touched)
}

/// Reads back what was touched, so that memory shows what the database holds.
pub(super) fn differences(db: &Connection, touched: Touched) -> Found<Vec<directory::Difference>> {
    let mut differences = Vec::new();
    for id in touched.sessions {
        let mut statement = db.prepare_cached("SELECT * FROM web_session WHERE id = ?1")?;
        let mut rows = statement.query([&id])?;
        let found = rows.next()?.map(session_of).transpose()?;
        differences.push(Difference::Session(id, found.map(Box::new)));
    }
    for operator in touched.operators {
        let sql = "SELECT name, query FROM web_view WHERE operator = ?1";
        let mut statement = db.prepare_cached(sql)?;
        let views = statement.query_map([&operator], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let views = views.collect::<Result<_, _>>()?;
        differences.push(Difference::Views(operator, views));
    }
    Ok(differences.into_iter().map(directory::Difference::Web).collect())
}

fn session_of(row: &Row<'_>) -> Found<WebSession> {
    let digest: Vec<u8> = row.get("digest")?;
    let digest = digest.try_into().map_err(|_| RowError::Damaged("digest of a session".into()))?;
    Ok(WebSession {
        id: row.get("id")?,
        digest: CredentialDigest::from_bytes(digest),
        operator: row.get("operator")?,
        credential: row.get("credential")?,
        source: row.get("source")?,
        browser: row.get("browser")?,
        created_at: moment(row, "created_at")?,
        last_used: moment(row, "last_used")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_not_used_and_in_any_case_after_a_week() {
        const HOUR: Duration = Duration::from_secs(3600);
        let start = Timestamp::from_second(1_000_000_000).unwrap();
        let used_after = |hours: u32| WebSession {
            id: "3f9c2a7b1004".to_owned(),
            digest: CredentialDigest::from_bytes([0; 32]),
            operator: "jane".to_owned(),
            credential: "user".to_owned(),
            source: String::new(),
            browser: String::new(),
            created_at: start,
            last_used: start + HOUR * hours,
        };
        for (used, ends) in [(0, 12), (5, 17), (150, 162), (160, 168), (167, 168)] {
            let session = used_after(used);
            assert_eq!(session.ends_at(), start + HOUR * ends, "used after {used} h");
            assert!(!session.is_over(start + HOUR * (ends - 1)), "used after {used} h");
            assert!(session.is_over(start + HOUR * ends), "used after {used} h");
        }
    }
}
