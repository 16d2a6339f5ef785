//! Our side: the provider that calls the simulated service through the host, as it would call AWS.

mod around;
mod change;
mod clock;
mod create;
mod lease;
mod observe;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use trueup_model::kind::{Catalog, Kind};
use trueup_model::snapshot::{Live, Snapshot, Wanted};
use trueup_model::value::Values;
use trueup_model::{KindName, Value};
use trueup_provider::{
    Call, Create, Delete, Failure, FailureClass, Host, Identity, LeaseStore, Limits, Provider,
    Update,
};

use self::clock::Clock;
pub use self::lease::{Parameter, Parameters};
use crate::chance::hex;
use crate::faults::{Fault, FaultPlan, Faults, crashed, throttled};
use crate::options::{Latency, SimOptions};
use crate::rates::{Meter, limits};
use crate::service::{Service, normalise};
use crate::testing::watch::Watch;
use crate::world::World;

/// The round trip of a call that reads, and of one that changes something.
const ROUND_TRIP: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// A simulated account as a provider.
pub struct Sim {
    catalog: Arc<Catalog>,
    options: SimOptions,
    state: Mutex<State>,
}

/// What somebody else does, and when by the world's clock.
type Intrusion = Box<dyn FnOnce(&mut World, u64) + Send>;

struct State {
    world: World,
    clock: Clock,
    meter: Meter,
    faults: Faults,
    /// Whether the program has died of a fault.
    crashed: bool,
    reads: u64,
    watch: Option<Arc<Watch>>,
    /// What others do while a run is at work, before the call of that number that changes something.
    others: Vec<(u64, Intrusion)>,
    /// Whether the world is kept after every change, and those that were.
    records: bool,
    history: Vec<World>,
}

/// How many calls there were, repeated attempts included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub calls: u64,
    /// Those that can change something.
    pub changes: u64,
    /// By action.
    pub by_action: BTreeMap<&'static str, u64>,
}

impl Sim {
    /// An account with what is in `world`.
    pub fn new(catalog: Arc<Catalog>, mut world: World, options: SimOptions) -> Self {
        if world.account.is_empty() {
            world.account.clone_from(&options.account);
        }
        if world.region.is_empty() {
            world.region.clone_from(&options.region);
        }
        normalise(&catalog, &mut world);
        let state = State {
            clock: Clock::new(world.clock),
            world,
            meter: Meter::default(),
            faults: Faults::new(options.faults.clone(), options.seed),
            crashed: false,
            reads: 0,
            watch: None,
            others: Vec::new(),
            records: false,
            history: Vec::new(),
        };
        Self { catalog, options, state: Mutex::new(state) }
    }

    /// What the account holds now.
    pub fn world(&self) -> World {
        self.lock().world.clone()
    }

    /// Changes the account behind the program's back.
    pub fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, Failure> {
        let mut state = self.lock();
        let answer = change(&mut state.world);
        normalise(&self.catalog, &mut state.world);
        if let Some(watch) = &state.watch {
            watch.accept(&state.world);
        }
        self.save(&state.world)?;
        Ok(answer)
    }

    /// Has others do something in the middle of a run: before the call of that number that changes
    /// something, counted as [`Sim::counts`] counts.
    pub fn at_change(&self, number: u64, intrusion: impl FnOnce(&mut World, u64) + Send + 'static) {
        self.lock().others.push((number, Box::new(intrusion)));
    }

    /// Keeps the world as it is after every change from now on, until one is done by half: which half
    /// that is in AWS, which has several calls for some changes and one for others, is not simulated.
    pub fn record(&self) {
        self.lock().records = true;
    }

    /// What was kept since then; nothing more is.
    pub fn recorded(&self) -> Vec<World> {
        let mut state = self.lock();
        state.records = false;
        std::mem::take(&mut state.history)
    }

    /// Has somebody look at the world after every change, or nobody any more.
    pub fn set_watch(&self, watch: Option<Arc<Watch>>) {
        self.lock().watch = watch;
    }

    /// Makes something that no stack owns, at once and without a call; gives its id. What is not
    /// said of it is as AWS makes it.
    pub fn add_foreign(
        &self,
        kind: &str,
        attributes: Values,
        tags: &BTreeMap<String, String>,
    ) -> Result<String, Failure> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let now = state.world.clock;
        let mut service = self.service(&mut state.world, &mut state.reads, now, None);
        let declared = service.kind(kind)?;
        let mut all = service.defaults(declared);
        all.extend(attributes);
        let id = service.insert(declared, all, tags)?;
        if let Some(item) = state.world.resources.get_mut(&World::key(kind, &id)) {
            item.phase = crate::Phase::Ready;
        }
        self.save(&state.world)?;
        Ok(id)
    }

    /// Lets time pass between two runs: only while a run is going on does it pass by itself.
    pub fn let_pass(&self, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.lock().clock.skip(milliseconds);
    }

    /// Goes on after a simulated crash, as a new process would.
    pub fn restart(&self) {
        self.lock().crashed = false;
    }

    /// Whether the program has died of a fault and was not restarted.
    pub fn has_crashed(&self) -> bool {
        self.lock().crashed
    }

    /// Other faults from now on; counts begin anew.
    pub fn set_faults(&self, plan: FaultPlan, seed: u64) {
        self.lock().faults = Faults::new(plan, seed);
    }

    /// How many calls there were since the beginning or the last [`Sim::set_faults`].
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        let Faults { calls, changes, by_action, .. } = &state.faults;
        Counts { calls: *calls, changes: *changes, by_action: by_action.clone() }
    }

    /// The kinds that the account knows.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of another thread leaves the world as some call left it, which is what a test
        // wants to look at.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, world: &World) -> Result<(), Failure> {
        let saved = self.options.on_change.as_ref().map_or(Ok(()), |save| save.call(world));
        saved.map_err(|why| Failure::new(FailureClass::Internal, why))
    }

    fn service<'a>(
        &'a self,
        world: &'a mut World,
        reads: &'a mut u64,
        now: u64,
        fault: Option<Fault>,
    ) -> Service<'a> {
        Service { catalog: &self.catalog, options: &self.options, world, now, fault, reads }
    }

    /// One operation of the service, as a call.
    async fn call<T: Send>(
        &self,
        host: &dyn Host,
        call: Call,
        operation: impl Fn(&mut Service<'_>) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, Failure> {
        trueup_provider::call(host, call, || self.attempt(host, call, &operation)).await
    }

    /// One attempt of a call, with all that can go wrong on the way.
    async fn attempt<T: Send>(
        &self,
        host: &dyn Host,
        call: Call,
        operation: &(impl Fn(&mut Service<'_>) -> Result<T, Failure> + Send + Sync),
    ) -> Result<(T, Option<String>), Failure> {
        let (fault, request_id) = self.admit(&call)?;
        let stamp = |failure| Failure { request_id: Some(request_id.clone()), ..failure };
        if self.options.latency != Latency::Instant {
            host.sleep(ROUND_TRIP[usize::from(call.mutates())]).await;
        }
        if let Some(failure) = fault.and_then(Fault::before) {
            return Err(stamp(failure));
        }
        let answer = self.serve(&call, fault, operation).map_err(stamp)?;
        // What never arrives has no request id.
        match fault.and_then(Fault::after) {
            Some(failure) if fault.is_some_and(Fault::crashes) => Err(self.crash(failure)),
            Some(failure) => Err(failure),
            None => Ok((answer, Some(request_id.clone()))),
        }
    }

    /// Counts a call, and refuses it where it must not reach the service.
    fn admit(&self, call: &Call) -> Result<(Option<Fault>, String), Failure> {
        let mut state = self.lock();
        if state.crashed {
            return Err(crashed());
        }
        let now = state.clock.now();
        let fault = state.faults.draw(call);
        let number = state.faults.calls.to_string();
        let request_id = hex(self.options.seed, &["request", call.action, &number], 16);
        if self.options.throttle && !state.meter.admits(call.action, now) {
            return Err(Failure { request_id: Some(request_id), ..throttled() });
        }
        if fault == Some(Fault::CrashBefore) {
            state.crashed = true;
            return Err(crashed());
        }
        Ok((fault, request_id))
    }

    fn serve<T>(
        &self,
        call: &Call,
        fault: Option<Fault>,
        operation: &impl Fn(&mut Service<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.crashed {
            return Err(crashed());
        }
        let now = state.clock.now();
        if call.mutates() {
            self.let_others(state);
        }
        let mut service = self.service(&mut state.world, &mut state.reads, now, fault);
        service.advance();
        if call.mutates()
            && let Some(watch) = &state.watch
        {
            // What became of things in time is not what the call does.
            watch.look(service.world);
        }
        let answer = operation(&mut service)?;
        // Without latency what was begun is also done, before anybody can look.
        service.advance();
        if call.mutates() {
            if let Some(watch) = &state.watch {
                watch.look(&state.world);
            }
            state.records &= !fault.is_some_and(Fault::halves);
            if state.records {
                state.history.push(state.world.clone());
            }
            self.save(&state.world)?;
        }
        Ok(answer)
    }

    /// Does what others do by now.
    fn let_others(&self, state: &mut State) {
        let (changes, now) = (state.faults.changes, state.clock.now());
        let (due, later) = std::mem::take(&mut state.others)
            .into_iter()
            .partition::<Vec<_>, _>(|(number, _)| *number <= changes);
        state.others = later;
        for (_, intrusion) in due {
            intrusion(&mut state.world, now);
            normalise(&self.catalog, &mut state.world);
            if let Some(watch) = &state.watch {
                watch.accept(&state.world);
            }
        }
    }

    fn crash(&self, failure: Failure) -> Failure {
        self.lock().crashed = true;
        failure
    }

    fn kind(&self, name: &KindName) -> Result<&Kind, Failure> {
        self.catalog.get(name.as_str()).ok_or_else(|| {
            Failure::new(FailureClass::Internal, format!("the simulator knows no kind {name}"))
        })
    }
}

/// The action that a call of some sort is counted, limited and recorded as.
#[derive(Debug, Clone, Copy)]
enum Sort {
    Read,
    Create,
    Update,
    Delete,
    Tag,
}

/// The action of that sort among those that a kind declares to need.
fn action(kind: &Kind, sort: Sort) -> &'static str {
    let permissions = &kind.permissions;
    let (list, verbs, otherwise): (_, &[&str], _) = match sort {
        Sort::Read => (permissions.read, &["Describe", "List", "Get"], "sim:Describe"),
        Sort::Create => {
            (permissions.create, &["Create", "Allocate", "Run", "Put", "Import"], "sim:Create")
        }
        Sort::Update => {
            (permissions.update, &["Modify", "Update", "Put", "Set", "Authorize"], "sim:Modify")
        }
        Sort::Delete => (permissions.delete, &["Delete", "Release", "Terminate"], "sim:Delete"),
        Sort::Tag => (permissions.update, &["CreateTags", "AddTags", "Tag"], "sim:Tag"),
    };
    let of_own_service = |action: &&&'static str| {
        action.split_once(':').is_some_and(|(service, verb)| {
            service == kind.service && verbs.iter().any(|start| verb.starts_with(start))
        })
    };
    let tags = |action: &&&'static str| action.contains("Tag");
    let fitting = list
        .iter()
        .filter(of_own_service)
        .find(|action| matches!(sort, Sort::Tag | Sort::Read) || !tags(action));
    fitting.or_else(|| list.first()).copied().unwrap_or(otherwise)
}

#[async_trait]
impl Provider for Sim {
    async fn identity(&self, host: &dyn Host) -> Result<Identity, Failure> {
        self.call(host, Call::read("sts:GetCallerIdentity"), |service| {
            let World { account, region, .. } = &*service.world;
            let arn = format!("arn:aws:iam::{account}:user/sandbox");
            Ok(Identity { account: account.clone(), arn, region: region.clone() })
        })
        .await
    }

    async fn observe(&self, host: &dyn Host, wanted: &Wanted) -> Result<Snapshot, Failure> {
        self.observe_all(host, wanted).await
    }

    async fn poll(
        &self,
        host: &dyn Host,
        kind: &KindName,
        ids: &[String],
    ) -> Result<BTreeMap<String, Live>, Failure> {
        let call = Call::read(action(self.kind(kind)?, Sort::Read));
        let mut found = BTreeMap::new();
        for page in ids.chunks(self.options.page_size.max(1)) {
            let read = |service: &mut Service<'_>| {
                let mut found = Vec::new();
                for id in page {
                    found.extend(service.read(kind.as_str(), id)?);
                }
                Ok(found)
            };
            let page = self.call(host, call, read).await?;
            found.extend(page.into_iter().map(|live| (live.id.clone(), live)));
        }
        Ok(found)
    }

    async fn create(&self, host: &dyn Host, request: &Create) -> Result<Live, Failure> {
        self.create_one(host, request).await
    }

    async fn update(&self, host: &dyn Host, request: &Update) -> Result<Live, Failure> {
        self.update_one(host, request).await
    }

    async fn delete(&self, host: &dyn Host, request: &Delete) -> Result<(), Failure> {
        self.delete_one(host, request).await
    }

    async fn forget(&self, host: &dyn Host, before: &Live) -> Result<(), Failure> {
        let call = Call::repeatable(action(self.kind(&before.kind)?, Sort::Tag));
        let (kind, id) = (before.kind.as_str(), &before.id);
        let forgotten = self.call(host, call, |service| {
            let tags = service.item(kind, id)?.tags.clone();
            service.tag(kind, id, &trueup_model::Ownership::split(tags).1)
        });
        match forgotten.await {
            Err(failure) if failure.class == FailureClass::Missing => Ok(()),
            outcome => outcome,
        }
    }

    fn limits(&self) -> Limits {
        limits(&self.catalog)
    }

    fn leases(&self) -> Option<&dyn LeaseStore> {
        Some(self)
    }
}

/// The text of an attribute.
fn text<'a>(values: &'a Values, name: &str) -> Option<&'a str> {
    values.get(name).and_then(Value::as_str)
}
