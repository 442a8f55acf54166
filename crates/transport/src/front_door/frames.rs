//! What a device said on a channel, in its order, as bytes in a spool.
//!
//! ```text
//!   ┌─────┬──────────┬──────────────┐
//!   │ tag │ len (4)  │ len bytes    │  data, errors: what came; status, signal: see below; eof: nothing
//!   └─────┴──────────┴──────────────┘
//! ```
//!
//! Output, errors and the exit status of a command belong in one order, so they wait in one spool.

use bytes::{Bytes, BytesMut};
use homing_proto::excerpt::Excerpt;

use crate::device_link::ExitSignal;
use crate::spool::{Cut, SpoolReader, SpoolWriter};

/// Bytes before what a frame holds.
const HEAD: usize = 5;
/// Longest frame that is neither data nor errors.
const LONGEST_CONTROL: usize = 4096;

/// One thing that the device said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// Ordinary data, or a part of it.
    Data(Bytes),
    /// Data of the error stream, or a part of it.
    Errors(Bytes),
    /// No more data will come.
    Eof,
    /// The exit status.
    Status(u32),
    /// The signal that killed the command.
    Signal(ExitSignal),
}

const DATA: u8 = 0;
const ERRORS: u8 = 1;
const EOF: u8 = 2;
const STATUS: u8 = 3;
const SIGNAL: u8 = 4;

/// Where frames are put.
#[derive(Debug)]
pub(super) struct FrameWriter(SpoolWriter);

impl FrameWriter {
    /// Into `spool`.
    pub(super) fn new(spool: SpoolWriter) -> Self {
        Self(spool)
    }

    /// Adds one frame; never waits.
    pub(super) fn write(&mut self, frame: Frame) -> Result<(), Cut> {
        match frame {
            Frame::Data(bytes) => self.put(DATA, bytes),
            Frame::Errors(bytes) => self.put(ERRORS, bytes),
            Frame::Eof => self.put(EOF, Bytes::new()),
            Frame::Status(status) => {
                self.put(STATUS, Bytes::copy_from_slice(&status.to_be_bytes()))
            }
            Frame::Signal(signal) => {
                let core = if signal.core_dumped { "1" } else { "0" };
                let text = [core, signal.name.as_str(), signal.message.as_str()].join("\0");
                self.put(SIGNAL, Bytes::from(text))
            }
        }
    }

    /// All is said.
    pub(super) fn finish(self) {
        self.0.finish();
    }

    /// Ends early.
    pub(super) fn give_up(self, reason: &str) {
        self.0.give_up(reason);
    }

    /// One frame; empty data is none.
    fn put(&mut self, tag: u8, bytes: Bytes) -> Result<(), Cut> {
        if bytes.is_empty() && tag != EOF {
            return Ok(());
        }
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
        let [a, b, c, d] = len;
        self.0.write(Bytes::copy_from_slice(&[tag, a, b, c, d]))?;
        self.0.write(bytes)
    }
}

/// Where frames are read.
#[derive(Debug)]
pub(super) struct FrameReader {
    /// The spool.
    spool: SpoolReader,
    /// Read and not looked at.
    rest: Bytes,
    /// Tag of the data frame that is being read, and what is left of it.
    open: Option<(u8, usize)>,
}

impl FrameReader {
    /// Out of `spool`.
    pub(super) fn new(spool: SpoolReader) -> Self {
        Self { spool, rest: Bytes::new(), open: None }
    }

    /// The next frame, data as it comes; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, Cut> {
        loop {
            if let Some((tag, left)) = self.open.take() {
                let Some(bytes) = self.some(left).await? else { return Ok(None) };
                if bytes.len() < left {
                    self.open = Some((tag, left - bytes.len()));
                }
                let frame = if tag == DATA { Frame::Data(bytes) } else { Frame::Errors(bytes) };
                return Ok(Some(frame));
            }
            let Some(head) = self.exactly(HEAD).await? else { return Ok(None) };
            let [tag, len @ ..] = head.as_ref() else { return Ok(None) };
            let len = <[u8; 4]>::try_from(len).map_or(0, u32::from_be_bytes) as usize;
            match *tag {
                DATA | ERRORS => self.open = Some((*tag, len)),
                EOF => return Ok(Some(Frame::Eof)),
                tag => {
                    let len = len.min(LONGEST_CONTROL);
                    let Some(body) = self.exactly(len).await? else { return Ok(None) };
                    return Ok(control(tag, &body));
                }
            }
        }
    }

    /// At most `most` bytes, at least one.
    async fn some(&mut self, most: usize) -> Result<Option<Bytes>, Cut> {
        if self.rest.is_empty() {
            match self.spool.next().await? {
                Some(bytes) => self.rest = bytes,
                None => return Ok(None),
            }
        }
        Ok(Some(self.rest.split_to(most.min(self.rest.len()))))
    }

    /// So many bytes.
    async fn exactly(&mut self, len: usize) -> Result<Option<Bytes>, Cut> {
        let Some(first) = self.some(len).await? else { return Ok(None) };
        if first.len() == len {
            return Ok(Some(first));
        }
        let mut all = BytesMut::from(first.as_ref());
        while all.len() < len {
            let Some(more) = self.some(len - all.len()).await? else { return Ok(None) };
            all.extend_from_slice(&more);
        }
        Ok(Some(all.freeze()))
    }
}

/// A frame that is no data.
fn control(tag: u8, body: &[u8]) -> Option<Frame> {
    if tag == STATUS {
        return <[u8; 4]>::try_from(body).ok().map(|body| Frame::Status(u32::from_be_bytes(body)));
    }
    let text = String::from_utf8_lossy(body);
    let mut parts = text.splitn(3, '\0');
    let core_dumped = parts.next()? == "1";
    let name = Excerpt::new(parts.next()?);
    let message = Excerpt::new(parts.next().unwrap_or_default());
    Some(Frame::Signal(ExitSignal { name, core_dumped, message }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::{Budget, Spool, SpoolLimits};

    fn pair(memory: usize) -> (FrameWriter, FrameReader) {
        let limits = SpoolLimits { memory, disk: 1024 * 1024 };
        let (writer, reader) = Spool::new(limits, &Budget::default());
        (FrameWriter::new(writer), FrameReader::new(reader))
    }

    #[tokio::test]
    async fn what_was_said_comes_out_in_its_order_from_memory_and_from_the_file() {
        let signal = ExitSignal {
            name: Excerpt::new("TERM"),
            core_dumped: true,
            message: Excerpt::new("out of patience"),
        };
        let said = [
            Frame::Data("out".into()),
            Frame::Errors("err".into()),
            Frame::Data(vec![7; 10_000].into()),
            Frame::Eof,
            Frame::Status(7),
            Frame::Signal(signal),
        ];
        for memory in [64 * 1024, 8, 0] {
            let (mut writer, mut reader) = pair(memory);
            for frame in &said {
                writer.write(frame.clone()).unwrap();
            }
            writer.finish();
            let mut heard: Vec<Frame> = Vec::new();
            while let Some(frame) = reader.next().await.unwrap() {
                match (heard.last_mut(), frame) {
                    (Some(Frame::Data(last)), Frame::Data(more)) => {
                        *last = [last.as_ref(), more.as_ref()].concat().into();
                    }
                    (_, frame) => heard.push(frame),
                }
            }
            assert_eq!(heard, said, "memory {memory}");
        }
    }

    #[tokio::test]
    async fn a_cut_comes_after_what_fitted() {
        let limits = SpoolLimits { memory: 100, disk: 0 };
        let (writer, reader) = Spool::new(limits, &Budget::default());
        let (mut writer, mut reader) = (FrameWriter::new(writer), FrameReader::new(reader));
        writer.write(Frame::Data(vec![1; 50].into())).unwrap();
        writer.write(Frame::Data(vec![2; 50].into())).unwrap_err();
        assert_eq!(reader.next().await, Ok(Some(Frame::Data(vec![1; 50].into()))));
        assert_eq!(reader.next().await.unwrap_err().code(), "spool-full");
    }
}
