//! The tables, and how an older database becomes a newer one.
//!
//! `user_version` counts the migrations that have run. Each runs in a transaction of its own together with the new
//! number, so a crash leaves the database at one version or the next, never between. Moments are microseconds since
//! the Unix epoch; lists and maps are JSON.

use rusqlite::{Connection, TransactionBehavior};

use super::error::OpenError;

const MIGRATIONS: &[&str] =
    &[V1, AUDIT, ACCOUNTS, WEBHOOKS, CONSOLE, ARRIVALS, OLD_SECRETS, ANSWERS, BLOCKS];

const V1: &str = "
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE device (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL UNIQUE,
    device_id        TEXT,
    user             TEXT,
    addresses        TEXT NOT NULL,
    tags             TEXT NOT NULL,
    listener         TEXT,
    blocked          INTEGER NOT NULL,
    secret_sealed    BLOB,
    secret_issued_at INTEGER,
    password_sealed  BLOB,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
-- Two devices may say the same device-id if they dial different listeners.
CREATE UNIQUE INDEX device_identity ON device (device_id, coalesce(listener, ''));

CREATE TABLE host_key (
    device      INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    key         TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pinned', 'replaced', 'rejected')),
    source      TEXT NOT NULL CHECK (source IN ('enrolled', 'hmac', 'operator', 'import')),
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER,
    PRIMARY KEY (device, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending (
    fingerprint TEXT NOT NULL,
    device_id   TEXT NOT NULL,             -- '' for NETCONF call home
    key         TEXT NOT NULL,
    device      TEXT,                      -- name of a known device that came with another key
    listener    TEXT NOT NULL,
    source      TEXT NOT NULL,
    source_ip   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, device_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_source ON pending (source_ip, last_seen);

CREATE TABLE rejected_key (
    fingerprint TEXT PRIMARY KEY,
    key         TEXT NOT NULL,
    device_id   TEXT,
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    code      TEXT NOT NULL,
    fault     TEXT,
    device    TEXT,
    device_id TEXT,
    listener  TEXT,
    source    TEXT,
    epoch     INTEGER,
    message   TEXT NOT NULL,
    advice    TEXT,
    fields    TEXT
) STRICT;
CREATE INDEX event_device ON event (device, id);
CREATE INDEX event_device_id ON event (device_id, id) WHERE device_id IS NOT NULL;
";

/// The text of an entry is the truth, because it is what is hashed; the columns to search by are made of it.
const AUDIT: &str = "
CREATE TABLE audit (
    id       INTEGER PRIMARY KEY,
    entry    TEXT NOT NULL,
    hash     BLOB NOT NULL,
    at       TEXT AS (entry ->> '$.at') VIRTUAL,
    action   TEXT AS (entry ->> '$.action') VIRTUAL,
    operator TEXT AS (entry ->> '$.operator') VIRTUAL,
    device   TEXT AS (entry ->> '$.device') VIRTUAL
) STRICT;
CREATE INDEX audit_operator ON audit (operator, id);
CREATE INDEX audit_device ON audit (device, id) WHERE device IS NOT NULL;
";

const WEBHOOKS: &str = "
CREATE TABLE webhook (
    id            TEXT PRIMARY KEY,
    url           TEXT NOT NULL,
    codes         TEXT NOT NULL,           -- with commas between them
    selector      TEXT NOT NULL,
    secret_sealed BLOB NOT NULL,
    after         INTEGER NOT NULL,        -- the last event that was delivered or passed over
    failures      INTEGER NOT NULL,
    last_error    TEXT,
    delivered_at  INTEGER,
    created_by    TEXT NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What the plot of arrivals and departures reads, and nothing else of the events.
const ARRIVALS: &str = "
CREATE INDEX event_arrival ON event (at, code, device)
    WHERE code IN ('in-session', 'session-closed');
";

const CONSOLE: &str = "
CREATE TABLE web_session (
    id         TEXT PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE,
    operator   TEXT NOT NULL,
    credential TEXT NOT NULL,
    source     TEXT NOT NULL,
    browser    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE web_view (
    operator TEXT NOT NULL,
    name     TEXT NOT NULL,
    query    TEXT NOT NULL,
    PRIMARY KEY (operator, name)
) STRICT, WITHOUT ROWID;
";

const ACCOUNTS: &str = "
CREATE TABLE user (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    last_grant INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_key (
    user        INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    key         TEXT NOT NULL,
    comment     TEXT NOT NULL,
    added_at    INTEGER NOT NULL,
    last_used   INTEGER,
    PRIMARY KEY (user, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_grant (
    user       INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'configurator', 'admin')),
    selector   TEXT NOT NULL,
    expires_at INTEGER,
    granted_by TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (user, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE one_time_password (
    user       INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    digest     BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    tries_left INTEGER NOT NULL
) STRICT;

CREATE TABLE token (
    id         TEXT PRIMARY KEY,
    user       INTEGER REFERENCES user (id) ON DELETE CASCADE,
    label      TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'configurator', 'admin')),
    selector   TEXT NOT NULL,
    expires_at INTEGER,
    digest     BLOB NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX token_user ON token (user);
";

/// The secret before the present one, until a device came with the new one or its time is over.
const OLD_SECRETS: &str = "
ALTER TABLE device ADD COLUMN old_secret_sealed BLOB;
ALTER TABLE device ADD COLUMN old_secret_until INTEGER;
";

/// Who turned a key down, and addresses from which only enrolled devices are taken in.
const BLOCKS: &str = "
ALTER TABLE rejected_key ADD COLUMN operator TEXT;
CREATE TABLE blocked_source (
    source    TEXT PRIMARY KEY,
    device_id TEXT,
    operator  TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Requests with a key of their sender's own.
const ANSWERS: &str = "
CREATE TABLE answer (
    name        BLOB PRIMARY KEY,
    request     BLOB NOT NULL,
    at          INTEGER NOT NULL,
    status      INTEGER,
    kind        TEXT,
    body_sealed BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_at ON answer (at);
";

/// Brings the database to the newest schema.
///
/// # Errors
/// A newer Homing wrote it, or SQLite refuses.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    run(connection, MIGRATIONS)
}

fn run(connection: &mut Connection, migrations: &[&str]) -> Result<(), OpenError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let found = version(connection)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for (number, migration) in (1i64..).zip(migrations).skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_in_order() {
        let mut db = Connection::open_in_memory().unwrap();
        run(&mut db, &["CREATE TABLE a (x)"]).unwrap();
        run(&mut db, &["CREATE TABLE a (x)", "ALTER TABLE a ADD y"]).unwrap();
        run(&mut db, &["CREATE TABLE a (x)", "ALTER TABLE a ADD y"]).unwrap();
        assert_eq!(version(&db).unwrap(), 2);
        db.execute("INSERT INTO a (x, y) VALUES (1, 2)", []).unwrap();
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it() {
        let mut db = Connection::open_in_memory().unwrap();
        let bad = ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"];
        run(&mut db, &bad).unwrap_err();
        assert_eq!(version(&db).unwrap(), 1);
        assert!(db.prepare("SELECT x FROM b").is_err());
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let known = version(&db).unwrap();
        db.pragma_update(None, "user_version", known + 1).unwrap();
        assert_eq!(migrate(&mut db), Err(OpenError::Newer { found: known + 1, known }));
    }
}
