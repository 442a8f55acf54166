//! Recordings as files: whole, cut, limited, and listed after a restart.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use homing_proto::access::{Grant, Operator, Role, Selector, Tags, Via};
use homing_proto::api::Recording;
use homing_proto::audit::Entry;
use homing_proto::hex::hex;
use homing_proto::identity::DeviceName;

use super::*;

type Notes = Arc<Mutex<Vec<Entry>>>;

fn open(folder: &Path, settings: RecordingSettings) -> (Recordings, Notes) {
    let notes = Notes::default();
    let kept = Arc::clone(&notes);
    let note = move |entry| kept.lock().unwrap().push(entry);
    (Recordings::open(folder.join("recordings"), settings, note).unwrap(), notes)
}

fn subject() -> Subject {
    Subject {
        operator: "ops".into(),
        device: DeviceName::new("edge-7").unwrap(),
        session: Some(4),
        columns: 80,
        rows: 24,
    }
}

async fn until_finished(recordings: &Recordings, id: &str) -> Recording {
    for _ in 0..500 {
        if let Some((recording, _)) = recordings.find(id).filter(|(one, _)| one.finished) {
            return recording;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} is not finished");
}

/// What a player shows: everything that was output.
fn played(path: &Path) -> (serde_json::Value, Vec<(f64, String, String)>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header = serde_json::from_str(lines.next().unwrap()).unwrap();
    (header, lines.map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn output(path: &Path) -> String {
    played(path).1.into_iter().filter(|(_, kind, _)| kind == "o").map(|(.., text)| text).collect()
}

#[tokio::test]
async fn a_session_is_a_file_that_plays_and_that_the_trail_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let (recordings, notes) = open(folder.path(), RecordingSettings::default());
    let recorder = recordings.start(subject()).await.unwrap();
    let id = recorder.id().to_owned();
    recorder.output("Zür".as_bytes());
    recorder.output(&[0xe2, 0x82]);
    recorder.output(&[0xac]);
    recorder.resize(132, 43);
    recorder.output(b"\x1b[1mbye\r\n");
    drop(recorder);
    let recording = until_finished(&recordings, &id).await;
    let (_, path) = recordings.find(&id).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (header, events) = played(&path);
    assert_eq!(
        (&header["version"], &header["width"], &header["height"]),
        (&2.into(), &80.into(), &24.into())
    );
    assert_eq!(output(&path), "Zür€\x1b[1mbye\r\n");
    assert!(events.iter().any(|(_, kind, text)| kind == "r" && text == "132x43"));
    assert!(events.is_sorted_by(|a, b| a.0 <= b.0));
    assert_eq!(recording.bytes, std::fs::metadata(&path).unwrap().len());
    let notes = notes.lock().unwrap();
    let entry = notes.iter().find(|entry| entry.action == "recording-finished").unwrap();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(std::fs::read(&path).unwrap());
    let digest = hex(&digest);
    assert_eq!(entry.fields["sha256"], digest);
}

#[tokio::test]
async fn after_a_restart_a_finished_recording_is_listed_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (recordings, _) = open(folder.path(), RecordingSettings::default());
    let recorder = recordings.start(subject()).await.unwrap();
    let id = recorder.id().to_owned();
    recorder.output(b"x");
    drop(recorder);
    let before = until_finished(&recordings, &id).await;
    let (again, _) = open(folder.path(), RecordingSettings::default());
    let after = again.find(&id).unwrap().0;
    assert_eq!((after.bytes, &after.device, after.finished), (before.bytes, &before.device, true));
    assert_eq!(again.bytes(), before.bytes);
}

#[tokio::test]
async fn a_crash_leaves_what_was_written_as_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (recordings, _) = open(folder.path(), RecordingSettings::default());
    let recorder = recordings.start(subject()).await.unwrap();
    recorder.output(b"before the crash");
    let id = recorder.id().to_owned();
    let (_, part) = recordings.find(&id).unwrap();
    while !std::fs::read_to_string(&part).unwrap().contains("before") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // A second gateway, with what the first left, and half a line as a power cut leaves it.
    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(other.path().join("recordings")).unwrap();
    let name = part.file_name().unwrap();
    let half = std::fs::read_to_string(&part).unwrap() + "[0.5,\"o\",\"hal";
    std::fs::write(other.path().join("recordings").join(name), half).unwrap();
    let (recovered, notes) = open(other.path(), RecordingSettings::default());
    let (recording, path) = recovered.find(&id).unwrap();
    assert!(recording.finished && recording.cut);
    assert_eq!(output(&path), "before the crash");
    assert_eq!(notes.lock().unwrap()[0].action, "recording-recovered");
}

#[tokio::test]
async fn a_recording_ends_at_its_limit_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordingSettings { size: 4096, ..RecordingSettings::default() };
    let (recordings, _) = open(folder.path(), settings);
    let recorder = recordings.start(subject()).await.unwrap();
    let id = recorder.id().to_owned();
    recorder.output(&[b'x'; 8192]);
    drop(recorder);
    let recording = until_finished(&recordings, &id).await;
    assert!(recording.cut && recording.bytes < 4096);
    let (_, events) = played(&recordings.find(&id).unwrap().1);
    assert!(events.last().unwrap().2.contains("limit"), "{events:?}");
}

#[tokio::test]
async fn what_the_disk_is_too_slow_for_is_counted_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (recordings, _) = open(folder.path(), RecordingSettings::default());
    let recorder = recordings.start(subject()).await.unwrap();
    let id = recorder.id().to_owned();
    // The writing task has no turn while this one does not wait.
    for _ in 0..64 {
        recorder.output(&[b'x'; 64 << 10]);
    }
    drop(recorder);
    let recording = until_finished(&recordings, &id).await;
    assert_eq!(recording.missing, 48 * (64 << 10));
    let (_, events) = played(&recordings.find(&id).unwrap().1);
    assert!(events.iter().any(|(_, kind, text)| kind == "m" && text.contains("missing")));
}

#[tokio::test]
async fn the_oldest_make_room_and_the_trail_tells_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordingSettings { total: 4096, ..RecordingSettings::default() };
    let (recordings, notes) = open(folder.path(), settings);
    for _ in 0..4 {
        let recorder = recordings.start(subject()).await.unwrap();
        let id = recorder.id().to_owned();
        recorder.output(&[b'x'; 1500]);
        drop(recorder);
        until_finished(&recordings, &id).await;
    }
    assert!(recordings.bytes() <= 4096, "{}", recordings.bytes());
    assert!(recordings.list().len() < 4);
    assert!(notes.lock().unwrap().iter().any(|entry| entry.action == "recording-deleted"));
}

#[test]
fn a_recording_past_its_age_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let settings = RecordingSettings { age: Duration::ZERO, ..RecordingSettings::default() };
        let (recordings, _) = open(folder.path(), settings);
        let recorder = recordings.start(subject()).await.unwrap();
        let id = recorder.id().to_owned();
        drop(recorder);
        until_finished(&recordings, &id).await;
        recordings.prune();
        assert!(recordings.list().is_empty());
    });
}

#[test]
fn the_role_on_the_device_asks_for_it() {
    let settings = RecordingSettings { roles: vec![Role::Admin], ..RecordingSettings::default() };
    let device = DeviceName::new("edge-7").unwrap();
    let grant =
        |role, on: &str| Grant { role, selector: Selector::parse(on).unwrap(), expires_at: None };
    let ops = |grants| Operator::new("ops", grants, Via::Ssh, None, "key");
    let elsewhere = ops(vec![grant(Role::Viewer, "*"), grant(Role::Admin, "name=core-*")]);
    assert!(!settings.wants(&elsewhere, &device, &Tags::new()));
    let here = ops(vec![grant(Role::Admin, "name=edge-*")]);
    assert!(settings.wants(&here, &device, &Tags::new()));
    assert!(!RecordingSettings::default().wants(&here, &device, &Tags::new()));
}
