//! What the datastore refuses, in the words of NETCONF.
//!
//! Source: RFC 6241, sections 7.5, 8.3.4, 8.4 and appendix A.

use homing_proto::datastore::{EditError, Refused};
use homing_proto::junos::Diagnostics;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};

use crate::datastore::StoreError;

fn protocol(tag: ErrorTag, message: String) -> RpcError {
    RpcError::new(ErrorType::Protocol, tag, message)
}

fn application(tag: ErrorTag, message: String) -> RpcError {
    RpcError::new(ErrorType::Application, tag, message)
}

/// The first sentence of what is wrong with statements, with what to do.
fn statements(found: &Diagnostics) -> RpcError {
    let Some(first) = found.iter().next() else {
        return RpcError::operation_failed("the configuration is wrong");
    };
    let mut message = first.message().to_owned();
    if let Some(expected) = first.expectation() {
        message.push_str(&format!("; expected {expected}"));
    }
    if let Some(advice) = first.advice() {
        message.push_str(&format!(" ({advice})"));
    }
    let others = found.iter().count() - 1;
    if others > 0 {
        message.push_str(&format!(" (and {others} more)"));
    }
    let mut error = application(ErrorTag::InvalidValue, message);
    error.app_tag = Some(first.code().to_owned());
    error
}

/// Why the datastore refuses.
pub(in crate::netconf) fn refused(error: &Refused) -> RpcError {
    let message = error.to_string();
    match error {
        Refused::Locked { session, .. } => {
            protocol(ErrorTag::LockDenied, message).with_info("session-id", session.to_string())
        }
        Refused::Modified => protocol(ErrorTag::LockDenied, message).with_info("session-id", "0"),
        Refused::PrivateInUse
        | Refused::InProgress
        | Refused::Holds(_)
        | Refused::AwaitsConfirmation { .. } => protocol(ErrorTag::InUse, message),
        Refused::TooManySessions | Refused::TooManyPrivate => {
            protocol(ErrorTag::ResourceDenied, message)
        }
        Refused::TooBig => application(ErrorTag::TooBig, message),
        Refused::Statements(found) => statements(found),
        Refused::WrongPersistId => {
            protocol(ErrorTag::InvalidValue, message).with_info("bad-element", "persist-id")
        }
        Refused::TooLong(what, _) => {
            protocol(ErrorTag::InvalidValue, message.clone()).with_info("bad-element", *what)
        }
        _ => application(ErrorTag::OperationFailed, message),
    }
}

/// Why a lock is not given: RFC 6241 section 7.5 has one tag for that.
pub(super) fn lock(error: &Refused) -> RpcError {
    match error {
        Refused::AwaitsConfirmation { session, .. } => {
            let session = session.map_or("0".to_owned(), |session| session.to_string());
            protocol(ErrorTag::LockDenied, error.to_string()).with_info("session-id", session)
        }
        other => refused(other),
    }
}

/// Why an edit is not made.
pub(super) fn edit(error: &EditError) -> RpcError {
    let message = error.to_string();
    match error {
        EditError::Refused(error) => refused(error),
        EditError::Statements(found) => statements(found),
        EditError::NotThere(path) => with_place(application(ErrorTag::DataMissing, message), path),
        EditError::There(path) => with_place(application(ErrorTag::DataExists, message), path),
        EditError::Protected(path) => {
            with_place(application(ErrorTag::OperationFailed, message), path)
        }
        EditError::TooManyStatements | EditError::TooDeep(_) => {
            application(ErrorTag::TooBig, message)
        }
        _ => application(ErrorTag::OperationFailed, message),
    }
}

/// The level in Junos's form, and the last word of the statement.
fn with_place(error: RpcError, statement: &str) -> RpcError {
    let (level, word) = statement.rsplit_once(' ').unwrap_or(("", statement));
    let path = format!("[edit {level}]").replace(" ]", "]");
    error.with_path(path).with_info("bad-element", word)
}

/// Why the store does not do something.
pub(super) fn store(error: &StoreError) -> RpcError {
    let message = error.to_string();
    match error {
        StoreError::Refused(error) => refused(error),
        StoreError::Edit(error) => edit(error),
        StoreError::Load(crate::loaded::LoadError::Statements(found)) => statements(found),
        StoreError::NoRollback(_) => {
            application(ErrorTag::InvalidValue, message).with_info("bad-element", "rollback")
        }
        _ => application(ErrorTag::OperationFailed, message),
    }
}
