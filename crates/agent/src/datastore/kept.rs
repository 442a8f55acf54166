//! What is kept beside the commits: the rescue configuration, and the commit that waits for its time.

use std::fs;
use std::io;
use std::path::PathBuf;

use homing_proto::datastore::ScheduledRecord;

use super::disk::Disk;
use super::replace::{DiskError, at, sync_directory, write};

impl Disk {
    /// The rescue configuration, if one was saved.
    ///
    /// # Errors
    /// It can't be read.
    pub(super) fn rescue(&self) -> Result<Option<String>, DiskError> {
        let path = self.rescue_path();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Saves the rescue configuration, or deletes it; says whether there was one.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn set_rescue(&self, text: Option<&str>) -> Result<bool, DiskError> {
        let path = self.rescue_path();
        let was_there = path.exists();
        let Some(text) = text else {
            if was_there {
                fs::remove_file(&path).map_err(at(&path))?;
            }
            return Ok(was_there);
        };
        let next = self.dir.join("rescue.new");
        write(&next, text.as_bytes(), 0o600)?;
        fs::rename(&next, &path).map_err(at(&path))?;
        sync_directory(&path)?;
        Ok(was_there)
    }

    /// Keeps a commit that waits for its time, or forgets it.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn set_schedule(
        &mut self,
        scheduled: Option<(&ScheduledRecord, &str)>,
    ) -> Result<(), DiskError> {
        let mut journal = self.journal.clone();
        journal.scheduled = scheduled.map(|(record, _)| record.clone());
        if let Some((_, text)) = scheduled {
            write(&self.schedule_path(), text.as_bytes(), 0o600)?;
        }
        write(&self.next_journal(), journal.text().as_bytes(), 0o600)?;
        let path = self.dir.join("journal.json");
        fs::rename(self.next_journal(), &path).map_err(at(&path))?;
        self.journal = journal;
        sync_directory(&path)?;
        if scheduled.is_none() {
            // What can't be removed only takes space.
            let _ = fs::remove_file(self.schedule_path());
        }
        Ok(())
    }

    /// The text of the commit that waits for its time.
    ///
    /// # Errors
    /// It can't be read.
    pub(super) fn schedule_text(&self) -> Result<String, DiskError> {
        let path = self.schedule_path();
        fs::read_to_string(&path).map_err(at(&path))
    }

    pub(super) fn schedule_path(&self) -> PathBuf {
        self.dir.join("scheduled.conf")
    }

    fn rescue_path(&self) -> PathBuf {
        self.dir.join("rescue.conf")
    }
}
