//! A device's login password: from a file, or asked for without echo; never an argument, which every user of the machine could see.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use homing_proto::api::Password;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::exit::Exit;
use crate::failure::Failure;

/// Longest password.
const LIMIT: usize = 1024;

/// Where a password comes from.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Log in with the password in this file (its first line)
    #[arg(long, value_name = "FILE", conflicts_with = "ask_password")]
    password_file: Option<PathBuf>,
    /// Log in with a password that is asked for
    #[arg(long)]
    ask_password: bool,
}

impl Arguments {
    /// The password, if one is to be used.
    ///
    /// # Errors
    /// When the file cannot be read, nobody can be asked, or it is empty.
    pub(crate) async fn read(&self, device: &str) -> Result<Option<Password>, Failure> {
        let text = match &self.password_file {
            Some(file) => from_file(file)?,
            None if self.ask_password => ask(device).await?,
            None => return Ok(None),
        };
        let password = text.trim_end_matches(['\r', '\n']);
        match password.len() {
            0 => Err(Failure::usage("the password is empty")),
            1..=LIMIT => Ok(Some(Password::new(password.to_owned()))),
            _ => Err(Failure::usage("the password is longer than 1024 bytes")),
        }
    }
}

fn from_file(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("cannot read the password from {}: {error}", file.display()))
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

async fn ask(device: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nobody can be asked for the password: stdin is no terminal")
            .hint("--password-file FILE"));
    }
    let silence = Silence::begin()?;
    eprint!("password of the login on {}: ", crate::output::escape::escape(device));
    let line = tokio::task::spawn_blocking(read_line).await;
    drop(silence);
    eprintln!();
    match line {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(error)) => Err(unreadable(&error)),
        Err(error) => Err(unreadable(&error)),
    }
}

fn read_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

fn unreadable(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, "no-password", format!("cannot read the password: {error}"))
}

/// The terminal without echo, for as long as this lives; an interrupt ends it too.
struct Silence(Termios);

impl Silence {
    fn begin() -> Result<Silence, Failure> {
        let before = tcgetattr(std::io::stdin()).map_err(|error| unreadable(&error))?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        silent.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(std::io::stdin(), SetArg::TCSAFLUSH, &silent)
            .map_err(|error| unreadable(&error))?;
        Ok(Silence(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // Nothing better can be done with a terminal that is gone.
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::NamedTempFile, Arguments) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let arguments =
            Arguments { password_file: Some(file.path().to_owned()), ask_password: false };
        (file, arguments)
    }

    #[tokio::test]
    async fn the_first_line_of_the_file_is_the_password() {
        let (_file, arguments) = file("se cret \r\nsecond\n");
        assert_eq!(arguments.read("mx1").await.unwrap().unwrap().expose(), "se cret ");
    }

    #[tokio::test]
    async fn an_empty_password_is_refused() {
        let (_file, arguments) = file("\n");
        assert_eq!(arguments.read("mx1").await.unwrap_err().exit, Exit::Usage);
    }
}
