//! Owns the truth of a run: which steps are ready, running, done, failed, skipped.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};
use trueup_model::event::{Event, Skipped, StepEvent};
use trueup_model::expression::Expressions;
use trueup_model::{Live, Operation, Step, StepId};
use trueup_provider::{Failure, FailureClass, Host};

use crate::Run;
use crate::buckets::Limiter;
use crate::executor::perform;
use crate::guard::guarded;
use crate::host::{Desk, Shared, Work};
use crate::interrupt::Stop;
use crate::path::Paths;
use crate::poller::Pollers;
use crate::report::{Failed, NotBegun, Report};
use crate::schedule::Phase;
use crate::scope::World;
use crate::slot::Slot;
use crate::tail::Tail;

/// Carries a plan out. Every step ends as exactly one of done, failed or skipped.
pub async fn apply(run: Run) -> Report {
    let mut dispatcher = Dispatcher::new(run);
    dispatcher.begin();
    dispatcher.dispatch().await;
    dispatcher.end().await
}

struct Dispatcher {
    run: Run,
    shared: Arc<Shared>,
    pollers: Arc<Pollers>,
    world: Arc<World>,
    paths: Paths,
    states: Vec<State>,
    /// Ready steps; the one with the longest remaining path on top.
    ready: BinaryHeap<(u64, Reverse<StepId>)>,
    tasks: JoinSet<Result<Option<Live>, Failure>>,
    running: BTreeMap<Id, StepId>,
    places: Arc<Semaphore>,
    interrupts: u32,
    stopped: bool,
    report: Report,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waits { on: usize },
    Ready,
    Running { since: u64 },
    Ended,
}

impl Dispatcher {
    fn new(run: Run) -> Self {
        let shared = Arc::new(Shared {
            provider: Arc::clone(&run.provider),
            catalog: Arc::clone(&run.catalog),
            events: run.events.clone(),
            limiter: Limiter::new(run.provider.limits()),
            interrupt: run.interrupt.clone(),
            tail: run.wait_for_tail.then(|| Tail::usual(&run.catalog)),
            seed: run.seed,
        });
        let world =
            World::new(Arc::clone(&run.plan), Arc::clone(&run.snapshot), Arc::clone(&run.catalog));
        let waits = |step: &Step| State::Waits { on: step.after.len() };
        Self {
            pollers: Arc::new(Pollers::new(Arc::clone(&shared))),
            world: Arc::new(world),
            paths: Paths::new(&run.plan.steps),
            states: run.plan.steps.iter().map(waits).collect(),
            ready: BinaryHeap::new(),
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            places: Arc::new(Semaphore::new(run.width.max(1))),
            interrupts: 0,
            stopped: false,
            report: Report::new(&run.events),
            shared,
            run,
        }
    }

    fn begin(&mut self) {
        let plan = Arc::clone(&self.run.plan);
        self.run.events.emit(Event::Started {
            stack: plan.stack.clone(),
            steps: plan.steps.len(),
            seconds: plan.seconds,
        });
        for (index, step) in plan.steps.iter().enumerate() {
            if step.id != index || step.after.iter().any(|&before| before >= index) {
                self.fail(index, out_of_order(step));
            } else if self.states[index] == (State::Waits { on: 0 }) {
                self.make_ready(index);
            }
        }
    }

    async fn dispatch(&mut self) {
        while !self.ready.is_empty() || !self.running.is_empty() {
            let places = Arc::clone(&self.places);
            tokio::select! {
                biased;
                times = self.run.interrupt.beyond(self.interrupts) => self.interrupted(times),
                stop = self.run.interrupt.stopped(), if !self.stopped => self.stop(stop),
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                Ok(place) = places.acquire_owned(), if !self.ready.is_empty() => self.start(place),
            }
            if self.interrupts > 1 {
                return self.abandon().await;
            }
        }
    }

    fn start(&mut self, place: OwnedSemaphorePermit) {
        let Some((remaining, Reverse(index))) = self.ready.pop() else { return };
        let step = &self.run.plan.steps[index];
        self.states[index] = State::Running { since: self.run.events.now() };
        self.run.events.emit(Event::StepStarted(event(step)));
        let work = Work::Step {
            event: event(step),
            phase: phase(&step.operation),
            remaining,
            slot: Slot::new(Arc::clone(&self.places), place),
            pollers: Arc::clone(&self.pollers),
        };
        let desk = Desk::new(Arc::clone(&self.shared), work);
        let (plan, world) = (Arc::clone(&self.run.plan), Arc::clone(&self.world));
        let evaluator = Arc::clone(&self.run.evaluator);
        let provider = Arc::clone(&self.run.provider);
        let task = self.tasks.spawn(async move {
            let host: &dyn Host = &desk;
            let step = &plan.steps[index];
            let work = perform(&*provider, host, step, &world, &*evaluator);
            let answer = guarded(work).await;
            answer.map_err(|failure| match desk.gave_up() {
                Some(attempts) => failure.help(attempts),
                None => failure,
            })
        });
        self.running.insert(task.id(), index);
    }

    fn ended(&mut self, ended: Result<(Id, Result<Option<Live>, Failure>), JoinError>) {
        let (task, answer) = match ended {
            Ok((task, answer)) => (task, answer),
            Err(error) => (error.id(), Err(stopped())),
        };
        let Some(index) = self.running.remove(&task) else { return };
        match answer {
            Ok(live) => self.done(index, live),
            Err(failure) => self.fail(index, failure),
        }
    }

    fn done(&mut self, index: StepId, live: Option<Live>) {
        let plan = Arc::clone(&self.run.plan);
        let step = &plan.steps[index];
        let since = match self.states[index] {
            State::Running { since } => since,
            State::Waits { .. } | State::Ready | State::Ended => self.run.events.now(),
        };
        let took = self.run.events.now() - since;
        let id = live.as_ref().map_or_else(|| gone_id(&step.operation), |live| Some(&live.id));
        let id = id.cloned();
        self.world.record(step, live);
        self.states[index] = State::Ended;
        self.report.done.push(index);
        self.run.events.emit(Event::StepDone { step: event(step), id, took });
        for later in self.paths.dependents[index].clone() {
            if let State::Waits { on } = &mut self.states[later] {
                *on -= 1;
                if *on == 0 {
                    self.make_ready(later);
                }
            }
        }
    }

    fn make_ready(&mut self, index: StepId) {
        self.states[index] = State::Ready;
        self.ready.push((self.paths.remaining[index], Reverse(index)));
    }

    fn fail(&mut self, index: StepId, failure: Failure) {
        if failure.class == FailureClass::Draining {
            return self.leave(index, failure.message);
        }
        let plan = Arc::clone(&self.run.plan);
        let step = &plan.steps[index];
        self.states[index] = State::Ended;
        self.run.events.emit(Event::StepFailed {
            step: event(step),
            message: failure.to_string(),
            code: failure.code.clone(),
            request_id: failure.request_id.clone(),
        });
        let class = failure.class;
        self.report.failed.push(Failed::new(step, failure));
        let because = Skipped::DependencyFailed { on: step.address.clone() };
        self.skip(self.behind(index), &because);
        if class == FailureClass::Credentials {
            self.skip(0..plan.steps.len(), &Skipped::CredentialsFailed);
        }
    }

    /// Leaves a step to a later run: AWS is not done with what was deleted before.
    fn leave(&mut self, index: StepId, what: String) {
        let plan = Arc::clone(&self.run.plan);
        self.states[index] = State::Ready;
        self.skip([index], &Skipped::Drains { what });
        let on = plan.steps[index].address.clone();
        self.skip(self.behind(index), &Skipped::DependencyDrains { on });
    }

    /// All steps that need this one, directly or not, in order.
    fn behind(&self, index: StepId) -> BTreeSet<StepId> {
        let mut found = BTreeSet::new();
        let mut open = self.paths.dependents[index].clone();
        while let Some(later) = open.pop() {
            if found.insert(later) {
                open.extend(&self.paths.dependents[later]);
            }
        }
        found
    }

    /// Skips those of the steps that are not begun.
    fn skip(&mut self, steps: impl IntoIterator<Item = StepId>, because: &Skipped) {
        for index in steps {
            if !matches!(self.states[index], State::Waits { .. } | State::Ready) {
                continue;
            }
            let step = &self.run.plan.steps[index];
            self.states[index] = State::Ended;
            self.report.skipped.push(NotBegun::new(step, because.clone()));
            let (step, because) = (event(step), because.clone());
            self.run.events.emit(Event::StepSkipped { step, because });
        }
        let states = &self.states;
        self.ready.retain(|(_, Reverse(index))| states[*index] == State::Ready);
    }

    fn interrupted(&mut self, times: u32) {
        if self.interrupts == 0 {
            self.report.interrupted = true;
            self.run.events.emit(Event::Interrupted);
            self.skip(0..self.run.plan.steps.len(), &Skipped::Interrupted);
        }
        self.interrupts = times;
    }

    fn stop(&mut self, because: Stop) {
        self.stopped = true;
        let (event, skipped) = match because {
            Stop::LeaseLost => (Event::LeaseLost, Skipped::LeaseLost),
            Stop::LogBroken => (Event::LogBroken, Skipped::LogBroken),
        };
        self.run.events.emit(event);
        self.skip(0..self.run.plan.steps.len(), &skipped);
    }

    /// Stops what is in flight. What AWS has begun goes on there; the next run finds it.
    async fn abandon(&mut self) {
        self.tasks.abort_all();
        let deadline = Instant::now() + LAST_WORDS;
        while let Ok(Some(ended)) = timeout_at(deadline, self.tasks.join_next_with_id()).await {
            self.ended(ended);
        }
        for index in std::mem::take(&mut self.running).into_values() {
            self.fail(index, stopped());
        }
    }

    async fn end(mut self) -> Report {
        self.pollers.shut_down().await;
        let calls = self.run.events.calls() - self.report.calls;
        self.report.calls = calls;
        self.report.changes = self.run.events.changes() - self.report.changes;
        self.report.took = self.run.events.now() - self.report.took;
        self.report.lives = self.world.lives();
        self.report.outputs = self.outputs();
        self.report.settle();
        self.run.events.emit(Event::Finished {
            done: self.report.done.len(),
            failed: self.report.failed.len(),
            skipped: self.report.skipped.len(),
            calls,
        });
        self.report
    }

    /// What cannot be evaluated now is told by the step that failed, or by the next plan.
    fn outputs(&self) -> Expressions {
        let outputs = self.run.plan.outputs.iter().map(|(name, output)| {
            let folded = output.resolve(&*self.run.evaluator, &*self.world);
            (name.clone(), folded.unwrap_or_else(|_| output.clone()))
        });
        outputs.collect()
    }
}

/// How long a second Ctrl-C waits for tasks to let go; only one that blocks its thread takes longer.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn event(step: &Step) -> StepEvent {
    StepEvent {
        step: step.id,
        address: step.address.clone(),
        kind: step.kind.clone(),
        verb: step.operation.verb(),
    }
}

fn phase(operation: &Operation) -> Phase {
    match operation {
        Operation::Create { .. } => Phase::Create,
        Operation::Update { .. } | Operation::Forget { .. } => Phase::Update,
        Operation::Delete { .. } => Phase::Delete,
    }
}

/// The id of what a step leaves nothing of.
fn gone_id(operation: &Operation) -> Option<&String> {
    match operation {
        Operation::Delete { before, .. } | Operation::Forget { before } => Some(&before.id),
        Operation::Create { .. } | Operation::Update { .. } => None,
    }
}

fn stopped() -> Failure {
    Failure::new(FailureClass::Interrupted, "stopped before AWS was done with it")
        .help("apply again: it goes on from what exists by then")
}

fn out_of_order(step: &Step) -> Failure {
    let message = format!("the plan is out of order at {}: a fault of trueup itself", step.address);
    Failure::new(FailureClass::Internal, message).help("make a new plan")
}
