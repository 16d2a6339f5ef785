//! Something goes before what uses it can let go: its successor can only be made afterwards.

use std::collections::{BTreeSet, HashMap};

use trueup_model::plan::{Operation, StepId};
use trueup_model::{Address, Diagnostic};

use super::Subject;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    let mut updates: HashMap<(&str, &str), Vec<StepId>> = HashMap::new();
    for step in &subject.plan.steps {
        if let Operation::Update { before: Some(before), .. } = &step.operation {
            updates.entry((before.kind.as_str(), &before.id)).or_default().push(step.id);
        }
    }
    let mut findings = Vec::new();
    for step in &subject.plan.steps {
        let Operation::Delete { before, .. } = &step.operation else { continue };
        let Some(id) = subject.index.live_by_id(before.kind.as_str(), &before.id) else { continue };
        let users = subject.index.users[id].iter().map(|user| subject.index.lives[*user]);
        let later = users.filter_map(|user| updates.get(&(user.kind.as_str(), user.id.as_str())));
        let later = later.filter(|updates| updates.iter().all(|update| *update > step.id));
        let holders: BTreeSet<&Address> =
            later.flatten().map(|update| &subject.plan.steps[*update].address).collect();
        if !holders.is_empty() {
            let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
            let message = format!(
                "{} is deleted before {} can be pointed to its successor; AWS may refuse",
                step.address,
                names.join(", ")
            );
            let finding = Diagnostic::warning("held-meanwhile", message).at(step.location.clone());
            findings
                .push(finding.help("if it does, take the reference out first, and apply twice"));
        }
    }
    findings
}
