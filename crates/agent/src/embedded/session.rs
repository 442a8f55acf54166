//! `homing-agent session --user NAME -- PROGRAM …`: becomes that user, then the program.
//!
//! The agent runs it, as root, for programs of other accounts. It takes the account's groups while it still may.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, initgroups, setgid, setuid};

use super::program::login_name;

/// Gives up root for the account `user`, and becomes `program`. Returns only if that failed.
pub(crate) fn become_program(user: &str, is_login: bool, program: &[OsString]) -> io::Error {
    let Some((path, arguments)) = program.split_first() else {
        return io::Error::new(io::ErrorKind::InvalidInput, "no program is named");
    };
    if let Err(error) = become_user(user) {
        return error;
    }
    let mut command = Command::new(path);
    if is_login {
        command.arg0(login_name(Path::new(path)));
    }
    command.args(arguments).exec()
}

/// Groups first, the user last: after that nothing may be changed any more.
fn become_user(name: &str) -> io::Result<()> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no account `{name}`"));
    let user = User::from_name(name)?.ok_or_else(missing)?;
    initgroups(&CString::new(name)?, user.gid)?;
    setgid(user.gid)?;
    setuid(user.uid)?;
    Ok(())
}
