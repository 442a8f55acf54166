//! What holds whatever happens in whatever order.

use proptest::prelude::*;

use super::*;
use crate::identity::SessionId;
use crate::roster::Entry;

/// Something that a shell, a device or an operator does.
#[derive(Clone, Debug)]
enum Event {
    Initiation { claimed: Option<(u8, bool)> },
    CallHome,
    Bytes(Vec<u8>),
    Record { known: Vec<KnownDevice>, rejected: bool },
    HostKey(u8),
    Exchanged,
    Approved(KnownDevice),
    Rejected,
    LoggedIn,
    Hello,
    Claimed(u8),
    Failed(u8),
    Wait(u64),
}

fn any_device() -> impl Strategy<Value = KnownDevice> {
    let keys = proptest::collection::vec(1u8..4, 0..3);
    ("r[12]", keys, any::<[bool; 3]>()).prop_map(|(name, keys, [has_secret, has_id, blocked])| {
        let known = with_keys(&name, &keys);
        KnownDevice {
            secret: has_secret.then(secret),
            device_id: known.device_id.clone().filter(|_| has_id),
            blocked,
            ..known
        }
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let records = proptest::collection::vec(any_device(), 0..3);
    prop_oneof![
        proptest::option::of((1u8..4, any::<bool>()))
            .prop_map(|claimed| Event::Initiation { claimed }),
        Just(Event::CallHome),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Event::Bytes),
        (records, proptest::bool::weighted(0.1))
            .prop_map(|(known, rejected)| Event::Record { known, rejected }),
        (1u8..4).prop_map(Event::HostKey),
        Just(Event::Exchanged),
        any_device().prop_map(Event::Approved),
        Just(Event::Rejected),
        Just(Event::LoggedIn),
        Just(Event::Hello),
        (0u8..4).prop_map(Event::Claimed),
        (0u8..20).prop_map(Event::Failed),
        (0u64..12).prop_map(Event::Wait),
    ]
}

/// The way in, with an event of any kind now and then in between.
fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let beginning = prop_oneof![
        Just(Event::CallHome),
        proptest::option::of((1u8..4, any::<bool>()))
            .prop_map(|claimed| Event::Initiation { claimed }),
    ];
    let record = || {
        proptest::collection::vec(any_device(), 0..3)
            .prop_map(|known| Event::Record { known, rejected: false })
    };
    let way = (beginning, record(), 1u8..4, record(), any_device()).prop_map(
        |(beginning, first, number, second, approved)| {
            vec![
                beginning,
                first,
                Event::HostKey(number),
                Event::Exchanged,
                second,
                Event::Approved(approved),
                Event::LoggedIn,
                Event::Hello,
                Event::Claimed(0),
            ]
        },
    );
    let strays = proptest::collection::vec((0usize..10, any_event()), 0..6);
    (way, strays).prop_map(|(mut events, strays)| {
        for (position, stray) in strays {
            events.insert(position.min(events.len()), stray);
        }
        events
    })
}

fn claimed(number: u8, now: Instant) -> Claimed {
    let entry = Entry {
        session: SessionId(1),
        epoch: Epoch(1),
        key: key(1).fingerprint(),
        source: PEER.parse().unwrap(),
        since: now,
    };
    match number {
        0 => Claimed::Entered,
        1 => Claimed::TookOver { displaced: entry },
        2 => Claimed::Stale { newer: entry },
        _ => Claimed::Contested { holder: entry },
    }
}

fn failure(number: u8) -> Failure {
    match number {
        0 => Failure::Lost,
        1 => Failure::Store,
        2 => Failure::NoNetconf,
        3 => Failure::Stopping,
        _ => Failure::Ssh(Excerpt::new("why")),
    }
}

fn apply(scene: &mut Scene, event: Event) {
    let now = scene.now;
    let admission = &mut scene.admission;
    match event {
        Event::Initiation { claimed } => {
            let mut initiation = Initiation::new(device_id("r1"));
            if let Some((number, right)) = claimed {
                let secret = if right { secret() } else { Secret::new("another") };
                initiation = initiation.with_claim(key(number), &secret);
            }
            let bytes = [compose(&initiation, Nul::Omit), b"SSH-".to_vec()].concat();
            admission.handle_data(&bytes, now);
        }
        Event::CallHome => admission.handle_data(b"SSH-", now),
        Event::Bytes(bytes) => admission.handle_data(&bytes, now),
        Event::Record { known, rejected } => {
            admission.handle_record(Record { devices: known, rejected, ..Record::unknown() }, now);
        }
        Event::HostKey(number) => admission.handle_host_key(key(number), now),
        Event::Exchanged => admission.handle_exchanged(now),
        Event::Approved(device) => admission.handle_approved(device, now),
        Event::Rejected => admission.handle_rejected(now),
        Event::LoggedIn => admission.handle_logged_in("homing", now),
        Event::Hello => admission.handle_hello(now),
        Event::Claimed(number) => admission.handle_claimed(&claimed(number, now), now),
        Event::Failed(number) => admission.handle_failed(failure(number), now),
        Event::Wait(seconds) => scene.wait(seconds),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nobody_is_let_in_who_did_not_prove_the_key_just_accepted(events in any_events()) {
        let mut scene = Scene::new();
        let (mut accepted, mut exchanged) = (None, false);
        for event in events {
            exchanged |= matches!(event, Event::Exchanged) && accepted.is_some();
            let presented = if let Event::HostKey(number) = event { Some(number) } else { None };
            apply(&mut scene, event);
            for action in scene.actions() {
                match action {
                    Action::AcceptKey => accepted = presented,
                    Action::LogIn(device) | Action::Admit(device) => {
                        prop_assert!(exchanged);
                        prop_assert_eq!(Some(number(device.key().key())), accepted);
                    }
                    Action::PinKey { key, .. } => {
                        prop_assert!(exchanged);
                        prop_assert_eq!(Some(number(key.key())), accepted);
                    }
                    Action::AwaitApproval { .. } => prop_assert!(exchanged),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_connection_ends_once_and_within_a_minute_and_a_half(events in any_events()) {
        let mut scene = Scene::new();
        let (mut ends, mut closes, mut entered) = (0, 0, 0);
        let mut count = |actions: Vec<Action>| {
            for action in actions {
                match action {
                    Action::Record(step) => match *step {
                        Step::Ended(_) => ends += 1,
                        Step::InSession | Step::TookOver { .. } => entered += 1,
                        _ => {}
                    },
                    Action::Close => closes += 1,
                    _ => {}
                }
            }
        };
        for event in events {
            apply(&mut scene, event);
            count(scene.actions());
        }
        let patience = scene.start + Duration::from_secs(90);
        while let Some(deadline) = scene.admission.poll_timeout() {
            prop_assert!(deadline <= patience);
            scene.now = scene.now.max(deadline);
            scene.admission.handle_timeout(scene.now);
            count(scene.actions());
        }
        prop_assert!(ends <= 1);
        prop_assert_eq!(closes + entered, 1);
    }
}
