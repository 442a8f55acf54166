//! What goes to the device, in its window, beside everything else.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Traffic;
use crate::device_link::ChannelWriter;

/// What goes to the device.
pub(super) enum Chunk {
    /// Data.
    Data(Bytes),
    /// The end of it.
    Eof,
}

/// Writes chunks to the device, in its window.
pub(super) async fn write_chunks(
    mut writer: ChannelWriter,
    mut chunks: mpsc::Receiver<Chunk>,
    traffic: Arc<Traffic>,
) {
    while let Some(chunk) = chunks.recv().await {
        let written = match chunk {
            Chunk::Data(bytes) => {
                let len = bytes.len() as u64;
                let written = writer.write(bytes).await;
                traffic.to_device.fetch_add(len, Relaxed);
                written
            }
            Chunk::Eof => writer.eof().await,
        };
        if written.is_err() {
            break; // told by the reader
        }
    }
}
