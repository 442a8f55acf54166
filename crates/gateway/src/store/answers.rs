//! Answers to requests with an `Idempotency-Key`, kept for an hour: that a request was carried out is durable with what it changed.
//!
//! ```text
//!   once(request, …) ─▶ write(changes) ─▶ + Begun, in the same transaction ─▶ the answer ─▶ Ended, sealed, before it is sent
//!        kill -9 before the transaction: nothing was done, the key is free
//!                after it, before Ended:  the key is known as carried out, its answer is lost
//!                after Ended:             the answer is given again
//! ```
//!
//! An answer may hold a secret that is shown once, so it is sealed like other secrets. What changed nothing durable is not kept here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use homing_proto::api::Timestamp;
use homing_proto::hex::hex;
use rusqlite::{Connection, params};
use tokio::task_local;

use super::change::Change;
use super::error::WriteError;
use super::rows::{Found, moment};
use super::seal::{Place, Sealer};

/// How long an answer is kept, in microseconds.
const KEPT: i64 = 3_600_000_000;
/// How many are kept, and how many bytes of them.
const MOST: i64 = 4_096;
const MOST_BYTES: i64 = 32 << 20;

/// A request with a key of its sender's own, by digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnceRequest {
    /// Whose key it is, and the key.
    pub name: [u8; 32],
    /// What was asked for.
    pub request: [u8; 32],
}

/// How a request was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct OnceAnswer {
    /// The status.
    pub status: u16,
    /// The media type.
    pub kind: Option<String>,
    /// The body, which may hold a secret.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for OnceAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnceAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What is kept of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The request.
    pub once: OnceRequest,
    /// When it was carried out.
    pub at: Timestamp,
    /// None: it was carried out, and the gateway ended before the answer was kept.
    pub answer: Option<OnceAnswer>,
}

/// One change of what is kept.
#[derive(Debug, Clone)]
pub enum OnceChange {
    /// The request is carried out, with the changes beside this one.
    Begun(OnceRequest),
    /// It was answered.
    Ended(OnceRequest, OnceAnswer),
}

#[derive(Clone)]
struct Running {
    once: OnceRequest,
    is_durable: Arc<AtomicBool>,
}

task_local! {
    static RUNNING: Running;
}

/// Runs what a request asks for; whatever it writes is kept as carried out by it. Whether it wrote anything comes with its result.
pub async fn once<T>(once: OnceRequest, work: impl Future<Output = T>) -> (T, bool) {
    let is_durable = Arc::new(AtomicBool::new(false));
    let running = Running { once, is_durable: Arc::clone(&is_durable) };
    let done = RUNNING.scope(running, work).await;
    (done, is_durable.load(Ordering::Relaxed))
}

/// Adds to a write that its request is carried out by it.
pub(super) fn note(changes: &mut Vec<Change>) {
    if !changes.is_empty() {
        let _ = RUNNING.try_with(|running| {
            changes.push(Change::Once(OnceChange::Begun(running.once)));
        });
    }
}

/// The write is durable.
pub(super) fn noted() {
    let _ = RUNNING.try_with(|running| running.is_durable.store(true, Ordering::Relaxed));
}

pub(super) fn apply(
    db: &Connection,
    sealer: &Sealer,
    now: Timestamp,
    change: OnceChange,
) -> Result<(), WriteError> {
    match change {
        OnceChange::Begun(once) => begin(db, now, once),
        OnceChange::Ended(once, answer) => {
            let name = hex(&once.name);
            let sealed = sealer
                .seal(place(&name), &answer.body)
                .ok_or_else(|| WriteError::Database("can't seal an answer".into()))?;
            db.prepare_cached(
                "UPDATE answer SET status = ?2, kind = ?3, body_sealed = ?4 WHERE name = ?1",
            )?
            .execute(params![once.name, answer.status, answer.kind, sealed])?;
            Ok(())
        }
    }
}

fn begin(db: &Connection, now: Timestamp, once: OnceRequest) -> Result<(), WriteError> {
    let now = now.as_microsecond();
    db.prepare_cached("DELETE FROM answer WHERE at < ?1")?.execute([now.saturating_sub(KEPT)])?;
    db.prepare_cached(
        "DELETE FROM answer WHERE name IN (SELECT name FROM (
             SELECT name, ROW_NUMBER() OVER newest AS number,
                    SUM(COALESCE(LENGTH(body_sealed), 0)) OVER newest AS bytes
             FROM answer WINDOW newest AS (ORDER BY at DESC, name))
         WHERE number >= ?1 OR bytes > ?2)",
    )?
    .execute([MOST, MOST_BYTES])?;
    db.prepare_cached("INSERT OR IGNORE INTO answer (name, request, at) VALUES (?1, ?2, ?3)")?
        .execute(params![once.name, once.request, now])?;
    Ok(())
}

/// What is kept and not too old. What can't be unsealed any more counts as lost.
pub(super) fn all(db: &Connection, sealer: &Sealer, now: Timestamp) -> Found<Vec<KeptAnswer>> {
    let sql = "SELECT name, request, at, status, kind, body_sealed FROM answer WHERE at >= ?1 ORDER BY at";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([now.as_microsecond().saturating_sub(KEPT)])?;
    let mut kept = Vec::new();
    while let Some(row) = rows.next()? {
        let once = OnceRequest { name: row.get("name")?, request: row.get("request")? };
        let name = hex(&once.name);
        let body = row.get::<_, Option<Vec<u8>>>("body_sealed")?;
        let body = body.and_then(|sealed| sealer.unseal(place(&name), &sealed).ok());
        let answer = match (row.get::<_, Option<u16>>("status")?, body) {
            (Some(status), Some(body)) => {
                Some(OnceAnswer { status, kind: row.get("kind")?, body: body.to_vec() })
            }
            _ => None,
        };
        kept.push(KeptAnswer { once, at: moment(row, "at")?, answer });
    }
    Ok(kept)
}

fn place(name: &str) -> Place<'_> {
    Place { column: "answer", device: name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Limits, NewDevice, Store};
    use homing_proto::identity::DeviceName;

    fn request(number: u8) -> OnceRequest {
        OnceRequest { name: [number; 32], request: [7; 32] }
    }

    fn device(name: &str) -> Vec<Change> {
        vec![Change::Insert(Box::new(NewDevice::named(DeviceName::new(name).unwrap())))]
    }

    #[tokio::test]
    async fn what_was_carried_out_is_known_after_a_restart_with_its_answer_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let answer = OnceAnswer { status: 201, kind: None, body: b"hmt_secret".to_vec() };
        {
            let store = Store::open(folder.path(), &Limits::default()).unwrap();
            let (written, is_durable) = once(request(1), store.write(device("r1"))).await;
            assert!(written.is_ok() && is_durable);
            let ended = OnceChange::Ended(request(1), answer.clone());
            store.write(vec![Change::Once(ended)]).await.unwrap();
            let (_, is_durable) = once(request(2), store.write(device("r2"))).await;
            assert!(is_durable);
            // Refused: nothing of it is kept, nor that it was tried.
            let (refused, is_durable) = once(request(3), store.write(device("r1"))).await;
            assert!(refused.is_err() && !is_durable);
            let (_, is_durable) = once(request(4), store.flush()).await;
            assert!(!is_durable);
            store.close().await;
        }
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            assert!(!bytes.windows(10).any(|window| window == b"hmt_secret"));
        }
        let store = Store::open(folder.path(), &Limits::default()).unwrap();
        let kept = store.take_kept_answers();
        let of = |number: u8| kept.iter().find(|kept| kept.once == request(number));
        assert_eq!(of(1).unwrap().answer, Some(answer));
        assert_eq!(of(2).unwrap().answer, None);
        assert_eq!((kept.len(), of(3)), (2, None));
    }
}
