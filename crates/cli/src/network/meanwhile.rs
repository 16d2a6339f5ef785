//! Sentences while the plan is being carried out: whether each step leaves them as they are.

use trueup_model::stack::Sentence;
use trueup_model::{Diagnostic, Plan, Severity, Snapshot, Stack};

use super::order::is_kept;
use super::scene::{KINDS, Scene};
use super::sentences::{Outcome, outcomes};
use super::world::World;

/// Warns of each sentence that is to hold on the way and does not, though the steps were put into
/// an order for its sake where there is one. The states are those after each step in the plan's
/// order; what runs side by side may come in another. With more steps than `tries` none is judged.
pub(super) fn findings(
    stack: &Stack,
    snapshot: &Snapshot,
    plan: &Plan,
    outcomes_after: &[Outcome],
    tries: usize,
) -> Vec<Diagnostic> {
    let steps: Vec<usize> = plan
        .steps
        .iter()
        .filter(|step| KINDS.contains(&step.kind.as_str()))
        .map(|step| step.id)
        .collect();
    if plan.expect.is_empty() || steps.is_empty() {
        return Vec::new();
    }
    if steps.len() > tries {
        return vec![too_large()];
    }
    let state = |upto: Option<usize>, sentences: &[Sentence]| {
        let done = |step: &trueup_model::Step| upto.is_some_and(|upto| step.id <= upto);
        let scene = Scene::of(World::after(stack, snapshot, plan, &done), snapshot);
        outcomes(&scene, sentences)
    };
    let before = state(None, &plan.expect);
    let all = plan.expect.iter().zip(&before).zip(outcomes_after);
    let kept = all.filter(|((sentence, before), after)| is_kept(sentence, before, after));
    let kept: Vec<Sentence> = kept.map(|((sentence, _), _)| sentence.clone()).collect();
    let mut before = vec![false; kept.len()];
    let mut findings = Vec::new();
    // The last state is the planned one, which is known to be shut.
    for &step in &steps[..steps.len() - 1] {
        for (index, outcome) in state(Some(step), &kept).iter().enumerate() {
            if outcome.is_lost() && !before[index] {
                findings.push(finding(plan, step, &kept[index], outcome));
            }
            before[index] |= outcome.is_lost();
        }
    }
    findings
}

fn too_large() -> Diagnostic {
    let message = "the sentences are proved for the end of this plan, not for each step on the way: \
        it has too many";
    let mut note = Diagnostic::warning("not-proved-meanwhile", message);
    note.severity = Severity::Note;
    note
}

fn finding(plan: &Plan, step: usize, sentence: &Sentence, outcome: &Outcome) -> Diagnostic {
    let done = &plan.steps[step];
    let message = format!(
        "'{}' does not hold for a while after step {}, {} {}",
        sentence.text,
        step + 1,
        done.operation.verb(),
        done.address
    );
    let way = outcome.evidence.join("; ");
    let what = if sentence.negated { "what passes then" } else { "where it stops then" };
    Diagnostic::warning("expectation-broken-meanwhile", message)
        .at(sentence.location.clone())
        .help(format!("{what}: {way}"))
        .help("no order of the steps was found that keeps it; it holds again when the plan is applied in full, and all the time if the change is made in two")
}
