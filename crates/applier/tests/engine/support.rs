//! A scripted account in memory, plans in short words, and the laws that every run obeys.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep};
use trueup_applier::{Events, Interrupt, Report, Run, WIDTH, apply};
use trueup_model::change::{Cause, Change};
use trueup_model::event::{Event, Skipped, Stamped};
use trueup_model::expression::{EvaluationError, Lookup, Scope};
use trueup_model::snapshot::Wanted;
use trueup_model::value::Values;
use trueup_model::{
    Action, Address, Catalog, Condition, Disruption, Evaluator, Expression, Kind, KindName, Live,
    Operation, Ownership, Plan, Snapshot, Step, StepId, Template, Value,
};
use trueup_provider::{
    Bucket, Call, Create, Delete, Failure, FailureClass, Host, Identity, Limits, Provider, Safety,
    Until, Update, call,
};

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// What a call does before the script goes on to the next entry.
pub(crate) enum Answer {
    /// It fails and nothing happened.
    Fails(Failure),
    /// It takes effect, and the answer is lost.
    IsLost,
}

/// What happens when a resource is made, changed or deleted.
pub(crate) struct Script {
    pub(crate) action: &'static str,
    pub(crate) safety: Safety,
    /// How long the call itself takes.
    pub(crate) call: Duration,
    /// What the first attempts come to; later ones succeed.
    pub(crate) answers: VecDeque<Answer>,
    /// How long until it is visible to reads.
    pub(crate) visible: Duration,
    /// How long until it is ready; the provider then waits for it with the host.
    pub(crate) ready: Option<Duration>,
    /// The state that it ends in instead of ready.
    pub(crate) ends_as: Condition,
    pub(crate) panics: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            action: "ec2:CreateThing",
            safety: Safety::Once,
            call: Duration::ZERO,
            answers: VecDeque::new(),
            visible: Duration::ZERO,
            ready: None,
            ends_as: Condition::Ready,
            panics: false,
        }
    }
}

impl Script {
    pub(crate) fn taking(seconds: f64) -> Self {
        Self { call: Duration::from_secs_f64(seconds), ..Self::default() }
    }

    pub(crate) fn ready_after(seconds: f64) -> Self {
        Self { ready: Some(Duration::from_secs_f64(seconds)), ..Self::default() }
    }

    pub(crate) fn failing(class: FailureClass, times: usize) -> Self {
        let answers = (0..times).map(|_| Answer::Fails(failure(class))).collect();
        Self { answers, ..Self::default() }
    }
}

pub(crate) fn failure(class: FailureClass) -> Failure {
    Failure {
        code: Some(format!("{class:?}Code")),
        request_id: Some("req-1".to_owned()),
        ..Failure::new(class, "AWS's words")
    }
}

/// The account.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) limits: Limits,
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) scripts: BTreeMap<Address, Script>,
    pub(crate) things: Vec<Thing>,
    /// The requests as they came.
    pub(crate) creates: Vec<Create>,
    pub(crate) updates: Vec<Update>,
    pub(crate) deletes: Vec<Delete>,
    pub(crate) forgotten: Vec<String>,
    /// The kind and the ids of each poll.
    pub(crate) polls: Vec<(KindName, Vec<String>)>,
    /// What the first polls come to.
    pub(crate) poll_failures: VecDeque<Failure>,
    pub(crate) poll_panics: bool,
    /// When each mutating call arrived, by action.
    pub(crate) arrivals: Vec<(&'static str, Duration)>,
    pub(crate) busy: usize,
    pub(crate) most_busy: usize,
    began: Option<Instant>,
}

pub(crate) struct Thing {
    pub(crate) live: Live,
    visible: Instant,
    ready: Instant,
    ends_as: Condition,
}

impl Account {
    pub(crate) fn new<'a>(scripts: impl IntoIterator<Item = (&'a str, Script)>) -> Self {
        let account = Self::default();
        let scripts = scripts.into_iter().map(|(text, script)| (address(text), script));
        account.state.lock().unwrap().scripts = scripts.collect();
        account
    }

    pub(crate) fn limited(mut self, buckets: &[(&str, u32, f64)]) -> Self {
        let buckets = buckets
            .iter()
            .map(|&(name, burst, per_second)| (name.to_owned(), Bucket { burst, per_second }));
        self.limits = Limits { buckets: buckets.collect() };
        self
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    /// One mutating call by the script of the address; `effect` happens with the call.
    async fn mutate(
        &self,
        host: &dyn Host,
        address: &Address,
        effect: impl Fn(&mut State) + Send + Sync,
    ) -> Result<(), Failure> {
        let (action, safety, time, panics) = self.look(|state| {
            let script = state.scripts.entry(address.clone()).or_default();
            (script.action, script.safety, script.call, script.panics)
        });
        assert!(!panics, "the script of {address} says so");
        self.look(|state| {
            state.busy += 1;
            state.most_busy = state.most_busy.max(state.busy);
        });
        let scripted = match safety {
            Safety::Read => Call::read(action),
            Safety::Repeatable => Call::repeatable(action),
            Safety::Once => Call::once(action),
        };
        let answer = call(host, scripted, async || {
            self.look(|state| {
                let began = *state.began.get_or_insert_with(Instant::now);
                state.arrivals.push((action, began.elapsed()));
            });
            sleep(time).await;
            self.look(|state| {
                match state.scripts.get_mut(address).and_then(|it| it.answers.pop_front()) {
                    Some(Answer::Fails(failure)) => return Err(failure),
                    Some(Answer::IsLost) => {
                        effect(state);
                        return Err(Failure::new(FailureClass::Ambiguous, "connection lost"));
                    }
                    None => effect(state),
                }
                Ok(((), Some(format!("req-{address}"))))
            })
        })
        .await;
        self.look(|state| state.busy -= 1);
        answer
    }

    async fn wait_if_scripted(
        &self,
        host: &dyn Host,
        address: &Address,
        id: &str,
    ) -> Result<Live, Failure> {
        let waits = self.look(|state| state.scripts[address].ready.is_some());
        let read = self.look(|state| state.thing(id).map(|thing| thing.live.clone()));
        if !waits {
            return Ok(read.unwrap());
        }
        Ok(host.wait(&address.kind, id, Until::Ready).await?.unwrap())
    }
}

impl State {
    pub(crate) fn thing(&self, id: &str) -> Option<&Thing> {
        self.things.iter().find(|thing| thing.live.id == id)
    }

    /// Something that was there before.
    pub(crate) fn adopt(&mut self, live: Live) {
        let now = Instant::now();
        self.things.push(Thing { live, visible: now, ready: now, ends_as: Condition::Ready });
    }

    fn make(&mut self, request: &Create) {
        let number = self.things.len();
        let script = &self.scripts[&request.address];
        let id = format!("{}-{number}", request.kind);
        let outputs = [
            ("id".to_owned(), Value::from(id.as_str())),
            ("arn".to_owned(), Value::from(format!("arn:{id}"))),
        ];
        let live = Live {
            kind: request.kind.clone(),
            id,
            ownership: request.ownership.clone(),
            attributes: request.attributes.clone(),
            outputs: outputs.into(),
            tags: request.tags.clone(),
            condition: Condition::Ready,
            scheduled: Values::new(),
        };
        let now = Instant::now();
        let ready = now + script.ready.unwrap_or_default();
        let visible = now + script.visible;
        self.things.push(Thing { live, visible, ready, ends_as: script.ends_as.clone() });
    }
}

#[async_trait]
impl Provider for Account {
    async fn identity(&self, host: &dyn Host) -> Result<Identity, Failure> {
        let identity = Identity {
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/test".to_owned(),
            region: "us-west-2".to_owned(),
        };
        call(host, Call::read("sts:GetCallerIdentity"), async || Ok((identity.clone(), None))).await
    }

    async fn observe(&self, host: &dyn Host, wanted: &Wanted) -> Result<Snapshot, Failure> {
        for _ in 0..3 {
            call(host, Call::read("ec2:DescribeThings"), async || {
                let failure = self.look(|state| state.poll_failures.pop_front());
                failure.map_or(Ok(((), None)), Err)
            })
            .await?;
        }
        assert_ne!(wanted.stack, "panics");
        let things = self.look(|state| state.things.iter().map(|it| it.live.clone()).collect());
        Ok(Snapshot { resources: things, ..Snapshot::default() })
    }

    async fn poll(
        &self,
        host: &dyn Host,
        kind: &KindName,
        ids: &[String],
    ) -> Result<BTreeMap<String, Live>, Failure> {
        assert!(!self.look(|state| state.poll_panics), "a poll panics");
        self.look(|state| state.polls.push((kind.clone(), ids.to_vec())));
        if let Some(failure) = self.look(|state| state.poll_failures.pop_front()) {
            return Err(failure);
        }
        call(host, Call::read("ec2:DescribeThings"), async || Ok(((), None))).await?;
        let now = Instant::now();
        Ok(self.look(|state| {
            let seen =
                state.things.iter().filter(|it| now >= it.visible && ids.contains(&it.live.id));
            let as_of_now = seen.map(|thing| {
                let pending = Condition::Pending("creating".to_owned());
                let condition = if now >= thing.ready { thing.ends_as.clone() } else { pending };
                (thing.live.id.clone(), Live { condition, ..thing.live.clone() })
            });
            as_of_now.collect()
        }))
    }

    async fn create(&self, host: &dyn Host, request: &Create) -> Result<Live, Failure> {
        self.look(|state| state.creates.push(request.clone()));
        let mine = |state: &mut State| {
            let mut things = state.things.iter();
            let found = things.find(|it| {
                it.live.ownership.address.as_ref() == Some(&request.address)
                    && it.live.ownership.spec == request.ownership.spec
            });
            found.map(|thing| thing.live.id.clone())
        };
        // As a kind without token or natural key does it: look by tag, make, look again.
        let id = loop {
            let make = |state: &mut State| {
                let repeated = self_repeats(state, request) && mine(state).is_some();
                if !repeated {
                    state.make(request);
                }
            };
            match self.mutate(host, &request.address, make).await {
                Err(failure) if !failure.may_have_happened() => return Err(failure),
                Ok(()) | Err(_) => {}
            }
            if let Some(id) = self.look(mine) {
                break id;
            }
        };
        self.wait_if_scripted(host, &request.address, &id).await
    }

    async fn update(&self, host: &dyn Host, request: &Update) -> Result<Live, Failure> {
        self.look(|state| state.updates.push(request.clone()));
        self.mutate(host, &request.address, |state| {
            let things = state.things.iter_mut();
            for thing in things.filter(|thing| thing.live.id == request.id) {
                thing.live.attributes = request.attributes.clone();
            }
        })
        .await?;
        self.wait_if_scripted(host, &request.address, &request.id).await
    }

    async fn delete(&self, host: &dyn Host, request: &Delete) -> Result<(), Failure> {
        self.look(|state| state.deletes.push(request.clone()));
        let id = &request.before.id;
        self.mutate(host, &request.address, |state| state.things.retain(|it| it.live.id != *id))
            .await?;
        host.wait(&request.address.kind, id, Until::Gone).await?;
        Ok(())
    }

    async fn forget(&self, _: &dyn Host, before: &Live) -> Result<(), Failure> {
        self.look(|state| state.forgotten.push(before.id.clone()));
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.limits.clone()
    }
}

/// Whether the call carries a token, so that the service recognises a repetition.
fn self_repeats(state: &State, request: &Create) -> bool {
    state.scripts[&request.address].safety == Safety::Repeatable
}

/// Replaces every `${REFERENCE}` by its value.
pub(crate) struct Substitution;

impl Evaluator for Substitution {
    fn evaluate(
        &self,
        template: &Template,
        scope: &dyn Scope,
    ) -> Result<Option<Value>, EvaluationError> {
        let mut text = template.source.clone();
        for reference in &template.references {
            match scope.lookup(reference) {
                Lookup::Known(value) => {
                    text = text.replace(&format!("${{{reference}}}"), &value.to_string());
                }
                Lookup::Unknown => return Ok(None),
                Lookup::Missing => {
                    let message = format!("there is no {reference}");
                    return Err(EvaluationError { source_text: text, message });
                }
            }
        }
        let account = scope.ambient("account").unwrap().to_string();
        Ok(Some(Value::from(text.replace("${account}", &account))))
    }
}

/// A plan in the making.
pub(crate) struct Planned(pub(crate) Plan);

impl Planned {
    pub(crate) fn new() -> Self {
        Self(Plan {
            format: 1,
            stack: "test".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-west-2".to_owned(),
            stack_digest: String::new(),
            changes: Vec::new(),
            steps: Vec::new(),
            withheld: Vec::new(),
            findings: Vec::new(),
            expect: Vec::new(),
            outputs: BTreeMap::new(),
            fingerprints: BTreeMap::new(),
            longest_chain: Vec::new(),
            seconds: 0,
            proofs: Vec::new(),
            api_calls: 0,
        })
    }

    /// A resource of the stack.
    pub(crate) fn change(&mut self, text: &str, action: Action, id: Option<&str>) {
        let address = address(text);
        self.0.changes.retain(|change| change.address != address);
        self.0.changes.push(Change {
            kind: address.kind.clone(),
            address,
            action,
            id: id.map(str::to_owned),
            cause: Cause::File,
            reasons: Vec::new(),
            attributes: Vec::new(),
            disruption: Disruption::None,
            seconds: 0,
            remarks: Vec::new(),
            location: None,
        });
        self.0.changes.sort_by(|one, other| one.address.cmp(&other.address));
    }

    pub(crate) fn step(
        &mut self,
        text: &str,
        operation: Operation,
        seconds: u32,
        after: &[StepId],
    ) -> StepId {
        let address = address(text);
        let id = self.0.steps.len();
        let (kind, after) = (address.kind.clone(), after.to_vec());
        self.0.steps.push(Step {
            id,
            address,
            kind,
            operation,
            after,
            seconds,
            lingers: 0,
            location: None,
        });
        id
    }

    /// A resource that is made, without attributes.
    pub(crate) fn create(&mut self, text: &str, seconds: u32, after: &[StepId]) -> StepId {
        self.create_with(text, seconds, after, [])
    }

    pub(crate) fn create_with<const N: usize>(
        &mut self,
        text: &str,
        seconds: u32,
        after: &[StepId],
        attributes: [(&str, Expression); N],
    ) -> StepId {
        self.change(text, Action::Create, None);
        let ownership = owned(text);
        let mut tags: BTreeMap<String, Expression> =
            ownership.to_tags().into_iter().map(|(key, value)| (key, value.into())).collect();
        tags.insert("team".to_owned(), "blue".into());
        let attributes = attributes.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
        let token = format!("token-{text}");
        self.step(text, Operation::Create { attributes, tags, ownership, token }, seconds, after)
    }
}

pub(crate) fn owned(text: &str) -> Ownership {
    Ownership {
        stack: Some("test".to_owned()),
        address: Some(address(text)),
        spec: Some("0123456789abcdef".to_owned()),
        ..Ownership::default()
    }
}

pub(crate) fn live(text: &str, id: &str) -> Live {
    Live {
        kind: address(text).kind,
        id: id.to_owned(),
        ownership: owned(text),
        attributes: Values::new(),
        outputs: [("id".to_owned(), Value::from(id))].into(),
        tags: BTreeMap::new(),
        condition: Condition::Ready,
        scheduled: Values::new(),
    }
}

/// Kinds whose usual times are those of AWS.
pub(crate) fn catalog() -> Arc<Catalog> {
    let kind = |name, create: [u32; 3], delete: [u32; 3]| {
        let mut kind = Kind::new(name, "ec2", "for tests");
        kind.times.create = create;
        kind.times.delete = delete;
        kind
    };
    let kinds = [
        kind("vpc", [1, 2, 11], [1, 1, 3]),
        kind("subnet", [1, 1, 12], [1, 1, 2]),
        kind("nat_gateway", [94, 107, 124], [37, 55, 80]),
        kind("db_instance", [315, 450, 620], [240, 275, 400]),
    ];
    Arc::new(Catalog::new(kinds, Vec::new()))
}

/// A run of a plan against an account, nothing unusual about it.
pub(crate) fn usual(plan: Plan, account: &Arc<Account>) -> (Run, UnboundedReceiver<Stamped>) {
    let (events, stream) = Events::channel();
    let run = Run {
        plan: Arc::new(plan),
        snapshot: Arc::new(Snapshot::default()),
        provider: Arc::clone(account) as Arc<dyn Provider>,
        catalog: catalog(),
        evaluator: Arc::new(Substitution),
        events,
        interrupt: Interrupt::new(),
        seed: 7,
        width: WIDTH,
        wait_for_tail: true,
    };
    (run, stream)
}

/// Runs, checks the laws, and gives the report and the events.
pub(crate) async fn lawful(run: Run, stream: UnboundedReceiver<Stamped>) -> (Report, Vec<Stamped>) {
    let plan = Arc::clone(&run.plan);
    let report = apply(run).await;
    let events = drain(stream);
    obey_the_laws(&plan, &report, &events);
    (report, events)
}

/// The usual run of a plan.
pub(crate) async fn applied(plan: Planned, account: &Arc<Account>) -> (Report, Vec<Stamped>) {
    let (run, stream) = usual(plan.0, account);
    lawful(run, stream).await
}

pub(crate) fn drain(mut stream: UnboundedReceiver<Stamped>) -> Vec<Stamped> {
    std::iter::from_fn(|| stream.try_recv().ok()).collect()
}

/// What holds of every run, however it went.
pub(crate) fn obey_the_laws(plan: &Plan, report: &Report, events: &[Stamped]) {
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "times never go back");
    assert!(matches!(events.first().unwrap().event, Event::Started { .. }));
    assert!(matches!(events.last().unwrap().event, Event::Finished { .. }));
    let (mut begun, mut done, mut ended) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for Stamped { event, .. } in events {
        match event {
            Event::StepStarted(step) => {
                assert!(begun.insert(step.step), "{} begins once", step.address);
                let after = &plan.steps[step.step].after;
                assert!(after.iter().all(|before| done.contains(before)), "{}", step.address);
            }
            Event::StepDone { step, .. } => {
                assert!(begun.contains(&step.step) && ended.insert(step.step));
                done.insert(step.step);
            }
            Event::StepFailed { step, .. } => assert!(ended.insert(step.step)),
            Event::StepSkipped { step, because } => {
                let drains = matches!(because, Skipped::Drains { .. });
                assert!(begun.contains(&step.step) == drains && ended.insert(step.step));
            }
            Event::StepWaiting { step, .. } | Event::StepDraining { step, .. } => {
                assert!(begun.contains(&step.step) && !ended.contains(&step.step));
            }
            Event::Call(call) => {
                let of_ended = |it: &Address| {
                    plan.steps.iter().all(|step| step.address != *it || ended.contains(&step.id))
                };
                assert!(!call.address.as_ref().is_some_and(of_ended), "{call:?}");
            }
            Event::Started { .. }
            | Event::Finished { .. }
            | Event::Interrupted
            | Event::LeaseLost
            | Event::Settling { .. }
            | Event::LogBroken => {}
        }
    }
    assert_eq!(ended.len(), plan.steps.len(), "every step ends");
    assert_eq!(report.done.len() + report.failed.len() + report.skipped.len(), plan.steps.len());
    assert_eq!(done.len(), report.done.len());
    let calls = events.iter().filter(|it| matches!(it.event, Event::Call(_))).count();
    assert_eq!(calls, report.calls as usize);
}

/// Events as short lines: seconds, what, which.
pub(crate) fn lines(events: &[Stamped]) -> String {
    let line = |stamped: &Stamped| {
        let text = match &stamped.event {
            Event::Started { steps, .. } => format!("started {steps}"),
            Event::StepStarted(step) => format!("{} {}", step.verb, step.address),
            Event::StepWaiting { step, state } => format!("  {} waits: {state}", step.address),
            Event::StepDraining { step, what, usually, .. } => {
                format!("  {} waits: {what}, usually until {}", step.address, usually / 1000)
            }
            Event::StepDone { step, .. } => format!("  {} done", step.address),
            Event::StepFailed { step, message, .. } => {
                format!("  {} failed: {message}", step.address)
            }
            Event::StepSkipped { step, because } => {
                let because = match because {
                    Skipped::DependencyFailed { on } => format!("{on} failed"),
                    Skipped::Interrupted => "interrupted".to_owned(),
                    Skipped::LeaseLost => "lease lost".to_owned(),
                    Skipped::LogBroken => "log broken".to_owned(),
                    Skipped::CredentialsFailed => "credentials".to_owned(),
                    Skipped::Drains { what } => what.clone(),
                    Skipped::DependencyDrains { on } => format!("{on} drains"),
                };
                format!("  {} skipped: {because}", step.address)
            }
            Event::Interrupted => "interrupted".to_owned(),
            Event::LeaseLost => "lease lost".to_owned(),
            Event::Settling { .. } => "settling".to_owned(),
            Event::LogBroken => "log broken".to_owned(),
            Event::Finished { done, failed, skipped, .. } => {
                format!("finished: {done} done, {failed} failed, {skipped} skipped")
            }
            Event::Call(_) => return None,
        };
        #[expect(clippy::cast_precision_loss, reason = "for reading")]
        let seconds = stamped.at as f64 / 1000.0;
        Some(format!("{seconds:>7.2} {text}"))
    };
    events.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}
