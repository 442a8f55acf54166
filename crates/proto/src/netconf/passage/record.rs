//! What is known of an RPC when it is over: enough for an audit trail, and no contents.

use super::operation::Operation;
use crate::excerpt::Excerpt;
use crate::netconf::error::RpcError;
use crate::netconf::reply::Summary;

/// How many tags of one reply are kept.
const MOST_TAGS: usize = 8;

/// One RPC that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which message of this channel it came in: [`Operation::number`].
    pub number: u64,
    /// The message-id, if there was one.
    pub message_id: Option<String>,
    /// The operation's name; empty if the message could not be read that far.
    pub operation: String,
    /// The operation's namespace.
    pub namespace: Option<String>,
    /// The datastores it named, in one word.
    pub datastore: Option<String>,
    /// The text of a `<command>`, what is secret in it blanked.
    pub command: Option<String>,
    /// Bytes of the request, without framing.
    pub bytes_in: u64,
    /// Bytes of the reply, without framing.
    pub bytes_out: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an RPC ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The device answered without an error.
    Ok,
    /// The device answered with errors.
    Errors {
        /// The tags of the first.
        tags: Vec<String>,
        /// How many there were.
        count: u64,
    },
    /// The device's reply could not be read.
    Malformed,
    /// The gateway answered: it never reached the device.
    Refused {
        /// The error's tag: `access-denied`, `too-big`, `malformed-message`.
        tag: String,
    },
    /// The device was gone before it was sent.
    NotSent,
    /// No reply came, or not all of it: nobody knows whether it was carried out.
    Unknown,
}

impl Outcome {
    /// The stable name of this outcome, as an audit entry carries it.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Ok => "ok".to_owned(),
            Self::Errors { .. } | Self::Malformed => "error".to_owned(),
            Self::Refused { tag } => format!("refused:{tag}"),
            Self::NotSent => "not-sent".to_owned(),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    /// What a reply says.
    #[must_use]
    pub fn of_reply(summary: &Summary) -> Self {
        if summary.malformed.is_some() {
            return Self::Malformed;
        }
        if summary.error_count == 0 {
            return Self::Ok;
        }
        let tag = |error: &RpcError| Excerpt::new(error.tag.as_str()).to_string();
        let tags = summary.errors.iter().take(MOST_TAGS).map(tag).collect();
        Self::Errors { tags, count: summary.error_count }
    }
}

impl Record {
    /// What is told of an operation that ended so; without bytes of a reply.
    #[must_use]
    pub fn of(operation: &Operation, bytes_in: u64, outcome: Outcome) -> Self {
        Self {
            number: operation.number,
            message_id: operation.message_id.clone(),
            operation: operation.name.clone(),
            namespace: operation.namespace.clone(),
            datastore: operation.datastore(),
            command: operation.command(),
            bytes_in,
            bytes_out: 0,
            outcome,
        }
    }
}
