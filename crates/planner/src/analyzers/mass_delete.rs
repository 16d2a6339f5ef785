//! A plan that deletes much of a stack is more often a mistake than a wish.

use trueup_model::plan::Operation;
use trueup_model::{Action, Diagnostic};

use super::Subject;
use crate::Mode;

/// Below this many resources a large part is quickly reached, and quickly looked over.
const FEWEST: usize = 10;
/// More than this part of them, in percent.
const PERCENT: usize = 30;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    let options = subject.input.options;
    // Whoever destroys a stack means all of it.
    if options.allow_mass_delete || options.mode == Mode::Destroy {
        return Vec::new();
    }
    let stack = &subject.input.stack.name;
    let owned = subject.index.lives.iter().filter(|live| live.is_owned_by(stack)).count();
    let deletes = subject.plan.steps.iter();
    let deletes = deletes.filter(|step| matches!(step.operation, Operation::Delete { .. })).count();
    if owned < FEWEST || deletes * 100 <= owned * PERCENT {
        return Vec::new();
    }
    let gone = subject.plan.changes.iter().filter(|change| change.action == Action::Delete).count();
    let replaced = deletes.saturating_sub(gone);
    let message = format!(
        "the plan deletes {deletes} of {owned} resources ({gone} for good, {replaced} replaced)"
    );
    let finding = Diagnostic::error("mass-delete", message);
    vec![finding.help("if that is meant, allow it with --allow-mass-delete")]
}
