//! Orders between steps that keep sentences on the way: `docs/decisions/0009` says how they are
//! found.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::proof::Verdict;
use trueup_model::stack::Sentence;
use trueup_model::{Diagnostic, Plan, Severity, Snapshot, Stack, Step, StepId};

use super::scene::{KINDS, Scene};
use super::sentences::{Outcome, outcomes};
use super::states::{States, are_too_many};
use super::world::World;

#[cfg(test)]
mod tests;

/// An order that a sentence wants.
pub(super) struct Order {
    pub(super) first: StepId,
    pub(super) second: StepId,
    /// The sentence, by its place among those of the plan.
    pub(super) sentence: usize,
}

/// What is done when a step is on one side of others.
type State = fn(&States, StepId, &BTreeSet<StepId>) -> BTreeSet<StepId>;

/// The orders that were found, and whether not all could be tried.
#[derive(Default)]
pub(super) struct Found {
    pub(super) orders: Vec<Order>,
    pub(super) is_cut_short: bool,
}

/// The steps of a plan and the sentences that are to hold on its way.
struct Way<'a> {
    stack: &'a Stack,
    snapshot: &'a Snapshot,
    plan: &'a Plan,
    /// The sentences, and where they stand among those of the plan.
    sentences: Vec<Sentence>,
    places: Vec<usize>,
    /// The steps that concern networks.
    steps: Vec<StepId>,
    states: States,
    /// How often a network may still be made and judged.
    budget: usize,
    /// Whether that was not enough.
    is_cut_short: bool,
    known: BTreeMap<BTreeSet<StepId>, BTreeSet<usize>>,
}

/// Whether a sentence is to hold on the way: what is shut before and after, also where it is only
/// being made; and who reaches whom before and after.
pub(super) fn is_kept(sentence: &Sentence, before: &Outcome, after: &Outcome) -> bool {
    let at_first =
        if sentence.negated { !before.is_lost() } else { before.verdict == Verdict::Proved };
    at_first && after.verdict == Verdict::Proved
}

/// The orders that keep sentences which hold before the plan and after it, and would break if a
/// step came as early or as late as it may. A network may be made and judged `tries` times; where the
/// steps have more states than that, nothing is tried.
pub(super) fn found(
    stack: &Stack,
    snapshot: &Snapshot,
    plan: &Plan,
    after: &[Outcome],
    tries: usize,
) -> Found {
    let steps: Vec<StepId> = plan
        .steps
        .iter()
        .filter(|step| KINDS.contains(&step.kind.as_str()))
        .map(|step| step.id)
        .collect();
    if steps.len() < 2 || are_too_many(steps.len(), tries) {
        return Found::default();
    }
    let live = Scene::of(World::after(stack, snapshot, plan, &|_| false), snapshot);
    let before = outcomes(&live, &plan.expect);
    let places: Vec<usize> = (0..after.len())
        .filter(|&place| is_kept(&plan.expect[place], &before[place], &after[place]))
        .collect();
    if places.is_empty() {
        return Found::default();
    }
    let sentences = places.iter().map(|&place| plan.expect[place].clone()).collect();
    let mut way = Way {
        stack,
        snapshot,
        plan,
        sentences,
        places,
        steps: steps.clone(),
        states: States::of(&plan.steps),
        budget: tries,
        is_cut_short: false,
        known: BTreeMap::new(),
    };
    let mut orders = Vec::new();
    for &step in &steps {
        orders.extend(way.orders_before(step));
    }
    for &step in &steps {
        orders.extend(way.orders_behind(step));
    }
    Found { orders, is_cut_short: way.is_cut_short }
}

impl Way<'_> {
    /// The orders that keep what a step would break that comes as early as it may: it waits for others.
    fn orders_before(&mut self, step: StepId) -> Vec<Order> {
        let Some(sentence) = self.first_broken(&self.states.early(step, &BTreeSet::new())) else {
            return Vec::new();
        };
        let firsts = self.enough(step, States::early);
        for &first in &firsts {
            self.states.wait(step, first);
        }
        firsts.into_iter().map(|first| Order { first, second: step, sentence }).collect()
    }

    /// The orders that keep what all that may be done before a step would break: others wait for it.
    fn orders_behind(&mut self, step: StepId) -> Vec<Order> {
        let Some(sentence) = self.first_broken(&self.states.late(step, &BTreeSet::new())) else {
            return Vec::new();
        };
        let seconds = self.enough(step, States::late);
        for &second in &seconds {
            self.states.wait(second, step);
        }
        seconds.into_iter().map(|second| Order { first: step, second, sentence }).collect()
    }

    /// Steps on whose other side `step` breaks nothing, and none of which can be left out; none if there
    /// are none.
    fn enough(&mut self, step: StepId, state: State) -> BTreeSet<StepId> {
        let all = self.steps.iter().copied();
        let others: BTreeSet<StepId> =
            all.filter(|&other| self.states.are_free(step, other)).collect();
        if !self.keeps(&state(&self.states, step, &others)) {
            return BTreeSet::new();
        }
        for &other in &others {
            let one = BTreeSet::from([other]);
            if self.keeps(&state(&self.states, step, &one)) {
                return one;
            }
        }
        let mut enough = others.clone();
        for other in others {
            let mut fewer = enough.clone();
            if fewer.remove(&other) && self.keeps(&state(&self.states, step, &fewer)) {
                enough = fewer;
            }
        }
        enough
    }

    /// The first sentence that does not hold in a state, by its place among those of the plan.
    fn first_broken(&mut self, done: &BTreeSet<StepId>) -> Option<usize> {
        let broken = self.broken(done)?.first().copied()?;
        Some(self.places[broken])
    }

    fn keeps(&mut self, done: &BTreeSet<StepId>) -> bool {
        self.broken(done).is_some_and(|broken| broken.is_empty())
    }

    /// The sentences that do not hold when these steps are done; nothing where that may not be tried
    /// any more.
    fn broken(&mut self, done: &BTreeSet<StepId>) -> Option<BTreeSet<usize>> {
        if let Some(known) = self.known.get(done) {
            return Some(known.clone());
        }
        if self.budget == 0 {
            self.is_cut_short = true;
            return None;
        }
        self.budget -= 1;
        let is_done = |step: &Step| done.contains(&step.id);
        let world = World::after(self.stack, self.snapshot, self.plan, &is_done);
        let found = outcomes(&Scene::of(world, self.snapshot), &self.sentences);
        let broken = found.iter().enumerate();
        let broken = broken.filter(|(_, outcome)| outcome.is_lost());
        let broken: BTreeSet<usize> = broken.map(|(place, _)| place).collect();
        self.known.insert(done.clone(), broken.clone());
        Some(broken)
    }
}

/// That not every state was tried in which a sentence might not hold.
pub(super) fn cut_short() -> Diagnostic {
    let message = "not every order of this plan's steps was tried, as there are too many: those that \
        run side by side may break a sentence for a while";
    let mut note = Diagnostic::warning("not-proved-meanwhile", message);
    note.severity = Severity::Note;
    note
}

/// What was ordered, and for which sentence.
pub(super) fn note(plan: &Plan, order: &Order) -> Diagnostic {
    let name = |step: StepId| {
        let step = &plan.steps[step];
        format!("{} {}", step.operation.verb(), step.address)
    };
    let sentence = &plan.expect[order.sentence];
    let message = format!(
        "{} waits for {}: in between '{}' would not hold",
        name(order.second),
        name(order.first),
        sentence.text,
    );
    let mut note = Diagnostic::warning("ordered-for-expectation", message);
    note.severity = Severity::Note;
    note
}
