//! Delivering events to webhooks: in order, signed, again until they are taken.
//!
//! ```text
//!   stored events after the cursor ──▶ wanted? ──▶ POST ──2xx──▶ cursor moves
//!                                                   │ else: wait ever longer, the same event again ──▶ dead
//! ```
//!
//! The cursor is in the store, so a restart loses nothing; an event may come twice, with the same id. One event at a
//! time and webhook: a slow receiver delays only itself, and nothing waits in memory.

mod post;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::access::Tags;
use homing_proto::api::{Event, Timestamp};
use homing_proto::webhook;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

pub(crate) use post::{check, post};

use crate::shared::Shared;
use crate::store::{Change, EventQuery, WebhookChange, WebhookProgress, WebhookRecord};
use crate::timeline;

/// How often it is looked whether a webhook was added or taken away.
const LOOK: Duration = Duration::from_secs(1);
/// Events that are read at once.
const PAGE: u32 = 100;
/// How long a webhook sleeps at most while nothing happens.
const IDLE: Duration = Duration::from_secs(60);

/// Delivers for as long as the gateway runs.
pub(crate) async fn serve(shared: Arc<Shared>) {
    let mut tasks = JoinSet::new();
    let mut running: HashMap<String, AbortHandle> = HashMap::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let all = shared.store.webhooks();
        running.retain(|id, task| {
            let is_there = all.iter().any(|hook| hook.id == *id);
            if !is_there {
                task.abort();
            }
            is_there && !task.is_finished()
        });
        for hook in all.iter().filter(|hook| !is_dead(hook)) {
            running
                .entry(hook.id.clone())
                .or_insert_with(|| tasks.spawn(run(Arc::clone(&shared), hook.id.clone())));
        }
        sleep(LOOK).await;
    }
}

/// Whether nothing is tried any more.
pub(crate) fn is_dead(hook: &WebhookRecord) -> bool {
    hook.progress.failures >= webhook::DEAD_AFTER
}

/// One webhook, until it is dead or gone.
async fn run(shared: Arc<Shared>, id: String) {
    let mut live = shared.store.subscribe();
    loop {
        let Some(hook) = shared.store.webhook(&id) else { return };
        if let Some(wait) =
            (hook.progress.failures > 0).then(|| webhook::pause(hook.progress.failures))
        {
            let Some(wait) = wait else { return };
            sleep(wait).await;
        }
        let query = EventQuery {
            after: Some(hook.progress.after),
            codes: hook.codes.clone(),
            limit: Some(PAGE),
            ..EventQuery::default()
        };
        match shared.store.events(query).await {
            Ok(page) if page.is_empty() => drop(timeout(IDLE, live.recv()).await),
            Ok(page) => deliver(&shared, &hook, page).await,
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Delivers a page as far as it goes, and notes how far that was.
async fn deliver(shared: &Shared, hook: &WebhookRecord, page: Vec<Event>) {
    let mut progress = hook.progress.clone();
    for event in page {
        if is_wanted(shared, hook, &event) {
            let now = Timestamp::now();
            if let Err(reason) = post(&hook.url, &hook.id, hook.secret.expose(), now, &event).await
            {
                progress.failures = progress.failures.saturating_add(1);
                progress.last_error = Some(reason.to_string());
                break;
            }
            progress.failures = 0;
            progress.last_error = None;
            progress.delivered_at = Some(now);
        }
        progress.after = event.id;
    }
    note(shared, hook, progress).await;
}

async fn note(shared: &Shared, hook: &WebhookRecord, progress: WebhookProgress) {
    let mut changes = Vec::new();
    if progress.failures >= webhook::DEAD_AFTER {
        let reason = progress.last_error.as_deref().unwrap_or("unknown");
        let message =
            format!("webhook {} is dead after {} failures: {reason}", hook.id, progress.failures);
        tracing::warn!(webhook = %hook.id, "{message}");
        changes.push(Change::Record(Box::new(timeline::event("webhook-dead", message))));
    }
    changes.push(Change::Webhook(WebhookChange::Progress(hook.id.clone(), progress)));
    if shared.store.write(changes).await.is_err() {
        // The disk is full or the gateway is stopping: the same page comes again.
        sleep(LOOK).await;
    }
}

fn is_wanted(shared: &Shared, hook: &WebhookRecord, event: &Event) -> bool {
    match &event.device {
        Some(name) => {
            let record = shared.store.device(name);
            let tags = record.map_or_else(Tags::new, |record| record.tags.clone());
            hook.selector.matches(name, &tags)
        }
        None => hook.selector.is_every(),
    }
}
