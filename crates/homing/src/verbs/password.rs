//! A device's login password: from a file, or asked for without echo; never an argument, which every user of the machine could see.

use std::path::PathBuf;

use clap::Args;
use homing_proto::api::Password;

use crate::failure::Failure;
use crate::secret;

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
            Some(file) => secret::first_line(file, "password")?,
            None if self.ask_password => {
                let prompt = format!("password of the login on {device}");
                secret::ask(&prompt, "password", "--password-file FILE").await?
            }
            None => return Ok(None),
        };
        match text.len() {
            0 => Err(Failure::usage("the password is empty")),
            1..=LIMIT => Ok(Some(Password::new(text.as_str().to_owned()))),
            _ => Err(Failure::usage("the password is longer than 1024 bytes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

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
