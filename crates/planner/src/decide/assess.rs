//! How far one live resource is from the wish.

use trueup_model::change::AttributeChange;
use trueup_model::expression::Expressions;
use trueup_model::kind::Settlement;
use trueup_model::plan::WhyNot;
use trueup_model::{Attribute, Condition, Disruption, Expression, Kind, Live, Resource, Value};

use super::{Context, Resolved};
use crate::diff::Differ;
use crate::hash::{secret_hash_of, spec_hash};
use crate::index::{LiveId, ResourceId};
use crate::leave_alone::{Wish, leave_alone, top_level};
use crate::matching::How;
use crate::names;

/// How far a live resource is from the wish.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of the comparison")]
pub(super) struct Assessment {
    pub(super) live: LiveId,
    pub(super) wanted: Expressions,
    pub(super) tags: Expressions,
    pub(super) changes: Vec<AttributeChange>,
    pub(super) remarks: Vec<String>,
    pub(super) withheld: Vec<WhyNot>,
    pub(super) rewritten: bool,
    pub(super) is_failed: bool,
    pub(super) is_deleting: bool,
    pub(super) replaces: bool,
}

impl Assessment {
    /// Whether it can stay.
    pub(super) fn fits(&self) -> bool {
        !self.is_deleting && !self.is_failed && !self.replaces
    }

    pub(super) fn rank(&self) -> (bool, bool, bool, usize, LiveId) {
        (self.is_deleting, self.is_failed, self.replaces, self.changes.len(), self.live)
    }
}

impl Context<'_, '_> {
    pub(super) fn assess(
        self,
        id: ResourceId,
        kind: &Kind,
        resolved: &Resolved,
        live_id: LiveId,
        how: &How,
    ) -> Assessment {
        let resource = self.index.resources[id];
        let live = self.index.lives[live_id];
        let (mut wanted, mut tags) = (resolved.compared(), resolved.tags.clone());
        let mut remarks = Vec::new();
        self.settle(id, kind, &mut wanted, Some(live), &mut remarks);
        self.accept_name(resource, kind, live, &mut wanted);
        let differ = self.differ();
        let mut changes = differ.attributes(kind, &wanted, live, |attribute| !attribute.late);
        self.leave_to_come(id, kind, live, &mut changes, &mut remarks);
        let later = self.unwanted_later(id, kind, resolved, live, &mut remarks);
        changes.extend(
            later
                .into_iter()
                .filter(|later| !differs_at(&changes, &later.path))
                .collect::<Vec<_>>(),
        );
        if kind.taggable {
            changes.extend(differ.tags(&tags, live));
        } else {
            tags.clear();
        }
        let rewritten = self.secret_differs(id, resource, kind, live, how);
        if rewritten {
            let told = |c: &AttributeChange| !changes.iter().any(|change| change.path == c.path);
            let secrets: Vec<_> = Differ::secrets(kind, &wanted).into_iter().filter(told).collect();
            changes.extend(secrets);
        }
        let mut wish = Wish { attributes: &mut wanted, tags: &mut tags };
        let withheld = leave_alone(kind, resource, live, &mut changes, &mut wish);
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        let is_failed = matches!(live.condition, Condition::Failed(_));
        let is_deleting = matches!(live.condition, Condition::Deleting(_));
        let replaces = changes.iter().any(|change| change.replaces);
        Assessment {
            live: live_id,
            wanted,
            tags,
            changes,
            remarks,
            withheld,
            rewritten,
            is_failed,
            is_deleting,
            replaces,
        }
    }

    /// Of what is still being made, what AWS does not tell yet is yet to come: it is no difference from
    /// the file that it is made by, and never a reason to replace it.
    fn leave_to_come(
        self,
        id: ResourceId,
        kind: &Kind,
        live: &Live,
        changes: &mut Vec<AttributeChange>,
        remarks: &mut Vec<String>,
    ) {
        let Condition::Pending(state) = &live.condition else { return };
        let spec = spec_hash(self.secrets, self.index.resources[id], kind);
        let is_made_by_it = live.ownership.spec.as_ref() == Some(&spec);
        let comes = |change: &AttributeChange| {
            (is_made_by_it || change.replaces) && !is_told(live, &change.path)
        };
        if !is_made_by_it && changes.iter().any(comes) {
            remarks.push(format!(
                "it is {state}: what AWS does not tell yet is compared when it is done"
            ));
        }
        changes.retain(|change| !comes(change));
    }

    /// What AWS will change by itself and nobody wants: somebody scheduled it, or the stack did and
    /// has thought better of it.
    fn unwanted_later(
        self,
        id: ResourceId,
        kind: &Kind,
        resolved: &Resolved,
        live: &Live,
        remarks: &mut Vec<String>,
    ) -> Vec<AttributeChange> {
        if live.scheduled.is_empty() {
            return Vec::new();
        }
        let mut later = live.clone();
        later.attributes.extend(live.scheduled.clone());
        let mut wanted = resolved.compared();
        self.settle(id, kind, &mut wanted, Some(&later), &mut Vec::new());
        let scheduled =
            |attribute: &Attribute| !attribute.late && live.scheduled.contains_key(attribute.name);
        let changes = self.differ().attributes(kind, &wanted, &later, scheduled);
        // What no change in place sets, none can call off.
        let (lasting, mut changes): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| change.replaces);
        remarks.extend(lasting.iter().map(|change| {
            let (path, next) = (&change.path, &change.before);
            format!("AWS is going to make `{path}` {next}, which the stack does not say: call it off in AWS")
        }));
        for change in &mut changes {
            // Calling it off leaves everything as it is.
            (change.replaces, change.disruption) = (false, Disruption::None);
        }
        changes
    }

    pub(super) fn secret_differs(
        self,
        id: ResourceId,
        resource: &Resource,
        kind: &Kind,
        live: &Live,
        how: &How,
    ) -> bool {
        let told = kind.taggable || live.ownership.secret.is_some();
        let address = match how {
            How::Moved(from) => from,
            How::Owned | How::Adopted => &resource.address,
        };
        // Most kinds have no such attribute, and the hash is slow.
        let resource = self.readers.resource(id, resource);
        let secret = secret_hash_of(&self.input.stack.name, address, &resource, kind);
        told && secret.is_some() && secret != live.ownership.secret
    }

    pub(super) fn settle(
        self,
        id: ResourceId,
        kind: &Kind,
        wanted: &mut Expressions,
        live: Option<&Live>,
        remarks: &mut Vec<String>,
    ) {
        remarks.clear();
        (kind.settle)(&mut Settlement {
            address: &self.index.resources[id].address,
            region: &self.input.snapshot.region,
            wanted,
            live,
            facts: &self.input.snapshot.facts,
            remarks,
        });
    }

    /// Takes over a physical name that needs no change; see [`names`].
    pub(super) fn accept_name(
        self,
        resource: &Resource,
        kind: &Kind,
        live: &Live,
        wanted: &mut Expressions,
    ) {
        let Some(naming) = kind.naming else { return };
        let there = live.attributes.get(naming.attribute).and_then(Value::as_str);
        let name = wanted.get(naming.attribute).and_then(Expression::known).and_then(Value::as_str);
        let (Some(there), Some(name)) = (there, name) else { return };
        let stack = &self.input.stack.name;
        let same = (naming.lower_case && there.eq_ignore_ascii_case(name))
            || names::is_suffixed(naming, stack, name, there)
            || names::is_former_default(stack, &resource.address.words(), name, there);
        if same {
            wanted.insert(naming.attribute.to_owned(), there.into());
        }
    }
}

/// Whether a live resource tells anything of an attribute, or of a field of one.
fn is_told(live: &Live, path: &str) -> bool {
    let fields = path.split_once('[').map_or(path, |(fields, _)| fields);
    let mut fields = fields.split('.');
    let attribute = live.get_attribute(fields.next().unwrap_or_default());
    !fields.fold(attribute, |value, field| value.get(field)).is_null()
}

/// Whether something at this attribute differs already.
fn differs_at(changes: &[AttributeChange], path: &str) -> bool {
    changes.iter().any(|change| top_level(&change.path) == top_level(path))
}
