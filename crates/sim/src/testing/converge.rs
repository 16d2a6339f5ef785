//! The promise that every other rests on: run again, and it comes to the same end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use trueup_model::{Address, Value};

use super::course::Course;
use super::watch::{Rules, Watch};
use super::{orphans, twins};
use crate::faults::{At, Fault, FaultPlan};
use crate::{Item, Sim, World};

/// The program, as far as these tests need it: the real planner and applier, over a stack.
#[async_trait(?Send)]
pub trait Engine {
    /// The name of the stack.
    fn stack(&self) -> &str;

    /// One whole run: read, plan, apply.
    async fn run(&self, sim: &Arc<Sim>) -> Outcome;

    /// What its runs may do.
    fn rules(&self) -> Rules;

    /// What is wanted and never told back: by address and attribute.
    fn write_only(&self) -> Vec<(Address, String, Value)>;
}

/// When a user tries again who was told that something must pass first.
const LATER: Duration = Duration::from_mins(10);

/// What one run did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What it planned, in words: `create vpc.main`. Empty, if all was as it should be.
    pub planned: Vec<String>,
    /// What it did not plan although it is not as it should be, and why.
    pub withheld: Vec<String>,
    /// What went wrong, in words; a run that could not even plan has planned nothing.
    pub failures: Vec<String>,
    /// What became of each step, where a plan was carried out.
    pub course: Option<Course>,
    /// What no run may do, whatever goes wrong.
    pub faults: Vec<String>,
}

/// Runs until a run plans nothing, at most `limit` times; says what every run did.
///
/// A run that died is followed by another, as a user would start it.
pub async fn converge(
    engine: &dyn Engine,
    sim: &Arc<Sim>,
    limit: usize,
) -> Result<Vec<Outcome>, String> {
    pursue(engine, sim, limit, &|| ()).await
}

/// So many runs, whatever is left to do after them: what must not happen does not happen in them.
pub async fn attempt(
    engine: &dyn Engine,
    sim: &Arc<Sim>,
    runs: usize,
) -> Result<Vec<Outcome>, String> {
    let watch = Arc::new(Watch::new(engine.rules(), sim.catalog(), &sim.world()));
    sim.set_watch(Some(Arc::clone(&watch)));
    let mut outcomes = Vec::new();
    for _ in 0..runs {
        let outcome = one_run(engine, sim, &watch).await;
        outcomes.push(outcome);
    }
    sim.set_watch(None);
    outcomes.into_iter().collect()
}

/// One run, by somebody who starts it anew if the last one died.
async fn one_run(engine: &dyn Engine, sim: &Arc<Sim>, watch: &Watch) -> Result<Outcome, String> {
    if sim.has_crashed() {
        sim.restart();
    }
    let outcome = engine.run(sim).await;
    examine(&outcome, sim)?;
    watch.broken().map_or(Ok(()), Err)?;
    Ok(outcome)
}

/// Converges; `between` is called after every run.
async fn pursue(
    engine: &dyn Engine,
    sim: &Arc<Sim>,
    limit: usize,
    between: &dyn Fn(),
) -> Result<Vec<Outcome>, String> {
    let watch = Arc::new(Watch::new(engine.rules(), sim.catalog(), &sim.world()));
    sim.set_watch(Some(Arc::clone(&watch)));
    let ended = watched(engine, sim, limit, (&watch, between)).await;
    sim.set_watch(None);
    ended
}

async fn watched(
    engine: &dyn Engine,
    sim: &Arc<Sim>,
    limit: usize,
    (watch, between): (&Watch, &dyn Fn()),
) -> Result<Vec<Outcome>, String> {
    let mut runs = Vec::new();
    for _ in 0..limit {
        let outcome = one_run(engine, sim, watch).await?;
        between();
        let Outcome { planned, withheld, failures, .. } = &outcome;
        let is_settled = planned.is_empty() && withheld.is_empty() && failures.is_empty();
        let is_to_wait = !withheld.is_empty();
        runs.push(outcome);
        if is_settled {
            is_given(engine, &sim.world())?;
            return Ok(runs);
        }
        if is_to_wait {
            sim.let_pass(LATER);
        }
    }
    Err(format!("after {limit} runs there is still something to do: {runs:#?}"))
}

/// Whether what is never told back was given: what says that it was may say so too early.
fn is_given(engine: &dyn Engine, world: &World) -> Result<(), String> {
    for (address, name, wish) in engine.write_only() {
        let is_it = |item: &Item| {
            let given = item.write_only.get(&name).cloned().unwrap_or_default();
            given.revealed() == wish.clone().revealed()
        };
        if !world.at(engine.stack(), &address).any(is_it) {
            return Err(format!("the {name} of {address} was never set"));
        }
    }
    Ok(())
}

/// What holds of every run that did not die.
fn examine(outcome: &Outcome, sim: &Sim) -> Result<(), String> {
    if !outcome.faults.is_empty() {
        return Err(outcome.faults.join("; "));
    }
    match &outcome.course {
        Some(course) if !sim.has_crashed() => course.check(),
        _ => Ok(()),
    }
}

/// Nothing was made twice, and nothing was made and lost.
pub fn check(before: &World, sim: &Sim, stack: &str) -> Result<(), String> {
    let after = sim.world();
    let (twins, orphans) = (twins(&after, stack), orphans(before, &after, stack));
    if !twins.is_empty() {
        return Err(format!("made twice: {}", twins.join("; ")));
    }
    if !orphans.is_empty() {
        return Err(format!("made and lost: {}", orphans.join("; ")));
    }
    Ok(())
}

/// What of a world must be the same however it came to be: which addresses there are, of what
/// kind, which attributes each has, and what waits for a window. Ids differ where something was made
/// anew.
pub fn shape(world: &World, stack: &str) -> Vec<String> {
    let mut lines: Vec<String> = world
        .owned_by(stack)
        .map(|item| {
            let address = item.ownership().address.map(|address| address.to_string());
            let names: Vec<&str> = item.attributes.keys().map(String::as_str).collect();
            let waits = item.scheduled.iter().map(|(name, later)| format!(" {name} -> {later}"));
            let waits: String = waits.collect();
            format!("{} {} {}{waits}", item.kind, address.unwrap_or_default(), names.join(" "))
        })
        .collect();
    lines.sort();
    lines
}

/// What every step must survive: most of it within a run or by its death, and what makes a step fail
/// for good, which the next run has to finish.
pub const FAULTS: [Trouble; 17] = [
    Trouble::Once(Fault::Throttled),
    Trouble::Once(Fault::Unavailable),
    Trouble::Once(Fault::UnavailableAfter),
    Trouble::Once(Fault::LostBefore),
    Trouble::Once(Fault::LostAfter),
    Trouble::Once(Fault::LostHalfway),
    Trouble::Once(Fault::CrashBefore),
    Trouble::Once(Fault::CrashAfter),
    Trouble::Once(Fault::CrashHalfway),
    Trouble::Once(Fault::Hidden(2)),
    Trouble::Once(Fault::TagsLag(2)),
    Trouble::Once(Fault::Behind(2)),
    Trouble::Once(Fault::Breaks),
    Trouble::Once(Fault::Denied),
    Trouble::Lasting(Fault::Denied),
    Trouble::Lasting(Fault::LostBefore),
    Trouble::Lasting(Fault::LostAfter),
];

/// A fault, and for how long it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// At one call.
    Once(Fault),
    /// From one call on, at all of the same action, until the run ends.
    Lasting(Fault),
}

impl Trouble {
    fn at(self, number: u64) -> FaultPlan {
        match self {
            Self::Once(fault) => FaultPlan::one(At::Change(number), fault),
            Self::Lasting(fault) => FaultPlan::one(At::ChangeAndOn(number), fault),
        }
    }
}

/// What a matrix was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// How many calls there are that change something.
    pub changes: u64,
    /// How many worlds there were: calls × faults.
    pub worlds: usize,
    /// In how many of them a run did a part of its plan, and another the rest.
    pub partial: usize,
}

/// Every call that changes something × every fault, each in a world of its own: all must come to
/// the end that a run without faults comes to.
pub async fn matrix(
    engine: &dyn Engine,
    start: &dyn Fn() -> Arc<Sim>,
    troubles: &[Trouble],
) -> Result<Tried, String> {
    let reference = start();
    reference.set_faults(FaultPlan::default(), 1);
    converge(engine, &reference, 3).await?;
    let end = shape(&reference.world(), engine.stack());
    let mut tried = Tried { changes: reference.counts().changes, worlds: 0, partial: 0 };
    for number in 1..=tried.changes {
        for trouble in troubles {
            let told = |why: String| format!("{trouble:?} at change {number}: {why}");
            let runs = survive(engine, &start(), (*trouble, number), &end).await.map_err(told)?;
            let is_partial = |run: &Outcome| run.course.as_ref().is_some_and(Course::is_partial);
            tried.worlds += 1;
            tried.partial += usize::from(runs.iter().any(is_partial));
        }
    }
    Ok(tried)
}

/// Comes to that end in spite of a trouble, which is over with the run that met it.
async fn survive(
    engine: &dyn Engine,
    sim: &Arc<Sim>,
    (trouble, number): (Trouble, u64),
    end: &[String],
) -> Result<Vec<Outcome>, String> {
    let before = sim.world();
    sim.set_faults(trouble.at(number), 1);
    let pass = || {
        if sim.counts().changes >= number {
            sim.set_faults(FaultPlan::default(), 1);
        }
    };
    let runs = pursue(engine, sim, 6, &pass).await?;
    check(&before, sim, engine.stack())?;
    let came_to = shape(&sim.world(), engine.stack());
    if came_to != end {
        return Err(format!("came to another end: {came_to:#?}, not {end:#?}"));
    }
    Ok(runs)
}
