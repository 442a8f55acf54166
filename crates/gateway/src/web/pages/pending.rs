//! `/pending`: keys that wait for a decision, with fingerprint and source, one by one or many at once; and what is blocked.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use homing_proto::api::{Block, BlockKind, Decision, Device, Timestamp};
use homing_proto::identity::DeviceName;

use super::device::page_of;
use super::login::to;
use crate::control::{Control, ControlError, DeviceQuery};
use crate::web::shell::{Place, Shell, may, render};
use crate::web::visitor::Posted;
use crate::web::when::When;
use crate::web::{Console, Page, Trouble, Visitor};
use homing_proto::access::{Operator, Right};

/// So many blocks are shown, newest first.
const BLOCKS: usize = 200;

/// A key that waits.
struct Row {
    device: Device,
    /// Of a key of an enrolled device.
    is_known: bool,
    algorithm: String,
    fingerprint: String,
    reason: String,
    source: String,
    attempts: u64,
    first_seen: When,
    last_seen: When,
}

impl Row {
    fn of(device: Device, now: Timestamp) -> Option<Self> {
        let pending = device.pending.clone()?;
        Some(Self {
            is_known: device.enrolled,
            algorithm: pending.key.algorithm().to_string(),
            fingerprint: pending.fingerprint.to_string(),
            reason: pending.reason,
            source: pending.source,
            attempts: pending.attempts,
            first_seen: When::new(pending.first_seen, now),
            last_seen: When::new(pending.last_seen, now),
            device,
        })
    }

    /// Why it waits, in words.
    fn why(&self) -> &str {
        match self.reason.as_str() {
            "unknown-device" => "nobody enrolled it",
            "first-key" => "its first key",
            "key-changed" => "its key changed",
            other => other,
        }
    }
}

/// A block, and since when.
struct Shut {
    block: Block,
    at: When,
}

#[derive(Template)]
#[template(path = "pending.html")]
struct Waiting {
    shell: Shell,
    rows: Vec<Row>,
    /// What is shut out.
    blocks: Vec<Shut>,
    may_decide: bool,
    /// What was refused of what was just asked.
    refused: Vec<(String, String)>,
    /// What was done.
    done: Option<String>,
}

async fn page(
    console: &Console,
    visitor: &Visitor,
    done: Option<String>,
    refused: Vec<(String, String)>,
) -> Page {
    let now = Timestamp::now();
    let devices = console.control.devices(&DeviceQuery::default(), &visitor.operator).await?;
    let mut rows: Vec<_> = devices.into_iter().filter_map(|one| Row::of(one, now)).collect();
    rows.sort_by(|a, b| a.device.name.cmp(&b.device.name));
    let blocks = console.control.blocks(&visitor.operator).await?.into_iter();
    let shut = |block: Block| Shut { at: When::new(block.at, now), block };
    render(&Waiting {
        blocks: blocks.take(BLOCKS).map(shut).collect(),
        shell: Shell::new(visitor, Place::Pending, "Pending"),
        may_decide: may_somewhere(&visitor.operator),
        rows,
        refused,
        done,
    })
}

/// Whether somebody administers anything: for leaving the buttons out.
fn may_somewhere(operator: &Operator) -> bool {
    let now = Timestamp::now();
    let administers = |grant: &homing_proto::access::Grant| {
        grant.is_in_force(now) && grant.role.allows(Right::Administer)
    };
    may(operator, Right::Administer) || operator.grants().iter().any(administers)
}

/// The page.
pub(in crate::web) async fn show(State(console): State<Console>, visitor: Visitor) -> Page {
    page(&console, &visitor, None, Vec::new()).await
}

/// What was asked: the same for every key that was chosen.
#[derive(Debug, Default)]
struct Asked {
    act: String,
    subjects: Vec<String>,
    /// The name under which a single stranger is enrolled.
    name: Option<String>,
    /// The device whose page asks.
    back: Option<String>,
}

impl Shut {
    fn is_key(&self) -> bool {
        self.block.kind == BlockKind::Key
    }
}

impl Asked {
    fn read(pairs: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (key, value) in pairs {
            match key.as_str() {
                "act" => asked.act = value,
                "subject" => asked.subjects.push(value),
                "name" if !value.trim().is_empty() => asked.name = Some(value.trim().to_owned()),
                "back" => asked.back = Some(value),
                _ => {}
            }
        }
        asked
    }
}

/// Decides, and says how that went.
pub(in crate::web) async fn decide(
    State(console): State<Console>,
    posted: Posted<Vec<(String, String)>>,
) -> Result<Response, Trouble> {
    let asked = Asked::read(posted.form);
    let visitor = &posted.visitor;
    let word = match asked.act.as_str() {
        "accept" | "keep" => "accepted",
        "reject" => "rejected",
        "block" => "rejected and blocked",
        "unblock" => "unblocked",
        other => return Err(Trouble::Invalid(format!("{other:?} is no decision"))),
    };
    let mut refused = Vec::new();
    let mut count = 0_usize;
    for subject in &asked.subjects {
        match one(&console.control, &asked, subject, &visitor.operator).await {
            Ok(()) => count += 1,
            Err(error) if asked.subjects.len() == 1 => return Err(error.into()),
            Err(error) => refused.push((subject.clone(), error.to_string())),
        }
    }
    if let Some(back) = asked.back.filter(|_| refused.is_empty()) {
        return Ok(to(&page_of(&back)));
    }
    let done = match count {
        0 => None,
        1 if asked.act == "unblock" => asked.subjects.first().map(|one| format!("{one} {word}")),
        1 => Some(format!("1 key {word}")),
        several => Some(format!("{several} keys {word}")),
    };
    Ok(page(&console, visitor, done, refused).await?.into_response())
}

/// Decides on one key.
async fn one(
    control: &Control,
    asked: &Asked,
    subject: &str,
    operator: &Operator,
) -> Result<(), ControlError> {
    if asked.act == "unblock" {
        return control.unblock(subject, operator).await;
    }
    let name =
        match (&asked.name, asked.subjects.len()) {
            (Some(name), 1) => Some(DeviceName::new(name.as_str()).map_err(|error| {
                ControlError::Invalid { message: error.to_string(), hint: None }
            })?),
            _ => None,
        };
    let decision = Decision {
        subject: subject.to_owned(),
        replaces: Vec::new(),
        keep: asked.act == "keep",
        block: asked.act == "block",
        name,
        user: None,
        password: None,
    };
    match asked.act.as_str() {
        "reject" | "block" => drop(control.reject(decision, operator).await?),
        _ => drop(control.accept(decision, operator).await?),
    }
    Ok(())
}
