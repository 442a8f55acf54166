//! Fuzz target: `<hello>`, cut at the place that the first byte says.

use homing_proto::netconf::hello::{Hello, HelloError, Reader};

/// The message cut in two gives what the message in one piece gives, and what was read is composed and
/// read again as itself.
pub fn run(data: &[u8]) {
    let Some((first, message)) = data.split_first() else { return };
    let (before, after) = message.split_at(usize::from(*first).min(message.len()));
    let whole = Hello::parse(message);
    assert_eq!(read(before, after), whole);
    if let Ok(hello) = whole {
        let _ = hello.framing_with(&hello);
        assert_eq!(Hello::parse(hello.compose().as_bytes()), Ok(hello));
    }
}

fn read(before: &[u8], after: &[u8]) -> Result<Hello, HelloError> {
    let mut reader = Reader::default();
    reader.data(before)?;
    reader.data(after)?;
    reader.finish()
}
