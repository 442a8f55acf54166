//! The command line's side of the sockets. It blocks: one request, one answer, the end.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{Answer, Refusal};

/// How long the agent may take to answer; a reload waits for nothing on the network.
const DEADLINE: Duration = Duration::from_secs(30);

/// Why the running agent could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("{}: no agent is running here ({error}); start it with `homing-agent run`", path.display())]
    NotRunning { path: PathBuf, error: io::Error },
    #[error("{}: only root and the agent's own user may do that", .0.display())]
    NotPermitted(PathBuf),
    #[error("the agent did not answer: {0}")]
    NoAnswer(io::Error),
    #[error("the agent's answer is not understood; are both of the same version?")]
    Misunderstood,
    #[error("{}", .0.message)]
    Refused(Refusal),
}

impl AskError {
    /// The exit status of the command.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::NotRunning { .. } => 10,
            Self::NotPermitted(_) => 4,
            Self::Refused(refusal) if refusal.code == "not-permitted" => 4,
            Self::Refused(_) | Self::NoAnswer(_) | Self::Misunderstood => 1,
        }
    }
}

/// Sends `request` and reads the answer.
///
/// # Errors
/// There is no agent, it refuses, or it doesn't answer.
pub(crate) fn ask<T: DeserializeOwned>(socket: &Path, request: &str) -> Result<T, AskError> {
    let mut stream = dial(socket, request)?;
    stream.set_read_timeout(Some(DEADLINE)).map_err(AskError::NoAnswer)?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(AskError::NoAnswer)?;
    match serde_json::from_str(&text) {
        Ok(Answer::Ok(value)) => Ok(value),
        Ok(Answer::Error(refusal)) => Err(AskError::Refused(refusal)),
        Err(_) => Err(AskError::Misunderstood),
    }
}

/// Joins standard input and output to a NETCONF session with the agent, until it ends.
///
/// # Errors
/// There is no agent, or it refuses.
pub(crate) fn netconf(socket: &Path, request: &str) -> Result<(), AskError> {
    let stream = dial(socket, request)?;
    let mut answer = BufReader::new(stream.try_clone().map_err(AskError::NoAnswer)?);
    if answer.fill_buf().map_err(AskError::NoAnswer)?.first() == Some(&b'{') {
        let mut line = String::new();
        answer.read_line(&mut line).map_err(AskError::NoAnswer)?;
        return Err(refusal(line.as_bytes()));
    }
    std::thread::spawn(move || {
        let mut stream = stream;
        // Either end may go first; the other direction then ends the process.
        let _ = pump(&mut io::stdin().lock(), &mut stream);
        let _ = stream.shutdown(Shutdown::Write);
    });
    // A reader that is gone ends the session like one that says so.
    let _ = pump(&mut answer, &mut io::stdout().lock());
    Ok(())
}

/// What a refusal says.
pub(crate) fn refusal(line: &[u8]) -> AskError {
    match serde_json::from_slice(line) {
        Ok(Answer::<()>::Error(refusal)) => AskError::Refused(refusal),
        _ => AskError::Misunderstood,
    }
}

/// Copies with a flush after each piece, for a line-buffered stdout would hold back the end.
fn pump(from: &mut impl io::Read, to: &mut impl io::Write) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..length).unwrap_or_default())?;
        to.flush()?;
    }
}

/// Opens a connection and sends the request line.
///
/// # Errors
/// There is no agent.
pub(crate) fn dial(socket: &Path, request: &str) -> Result<UnixStream, AskError> {
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => AskError::NotPermitted(socket.to_owned()),
        _ => AskError::NotRunning { path: socket.to_owned(), error },
    })?;
    stream.write_all(format!("{request}\n").as_bytes()).map_err(AskError::NoAnswer)?;
    Ok(stream)
}
