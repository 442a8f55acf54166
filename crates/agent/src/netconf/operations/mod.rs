//! The operations: one table, one file for each group.

mod command;
mod datastore;
mod outbound_ssh;
mod session;
mod system;

use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;

use super::access::Class;
use super::context::Context;

/// What an operation answers.
#[derive(Debug)]
pub(super) enum Reply {
    /// `<ok/>`.
    Ok,
    /// What goes inside `<rpc-reply>`.
    Body(String),
    /// `<ok/>`, and then the end of the session.
    Bye,
}

impl Reply {
    fn element(element: &Element) -> Self {
        let mut body = String::new();
        element.write(&mut body, Some(homing_proto::netconf::BASE_NAMESPACE), 0);
        Self::Body(body)
    }

    fn text(text: &str) -> Self {
        Self::Body(homing_proto::netconf::text::escaped(text))
    }
}

type Run = fn(&Element, &Context) -> Result<Reply, RpcError>;

/// Every operation: its element, the least class that may ask for it, and what carries it out.
const TABLE: &[(&str, Class, Run)] = &[
    ("close-session", Class::Unauthorized, session::close),
    ("kill-session", Class::SuperUser, session::kill),
    ("get", Class::ReadOnly, datastore::get),
    ("get-config", Class::ReadOnly, datastore::get_config),
    ("get-configuration", Class::ReadOnly, datastore::get_configuration),
    ("get-system-information", Class::ReadOnly, system::information),
    ("get-software-information", Class::ReadOnly, system::software),
    ("get-chassis-inventory", Class::ReadOnly, system::chassis),
    ("get-outbound-ssh-service-information", Class::ReadOnly, outbound_ssh::information),
    ("command", Class::ReadOnly, command::run),
];

/// Carries out an operation.
///
/// # Errors
/// The `<rpc-error>` to answer with.
pub(super) fn run(operation: &Element, context: &Context) -> Result<Reply, RpcError> {
    let name = operation.name.as_str();
    match TABLE.iter().find(|(own, ..)| *own == name) {
        None => Err(RpcError::operation_not_supported(name)),
        Some((_, least, _)) if context.class < *least => {
            Err(RpcError::access_denied(format!("this user's class does not permit {name}"))
                .with_info("bad-element", name))
        }
        Some((.., run)) => run(operation, context),
    }
}

/// Refuses children that the operation doesn't know.
fn only(operation: &Element, known: &[&str]) -> Result<(), RpcError> {
    use homing_proto::netconf::error::{ErrorTag, ErrorType};
    match operation.children.iter().find(|child| !known.contains(&child.name.as_str())) {
        None => Ok(()),
        Some(other) => {
            let message = format!("{} has no element {}", operation.name, other.name);
            Err(RpcError::new(ErrorType::Protocol, ErrorTag::UnknownElement, message)
                .with_info("bad-element", &other.name))
        }
    }
}
