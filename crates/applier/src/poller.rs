//! One look for all that wait for resources of the same kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use trueup_model::{KindName, Live};
use trueup_provider::{Failure, FailureClass};

use crate::guard::{guarded, lock};
use crate::host::{Desk, Shared, Work};
use crate::schedule::{FIRST_LOOK, Schedule};

/// The pollers of a run, one task a kind, each begun when something first waits for its kind.
pub(crate) struct Pollers {
    shared: Arc<Shared>,
    kinds: Mutex<BTreeMap<KindName, Arc<Queue>>>,
    /// Numbers are never used twice: a round that began earlier must not answer a later watch.
    numbers: AtomicU64,
    tasks: Mutex<JoinSet<()>>,
}

/// What one look saw; `None` is "not there".
type Reading = Result<Option<Live>, Failure>;

/// The resources of one kind that are waited for.
#[derive(Default)]
struct Queue {
    watches: Mutex<BTreeMap<u64, Watch>>,
    changed: Notify,
}

struct Watch {
    id: String,
    since: Instant,
    due: Instant,
    schedule: Schedule,
    readings: mpsc::UnboundedSender<Reading>,
}

/// The readings of one resource, for as long as somebody listens.
pub(crate) struct Readings {
    number: u64,
    queue: Weak<Queue>,
    receiver: mpsc::UnboundedReceiver<Reading>,
}

impl Pollers {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            kinds: Mutex::default(),
            numbers: AtomicU64::new(0),
            tasks: Mutex::default(),
        }
    }

    /// Looks at a resource again and again until the readings are dropped.
    pub(crate) fn watch(&self, kind: &KindName, id: &str, schedule: Schedule) -> Readings {
        let queue = self.queue(kind);
        let (sender, receiver) = mpsc::unbounded_channel();
        let since = Instant::now();
        let due = since + FIRST_LOOK;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let watch = Watch { id: id.to_owned(), since, due, schedule, readings: sender };
        lock(&queue.watches).insert(number, watch);
        queue.changed.notify_one();
        Readings { number, queue: Arc::downgrade(&queue), receiver }
    }

    fn queue(&self, kind: &KindName) -> Arc<Queue> {
        let mut kinds = lock(&self.kinds);
        let new = || {
            let queue = Arc::<Queue>::default();
            let look = look(Arc::clone(&self.shared), kind.clone(), Arc::clone(&queue));
            lock(&self.tasks).spawn(look);
            queue
        };
        Arc::clone(kinds.entry(kind.clone()).or_insert_with(new))
    }

    /// Ends all looking; when it returns, nothing more is emitted.
    pub(crate) async fn shut_down(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        // A task that does not yield within a second is left to the runtime.
        let _ = timeout(Duration::from_secs(1), tasks.shutdown()).await;
    }
}

impl Readings {
    /// What the next look sees.
    pub(crate) async fn next(&mut self) -> Reading {
        self.receiver.recv().await.unwrap_or_else(|| {
            Err(Failure::new(FailureClass::Interrupted, "the run ended while this was waited for"))
        })
    }
}

impl Drop for Readings {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.upgrade() {
            lock(&queue.watches).remove(&self.number);
        }
    }
}

/// Looks at all queue resources of a kind whenever one of them is due.
async fn look(shared: Arc<Shared>, kind: KindName, queue: Arc<Queue>) {
    loop {
        let next = lock(&queue.watches).values().map(|watch| watch.due).min();
        match next {
            None => queue.changed.notified().await,
            Some(due) if due > Instant::now() => tokio::select! {
                () = sleep_until(due) => {}
                () = queue.changed.notified() => {}
            },
            Some(_) => round(&shared, &kind, &queue).await,
        }
    }
}

/// One poll, for everybody who waited when it began: an older reading says nothing about a change
/// that came after it.
async fn round(shared: &Arc<Shared>, kind: &KindName, queue: &Queue) {
    let (numbers, ids): (Vec<u64>, BTreeSet<String>) =
        lock(&queue.watches).iter().map(|(number, watch)| (*number, watch.id.clone())).unzip();
    let ids: Vec<String> = ids.into_iter().collect();
    let desk = Desk::new(Arc::clone(shared), Work::Reading);
    let answer = guarded(shared.provider.poll(&desk, kind, &ids)).await;
    let now = Instant::now();
    let mut watches = lock(&queue.watches);
    for number in numbers {
        let Some(watch) = watches.get_mut(&number) else { continue };
        let age = now.duration_since(watch.since);
        watch.due = watch.since + watch.schedule.next_look(age);
        if let Some(reading) = reading(&answer, &watch.id) {
            // Who no longer listens removes the watch.
            let _ = watch.readings.send(reading);
        }
    }
}

/// What an answer says of one resource; nothing, when the next look may work.
fn reading(answer: &Result<BTreeMap<String, Live>, Failure>, id: &str) -> Option<Reading> {
    match answer {
        Ok(lives) => Some(Ok(lives.get(id).cloned())),
        Err(failure) => match failure.class {
            FailureClass::Throttled
            | FailureClass::Unavailable
            | FailureClass::Ambiguous
            | FailureClass::Unreachable
            | FailureClass::NotYet
            | FailureClass::Conflict
            | FailureClass::Draining => None,
            FailureClass::Exists
            | FailureClass::Missing
            | FailureClass::Quota
            | FailureClass::Capacity
            | FailureClass::Credentials
            | FailureClass::Denied
            | FailureClass::Invalid
            | FailureClass::Broken
            | FailureClass::TimedOut
            | FailureClass::Interrupted
            | FailureClass::Internal => Some(Err(failure.clone())),
        },
    }
}
