//! The shell around [`Admission`]: reads, looks up, shakes hands and logs in as the machine says.
//!
//! One task per connection, from accept until it is in session or closed. It decides nothing: see
//! [`homing_proto::admission`] for the dialogue.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use homing_proto::admission::{
    Action, Admission, Arrival, Failure, Offer, Outcome, Pending, ProvenDevice, Step,
};
use homing_proto::api::{Event, KeySource, Timestamp};
use homing_proto::audit::Entry;
use homing_proto::host_key::{Fingerprint, HostKey};
use homing_proto::identity::{DeviceName, ListenerName};
use homing_proto::turns::{Caller, Standing, Why};
use homing_transport::device_link::Unauthenticated;
use tokio::net::TcpStream;
use tokio::sync::{broadcast, oneshot, watch};

use crate::greeting::{self, Greeted, LoggedIn};
use crate::session::{self, End};
use crate::shared::{Counted, Decided, Pass, Shared};
use crate::store::{Change, WriteError};
use crate::turns::Turn;
use crate::{exchange, pending, timeline};

/// The code of an old secret's end.
const OLD_SECRET_ENDED: &str = "old-secret-ended";

/// What a refused peer may still send before its bytes are no longer taken from the kernel.
const MOST_IGNORED: usize = 64 * 1024;

/// What a peer may send ahead while it waits for its turn: its banner and first packet are less.
const MOST_AHEAD: usize = 16 * 1024;

/// Takes a connection in, or refuses it. `pass` counts it among those on their way in.
pub(crate) async fn take_in(
    shared: Arc<Shared>,
    stream: TcpStream,
    source: SocketAddr,
    listener: ListenerName,
    pass: Pass,
) {
    let arrival = Arrival {
        epoch: shared.next_epoch(),
        listener,
        source,
        proxy_trusted: shared.trusts_proxy(source.ip()),
    };
    let arriving = Arriving {
        machine: Admission::new(shared.admission(), arrival, Instant::now()),
        began: Instant::now(),
        stopping: shared.stopping.subscribe(),
        stream: Some(stream),
        ignored: 0,
        start: None,
        work: None,
        question: None,
        verdict: None,
        link: None,
        greeted: None,
        decisions: None,
        permit: None,
        held: None,
        new_secret: None,
        is_in: false,
        shared,
        _pass: pass,
    };
    arriving.run().await;
}

type Work = Pin<Box<dyn Future<Output = Done> + Send>>;
/// The host key that wants an answer.
type Question = (HostKey, oneshot::Sender<bool>);
/// A place among the handshakes under way.
type Permit = (Turn, Counted);

/// What a piece of work came to.
enum Done {
    Permitted(Result<Permit, Failure>),
    Exchanged(Result<Unauthenticated, Failure>),
    LoggedIn(Result<LoggedIn, Failure>),
    Greeted(Box<Result<Greeted, Failure>>),
}

/// What woke the task.
enum Woken {
    Stopping,
    Done(Done),
    Asked(Option<Question>),
    Decided(Decided),
    Readable,
    Timeout,
}

struct Arriving {
    shared: Arc<Shared>,
    machine: Admission,
    began: Instant,
    stopping: watch::Receiver<bool>,
    /// The bare connection, until SSH has it.
    stream: Option<TcpStream>,
    ignored: usize,
    /// What to start SSH with, while it waits for its turn.
    start: Option<(Offer, Vec<u8>)>,
    work: Option<Work>,
    question: Option<oneshot::Receiver<Question>>,
    verdict: Option<oneshot::Sender<bool>>,
    link: Option<Unauthenticated>,
    greeted: Option<Greeted>,
    decisions: Option<(Fingerprint, broadcast::Receiver<Decided>)>,
    permit: Option<Permit>,
    held: Option<Counted>,
    /// When the secret was issued that its HMAC was made with; none: it was not the present one.
    new_secret: Option<Timestamp>,
    /// The session has its place: what remains is its own task's.
    is_in: bool,
    _pass: Pass,
}

impl Arriving {
    async fn run(mut self) {
        while self.carry_out().await {
            match self.next().await {
                Woken::Stopping => self.machine.handle_failed(Failure::Stopping, Instant::now()),
                Woken::Done(done) => {
                    self.work = None;
                    self.done(done);
                }
                Woken::Asked(question) => self.asked(question),
                Woken::Decided(decided) => self.decided(&decided),
                Woken::Readable => self.read(),
                Woken::Timeout => self.machine.handle_timeout(Instant::now()),
            }
        }
    }

    /// Does what the machine says; false when the connection is in session or to be closed.
    async fn carry_out(&mut self) -> bool {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Record(step) => {
                    self.count(&step);
                    self.note_secret(&step);
                    timeline::step(
                        &self.shared,
                        &step,
                        self.machine.subject(),
                        self.machine.arrival(),
                    );
                }
                Action::LookUp(question) => {
                    let source = self.machine.subject().source.ip();
                    let record = self.shared.store.look_up(&question, &source);
                    self.machine.handle_record(record, Instant::now());
                }
                Action::StartSsh { offer, rest } => self.wait_for_turn(offer, rest),
                Action::AcceptKey => self.answer(true),
                Action::RejectKey => self.answer(false),
                Action::AwaitApproval { pending, .. } => self.await_approval(*pending),
                Action::PinKey { device, key, replaces } => {
                    let key = key.key().clone();
                    let pinned =
                        self.shared.store.pin_key(device, key, KeySource::Hmac, replaces).await;
                    if pinned.is_err() {
                        self.machine.handle_failed(Failure::Store, Instant::now());
                    }
                }
                Action::LogIn(device) => self.log_in(device),
                Action::Admit(device) => self.admit(device).await,
                Action::Hold(_) => {
                    self.permit = None;
                    self.held = Some(Counted::new(&self.shared, |counters| &counters.held));
                }
                Action::Close => return false,
            }
        }
        !self.is_in
    }

    /// A device that came with the new secret and proved its key needs the old one no more. An HMAC alone proves nothing: whoever saw one
    /// can send it again.
    fn note_secret(&mut self, step: &Step) {
        let Some(name) = self.machine.subject().device.clone() else { return };
        let record = || self.shared.store.device(&name);
        match step {
            Step::MacRight => self.new_secret = record().and_then(|record| record.secret_issued_at),
            Step::InSession | Step::TookOver { .. } => {
                let Some(issued) = self.new_secret else { return };
                if record().is_some_and(|record| record.old_secret.is_some()) {
                    tokio::spawn(end_old_secret(Arc::clone(&self.shared), name, issued));
                }
            }
            _ => {}
        }
    }

    fn count(&self, step: &Step) {
        let metrics = &self.shared.metrics;
        match step {
            Step::InSession | Step::Ended(_) => {
                metrics.handshake(step.code(), self.began.elapsed());
            }
            Step::TookOver { .. } => metrics.claimed(step.code()),
            _ => {}
        }
        if let Step::Ended(Outcome::Stale | Outcome::DuplicateDevice { .. }) = step {
            metrics.claimed(step.code());
        }
    }

    /// Waits for whatever comes first.
    async fn next(&mut self) -> Woken {
        let wants_data = self.stream.is_some() && self.ignored < MOST_IGNORED && self.has_room();
        let already_stopping = *self.stopping.borrow();
        let wake = self.machine.poll_timeout();
        tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping), if !already_stopping => Woken::Stopping,
            done = poll_work(&mut self.work) => Woken::Done(done),
            question = poll_question(&mut self.question) => Woken::Asked(question),
            decided = poll_decisions(&mut self.decisions) => Woken::Decided(decided),
            () = poll_readable(&self.stream), if wants_data => Woken::Readable,
            () = greeting::at(wake) => Woken::Timeout,
        }
    }

    fn done(&mut self, done: Done) {
        let now = Instant::now();
        match done {
            Done::Permitted(Ok(permit)) => self.exchange_keys(permit),
            Done::Exchanged(Ok(link)) => {
                self.link = Some(link);
                self.machine.handle_exchanged(now);
            }
            Done::LoggedIn(Ok(logged_in)) => {
                self.machine.handle_logged_in(&logged_in.user, now);
                let greeting = greeting::greet(Arc::clone(&self.shared), logged_in.link);
                self.work = Some(Box::pin(async { Done::Greeted(Box::new(greeting.await)) }));
            }
            Done::Greeted(greeted) => match *greeted {
                Ok(greeted) => {
                    self.greeted = Some(greeted);
                    self.machine.handle_hello(now);
                }
                Err(failure) => self.machine.handle_failed(failure, now),
            },
            Done::Permitted(Err(failure))
            | Done::Exchanged(Err(failure))
            | Done::LoggedIn(Err(failure)) => {
                self.machine.handle_failed(failure, now);
            }
        }
    }

    /// Key exchanges are the work that costs: only as many at once as the machine bears.
    fn wait_for_turn(&mut self, offer: Offer, rest: Vec<u8>) {
        let caller = self.caller();
        self.start = Some((offer, rest));
        let shared = Arc::clone(&self.shared);
        let came = Instant::now();
        self.work = Some(Box::pin(async move {
            let turn = Arc::clone(&shared.turns).wait(caller).await;
            shared.metrics.waited(came.elapsed());
            Done::Permitted(match turn {
                Ok(turn) => Ok((turn, Counted::new(&shared, |counters| &counters.handshaking))),
                Err(Why::Overloaded) => Err(Failure::Overloaded),
                Err(Why::Replaced) => Err(Failure::Replaced),
            })
        }));
    }

    fn caller(&self) -> Caller {
        let (arrival, subject) = (self.machine.arrival(), self.machine.subject());
        let device_id = subject.device_id.clone();
        let standing = match (&subject.device, &device_id) {
            (Some(_), _) => Standing::Known,
            (None, Some(_)) => Standing::Unknown,
            (None, None) => Standing::CallHome,
        };
        Caller {
            id: arrival.epoch,
            claim: device_id.map(|device_id| (arrival.listener.clone(), device_id)),
            standing,
            source: subject.source.ip(),
        }
    }

    fn exchange_keys(&mut self, permit: Permit) {
        self.permit = Some(permit);
        let (Some((offer, rest)), Some(stream)) = (self.start.take(), self.stream.take()) else {
            return self.machine.handle_failed(Failure::Lost, Instant::now());
        };
        let (asking, question) = oneshot::channel();
        self.question = Some(question);
        let claimed = self.machine.subject().device.clone();
        let shared = Arc::clone(&self.shared);
        let exchanging = exchange::exchange(shared, stream, rest, offer, asking, claimed);
        self.work = Some(Box::pin(async { Done::Exchanged(exchanging.await) }));
    }

    fn asked(&mut self, question: Option<Question>) {
        self.question = None;
        if let Some((key, verdict)) = question {
            self.verdict = Some(verdict);
            self.machine.handle_host_key(key, Instant::now());
        }
    }

    fn answer(&mut self, accepted: bool) {
        if let Some(verdict) = self.verdict.take() {
            // If the engine is gone, its work says why.
            let _ = verdict.send(accepted);
        }
    }

    fn await_approval(&mut self, waiting: Pending) {
        self.permit = None;
        let key = waiting.key.fingerprint();
        self.decisions = Some((key, self.shared.decisions.subscribe()));
        match pending::decided_before(&waiting, &self.shared.store) {
            // Between the look-up and this moment nobody was here to hear it.
            Some(device) => self.decided(&Decided { key, device: Some(device) }),
            None => self.shared.store.note_pending(pending::record(&waiting)),
        }
    }

    fn decided(&mut self, decided: &Decided) {
        let now = Instant::now();
        self.decisions = None;
        match decided.device.as_ref().and_then(|name| self.shared.store.device(name)) {
            Some(device) => self.machine.handle_approved((&*device).into(), now),
            None => self.machine.handle_rejected(now),
        }
    }

    fn log_in(&mut self, device: ProvenDevice) {
        match self.link.take() {
            Some(link) => {
                let logging_in = greeting::log_in(Arc::clone(&self.shared), link, device);
                self.work = Some(Box::pin(async { Done::LoggedIn(logging_in.await) }));
            }
            None => self.machine.handle_failed(Failure::Lost, Instant::now()),
        }
    }

    async fn admit(&mut self, device: ProvenDevice) {
        let Some(greeted) = self.greeted.take() else {
            return self.machine.handle_failed(Failure::Lost, Instant::now());
        };
        let session = greeted.into_session(&self.shared, &device);
        let entered = self.shared.fleet.enter(&device, &session);
        self.machine.handle_claimed(&entered.claimed, Instant::now());
        if entered.is_in() {
            self.is_in = true;
            let seen = session.since;
            self.shared.store.note_seen(device.name().clone(), device.key().fingerprint(), seen);
            // What was decided of the device while it was on its way found no session to end.
            if let Some(end) = session.unfit(self.shared.store.device(device.name()).as_deref()) {
                session.end(end);
            }
            tokio::spawn(session::watch_over(Arc::clone(&self.shared), session));
        } else {
            session.link.close("another session of the device has its place").await;
        }
        if let Some(displaced) = entered.displaced {
            displaced.end(End::TakenOver);
        }
    }

    /// Whether what comes may be read: of those who wait for their turn, only so much.
    fn has_room(&self) -> bool {
        self.start.as_ref().is_none_or(|(_, ahead)| ahead.len() < MOST_AHEAD)
    }

    /// Reads the first bytes; of a refused peer, and of one that waits, to notice that it goes.
    fn read(&mut self) {
        let Some(stream) = &self.stream else { return };
        let mut bytes = [0; 2048];
        let now = Instant::now();
        match stream.try_read(&mut bytes) {
            Ok(0) => {
                self.stream = None;
                self.machine.handle_failed(Failure::Lost, now);
            }
            Ok(n) if self.machine.wants_data() => {
                self.machine.handle_data(bytes.get(..n).unwrap_or_default(), now);
            }
            Ok(n) => match &mut self.start {
                Some((_, ahead)) => ahead.extend_from_slice(bytes.get(..n).unwrap_or_default()),
                None => self.ignored += n,
            },
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => {
                self.stream = None;
                self.machine.handle_failed(Failure::Lost, now);
            }
        }
    }
}

async fn poll_work(work: &mut Option<Work>) -> Done {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

async fn poll_question(question: &mut Option<oneshot::Receiver<Question>>) -> Option<Question> {
    match question {
        Some(question) => question.await.ok(),
        None => std::future::pending().await,
    }
}

async fn poll_decisions(
    decisions: &mut Option<(Fingerprint, broadcast::Receiver<Decided>)>,
) -> Decided {
    let Some((key, decisions)) = decisions else { return std::future::pending().await };
    loop {
        match decisions.recv().await {
            Ok(decided) if decided.key == *key => return decided,
            // Who lags misses a decision, and is let in by it at its next call.
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn poll_readable(stream: &Option<TcpStream>) {
    match stream {
        // An error is found by the read that follows.
        Some(stream) => drop(stream.readable().await),
        None => std::future::pending().await,
    }
}

/// The secret before the one that was issued then counts no more; if another one was made meanwhile, it still does.
async fn end_old_secret(shared: Arc<Shared>, name: DeviceName, issued: Timestamp) {
    let message = "came with the new secret: the old one counts no more";
    let event = Event { device: Some(name.clone()), ..timeline::event(OLD_SECRET_ENDED, message) };
    let entry =
        Entry::by_gateway(OLD_SECRET_ENDED, Timestamp::now()).saying(format!("{name} {message}"));
    let entry = Entry { device: Some(name.clone()), ..entry };
    let changes = vec![
        Change::EndOldSecret(name, issued),
        Change::Record(Box::new(event)),
        crate::audit::change(entry),
    ];
    let ended = shared.store.write(changes).await;
    if let Err(error) = ended
        && !matches!(error, WriteError::ChangedMeanwhile(_))
    {
        tracing::warn!(code = error.code(), %error, "an old secret counts until its time is over");
    }
}
