//! Which opening the first bytes are, decided at the first byte that leaves only one.

/// What the first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    OutboundSsh,
    CallHome,
    Tls,
    ProxyV1,
    ProxyV2,
    Unknown,
}

/// A PROXY header can only come first.
const SIGNATURES: [(&[u8], Kind); 5] = [
    (b"PROXY ", Kind::ProxyV1),
    (b"\r\n\r\n\0\r\nQUIT\n", Kind::ProxyV2),
    (b"MSG-ID", Kind::OutboundSsh),
    (b"SSH-", Kind::CallHome),
    (b"\x16\x03", Kind::Tls),
];

/// Compares the bytes that came with all signatures.
#[derive(Debug, Default)]
pub(super) struct Detector {
    bytes: Vec<u8>,
    after_proxy: bool,
}

impl Detector {
    /// For what comes after a PROXY header.
    pub(super) fn after_proxy() -> Self {
        Self { bytes: Vec::new(), after_proxy: true }
    }

    /// Takes one byte; `None` while more than one opening, or a longer one, is still possible.
    pub(super) fn handle_byte(&mut self, byte: u8) -> Option<Kind> {
        self.bytes.push(byte);
        let mut undecided = false;
        for (signature, kind) in SIGNATURES.into_iter().skip(if self.after_proxy { 2 } else { 0 }) {
            if self.bytes == signature {
                return Some(kind);
            }
            undecided |= signature.starts_with(&self.bytes);
        }
        (!undecided).then_some(Kind::Unknown)
    }

    /// The bytes that came.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.after_proxy
    }
}
