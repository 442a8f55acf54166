//! The folder of recordings: what is in it, how much may be, and what a crash left.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homing_proto::api::{Recording, Timestamp};
use homing_proto::audit::Entry;
use rand::random;

use super::recorder::Recorder;
use super::{CannotRecord, RecordingSettings, Subject, cast};

/// The longest line that a recovery looks for.
const TAIL: u64 = 2 << 20;

/// Where the entries go that tell of recordings.
type Noted = Box<dyn Fn(Entry) + Send + Sync>;

/// The recordings of a gateway. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recordings(Arc<Archive>);

struct Archive {
    folder: PathBuf,
    settings: RecordingSettings,
    known: Mutex<Known>,
    note: Noted,
}

#[derive(Default)]
struct Known {
    /// By id, which begins with the time: the oldest first.
    recordings: BTreeMap<String, Recording>,
    bytes: u64,
}

impl std::fmt::Debug for Recordings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recordings").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

impl Recordings {
    /// Opens the folder, made if it is not there, and ends what a crash left running. Blocks.
    ///
    /// # Errors
    /// The folder can't be made or read.
    pub(crate) fn open(
        folder: PathBuf,
        settings: RecordingSettings,
        note: impl Fn(Entry) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut known = Known::default();
        let mut recovered = Vec::new();
        for file in std::fs::read_dir(&folder)? {
            let path = file?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let read = match (name.strip_suffix(".cast"), name.strip_suffix(".cast.part")) {
                (Some(_), _) => read(&path),
                (_, Some(id)) => recover(&path, &folder.join(format!("{id}.cast")))
                    .inspect(|recording| recovered.extend(recording.clone())),
                _ => continue,
            };
            match read {
                Ok(Some(recording)) => known.add(recording),
                Ok(None) => tracing::warn!(file = %path.display(), "this is no recording of ours"),
                Err(error) => {
                    tracing::warn!(file = %path.display(), %error, "can't read a recording")
                }
            }
        }
        let archive = Archive { folder, settings, known: Mutex::new(known), note: Box::new(note) };
        let recordings = Self(Arc::new(archive));
        for recording in recovered {
            recordings.tell("recording-recovered", &recording, |entry| entry);
        }
        recordings.keep_within(0);
        Ok(recordings)
    }

    /// Begins a recording; its file is made before the session shows anything.
    pub(crate) async fn start(&self, subject: Subject) -> Result<Recorder, CannotRecord> {
        let at = Timestamp::now();
        let id = format!("{}-{:08x}", at.strftime("%Y%m%d-%H%M%S"), random::<u32>());
        let about = Recording {
            id,
            operator: subject.operator,
            device: subject.device,
            at,
            session: subject.session,
            columns: subject.columns.clamp(1, 10_000),
            rows: subject.rows.clamp(1, 10_000),
            duration_ms: 0,
            bytes: 0,
            missing: 0,
            cut: false,
            finished: false,
        };
        let mut options = tokio::fs::OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let file = options.open(self.path(&about)).await?;
        self.lock().add(about.clone());
        Ok(Recorder::start(self.clone(), about, file))
    }

    /// All recordings, oldest first.
    pub(crate) fn list(&self) -> Vec<Recording> {
        self.lock().recordings.values().cloned().collect()
    }

    /// One recording and its file.
    pub(crate) fn find(&self, id: &str) -> Option<(Recording, PathBuf)> {
        let recording = self.lock().recordings.get(id).cloned()?;
        let path = self.path(&recording);
        Some((recording, path))
    }

    /// How many bytes all of them have.
    pub(crate) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Deletes what is too old, and the oldest while there is too much.
    pub(crate) fn prune(&self) {
        self.keep_within(0);
    }

    /// Whether a recording of `bytes` may grow by `more`. Makes room for it, if it can.
    pub(super) fn has_room(&self, bytes: u64, more: u64) -> bool {
        if bytes + more > self.0.settings.size {
            return false;
        }
        self.bytes() + more <= self.0.settings.total || self.keep_within(more)
    }

    pub(super) fn grew(&self, about: &Recording, by: u64) {
        let mut known = self.lock();
        known.bytes += by;
        known.recordings.insert(about.id.clone(), about.clone());
    }

    /// Gives a recording its name for good.
    pub(super) async fn finished(&self, mut about: Recording, sha256: &str) {
        let part = self.path(&about);
        about.finished = true;
        let path = self.path(&about);
        let folder = self.0.folder.clone();
        let moved = tokio::task::spawn_blocking(move || {
            std::fs::rename(part, path).and_then(|()| std::fs::File::open(folder)?.sync_all())
        });
        if let Ok(Err(error)) = moved.await {
            tracing::warn!(recording = about.id, %error, "a recording can't get its name");
            about.finished = false;
        }
        self.lock().recordings.insert(about.id.clone(), about.clone());
        self.tell("recording-finished", &about, |entry| entry.with("sha256", sha256));
    }

    /// Deletes until `more` bytes find room; false if only running ones are left.
    fn keep_within(&self, more: u64) -> bool {
        let settings = &self.0.settings;
        let oldest = Timestamp::now().checked_sub(settings.age).ok();
        loop {
            let gone = {
                let known = self.lock();
                let is_over = known.bytes + more > settings.total;
                let mut finished = known.recordings.values().filter(|one| one.finished);
                let Some(first) = finished.next().cloned() else { return !is_over };
                if !is_over && oldest.is_none_or(|oldest| first.at >= oldest) {
                    return true;
                }
                first
            };
            if let Err(error) = std::fs::remove_file(self.path(&gone))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(recording = gone.id, %error, "a recording can't be deleted");
                return false;
            }
            self.lock().remove(&gone.id);
            self.tell("recording-deleted", &gone, |entry| entry);
        }
    }

    fn tell(&self, action: &str, about: &Recording, more: impl FnOnce(Entry) -> Entry) {
        let entry = Entry {
            device: Some(about.device.clone()),
            session: about.session,
            duration_ms: Some(about.duration_ms),
            ..Entry::by_gateway(action, Timestamp::now())
        };
        let entry = entry
            .with("recording", &about.id)
            .with("recorded", &about.operator)
            .with("bytes", about.bytes);
        (self.0.note)(more(entry));
    }

    fn path(&self, about: &Recording) -> PathBuf {
        let suffix = if about.finished { "cast" } else { "cast.part" };
        self.0.folder.join(format!("{}.{suffix}", about.id))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn add(&mut self, recording: Recording) {
        self.bytes += recording.bytes;
        self.recordings.insert(recording.id.clone(), recording);
    }

    fn remove(&mut self, id: &str) {
        if let Some(gone) = self.recordings.remove(id) {
            self.bytes = self.bytes.saturating_sub(gone.bytes);
        }
    }
}

/// What a finished file tells of itself; none if it is not ours.
fn read(path: &Path) -> io::Result<Option<Recording>> {
    let mut file = std::fs::File::open(path)?;
    let bytes = file.metadata()?.len();
    let Some(recording) = about(&mut file)? else { return Ok(None) };
    let (tail, _) = tail(&mut file, bytes)?;
    let duration_ms = cast::last_moment(&tail)
        .map_or(0, |last| u64::try_from(last.as_millis()).unwrap_or(u64::MAX));
    Ok(Some(Recording { bytes, duration_ms, finished: true, ..recording }))
}

/// Cuts a file that was being written at its last whole line, and gives it its name for good.
fn recover(part: &Path, path: &Path) -> io::Result<Option<Recording>> {
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(part)?;
    let bytes = file.metadata()?.len();
    let (_, whole) = tail(&mut file, bytes)?;
    if whole == 0 {
        // Not even the header was written.
        std::fs::remove_file(part)?;
        return Ok(None);
    }
    file.set_len(whole)?;
    file.sync_all()?;
    std::fs::rename(part, path)?;
    let recording = read(path)?;
    Ok(recording.map(|recording| Recording { cut: true, ..recording }))
}

fn about(file: &mut std::fs::File) -> io::Result<Option<Recording>> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(16 * 1024).read_to_end(&mut head)?;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = serde_json::from_slice::<cast::Header>(line).ok();
    Ok(header.and_then(|header| header.homing))
}

/// The end of a file as far as its lines are whole, and where that is.
fn tail(file: &mut std::fs::File, length: u64) -> io::Result<(String, u64)> {
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = if whole == 0 { 0 } else { from + whole as u64 };
    let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default()).into_owned();
    Ok((text, end))
}
