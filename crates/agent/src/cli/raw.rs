//! A terminal that carries NETCONF: bytes pass as they are.
//!
//! ```text
//! client ─ ssh -tt -s netconf ─▶ sshd ─ terminal ─▶ homing-agent netconf
//!                                        echo, lines of 4,095 bytes, \n ─▶ \r\n: all off
//! ```
//!
//! Some clients make sshd put a terminal between (scrapli's does); what it does for people would
//! break messages. `^C` still ends the program for whoever typed it by hand.
//!
//! Source: termios(3).

use std::io::{self, IsTerminal as _};

use nix::sys::termios::{LocalFlags, SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

/// What standard input's terminal did before; it does so again when this is dropped.
#[derive(Debug)]
pub(super) struct Raw(Option<Termios>);

impl Raw {
    /// Takes everything from the terminal of standard input, if it is one.
    pub(super) fn standard_input() -> Self {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Self(None);
        }
        let former = tcgetattr(&stdin).ok();
        if let Some(mut settings) = former.clone() {
            cfmakeraw(&mut settings);
            settings.local_flags |= LocalFlags::ISIG;
            // One that can't be changed is used as it is.
            let _ = tcsetattr(&stdin, SetArg::TCSANOW, &settings);
        }
        Self(former)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(former) = &self.0 {
            let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, former);
        }
    }
}
