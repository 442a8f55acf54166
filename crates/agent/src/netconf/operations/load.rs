//! Changing the configuration as Junos's tools do: open, lock, `<load-configuration>`,
//! `<commit-configuration>`.
//!
//! ```text
//!   <load-configuration action="merge│replace│override│update│set│patch" format="xml│text│json"
//!                       url="file" rollback="N" rescue="rescue">
//!     <configuration>…  <configuration-text>…  <configuration-set>…  <configuration-json>…
//! ```
//!
//! Source: Junos XML Management Protocol Developer Guide; PyEZ's `Config`.

use std::time::Duration;

use homing_proto::datastore::{Action, Commit, Edit, Mode, Outcome, Target, Timestamp};
use homing_proto::junos::Form;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError, Severity};

use super::reply::{bad_attribute, output};
use super::system::leaf;
use super::{Answer, Context, Reply, only, refusal};

/// The minutes that a confirmed commit waits unless the request says otherwise.
const CONFIRM_MINUTES: u64 = 10;

pub(super) async fn open(operation: &Element, context: &Context) -> Answer {
    let mode = match operation.children.first().map(|child| child.name.as_str()) {
        Some("private") => Mode::Private,
        Some("exclusive") => Mode::Exclusive,
        None => Mode::Shared,
        Some(other) => {
            let message = format!(
                "open-configuration {other} is not supported; expected private or exclusive"
            );
            return Err(RpcError::new(
                ErrorType::Protocol,
                ErrorTag::OperationNotSupported,
                message,
            )
            .with_info("bad-element", other));
        }
    };
    context.open_as(mode).await?;
    Ok(Reply::Body(String::new()))
}

pub(super) async fn close(_: &Element, context: &Context) -> Answer {
    context.store.close(context.session()).await;
    Ok(Reply::Body(String::new()))
}

pub(super) async fn lock(_: &Element, context: &Context) -> Answer {
    context.open().await?;
    let locked = context.store.lock(context.session(), Target::Candidate).await;
    locked.map(|()| Reply::Ok).map_err(|error| refusal::refused(&error))
}

pub(super) async fn unlock(_: &Element, context: &Context) -> Answer {
    let unlocked = context.store.unlock(context.session(), Target::Candidate).await;
    unlocked.map(|()| Reply::Ok).map_err(|error| refusal::refused(&error))
}

pub(super) async fn load(operation: &Element, context: &Context) -> Answer {
    let edit = edit_of(operation, context).await?;
    context.open().await?;
    match context.store.edit(context.session(), edit).await {
        Ok(outcome) => Ok(results(&outcome)),
        Err(error) => Ok(failed(&refusal::edit(&error))),
    }
}

/// Takes what others committed into the session's private candidate (`update`).
pub(super) async fn update(operation: &Element, context: &Context) -> Answer {
    only(operation, &[])?;
    context.open().await?;
    let updated = context.store.update(context.session()).await;
    let conflicts = updated.map_err(|error| refusal::refused(&error))?;
    let mut inside = String::new();
    for path in conflicts {
        let text = format!("others have changed it too; what is edited here stays: {path}");
        warning(&text).write(&mut inside);
    }
    Ok(Reply::Body(format!("{inside}<ok/>\n")))
}

fn action(operation: &Element) -> Result<Action, RpcError> {
    Ok(match operation.attribute("action").unwrap_or("merge") {
        "merge" => Action::Merge,
        "replace" => Action::Replace,
        "override" => Action::Override,
        "update" => Action::Update,
        "set" => Action::Set,
        "patch" => Action::Patch,
        other => {
            let expected = "expected merge, replace, override, update, set or patch";
            return Err(bad_attribute(&operation.name, "action", other, expected));
        }
    })
}

async fn edit_of(operation: &Element, context: &Context) -> Result<Edit, RpcError> {
    if let Some(text) = operation.attribute("rollback") {
        let number = text.trim().parse().map_err(|_| {
            bad_attribute(&operation.name, "rollback", text, "expected a number from 0 to 49")
        })?;
        let configuration = context.store.rollback(number).await;
        return configuration.map(Edit::Restore).map_err(|error| refusal::store(&error));
    }
    if operation.attribute("rescue").is_some() {
        let rescue = context.store.rescue().await;
        return rescue.map(Edit::Restore).map_err(|error| refusal::store(&error));
    }
    let action = action(operation)?;
    if let Some(url) = operation.attribute("url") {
        let (_, bytes) = super::files::read_named(url, context).await?;
        let text = String::from_utf8(bytes)
            .map_err(|_| RpcError::operation_failed("the file is not UTF-8"))?;
        return Ok(Edit::Load { action, form: None, text });
    }
    let Some(given) = operation.children.first() else {
        return Err(RpcError::missing_element("configuration"));
    };
    let load = |form, action| Edit::Load { action, form, text: given.text.clone() };
    match given.name.as_str() {
        "configuration-set" => Ok(load(Some(Form::Set), Action::Set)),
        "configuration-text" if action == Action::Set => Ok(load(Some(Form::Set), Action::Set)),
        "configuration-text" | "configuration-patch" => Ok(load(Some(Form::Curly), action)),
        "configuration-json" => Ok(load(Some(Form::Json), action)),
        "configuration" => Ok(elements(given, action)),
        other => {
            let message = format!("unknown element {other} in load-configuration");
            Err(RpcError::new(ErrorType::Protocol, ErrorTag::UnknownElement, message)
                .with_info("bad-element", other))
        }
    }
}

/// Elements, which may carry operations of their own.
fn elements(given: &Element, action: Action) -> Edit {
    let mut text = String::new();
    given.clone().without_namespace().write(&mut text, None, 0);
    Edit::Load { action, form: Some(Form::Xml), text }
}

fn results(outcome: &Outcome) -> Reply {
    let mut inside = String::new();
    outcome.warnings.iter().for_each(|text| warning(text).write(&mut inside));
    Reply::Body(format!(
        "<load-configuration-results>\n{inside}<ok/>\n</load-configuration-results>\n"
    ))
}

fn failed(error: &RpcError) -> Reply {
    let mut inside = String::new();
    error.write(&mut inside);
    Reply::Body(format!(
        "<load-configuration-results>\n{inside}<load-error-count>1</load-error-count>\n\
         </load-configuration-results>\n"
    ))
}

/// A remark on something that was done.
pub(super) fn warning(text: &str) -> RpcError {
    let mut warning = RpcError::operation_failed(text);
    warning.severity = Severity::Warning;
    warning
}

pub(super) async fn commit(operation: &Element, context: &Context) -> Answer {
    only(
        operation,
        &[
            "check",
            "confirmed",
            "confirm-timeout",
            "log",
            "at-time",
            "synchronize",
            "force-synchronize",
            "full",
            "detail",
        ],
    )?;
    let has = |name| operation.child(name).is_some();
    context.open().await?;
    if has("check") {
        let checked = context.store.check(context.session()).await;
        checked.map_err(|error| refusal::store(&error))?;
        return Ok(commit_results("commit-check-success", &[]));
    }
    let minutes = match operation.child_text("confirm-timeout").map(str::parse) {
        None => CONFIRM_MINUTES,
        Some(Ok(minutes @ 1..=65_535)) => minutes,
        Some(_) => {
            let message = "expected a number of minutes as confirm-timeout";
            return Err(RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
                .with_info("bad-element", "confirm-timeout"));
        }
    };
    if let Some(text) = operation.child_text("at-time") {
        let at = at_time(text, Timestamp::now()).ok_or_else(|| {
            let message = "expected a time as 2026-01-02 03:04 or 03:04 (UTC) as at-time";
            RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
                .with_info("bad-element", "at-time")
        })?;
        let comment = operation.child_text("log").map(str::to_owned);
        context.sessions.commits(context.session_id);
        let scheduled = context.store.schedule(context.session(), comment, at).await;
        let to_come = scheduled.map_err(|error| refusal::store(&error))?;
        return Ok(commit_results("commit-check-success", &to_come.warnings));
    }
    let is_confirmed = has("confirmed") || has("confirm-timeout");
    let commit = Commit {
        comment: operation.child_text("log").map(str::to_owned),
        confirmed: is_confirmed.then(|| Duration::from_secs(minutes * 60)),
        ..Commit::default()
    };
    context.sessions.commits(context.session_id);
    let committed = context.store.commit(context.session(), commit).await;
    let committed = committed.map_err(|error| refusal::store(&error))?;
    Ok(commit_results("commit-success", &committed.warnings))
}

/// Gives up the commit that waits for its time (`clear system commit`).
pub(super) async fn clear(operation: &Element, context: &Context) -> Answer {
    only(operation, &[])?;
    let cleared = context.store.clear_schedule().await.map_err(|error| refusal::store(&error))?;
    let text = if cleared { "Pending commit cleared.\n" } else { "No commit scheduled.\n" };
    Ok(Reply::Element(output(text)))
}

/// The moment that `at-time` names, in UTC; a time without a date is the next one.
fn at_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    let today = now.strftime("%Y-%m-%d").to_string();
    let (date, time) = text.trim().split_once(' ').unwrap_or((&today, text.trim()));
    let seconds = if time.matches(':').count() == 1 { ":00" } else { "" };
    let at: Timestamp = format!("{date}T{time}{seconds}Z").parse().ok()?;
    let is_today = date == today && !text.trim().contains(' ');
    let day = Duration::from_secs(86_400);
    if is_today && at <= now { at.checked_add(day).ok() } else { Some(at) }
}

/// `<commit-results>`, with what should be known although it was done.
fn commit_results(outcome: &str, warnings: &[String]) -> Reply {
    let mut inside = String::new();
    let engine =
        Element::new("routing-engine").with(leaf("name", "re0")).with(Element::new(outcome));
    engine.write(&mut inside, None, 1);
    warnings.iter().for_each(|text| warning(text).write(&mut inside));
    Reply::Body(format!("<commit-results>\n{inside}</commit-results>\n<ok/>\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_date_is_the_next_one() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let at = |text: &str| at_time(text, now).map(|at| at.to_string());
        assert_eq!(at("03:05").as_deref(), Some("2026-01-02T03:05:00Z"));
        assert_eq!(at("03:04").as_deref(), Some("2026-01-03T03:04:00Z"));
        assert_eq!(at("2026-02-03 01:02:03").as_deref(), Some("2026-02-03T01:02:03Z"));
        assert_eq!(at("reboot"), None);
    }
}
