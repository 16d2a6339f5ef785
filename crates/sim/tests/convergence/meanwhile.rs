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
}

impl Promise {
    pub(crate) fn of(program: &Program, plan: &Plan, snapshot: &Snapshot) -> Self {
        let says =
            |code: &'static str| plan.findings.iter().filter(move |finding| finding.code == code);
        if says("not-proved-meanwhile").next().is_some() {
            return Self { kept: Vec::new() };
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
        Self { kept: (0..plan.proofs.len()).filter(is_kept).collect() }
    }

    /// What was broken after a change.
    pub(crate) async fn broken(
        &self,
        program: &Program,
        worlds: Vec<World>,
    ) -> Result<Vec<String>, Trouble> {
        let mut broken = Vec::new();
        let apart = worlds.len().div_ceil(STATES).max(1);
        for world in worlds.into_iter().step_by(apart).filter(|_| !self.kept.is_empty()) {
            let still = Arc::new(Sim::new(
                Arc::clone(&program.catalog),
                in_full_view(world),
                SimOptions::default(),
            ));
            let (plan, snapshot) = program.plan(&still).await?;
            let proofs = engine::prove_live(&program.stack, &snapshot, &plan);
            let kept = self.kept.iter().map(|&place| &proofs[place]);
            let those = kept.filter(|proof| proof.verdict == Verdict::Broken);
            broken.extend(those.map(|proof| {
                format!("'{}' did not hold on the way: {:#?}", proof.text, proof.evidence)
            }));
        }
        Ok(broken)
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
