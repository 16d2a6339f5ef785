//! Whether a plan holds a plain text where a secret belongs.
//!
//! It is asked of places, never of texts: a password that is also the name of the engine, or three
//! digits of the account, stands in many places where it is none.

use trueup_model::change::{After, AttributeChange};
use trueup_model::seal;
use trueup_model::{Catalog, Change, Live, Operation, Plan, Stack, Step};

use crate::index::for_each_reference_type;
use crate::leave_alone::top_level;
use crate::secrets::Secrets;

/// Whether the plan would show something that the stack calls secret.
pub(super) fn shows_secret(plan: &Plan, stack: &Stack, catalog: &Catalog) -> bool {
    let secrets = Secrets::new(stack, catalog);
    plan.steps.iter().any(|step| step_shows(step, &secrets, catalog))
        || plan.changes.iter().any(|change| change_shows(change, &secrets, catalog))
        || plan.outputs.iter().any(|(name, shown)| {
            let is_secret = stack.outputs.get(name).is_some_and(|output| secrets.is_secret(output));
            is_secret && !shown.plain_texts().is_empty()
        })
}

/// What is sealed already does not change when it is sealed.
fn step_shows(step: &Step, secrets: &Secrets<'_>, catalog: &Catalog) -> bool {
    let Some(kind) = catalog.get(step.kind.as_str()) else { return false };
    let (attributes, before): (_, Option<&Live>) = match &step.operation {
        Operation::Create { attributes, .. } => (Some(attributes), None),
        Operation::Update { attributes, before, .. } => (Some(attributes), before.as_deref()),
        Operation::Delete { before, .. } | Operation::Forget { before } => (None, Some(before)),
    };
    attributes.is_some_and(|wish| seal::expressions(kind, wish.clone()) != *wish)
        || before.is_some_and(|live| secrets.live(live) != *live)
}

fn change_shows(change: &Change, secrets: &Secrets<'_>, catalog: &Catalog) -> bool {
    let kind = catalog.get(change.kind.as_str());
    change.attributes.iter().any(|shown| {
        let name = top_level(&shown.path);
        let Some(attribute) = kind.and_then(|kind| kind.attribute(name)) else { return false };
        if attribute.sensitive || attribute.write_only {
            return !is_hidden(shown);
        }
        let Some(public) = secrets.public_texts(&change.address, name) else { return false };
        // What refers to something is shown by its address.
        let mut refers = false;
        for_each_reference_type(&attribute.ty, &mut |_| refers = true);
        !refers && !shown.before.plain_texts().is_subset(&public)
    })
}

fn is_hidden(shown: &AttributeChange) -> bool {
    let after = match &shown.after {
        After::Value(value) => value.plain_texts().is_empty(),
        After::Unknown(_) | After::Sensitive => true,
    };
    after && shown.before.plain_texts().is_empty()
}
