//! A terminal of an operator who did not come by SSH, against a real device.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use homing_transport::device_link::*;
use homing_transport::front_door::*;
use homing_transport::keys::KeyKind;
use homing_transport::spool::{Budget, SpoolLimits};
use tokio::sync::mpsc;

use crate::device::*;

/// Allows a shell, or says why not.
struct Strict {
    refusal: Option<&'static str>,
    ended: Arc<Mutex<Vec<Ended>>>,
}

impl Keeper for Strict {
    fn start<'a>(
        &'a mut self,
        start: &'a Start,
        pty: Option<&'a PtyRequest>,
    ) -> Pin<Box<dyn Future<Output = Result<Plan, String>> + Send + 'a>> {
        assert_eq!((start, pty.map(|pty| pty.name.as_str())), (&Start::Shell, Some("xterm")));
        let refusal = self.refusal;
        Box::pin(async move { refusal.map_or(Ok(Plan::default()), |why| Err(why.to_owned())) })
    }

    fn cut(&mut self, _: &Why) {}

    fn ended(self: Box<Self>, ended: Ended) {
        self.ended.lock().unwrap().push(ended);
    }
}

struct Seat {
    typed: mpsc::Sender<Typed>,
    shown: mpsc::Receiver<Bytes>,
    end: tokio::task::JoinHandle<TerminalEnd>,
    ended: Arc<Mutex<Vec<Ended>>>,
    device: Device,
}

async fn sit_down(refusal: Option<&'static str>) -> Seat {
    let (link, device) = linked_to(settings(KeyKind::Ed25519)).await;
    let ended = Arc::default();
    let opened = Opened {
        device: "edge-7".into(),
        channel: link.open_bare(Opening::Session, soon()).await.unwrap(),
        keeper: Box::new(Strict { refusal, ended: Arc::clone(&ended) }),
        output: SpoolLimits { memory: MIB, disk: MIB as u64 },
        budget: Budget::default(),
        traffic: Arc::default(),
        killed: Box::pin(std::future::pending()),
    };
    let limits = TerminalLimits {
        input: SpoolLimits { memory: 64 * 1024, disk: 0 },
        stall: Duration::from_secs(1),
        patience: Patience { ended: Duration::from_secs(5), cut: Duration::from_secs(5) },
    };
    let size = WindowSize { columns: 80, rows: 24, width: 0, height: 0 };
    let (typed, hand) = mpsc::channel(4);
    let (screen, shown) = mpsc::channel(4);
    let end = tokio::spawn(terminal(limits, opened, PtyRequest::new("xterm", size), hand, screen));
    Seat { typed, shown, end, ended, device }
}

impl Seat {
    /// Reads until `words` were shown.
    async fn sees(&mut self, words: &str) {
        let mut seen = String::new();
        while !seen.contains(words) {
            let more = tokio::time::timeout(Duration::from_secs(30), self.shown.recv()).await;
            let more = more.expect("in time").unwrap_or_else(|| panic!("{words:?} in {seen:?}"));
            seen.push_str(&String::from_utf8_lossy(&more));
        }
    }
}

#[tokio::test]
async fn a_shell_has_its_terminal_and_hears_what_is_typed_and_of_a_new_size() {
    let mut seat = sit_down(None).await;
    seat.sees(r#"name: "xterm", size: Size { columns: 80, rows: 24"#).await;
    let size = WindowSize { columns: 132, rows: 50, width: 0, height: 0 };
    seat.typed.send(Typed::Resized(size)).await.unwrap();
    seat.sees("columns: 132, rows: 50").await;
    drop(seat.typed);
    let end = seat.end.await.unwrap();
    assert_eq!(end.reason.as_deref(), Some("edge-7: the operator closed the channel or is gone"));
    let ended = seat.ended.lock().unwrap().clone();
    assert_eq!(
        ended,
        [Ended { exit_status: None, exit_signal: None, reason: Some(Why::OperatorGone) }]
    );
}

#[tokio::test]
async fn who_may_not_is_told_why_and_never_reaches_the_device() {
    let seat = sit_down(Some("a viewer may not")).await;
    let end = seat.end.await.unwrap();
    assert_eq!(end.reason.as_deref(), Some("edge-7: a viewer may not"));
}

#[tokio::test]
async fn a_device_that_is_lost_is_told() {
    let mut seat = sit_down(None).await;
    seat.sees("xterm").await;
    seat.device.shutdown.take().unwrap().send("rebooting".into()).unwrap();
    let end = tokio::time::timeout(Duration::from_secs(30), seat.end).await.unwrap().unwrap();
    let reason = end.reason.unwrap();
    assert!(reason.starts_with("edge-7: the device's connection ended"), "{reason}");
}
