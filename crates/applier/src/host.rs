//! What a provider borrows while it works: rates, retries, waiting, records.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use trueup_model::event::{CallEvent, Event, StepEvent};
use trueup_model::{Address, Catalog, KindName, Live};
use trueup_provider::{Call, CallOutcome, Failure, FailureClass, Host, Provider, Until, Verdict};

use crate::buckets::Limiter;
use crate::events::Events;
use crate::guard::lock;
use crate::interrupt::Interrupt;
use crate::jitter::Jitter;
use crate::journal::{self, Outcome};
use crate::poller::Pollers;
use crate::report::AWS_GOES_ON;
use crate::retry::{self, Hope};
use crate::schedule::{Phase, Schedule};
use crate::slot::Slot;
use crate::tail::Tail;
use crate::wait::{Look, Sightings, judge};

/// How long waits go on after an interrupt.
const AFTER_INTERRUPT: Duration = Duration::from_secs(1);

/// What all hosts of a run share.
pub(crate) struct Shared {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) events: Events,
    pub(crate) limiter: Limiter,
    pub(crate) interrupt: Interrupt,
    /// What to expect of what AWS takes away in time; none, if nobody waits for it.
    pub(crate) tail: Option<Tail>,
    pub(crate) seed: u64,
}

/// The host of one step, of one kind's polls, or of one observation.
pub(crate) struct Desk {
    shared: Arc<Shared>,
    work: Work,
    jitter: Mutex<Jitter>,
    /// When the first attempt began of each call that is being tried again.
    first_attempts: Mutex<BTreeMap<&'static str, Instant>>,
    told: Mutex<String>,
    gave_up: Mutex<Option<String>>,
}

/// What a host is lent for.
pub(crate) enum Work {
    /// One step.
    Step {
        event: StepEvent,
        phase: Phase,
        /// The usual seconds that are left from here: who has more goes first.
        remaining: u64,
        slot: Slot,
        pollers: Arc<Pollers>,
    },
    /// Reading: it delays whoever waits for it, so it goes first.
    Reading,
}

impl Desk {
    pub(crate) fn new(shared: Arc<Shared>, work: Work) -> Self {
        let part = match &work {
            Work::Step { event, .. } => event.step as u64 + 1,
            // Processes that read at the same moment come apart by their clocks.
            Work::Reading => shared.events.now() << 32,
        };
        let jitter = Mutex::new(Jitter::new(shared.seed, part));
        let (first_attempts, told, gave_up) = Default::default();
        Self { shared, work, jitter, first_attempts, told, gave_up }
    }

    /// What was tried again in vain, for the error.
    pub(crate) fn gave_up(&self) -> Option<String> {
        lock(&self.gave_up).take()
    }

    /// Tells the user once what a step waits for.
    fn tell(&self, state: &str) {
        let Work::Step { event, .. } = &self.work else { return };
        let mut told = lock(&self.told);
        if *told != state {
            state.clone_into(&mut told);
            let (step, state) = (event.clone(), state.to_owned());
            self.shared.events.emit(Event::StepWaiting { step, state });
        }
    }

    /// Tells the user once that a step waits for AWS to take something away, and until when.
    fn tell_draining(&self, tail: &Tail, what: &str) {
        let Work::Step { event, .. } = &self.work else { return };
        let mut told = lock(&self.told);
        if *told != what {
            what.clone_into(&mut told);
            let (step, what) = (event.clone(), what.to_owned());
            let (usually, at_most) = tail.ends(self.shared.events.now());
            self.shared.events.emit(Event::StepDraining { step, what, usually, at_most });
        }
    }

    async fn without_slot(&self, waiting: impl Future<Output = ()> + Send) {
        let Work::Step { slot, .. } = &self.work else { return waiting.await };
        slot.release();
        waiting.await;
        slot.regain().await;
    }

    fn record(&self, call: &Call, attempt: u32, outcome: CallOutcome<'_>) {
        let (took, request_id, failure) = match outcome {
            CallOutcome::Done { request_id, took } => (took, request_id, None),
            CallOutcome::Failed { failure, took } => {
                (took, failure.request_id.as_deref(), Some(failure))
            }
        };
        let code = |failure: &Failure| {
            failure.code.clone().unwrap_or_else(|| format!("{:?}", failure.class))
        };
        let event = CallEvent {
            action: call.action.to_owned(),
            address: self.address().cloned(),
            mutates: call.mutates(),
            attempt,
            took,
            request_id: request_id.map(str::to_owned),
            error: failure.map(code),
        };
        let outcome = Outcome::of(failure);
        if event.mutates && outcome != Outcome::Failed {
            self.shared.events.count_change();
        }
        if let Some(journal) = self.shared.events.journal().filter(|_| event.mutates) {
            journal.answered(&event, outcome);
        }
        self.shared.events.emit(Event::Call(event));
    }

    fn verdict(&self, call: &Call, attempt: u32, failure: &Failure, took: u64) -> Verdict {
        if failure.class == FailureClass::Draining {
            let Some(tail) = &self.shared.tail else { return Verdict::Return };
            self.tell_draining(tail, &failure.message);
        }
        let now = Instant::now();
        let began = now.checked_sub(Duration::from_millis(took)).unwrap_or(now);
        let mut firsts = lock(&self.first_attempts);
        if attempt == 1 {
            firsts.insert(call.action, began);
        }
        let elapsed = now.duration_since(*firsts.entry(call.action).or_insert(began));
        drop(firsts);
        let fraction = lock(&self.jitter).fraction();
        let hope = match &self.work {
            Work::Step { .. } => Hope::Begun,
            Work::Reading => Hope::Reading,
        };
        let verdict = retry::verdict(call, failure, (attempt, elapsed), hope, fraction);
        if attempt > 1 && verdict == Verdict::Return {
            *lock(&self.gave_up) = Some(format!(
                "{} was tried {attempt} times in {} seconds",
                call.action,
                elapsed.as_secs()
            ));
        }
        verdict
    }

    async fn watch(
        &self,
        pollers: &Arc<Pollers>,
        (kind, id): (&KindName, &str),
        phase: Phase,
        until: Until<'_>,
    ) -> Result<Option<Live>, Failure> {
        let schedule = self.schedule(kind, phase);
        let begin = Instant::now();
        let deadline = begin + schedule.patience();
        let mut readings = pollers.watch(kind, id, schedule);
        let mut sightings = Sightings::default();
        let mut interrupted = std::pin::pin!(self.interrupted());
        loop {
            let reading = tokio::select! {
                biased;
                reading = readings.next() => reading,
                () = &mut interrupted => return Err(self.left_to_aws(kind, id)),
                () = tokio::time::sleep_until(deadline) => {
                    return Err(self.too_long(kind, id, schedule.patience()));
                }
            };
            match judge(&until, reading?, begin.elapsed(), &mut sightings) {
                Look::Satisfied(live) => return Ok(live.map(|live| *live)),
                Look::Never(failure) => return Err(failure),
                Look::NotYet(state) => self.tell(&state),
            }
        }
    }

    fn schedule(&self, kind: &KindName, phase: Phase) -> Schedule {
        let usual = trueup_model::Kind::new("", "", "").times;
        let times = self.shared.catalog.get(kind.as_str()).map_or(usual, |kind| kind.times);
        Schedule::new(&times, phase)
    }

    /// Waits until the user has interrupted, and a moment longer: what is as good as done is waited for.
    async fn interrupted(&self) {
        self.shared.interrupt.beyond(0).await;
        tokio::time::sleep(AFTER_INTERRUPT).await;
    }

    /// What AWS has begun it ends without us; nobody who interrupts wants to wait for it.
    fn left_to_aws(&self, kind: &KindName, id: &str) -> Failure {
        let state = lock(&self.told).clone();
        let state = if state.is_empty() { "not as wanted yet" } else { state.as_str() };
        let message = format!("interrupted: {kind} {id} is {state}, {AWS_GOES_ON}");
        Failure::new(FailureClass::Interrupted, message)
            .help("run the command again: it goes on from what exists by then")
    }

    fn too_long(&self, kind: &KindName, id: &str, patience: Duration) -> Failure {
        let last = lock(&self.told).clone();
        let minutes = patience.as_secs() / 60;
        let failure = Failure::new(
            FailureClass::TimedOut,
            format!(
                "{kind} {id} was not as wanted after {minutes} minutes; its last state: {last}"
            ),
        );
        failure.help("see in the AWS console what it waits for, then apply again")
    }
}

#[async_trait]
impl Host for Desk {
    async fn before(&self, call: &Call, attempt: u32) {
        let priority = match &self.work {
            Work::Step { remaining, .. } => *remaining,
            Work::Reading => u64::MAX,
        };
        if let Some(turn) = self.shared.limiter.ask(call, priority) {
            self.without_slot(async {
                // The buckets live as long as the run.
                let _ = turn.await;
            })
            .await;
        }
        journal::ask(self.shared.events.journal(), self.address(), call, attempt);
    }

    fn after(&self, call: &Call, attempt: u32, outcome: CallOutcome<'_>) -> Verdict {
        self.record(call, attempt, outcome);
        match outcome {
            CallOutcome::Done { .. } => {
                self.shared.limiter.recover(call);
                Verdict::Return
            }
            CallOutcome::Failed { failure, took } => {
                if failure.class == FailureClass::Throttled {
                    self.shared.limiter.slow(call);
                }
                let verdict = self.verdict(call, attempt, failure, took);
                let passing =
                    matches!(failure.class, FailureClass::NotYet | FailureClass::Conflict);
                if passing && verdict != Verdict::Return {
                    self.tell(&failure.to_string());
                }
                verdict
            }
        }
    }

    async fn sleep(&self, duration: Duration) {
        self.without_slot(tokio::time::sleep(duration)).await;
    }

    async fn rest(&self, duration: Duration) -> bool {
        let Work::Step { slot, .. } = &self.work else {
            self.sleep(duration).await;
            return true;
        };
        slot.release();
        let rested = tokio::select! {
            biased;
            _ = self.shared.interrupt.beyond(0) => false,
            // Whoever has the lease now does not see what would be made after this.
            _ = self.shared.interrupt.stopped() => false,
            () = tokio::time::sleep(duration) => true,
        };
        if rested {
            slot.regain().await;
        }
        rested
    }

    async fn drain(&self, what: &str, pause: Duration) -> Result<(), Failure> {
        let failure = Failure::draining(what);
        let Some(tail) = &self.shared.tail else { return Err(failure) };
        self.tell_draining(tail, &failure.message);
        if self.rest(pause).await { Ok(()) } else { Err(failure.interrupted()) }
    }

    fn now(&self) -> u64 {
        self.shared.events.now()
    }

    async fn wait(
        &self,
        kind: &KindName,
        id: &str,
        until: Until<'_>,
    ) -> Result<Option<Live>, Failure> {
        let Work::Step { phase, slot, pollers, .. } = &self.work else {
            let message = format!("{kind} {id} was waited for while reading");
            return Err(Failure::new(FailureClass::Internal, message));
        };
        slot.release();
        let answer = self.watch(pollers, (kind, id), *phase, until).await;
        slot.regain().await;
        answer
    }

    fn address(&self) -> Option<&Address> {
        match &self.work {
            Work::Step { event, .. } => Some(&event.address),
            Work::Reading => None,
        }
    }
}
