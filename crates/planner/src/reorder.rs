//! Further orders between the steps of a finished plan, from those who know what the planner does
//! not: who reaches whom between two steps.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use trueup_model::plan::{Operation, Target};
use trueup_model::{Plan, Step, StepId};

use crate::planning::longest_chain;

/// Makes each pair's second step wait for its first. What had been said before still holds, and
/// otherwise the steps keep their order. Whether that was possible: a plan that would wait for
/// itself is left as it is.
pub fn reorder(plan: &mut Plan, pairs: &[(StepId, StepId)]) -> bool {
    if pairs.is_empty() {
        return true;
    }
    let mut after: Vec<BTreeSet<StepId>> =
        plan.steps.iter().map(|step| step.after.iter().copied().collect()).collect();
    for &(first, second) in pairs {
        match after.get_mut(second) {
            Some(waits) if first < plan.steps.len() => waits.insert(first),
            _ => return false,
        };
    }
    let Some(order) = line_up(&after) else { return false };
    let mut place = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    let mut steps: Vec<Step> = std::mem::take(&mut plan.steps);
    for (step, after) in steps.iter_mut().zip(after) {
        step.id = place[step.id];
        let mut after: Vec<StepId> = after.into_iter().map(|old| place[old]).collect();
        after.sort_unstable();
        step.after = after;
        if let Operation::Update { target: Target::Step(made), .. } = &mut step.operation {
            *made = place[*made];
        }
    }
    steps.sort_by_key(|step| step.id);
    (plan.longest_chain, plan.seconds) = longest_chain(&steps);
    plan.steps = steps;
    true
}

/// The steps so that each comes after those that it waits for; of those that could be next, the
/// first is. Nothing where they wait for each other.
fn line_up(after: &[BTreeSet<StepId>]) -> Option<Vec<StepId>> {
    let mut waits: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    let mut followers: Vec<Vec<StepId>> = vec![Vec::new(); after.len()];
    for (step, befores) in after.iter().enumerate() {
        for &before in befores {
            followers[before].push(step);
        }
    }
    let mut ready: BinaryHeap<Reverse<StepId>> =
        (0..after.len()).filter(|&step| waits[step] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(after.len());
    while let Some(Reverse(step)) = ready.pop() {
        order.push(step);
        for &next in &followers[step] {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    (order.len() == after.len()).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(steps: &[StepId]) -> BTreeSet<StepId> {
        steps.iter().copied().collect()
    }

    #[test]
    fn steps_keep_their_order_where_nothing_is_said() {
        let after = [set(&[]), set(&[]), set(&[0]), set(&[])];
        assert_eq!(line_up(&after), Some(vec![0, 1, 2, 3]));
    }

    #[test]
    fn what_is_to_wait_waits() {
        let after = [set(&[2]), set(&[]), set(&[1]), set(&[])];
        assert_eq!(line_up(&after), Some(vec![1, 2, 0, 3]));
    }

    #[test]
    fn a_circle_has_no_order() {
        assert_eq!(line_up(&[set(&[1]), set(&[0])]), None);
    }
}
