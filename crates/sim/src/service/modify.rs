//! How a resource is changed in place.

use std::collections::BTreeMap;

use trueup_model::kind::{Kind, Mutability, Presence};
use trueup_model::value::{Value, Values};
use trueup_provider::{Failure, FailureClass};

use super::create::{check_value, write_only};
use super::outputs::Maker;
use super::{Service, invalid, shape};
use crate::chance::mix;
use crate::faults::{Fault, aws};
use crate::tables;
use crate::world::{Item, Phase, Stale};

/// When changes that can wait are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Now, and with them all that waits already.
    AtOnce,
    /// In the next maintenance window.
    InWindow,
}

/// Whether an element of a set stays.
fn overlaps(wanted: &Value, there: Option<&Value>) -> bool {
    let there = there.and_then(Value::as_list).unwrap_or_default();
    let wanted = wanted.as_list().unwrap_or_default();
    there.is_empty() || wanted.iter().any(|element| there.contains(element))
}

impl Service<'_> {
    /// Changes attributes; the others stay.
    pub(crate) fn modify(
        &mut self,
        name: &str,
        id: &str,
        changes: &Values,
        when: When,
    ) -> Result<(), Failure> {
        let kind = self.kind(name)?;
        let item = self.item(name, id)?;
        Self::refuse_if_busy(kind, item)?;
        for (name, value) in changes {
            let attribute = kind.attribute(name).ok_or_else(|| {
                invalid("UnknownParameter", format!("A {} has no attribute '{name}'", kind.name))
            })?;
            let is_possible = match attribute.mutability {
                Mutability::InPlace => true,
                Mutability::Overlapping => overlaps(value, item.attributes.get(name)),
                Mutability::Replace | Mutability::CreateOnly => false,
            };
            if !is_possible {
                let message = format!("{}.{name} cannot be changed in place", kind.name);
                return Err(invalid("InvalidParameterCombination", message));
            }
            check_value(kind, attribute, value, false)?;
        }
        let (before, waiting) = (item.attributes.clone(), item.scheduled.clone());
        let mut attributes = before.clone();
        if when == When::AtOnce {
            let others = waiting.iter().filter(|(name, _)| !changes.contains_key(*name));
            attributes.extend(others.map(|(name, later)| (name.clone(), later.clone())));
        }
        for (name, value) in self.halved(changes) {
            let Some(attribute) = kind.attribute(&name) else { continue };
            let left_to_aws =
                value.is_null() && matches!(attribute.presence, Presence::Unmanaged(_));
            if !attribute.write_only && !left_to_aws {
                let seed = mix(self.world.seed, &[id]);
                let value = shape::filled(&attribute.ty, shape::stored(attribute, &value), seed);
                attributes.insert(name, value);
            }
        }
        Self::settle(kind, &attributes.clone(), &mut attributes);
        self.check_references(kind, changes)?;
        self.check_name(kind, &attributes, Some(id))?;
        let moves = self.check_exclusive(kind, &attributes, Some(id))?;
        self.take(moves);
        let scheduled = match when {
            When::AtOnce => Values::new(),
            When::InWindow => put_off(kind, changes, &before, &mut attributes, waiting),
        };
        let write_only = write_only(kind, &self.halved(changes));
        let item = self.item_mut(name, id)?;
        item.scheduled = scheduled;
        item.write_only.extend(write_only);
        self.begin_update(kind, id, attributes)
    }

    /// All of the changes, or half of them where that is what goes wrong.
    fn halved(&self, changes: &Values) -> Values {
        let halves = self.fault.is_some_and(Fault::halves);
        let some = if halves { changes.len() / 2 } else { changes.len() };
        changes.iter().take(some).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn begin_update(&mut self, kind: &Kind, id: &str, attributes: Values) -> Result<(), Failure> {
        let until = self.now + self.takes(kind.times.update, &[id, "update"]);
        let fault = self.fault;
        let item = self.item_mut(kind.name, id)?;
        if item.attributes == attributes {
            return Ok(());
        }
        if let Some(Fault::Behind(reads)) = fault {
            item.stale = Some(Stale { reads: reads.max(1), attributes: item.attributes.clone() });
        }
        match item.phase {
            // No change makes what has failed whole again.
            Phase::Failed { .. } => item.attributes = attributes,
            _ => item.phase = Phase::Updating { until, attributes },
        }
        Ok(())
    }

    /// What AWS makes may change with an update in place, but not with attributes that have a step
    /// of their own: what depends on a resource does not wait for that step.
    pub(super) fn remake_outputs(&mut self, key: &str, before: &Values) {
        let Some(item) = self.world.resources.get(key) else { return };
        let Some(kind) = self.catalog.get(item.kind.as_str()) else { return };
        let differs = kind.attributes.iter().any(|attribute| {
            !attribute.late && item.attributes.get(attribute.name) != before.get(attribute.name)
        });
        if !differs {
            return;
        }
        let revision = item.revision + 1;
        let maker = Maker { world: self.world, kind, attributes: &item.attributes };
        let mut outputs = maker.outputs(&item.id, revision);
        outputs.retain(|name, _| kind.output(name).is_some_and(|output| output.volatile));
        if let Some(item) = self.world.resources.get_mut(key) {
            item.revision = revision;
            item.outputs.extend(outputs);
        }
    }

    /// Sets all tags of a resource.
    pub(crate) fn tag(
        &mut self,
        name: &str,
        id: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        Self::check_tags(self.kind(name)?, tags)?;
        let item = self.item_mut(name, id)?;
        // AWS's own tags cannot be set or removed.
        item.tags.retain(|key, _| key.starts_with("aws:"));
        item.tags.extend(tags.clone());
        Ok(())
    }

    /// Refuses to touch what is being made, changed or deleted.
    pub(super) fn refuse_if_busy(kind: &Kind, item: &Item) -> Result<(), Failure> {
        let state = match &item.phase {
            Phase::Ready | Phase::Failed { .. } => return Ok(()),
            Phase::Creating { .. } => "creating",
            Phase::Updating { .. } => "modifying",
            Phase::Deleting { .. } => "deleting",
        };
        let [_, _, busy] = tables::codes(kind.service);
        let message = format!("The {} is in the state '{state}'", item.description());
        Err(aws(FailureClass::Conflict, busy, message))
    }
}

/// Leaves what can wait as it is, and gives all that waits then. What is there already is no change, and
/// so does not take back what waits.
fn put_off(
    kind: &Kind,
    changes: &Values,
    before: &Values,
    attributes: &mut Values,
    mut waiting: Values,
) -> Values {
    let waits = tables::put_off(kind.name).map_or(&[][..], |row| row.attributes);
    for name in waits.iter().filter(|name| changes.contains_key(**name)) {
        let there = before.get(*name).cloned().unwrap_or_default();
        let wanted = attributes.insert((*name).to_owned(), there.clone()).unwrap_or_default();
        if wanted != there {
            waiting.insert((*name).to_owned(), wanted);
        }
    }
    waiting
}
