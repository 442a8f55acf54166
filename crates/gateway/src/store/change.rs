//! What may be changed, and how it is written.
//!
//! A write is a list of [`Change`]s that become durable together or not at all. What they touched is read back inside
//! the transaction, so that the [directory](super::directory) shows exactly what the database holds.

use std::collections::BTreeSet;
use std::net::IpAddr;

use homing_proto::api::{Event, KeySource, KeyState, Timestamp};
use homing_proto::audit::{Entry, Sealed};
use homing_proto::host_key::{Fingerprint, HostKey, Secret};
use homing_proto::identity::{DeviceId, DeviceName, ListenerName};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::accounts::{self, AccountChange};
use super::answers::{self, OnceChange};
use super::error::WriteError;
use super::record::{BlockedSource, DeviceUpdate, NewDevice, PendingKey, RejectedKey};
use super::rows;
use super::seal::{Place, Sealer};
use super::web::{self, WebChange};
use super::webhooks::{self, WebhookChange};
use super::{audit, events, pending};

/// One change of the store.
#[derive(Debug, Clone)]
pub enum Change {
    /// Enrols a device.
    Insert(Box<NewDevice>),
    /// Changes a device.
    Update(DeviceName, Box<DeviceUpdate>),
    /// The secret before the present one counts no more; refused if the present one is not the one issued at that moment.
    EndOldSecret(DeviceName, Timestamp),
    /// Forgets a device, its keys and what is pending for it. Its events stay.
    Forget(DeviceName),
    /// Puts a key of a device in force, beside those that are; a stranger's rejection of it ends.
    PinKey(DeviceName, HostKey, KeySource),
    /// Takes a key of a device out of force; it stays in its history.
    RetireKey(DeviceName, Fingerprint, KeyState),
    /// Takes a pending key away, because it was decided on.
    TakePending(PendingKey),
    /// Turns a stranger's key down, whatever device-id it claims.
    RejectKey(Box<RejectedKey>),
    /// Ends a rejection.
    UnrejectKey(Fingerprint),
    /// Blocks an address: only enrolled devices are taken in from there.
    BlockSource(Box<BlockedSource>),
    /// Ends that.
    UnblockSource(IpAddr),
    /// Changes users or tokens.
    Account(AccountChange),
    /// Changes webhooks.
    Webhook(WebhookChange),
    /// Changes what the web console keeps.
    Web(WebChange),
    /// Keeps what became of a request that must be carried out once.
    Once(OnceChange),
    /// Records an event together with the rest. Its id is given by the store.
    Record(Box<Event>),
    /// Adds an entry to the audit trail together with the rest. Its id is given by the store.
    Audit(Box<Entry>),
}

/// What a batch of changes touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) devices: BTreeSet<DeviceName>,
    pub(super) pending: BTreeSet<PendingKey>,
    pub(super) rejected: Vec<(Fingerprint, Option<RejectedKey>)>,
    pub(super) blocked: Vec<(IpAddr, Option<BlockedSource>)>,
    pub(super) accounts: accounts::Touched,
    pub(super) webhooks: BTreeSet<String>,
    pub(super) web: web::Touched,
    pub(super) events: Vec<Event>,
    pub(super) audit: Vec<Sealed>,
}

impl Touched {
    /// Adds what one write touched.
    pub(super) fn merge(&mut self, other: Self) {
        self.devices.extend(other.devices);
        self.pending.extend(other.pending);
        self.rejected.extend(other.rejected);
        self.blocked.extend(other.blocked);
        self.accounts.merge(other.accounts);
        self.webhooks.extend(other.webhooks);
        self.web.merge(other.web);
        self.events.extend(other.events);
        self.audit.extend(other.audit);
    }
}

/// Carries changes out inside a transaction.
pub(super) struct Applier<'a> {
    pub(super) db: &'a Connection,
    pub(super) sealer: &'a Sealer,
    pub(super) now: Timestamp,
}

type Done = Result<(), WriteError>;

impl Applier<'_> {
    pub(super) fn apply(&self, change: Change, touched: &mut Touched) -> Done {
        match change {
            Change::Insert(device) => self.insert(&device, touched),
            Change::Update(name, update) => self.update(name, *update, touched),
            Change::EndOldSecret(name, issued) => self.end_old_secret(name, issued, touched),
            Change::Forget(name) => self.forget(name, touched),
            Change::PinKey(name, key, source) => self.pin(name, &key, source, touched),
            Change::RetireKey(name, key, state) => self.retire(name, key, state, touched),
            Change::TakePending(id) => self.take_pending(id, touched),
            Change::RejectKey(rejected) => self.reject(*rejected, touched),
            Change::UnrejectKey(key) => self.unreject(key, touched),
            Change::BlockSource(blocked) => self.block_source(*blocked, touched),
            Change::UnblockSource(source) => self.unblock_source(source, touched),
            Change::Account(change) => {
                accounts::apply(self.db, self.now, change, &mut touched.accounts)
            }
            Change::Webhook(change) => {
                touched.webhooks.insert(webhooks::apply(self.db, self.sealer, change)?);
                Ok(())
            }
            Change::Web(change) => web::apply(self.db, change, &mut touched.web),
            Change::Once(change) => answers::apply(self.db, self.sealer, self.now, change),
            Change::Record(event) => {
                touched.events.push(events::insert(self.db, *event)?);
                Ok(())
            }
            Change::Audit(entry) => {
                touched.audit.push(audit::append(self.db, *entry)?);
                Ok(())
            }
        }
    }

    fn insert(&self, device: &NewDevice, touched: &mut Touched) -> Done {
        let name = &device.name;
        if rows::device_row(self.db, name)?.is_some() {
            return Err(WriteError::NameTaken(name.clone()));
        }
        self.check_identity(device.device_id.as_ref(), device.listener.as_ref(), name)?;
        let now = self.now.as_microsecond();
        self.db
            .prepare_cached(
                "INSERT INTO device (name, device_id, user, addresses, tags, listener, blocked,
                     secret_sealed, secret_issued_at, password_sealed, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10, ?10)",
            )?
            .execute(params![
                name.as_str(),
                device.device_id.as_ref().map(DeviceId::as_str),
                device.user,
                to_json(&device.addresses)?,
                to_json(&device.tags)?,
                device.listener.as_ref().map(AsRef::<str>::as_ref),
                self.seal(name, "secret", device.secret.as_ref())?,
                device.secret.as_ref().map(|_| now),
                self.seal(name, "password", device.password.as_ref())?,
                now,
            ])?;
        for (key, source) in &device.keys {
            self.pin(name.clone(), key, *source, touched)?;
        }
        touched.devices.insert(name.clone());
        Ok(())
    }

    fn update(&self, name: DeviceName, update: DeviceUpdate, touched: &mut Touched) -> Done {
        let row = self.row(&name)?;
        self.check_unchanged(row, &name, update.expected)?;
        if update.device_id.is_some() || update.listener.is_some() {
            self.identify(row, &name, update.device_id, update.listener)?;
        }
        if let Some(user) = update.user {
            self.set(row, "user", user)?;
        }
        if let Some(addresses) = update.addresses {
            self.set(row, "addresses", to_json(&addresses)?)?;
        }
        if let Some(tags) = update.tags {
            self.set(row, "tags", to_json(&tags)?)?;
        }
        if let Some(blocked) = update.blocked {
            self.set(row, "blocked", blocked)?;
        }
        if let Some(secret) = update.secret {
            self.set(row, "secret_sealed", self.seal(&name, "secret", secret.as_ref())?)?;
            let issued = secret.map(|_| self.now.as_microsecond());
            self.set(row, "secret_issued_at", issued)?;
        }
        if let Some(old) = update.old_secret {
            let (secret, until) = old.unzip();
            let sealed = self.seal(&name, "old-secret", secret.as_ref())?;
            self.set(row, "old_secret_sealed", sealed)?;
            self.set(row, "old_secret_until", until.map(|until| until.as_microsecond()))?;
        }
        if let Some(password) = update.password {
            self.set(row, "password_sealed", self.seal(&name, "password", password.as_ref())?)?;
        }
        self.set(row, "updated_at", self.now.as_microsecond())?;
        touched.devices.insert(name);
        Ok(())
    }

    fn check_unchanged(&self, row: i64, name: &DeviceName, expected: Option<Timestamp>) -> Done {
        let Some(expected) = expected else { return Ok(()) };
        let changed: i64 = self
            .db
            .prepare_cached("SELECT updated_at FROM device WHERE id = ?1")?
            .query_row([row], |row| row.get(0))?;
        match changed == expected.as_microsecond() {
            true => Ok(()),
            false => Err(WriteError::ChangedMeanwhile(name.clone())),
        }
    }

    fn end_old_secret(&self, name: DeviceName, issued: Timestamp, touched: &mut Touched) -> Done {
        let row = self.row(&name)?;
        let ended = self
            .db
            .prepare_cached(
                "UPDATE device SET old_secret_sealed = NULL, old_secret_until = NULL, updated_at = ?3
                 WHERE id = ?1 AND secret_issued_at = ?2",
            )?
            .execute(params![row, issued.as_microsecond(), self.now.as_microsecond()])?;
        if ended == 0 {
            return Err(WriteError::ChangedMeanwhile(name));
        }
        touched.devices.insert(name);
        Ok(())
    }

    fn forget(&self, name: DeviceName, touched: &mut Touched) -> Done {
        let row = self.row(&name)?;
        self.db.prepare_cached("DELETE FROM device WHERE id = ?1")?.execute([row])?;
        touched.pending.extend(pending::forget_device(self.db, &name)?);
        touched.devices.insert(name);
        Ok(())
    }

    fn pin(
        &self,
        name: DeviceName,
        key: &HostKey,
        source: KeySource,
        touched: &mut Touched,
    ) -> Done {
        let row = self.row(&name)?;
        let fingerprint = key.fingerprint();
        self.db
            .prepare_cached(
                "INSERT INTO host_key (device, fingerprint, key, state, source, first_seen)
                 VALUES (?1, ?2, ?3, 'pinned', ?4, ?5)
                 ON CONFLICT DO UPDATE SET state = 'pinned', source = excluded.source",
            )?
            .execute(params![
                row,
                fingerprint.to_string(),
                key.text(),
                source.as_str(),
                self.now.as_microsecond()
            ])?;
        self.unreject(fingerprint, touched)?;
        touched.devices.insert(name);
        Ok(())
    }

    fn retire(
        &self,
        name: DeviceName,
        fingerprint: Fingerprint,
        state: KeyState,
        touched: &mut Touched,
    ) -> Done {
        let row = self.row(&name)?;
        let changed = self
            .db
            .prepare_cached(
                "UPDATE host_key SET state = ?3 WHERE device = ?1 AND fingerprint = ?2",
            )?
            .execute(params![row, fingerprint.to_string(), state.as_str()])?;
        if changed == 0 {
            return Err(WriteError::UnknownKey { name, fingerprint });
        }
        touched.devices.insert(name);
        Ok(())
    }

    fn take_pending(&self, id: PendingKey, touched: &mut Touched) -> Done {
        if !pending::remove(self.db, &id)? {
            return Err(WriteError::NothingPending(id.fingerprint));
        }
        touched.pending.insert(id);
        Ok(())
    }

    fn row(&self, name: &DeviceName) -> Result<i64, WriteError> {
        rows::device_row(self.db, name)?.ok_or_else(|| WriteError::UnknownDevice(name.clone()))
    }

    /// Both at once: one of them alone may be another device's.
    fn identify(
        &self,
        row: i64,
        name: &DeviceName,
        device_id: Option<Option<DeviceId>>,
        listener: Option<Option<ListenerName>>,
    ) -> Done {
        let Some(now) = rows::device(self.db, self.sealer, name)? else {
            return Err(WriteError::UnknownDevice(name.clone()));
        };
        let device_id = device_id.unwrap_or(now.device_id);
        let listener = listener.unwrap_or(now.listener);
        self.check_identity(device_id.as_ref(), listener.as_ref(), name)?;
        self.db
            .prepare_cached("UPDATE device SET device_id = ?2, listener = ?3 WHERE id = ?1")?
            .execute(params![
                row,
                device_id.as_ref().map(DeviceId::as_str),
                listener.as_ref().map(AsRef::<str>::as_ref)
            ])?;
        Ok(())
    }

    /// What a device says and where it dials tell it from all others.
    fn check_identity(
        &self,
        device_id: Option<&DeviceId>,
        listener: Option<&ListenerName>,
        ours: &DeviceName,
    ) -> Done {
        let Some(device_id) = device_id else { return Ok(()) };
        let listener = listener.map(AsRef::<str>::as_ref);
        let holder: Option<String> = self
            .db
            .prepare_cached(
                "SELECT name FROM device WHERE device_id = ?1 AND listener IS ?2 AND name <> ?3",
            )?
            .query_row(params![device_id.as_str(), listener, ours.as_str()], |row| row.get(0))
            .optional()?;
        match holder.map(DeviceName::new) {
            None => Ok(()),
            Some(Ok(name)) => Err(WriteError::DeviceIdTaken { device_id: device_id.clone(), name }),
            Some(Err(error)) => Err(WriteError::Database(error.to_string())),
        }
    }

    /// `column` is never text from outside.
    fn set(&self, row: i64, column: &'static str, value: impl rusqlite::ToSql) -> Done {
        self.db
            .prepare_cached(&format!("UPDATE device SET {column} = ?2 WHERE id = ?1"))?
            .execute(params![row, value])?;
        Ok(())
    }

    fn seal(
        &self,
        device: &DeviceName,
        column: &'static str,
        plain: Option<&Secret>,
    ) -> Result<Option<Vec<u8>>, WriteError> {
        let Some(plain) = plain else { return Ok(None) };
        let place = Place { column, device: device.as_str() };
        let sealed = self.sealer.seal(place, plain.expose());
        sealed.map(Some).ok_or_else(|| WriteError::Database(format!("can't seal the {column}")))
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, WriteError> {
    serde_json::to_string(value).map_err(|error| WriteError::Database(error.to_string()))
}
