//! Something goes with a resource that the stack now wants kept, before AWS was told so.

use trueup_model::plan::Operation;
use trueup_model::{Diagnostic, Live, Resource};

use super::Subject;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for step in &subject.plan.steps {
        let Operation::Delete { before, .. } = &step.operation else { continue };
        if before.is_deleting() {
            continue;
        }
        let Some((resource, what)) = wanted(subject, before, &step.address) else { continue };
        let message = format!("{}: {what} still goes with it", step.address);
        let finding = Diagnostic::warning("not-kept-yet", message).at(resource.location.clone());
        findings
            .push(finding.help("apply the line that keeps it first, with nothing else changed"));
    }
    findings
}

/// What the stack wants of the same kind at the address, and what goes all the same.
fn wanted<'s>(
    subject: &'s Subject<'_, '_>,
    before: &Live,
    address: &trueup_model::Address,
) -> Option<(&'s Resource, String)> {
    let kind = subject.input.catalog.get(before.kind.as_str())?;
    let resources = &subject.input.stack.resources;
    let moved = || resources.values().find(|one| one.moved_from.as_ref() == Some(address));
    let resource = resources.get(address).or_else(moved)?;
    let what = (kind.not_kept_yet)(before, &resource.attributes)?;
    Some((resource, what))
}
