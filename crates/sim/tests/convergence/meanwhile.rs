//! Sentences while a plan is carried out: one that holds before and after it, and of which the plan does
//! not say that it breaks on the way, holds after every change of the run.

use std::sync::Arc;

use trueup_cli::engine;
use trueup_model::proof::Verdict;
use trueup_model::{Plan, Snapshot};
use trueup_sim::{Sim, SimOptions, World};

use crate::program::{Program, Trouble};

/// How many states of a run are judged at most.
const STATES: usize = 8;

/// What a plan says of its sentences before anything is done.
pub(crate) struct Promise {
    /// Those that hold all the time, by their places in the plan.
    kept: Vec<usize>,
    /// What it does, for whoever asks why one did not.
    steps: Vec<String>,
}

impl Promise {
    pub(crate) fn of(program: &Program, plan: &Plan, snapshot: &Snapshot) -> Self {
        let says =
            |code: &'static str| plan.findings.iter().filter(move |finding| finding.code == code);
        if says("not-proved-meanwhile").next().is_some() {
            return Self { kept: Vec::new(), steps: Vec::new() };
        }
        let before = engine::prove_live(&program.stack, snapshot, plan);
        let is_kept = |place: &usize| {
            let (sentence, before) = (&plan.expect[*place], before[*place].verdict);
            let holds = if sentence.negated {
                before != Verdict::Broken
            } else {
                before == Verdict::Proved
            };
            let quoted = format!("'{}'", sentence.text);
            let mut warned = says("expectation-broken-meanwhile");
            holds
                && plan.proofs[*place].verdict == Verdict::Proved
                && !warned.any(|finding| finding.message.starts_with(&quoted))
        };
        let steps = plan.steps.iter().map(|step| {
            format!(
                "{} {} {}, after {:?}",
                step.id,
                step.operation.verb(),
                step.address,
                step.after
            )
        });
        let kept = (0..plan.proofs.len()).filter(is_kept).collect();
        Self { kept, steps: steps.collect() }
    }

    /// What was broken first after a change.
    pub(crate) async fn broken(
        &self,
        program: &Program,
        worlds: Vec<World>,
    ) -> Result<Option<String>, Trouble> {
        let apart = worlds.len().div_ceil(STATES).max(1);
        for world in worlds.into_iter().step_by(apart).filter(|_| !self.kept.is_empty()) {
            let still = Arc::new(Sim::new(
                Arc::clone(&program.catalog),
                in_full_view(world),
                SimOptions::default(),
            ));
            let proofs = program.prove_live(&still).await?;
            let mut kept = self.kept.iter().map(|&place| &proofs[place]);
            if let Some(broken) = kept.find(|proof| proof.verdict == Verdict::Broken) {
                let (text, evidence, steps) = (&broken.text, &broken.evidence, &self.steps);
                return Ok(Some(format!(
                    "'{text}' did not hold: {evidence:#?} on the way of {steps:#?}"
                )));
            }
        }
        Ok(None)
    }
}

/// As it is, not as AWS's lists show it so far.
fn in_full_view(mut world: World) -> World {
    for item in world.resources.values_mut() {
        (item.hidden_until, item.untagged_until) = (0, 0);
        (item.hidden_reads, item.untagged_reads) = (0, 0);
        item.stale = None;
    }
    world
}
