//! Something goes that something outside of the stack uses.

use trueup_model::plan::Operation;
use trueup_model::{Action, Diagnostic};

use super::Subject;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    let stack = &subject.input.stack.name;
    let mut findings = Vec::new();
    for step in &subject.plan.steps {
        let Operation::Delete { before, .. } = &step.operation else { continue };
        let Some(id) = subject.index.live_by_id(before.kind.as_str(), &before.id) else { continue };
        let users = subject.index.users[id].iter().map(|user| subject.index.lives[*user]);
        let others: Vec<String> = users
            .filter(|user| !user.is_owned_by(stack))
            .map(|user| format!("{} {}", user.kind, user.id))
            .collect();
        if others.is_empty() {
            continue;
        }
        let replaced = subject.plan.changes.binary_search_by(|c| c.address.cmp(&step.address));
        let replaced =
            replaced.is_ok_and(|place| subject.plan.changes[place].action != Action::Delete);
        let verb = if replaced { "replaced" } else { "deleted" };
        let message = format!(
            "{} is {verb} while {}, which {} not of this stack, {} it",
            step.address,
            others.join(", "),
            if others.len() == 1 { "is" } else { "are" },
            if others.len() == 1 { "uses" } else { "use" },
        );
        let finding = Diagnostic::warning("used-by-others", message).at(step.location.clone());
        findings.push(finding.help("point them elsewhere first, or AWS will refuse"));
    }
    findings
}
