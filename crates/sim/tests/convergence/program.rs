//! The program as its parts make it: load, read, plan, apply.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::pending;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use tokio::time::Instant;
use trueup_applier::{
    Ended, Events, Holder, Interrupt, Lease, Leasing, Left, Refusal, Report, Run, Stop, WIDTH,
};
use trueup_cli::engine;
use trueup_model::event::Skipped;
use trueup_model::plan::WhyNot;
use trueup_model::stack::OnDestroy;
use trueup_model::{Address, Catalog, Plan, Proof, Resource, Snapshot, Stack, Value};
use trueup_planner::{Mode, Options};
use trueup_provider::{Failure, FailureClass, Provider};
use trueup_sim::testing::converge::{Engine, Outcome};
use trueup_sim::testing::course::{Course, Fate, Stage};
use trueup_sim::testing::watch::Rules;
use trueup_sim::{Sim, SimOptions, World};
use trueup_stack::{CelEvaluator, DiskFiles, Files, Request, Variables};

use crate::meanwhile::Promise;

pub(crate) struct Program {
    pub(crate) stack: Stack,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) options: Options,
    evaluator: Arc<CelEvaluator>,
    /// After how many changes the next run is interrupted, and how often.
    pub(crate) interrupt_at: Cell<Option<(u64, u32)>>,
}

impl Program {
    /// The stack in a file of the folder `stacks`.
    #[expect(clippy::disallowed_methods, reason = "a test reads the stacks that must work")]
    pub(crate) fn of_file(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        Self::of_text(&text)
    }

    /// The same, with one part of its text replaced.
    #[expect(clippy::disallowed_methods, reason = "a test reads the stacks that must work")]
    pub(crate) fn of_edited_file(name: &str, from: &str, to: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from}");
        Self::of_text(&text.replace(from, to))
    }

    /// A stack as text; files that it names are those beside the stacks.
    pub(crate) fn of_text(text: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
        Self::with_files(text, &DiskFiles::new(&folder))
    }

    /// A stack as text, beside these files.
    pub(crate) fn with_files(text: &str, files: &dyn Files) -> Self {
        let catalog = Arc::new(trueup_aws::catalog());
        let loaded = trueup_stack::load(&Request {
            file: "stack.yaml",
            bytes: text.as_bytes(),
            files,
            catalog: &catalog,
            variables: &Variables::default(),
            region: Some("us-west-2"),
            account: Some("123456789012"),
        });
        let stack = loaded.stack.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let (options, evaluator) = (Options::default(), Arc::new(CelEvaluator));
        Self { stack, catalog, options, evaluator, interrupt_at: Cell::new(None) }
    }

    /// The same, to be destroyed, with all that holds data.
    pub(crate) fn destroying(mut self) -> Self {
        let allow_data_loss: BTreeSet<_> = self.stack.resources.keys().cloned().collect();
        self.options = Options {
            mode: Mode::Destroy,
            allow_data_loss,
            allow_mass_delete: true,
            ..self.options
        };
        self
    }

    /// A new account.
    pub(crate) fn account(&self, options: SimOptions) -> Arc<Sim> {
        let world = World::fresh(&self.catalog, &options);
        Arc::new(Sim::new(Arc::clone(&self.catalog), world, options))
    }

    /// Reads, seals and decides, as the program does.
    pub(crate) async fn plan(&self, sim: &Arc<Sim>) -> Result<(Plan, Snapshot), Trouble> {
        let snapshot = self.read(sim).await?;
        let decided = engine::decide(&self.stack, &self.catalog, &snapshot, &self.options);
        let plan = decided.map_err(|violations| Trouble::Contradicts(format!("{violations:?}")))?;
        Ok((plan, snapshot))
    }

    /// Proves the sentences on the network as it is.
    pub(crate) async fn prove_live(&self, sim: &Arc<Sim>) -> Result<Vec<Proof>, Trouble> {
        let snapshot = self.read(sim).await?;
        let plan = trueup_planner::plan(&trueup_planner::Input {
            stack: &self.stack,
            catalog: &self.catalog,
            snapshot: &snapshot,
            evaluator: &*self.evaluator,
            options: &self.options,
        });
        Ok(engine::prove_live(&self.stack, &snapshot, &plan))
    }

    async fn read(&self, sim: &Arc<Sim>) -> Result<Snapshot, Trouble> {
        let wanted = trueup_planner::wanted(&self.stack, &self.catalog);
        let provider: Arc<dyn Provider> = sim.clone();
        let events = Events::unread();
        let observed = trueup_applier::observe(&provider, &self.catalog, &wanted, &events);
        let snapshot = observed.await.map_err(Trouble::Aws)?;
        Ok(trueup_planner::seal(&self.stack, &self.catalog, &snapshot))
    }

    pub(crate) async fn apply(&self, sim: &Arc<Sim>, plan: Plan, snapshot: Snapshot) -> Report {
        self.apply_until(pending::<()>(), sim, plan, snapshot).await
    }

    /// Carries a plan out, and begins nothing more once the lease is `lost`.
    async fn apply_until<T>(
        &self,
        lost: impl Future<Output = T>,
        sim: &Arc<Sim>,
        plan: Plan,
        snapshot: Snapshot,
    ) -> Report {
        let interrupt = Interrupt::new();
        if let Some((changes, times)) = self.interrupt_at.take() {
            let interrupt = interrupt.clone();
            let raise = move |_: &mut World, _| (0..times).for_each(|_| interrupt.raise());
            sim.at_change(sim.counts().changes + changes, raise);
        }
        let stop = interrupt.clone();
        let mut apply = pin!(trueup_applier::apply(Run {
            wait_for_tail: true,
            plan: Arc::new(plan),
            snapshot: Arc::new(snapshot),
            provider: sim.clone(),
            catalog: Arc::clone(&self.catalog),
            evaluator: self.evaluator.clone(),
            events: Events::unread(),
            interrupt,
            seed: 1,
            width: WIDTH,
        }));
        tokio::select! {
            biased;
            _ = lost => {
                stop.stop(Stop::LeaseLost);
                apply.await
            }
            report = &mut apply => report,
        }
    }
}

/// Takes the lease, away from a run that died if need be, as somebody does who knows that it died.
async fn lease(stack: &str, makes: bool, sim: &Arc<Sim>) -> Result<Lease, Failure> {
    let leasing = leasing(stack, makes, sim);
    loop {
        match trueup_applier::take_lease(leasing.clone()).await {
            Ok(lease) => return Ok(lease),
            Err(Refusal::Held(Some(by))) => {
                trueup_applier::break_lease(leasing.clone(), &by).await?;
            }
            Err(Refusal::Held(None)) => {
                let message = "somebody is just taking the lease";
                return Err(Failure::new(FailureClass::Exists, message));
            }
            Err(Refusal::Failed(failure)) => return Err(failure),
        }
    }
}

pub(crate) fn leasing(stack: &str, makes: bool, sim: &Arc<Sim>) -> Leasing {
    let begin = Instant::now();
    let holder = Holder {
        id: format!("run {}", RUNS.fetch_add(1, Ordering::Relaxed)),
        who: "arn:aws:iam::123456789012:user/sandbox".to_owned(),
        host: "bench".to_owned(),
        since: String::new(),
    };
    Leasing {
        provider: sim.clone(),
        stack: stack.to_owned(),
        holder,
        makes,
        clock: Arc::new(move || SystemTime::UNIX_EPOCH + begin.elapsed()),
        events: Events::unread(),
    }
}

static RUNS: AtomicU64 = AtomicU64::new(1);

#[async_trait(?Send)]
impl Engine for Program {
    fn stack(&self) -> &str {
        &self.stack.name
    }

    async fn run(&self, sim: &Arc<Sim>) -> Outcome {
        let makes = self.options.mode == Mode::Apply;
        let mut lease = match lease(&self.stack.name, makes, sim).await {
            Ok(lease) => lease,
            Err(failure) => return failed(&failure),
        };
        lease.settle().await;
        let (outcome, left) = self.run_alone(sim, &mut lease).await;
        // A lease that was not given up expires.
        let _ = lease.release(left).await;
        outcome
    }

    fn rules(&self) -> Rules {
        let resources = || self.stack.resources.values();
        let under = |resource: &Resource| {
            [Some(resource.address.clone()), resource.moved_from.clone()].into_iter().flatten()
        };
        let mut may_lose = self.options.allow_data_loss.clone();
        let allowed = resources().filter(|it| self.options.allow_data_loss.contains(&it.address));
        may_lose.extend(allowed.flat_map(under));
        let those = |what: OnDestroy| resources().filter(move |it| it.on_destroy == what);
        Rules {
            stack: self.stack.name.clone(),
            adopts: resources()
                .filter_map(|it| Some(World::key(it.address.kind.as_str(), it.adopt.as_ref()?)))
                .collect(),
            may_lose,
            unsaved: those(OnDestroy::Delete).flat_map(under).collect(),
            retains: those(OnDestroy::Retain).flat_map(under).collect(),
        }
    }

    fn write_only(&self) -> Vec<(Address, String, Value)> {
        if self.options.mode == Mode::Destroy {
            return Vec::new();
        }
        let mut found = Vec::new();
        for resource in self.stack.resources.values() {
            let kind = self.catalog.get(resource.address.kind.as_str());
            let untold = kind.into_iter().flat_map(|kind| &kind.attributes);
            for attribute in untold.filter(|attribute| attribute.write_only) {
                if let Some(wish) = resource.known(attribute.name).filter(|wish| !wish.is_null()) {
                    let name = attribute.name.to_owned();
                    found.push((resource.address.clone(), name, wish.clone()));
                }
            }
        }
        found
    }
}

impl Program {
    async fn run_alone(&self, sim: &Arc<Sim>, lease: &mut Lease) -> (Outcome, Left) {
        let (plan, snapshot) = match self.plan(sim).await {
            Ok(planned) => planned,
            Err(Trouble::Aws(failure)) => return (failed(&failure), Left::Settled),
            Err(Trouble::Contradicts(why)) => {
                let faults = vec![format!("the plan contradicts itself: {why}")];
                return (Outcome { faults, ..Outcome::default() }, Left::Settled);
            }
        };
        let mut outcome =
            Outcome { planned: in_words(&plan), withheld: withheld(&plan), ..Outcome::default() };
        let is_destroyed = self.options.mode == Mode::Destroy;
        if is_destroyed && engine::protected(&plan).next().is_some() {
            // What is protected stops all of it.
            outcome.failures.push(REFUSED.to_owned());
            return (outcome, Left::seen(&self.stack.name, &snapshot));
        }
        if plan.is_empty() {
            return (outcome, Left::seen(&self.stack.name, &snapshot));
        }
        if engine::forbidding(&plan).next().is_some() {
            let broken = engine::forbidding(&plan).map(|finding| finding.message.clone());
            outcome.failures.extend(broken);
            return (outcome, Left::seen(&self.stack.name, &snapshot));
        }
        let read_all = snapshot.unreadable.is_empty();
        let promise = Promise::of(self, &plan, &snapshot);
        sim.record();
        let report = self.apply_until(lease.lost(), sim, plan.clone(), snapshot).await;
        match promise.broken(self, sim.recorded()).await {
            Ok(broken) => outcome.faults.extend(broken),
            Err(trouble) => outcome.faults.push(format!("{trouble:?}")),
        }
        let failures = report
            .failed
            .iter()
            .map(|failed| format!("{} {}: {}", failed.verb, failed.address, failed.failure));
        outcome.failures = failures.collect();
        outcome.course = Some(course(&plan, &report, read_all));
        (outcome, Left::after(&report, read_all))
    }
}

/// What a run says that was refused because something is protected.
pub(crate) const REFUSED: &str = "something is protected";

/// Why there is no plan.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// AWS could not be read.
    Aws(Failure),
    /// The plan breaks a rule of every plan.
    Contradicts(String),
}

fn failed(failure: &Failure) -> Outcome {
    Outcome { failures: vec![failure.to_string()], ..Outcome::default() }
}

/// What became of every step.
fn course(plan: &Plan, report: &Report, read_all: bool) -> Course {
    let mut stages: Vec<Stage> = plan
        .steps
        .iter()
        .map(|step| Stage {
            name: format!("{} {}", step.operation.verb(), step.address),
            address: step.address.to_string(),
            after: step.after.clone(),
            fate: Fate::Untold,
        })
        .collect();
    for &done in &report.done {
        stages[done].fate = Fate::Done;
    }
    for failed in &report.failed {
        stages[failed.step].fate = Fate::Failed;
    }
    for skipped in &report.skipped {
        stages[skipped.step].fate = match &skipped.because {
            Skipped::DependencyFailed { on } => Fate::SkippedFor(on.to_string()),
            _ => Fate::Skipped,
        };
    }
    let has_lost_lease = report.skipped.iter().any(|one| one.because == Skipped::LeaseLost);
    let is_stopped =
        has_lost_lease || matches!(report.ended, Ended::Interrupted | Ended::Credentials);
    let exit_code = engine::exit_code(plan, report, read_all);
    let leaves = !read_all || engine::leaves_work(plan);
    Course { stages, changes: report.changes, exit_code, is_stopped, leaves }
}

/// What a plan does.
pub(crate) fn in_words(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{} {}", step.operation.verb(), step.address)).collect()
}

/// The name of what a stack may protect or retain.
pub(crate) const KEPT: &str = "kept";

/// The names of an address that has one of them, and had another.
pub(crate) const MOVED: [&str; 2] = ["one", "two"];

fn may_be_kept(address: &Address) -> bool {
    address.name == KEPT || (address.kind == "log_group" && MOVED.contains(&&*address.name))
}

/// What a plan would do if it could.
fn withheld(plan: &Plan) -> Vec<String> {
    let waiting = plan.withheld.iter().filter_map(|withheld| match &withheld.why {
        WhyNot::Ignored { .. } | WhyNot::Scheduled { .. } => None,
        // It is to stay for ever; whether it does is looked at apart.
        WhyNot::Protected { .. } if may_be_kept(&withheld.address) => None,
        why => Some(format!("{}: {why:?}", withheld.address)),
    });
    waiting.collect()
}

/// Every difference that a plan sees, in words.
pub(crate) fn differences(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().flat_map(|change| {
        let of = |path: &str| format!("{} {path}", change.address);
        change.attributes.iter().map(move |attribute| of(&attribute.path))
    });
    changes.collect()
}
