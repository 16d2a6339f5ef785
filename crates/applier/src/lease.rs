//! The lease that keeps two applies of one stack apart: taken, renewed beside the work, given up.
//!
//! `docs/decisions/0004` says why it is as it is; [`protocol`] decides, this carries it out.

mod left;
mod protocol;
mod record;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use trueup_model::Event;
use trueup_provider::{Failure, FailureClass, Host, LeaseStore, Leases, Provider};

use self::protocol::{Answer, Ask, Entry, Keep, Keeping, Taken, Taking, USUAL, counting, settled};
use self::record::{Record, Says};
use crate::events::Events;
use crate::guard::lock;
use crate::observe::reading;

pub use self::left::Left;
pub use self::record::Holder;

/// Tells the wall time.
pub type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Whose lease is wanted, by whom.
#[derive(Clone)]
pub struct Leasing {
    /// AWS, or what stands for it.
    pub provider: Arc<dyn Provider>,
    /// The stack.
    pub stack: String,
    /// Who wants it.
    pub holder: Holder,
    /// Whether they make things: what a run made that dies is waited for by the next.
    pub makes: bool,
    /// The wall time.
    pub clock: WallClock,
    /// Where the events of its API calls go.
    pub events: Events,
}

/// A lease as somebody else sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which generation it is.
    pub generation: u64,
    /// Who holds it; none, if what is written there is not ours.
    pub holder: Option<Holder>,
    /// Until when it was last renewed, in RFC 3339 by the holder's clock.
    pub until: Option<String>,
    /// Seconds until it may be taken over, unless it is renewed; none, if it may be already.
    pub free_in: Option<u64>,
}

/// Why a lease was not taken.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// Somebody holds it; none, if somebody is just taking it.
    Held(Option<Holding>),
    /// The store failed.
    Failed(Failure),
}

/// A lease that is held, and renewed for as long as this lives.
pub struct Lease {
    seat: Arc<Seat>,
    generation: u64,
    /// From when on AWS lists all that earlier runs made.
    settled_at: u64,
    older: Arc<Older>,
    state: watch::Receiver<Standing>,
    renewal: JoinSet<()>,
}

/// Generations that have no use any more, with the times from which on they may be deleted.
type Older = Mutex<Vec<(u64, u64)>>;

/// How a held lease stands.
#[derive(Debug, Clone)]
enum Standing {
    Sure { until: u64 },
    Lost(Option<Holding>),
}

struct Seat {
    leasing: Leasing,
    begin: Instant,
    wall_begin: SystemTime,
}

/// Takes the lease of a stack. One that is held by somebody else is refused at once.
pub async fn take(leasing: Leasing) -> Result<Lease, Refusal> {
    let seat = Arc::new(Seat::new(leasing));
    let mut taking = Taking::new(seat.leasing.holder.id.as_str().into(), USUAL);
    let mut last = Vec::new();
    let mut unanswered = None;
    loop {
        let ask = match taking.next(seat.now()) {
            Ok(ask) => ask,
            Err(Taken::Theirs(None)) if let Some(failure) = unanswered => {
                return Err(Refusal::Failed(failure));
            }
            Err(Taken::Theirs(entry)) => {
                let holding = entry.map(|entry| holding(&entry, &last, None));
                return Err(Refusal::Held(holding));
            }
            Err(Taken::Mine { keeping, settled_at, older }) => {
                return Ok(Lease::begin(seat, keeping, settled_at, older));
            }
        };
        if ask == Ask::List && taking.looks() > 0 {
            pause(taking.looks()).await;
        }
        let answer = match seat.ask(ask, seat.held()).await {
            Ok((answer, leases)) => {
                last = leases.unwrap_or(last);
                unanswered = unanswered.filter(|_| ask == Ask::List);
                answer
            }
            Err(failure) if ask != Ask::List && failure.may_have_happened() => {
                unanswered = Some(failure);
                Answer::Failed
            }
            Err(failure) if failure.class == FailureClass::Exists => Answer::Exists,
            Err(failure) => return Err(Refusal::Failed(failure)),
        };
        taking.hear(&answer, seat.now());
    }
}

/// Who holds the lease of a stack; none, if it is free. One that has expired is told too.
pub async fn held(leasing: Leasing) -> Result<Option<Holding>, Failure> {
    let seat = Seat::new(leasing);
    let (answer, leases) = seat.ask(Ask::List, seat.held()).await?;
    let Answer::Listed { entries, now } = answer else { return Ok(None) };
    let leases = leases.unwrap_or_default();
    let entry = counting(&entries).last().filter(|entry| entry.held);
    Ok(entry.map(|entry| holding(entry, &leases, Some(now))))
}

/// Takes a lease away from whoever holds it: a next generation that nobody holds ends theirs. It says
/// whether their last calls were a moment ago. What was before it is deleted by the next holder.
pub async fn break_lease(leasing: Leasing, held: &Holding) -> Result<(), Failure> {
    let seat = Seat::new(leasing);
    let mut looks = 0;
    let (next, says) = loop {
        let Some((next, says)) = seat.above(held, looks).await? else { return Ok(()) };
        match seat.ask(Ask::Create(next), says).await {
            // Its name may be one that was deleted, which is free again after a while.
            Err(failure) if failure.class == FailureClass::Exists && looks < USUAL.looks => {
                looks += 1;
                pause(looks).await;
            }
            created => {
                created?;
                break (next, says);
            }
        }
    };
    // As for whoever takes it: where the one before is gone, so is the stack that was read of.
    match seat.ask(Ask::Create(next - 1), says).await {
        Err(failure) if failure.class == FailureClass::Exists => Ok(()),
        Err(failure) => Err(failure),
        Ok(_) => {
            seat.ask(Ask::Delete(next - 1), says).await?;
            seat.ask(Ask::Delete(next), says).await.map(|_| ())
        }
    }
}

/// Before somebody looks again who has looked so often.
async fn pause(looks: u32) {
    sleep(Duration::from_secs(looks.min(LONGEST_PAUSE).into())).await;
}

/// The longest pause, in seconds, before somebody looks again who could not create a generation.
const LONGEST_PAUSE: u32 = 5;
/// How often a holder looks at the clocks: a machine that was asleep may have lost the lease.
const LONGEST_NAP: Duration = Duration::from_secs(5);
/// How long giving up a lease may take before it is left to expire.
const FAREWELL: Duration = Duration::from_secs(20);
/// How long one change of the store may take, with all attempts, before it is taken for failed. What
/// took effect later than [`protocol::Times::grace`] after it was decided upon could meet others.
const CHANGE: Duration = Duration::from_secs(20);

impl Lease {
    fn begin(
        seat: Arc<Seat>,
        keeping: Keeping,
        settled_at: u64,
        mut older: Vec<(u64, u64)>,
    ) -> Self {
        // What tells the next run to wait stays as long as this one itself would have to.
        for (_, from) in &mut older {
            *from = settled_at.max(*from);
        }
        let older = Arc::new(Mutex::new(older));
        let generation = keeping.generation();
        let (sender, state) = watch::channel(Standing::Sure { until: keeping.sure_until() });
        let mut renewal = JoinSet::new();
        let (old, mine) = (Arc::clone(&older), Arc::clone(&seat));
        renewal.spawn(async move { keep(&mine, keeping, &old, &sender).await });
        Self { seat, generation, settled_at, older, state, renewal }
    }

    /// Waits until the lease is lost, and says to whom, if that is known.
    pub async fn lost(&mut self) -> Option<Holding> {
        match self.state.wait_for(|standing| matches!(standing, Standing::Lost(_))).await.as_deref()
        {
            Ok(Standing::Lost(to)) => to.clone(),
            // The renewal ends only by losing it.
            Ok(Standing::Sure { .. }) | Err(_) => None,
        }
    }

    /// Whether nobody else can have it at this moment.
    pub fn is_sure(&self) -> bool {
        match &*self.state.borrow() {
            Standing::Sure { until } => self.seat.now() < *until,
            Standing::Lost(_) => false,
        }
    }

    /// How long what an interrupted run made may be missing in AWS's lists; none, if it is not.
    pub fn unsettled(&self) -> Option<Duration> {
        self.seat.left(self.settled_at)
    }

    /// Waits until AWS lists all that earlier runs made. Before that, what is read is not all there
    /// is, and an apply would make it again. Says so in an event, if there is something to wait for.
    pub async fn settle(&self) {
        let Some(left) = self.unsettled() else { return };
        self.seat.leasing.events.emit(Event::Settling { remaining: millis(left) });
        while let Some(left) = self.unsettled() {
            sleep(left).await;
        }
    }

    /// Its API calls.
    pub fn events(&self) -> Events {
        self.seat.leasing.events.clone()
    }

    /// Gives it up, and writes down what the next run has to know.
    ///
    /// A lease that cannot be given up expires by itself, so failures are only told.
    pub async fn release(mut self, left: Left) -> Result<(), Failure> {
        self.renewal.shutdown().await;
        let released = timeout(FAREWELL, self.give_up(left)).await;
        released.unwrap_or_else(|_| Err(too_slow()))
    }

    async fn give_up(&self, left: Left) -> Result<(), Failure> {
        // Who did not wait has not seen either what an earlier run made.
        let unsettled = left == Left::Unsettled || self.unsettled().is_some();
        let nothing = left == Left::Nothing && !unsettled;
        if nothing {
            self.clear().await?;
        }
        if !self.is_sure() {
            // Others may have begun above it, and whoever has it clears up.
            return Ok(());
        }
        let says = if unsettled { Says::Unsettled } else { Says::Settled };
        let ask = if nothing { Ask::Delete(self.generation) } else { Ask::Write(self.generation) };
        self.seat.ask(ask, says).await.map(|_| ())
    }

    /// Deletes what is older, the oldest first: while this one stands, nobody begins above it.
    async fn clear(&self) -> Result<(), Failure> {
        let older = std::mem::take(&mut *lock(&self.older));
        for (generation, _) in older {
            if self.is_sure() {
                self.seat.ask(Ask::Delete(generation), Says::Settled).await?;
            }
        }
        Ok(())
    }
}

/// Renews a lease until it is lost.
async fn keep(
    seat: &Seat,
    mut keeping: Keeping,
    older: &Older,
    standing: &watch::Sender<Standing>,
) {
    let mut last = Vec::new();
    loop {
        delete_old(seat, older, keeping.sure_until()).await;
        match keeping.next(seat.now()) {
            Keep::WaitUntil(at) => {
                let wait = Duration::from_millis(at.saturating_sub(seat.now()));
                sleep(wait.min(LONGEST_NAP)).await;
            }
            Keep::Lost(to) => {
                let to = to.map(|entry| holding(&entry, &last, None));
                standing.send_replace(Standing::Lost(to));
                return;
            }
            Keep::Ask(ask) => {
                let left = seat.left(keeping.sure_until()).unwrap_or_default();
                let answer = match timeout(left, seat.ask(ask, seat.held())).await {
                    Ok(Ok((answer, leases))) => {
                        last = leases.unwrap_or(last);
                        answer
                    }
                    Ok(Err(_)) | Err(_) => Answer::Failed,
                };
                keeping.hear(&answer, seat.now());
                let until = keeping.sure_until();
                standing.send_replace(Standing::Sure { until });
            }
        }
    }
}

/// Deletes what has no use any more, as far as it is time for that; the oldest first.
async fn delete_old(seat: &Seat, older: &Older, sure_until: u64) {
    loop {
        let first = lock(older).first().copied();
        let Some((generation, _)) = first.filter(|(_, from)| *from <= seat.now()) else { return };
        let Some(left) = seat.left(sure_until) else { return };
        let deleted = timeout(left / 4, seat.ask(Ask::Delete(generation), seat.held())).await;
        if !matches!(deleted, Ok(Ok(_))) {
            // It is tried again, in the end by the next who takes the lease.
            return;
        }
        lock(older).retain(|(one, _)| *one != generation);
    }
}

impl Seat {
    fn new(leasing: Leasing) -> Self {
        let wall_begin = (leasing.clock)();
        Self { leasing, begin: Instant::now(), wall_begin }
    }

    /// Milliseconds since this began. A machine that slept has only its wall clock to tell so.
    fn now(&self) -> u64 {
        let wall = (self.leasing.clock)().duration_since(self.wall_begin).unwrap_or_default();
        millis(self.begin.elapsed().max(wall))
    }

    /// The generation with which somebody's lease is taken away, and what it says; none, if at a later
    /// look they have given it up.
    async fn above(&self, held: &Holding, looks: u32) -> Result<Option<(u64, Says)>, Failure> {
        let (answer, _) = self.ask(Ask::List, Says::Settled).await?;
        let Answer::Listed { entries, now } = answer else { return Ok(None) };
        let is_held = entries.iter().any(|one| one.held && one.generation == held.generation);
        if looks > 0 && !is_held {
            return Ok(None);
        }
        if entries.iter().any(|entry| entry.held && entry.generation > held.generation) {
            return Err(Failure::new(FailureClass::Exists, "another run has taken it meanwhile"));
        }
        let says = if settled(&entries, None, USUAL).is_some_and(|at| at > now) {
            Says::Unsettled
        } else {
            Says::Settled
        };
        // Above the holder's may be one of an attempt to take it away whose answer was lost.
        let highest = entries.iter().map(|entry| entry.generation).max();
        Ok(Some((highest.unwrap_or_default().max(held.generation) + 1, says)))
    }

    /// What is written while it is held.
    fn held(&self) -> Says {
        Says::Held { makes: self.leasing.makes }
    }

    fn left(&self, until: u64) -> Option<Duration> {
        until.checked_sub(self.now()).filter(|&left| left > 0).map(Duration::from_millis)
    }

    fn store(&self) -> Result<&dyn LeaseStore, Failure> {
        self.leasing.provider.leases().ok_or_else(|| {
            Failure::new(FailureClass::Internal, "this provider has no place for leases")
        })
    }

    /// One operation of the store, and what is said by what it writes.
    async fn ask(
        &self,
        ask: Ask,
        says: Says,
    ) -> Result<(Answer, Option<Vec<(u64, Record)>>), Failure> {
        let Leasing { provider, stack, events, .. } = &self.leasing;
        let desk = reading(provider, Arc::default(), events);
        let (host, store): (&dyn Host, _) = (&desk, self.store()?);
        let text = Record::new(&self.leasing.holder, (self.leasing.clock)(), says).text();
        let change = match ask {
            Ask::List => {
                let (answer, records) = self.listed(store.list(host, stack).await?);
                return Ok((answer, Some(records)));
            }
            Ask::Create(generation) => store.create(host, stack, generation, &text),
            Ask::Write(generation) => store.write(host, stack, generation, &text),
            Ask::Delete(generation) => store.delete(host, stack, generation),
        };
        timeout(CHANGE, change).await.unwrap_or_else(|_| Err(too_slow()))?;
        Ok((Answer::Done, None))
    }

    fn listed(&self, leases: Leases) -> (Answer, Vec<(u64, Record)>) {
        let wall = (self.leasing.clock)().duration_since(SystemTime::UNIX_EPOCH);
        let now = leases.now.unwrap_or_else(|| millis(wall.unwrap_or_default()));
        let mut records = Vec::new();
        let entries = leases.entries.into_iter().map(|entry| {
            let record = Record::read(&entry.text);
            let (generation, modified) = (entry.generation, entry.modified);
            let found = Entry {
                generation,
                // What we cannot read is taken for held: another version may have written it.
                holder: record.as_ref().map_or("", |one| one.id.as_str()).into(),
                held: record.as_ref().is_none_or(Record::is_held),
                unsettled: record.as_ref().is_none_or(|one| one.unsettled),
                term: record.as_ref().map_or(USUAL.term, |one| one.term_seconds * 1000),
                modified,
            };
            records.extend(record.map(|record| (generation, record)));
            found
        });
        let entries = entries.collect();
        (Answer::Listed { entries, now }, records)
    }
}

/// An entry in words; `now` is the store's time, if the entry may be free by then.
fn holding(entry: &Entry, records: &[(u64, Record)], now: Option<u64>) -> Holding {
    let record = records.iter().find(|(generation, _)| *generation == entry.generation);
    let record = record.map(|(_, record)| record);
    let left = now.map(|now| entry.expires(USUAL).saturating_sub(now).div_ceil(1000));
    Holding {
        generation: entry.generation,
        holder: record.map(Record::holder),
        until: record.map(|record| record.until.clone()),
        free_in: left.filter(|&left| left > 0),
    }
}

fn too_slow() -> Failure {
    let message = "the lease could not be written in time; what is written of it expires by itself";
    Failure::new(FailureClass::Unavailable, message)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
