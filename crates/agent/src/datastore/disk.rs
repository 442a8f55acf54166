//! The files of the commits.
//!
//! ```text
//! STATE/commits/            0700
//!   journal.json            0600  who, when, which text; its rename is the commit
//!   00000012.conf           0600  the text of commit 12
//!   rescue.conf             0600
//!   scheduled.conf          0600  what `commit at` will commit
//! FILE                            the running configuration
//! .FILE.homing-new                the next one, until its rename
//! ```
//!
//! Everything that can fail for want of space comes before the journal's rename. If the machine
//! stops between that and the rename of FILE, the next start finds `.FILE.homing-new` with the
//! digest of the newest commit and goes on where it stopped.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use homing_proto::datastore::{CommitRecord, ConfirmingRecord, MOST_COMMITS, ScheduledRecord};

use super::journal::{Entry, Journal, digest};
use super::replace::{
    DiskError, at, check_replaceable, keep_owner, next_of, sync_directory, write,
};

/// Where the commits are kept.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) dir: PathBuf,
    /// The file that is the running configuration, if it is one.
    file: Option<PathBuf>,
    pub(super) journal: Journal,
}

/// A commit that only wants its rename.
#[derive(Debug)]
#[must_use = "a staged commit is finished or dropped"]
pub(super) struct Staged {
    journal: Journal,
    /// Removed unless the commit is finished.
    made: Vec<PathBuf>,
}

/// What is to be kept.
#[derive(Debug)]
pub(super) struct NewCommit<'c> {
    pub(super) record: &'c CommitRecord,
    pub(super) confirming: Option<&'c ConfirmingRecord>,
    pub(super) text: &'c str,
    /// The commit that goes on waiting for its time.
    pub(super) scheduled: Option<&'c ScheduledRecord>,
    /// Whether the file has this text already: a person wrote it there.
    pub(super) is_in_file: bool,
}

impl Drop for Staged {
    fn drop(&mut self) {
        for path in &self.made {
            // What can't be removed is overwritten by the next commit.
            let _ = fs::remove_file(path);
        }
    }
}

impl Disk {
    /// Opens the folder, made if it is not there, and ends a commit that was cut off.
    ///
    /// # Errors
    /// A file can't be read or written.
    pub(super) fn open(state_dir: &Path, file: Option<&Path>) -> Result<Self, DiskError> {
        let dir = state_dir.join("commits");
        crate::state::make_private_directory(&dir).map_err(at(&dir))?;
        let path = dir.join("journal.json");
        let journal = match fs::read(&path) {
            Ok(text) => match Journal::parse(&text) {
                Some(journal) => journal,
                None => {
                    let aside = dir.join("journal.json.broken");
                    fs::rename(&path, &aside).map_err(at(&path))?;
                    tracing::warn!(
                        file = %aside.display(),
                        "the journal of the commits can't be read; it was put aside, and a new one begins"
                    );
                    Journal::default()
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Journal::default(),
            Err(error) => return Err(at(&path)(error)),
        };
        // A link stays a link: what it points to is replaced.
        let file = file.map(|file| fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()));
        let disk = Self { dir, file, journal };
        if let Err(error) = disk.recover() {
            // The journal is there: what it says is worth more than the file.
            tracing::error!(
                code = error.code(),
                "a commit that was cut off can't be ended: {error}"
            );
        }
        Ok(disk)
    }

    /// Ends the commit that was cut off between its two renames, and clears away what a commit
    /// that was cut off earlier left.
    fn recover(&self) -> Result<(), DiskError> {
        let Some(file) = &self.file else { return Ok(()) };
        let next = next_of(file);
        let Ok(text) = fs::read(&next) else { return Ok(()) };
        let is_newest = self.journal.newest() == Some(digest(&text).as_str());
        let running = fs::read(file).ok().map(|text| digest(&text));
        // A file that no commit made was written by a person since.
        let is_ours = running.is_none_or(|running| self.journal.has(&running));
        if is_newest && is_ours {
            fs::rename(&next, file).map_err(at(file))?;
            sync_directory(file)
        } else {
            fs::remove_file(&next).map_err(at(&next))
        }
    }

    /// Writes everything but the renames. Dropping what it gives takes it back.
    ///
    /// # Errors
    /// A file can't be written; nothing was changed.
    pub(super) fn stage(&self, commit: &NewCommit<'_>) -> Result<Staged, DiskError> {
        let mut journal = self.journal.clone();
        let entry = Entry { record: commit.record.clone(), digest: digest(commit.text.as_bytes()) };
        journal.commits.insert(0, entry);
        journal.commits.truncate(MOST_COMMITS);
        journal.confirming = commit.confirming.cloned();
        journal.scheduled = commit.scheduled.cloned();
        let mut staged = Staged { journal, made: Vec::new() };
        let text_path = self.text_path(commit.record.number);
        staged.write(&text_path, commit.text, 0o600)?;
        if let Some(file) = self.file.as_deref().filter(|_| !commit.is_in_file) {
            check_replaceable(file).map_err(at(file))?;
            let mode = fs::metadata(file).map_or(0o600, |meta| meta.permissions().mode() & 0o777);
            staged.write(&next_of(file), commit.text, mode)?;
            keep_owner(file, &next_of(file));
        }
        let journal_text = staged.journal.text();
        staged.write(&self.next_journal(), &journal_text, 0o600)?;
        sync_directory(&text_path)?;
        Ok(staged)
    }

    /// Makes a staged commit the one that holds.
    ///
    /// # Errors
    /// The rename failed; nothing was changed.
    pub(super) fn finish(&mut self, mut staged: Staged) -> Result<(), DiskError> {
        let path = self.dir.join("journal.json");
        fs::rename(self.next_journal(), &path).map_err(at(&path))?;
        staged.made.clear();
        let committed = std::mem::take(&mut staged.journal);
        let former = std::mem::replace(&mut self.journal, committed);
        if let Err(error) = sync_directory(&path).and_then(|()| self.replace_file()) {
            // The commit holds; the next start does what could not be done here.
            tracing::error!(%error, "the configuration file was not replaced");
        }
        self.forget(&former);
        if self.journal.scheduled.is_none() {
            // What can't be removed only takes space.
            let _ = fs::remove_file(self.schedule_path());
        }
        Ok(())
    }

    fn replace_file(&self) -> Result<(), DiskError> {
        let Some(file) = &self.file else { return Ok(()) };
        self.put_aside(file);
        match fs::rename(next_of(file), file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(at(file)(error)),
            Ok(()) => sync_directory(file),
        }
    }

    /// Keeps what a person wrote into the file and no commit made, as `FILE.edited`.
    fn put_aside(&self, file: &Path) {
        let Ok(text) = fs::read(file) else { return };
        if self.journal.has(&digest(&text)) || !next_of(file).exists() {
            return;
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let aside = file.with_file_name(format!("{name}.edited"));
        let mode = fs::metadata(file).map_or(0o600, |meta| meta.permissions().mode() & 0o777);
        match write(&aside, &text, mode) {
            Ok(()) => {
                keep_owner(file, &aside);
                tracing::warn!(
                    file = %aside.display(),
                    "the configuration file was edited and not reloaded before a commit; what stood in it was put aside"
                );
            }
            Err(error) => {
                tracing::warn!(%error, "the configuration file was edited before a commit; what stood in it is lost");
            }
        }
    }

    /// Removes the texts of commits that are no longer kept.
    fn forget(&self, former: &Journal) {
        let is_kept = |number| self.journal.commits.iter().any(|it| it.record.number == number);
        let confirming = self.journal.confirming.as_ref().map(|it| it.former);
        for entry in &former.commits {
            let number = entry.record.number;
            if !is_kept(number) && confirming != Some(number) {
                // What can't be removed only takes space.
                let _ = fs::remove_file(self.text_path(number));
            }
        }
    }

    /// The text of a commit.
    ///
    /// # Errors
    /// It can't be read, or is not what was written.
    pub(super) fn text(&self, number: u64) -> Result<String, DiskError> {
        let path = self.text_path(number);
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let entry = self.journal.commits.iter().find(|entry| entry.record.number == number);
        if entry.is_some_and(|entry| entry.digest != digest(text.as_bytes())) {
            return Err(at(&path)(io::Error::other("the file is not what was committed")));
        }
        Ok(text)
    }

    pub(super) fn next_journal(&self) -> PathBuf {
        self.dir.join("journal.new")
    }

    fn text_path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:08}.conf"))
    }
}

impl Staged {
    fn write(&mut self, path: &Path, text: &str, mode: u32) -> Result<(), DiskError> {
        self.made.push(path.to_owned());
        write(path, text.as_bytes(), mode)
    }
}

#[cfg(test)]
mod tests {
    use homing_proto::datastore::{Author, Client, Timestamp};

    use super::*;

    fn commit(disk: &mut Disk, number: u64, text: &str) -> Result<(), DiskError> {
        let record = CommitRecord {
            number,
            at: Timestamp::UNIX_EPOCH,
            author: Author::new("ann", Client::Cli),
            comment: None,
            confirmed_until: None,
        };
        let staged = disk.stage(&NewCommit {
            record: &record,
            confirming: None,
            text,
            scheduled: None,
            is_in_file: false,
        })?;
        disk.finish(staged)
    }

    #[test]
    fn what_a_person_wrote_into_the_file_is_put_aside_by_the_next_commit() {
        let dir = tempfile::tempdir().unwrap();
        let (file, aside) = (dir.path().join("agent.conf"), dir.path().join("agent.conf.edited"));
        let mut disk = Disk::open(dir.path(), Some(&file)).unwrap();
        commit(&mut disk, 1, "a;\n").unwrap();
        commit(&mut disk, 2, "b;\n").unwrap();
        assert!(!aside.exists(), "a commit of ours is no edit");
        fs::write(&file, "by hand;\n").unwrap();
        commit(&mut disk, 3, "c;\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "c;\n");
        assert_eq!(fs::read_to_string(&aside).unwrap(), "by hand;\n");
        // An earlier commit's text is kept anyway.
        fs::remove_file(&aside).unwrap();
        fs::write(&file, "a;\n").unwrap();
        commit(&mut disk, 4, "d;\n").unwrap();
        assert!(!aside.exists());
    }

    #[test]
    fn a_commit_whose_file_was_not_replaced_is_ended_at_the_start_though_others_followed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("agent.conf");
        let mut disk = Disk::open(dir.path(), Some(&file)).unwrap();
        for (number, text) in [(1, "a;\n"), (2, "b;\n"), (3, "c;\n")] {
            commit(&mut disk, number, text).unwrap();
        }
        fs::write(&file, "a;\n").unwrap();
        fs::write(next_of(&file), "c;\n").unwrap();
        Disk::open(dir.path(), Some(&file)).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "c;\n");
        assert!(!next_of(&file).exists());
    }
}
