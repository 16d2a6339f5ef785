//! How a resource is deleted, and what stands in the way.

use trueup_model::Value;
use trueup_model::kind::{FINAL_SNAPSHOT, Kind};
use trueup_provider::{Failure, FailureClass};

use super::{Service, invalid};
use crate::chance::hex;
use crate::faults::aws;
use crate::options::Latency;
use crate::tables;
use crate::world::{DataSnapshot, Interface, Item, Phase, World};

/// Something that keeps a resource from being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blocker {
    /// What it is, for people.
    pub(crate) description: String,
    /// Whether it goes away by itself.
    pub(crate) passes: bool,
    /// Whether it is what something deleted left behind.
    pub(crate) drains: bool,
}

impl Service<'_> {
    /// Begins to delete a resource.
    pub(crate) fn delete(
        &mut self,
        name: &str,
        id: &str,
        final_snapshot: bool,
    ) -> Result<(), Failure> {
        let kind = self.kind(name)?;
        let item = self.item(name, id)?;
        if item.is_deleting() {
            return Ok(());
        }
        Self::refuse_if_busy(kind, item)?;
        let protects = |name: &&str| item.attributes.get(*name) == Some(&Value::Bool(true));
        if tables::PROTECTIONS.iter().any(protects) {
            let message = format!("Cannot delete the protected {}", item.description());
            return Err(invalid("InvalidParameterCombination", message));
        }
        if final_snapshot && !kind.holds_data {
            let message = format!("A {} has no final snapshot", kind.name);
            return Err(invalid("InvalidParameterCombination", message));
        }
        self.refuse_if_blocked(kind, item)?;
        let item = item.clone();
        let mut takes = self.takes(kind.times.delete, &[id, "delete"]);
        if final_snapshot {
            self.snapshot(&item);
            takes += self.takes(FINAL_SNAPSHOT, &[id, "snapshot"]);
        }
        self.leave_interface(kind, &item);
        self.strand_interfaces(&item.key());
        let until = self.now + takes;
        self.item_mut(name, id)?.phase = Phase::Deleting { until };
        Ok(())
    }

    fn refuse_if_blocked(&self, kind: &Kind, item: &Item) -> Result<(), Failure> {
        let blockers = self.blockers(item);
        if blockers.is_empty() {
            return Ok(());
        }
        let [_, in_use, _] = tables::codes(kind.service);
        let names: Vec<&str> = blockers.iter().map(|b| b.description.as_str()).collect();
        let message = format!("The {} is in use by {}", item.description(), names.join(", "));
        Err(aws(FailureClass::Conflict, in_use, message))
    }

    /// What keeps a resource from being deleted.
    pub(crate) fn blockers(&self, item: &Item) -> Vec<Blocker> {
        let of_item = |other: &Item| Blocker {
            description: other.description(),
            passes: other.is_deleting(),
            drains: false,
        };
        let mut blockers: Vec<Blocker> = self.referrers(item).into_iter().map(of_item).collect();
        blockers.extend(self.in_need_of(item).into_iter().map(of_item));
        let key = item.key();
        let interfaces = self.world.interfaces.iter().filter(|held| held.holds.contains(&key));
        blockers.extend(interfaces.map(|interface| Blocker {
            description: format!("network interface {} ({})", interface.id, interface.description),
            passes: interface.until.is_some(),
            drains: interface.until.is_some(),
        }));
        blockers
    }

    /// What AWS does not let be without this one, though nothing names it.
    fn in_need_of(&self, item: &Item) -> Vec<&Item> {
        let needs = tables::NEEDS.iter().filter(|need| item.kind == *need.needs);
        let Ok(kind) = self.kind(item.kind.as_str()) else { return Vec::new() };
        let Some(vpc) = self.vpc_of(kind, &item.attributes) else { return Vec::new() };
        needs.flat_map(|need| self.in_vpc(need.kind, &vpc)).collect()
    }

    fn snapshot(&mut self, item: &Item) {
        let earlier = self.world.snapshots.iter().filter(|snapshot| snapshot.of == item.id).count();
        let snapshot = DataSnapshot {
            name: format!("{}-final-{}", item.id, earlier + 1),
            kind: item.kind.clone(),
            of: item.id.clone(),
            at: self.now,
        };
        self.world.snapshots.push(snapshot);
    }

    /// Some kinds leave a network interface behind, which holds its subnets and groups.
    fn leave_interface(&mut self, kind: &Kind, item: &Item) {
        let Some(lingers) = kind.lingers.filter(|_| self.options.latency != Latency::Instant)
        else {
            return;
        };
        for row in tables::LINGERING.iter().filter(|row| row.kind == kind.name) {
            let mut holds = self.keys_in(kind, &item.attributes, row.holds);
            if holds.is_empty() {
                continue;
            }
            holds.extend(self.vpc_of(kind, &item.attributes));
            let keeper = row.keeper.map(|keeper| self.keys_in(kind, &item.attributes, &[keeper]));
            let takes = self.takes(lingers.seconds, &[&item.id, "interface"]);
            self.world.interfaces.push(Interface {
                id: format!("eni-{}", hex(self.world.seed, &[&item.key(), "interface"], 17)),
                description: format!("{}{}", row.description, item.id),
                holds,
                keeper: keeper.and_then(|keys| keys.first().cloned()),
                until: Some(self.now + takes),
            });
        }
    }

    /// Without its role, a function's interface stays until somebody deletes it by hand.
    fn strand_interfaces(&mut self, role: &str) {
        if !self.options.strand_interfaces {
            return;
        }
        for interface in &mut self.world.interfaces {
            if interface.keeper.as_deref() == Some(role) {
                interface.until = None;
            }
        }
    }

    /// Whether interfaces that linger still need this role to be deleted.
    pub(crate) fn keeps_interfaces(&self, role: &str) -> bool {
        let key = World::key(tables::KEEPER, role);
        let lingering = self.world.interfaces.iter().filter(|interface| interface.until.is_some());
        lingering.into_iter().any(|interface| interface.keeper.as_deref() == Some(key.as_str()))
    }

    /// What keeps the resource of that kind and id from being deleted.
    pub(crate) fn holders(&self, kind: &str, id: &str) -> Vec<Blocker> {
        let key = World::key(kind, id);
        self.world.resources.get(&key).map_or_else(Vec::new, |item| self.blockers(item))
    }
}
