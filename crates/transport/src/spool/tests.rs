//! Spools in memory and on disk, their limits and their ends.

use tokio::io::AsyncReadExt;

use super::*;

const MIB: usize = 1024 * 1024;

fn spool(memory: usize, disk: u64) -> (SpoolWriter, SpoolReader, Budget) {
    let budget = Budget::default();
    let (writer, reader) = Spool::new(SpoolLimits { memory, disk }, &budget);
    (writer, reader, budget)
}

/// Bytes that tell their own position.
fn pattern(from: usize, len: usize) -> Vec<u8> {
    (from..from + len).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

async fn read_all(reader: &mut SpoolReader) -> Result<Vec<u8>, Cut> {
    let mut seen = Vec::new();
    while let Some(bytes) = reader.next().await? {
        seen.extend_from_slice(&bytes);
    }
    Ok(seen)
}

#[tokio::test]
async fn sixty_four_mib_wait_on_disk_and_come_back_whole() {
    let (mut writer, mut reader, budget) = spool(MIB, 80 * MIB as u64);
    for from in (0..64 * MIB).step_by(32 * 1024) {
        writer.write(pattern(from, 32 * 1024)).unwrap();
    }
    assert_eq!(writer.waiting(), 64 * MIB as u64);
    assert_eq!(budget.memory_used(), MIB as u64);
    assert_eq!(budget.disk_used(), 63 * MIB as u64);
    writer.finish();
    let mut at = 0;
    while let Some(bytes) = reader.next().await.unwrap() {
        assert!(bytes == pattern(at, bytes.len()), "wrong byte after {at}");
        at += bytes.len();
    }
    assert_eq!(at, 64 * MIB);
    assert_eq!((budget.memory_used(), budget.disk_used()), (0, 0));
}

#[tokio::test]
async fn order_holds_while_memory_and_file_take_turns() {
    let (mut writer, mut reader, budget) = spool(10_000, 30_000);
    let (mut written, mut seen) = (0, Vec::new());
    for round in 0..400_usize {
        let len = 1 + (round * 733) % 7_000;
        if writer.waiting() + len as u64 <= 30_000 {
            writer.write(pattern(written, len)).unwrap();
            written += len;
        }
        if round % 3 != 0 && writer.waiting() > 0 {
            seen.extend_from_slice(&reader.next().await.unwrap().unwrap());
        }
    }
    writer.finish();
    seen.extend(read_all(&mut reader).await.unwrap());
    assert!(seen == pattern(0, written));
    assert_eq!((budget.memory_used(), budget.disk_used()), (0, 0));
}

#[tokio::test]
async fn beyond_the_limit_both_ends_learn_the_reason_and_the_reader_keeps_what_fitted() {
    let (mut writer, mut reader, _) = spool(100, 200);
    writer.write(vec![1; 100]).unwrap();
    writer.write(vec![2; 200]).unwrap();
    let cut = Cut::TooMuchWaiting { limit: 300 };
    assert_eq!(writer.write(vec![3; 1]), Err(cut.clone()));
    assert_eq!(writer.write(vec![3; 1]), Err(cut.clone()));
    writer.finish(); // too late to be whole
    assert_eq!(reader.next().await.unwrap().unwrap(), vec![1; 100]);
    assert_eq!(reader.next().await.unwrap().unwrap(), vec![2; 200]);
    assert_eq!(reader.next().await, Err(cut));
}

#[tokio::test]
async fn all_spools_together_keep_to_the_budget() {
    let budget = Budget::new(BudgetLimits { memory: 100, disk: 150 });
    let limits = SpoolLimits { memory: 100, disk: 100 };
    let (mut first, reader) = Spool::new(limits, &budget);
    let (mut second, _kept) = Spool::new(limits, &budget);
    first.write(vec![0; 100]).unwrap();
    second.write(vec![0; 100]).unwrap(); // memory is spent: goes to its file
    assert_eq!(first.write(vec![0; 51]), Err(Cut::BudgetSpent));
    drop(reader);
    assert_eq!((budget.memory_used(), budget.disk_used()), (0, 100));
    second.write(vec![0; 100]).unwrap_err();
}

#[tokio::test]
async fn a_writer_that_can_wait_is_told_when_the_reader_has_caught_up() {
    let (mut writer, mut reader, _) = spool(1000, 1000);
    writer.write(vec![0; 5000][..900].to_vec()).unwrap();
    let writing = tokio::spawn(async move {
        writer.drained_to(0).await;
        writer.write(vec![1; 900]).unwrap();
        writer.finish();
    });
    assert_eq!(reader.next().await.unwrap().unwrap().len(), 900);
    assert_eq!(read_all(&mut reader).await.unwrap(), vec![1; 900]);
    writing.await.unwrap();
}

#[tokio::test]
async fn a_lost_writer_is_not_a_whole_reply() {
    let (mut writer, mut reader, _) = spool(1000, 0);
    writer.write(&b"half"[..]).unwrap();
    drop(writer);
    assert_eq!(reader.next().await.unwrap().unwrap(), "half");
    assert_eq!(reader.next().await, Err(Cut::WriterGone));
}

#[tokio::test]
async fn a_writer_may_give_up_with_a_reason() {
    let (writer, mut reader, _) = spool(1000, 0);
    writer.give_up("device lost in mid-reply");
    assert_eq!(reader.next().await, Err(Cut::GivenUp("device lost in mid-reply".into())));
}

#[tokio::test]
async fn after_the_reader_left_the_writer_is_told_and_nothing_is_kept() {
    let (mut writer, reader, budget) = spool(10, 1000);
    writer.write(vec![0; 500]).unwrap();
    drop(reader);
    assert_eq!(writer.write(vec![0; 1]), Err(Cut::ReaderGone));
    assert_eq!((budget.memory_used(), budget.disk_used()), (0, 0));
}

#[tokio::test]
async fn an_unused_spool_holds_no_memory_and_no_file() {
    let (writer, mut reader, budget) = spool(1000, 1000);
    assert_eq!((budget.memory_used(), budget.disk_used()), (0, 0));
    assert!(size_of::<State>() <= 256, "{}", size_of::<State>());
    writer.finish();
    assert_eq!(reader.next().await, Ok(None));
}

#[tokio::test]
async fn read_as_a_stream_a_cut_is_an_error_that_carries_its_reason() {
    let (mut writer, mut reader, _) = spool(1000, 0);
    writer.write(&b"some"[..]).unwrap();
    writer.give_up("enough");
    let mut seen = Vec::new();
    let error = reader.read_to_end(&mut seen).await.unwrap_err();
    assert_eq!(seen, b"some");
    let cut = error.get_ref().and_then(|inner| inner.downcast_ref::<Cut>());
    assert_eq!(cut, Some(&Cut::GivenUp("enough".into())));
}
