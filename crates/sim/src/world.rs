//! Everything that the simulated account holds, as data that can be saved and loaded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trueup_model::snapshot::{ADDRESS_TAG, Live, Ownership, STACK_TAG};
use trueup_model::value::{Value, Values};
use trueup_model::{Address, KindName};

use crate::client::Parameters;
use crate::tables;

/// The version of a world's JSON form; raised when a field is added or changes its meaning.
pub const FORMAT: u32 = 1;

/// A simulated account in one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The version of this form.
    pub format: u32,
    /// The twelve digits of the account; empty until a [`crate::Sim`] takes the world over.
    pub account: String,
    /// The Region; empty until a [`crate::Sim`] takes the world over.
    pub region: String,
    /// What ids and all that looks random follow from.
    pub seed: u64,
    /// Milliseconds since the world began. Time passes only while a run is going on.
    pub clock: u64,
    /// What there is, by kind and id: see [`World::key`].
    pub resources: BTreeMap<String, Item>,
    /// Network interfaces that have outlived what made them.
    pub interfaces: Vec<Interface>,
    /// What was kept of data that was deleted.
    pub snapshots: Vec<DataSnapshot>,
    /// Client tokens that were used, by kind and token.
    pub tokens: BTreeMap<String, TokenUse>,
    /// Keys of everything that once was; an id is never given twice.
    pub gone: BTreeSet<String>,
    /// SSM parameters that have another value than the one made up from their name.
    pub parameters: BTreeMap<String, String>,
    /// What surrounds the resources in their networks, by kind and id. A VPC's default ACL and main
    /// table follow from the VPC as long as they are not in here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub around: BTreeMap<String, Live>,
    /// The parameters that leases are kept in.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub leases: Parameters,
}

/// One resource, and what AWS knows about it but does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its kind.
    pub kind: KindName,
    /// Its physical id.
    pub id: String,
    /// Its attributes in the form that AWS reports; sets sorted.
    #[serde(with = "crate::secrets")]
    pub attributes: Values,
    /// What AWS made.
    #[serde(with = "crate::secrets")]
    pub outputs: Values,
    /// All tags, the ownership tags included.
    pub tags: BTreeMap<String, String>,
    /// Whether it is the account's default one of its kind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// Whether AWS made it by itself, along with something else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made_along: bool,
    /// What it was given and never tells back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::secrets")]
    pub write_only: Values,
    /// What is going on with it.
    pub phase: Phase,
    /// When it was made, by the world's clock.
    pub created_at: u64,
    /// How often what AWS makes may have changed.
    #[serde(default)]
    pub revision: u32,
    /// Until when no read shows it, by the world's clock.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub hidden_until: u64,
    /// Until when reads show it without its tags, by the world's clock.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub untagged_until: u64,
    /// How many reads will still not show it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hidden_reads: u32,
    /// How many reads will still show it without its tags.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub untagged_reads: u32,
    /// How many reads will still show it as it was before the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
    /// What AWS has accepted for later, by attribute.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::secrets")]
    pub scheduled: Values,
}

/// What is going on with a resource. Times are by the world's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It can be used.
    Ready,
    /// It is being made.
    Creating {
        /// When it will be ready.
        until: u64,
        /// The state that it will end in instead of being ready.
        breaks: Option<String>,
    },
    /// It is being changed; what is reported is as before.
    Updating {
        /// When the change will show.
        until: u64,
        /// The attributes afterwards.
        #[serde(with = "crate::secrets")]
        attributes: Values,
    },
    /// It is being deleted.
    Deleting {
        /// When it will be gone.
        until: u64,
    },
    /// It ended in a state that it cannot leave.
    Failed {
        /// AWS's words.
        state: String,
    },
}

/// An answer that is behind the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stale {
    /// How many reads will still give it.
    pub reads: u32,
    /// The attributes that they show.
    #[serde(with = "crate::secrets")]
    pub attributes: Values,
}

/// A network interface that has outlived what made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Its id.
    pub id: String,
    /// Who made it, for people: `AWS Lambda VPC ENI-snowex-api`.
    pub description: String,
    /// The keys of what cannot be deleted as long as it exists.
    pub holds: BTreeSet<String>,
    /// The key of the role that AWS needs to delete it.
    pub keeper: Option<String>,
    /// When it will be gone; never, if none.
    pub until: Option<u64>,
}

/// What was kept of data that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSnapshot {
    /// Its name, of which there is only one.
    pub name: String,
    /// The kind of what it was taken of.
    pub kind: KindName,
    /// The id of what it was taken of.
    pub of: String,
    /// When it was taken, by the world's clock.
    pub at: u64,
}

/// What a client token was used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenUse {
    /// The id of what it made.
    pub id: String,
    /// A digest of the request's parameters.
    pub digest: String,
}

impl World {
    /// A world with nothing in it; account and Region are taken from the [`crate::SimOptions`].
    pub fn new(seed: u64) -> Self {
        Self {
            format: FORMAT,
            account: String::new(),
            region: String::new(),
            seed,
            clock: 0,
            resources: BTreeMap::new(),
            interfaces: Vec::new(),
            snapshots: Vec::new(),
            tokens: BTreeMap::new(),
            gone: BTreeSet::new(),
            parameters: BTreeMap::new(),
            around: BTreeMap::new(),
            leases: Parameters::default(),
        }
    }

    /// The key of a resource.
    pub fn key(kind: &str, id: &str) -> String {
        format!("{kind}/{id}")
    }

    /// The resource of that kind and id.
    pub fn get(&self, kind: &str, id: &str) -> Option<&Item> {
        self.resources.get(&Self::key(kind, id))
    }

    /// The resources of a kind, in order of their ids.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Item> {
        // Keys begin with the kind, so a kind stands together.
        let from_there_on = self.resources.range(Self::key(kind, "")..);
        from_there_on.map(|(_, item)| item).take_while(move |item| item.kind == *kind)
    }

    /// The resources that carry a stack's tag.
    pub fn owned_by<'a>(&'a self, stack: &'a str) -> impl Iterator<Item = &'a Item> {
        self.resources.values().filter(move |item| item.is_owned_by(stack))
    }

    /// The resources that carry a stack's tag and that address; more than one during a
    /// replacement.
    pub fn at<'a>(&'a self, stack: &'a str, address: &Address) -> impl Iterator<Item = &'a Item> {
        let tag = address.to_tag();
        self.owned_by(stack).filter(move |item| item.tags.get(ADDRESS_TAG) == Some(&tag))
    }
}

impl World {
    /// Takes a resource away, and with it the references that go with what they name.
    pub(crate) fn take_away(&mut self, key: &str) -> Option<Item> {
        let gone = self.resources.remove(key)?;
        self.gone.insert(key.to_owned());
        let rows =
            tables::LOOSE.iter().filter(|row| row.goes && row.to.contains(&gone.kind.as_str()));
        for row in rows {
            let holders = self.resources.values_mut().filter(|item| item.kind == *row.kind);
            for holder in holders {
                let_go(&mut holder.attributes, row.attribute, &gone.id.as_str().into());
            }
        }
        Some(gone)
    }
}

/// Takes a value out of an attribute.
pub(crate) fn let_go(attributes: &mut Values, name: &str, value: &Value) {
    match attributes.get_mut(name) {
        Some(Value::List(elements)) => elements.retain(|element| element != value),
        Some(held) if held == value => *held = Value::Null,
        _ => {}
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Item {
    /// Its key.
    pub fn key(&self) -> String {
        World::key(self.kind.as_str(), &self.id)
    }

    /// What its tags say of who owns it.
    pub fn ownership(&self) -> Ownership {
        Ownership::split(self.tags.clone()).0
    }

    /// Whether it carries the stack's tag.
    pub fn is_owned_by(&self, stack: &str) -> bool {
        self.tags.get(STACK_TAG).is_some_and(|owner| owner == stack)
    }

    /// Whether its deletion has begun.
    pub fn is_deleting(&self) -> bool {
        matches!(self.phase, Phase::Deleting { .. })
    }

    /// How messages name it: kind, id, and whose it is.
    pub fn description(&self) -> String {
        match self.ownership() {
            Ownership { stack: Some(stack), address: Some(address), .. } => {
                format!("{} {} ({address} of stack {stack})", self.kind, self.id)
            }
            _ => format!("{} {}", self.kind, self.id),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_nought(time: &u64) -> bool {
    *time == 0
}

#[cfg(test)]
mod tests {
    use trueup_model::value::Secret;

    use super::*;

    #[test]
    fn a_world_reads_back_with_its_secrets_and_shows_none() {
        let mut world = World::new(7);
        let item = Item {
            kind: "secret".into(),
            id: "s".to_owned(),
            attributes: [("value".to_owned(), Value::Secret(Secret::new("hunter2")))].into(),
            outputs: Values::new(),
            tags: BTreeMap::new(),
            default: false,
            made_along: false,
            write_only: Values::new(),
            phase: Phase::Ready,
            created_at: 3,
            revision: 0,
            hidden_until: 0,
            untagged_until: 0,
            hidden_reads: 0,
            untagged_reads: 0,
            stale: None,
            scheduled: Values::new(),
        };
        world.resources.insert(item.key(), item);
        let text = serde_json::to_string(&world).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(serde_json::from_str::<World>(&text).unwrap(), world);
    }
}
