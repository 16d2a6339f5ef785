//! What the stack says of how a resource may leave, as against what is written on it.

use trueup_model::change::{After, AttributeChange, DriftClass};
use trueup_model::snapshot::Keep;
use trueup_model::stack::OnDestroy;
use trueup_model::{Disruption, Kind, Live, Resource, Value};

/// What is to be written on a resource of how it may leave.
pub(crate) fn keep(resource: &Resource, kind: &Kind) -> Keep {
    if !kind.taggable {
        return Keep::default();
    }
    Keep { retain: resource.on_destroy == OnDestroy::Retain, protect: resource.protect }
}

/// What of it is another now.
pub(super) fn changes(resource: &Resource, kind: &Kind, live: &Live) -> Vec<AttributeChange> {
    let (wanted, there) = (keep(resource, kind), live.ownership.keep);
    let mut changes = Vec::new();
    if wanted.retain != there.retain {
        let before = if there.retain { Value::from("retain") } else { Value::Null };
        changes.push(change("on_destroy", before, word(resource.on_destroy)));
    }
    if wanted.protect != there.protect {
        changes.push(change("protect", there.protect.into(), wanted.protect.into()));
    }
    changes
}

fn word(on_destroy: OnDestroy) -> Value {
    match on_destroy {
        OnDestroy::Default => Value::Null,
        OnDestroy::Delete => "delete".into(),
        OnDestroy::Retain => "retain".into(),
        OnDestroy::Snapshot => "snapshot".into(),
    }
}

fn change(path: &str, before: Value, after: Value) -> AttributeChange {
    AttributeChange {
        path: path.to_owned(),
        before,
        after: After::Value(after),
        replaces: false,
        disruption: Disruption::None,
        class: DriftClass::Cosmetic,
    }
}
