//! A resource that leaves and one that comes and is the same: most likely it was renamed.

use std::collections::HashMap;

use trueup_model::change::After;
use trueup_model::plan::Operation;
use trueup_model::{Action, Address, Change, Diagnostic, Kind, Live, Value};

use super::Subject;
use crate::Mode;
use crate::diff::canonical;
use crate::former::moved_from;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    if subject.input.options.mode == Mode::Destroy {
        return Vec::new();
    }
    let mut leaving: HashMap<(&str, Vec<Value>), &Address> = HashMap::new();
    for step in &subject.plan.steps {
        if let Operation::Delete { before, .. } | Operation::Forget { before } = &step.operation
            && let Some(kind) = subject.input.catalog.get(before.kind.as_str())
            && !subject.input.stack.resources.contains_key(&step.address)
        {
            leaving.entry((kind.name, live_form(kind, before))).or_insert(&step.address);
        }
    }
    if leaving.is_empty() {
        return Vec::new();
    }
    let steps: HashMap<&Address, &Operation> = subject
        .plan
        .steps
        .iter()
        .filter(|step| matches!(step.operation, Operation::Create { .. }))
        .map(|step| (&step.address, &step.operation))
        .collect();
    let created = subject.plan.changes.iter().filter(|change| change.action == Action::Create);
    let finding = |change: &Change| {
        let kind = subject.input.catalog.get(change.kind.as_str())?;
        let former = leaving.get(&(kind.name, created_form(kind, change, &steps)?))?;
        let message = format!("{} looks like {former} under another name", change.address);
        let finding = Diagnostic::warning("renamed", message).at(change.location.clone());
        let line = moved_from(&change.address, former);
        let help = format!("if it is, write '{line}' and nothing is rebuilt");
        Some(finding.help(help))
    };
    created.filter_map(finding).collect()
}

/// What does not follow from the address, in the order of the declaration.
fn compared(kind: &Kind) -> impl Iterator<Item = &trueup_model::Attribute> {
    let name = kind.naming.map(|naming| naming.attribute);
    kind.attributes.iter().filter(move |attribute| {
        Some(attribute.name) != name
            && !attribute.write_only
            && !attribute.sensitive
            && !attribute.late
    })
}

fn live_form(kind: &Kind, live: &Live) -> Vec<Value> {
    let value = |name: &str| live.attributes.get(name).unwrap_or(&Value::Null);
    compared(kind).map(|attribute| canonical(&attribute.ty, value(attribute.name))).collect()
}

/// The same of what is created; none if it is not known before the plan is applied, or if the
/// kind is all alike without its name.
fn created_form(
    kind: &Kind,
    change: &Change,
    steps: &HashMap<&Address, &Operation>,
) -> Option<Vec<Value>> {
    if change.attributes.iter().any(|attribute| matches!(attribute.after, After::Unknown(_))) {
        return None;
    }
    let Operation::Create { attributes, .. } = steps.get(&change.address)? else { return None };
    let form: Option<Vec<Value>> = compared(kind)
        .map(|attribute| match attributes.get(attribute.name) {
            Some(wish) => Some(canonical(&attribute.ty, &wish.to_value()?)),
            None => Some(canonical(&attribute.ty, &Value::Null)),
        })
        .collect();
    form.filter(|form| form.iter().any(|value| !value.is_null()))
}
