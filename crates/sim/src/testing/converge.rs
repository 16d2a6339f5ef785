//! The promise that every other rests on: run again, and it comes to the same end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{orphans, twins};
use crate::faults::{At, Fault, FaultPlan};
use crate::{Sim, World};

/// The program, as far as these tests need it: the real planner and applier, over a stack.
#[async_trait(?Send)]
pub trait Engine {
    /// The name of the stack.
    fn stack(&self) -> &str;

    /// One whole run: read, plan, apply.
    async fn run(&self, sim: &Arc<Sim>) -> Outcome;
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
}

/// Runs until a run plans nothing, at most `limit` times; says what every run did.
///
/// A run that died is followed by another, as a user would start it.
pub async fn converge(
    engine: &dyn Engine,
    sim: &Arc<Sim>,
    limit: usize,
) -> Result<Vec<Outcome>, String> {
    let mut runs = Vec::new();
    for _ in 0..limit {
        if sim.has_crashed() {
            sim.restart();
        }
        let outcome = engine.run(sim).await;
        let Outcome { planned, withheld, failures } = &outcome;
        let is_settled = planned.is_empty() && withheld.is_empty() && failures.is_empty();
        let is_to_wait = !withheld.is_empty();
        runs.push(outcome);
        if is_settled {
            return Ok(runs);
        }
        if is_to_wait {
            sim.let_pass(LATER);
        }
    }
    Err(format!("after {limit} runs there is still something to do: {runs:#?}"))
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

/// Faults that every step must survive.
pub const FAULTS: [Fault; 11] = [
    Fault::Throttled,
    Fault::Unavailable,
    Fault::UnavailableAfter,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::LostHalfway,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::CrashHalfway,
    Fault::Hidden(2),
    Fault::Behind(2),
];

/// Every call that changes something × every fault, each in a world of its own: all must come to
/// the end that a run without faults comes to. Gives how many there were.
pub async fn matrix(
    engine: &dyn Engine,
    start: &dyn Fn() -> Arc<Sim>,
    faults: &[Fault],
) -> Result<usize, String> {
    let reference = start();
    reference.set_faults(FaultPlan::default(), 1);
    converge(engine, &reference, 3).await?;
    let changes = reference.counts().changes;
    let end = shape(&reference.world(), engine.stack());
    let mut tried = 0;
    for number in 1..=changes {
        for fault in faults {
            let sim = start();
            let before = sim.world();
            sim.set_faults(FaultPlan::one(At::Change(number), *fault), 1);
            let told = |why: String| format!("{fault:?} at change {number}: {why}");
            converge(engine, &sim, 6).await.map_err(told)?;
            check(&before, &sim, engine.stack()).map_err(told)?;
            let came_to = shape(&sim.world(), engine.stack());
            if came_to != end {
                return Err(told(format!("came to another end: {came_to:#?}, not {end:#?}")));
            }
            tried += 1;
        }
    }
    Ok(tried)
}
