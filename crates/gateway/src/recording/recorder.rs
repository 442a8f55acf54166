//! The handle by which a session is recorded, and the task that writes.
//!
//! ```text
//!   output(), resize() ──▶ queue (1 MiB) ──▶ task ──▶ ID.cast.part ──finish──▶ ID.cast
//!                           └─ full: the bytes are counted, and the recording says how many are missing
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use homing_proto::api;
use homing_proto::hex::hex;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use super::Recordings;
use super::cast::{self, Decoder};

/// How much output may wait for the disk.
const MOST_WAITING: usize = 1 << 20;
/// How many pieces may wait: a piece may be a single byte.
const MOST_PIECES: usize = 16 * 1024;
/// How long output lies, so that one write serves many pieces.
const LINGER: Duration = Duration::from_millis(200);

/// Records one terminal session. It never blocks; dropping it finishes the recording.
#[derive(Debug)]
pub(crate) struct Recorder {
    shared: Arc<Waiting>,
    id: String,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<(Instant, Piece)>,
    bytes: usize,
    missing: u64,
    finished: bool,
}

#[derive(Debug)]
enum Piece {
    Output(Bytes),
    Resize(u32, u32),
}

impl Recorder {
    /// Begins to write into `file`, which has no content yet.
    pub(super) fn start(recordings: Recordings, about: api::Recording, file: File) -> Self {
        let shared = Arc::new(Waiting::default());
        let id = about.id.clone();
        let writing = Writing {
            waiting: Arc::clone(&shared),
            recordings,
            began: Instant::now(),
            file,
            decoder: Decoder::default(),
            hash: Sha256::new(),
            is_full: false,
            about,
        };
        tokio::spawn(writing.run());
        Self { shared, id }
    }

    /// The recording's name, for the audit entries of the session.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What the terminal shows.
    pub(crate) fn output(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.put(Piece::Output(Bytes::copy_from_slice(bytes)));
        }
    }

    /// The terminal's size changed.
    pub(crate) fn resize(&self, columns: u32, rows: u32) {
        self.put(Piece::Resize(columns, rows));
    }

    fn put(&self, piece: Piece) {
        let mut queue = self.shared.lock();
        let length = match &piece {
            Piece::Output(bytes) => bytes.len(),
            Piece::Resize(..) => 0,
        };
        if queue.bytes + length > MOST_WAITING || queue.pieces.len() >= MOST_PIECES {
            queue.missing += length as u64;
            return;
        }
        queue.bytes += length;
        queue.pieces.push_back((Instant::now(), piece));
        drop(queue);
        self.shared.changed.notify_one();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.lock().finished = true;
        self.shared.changed.notify_one();
    }
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the task owns.
struct Writing {
    waiting: Arc<Waiting>,
    recordings: Recordings,
    about: api::Recording,
    began: Instant,
    file: File,
    decoder: Decoder,
    hash: Sha256,
    /// A limit is reached, or the disk refused: nothing more is written.
    is_full: bool,
}

impl Writing {
    async fn run(mut self) {
        self.write(cast::header(&self.about)).await;
        loop {
            self.waiting.changed.notified().await;
            if !self.waiting.lock().finished {
                // Woken early if the session ends.
                let _ = tokio::time::timeout(LINGER, self.waiting.changed.notified()).await;
            }
            let queue = std::mem::take(&mut *self.waiting.lock());
            if queue.finished {
                // Whoever asks the queue again sees that it is over.
                self.waiting.lock().finished = true;
            }
            let finished = queue.finished;
            self.take(queue).await;
            if finished {
                break;
            }
        }
        self.about.duration_ms = millis(self.began.elapsed());
        let _ = self.file.sync_all().await;
        let sha256 = hex(&self.hash.finalize());
        self.recordings.finished(self.about, &sha256).await;
    }

    async fn take(&mut self, queue: Queue) {
        if self.is_full {
            return;
        }
        let mut text = String::new();
        for (at, piece) in queue.pieces {
            let after = at.saturating_duration_since(self.began);
            match piece {
                Piece::Output(bytes) => {
                    let output = self.decoder.decode(&bytes);
                    if !output.is_empty() {
                        cast::line(&mut text, after, 'o', &output);
                    }
                }
                Piece::Resize(columns, rows) => {
                    cast::line(&mut text, after, 'r', &format!("{columns}x{rows}"));
                }
            }
        }
        if queue.missing > 0 {
            self.about.missing += queue.missing;
            let gap = format!("{} bytes are missing: the disk was too slow", queue.missing);
            cast::line(&mut text, self.began.elapsed(), 'm', &gap);
        }
        if !self.recordings.has_room(self.about.bytes, text.len() as u64) {
            self.is_full = true;
            self.about.cut = true;
            text.clear();
            let limit = "the recording ends here: its limit, or that of all, is reached";
            cast::line(&mut text, self.began.elapsed(), 'm', limit);
        }
        self.write(text).await;
    }

    /// Only whole lines are written.
    async fn write(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        let written = match self.file.write_all(text.as_bytes()).await {
            Ok(()) => self.file.flush().await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            self.is_full = true;
            self.about.cut = true;
            tracing::warn!(recording = self.about.id, %error, "a recording can't be written and ends");
            // A part of the line may be there: what the trail vouches for are the lines before it.
            if let Err(error) = self.file.set_len(self.about.bytes).await {
                tracing::warn!(recording = self.about.id, %error, "half a line stays at the end of a recording");
            }
            return;
        }
        self.hash.update(&text);
        self.about.bytes += text.len() as u64;
        self.about.duration_ms = millis(self.began.elapsed());
        self.recordings.grew(&self.about, text.len() as u64);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use nix::fcntl::{FcntlArg, SealFlag, fcntl};
    use nix::sys::memfd::{MFdFlags, memfd_create};

    use super::*;
    use crate::recording::RecordingSettings;

    /// A file that takes so many bytes and no more.
    fn full_at(bytes: u64) -> std::fs::File {
        let file = memfd_create("recording", MFdFlags::MFD_ALLOW_SEALING).unwrap();
        let file = std::fs::File::from(file);
        file.set_len(bytes).unwrap();
        fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW)).unwrap();
        file
    }

    #[tokio::test]
    async fn half_a_line_that_a_full_disk_took_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let settings = RecordingSettings::default();
        let recordings =
            Recordings::open(folder.path().join("recordings"), settings, |_| ()).unwrap();
        let about = serde_json::json!({
            "id": "rec_1", "operator": "ops", "device": "edge-7", "at": "2026-11-23T14:57:58Z",
            "columns": 80, "rows": 24,
        });
        let disk = full_at(4096);
        let mut writing = Writing {
            waiting: Arc::default(),
            recordings,
            about: serde_json::from_value(about).unwrap(),
            began: Instant::now(),
            file: File::from_std(disk.try_clone().unwrap()),
            decoder: Decoder::default(),
            hash: Sha256::new(),
            is_full: false,
        };
        writing.write("one line\n".to_owned()).await;
        assert!(!writing.is_full);
        writing.write("x".repeat(5000)).await;
        assert!(writing.is_full && writing.about.cut);
        assert_eq!((disk.metadata().unwrap().len(), writing.about.bytes), (9, 9));
        assert_eq!(writing.hash.finalize(), Sha256::digest("one line\n"));
    }
}
