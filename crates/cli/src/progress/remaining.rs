//! How much longer an apply takes, by the usual times of what is left.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::event::{Event, Stamped};
use trueup_model::{Plan, StepId};

/// What has begun and what has ended.
pub(crate) struct Remaining {
    steps: Vec<(Vec<StepId>, u64)>,
    begun: BTreeMap<StepId, u64>,
    ended: BTreeSet<StepId>,
    /// When what AWS takes away is usually gone.
    tail: u64,
}

impl Remaining {
    /// All of a plan is left.
    pub(crate) fn new(plan: &Plan) -> Self {
        let steps = plan.steps.iter();
        let steps =
            steps.map(|step| (step.after.clone(), u64::from(step.seconds + step.lingers) * 1000));
        Self { steps: steps.collect(), begun: BTreeMap::new(), ended: BTreeSet::new(), tail: 0 }
    }

    /// Learns from an event.
    pub(crate) fn read(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::StepStarted(step) => {
                self.begun.insert(step.step, stamped.at);
            }
            Event::StepDone { step, .. }
            | Event::StepFailed { step, .. }
            | Event::StepSkipped { step, .. } => {
                self.ended.insert(step.step);
            }
            Event::StepDraining { usually, .. } => self.tail = self.tail.max(*usually),
            Event::Started { .. }
            | Event::StepWaiting { .. }
            | Event::Call(_)
            | Event::Interrupted
            | Event::LeaseLost
            | Event::Settling { .. }
            | Event::LogBroken
            | Event::Finished { .. } => {}
        }
    }

    /// How many steps have ended, of how many.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.ended.len(), self.steps.len())
    }

    /// The longest chain of what is left, in seconds. What takes longer than usual counts as about
    /// to end.
    pub(crate) fn seconds(&self, now: u64) -> u32 {
        let mut ends: Vec<u64> = Vec::with_capacity(self.steps.len());
        for (id, (after, usual)) in self.steps.iter().enumerate() {
            let before = after.iter().filter_map(|&step| ends.get(step)).max().copied();
            let own = match (self.ended.contains(&id), self.begun.get(&id)) {
                (true, _) => 0,
                (false, Some(begun)) => usual.saturating_sub(now.saturating_sub(*begun)),
                (false, None) => *usual,
            };
            ends.push(if self.ended.contains(&id) { 0 } else { before.unwrap_or(0) + own });
        }
        let is_over = self.ended.len() == self.steps.len();
        let tail = if is_over { 0 } else { self.tail.saturating_sub(now) };
        u32::try_from(ends.into_iter().max().unwrap_or(0).max(tail) / 1000).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixtures;
    use trueup_model::event::StepEvent;

    #[test]
    fn what_is_left_is_the_longest_chain() {
        let plan = fixtures::plan();
        let mut remaining = Remaining::new(&plan);
        assert_eq!(remaining.seconds(0), 462);
        let first = &plan.steps[0];
        let event = StepEvent {
            step: 0,
            address: first.address.clone(),
            kind: first.kind.clone(),
            verb: "create",
        };
        remaining.read(&Stamped { at: 1000, event: Event::StepStarted(event.clone()) });
        assert_eq!(remaining.seconds(101_000), 362);
        assert_eq!(remaining.seconds(900_000), 12, "what is late counts as about to end");
        remaining.read(&Stamped {
            at: 460_000,
            event: Event::StepDone { step: event, id: None, took: 459_000 },
        });
        assert_eq!((remaining.seconds(460_000), remaining.count()), (12, (1, 2)));
    }
}
