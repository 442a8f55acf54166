//! `homing user key`: the public keys of a user.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use homing_proto::api::{AddKey, User};
use homing_proto::host_key::Fingerprint;
use hyper::Method;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;

/// The longest file of keys.
const LIMIT: u64 = 256 * 1024;

/// Options of `homing user key`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add one, or all of a file
    Add(Add),
    /// Remove one
    Rm(Remove),
}

#[derive(Debug, Args)]
struct Add {
    /// The user
    name: String,
    /// A key as it stands in a .pub file: its type, its text, a comment if you like
    #[arg(required_unless_present = "file", conflicts_with = "file", num_args = 1..)]
    key: Vec<String>,
    /// A .pub file, or one with a key on each line; - is stdin
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Remove {
    /// The user
    name: String,
    /// The key's fingerprint, as `homing user show` gives it
    fingerprint: Fingerprint,
}

/// Adds or removes.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    match arguments.verb {
        Verb::Add(arguments) => add(arguments, context).await,
        Verb::Rm(arguments) => remove(arguments, context).await,
    }
}

async fn add(arguments: Add, context: &Context) -> Result<(), Failure> {
    let lines = match &arguments.file {
        Some(file) => lines_of(file)?,
        None => vec![arguments.key.join(" ")],
    };
    let target = Target::new(&["users", &arguments.name, "keys"]);
    let mut latest: Option<User> = None;
    for line in lines {
        let request = AddKey { key: line };
        latest = Some(context.client.send(Method::POST, &target, &request).await?);
    }
    let Some(user) = latest else { return Err(Failure::usage("the file holds no key")) };
    let count = user.keys.len();
    let keys = if count == 1 { "key" } else { "keys" };
    context.output.note(&format!("{} has {count} {keys}", user.name));
    super::changed(&user, context)
}

async fn remove(arguments: Remove, context: &Context) -> Result<(), Failure> {
    let fingerprint = arguments.fingerprint.to_string();
    let target = Target::new(&["users", &arguments.name, "keys", &fingerprint]);
    context.client.delete(&target).await?;
    context.output.note(&format!("removed {fingerprint} from {}", arguments.name));
    Ok(())
}

fn lines_of(file: &Path) -> Result<Vec<String>, Failure> {
    let text = match file.as_os_str() == "-" {
        true => read(std::io::stdin().lock()),
        false => std::fs::File::open(file).and_then(read),
    };
    let text = text.map_err(|error| {
        Failure::usage(format!("cannot read keys from {}: {error}", file.display()))
    })?;
    let lines = text.lines().map(str::trim);
    let is_key = |line: &&str| !line.is_empty() && !line.starts_with('#');
    Ok(lines.filter(is_key).map(str::to_owned).collect())
}

fn read(from: impl std::io::Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.take(LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_no_keys() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# mine\n\nssh-ed25519 AAAA a\r\n ssh-rsa BBBB\n").unwrap();
        assert_eq!(lines_of(file.path()).unwrap(), ["ssh-ed25519 AAAA a", "ssh-rsa BBBB"]);
        assert!(lines_of(Path::new("/nowhere/at/all")).is_err());
    }
}
