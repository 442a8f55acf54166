//! The `<hello>` that the device gets: the gateway's own, of the capabilities that the operator sent.
//!
//! Source: RFC 6241, section 8.1.

use crate::netconf::framing::{Encoder, Framing, FramingError};
use crate::netconf::hello::{Hello, HelloError};

/// What stands before every message to the device, whatever the operator wrote there.
pub(super) const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Checks what an operator said of themselves.
///
/// # Errors
/// [`HelloError`]: a session-id, or a capability that is no URI.
pub(super) fn check(hello: Hello) -> Result<Hello, HelloError> {
    match hello.session_id {
        Some(_) => Err(HelloError::SessionIdOfClient),
        None if !hello.capabilities.iter().all(is_plain) => Err(HelloError::Capabilities),
        None => Ok(hello),
    }
}

/// The message for the device, framed.
///
/// # Errors
/// [`FramingError`].
pub(super) fn compose(hello: &Hello) -> Result<Vec<u8>, FramingError> {
    let message = [DECLARATION, hello.compose().as_bytes()].concat();
    let mut out = Vec::new();
    Encoder::new(Framing::EndOfMessage).message(&message, &mut out)?;
    Ok(out)
}

/// Whether a capability is a URI, which has visible ASCII characters only.
fn is_plain(capability: &str) -> bool {
    capability.bytes().all(|byte| byte.is_ascii_graphic())
}
