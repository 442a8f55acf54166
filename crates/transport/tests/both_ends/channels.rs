//! What runs on a channel: subsystem, command, shell; data whole in both directions.

use std::time::Duration;

use homing_transport::device_link::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::device::*;

#[tokio::test]
async fn a_subsystem_is_a_stream_in_both_directions() {
    let (link, _device) = linked().await;
    let channel = link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap();
    let mut stream = channel.into_stream();
    stream.write_all(b"<hello/>]]>]]>").await.unwrap();
    let mut back = [0; 14];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"<hello/>]]>]]>");
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut back).await.unwrap(), 0);
}

#[tokio::test]
async fn a_subsystem_that_is_not_offered_is_refused_by_name() {
    let (link, _device) = linked().await;
    let error = link.open(Kind::Subsystem("sftp".into()), soon()).await.unwrap_err();
    assert_eq!(error.code(), "subsystem-refused");
    assert_eq!(error.to_string(), "the device refused subsystem sftp");
    assert!(link.ping(soon()).await.is_some(), "the link goes on");
}

#[tokio::test]
async fn output_errors_and_exit_status_of_a_command_come_through() {
    let (link, _device) = linked().await;
    let mut channel = exec_on(&link, "exit 7").await;
    let mut events = Vec::new();
    while let Some(event) = channel.next().await {
        events.push(event);
    }
    let expected =
        [Event::Data("out".into()), Event::Stderr("err".into()), Event::ExitStatus(7), Event::Eof];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn a_command_killed_by_a_signal_says_so() {
    let (link, _device) = linked().await;
    let event = exec_on(&link, "killed").await.next().await;
    let Some(Event::ExitSignal(signal)) = event else { panic!("{event:?}") };
    assert_eq!(signal.name.as_str(), "TERM");
}

#[tokio::test]
async fn large_data_is_whole_in_both_directions() {
    let (link, _device) = linked().await;
    let counting = exec_on(&link, "count").await;
    let mut flood = exec_on(&link, "flood 24").await;
    let (mut counted, mut writer) = counting.split();
    let writing = tokio::spawn(async move {
        for _ in 0..24 {
            writer.write(vec![7; MIB]).await.unwrap();
        }
        writer.eof().await.unwrap();
    });
    let mut at = 0;
    while let Some(event) = flood.next().await {
        if let Event::Data(bytes) = event {
            let whole = bytes.iter().zip(at..).all(|(byte, i)| *byte as usize == i % MIB % 251);
            assert!(whole, "wrong byte after {at}");
            at += bytes.len();
        }
    }
    assert_eq!(at, 24 * MIB);
    writing.await.unwrap();
    assert_eq!(counted.next().await, Some(Event::Data((24 * MIB).to_string().into())));
}

#[tokio::test]
async fn new_session_keys_in_the_middle_of_a_transfer_lose_nothing() {
    let (link, _device) = linked().await;
    let (mut echo, mut writer) =
        link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap().split();
    let mut flood = exec_on(&link, "flood 16").await;
    let rekeying = {
        let link = link.clone();
        tokio::spawn(async move {
            for _ in 0..6 {
                link.rekey().await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let writing = tokio::spawn(async move {
        for i in 0..1000_u32 {
            writer.write(i.to_be_bytes().repeat(64)).await.unwrap();
        }
        writer.eof().await.unwrap();
    });
    let echoed = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(event) = echo.next().await {
            if let Event::Data(bytes) = event {
                seen.extend_from_slice(&bytes);
            }
        }
        seen
    });
    let mut flooded = 0;
    while let Some(event) = flood.next().await {
        if let Event::Data(bytes) = event {
            flooded += bytes.len();
        }
    }
    assert_eq!(flooded, 16 * MIB);
    rekeying.await.unwrap();
    writing.await.unwrap();
    let expected: Vec<u8> = (0..1000_u32).flat_map(|i| i.to_be_bytes().repeat(64)).collect();
    assert!(echoed.await.unwrap() == expected);
}

#[tokio::test]
async fn the_eleventh_channel_is_refused_and_fits_when_another_has_ended() {
    let (link, _device) = linked().await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap());
    }
    let error = link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap_err();
    assert_eq!(error, OpenError::TooMany);
    let (mut reader, mut writer) = open.pop().unwrap().split();
    writer.eof().await.unwrap();
    while reader.next().await.is_some() {}
    link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap();
}

#[tokio::test]
async fn a_channel_that_is_dropped_ends_on_the_device_too() {
    let (link, _device) = linked().await;
    for _ in 0..30 {
        drop(link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn terminal_size_changes_and_signals_reach_the_shell() {
    let (link, _device) = linked().await;
    let size = WindowSize { columns: 80, rows: 24, ..WindowSize::default() };
    let (mut reader, requests) = shell_on(&link, PtyRequest::new("xterm", size)).await;
    let size = WindowSize { columns: 100, rows: 30, ..WindowSize::default() };
    requests.resize(size).await.unwrap();
    requests.signal("INT").await.unwrap();
    let mut seen = String::new();
    while !seen.contains("INT") {
        let Some(Event::Data(bytes)) = reader.next().await else { panic!("{seen}") };
        seen.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    assert!(seen.contains("columns: 80, rows: 24"), "{seen}");
    assert!(seen.contains("Resize(Size { columns: 100, rows: 30"), "{seen}");
    assert!(seen.contains("Signal(\"INT\")"), "{seen}");
}

#[tokio::test]
async fn a_channel_whose_opener_gave_up_as_it_was_confirmed_is_closed() {
    let (link, _device) = linked().await;
    for _ in 0..50 {
        let mut opening = std::pin::pin!(link.open_bare(Opening::Session, soon()));
        // Asked for, and never looked at again: the confirmation is in its hands when it is dropped.
        let asked = std::future::poll_fn(|cx| std::task::Poll::Ready(opening.as_mut().poll(cx)));
        assert!(asked.await.is_pending());
        assert!(link.ping(soon()).await.is_some());
        tokio::task::yield_now().await;
    }
    let last = Instant::now() + Duration::from_secs(60);
    let channel = loop {
        match link.open_bare(Opening::Session, soon()).await {
            Ok(channel) => break channel,
            Err(error) => assert!(Instant::now() < last, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    drop(channel);
}

#[tokio::test]
async fn a_channel_let_go_is_closed_by_the_device_first_where_its_program_ends_with_its_input() {
    let (link, _device) = linked().await;
    for _ in 0..100 {
        drop(link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap());
        let mut stream =
            link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap().into_stream();
        stream.shutdown().await.unwrap();
        drop(stream);
    }
    until(|| link.lingering_channels() == 0).await;
    assert_eq!(link.channels_closed_first(), 0, "the library would keep a piece of each");
}

#[tokio::test]
async fn channels_let_go_whose_programs_do_not_end_are_closed_when_the_device_needs_the_room() {
    let (link, _device) = linked().await;
    for _ in 0..3 {
        let mut open = Vec::new();
        for _ in 0..10 {
            open.push(exec_on(&link, "never-read").await);
        }
    }
    assert!(link.channels_closed_first() >= 20);
    drop(exec_on(&link, "count").await);
}

#[tokio::test(start_paused = true)]
async fn a_channel_let_go_whose_program_does_not_end_is_closed_after_a_while() {
    let (link, _device) = linked().await;
    drop(exec_on(&link, "never-read").await);
    until(|| link.lingering_channels() == 1).await;
    until(|| link.lingering_channels() == 0).await;
    assert_eq!(link.channels_closed_first(), 1);
}

#[tokio::test]
async fn a_channel_let_go_whose_program_talks_on_is_closed_after_a_mebibyte() {
    let (link, _device) = linked().await;
    drop(exec_on(&link, "flood 1000").await);
    until(|| link.channels_closed_first() == 1).await;
    let (received, _) = link.counters();
    assert!(received < 16 * MIB as u64, "{received}");
}

/// Polls for at most half a minute.
async fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to that");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
