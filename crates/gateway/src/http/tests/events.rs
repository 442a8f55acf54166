//! Events, stored and live, as their readers get them.

use super::*;

async fn lines(stream: UnixStream, count: usize) -> Vec<u64> {
    let mut reader = BufReader::new(stream).lines();
    let mut ids = Vec::new();
    while ids.len() < count {
        let line = tokio::time::timeout(Duration::from_secs(5), reader.next_line());
        let Some(line) = line.await.unwrap().unwrap() else { break };
        if let Ok(event) = serde_json::from_str::<api::Event>(&line) {
            ids.push(event.id);
        }
    }
    ids
}

#[tokio::test]
async fn stored_events_come_first_and_live_ones_follow_without_a_gap() {
    let api = Api::start();
    for id in 1..=1200 {
        api.fake.happen(id, "x", "mx1");
    }
    let stream = api.send("GET /api/v1/events?after=100&follow=true HTTP/1.1", "").await;
    let fake = api.fake.clone();
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        // More than the channel holds, so that the reader lags.
        (1201..=1300).for_each(|id| fake.happen(id, "x", "mx1"));
    });
    assert_eq!(lines(stream, 1200).await, (101..=1300).collect::<Vec<u64>>());
    later.await.unwrap();
}

#[tokio::test]
async fn following_from_here_on_shows_only_what_fits() {
    let api = Api::start();
    api.fake.happen(1, "x", "mx1");
    let stream = api.send("GET /api/v1/events?follow=true&device=mx1&code=x,z HTTP/1.1", "").await;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\n\n\r\n") {
        // Up to the first sign of life.
        reader.read_line(&mut head).await.unwrap();
    }
    api.fake.happen(2, "x", "mx2");
    api.fake.happen(3, "y", "mx1");
    api.fake.happen(4, "z", "mx1");
    let mut line = String::new();
    while !line.starts_with('{') {
        line.clear();
        reader.read_line(&mut line).await.unwrap();
    }
    assert_eq!(serde_json::from_str::<api::Event>(&line).unwrap().id, 4);
}

#[tokio::test]
async fn a_browser_goes_on_after_the_last_event_that_it_saw() {
    let api = Api::start();
    (1..=5).for_each(|id| api.fake.happen(id, "x", "mx1"));
    let head =
        "GET /api/v1/events?after=1 HTTP/1.1\r\naccept: text/event-stream\r\nlast-event-id: 3";
    let mut reader = BufReader::new(api.send(head, "").await).lines();
    let mut text = String::new();
    while !text.contains("id: 6") {
        let line = reader.next_line().await.unwrap().unwrap();
        text.push_str(&format!("{line}\n"));
        if line == "id: 5" {
            api.fake.happen(6, "x", "mx1");
        }
    }
    assert!(text.contains("content-type: text/event-stream\n"), "{text}");
    assert!(text.contains("retry: 2000\n"), "{text}");
    assert!(text.contains("id: 4\ndata: {\"id\":4,") && !text.contains("id: 3\n"), "{text}");
    let head = "GET /api/v1/events HTTP/1.1\r\nlast-event-id: x";
    assert_eq!(api.refused_with(head, "").await.0, 400);
}

#[tokio::test]
async fn a_list_of_events_ends() {
    let api = Api::start();
    (1..=10).for_each(|id| api.fake.happen(id, "x", "mx1"));
    let stream = api.send("GET /api/v1/events?limit=3 HTTP/1.1", "").await;
    assert_eq!(lines(stream, 100).await, [8, 9, 10]);
    let stream = api.send("GET /api/v1/events?after=2&limit=3 HTTP/1.1", "").await;
    assert_eq!(lines(stream, 100).await, [3, 4, 5]);
}

#[tokio::test]
async fn a_list_of_events_leads_on_to_the_next_ones() {
    let api = Api::start();
    (1..=4).for_each(|id| api.fake.happen(id, "x", "mx1"));
    for (asked, link) in [
        ("events?limit=3&q=x", Some("events?limit=3&q=x&before=2")),
        ("events?after=1&limit=2", Some("events?limit=2&after=3")),
        ("events?limit=5", None),
        ("devices/mx1/log?limit=3", Some("devices/mx1/log?limit=3&before=2")),
        ("devices/mx1/log", None),
    ] {
        let answer = api.ask(&format!("GET /api/v1/{asked} HTTP/1.1"), "").await;
        let expected = link.map(|link| format!("link: </api/v1/{link}>; rel=\"next\"\r\n"));
        match expected {
            Some(expected) => assert!(answer.contains(&expected), "{asked}: {answer}"),
            None => assert!(!answer.contains("link: "), "{asked}: {answer}"),
        }
    }
    for asked in ["events?q=colour:red", "devices/mx1/log?q=code:", "audit?q=colour:red"] {
        let (status, code, title) =
            api.refused_with(&format!("GET /api/v1/{asked} HTTP/1.1"), "").await;
        assert_eq!((status, code.as_str()), (400, "invalid-request"), "{title}");
        assert!(title.starts_with("q: character"), "{title}");
    }
}

#[tokio::test]
async fn the_log_of_an_unknown_name_is_refused() {
    let api = Api::start();
    let (status, code, _) = api.refused_with("GET /api/v1/devices/nobody/log HTTP/1.1", "").await;
    assert_eq!((status, code.as_str()), (404, "unknown-device"));
    api.fake.happen(1, "x", "gone");
    let answer = api.ask("GET /api/v1/devices/gone/log HTTP/1.1", "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
