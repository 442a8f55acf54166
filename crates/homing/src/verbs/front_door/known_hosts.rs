//! A `known_hosts` file for the door's key, in the user's cache: `ssh` reads files only.
//!
//! One file a key, and its content follows from the key: two commands at once write the same.

use std::path::PathBuf;

use super::door::{Door, DoorKey};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::private_file;

/// The line, under the door's alias.
pub(super) fn line(door: &Door, key: &DoorKey) -> String {
    format!("{} {}", door.alias(), key.text)
}

/// The line under the door's host and port, for programs that know no alias.
pub(super) fn line_by_place(door: &Door, key: &DoorKey) -> String {
    let host = &door.place.host;
    match door.place.port {
        22 => format!("{host} {}", key.text),
        port => format!("[{host}]:{port} {}", key.text),
    }
}

/// Where the file is, written if it is not there.
pub(super) fn file(door: &Door, key: &DoorKey) -> Result<PathBuf, Failure> {
    let folder = folder()?;
    let path = folder.join(format!("{}.known_hosts", door.alias()));
    let text = format!("{}\n", line(door, key));
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(path);
    }
    private_file::replace(&path, text.as_bytes()).map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        Failure::new(Exit::Failed, "no-known-hosts", message)
    })?;
    Ok(path)
}

fn folder() -> Result<PathBuf, Failure> {
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    match cache {
        Some(cache) => Ok(cache.join("homing")),
        None => Err(Failure::usage(
            "there is no place for the door's host key: neither HOME nor XDG_CACHE_HOME is set",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::door::tests::door;
    use super::*;

    #[test]
    fn the_line_is_one_that_known_hosts_takes() {
        let door = door();
        let key = door.key.clone().unwrap();
        assert_eq!(line(&door, &key), "homing-door-abc9xyzxyzxy ssh-ed25519 AAAA");
        assert_eq!(line_by_place(&door, &key), "[gw.example.net]:2022 ssh-ed25519 AAAA");
    }
}
