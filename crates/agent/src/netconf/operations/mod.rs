//! The operations: one table, one file for each group.

mod command;
mod configuration;
mod datastore;
mod files;
mod interfaces;
mod load;
mod outbound_ssh;
mod ping;
pub(super) mod refusal;
mod reply;
mod routes;
mod session;
mod system;

use std::pin::Pin;

use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};

use super::access::Class;
use super::context::Context;
pub(super) use reply::{Format, Reply};

type Answer = Result<Reply, RpcError>;
type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// What carries an operation out.
enum Run {
    /// At once.
    Now(fn(&Element, &Context) -> Answer),
    /// After asking somebody else.
    Later(for<'a> fn(&'a Element, &'a Context) -> Answering<'a>),
}

/// One operation.
struct Known {
    name: &'static str,
    /// The least class that may ask for it.
    least: Class,
    /// Whether it has a `format` attribute by which its answer takes another form.
    has_forms: bool,
    run: Run,
}

macro_rules! now {
    ($name:literal, $least:ident, $run:path) => {
        Known { name: $name, least: Class::$least, has_forms: false, run: Run::Now($run) }
    };
}

macro_rules! shown {
    ($name:literal, $least:ident, $run:path) => {
        Known { name: $name, least: Class::$least, has_forms: true, run: Run::Now($run) }
    };
}

macro_rules! later {
    ($name:literal, $least:ident, $run:path) => {
        Known {
            name: $name,
            least: Class::$least,
            has_forms: false,
            run: Run::Later(|operation, context| Box::pin($run(operation, context))),
        }
    };
}

macro_rules! shown_later {
    ($name:literal, $least:ident, $run:path) => {
        Known { has_forms: true, ..later!($name, $least, $run) }
    };
}

/// Every operation.
const TABLE: &[Known] = &[
    now!("close-session", Unauthorized, session::close),
    later!("kill-session", SuperUser, session::kill),
    now!("create-subscription", ReadOnly, session::subscribe),
    later!("get", ReadOnly, datastore::get),
    later!("get-config", ReadOnly, datastore::get_config),
    later!("edit-config", SuperUser, datastore::edit_config),
    later!("copy-config", SuperUser, datastore::copy_config),
    later!("delete-config", SuperUser, datastore::delete_config),
    later!("lock", SuperUser, datastore::lock),
    later!("unlock", SuperUser, datastore::unlock),
    later!("validate", SuperUser, datastore::validate),
    later!("commit", SuperUser, datastore::commit),
    later!("cancel-commit", SuperUser, datastore::cancel_commit),
    later!("discard-changes", SuperUser, datastore::discard),
    later!("get-configuration", ReadOnly, configuration::get),
    later!("get-rollback-information", ReadOnly, configuration::rollback_information),
    later!("get-rescue-information", ReadOnly, configuration::rescue_information),
    later!("request-save-rescue-configuration", SuperUser, configuration::save_rescue),
    later!("request-delete-rescue-configuration", SuperUser, configuration::delete_rescue),
    shown_later!("get-commit-information", ReadOnly, configuration::commits),
    later!("open-configuration", SuperUser, load::open),
    later!("close-configuration", SuperUser, load::close),
    later!("lock-configuration", SuperUser, load::lock),
    later!("unlock-configuration", SuperUser, load::unlock),
    later!("load-configuration", SuperUser, load::load),
    later!("update-configuration", SuperUser, load::update),
    later!("commit-configuration", SuperUser, load::commit),
    later!("clear-system-commit", SuperUser, load::clear),
    later!("command", ReadOnly, command::run),
    shown!("get-system-information", ReadOnly, system::information),
    shown!("get-software-information", ReadOnly, system::software),
    shown!("get-chassis-inventory", ReadOnly, system::chassis),
    shown!("get-route-engine-information", ReadOnly, system::route_engine),
    shown!("get-system-uptime-information", ReadOnly, system::uptime),
    shown!("get-system-users-information", ReadOnly, system::users),
    shown_later!("get-system-storage", ReadOnly, system::storage),
    shown!("get-outbound-ssh-service-information", ReadOnly, outbound_ssh::information),
    shown_later!("get-interface-information", ReadOnly, interfaces::information),
    shown_later!("get-arp-table-information", ReadOnly, interfaces::arp),
    shown_later!("get-route-information", ReadOnly, routes::information),
    shown_later!("get-route-summary-information", ReadOnly, routes::summary),
    shown_later!("ping", ReadOnly, ping::run),
    shown!("get-current-working-directory", ReadOnly, files::directory),
    shown_later!("file-list", ReadOnly, files::list),
    shown_later!("file-show", SuperUser, files::show),
    later!("file-get", SuperUser, files::get),
    later!("file-put", SuperUser, files::put),
    later!("file-delete", SuperUser, files::delete),
    later!("file-copy", SuperUser, files::copy),
    later!("file-rename", SuperUser, files::rename),
    shown_later!("get-checksum-information", SuperUser, files::md5),
    shown_later!("get-sha1-checksum-information", SuperUser, files::sha1),
    shown_later!("get-sha256-checksum-information", SuperUser, files::sha256),
];

/// Carries out an operation, and gives its answer in the form that it asks for.
///
/// # Errors
/// The `<rpc-error>` to answer with.
pub(super) async fn run(operation: &Element, context: &Context) -> Answer {
    let format = match TABLE.iter().find(|known| known.name == operation.name) {
        Some(known) if known.has_forms => Format::of(operation)?,
        _ => Format::Xml,
    };
    Ok(carry_out(operation, context).await?.in_format(format))
}

/// Carries out an operation.
///
/// # Errors
/// The `<rpc-error>` to answer with.
fn carry_out<'a>(operation: &'a Element, context: &'a Context) -> Answering<'a> {
    let name = operation.name.as_str();
    let answer = match TABLE.iter().find(|known| known.name == name) {
        None => Err(RpcError::operation_not_supported(name)),
        Some(known) if context.class < known.least => {
            Err(RpcError::access_denied(format!("this user's class does not permit {name}"))
                .with_info("bad-element", name))
        }
        Some(Known { run: Run::Now(run), .. }) => run(operation, context),
        Some(Known { run: Run::Later(run), .. }) => return run(operation, context),
    };
    Box::pin(std::future::ready(answer))
}

/// Refuses children that the operation doesn't know.
fn only(operation: &Element, known: &[&str]) -> Result<(), RpcError> {
    match operation.children.iter().find(|child| !known.contains(&child.name.as_str())) {
        None => Ok(()),
        Some(other) => {
            let message = format!("{} has no element {}", operation.name, other.name);
            Err(RpcError::new(ErrorType::Protocol, ErrorTag::UnknownElement, message)
                .with_info("bad-element", &other.name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../../docs/junos-compatibility.md");

    /// What stands in backquotes in one column of the table of a section.
    fn named(section: &str, column: usize) -> impl Iterator<Item = &'static str> {
        let section = PAGE.split(&format!("## {section}")).nth(1).unwrap();
        let rows =
            section.split("\n## ").next().unwrap().lines().filter(|row| row.starts_with("| `"));
        let cells = rows.filter_map(move |row| row.split('|').nth(column));
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2))
    }

    #[test]
    fn every_operation_is_on_the_page_of_what_junos_has_and_every_one_there_is_here() {
        let own = named("RPCs of the configuration", 1).chain(named("NETCONF", 1));
        let rpcs: Vec<&str> = named("Operational commands", 2).chain(own).collect();
        for known in TABLE {
            assert!(rpcs.contains(&known.name), "{} is not on the page", known.name);
        }
        for rpc in rpcs {
            assert!(TABLE.iter().any(|known| known.name == rpc), "{rpc} is on the page alone");
        }
    }
}
