//! Exit statuses: the one place where a failure becomes a number that a script can test.
//!
//! ```text
//!   0 done      1 failed      2 usage           4 no right     5 not found   6 device offline
//!   7 outcome unknown         9 time-out before sending       10 gateway unreachable   130 interrupted
//!   255 no connection to the device: the verbs that run ssh
//! ```

use std::process::ExitCode;

/// How `homing` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done.
    Done,
    /// Tried and failed; the device's `rpc-error` too.
    Failed,
    /// The command line asks for something that cannot be.
    Usage,
    /// The gateway refuses this person.
    NoRight,
    /// No such device, key or page.
    NotFound,
    /// The device is known and not in session.
    Offline,
    /// The request went out and no answer came: it may or may not have been carried out.
    OutcomeUnknown,
    /// Time ran out and nothing was sent.
    TimedOut,
    /// No gateway answers at the socket.
    Unreachable,
    /// Ctrl-C.
    Interrupted,
    /// As `ssh` ends when there is no connection.
    NoConnection,
}

impl Exit {
    /// The number a shell sees.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NoRight => 4,
            Exit::NotFound => 5,
            Exit::Offline => 6,
            Exit::OutcomeUnknown => 7,
            Exit::TimedOut => 9,
            Exit::Unreachable => 10,
            Exit::Interrupted => 130,
            Exit::NoConnection => 255,
        }
    }

    /// What a problem of the API means to a script: by its code first, else by its HTTP status.
    pub(crate) fn of_problem(code: &str, http_status: u16) -> Exit {
        match code {
            "device-offline" => Exit::Offline,
            "outcome-unknown" => Exit::OutcomeUnknown,
            "rpc-not-sent" => Exit::TimedOut,
            "gateway-stopping" => Exit::Unreachable,
            _ => Exit::of_http_status(http_status),
        }
    }

    /// 401 and 403 are a missing right, 404 and 410 a missing thing; the rest is failure.
    fn of_http_status(http_status: u16) -> Exit {
        match http_status {
            401 | 403 => Exit::NoRight,
            404 | 410 => Exit::NotFound,
            _ => Exit::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_decides_before_the_http_status() {
        assert_eq!(Exit::of_problem("device-offline", 409).status(), 6);
        assert_eq!(Exit::of_problem("outcome-unknown", 502).status(), 7);
        assert_eq!(Exit::of_problem("rpc-not-sent", 504).status(), 9);
        assert_eq!(Exit::of_problem("gateway-stopping", 503).status(), 10);
    }

    #[test]
    fn an_unknown_code_is_judged_by_the_http_status() {
        assert_eq!(Exit::of_problem("x", 403).status(), 4);
        assert_eq!(Exit::of_problem("x", 401).status(), 4);
        assert_eq!(Exit::of_problem("x", 404).status(), 5);
        assert_eq!(Exit::of_problem("x", 500).status(), 1);
        assert_eq!(Exit::of_problem("x", 400).status(), 1);
    }
}
