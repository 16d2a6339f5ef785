//! Sentences while the plan is being carried out: whether each step leaves them as they are.

use std::collections::BTreeSet;

use trueup_model::stack::Sentence;
use trueup_model::{Diagnostic, Plan, Severity, Snapshot, Stack, Step, StepId};

use super::order::is_kept;
use super::scene::{KINDS, Scene};
use super::sentences::{Outcome, outcomes};
use super::states::{States, are_too_many};
use super::world::World;

/// Warns of each sentence that is to hold on the way and does not, though the steps were put into
/// an order for its sake where there is one. Judged are the states after each step in the plan's order,
/// and those in which a step has come as early, or as late, as what runs side by side lets it. With more
/// steps than can be judged in so many `tries` none is.
pub(super) fn findings(
    stack: &Stack,
    snapshot: &Snapshot,
    plan: &Plan,
    outcomes_after: &[Outcome],
    tries: usize,
) -> Vec<Diagnostic> {
    let steps: Vec<StepId> = plan
        .steps
        .iter()
        .filter(|step| KINDS.contains(&step.kind.as_str()))
        .map(|step| step.id)
        .collect();
    if plan.expect.is_empty() || steps.is_empty() {
        return Vec::new();
    }
    if are_too_many(steps.len(), tries) {
        return vec![too_large()];
    }
    let state = |done: &BTreeSet<StepId>, sentences: &[Sentence]| {
        let done = |step: &Step| done.contains(&step.id);
        let scene = Scene::of(World::after(stack, snapshot, plan, &done), snapshot);
        outcomes(&scene, sentences)
    };
    let before = state(&BTreeSet::new(), &plan.expect);
    let all = plan.expect.iter().zip(&before).zip(outcomes_after);
    let kept = all.filter(|((sentence, before), after)| is_kept(sentence, before, after));
    let kept: Vec<Sentence> = kept.map(|((sentence, _), _)| sentence.clone()).collect();
    let mut known = BTreeSet::new();
    let mut findings = Vec::new();
    let mut judged = BTreeSet::new();
    for (moment, done) in moments(plan, &steps) {
        if !judged.insert(done.clone()) {
            continue;
        }
        for (index, outcome) in state(&done, &kept).iter().enumerate() {
            if outcome.is_lost() && known.insert(index) {
                findings.push(finding(plan, moment, &kept[index], outcome));
            }
        }
    }
    findings
}

/// When a sentence does not hold.
#[derive(Clone, Copy)]
enum Moment {
    After(StepId),
    Before(StepId),
}

/// The states that are judged, as the steps that are done in them.
fn moments(plan: &Plan, steps: &[StepId]) -> Vec<(Moment, BTreeSet<StepId>)> {
    let (states, none) = (States::of(&plan.steps), BTreeSet::new());
    // The last state is the planned one, which is known to be shut.
    let in_order = steps[..steps.len() - 1].iter();
    let in_order = in_order.map(|&step| (Moment::After(step), (0..=step).collect()));
    let early = steps.iter().map(|&step| (Moment::After(step), states.early(step, &none)));
    let late = steps.iter().map(|&step| (Moment::Before(step), states.late(step, &none)));
    in_order.chain(early).chain(late).collect()
}

fn too_large() -> Diagnostic {
    let message = "the sentences are proved for the end of this plan, not for each step on the way: \
        it has too many";
    let mut note = Diagnostic::warning("not-proved-meanwhile", message);
    note.severity = Severity::Note;
    note
}

fn finding(plan: &Plan, moment: Moment, sentence: &Sentence, outcome: &Outcome) -> Diagnostic {
    let (word, step) = match moment {
        Moment::After(step) => ("does not hold for a while after", step),
        Moment::Before(step) => ("may not hold for a while before", step),
    };
    let done = &plan.steps[step];
    let (text, verb, address) = (&sentence.text, done.operation.verb(), &done.address);
    let message = format!("'{text}' {word} step {}, {verb} {address}", step + 1);
    let way = outcome.evidence.join("; ");
    let what = if sentence.negated { "what passes then" } else { "where it stops then" };
    Diagnostic::warning("expectation-broken-meanwhile", message)
        .at(sentence.location.clone())
        .help(format!("{what}: {way}"))
        .help("no order of the steps was found that keeps it; it holds again when the plan is applied in full, and all the time if the change is made in two")
}
