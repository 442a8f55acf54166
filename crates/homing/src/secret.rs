//! Secrets from a person or a file: asked for without echo, or a file's first line; never an argument, which every
//! user of the machine could see.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::escape::escape;

/// The longest line that is read.
const LIMIT: u64 = 64 * 1024;

/// The first line of a file; `-` is stdin. `what` names the secret.
///
/// # Errors
/// The file can't be read.
pub(crate) fn first_line(file: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    let read = match file.as_os_str() == "-" {
        true => line_of(std::io::stdin()),
        false => File::open(file).and_then(line_of),
    };
    read.map_err(|error| {
        Failure::usage(format!("cannot read the {what} from {}: {error}", file.display()))
    })
}

fn line_of(source: impl Read) -> std::io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    std::io::BufReader::new(source.take(LIMIT)).read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(text);
    Ok(line)
}

/// Asks a person, without echo. `instead` is what to type where nobody can be asked.
///
/// # Errors
/// Nobody can be asked.
pub(crate) async fn ask(
    prompt: &str,
    what: &str,
    instead: &str,
) -> Result<Zeroizing<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = format!("nobody can be asked for the {what}: stdin is no terminal");
        return Err(Failure::usage(message).hint(instead));
    }
    let silence = Silence::begin(what)?;
    eprint!("{}: ", escape(prompt));
    let line = tokio::task::spawn_blocking(|| {
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = line.await;
    drop(silence);
    eprintln!();
    match line {
        Ok(Ok(line)) => Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned())),
        Ok(Err(error)) => Err(unreadable(what, &error)),
        Err(error) => Err(unreadable(what, &error)),
    }
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, format!("no-{what}"), format!("cannot read the {what}: {error}"))
}

/// The terminal without echo, for as long as this lives; an interrupt ends it too.
struct Silence(Termios);

impl Silence {
    fn begin(what: &str) -> Result<Silence, Failure> {
        let before = tcgetattr(std::io::stdin()).map_err(|error| unreadable(what, &error))?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        silent.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(std::io::stdin(), SetArg::TCSAFLUSH, &silent)
            .map_err(|error| unreadable(what, &error))?;
        Ok(Silence(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // Nothing better can be done with a terminal that is gone.
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &self.0);
    }
}
