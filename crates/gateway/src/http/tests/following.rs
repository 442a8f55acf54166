//! Streams of events, without a socket between: what they skip, and when they end.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;

use homing_proto::access::Operator;
use hyper::body::Body as _;

use super::*;
use crate::http::follow::{Asked, Form, start as begin};
use crate::http::stream::{Followers, Written};

async fn follow(fake: &Fake, query: EventQuery) -> Written {
    let followers = Followers::new(CancellationToken::new());
    let operator = Operator::local("root");
    let asked = Asked { query, operator, follows: true, form: Form::Lines };
    begin(&followers, fake.clone(), asked).await.unwrap()
}

/// The id of the next event; none: the stream has ended.
async fn next(lines: &mut Written) -> Option<u64> {
    loop {
        let line = poll_fn(|context| Pin::new(&mut *lines).poll_frame(context))
            .await?
            .unwrap()
            .into_data()
            .unwrap();
        if let Ok(event) = serde_json::from_slice::<api::Event>(&line) {
            return Some(event.id);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_leaves_no_gap_before_the_live_events() {
    let fake = Fake::new();
    (1..=700).for_each(|id| fake.happen(id, "x", "mx1"));
    for limit in [1, 600] {
        let query = EventQuery { after: Some(5), limit: Some(limit), ..EventQuery::default() };
        let mut lines = follow(&fake, query).await;
        for id in 6..=700 {
            assert_eq!(next(&mut lines).await, Some(id));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_reader_is_let_in_no_longer() {
    let fake = Fake::new();
    let mut lines = follow(&fake, EventQuery::default()).await;
    fake.happen(1, "x", "mx1");
    assert_eq!(next(&mut lines).await, Some(1));
    fake.is_revoked.store(true, Ordering::Relaxed);
    assert_eq!(next(&mut lines).await, None);
}
