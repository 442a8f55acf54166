//! The operations of RFC 6241 on datastores: reading, editing, locking, committing.
//!
//! ```text
//!   running    read; changed by commit alone (no writable-running)
//!   candidate  read, edit-config, copy-config, lock, validate, commit, discard-changes
//!   url        file:///… in this device's own files, as source or target of copy-config
//! ```
//!
//! Source: RFC 6241, sections 7 and 8; RFC 6243 (with-defaults).

use std::sync::Arc;
use std::time::Duration;

use homing_proto::datastore::{
    Action, Commit, DefaultOperation, Edit, ErrorOption, Target, TestOption,
};
use homing_proto::junos::{Configuration, Form};
use homing_proto::netconf::BASE_NAMESPACE;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};
use homing_proto::netconf::notification::streams;

use super::super::tree::{elements, selected};
use super::{Answer, Context, Reply, only, refusal};

/// How long a confirmed commit waits unless the request says otherwise.
const CONFIRM_TIMEOUT: u64 = 600;

fn protocol(tag: ErrorTag, message: impl Into<String>, element: &str) -> RpcError {
    RpcError::new(ErrorType::Protocol, tag, message).with_info("bad-element", element)
}

/// What a `<source>` or `<target>` names.
enum Store<'a> {
    Running,
    Candidate,
    Url(&'a str),
    Config(&'a Element),
}

fn store<'a>(operation: &'a Element, side: &str) -> Result<Store<'a>, RpcError> {
    let side = operation.child(side).ok_or_else(|| RpcError::missing_element(side))?;
    let Some(named) = side.children.first() else {
        return Err(RpcError::missing_element("running"));
    };
    match named.name.as_str() {
        "running" => Ok(Store::Running),
        "candidate" => Ok(Store::Candidate),
        "url" => Ok(Store::Url(named.text.trim())),
        "config" => Ok(Store::Config(named)),
        other => {
            let message = format!("there is no datastore {other}; expected running or candidate");
            Err(protocol(ErrorTag::InvalidValue, message, other))
        }
    }
}

/// The default values: we know those that are there, and no others.
fn check_defaults(operation: &Element) -> Result<(), RpcError> {
    match operation.child_text("with-defaults") {
        None | Some("explicit") => Ok(()),
        Some(other) => {
            let message = format!("with-defaults {other} is not supported; expected explicit");
            Err(protocol(ErrorTag::InvalidValue, message, "with-defaults"))
        }
    }
}

/// The filter's elements, if there is a filter.
fn filter(operation: &Element) -> Result<Option<&[Element]>, RpcError> {
    let Some(filter) = operation.child("filter") else { return Ok(None) };
    match filter.attribute("type") {
        None | Some("subtree") => Ok(Some(filter.children.as_slice())),
        Some(other) => {
            let message = format!("filter type {other} is not supported; expected subtree");
            Err(RpcError::new(ErrorType::Protocol, ErrorTag::BadAttribute, message)
                .with_info("bad-attribute", "type")
                .with_info("bad-element", "filter"))
        }
    }
}

pub(super) async fn get(operation: &Element, context: &Context) -> Answer {
    only(operation, &["filter", "with-defaults"])?;
    check_defaults(operation)?;
    let filter = filter(operation)?;
    let mut data = data_of(&context.configuration, filter, context).await?;
    let streams = [streams(context.started)];
    match filter {
        None => data.children.extend(streams),
        Some(filter) => {
            data.children.extend(homing_proto::netconf::subtree::select(filter, &streams));
        }
    }
    Ok(Reply::Element(data))
}

pub(super) async fn get_config(operation: &Element, context: &Context) -> Answer {
    only(operation, &["source", "filter", "with-defaults"])?;
    check_defaults(operation)?;
    let configuration = match store(operation, "source")? {
        Store::Running => context.configuration.clone(),
        Store::Candidate => context.store.candidate(context.session()).await,
        Store::Url(_) | Store::Config(_) => {
            let message = "expected running or candidate as source";
            return Err(protocol(ErrorTag::InvalidValue, message, "source"));
        }
    };
    Ok(Reply::Element(data_of(&configuration, filter(operation)?, context).await?))
}

/// `<data>` with what the filter selects.
async fn data_of(
    configuration: &Arc<Configuration>,
    filter: Option<&[Element]>,
    context: &Context,
) -> Result<Element, RpcError> {
    let mut data = Element::new("data").in_namespace(BASE_NAMESPACE);
    data.children.extend(selected(configuration, context.class, filter).await?);
    Ok(data)
}

/// The candidate is all that may be written.
fn writable(target: &Store<'_>, operation: &Element) -> Result<(), RpcError> {
    match target {
        Store::Candidate => Ok(()),
        Store::Running => {
            let message =
                "running is changed by commit alone (no writable-running); edit candidate";
            Err(protocol(ErrorTag::OperationNotSupported, message, "running"))
        }
        Store::Url(_) | Store::Config(_) => {
            let message = format!("expected candidate as target of {}", operation.name);
            Err(protocol(ErrorTag::InvalidValue, message, "target"))
        }
    }
}

fn child_choice<'a>(
    operation: &'a Element,
    name: &str,
    default: &'a str,
    known: &[&str],
) -> Result<&'a str, RpcError> {
    let value = operation.child_text(name).unwrap_or(default);
    if known.contains(&value) {
        return Ok(value);
    }
    let message = format!("{name} {value} is not known; expected {}", known.join(", "));
    Err(protocol(ErrorTag::InvalidValue, message, name))
}

pub(super) async fn edit_config(operation: &Element, context: &Context) -> Answer {
    only(
        operation,
        &["target", "default-operation", "test-option", "error-option", "config", "url"],
    )?;
    writable(&store(operation, "target")?, operation)?;
    let default_operation =
        match child_choice(operation, "default-operation", "merge", &["merge", "replace", "none"])?
        {
            "replace" => DefaultOperation::Replace,
            "none" => DefaultOperation::None,
            _ => DefaultOperation::Merge,
        };
    let tests = ["test-then-set", "set", "test-only"];
    let test = match child_choice(operation, "test-option", "test-then-set", &tests)? {
        "set" => TestOption::Set,
        "test-only" => TestOption::TestOnly,
        _ => TestOption::TestThenSet,
    };
    let options = ["stop-on-error", "continue-on-error", "rollback-on-error"];
    let error_option = match child_choice(operation, "error-option", "stop-on-error", &options)? {
        "continue-on-error" => ErrorOption::ContinueOnError,
        "rollback-on-error" => ErrorOption::RollbackOnError,
        _ => ErrorOption::StopOnError,
    };
    let config = match (operation.child("config"), operation.child_text("url")) {
        (Some(config), None) => config.clone(),
        (None, Some(url)) => Element::new("config").with(configuration_of_url(url, context).await?),
        _ => return Err(RpcError::missing_element("config")),
    };
    check_config(&config)?;
    context.open().await?;
    let edit = Edit::Config { text: text_of(config), default_operation, error_option };
    match context.store.edit_tested(context.session(), edit, test).await {
        Ok(outcome) => reply_with(outcome.errors.iter().map(refusal::edit).collect()),
        Err(error) => Err(refusal::store(&error)),
    }
}

/// `<ok/>`, or all errors.
fn reply_with(errors: Vec<RpcError>) -> Answer {
    let mut body = String::new();
    match errors.as_slice() {
        [] => return Ok(Reply::Ok),
        [_] => {}
        several => several.iter().for_each(|error| error.write(&mut body)),
    }
    match errors.into_iter().next() {
        Some(only) if body.is_empty() => Err(only),
        _ => Ok(Reply::Body(body)),
    }
}

/// The element as text, in no namespace.
fn text_of(element: Element) -> String {
    let mut text = String::new();
    element.without_namespace().write(&mut text, None, 0);
    text
}

/// A `<config>` holds nothing but `<configuration>`.
fn check_config(config: &Element) -> Result<(), RpcError> {
    match config.children.iter().find(|child| child.name != "configuration") {
        Some(other) => {
            let message = format!("unknown element {}; expected configuration", other.name);
            Err(protocol(ErrorTag::UnknownElement, message, &other.name))
        }
        None if config.children.is_empty() => Err(RpcError::missing_element("configuration")),
        None => Ok(()),
    }
}

/// What is in one of this device's own files, in any form.
async fn read_url(url: &str, context: &Context) -> Result<Configuration, RpcError> {
    let (name, bytes) = super::files::read_named(url, context).await?;
    Configuration::parse_bytes(&name, &bytes)
        .map_err(|found| refusal::edit(&homing_proto::datastore::EditError::Statements(found)))
}

async fn configuration_of_url(url: &str, context: &Context) -> Result<Element, RpcError> {
    let configuration = read_url(url, context).await?;
    let root = elements(&configuration, None)?;
    Ok(root.unwrap_or_else(|| Element::new("configuration")))
}

/// The configuration that a `<source>` stands for.
async fn source(operation: &Element, context: &Context) -> Result<Arc<Configuration>, RpcError> {
    Ok(match store(operation, "source")? {
        Store::Running => context.configuration.clone(),
        Store::Candidate => context.store.candidate(context.session()).await,
        Store::Url(url) => Arc::new(read_url(url, context).await?),
        Store::Config(config) => {
            check_config(config)?;
            let read = Configuration::parse_as("config", &text_of(config.clone()), Form::Xml);
            Arc::new(read.map_err(|found| {
                refusal::edit(&homing_proto::datastore::EditError::Statements(found))
            })?)
        }
    })
}

pub(super) async fn copy_config(operation: &Element, context: &Context) -> Answer {
    only(operation, &["target", "source", "with-defaults"])?;
    check_defaults(operation)?;
    let target = store(operation, "target")?;
    let configuration = source(operation, context).await?;
    if let Store::Url(url) = target {
        let text = configuration.veiled().print(Form::Curly);
        super::files::write_named(url, text.into_bytes(), context).await?;
        return Ok(Reply::Ok);
    }
    writable(&target, operation)?;
    context.open().await?;
    edit(Edit::Restore(configuration), context).await
}

async fn edit(edit: Edit, context: &Context) -> Answer {
    let edited = context.store.edit(context.session(), edit).await;
    edited.map(|_| Reply::Ok).map_err(|error| refusal::edit(&error))
}

pub(super) async fn delete_config(operation: &Element, context: &Context) -> Answer {
    only(operation, &["target"])?;
    match store(operation, "target")? {
        Store::Url(url) => {
            super::files::delete_named(url, context).await?;
            Ok(Reply::Ok)
        }
        Store::Candidate => {
            context.open().await?;
            let nothing = Edit::Load {
                action: Action::Override,
                form: Some(Form::Curly),
                text: String::new(),
            };
            edit(nothing, context).await
        }
        target => {
            writable(&target, operation)?;
            Ok(Reply::Ok)
        }
    }
}

/// The datastore that a lock is on.
fn target(operation: &Element) -> Result<Target, RpcError> {
    only(operation, &["target"])?;
    match store(operation, "target")? {
        Store::Running => Ok(Target::Running),
        Store::Candidate => Ok(Target::Candidate),
        Store::Url(_) | Store::Config(_) => {
            let message = "expected running or candidate as target";
            Err(protocol(ErrorTag::InvalidValue, message, "target"))
        }
    }
}

pub(super) async fn lock(operation: &Element, context: &Context) -> Answer {
    let target = target(operation)?;
    context.open().await?;
    let locked = context.store.lock(context.session(), target).await;
    locked.map(|()| Reply::Ok).map_err(|error| refusal::lock(&error))
}

pub(super) async fn unlock(operation: &Element, context: &Context) -> Answer {
    let target = target(operation)?;
    let unlocked = context.store.unlock(context.session(), target).await;
    unlocked.map(|()| Reply::Ok).map_err(|error| refusal::refused(&error))
}

pub(super) async fn discard(operation: &Element, context: &Context) -> Answer {
    only(operation, &[])?;
    context.open().await?;
    let discarded = context.store.discard(context.session()).await;
    discarded.map(|()| Reply::Ok).map_err(|error| refusal::refused(&error))
}

pub(super) async fn validate(operation: &Element, context: &Context) -> Answer {
    only(operation, &["source"])?;
    if matches!(store(operation, "source")?, Store::Candidate) {
        let checked = context.store.check(context.session()).await;
        return checked.map(|_| Reply::Ok).map_err(|error| refusal::store(&error));
    }
    let configuration = source(operation, context).await?;
    let wrong = configuration.outbound_ssh().err().or_else(|| configuration.login().err());
    match wrong {
        None => Ok(Reply::Ok),
        Some(found) => Err(refusal::edit(&homing_proto::datastore::EditError::Statements(found))),
    }
}

pub(super) async fn commit(operation: &Element, context: &Context) -> Answer {
    only(operation, &["confirmed", "confirm-timeout", "persist", "persist-id"])?;
    let text = |name| operation.child_text(name).map(str::to_owned);
    let wait = match text("confirm-timeout") {
        None => CONFIRM_TIMEOUT,
        Some(seconds) => match seconds.parse() {
            Ok(seconds @ 1..=4_294_967) => seconds,
            _ => {
                let message = "expected a number of seconds as confirm-timeout";
                return Err(protocol(ErrorTag::InvalidValue, message, "confirm-timeout"));
            }
        },
    };
    let is_confirmed = operation.child("confirmed").is_some();
    let commit = Commit {
        confirmed: is_confirmed.then(|| Duration::from_secs(wait)),
        persist: text("persist").filter(|_| is_confirmed),
        persist_id: text("persist-id"),
        is_bound: true,
        ..Commit::default()
    };
    context.open().await?;
    context.sessions.commits(context.session_id);
    let committed = context.store.commit(context.session(), commit).await;
    committed.map(|_| Reply::Ok).map_err(|error| refusal::store(&error))
}

pub(super) async fn cancel_commit(operation: &Element, context: &Context) -> Answer {
    only(operation, &["persist-id"])?;
    context.open().await?;
    let persist_id = operation.child_text("persist-id").map(str::to_owned);
    context.sessions.commits(context.session_id);
    let cancelled = context.store.cancel(context.session(), persist_id).await;
    cancelled.map(|_| Reply::Ok).map_err(|error| refusal::store(&error))
}
