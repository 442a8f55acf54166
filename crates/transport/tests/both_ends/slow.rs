//! Those who do not read: they harm their own channel and nobody else.

use std::time::Duration;

use homing_transport::device_link::*;
use homing_transport::keys::KeyKind;
use homing_transport::spool::{Budget, Cut, Spool, SpoolLimits, SpoolWriter};
use tokio::time::Instant;

use crate::device::*;

/// Reads everything at once into a spool; the exit status, and why the spool took no more.
async fn drain(mut reader: ChannelReader, mut spool: SpoolWriter) -> (Option<u32>, Option<Cut>) {
    let mut exit_status = None;
    while let Some(event) = reader.next().await {
        match event {
            Event::ExitStatus(status) => exit_status = Some(status),
            Event::Data(bytes) => {
                if let Err(cut) = spool.write(bytes) {
                    return (exit_status, Some(cut));
                }
            }
            _ => {}
        }
    }
    spool.finish();
    (exit_status, None)
}

#[tokio::test]
async fn an_operator_who_does_not_read_64_mib_stalls_nobody_when_the_channel_is_spooled() {
    let (link, _device) = linked().await;
    let budget = Budget::default();
    let limits = SpoolLimits { memory: MIB, disk: 128 * MIB as u64 };
    let (writer, mut unread) = Spool::new(limits, &budget);
    let (reader, _keep) = exec_on(&link, "flood 64").await.split();
    let draining = tokio::spawn(drain(reader, writer));
    let mut echo = link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap();
    let mut worst = Duration::ZERO;
    while !draining.is_finished() {
        let start = Instant::now();
        echo.write("rpc").await.unwrap();
        assert_eq!(echo.next().await, Some(Event::Data("rpc".into())));
        worst = worst.max(start.elapsed());
    }
    assert!(worst < Duration::from_secs(2), "{worst:?}");
    let drained = draining.await.unwrap();
    assert_eq!(drained, (Some(0), None));
    let mut all = 0;
    while let Some(bytes) = unread.next().await.unwrap() {
        all += bytes.len();
    }
    assert_eq!(all, 64 * MIB);
}

#[tokio::test]
async fn beyond_the_limit_the_one_channel_is_closed_and_the_link_goes_on() {
    let (link, _device) = linked().await;
    let limits = SpoolLimits { memory: 64 * 1024, disk: MIB as u64 };
    let (writer, mut reader) = Spool::new(limits, &Budget::default());
    let (flood, _keep) = exec_on(&link, "flood 64").await.split();
    let drained = drain(flood, writer).await;
    let expected = Cut::TooMuchWaiting { limit: 64 * 1024 + MIB as u64 };
    assert_eq!(drained.1, Some(expected.clone()));
    let cut = loop {
        match reader.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a cut reply looked whole"),
            Err(cut) => break cut,
        }
    };
    assert_eq!(cut, expected);
    assert!(link.ping(soon()).await.is_some());
}

#[tokio::test]
async fn a_program_that_reads_no_input_loses_its_channel_and_no_other_is_harmed() {
    let mut settings = settings(KeyKind::Ed25519);
    settings.input = SpoolLimits { memory: 64 * 1024, disk: 4 * MIB as u64 };
    settings.stall = Duration::from_millis(300);
    let (link, _device) = linked_to(settings).await;
    let (mut deaf, mut writer) = exec_on(&link, "never-read").await.split();
    let writing = tokio::spawn(async move { writer.write(vec![0; 32 * MIB]).await });
    let mut said = String::new();
    while let Some(event) = deaf.next().await {
        if let Event::Stderr(bytes) = event {
            said.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
    assert!(said.contains("input was not read"), "{said}");
    assert_eq!(writing.await.unwrap(), Err(WriteError));
    assert!(link.ping(soon()).await.is_some());
}

#[tokio::test]
async fn a_device_that_opens_no_window_holds_up_its_own_channel_alone() {
    let mut settings = settings(KeyKind::Ed25519);
    settings.stall = Duration::from_secs(600);
    let (link, _device) = linked_to(settings).await;
    let (_keep, mut writer) = exec_on(&link, "never-read").await.split();
    let writing = tokio::spawn(async move { writer.write(vec![0; 16 * MIB]).await });
    let mut echo = link.open(Kind::Subsystem("netconf".into()), soon()).await.unwrap();
    for _ in 0..20 {
        echo.write("rpc").await.unwrap();
        assert_eq!(echo.next().await, Some(Event::Data("rpc".into())));
    }
    writing.abort();
}
