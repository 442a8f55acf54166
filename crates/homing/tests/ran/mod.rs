//! What a run of a program left: exit status and texts.

#![allow(missing_docs, unreachable_pub, reason = "seen only by the tests beside it")]

use std::process::Output;

/// What a program left.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit status; -1 if a signal ended it.
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let exit = output.status.code().unwrap_or(-1);
        Ran { exit, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
