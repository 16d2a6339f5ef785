//! States on the way of a plan: which steps may be done while others are not.

use std::collections::BTreeSet;

use trueup_model::{Step, StepId};

/// How many states are judged for a step: as early and as late as it may come, and in the plan's order.
const STATES_OF_A_STEP: usize = 3;

/// Whether so many steps have more states than networks may be tried: then none is.
pub(super) fn are_too_many(steps: usize, tries: usize) -> bool {
    STATES_OF_A_STEP * steps > tries
}

/// Which steps of a plan wait for which, over others too.
pub(super) struct States {
    ancestors: Vec<BTreeSet<StepId>>,
}

impl States {
    /// Those of a plan with these steps.
    pub(super) fn of(steps: &[Step]) -> Self {
        let mut ancestors: Vec<BTreeSet<StepId>> = Vec::with_capacity(steps.len());
        for step in steps {
            let mut mine = BTreeSet::new();
            for &before in &step.after {
                mine.extend(ancestors[before].iter().copied());
                mine.insert(before);
            }
            ancestors.push(mine);
        }
        Self { ancestors }
    }

    /// Has a step wait for another one from now on.
    pub(super) fn wait(&mut self, second: StepId, first: StepId) {
        let mut waits = self.ancestors[first].clone();
        waits.insert(first);
        for waiting in 0..self.ancestors.len() {
            if waiting == second || self.ancestors[waiting].contains(&second) {
                self.ancestors[waiting].extend(&waits);
            }
        }
    }

    /// Whether neither of two steps waits for the other.
    pub(super) fn are_free(&self, one: StepId, other: StepId) -> bool {
        one != other
            && !self.ancestors[one].contains(&other)
            && !self.ancestors[other].contains(&one)
    }

    /// What is done when a step is as early as it may be, behind these others: all that they wait
    /// for, and nothing else.
    pub(super) fn early(&self, step: StepId, others: &BTreeSet<StepId>) -> BTreeSet<StepId> {
        let all = others.iter().chain([&step]);
        let waits = all.clone().flat_map(|step| self.ancestors[*step].iter());
        all.chain(waits).copied().collect()
    }

    /// What is done when a step is as late as it may be, before these others: everything but it and
    /// them, and all that waits for any of them.
    pub(super) fn late(&self, step: StepId, others: &BTreeSet<StepId>) -> BTreeSet<StepId> {
        let is_left = |one: StepId| one == step || others.contains(&one);
        let waits = |one: StepId| self.ancestors[one].iter().any(|&before| is_left(before));
        (0..self.ancestors.len()).filter(|&one| !is_left(one) && !waits(one)).collect()
    }
}
