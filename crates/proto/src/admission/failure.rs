//! What the shell reports when something did not work, and where a connection stood then.

use std::fmt;

use crate::excerpt::Excerpt;

/// Something that the shell tried for admission did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The two ends have no algorithm in common.
    NoCommonAlgorithm {
        /// For what: `host key`, `key exchange`, `cipher` or `mac`.
        purpose: &'static str,
        /// What the device has, if it is known.
        theirs: Vec<Excerpt>,
    },
    /// The SSH protocol broke down, or the signature of the key exchange is wrong.
    Ssh(Excerpt),
    /// The device refused the login.
    LogInRefused {
        /// As whom.
        user: Excerpt,
        /// Whether a password was tried, and not the gateway's key.
        with_password: bool,
        /// The methods that the device would have taken.
        methods: Vec<Excerpt>,
    },
    /// The device refused to open a channel.
    ChannelRefused(Excerpt),
    /// The device refused the NETCONF subsystem.
    NoNetconf,
    /// What came instead of a NETCONF hello.
    BadHello(Excerpt),
    /// The device closed the connection, or the network did.
    Lost,
    /// The store could not be read or written.
    Store,
    /// The gateway has no room for another connection.
    Overloaded,
    /// The device dialled again before it was this connection's turn.
    Replaced,
    /// The gateway is stopping.
    Stopping,
}

/// Where a connection stands on its way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The first bytes, up to `SSH-`.
    Opening,
    /// The store is being asked.
    LookUp,
    /// The SSH key exchange.
    KeyExchange,
    /// Held for an operator's decision.
    Approval,
    /// The SSH user authentication.
    LogIn,
    /// The NETCONF subsystem and its hello.
    Hello,
    /// Between the hello and the roster.
    Roster,
    /// Refused and held, or finished.
    Over,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opening => "initiation sequence",
            Self::LookUp => "look-up in the store",
            Self::KeyExchange => "SSH key exchange",
            Self::Approval => "approval",
            Self::LogIn => "login",
            Self::Hello => "NETCONF hello",
            Self::Roster => "entry into the roster",
            Self::Over => "end",
        })
    }
}
