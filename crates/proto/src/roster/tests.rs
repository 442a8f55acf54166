//! Sessions that take over, come late or fight, against a simple model.

use proptest::prelude::*;

use super::*;
use crate::admission::tests::proven;

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn place(device: &str, listener: &str) -> Place {
    Place {
        device: DeviceName::new(device).unwrap(),
        listener: ListenerName::new(listener).unwrap(),
    }
}

/// r1 on listener 4334, whose sessions have their epoch as number.
struct Scene {
    roster: Roster,
    start: Instant,
}

impl Scene {
    fn new() -> Self {
        Self { roster: Roster::new(Settings::default()), start: Instant::now() }
    }

    /// Claims, and tells what came of it in short.
    fn claim(&mut self, epoch: u64, at: u64) -> String {
        let device = proven("r1", "4334", epoch, 1);
        let now = self.start + seconds(at);
        match self.roster.claim(&device, SessionId(epoch), now) {
            Claimed::Entered => "entered".to_owned(),
            Claimed::TookOver { displaced } => format!("took over from {}", displaced.session),
            Claimed::Stale { newer } => format!("stale, {} is newer", newer.session),
            Claimed::Contested { holder } => format!("contested, {} stays", holder.session),
        }
    }

    fn release(&mut self, session: u64, at: u64) -> Option<SessionId> {
        let entry = self.roster.release(SessionId(session), self.start + seconds(at))?;
        Some(entry.session)
    }

    fn holder(&self) -> Option<SessionId> {
        self.roster.entry(&place("r1", "4334")).map(|entry| entry.session)
    }
}

#[test]
fn the_first_session_enters() {
    let mut scene = Scene::new();
    assert_eq!(scene.claim(5, 0), "entered");
    assert_eq!(scene.holder(), Some(SessionId(5)));
    assert_eq!(scene.roster.len(), 1);
}

#[test]
fn the_newer_session_takes_over() {
    let mut scene = Scene::new();
    scene.claim(5, 0);
    assert_eq!(scene.claim(6, 1), "took over from 5");
    assert_eq!(scene.holder(), Some(SessionId(6)));
    assert_eq!(scene.roster.len(), 1);
}

#[test]
fn an_older_session_that_comes_later_is_stale() {
    let mut scene = Scene::new();
    scene.claim(6, 0);
    assert_eq!(scene.claim(5, 1), "stale, 6 is newer");
    assert_eq!(scene.holder(), Some(SessionId(6)));
}

#[test]
fn the_release_of_a_displaced_session_frees_nothing() {
    let mut scene = Scene::new();
    scene.claim(5, 0);
    scene.claim(6, 1);
    assert_eq!(scene.release(5, 2), None);
    assert_eq!(scene.holder(), Some(SessionId(6)));
    assert_eq!(scene.release(6, 3), Some(SessionId(6)));
    assert_eq!(scene.holder(), None);
    assert_eq!(scene.release(6, 4), None);
}

#[test]
fn after_a_release_even_an_older_session_may_enter() {
    let mut scene = Scene::new();
    scene.claim(6, 0);
    scene.release(6, 1);
    assert_eq!(scene.claim(5, 2), "entered");
}

#[test]
fn the_listeners_of_a_device_are_places_of_their_own() {
    let mut roster = Roster::new(Settings::default());
    let now = Instant::now();
    let claims = [("r1", "4334"), ("r1", "2200"), ("r", "4334"), ("r10", "0"), ("r2", "4334")];
    for (session, (device, listener)) in claims.into_iter().enumerate() {
        let device = proven(device, listener, 1, 1);
        let claimed = roster.claim(&device, SessionId(session as u64), now);
        assert_eq!(claimed, Claimed::Entered);
    }
    let r1 = DeviceName::new("r1").unwrap();
    let places: Vec<_> = roster.sessions_of(&r1).map(|(place, _)| place.clone()).collect();
    assert_eq!(places, [place("r1", "2200"), place("r1", "4334")]);
    assert_eq!(roster.iter().count(), 5);
}

#[test]
fn two_boxes_that_fight_are_told_after_four_takeovers_and_the_newer_stays() {
    let mut scene = Scene::new();
    assert_eq!(scene.claim(1, 0), "entered");
    for (epoch, at) in [(2, 5), (3, 10), (4, 15), (5, 20)] {
        assert_eq!(scene.claim(epoch, at), format!("took over from {}", epoch - 1));
    }
    assert_eq!(scene.claim(6, 25), "contested, 5 stays");
    assert_eq!(scene.holder(), Some(SessionId(5)));
}

#[test]
fn while_two_boxes_fight_one_takeover_a_minute_is_let_through() {
    let mut scene = Scene::new();
    for epoch in 1..=5 {
        scene.claim(epoch, 0);
    }
    let mut takeovers = Vec::new();
    for (epoch, at) in (6..).zip((10..=200).step_by(10)) {
        if scene.claim(epoch, at).starts_with("took over") {
            takeovers.push(at);
        }
    }
    assert_eq!(takeovers, [60, 120, 180]);
}

#[test]
fn a_fight_is_over_after_a_minute_without_an_attempt() {
    let mut scene = Scene::new();
    for epoch in 1..=5 {
        scene.claim(epoch, 0);
    }
    assert_eq!(scene.claim(6, 10), "contested, 5 stays");
    for epoch in 7..=10 {
        assert!(scene.claim(epoch, 70).starts_with("took over"));
    }
    assert_eq!(scene.claim(11, 70), "contested, 10 stays");
}

#[test]
fn a_device_that_reconnects_now_and_then_does_not_fight() {
    let mut scene = Scene::new();
    scene.claim(1, 0);
    for epoch in 2..100 {
        assert!(scene.claim(epoch, epoch * 16).starts_with("took over"));
    }
}

#[test]
fn a_device_whose_old_session_has_ended_does_not_fight() {
    let mut scene = Scene::new();
    for epoch in 1..100 {
        assert_eq!(scene.claim(epoch, 0), "entered");
        scene.release(epoch, 0);
    }
}

#[test]
fn an_empty_place_is_forgotten_once_its_fight_is_over() {
    let mut scene = Scene::new();
    scene.claim(1, 0);
    scene.claim(2, 1);
    scene.release(2, 2);
    assert_eq!(scene.roster.places.len(), 1);
    scene.roster.tidy(scene.start + seconds(60));
    assert_eq!(scene.roster.places.len(), 1);
    scene.roster.tidy(scene.start + seconds(61));
    assert!(scene.roster.places.is_empty() && scene.roster.is_empty());
}

#[derive(Clone, Debug)]
enum Event {
    Claim { device: usize, epoch: u64 },
    Release { session: u64 },
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0usize..3, 0u64..8).prop_map(|(device, epoch)| Event::Claim { device, epoch }),
        (0u64..40).prop_map(|session| Event::Release { session }),
    ]
}

proptest! {
    /// The model: of each device the greatest (epoch, session) that has claimed since the place
    /// was last free.
    #[test]
    fn the_roster_agrees_with_a_list_of_the_newest(
        events in proptest::collection::vec(any_event(), 0..40),
    ) {
        let peaceful = Settings { takeovers: usize::MAX, ..Settings::default() };
        let (mut roster, now) = (Roster::new(peaceful), Instant::now());
        let mut model: [Option<(u64, u64)>; 3] = [None; 3];
        for (session, event) in events.into_iter().enumerate() {
            match event {
                Event::Claim { device, epoch } => {
                    let session = session as u64;
                    let proven = proven(["a", "b", "c"][device], "4334", epoch, 1);
                    let claimed = roster.claim(&proven, SessionId(session), now);
                    let held = model[device];
                    let wins = held.is_none_or(|held| held < (epoch, session));
                    let is_stale = matches!(claimed, Claimed::Stale { .. });
                    prop_assert_eq!(is_stale, !wins);
                    if wins {
                        model[device] = Some((epoch, session));
                    }
                }
                Event::Release { session } => {
                    let held = model.iter_mut().find(|held| held.is_some_and(|(_, s)| s == session));
                    let released = roster.release(SessionId(session), now);
                    prop_assert_eq!(released.is_some(), held.is_some());
                    if let Some(held) = held {
                        *held = None;
                    }
                }
            }
            let held: Vec<u64> = model.iter().flatten().map(|(_, session)| *session).collect();
            let roster_has: Vec<u64> = roster.iter().map(|(_, entry)| entry.session.0).collect();
            prop_assert_eq!(roster_has, held);
            prop_assert_eq!(roster.len(), model.iter().flatten().count());
        }
    }

    #[test]
    fn however_two_boxes_fight_takeovers_stay_few(pauses in proptest::collection::vec(0u64..59, 1..200)) {
        let mut scene = Scene::new();
        scene.claim(0, 0);
        let (mut at, mut takeovers) = (0, Vec::new());
        for (epoch, pause) in (1..).zip(pauses) {
            at += pause;
            if scene.claim(epoch, at).starts_with("took over") {
                takeovers.push(at);
            }
        }
        for window in takeovers.windows(5) {
            prop_assert!(window[4] - window[0] >= 60);
        }
    }
}
