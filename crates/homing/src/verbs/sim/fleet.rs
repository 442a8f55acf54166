//! The fleet in the gateway's books: enrolled by the HTTP API, and forgotten again.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use homing_proto::api::{Enroll, Enrolled, StanzaForm};
use homing_proto::host_key::Secret;
use homing_proto::identity::DeviceName;
use homing_sim::load::Fleet;
use hyper::Method;
use zeroize::Zeroizing;

use crate::client::{Client, Target};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Requests under way at once.
const AT_ONCE: usize = 16;

/// What the devices share with the gateway, a line each: the name, a space, the secret.
pub(super) struct Secrets {
    file: Option<PathBuf>,
    by_name: BTreeMap<String, Secret>,
}

impl Secrets {
    /// Reads the file; one that is not there holds nothing.
    ///
    /// # Errors
    /// It can't be read.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let mut secrets = Self { file: file.map(Path::to_owned), by_name: BTreeMap::new() };
        let Some(file) = file else { return Ok(secrets) };
        let text = match std::fs::read_to_string(file) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(secrets),
            Err(error) => return Err(broken(file, "read", &error)),
        };
        for (name, secret) in text.lines().filter_map(|line| line.split_once(' ')) {
            secrets.by_name.insert(name.to_owned(), Secret::new(secret));
        }
        Ok(secrets)
    }

    /// The secret of a device; none where none are wanted.
    ///
    /// # Errors
    /// They are wanted, and it has none.
    pub(super) fn of(&self, name: &str) -> Result<Option<Secret>, Failure> {
        match (&self.file, self.by_name.get(name)) {
            (None, _) => Ok(None),
            (Some(_), Some(secret)) => Ok(Some(secret.clone())),
            (Some(file), None) => {
                let message = format!("{} has no secret of {name}", file.display());
                Err(Failure::new(Exit::Failed, "no-secret", message).hint("homing sim --enroll …"))
            }
        }
    }

    fn are_wanted(&self) -> bool {
        self.file.is_some()
    }

    fn write(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut text = Zeroizing::new(Vec::new());
        for (name, secret) in &self.by_name {
            text.extend_from_slice(name.as_bytes());
            text.push(b' ');
            text.extend_from_slice(secret.expose());
            text.push(b'\n');
        }
        let mut options = std::fs::OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
        opened
            .and_then(|mut opened| opened.write_all(&text))
            .map_err(|error| broken(file, "write", &error))
    }
}

fn broken(file: &Path, what: &str, error: &std::io::Error) -> Failure {
    let message = format!("cannot {what} {}: {error}", file.display());
    Failure::new(Exit::Failed, "secrets-file", message)
}

/// Makes the gateway know every device. Those that it knows stay as they are, but for a secret that was lost.
///
/// # Errors
/// The gateway's first refusal.
pub(super) async fn enroll(
    client: &Client,
    fleet: &Fleet,
    devices: u32,
    secrets: &mut Secrets,
    output: &Output,
) -> Result<(), Failure> {
    let is_new: Vec<bool> = {
        let wants = secrets.are_wanted();
        let known = &secrets.by_name;
        let mut answers = stream::iter(0..devices)
            .map(|number| async move {
                let name = fleet.name(number);
                let has_secret = known.contains_key(&name);
                let enrolled = one(client, fleet, number, wants && !has_secret).await?;
                Ok::<_, Failure>((name, enrolled))
            })
            .buffer_unordered(AT_ONCE);
        let (mut is_new, mut fresh) = (Vec::new(), Vec::new());
        while let Some((name, enrolled)) = answers.try_next().await? {
            is_new.push(enrolled.is_some());
            let secret = enrolled.as_ref().filter(|_| wants).and_then(|it| secret_in(&it.stanza));
            fresh.extend(secret.map(|secret| (name, secret)));
        }
        drop(answers);
        secrets.by_name.extend(fresh);
        is_new
    };
    secrets.write()?;
    let count = is_new.iter().filter(|is_new| **is_new).count();
    output.note(&format!("{count} devices enrolled, {} were known", is_new.len() - count));
    Ok(())
}

/// Enrols a device; none: it was.
async fn one(
    client: &Client,
    fleet: &Fleet,
    number: u32,
    with_secret: bool,
) -> Result<Option<Enrolled>, Failure> {
    let request = request(fleet, number, with_secret)?;
    let target = Target::new(&["devices"]);
    match client.send(Method::POST, &target, &request).await {
        Ok(enrolled) => Ok(Some(enrolled)),
        Err(failure) if failure.code == "name-taken" && with_secret => {
            let again = Enroll { rotate_secret: true, at_once: true, ..request };
            client.send(Method::POST, &target, &again).await.map(Some)
        }
        Err(failure) if failure.code == "name-taken" => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn request(fleet: &Fleet, number: u32, with_secret: bool) -> Result<Enroll, Failure> {
    let name = DeviceName::new(fleet.name(number));
    let name = name.map_err(|error| Failure::usage(error.to_string()))?;
    let key = fleet.key(number);
    let key = key.map_err(|error| Failure::new(Exit::Failed, error.code(), error.to_string()))?;
    // A key that several devices have can be carried over for one of them only; its HMAC vouches for it.
    let host_keys = if with_secret { Vec::new() } else { vec![key.host_key().clone()] };
    Ok(Enroll {
        name,
        device_id: None,
        user: None,
        addresses: Vec::new(),
        tags: [("sim".to_owned(), fleet.prefix.clone())].into(),
        secret: with_secret,
        rotate_secret: false,
        at_once: false,
        host_keys,
        key_source: None,
        password: None,
        listener: None,
        format: StanzaForm::Set,
    })
}

/// The secret that stands in a stanza of `set` lines.
fn secret_in(stanza: &str) -> Option<Secret> {
    let (_, rest) = stanza.lines().find_map(|line| line.split_once(" secret "))?;
    Some(Secret::new(rest.trim().trim_matches('"')))
}

/// Makes the gateway forget every device that it knows.
///
/// # Errors
/// The gateway's first refusal.
pub(super) async fn forget(
    client: &Client,
    fleet: &Fleet,
    devices: u32,
    output: &Output,
) -> Result<(), Failure> {
    let mut answers = stream::iter(0..devices)
        .map(|number| async move {
            match client.delete(&Target::new(&["devices", &fleet.name(number)])).await {
                Ok(()) => Ok(true),
                Err(failure) if failure.exit == Exit::NotFound => Ok(false),
                Err(failure) => Err(failure),
            }
        })
        .buffer_unordered(AT_ONCE);
    let mut count = 0;
    while let Some(was_known) = answers.try_next().await? {
        count += usize::from(was_known);
    }
    output.note(&format!("{count} devices forgotten"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_stanza_is_found() {
        let stanza = "set system services outbound-ssh client homing device-id sim-1\n\
             set system services outbound-ssh client homing secret \"5f3c\"\n";
        assert_eq!(secret_in(stanza).unwrap().expose(), b"5f3c");
        assert!(secret_in("set system services netconf ssh\n").is_none());
    }

    #[test]
    fn secrets_are_kept_in_a_file_of_their_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets");
        let mut secrets = Secrets::read(Some(&file)).unwrap();
        assert_eq!(secrets.of("sim-1").unwrap_err().code, "no-secret");
        secrets.by_name.insert("sim-1".to_owned(), Secret::new("a b"));
        secrets.write().unwrap();
        let read = Secrets::read(Some(&file)).unwrap();
        assert_eq!(read.of("sim-1").unwrap().unwrap().expose(), b"a b");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Secrets::read(None).unwrap().of("sim-1").unwrap().is_none());
    }
}
