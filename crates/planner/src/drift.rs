//! What the world changed behind the stack's back.

use serde::Serialize;
use trueup_model::change::{Cause, DriftClass};
use trueup_model::plan::{WhyNot, Withheld};
use trueup_model::{Action, Change, Plan, Reason};

/// The differences between a stack and AWS, those that the world made apart from the rest.
#[derive(Debug, Serialize)]
pub struct Drift<'p> {
    /// What changed although the stack did not, and what is missing for whatever reason.
    pub drifted: Vec<Drifted<'p>>,
    /// What differs because the stack changed since it was last applied.
    pub pending: Vec<&'p Change>,
    /// What is not as it was applied, but no plan can mend: its ownership tags are gone, somebody
    /// deletes it right now, two claim to be it.
    pub estranged: Vec<&'p Withheld>,
}

/// One resource that the world changed.
#[derive(Debug, Serialize)]
pub struct Drifted<'p> {
    /// What would be done about it; a difference that a guard leaves alone is here, too.
    pub change: &'p Change,
    /// How much it matters: as much as the worst of its attributes.
    pub class: DriftClass,
}

/// Reads the drift from a plan.
pub fn report(plan: &Plan) -> Drift<'_> {
    let mut report = Drift {
        drifted: Vec::new(),
        pending: Vec::new(),
        estranged: plan.withheld.iter().filter(|withheld| is_estranged(&withheld.why)).collect(),
    };
    let applied = plan.changes.iter().any(|change| change.id.is_some());
    for change in &plan.changes {
        match change.cause {
            // Nothing tells what was deleted from what was never made, unless something refers to
            // it. In a stack that was applied, what is missing is reported: better once too often.
            Cause::File if applied && is_missing(change) => {
                report.drifted.push(Drifted { change, class: DriftClass::Functional });
            }
            Cause::Drift => report.drifted.push(Drifted { change, class: class(change) }),
            Cause::File | Cause::Dependency => report.pending.push(change),
            Cause::None => {}
        }
    }
    report
}

impl Drift<'_> {
    /// Whether anything differs, for whatever reason.
    pub fn is_empty(&self) -> bool {
        self.drifted.is_empty() && self.pending.is_empty() && self.estranged.is_empty()
    }
}

fn is_estranged(why: &WhyNot) -> bool {
    match why {
        WhyNot::NotOurs { .. } | WhyNot::Faulty { .. } => true,
        // What could not be read is told apart; what depends on another follows it; the rest is
        // as it shall be, or a change that is listed.
        WhyNot::Unreadable { .. }
        | WhyNot::DependsOn { .. }
        | WhyNot::NeededBy { .. }
        | WhyNot::NotLookedUp { .. }
        | WhyNot::Ignored { .. }
        | WhyNot::Scheduled { .. }
        | WhyNot::Protected { .. } => false,
    }
}

fn is_missing(change: &Change) -> bool {
    change.action == Action::Create && change.reasons.contains(&Reason::DoesNotExist)
}

fn class(change: &Change) -> DriftClass {
    let gone = |reason: &Reason| {
        matches!(reason, Reason::Vanished | Reason::Failed { .. } | Reason::Deleting { .. })
    };
    let worst = change.attributes.iter().map(|attribute| attribute.class).max();
    if change.reasons.iter().any(gone) {
        return worst.unwrap_or(DriftClass::Functional).max(DriftClass::Functional);
    }
    worst.unwrap_or(DriftClass::Functional)
}
