//! `--known-hosts`: a device's host keys out of OpenSSH's file.
//!
//! Source: sshd(8), *SSH_KNOWN_HOSTS FILE FORMAT*, as [`homing_proto::known_hosts`] reads it.

use std::io::Read;
use std::path::Path;

use homing_proto::host_key::HostKey;
use homing_proto::known_hosts::{Found, KnownHosts, MAX_BYTES};

use crate::failure::Failure;
use crate::output::Output;

/// The keys that the file holds for any of the names; lines that are no use are told.
///
/// # Errors
/// When the file cannot be read, or holds none.
pub(crate) fn read(file: &Path, names: &[&str], output: &Output) -> Result<Vec<HostKey>, Failure> {
    let at = file.display();
    let text = text_of(file).map_err(|e| Failure::usage(format!("cannot read {at}: {e}")))?;
    let known = KnownHosts::parse(&text).map_err(|e| Failure::usage(format!("{at}: {e}")))?;
    let found = known.find(names);
    if found.keys.is_empty() {
        return Err(none(&at.to_string(), names, &known, &found));
    }
    for key in &found.revoked {
        output.note(&format!("{at}: {} is revoked and left out", key.fingerprint()));
    }
    Ok(found.keys)
}

/// One byte more than may be there, so that too long a file is noticed and not read whole.
fn text_of(file: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Says why nothing was found, as far as the file tells.
fn none(at: &str, names: &[&str], known: &KnownHosts, found: &Found) -> Failure {
    let names = names.join(" or ");
    let message = match (found.revoked.is_empty(), found.authorities.first(), known.skipped.first())
    {
        (false, _, _) => format!("{at}: every host key of {names} is revoked"),
        (true, Some(line), _) => {
            format!("{at}:{line}: knows {names} by a certificate authority and no host key")
        }
        (true, None, Some(skipped)) => {
            format!("{at} holds no host key of {names} ({skipped})")
        }
        (true, None, None) => format!("{at} holds no host key of {names}"),
    };
    Failure::usage(message)
        .hint("name the device as in the file, or give the key with --host-key \"TYPE BASE64\"")
}
