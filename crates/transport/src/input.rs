//! From the channel to its service's input, without ever stopping the connection for long.
//!
//! The SSH library hands out window when data arrives, so a service that does not read would stop every channel of the connection.
//! Its input is therefore taken at once into a spool. When that is full the connection waits: a slow reader slows its sender down.
//! A reader that takes nothing at all for [`stall`](crate::device_server::ServerSettings::stall) is given up.

use std::time::Duration;

use bytes::Bytes;
use russh::{ChannelMsg, ChannelReadHalf};

use crate::spool::{Cut, SpoolLimits, SpoolWriter};

/// The service read nothing for too long while its input was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stalled;

/// Feeds `spool` until the channel ends.
pub(crate) async fn feed(
    mut read: ChannelReadHalf,
    spool: SpoolWriter,
    limits: SpoolLimits,
    stall: Duration,
) -> Result<(), Stalled> {
    let mut spool = Some(spool);
    while let Some(message) = read.wait().await {
        match message {
            ChannelMsg::Data { data } => {
                if let Some(writer) = spool.as_mut() {
                    match store(writer, data, limits, stall).await {
                        Ok(()) => {}
                        Err(Cut::ReaderGone) => spool = None, // it wants no more: throw away
                        Err(_) => return Err(Stalled),
                    }
                }
            }
            ChannelMsg::Eof => {
                if let Some(writer) = spool.take() {
                    writer.finish();
                }
            }
            ChannelMsg::Close => break,
            _ => {} // requests are handled where they are answered
        }
    }
    Ok(())
}

/// Stores `data` as soon as there is room.
pub(crate) async fn store(
    spool: &mut SpoolWriter,
    data: Bytes,
    limits: SpoolLimits,
    stall: Duration,
) -> Result<(), Cut> {
    let room = limits.disk.max(limits.memory as u64); // what always fits, however it is spread
    loop {
        let waiting = spool.waiting();
        if waiting == 0 || waiting + data.len() as u64 <= room {
            return spool.write(data);
        }
        let progress = spool.drained_to(waiting - 1);
        if tokio::time::timeout(stall, progress).await.is_err() {
            return Err(Cut::TooMuchWaiting { limit: room });
        }
    }
}
