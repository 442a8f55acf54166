//! Keeps one task per active client stanza, and follows the configuration.
//!
//! ```text
//!   reload:  added ──▶ dial at once          removed, inactive ──▶ close at once
//!            changed ──▶ close, then dial with the new values      unchanged ──▶ nothing
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::handle::AgentHandle;
use crate::loaded::Loaded;
use crate::progress::{Progress, Reporter, Summary};
use crate::report::ClientReport;
use crate::stanza::{Refused, Stanza};

/// One client and its task.
struct Running {
    stanza: Arc<Stanza>,
    progress: watch::Receiver<Progress>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What a reload did, by client name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Stanzas that were not there, or inactive.
    pub added: Vec<String>,
    /// Stanzas that are gone, inactive, or refused.
    pub removed: Vec<String>,
    /// Stanzas with other values.
    pub changed: Vec<String>,
    /// Stanzas that did not notice.
    pub unchanged: Vec<String>,
    /// Stanzas that are not started, each with the reason.
    pub refused: Vec<String>,
}

/// Tells a task to stop, at once or after `grace`.
fn cancel_after(stop: CancellationToken, grace: Duration) {
    if grace.is_zero() {
        return stop.cancel();
    }
    tokio::spawn(async move {
        tokio::time::sleep(grace).await;
        stop.cancel();
    });
}

/// Owns the clients' tasks.
pub(crate) struct Supervisor {
    agent: AgentHandle,
    running: Vec<Running>,
    refused: Vec<Refused>,
    /// Tasks that were told to stop and may still be saying farewell.
    leaving: Vec<JoinHandle<()>>,
}

impl Supervisor {
    pub(crate) fn new(agent: AgentHandle) -> Self {
        Self { agent, running: Vec::new(), refused: Vec::new(), leaving: Vec::new() }
    }

    /// Brings the tasks in line with `loaded`; those that end live on for `grace`.
    pub(crate) fn apply(&mut self, loaded: Loaded, grace: Duration) -> Changes {
        let mut changes = Changes::default();
        let mut former = std::mem::take(&mut self.running);
        for stanza in loaded.stanzas {
            let name = stanza.client.to_string();
            let place = former.iter().position(|running| running.stanza.client == stanza.client);
            let next = match place.map(|place| former.remove(place)) {
                Some(running) if *running.stanza == stanza => {
                    changes.unchanged.push(name);
                    running
                }
                Some(running) => {
                    changes.changed.push(name);
                    cancel_after(running.stop, grace);
                    self.start(stanza, Some(running.task))
                }
                None => {
                    changes.added.push(name);
                    self.start(stanza, None)
                }
            };
            self.running.push(next);
        }
        self.leaving.retain(|task| !task.is_finished());
        for running in former {
            changes.removed.push(running.stanza.client.to_string());
            cancel_after(running.stop, grace);
            self.leaving.push(running.task);
        }
        let told = |refused: &Refused| format!("{}: {}", refused.client, refused.reason);
        changes.refused = loaded.refused.iter().map(told).collect();
        self.refused = loaded.refused;
        self.count();
        self.tell(&changes);
        changes
    }

    /// Ends the connection of `client` after `grace`, and dials anew.
    pub(crate) fn redial(&mut self, client: &str, grace: Duration) {
        let place = self.running.iter().position(|it| it.stanza.client.as_str() == client);
        let Some(place) = place else { return };
        let running = self.running.remove(place);
        cancel_after(running.stop, grace);
        let next = self.start((*running.stanza).clone(), Some(running.task));
        self.running.insert(place, next);
    }

    fn start(&self, stanza: Stanza, predecessor: Option<JoinHandle<()>>) -> Running {
        let stanza = Arc::new(stanza);
        let stop = CancellationToken::new();
        let (reporter, progress) = Reporter::new(self.agent.shared.summary.clone());
        let client = Client {
            stanza: stanza.clone(),
            agent: self.agent.clone(),
            reporter,
            stop: stop.clone(),
        };
        let task = tokio::spawn(client.run(predecessor));
        Running { stanza, progress, stop, task }
    }

    fn count(&self) {
        let (active, refused) = (self.running.len(), self.refused.len());
        self.agent.shared.summary.send_modify(|summary: &mut Summary| {
            summary.active = active;
            summary.refused = refused;
        });
    }

    fn tell(&self, changes: &Changes) {
        let words = [
            ("added", &changes.added),
            ("removed", &changes.removed),
            ("changed", &changes.changed),
            ("refused", &changes.refused),
        ];
        for (word, clients) in words {
            for client in clients {
                self.agent.shared.trace.configuration(format_args!(
                    "outbound_ssh_configuration: {word} client {client}"
                ));
                if word == "refused" {
                    tracing::warn!("client {client}");
                } else {
                    tracing::info!(client, "{word}");
                }
            }
        }
    }

    /// Every client in the configuration's order, those that were refused at the end.
    pub(crate) fn report(&self) -> Vec<ClientReport> {
        let server = self.agent.shared.ssh_server.name();
        let running = self.running.iter().map(|running| {
            let mut report = ClientReport::of(&running.stanza, &running.progress.borrow(), server);
            if running.task.is_finished() {
                report.fail("the client's task ended unexpectedly; see the log");
            }
            report
        });
        running.chain(self.refused.iter().map(ClientReport::refused)).collect()
    }

    /// Ends all connections in order and waits until they are closed.
    pub(crate) async fn stop(mut self) {
        for running in &self.running {
            running.stop.cancel();
        }
        let running = std::mem::take(&mut self.running).into_iter().map(|running| running.task);
        for task in running.chain(self.leaving) {
            // A task that panicked has closed its connection too.
            let _ = task.await;
        }
    }
}
