//! What is written on a resource in the tags of ownership.

use trueup_model::snapshot::Ownership;
use trueup_model::{Kind, Resource};

use crate::decide::keep;
use crate::hash::{secret_hash, spec_hash};
use crate::secrets::Secrets;

/// What stands for the hash of the wish until the last step has applied all of it.
const UNFINISHED: &str = "unfinished";

/// What a resource carries when it is as the stack wants it.
pub(crate) fn ownership(secrets: &Secrets<'_>, resource: &Resource, kind: &Kind) -> Ownership {
    let stack = &secrets.stack().name;
    Ownership {
        stack: Some(stack.clone()),
        address: Some(resource.address.clone()),
        spec: Some(spec_hash(secrets, resource, kind)),
        secret: secret_hash(stack, resource, kind),
        keep: keep(resource, kind),
        other: None,
    }
}

/// The same while a step of its own is still to come: no wish has this hash, so that a run which ends
/// before that step is not taken for a world that changed. The attributes that hold secrets stay named.
pub(crate) fn unfinished(ownership: Ownership) -> Ownership {
    let spec = ownership.spec.as_deref().map(|spec| match spec.split_once(':') {
        Some((_, names)) => format!("{UNFINISHED}:{names}"),
        None => UNFINISHED.to_owned(),
    });
    Ownership { spec, ..ownership }
}
