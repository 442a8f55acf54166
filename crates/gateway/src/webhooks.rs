//! Delivering events to webhooks: in order, signed, again until they are taken.
//!
//! ```text
//!   stored events after the cursor ──▶ wanted? ──▶ POST ──2xx──▶ cursor moves
//!                                                   │ else: wait ever longer, the same event again ──▶ dead
//! ```
//!
//! The cursor is in the store, so a restart loses nothing; an event may come twice, with the same id. What was passed over is kept in
//! memory, and written now and then: nothing is read twice while the gateway runs. One event at a
//! time and webhook: a slow receiver delays only itself, and nothing waits in memory.

mod post;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use homing_proto::access::Tags;
use homing_proto::api::{Event, Timestamp};
use homing_proto::webhook;
use tokio::sync::broadcast;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

pub(crate) use post::{check, origin, post};

use crate::shared::Shared;
use crate::store::{Change, EventQuery, ReadError, WebhookChange, WebhookProgress, WebhookRecord};
use crate::timeline;

/// How often it is looked whether a webhook was added or taken away.
const LOOK: Duration = Duration::from_secs(1);
/// Events that are read at once.
const PAGE: u32 = 100;
/// How long a webhook sleeps at most while nothing happens.
const IDLE: Duration = Duration::from_secs(60);
/// How often it is written how far was passed over.
const NOTED: Duration = Duration::from_secs(300);

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
    let mut passed = Passed::default();
    loop {
        let Some(hook) = shared.store.webhook(&id) else { return };
        if let Some(wait) =
            (hook.progress.failures > 0).then(|| webhook::pause(hook.progress.failures))
        {
            let Some(wait) = wait else { return };
            sleep(wait).await;
        }
        match passed.page(&shared, &hook).await {
            Ok(page) if page.is_empty() => {
                passed.note(&shared, &hook).await;
                let _ = timeout(IDLE, happened(&mut live, &hook)).await;
            }
            Ok(page) => deliver(&shared, &hook, page).await,
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Resolves when something happens that the webhook may want.
async fn happened(live: &mut broadcast::Receiver<Event>, hook: &WebhookRecord) {
    let is_other = |event: &Event| !hook.codes.is_empty() && !hook.codes.contains(&event.code);
    while live.recv().await.is_ok_and(|event| is_other(&event)) {}
}

/// Up to where nothing is stored that a webhook wants.
#[derive(Debug)]
pub(crate) struct Passed {
    up_to: u64,
    noted: Instant,
}

impl Default for Passed {
    fn default() -> Self {
        Self { up_to: 0, noted: Instant::now() }
    }
}

impl Passed {
    /// The last event that need not be read again.
    pub(crate) fn after(&self, hook: &WebhookRecord) -> u64 {
        self.up_to.max(hook.progress.after)
    }

    /// What is stored next of what the webhook wants; when that is nothing, it was looked for up to the newest event.
    ///
    /// # Errors
    /// The disk or the database refuses.
    pub(crate) async fn page(
        &mut self,
        shared: &Shared,
        hook: &WebhookRecord,
    ) -> Result<Vec<Event>, ReadError> {
        // Before looking: what happens meanwhile is newer.
        let newest = EventQuery { limit: Some(1), ..EventQuery::default() };
        let newest = shared.store.events(newest).await?.last().map_or(0, |event| event.id);
        let query = EventQuery {
            after: Some(self.after(hook)),
            codes: hook.codes.clone(),
            limit: Some(PAGE),
            ..EventQuery::default()
        };
        let page = shared.store.events(query).await?;
        if page.is_empty() {
            self.up_to = self.up_to.max(newest);
        }
        Ok(page)
    }

    /// Writes it down, if that was long ago.
    async fn note(&mut self, shared: &Shared, hook: &WebhookRecord) {
        let after = self.after(hook);
        if after > hook.progress.after && self.noted.elapsed() >= NOTED {
            self.noted = Instant::now();
            note(shared, hook, WebhookProgress { after, ..hook.progress.clone() }).await;
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
