//! How much is left behind each step: what decides which of the ready steps goes first.

use trueup_model::{Step, StepId};

/// The steps as a graph, indexed by step.
pub(crate) struct Paths {
    /// The steps that wait for it.
    pub(crate) dependents: Vec<Vec<StepId>>,
    /// The usual seconds from its beginning to the end of the longest chain that it begins.
    pub(crate) remaining: Vec<u64>,
}

impl Paths {
    /// The graph of steps each of which comes after those in its `after`. What is out of order is
    /// left out: the dispatcher refuses such steps.
    pub(crate) fn new(steps: &[Step]) -> Self {
        let mut dependents = vec![Vec::new(); steps.len()];
        for (index, step) in steps.iter().enumerate() {
            for &before in step.after.iter().filter(|&&before| before < index) {
                dependents[before].push(index);
            }
        }
        let mut remaining = vec![0; steps.len()];
        for (index, step) in steps.iter().enumerate().rev() {
            let behind = dependents[index].iter().map(|&later| remaining[later]).max();
            let own = u64::from(step.seconds) + u64::from(step.lingers);
            remaining[index] = own + behind.unwrap_or(0);
        }
        Self { dependents, remaining }
    }
}
