//! A whole fleet in this process: starts the devices, counts what they meet with, ends them.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep_until, timeout};

use super::device::{Device, News, Shared};
use super::identity::Member;
use super::netconf::Replies;
use super::redial::{Habits, Redial};
use super::report::{End, Report, Wave};
use super::road::Distance;
use super::tally::Tally;
use crate::process;

/// News that wait to be counted.
const NEWS: usize = 8_192;
/// Reasons that are told apart.
const REASONS: usize = 64;
/// How long devices may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The devices; those after the first `all` are clones of others.
    pub members: Vec<Member>,
    /// How many are in session when all are.
    pub all: usize,
    /// Where they dial, in this order.
    pub servers: Vec<SocketAddr>,
    /// Local addresses, used in turn; none: the system's choice.
    pub sources: Vec<IpAddr>,
    /// When and how.
    pub habits: Habits,
    /// How far away they are.
    pub distance: Distance,
    /// What they answer.
    pub replies: Replies,
    /// TCP connections in the making at once.
    pub at_once: usize,
    /// Ask for a sign of life after this long without data, and hang up when so many in a row were not answered.
    pub keep_alive: Option<(Duration, u32)>,
    /// Offer a hybrid post-quantum key exchange first.
    pub post_quantum: bool,
    /// Ends after so many waves.
    pub waves: Option<usize>,
    /// Ends after this time.
    pub at_most: Option<Duration>,
}

/// How it stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Since the beginning.
    pub elapsed: Duration,
    /// Devices in session.
    pub up: usize,
    /// Devices in session when all are.
    pub all: usize,
    /// Devices that have a connection, or wait for one.
    pub on_their_way: usize,
    /// RPCs answered.
    pub rpcs: u64,
}

/// What whoever watches is shown.
#[derive(Debug)]
pub enum Seen<'a> {
    /// Once a second.
    Standing(Standing),
    /// All are in again.
    Wave(&'a Wave),
}

/// Runs until `stop` resolves, or the plan says so.
pub async fn run(
    plan: Plan,
    stop: impl Future<Output = ()>,
    mut see: impl FnMut(Seen<'_>),
) -> Report {
    let began = Instant::now();
    let cpu_before = process::cpu(std::process::id()).unwrap_or_default();
    let mut tally = Tally::new(plan.members.len(), plan.all, began);
    let (shared, mut news, devices, tell_stop) = start(&plan, began);
    let mut reasons: HashMap<String, u64> = HashMap::new();
    let mut waves = 0;
    let mut second = interval(Duration::from_secs(1));
    let end = plan.at_most.map(|at_most| began + at_most);
    let mut stop = std::pin::pin!(stop);
    while plan.waves.is_none_or(|most| waves < most) {
        tokio::select! {
            biased;
            () = &mut stop => break,
            () = until(end) => break,
            _ = second.tick() => see(Seen::Standing(Standing {
                elapsed: began.elapsed(),
                up: tally.count_in(),
                all: tally.all(),
                on_their_way: tally.on_their_way(),
                rpcs: shared.rpcs.load(Relaxed),
            })),
            Some(News { happened, reason }) = news.recv() => {
                note(&mut reasons, reason);
                if let Some(wave) = tally.handle(happened) {
                    waves += 1;
                    see(Seen::Wave(wave));
                }
            }
        }
    }
    let report = report(&plan, &tally, &shared, reasons, (began, cpu_before));
    let _ = tell_stop.send(true);
    end_all(devices, news).await;
    report
}

type Started = (Arc<Shared>, mpsc::Receiver<News>, JoinSet<()>, watch::Sender<bool>);

fn start(plan: &Plan, now: Instant) -> Started {
    let shared = Arc::new(Shared {
        servers: plan.servers.clone(),
        sources: plan.sources.clone(),
        patience: plan.habits.patience,
        distance: plan.distance,
        keep_alive: plan.keep_alive,
        post_quantum: plan.post_quantum,
        replies: Arc::new(plan.replies.clone()),
        dials: Semaphore::new(plan.at_once.max(1)),
        rpcs: AtomicU64::new(0),
        reply_bytes: AtomicU64::new(0),
    });
    let (tell, news) = mpsc::channel(NEWS);
    let (tell_stop, stop) = watch::channel(false);
    let mut devices = JoinSet::new();
    for (number, member) in (0..).zip(&plan.members) {
        let redial = Redial::new(&plan.habits, number, plan.servers.len(), now);
        let device = Device {
            number,
            member: member.clone(),
            shared: Arc::clone(&shared),
            news: tell.clone(),
            stop: stop.clone(),
        };
        devices.spawn(device.live(redial));
    }
    (shared, news, devices, tell_stop)
}

/// Lets every device say goodbye; the news that they still have are of no interest.
async fn end_all(mut devices: JoinSet<()>, mut news: mpsc::Receiver<News>) {
    news.close();
    let all = async { while devices.join_next().await.is_some() {} };
    // Those who take longer are dropped, and their connections with them.
    let _ = timeout(FAREWELL, all).await;
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end.into()).await,
        None => std::future::pending().await,
    }
}

fn note(reasons: &mut HashMap<String, u64>, reason: Option<String>) {
    let Some(reason) = reason else { return };
    if reasons.len() < REASONS || reasons.contains_key(&reason) {
        *reasons.entry(reason).or_default() += 1;
    }
}

fn report(
    plan: &Plan,
    tally: &Tally,
    shared: &Shared,
    reasons: HashMap<String, u64>,
    (began, cpu_before): (Instant, Duration),
) -> Report {
    let now = Instant::now();
    let sums = tally.sums();
    let pid = std::process::id();
    let cpu = process::cpu(pid).unwrap_or_default().saturating_sub(cpu_before);
    let taken = sums.dials.saturating_sub(sums.refused).max(1);
    let mut ends: Vec<End> =
        reasons.into_iter().map(|(reason, count)| End { reason, count }).collect();
    ends.sort_by(|one, other| {
        other.count.cmp(&one.count).then_with(|| one.reason.cmp(&other.reason))
    });
    Report {
        devices: plan.members.len(),
        to: plan.servers.iter().map(ToString::to_string).collect(),
        seconds: now.duration_since(began).as_secs_f64(),
        up: tally.count_in(),
        dials: sums.dials,
        refused: sums.refused,
        turned_away: sums.turned_away,
        gave_up: sums.gave_up,
        sessions: sums.sessions,
        lost: sums.lost,
        ends,
        rpcs: shared.rpcs.load(Relaxed),
        reply_bytes: shared.reply_bytes.load(Relaxed),
        cpu_ms_per_connect: cpu.as_secs_f64() * 1e3 / taken as f64,
        resident_kib: process::resident(pid).unwrap_or_default(),
        waves: tally.waves(now),
        curve: tally.curve().points().to_vec(),
    }
}
