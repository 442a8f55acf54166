//! "Are you sure": a person is asked before something is gone; a script has decided.

use std::io::{BufRead, IsTerminal};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::escape::escape;

/// Asks, unless `yes` or nobody is there to answer.
///
/// # Errors
/// The person said no.
pub(crate) async fn ask(question: &str, yes: bool) -> Result<(), Failure> {
    let is_person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if yes || !is_person {
        return Ok(());
    }
    eprint!("{} [y/N] ", escape(question));
    let read = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    match read.await {
        Ok(Ok(answer)) if answer.trim().eq_ignore_ascii_case("y") => Ok(()),
        _ => Err(Failure::new(Exit::Failed, "not-confirmed", "nothing was changed")),
    }
}
