//! What must be there after a run because it was there before it, and is to stay.

use std::collections::BTreeMap;

use trueup_model::plan::WhyNot;
use trueup_model::stack::OnDestroy;
use trueup_model::{Address, Plan};
use trueup_planner::Mode;
use trueup_sim::{Item, World};

use crate::program::{MOVED, Program};
use crate::stacks::THEIRS;

/// What a stack owns and is to stay, by what the stack says of it, or by what is written on it.
pub(crate) struct Keeping {
    /// What may be forgotten and stays in AWS.
    pub(crate) retained: BTreeMap<String, Item>,
    /// What stays and is ours.
    pub(crate) protected: BTreeMap<String, Item>,
    /// The addresses of what is protected and no longer in the stack.
    pub(crate) protected_leavers: Vec<Address>,
    /// What is the same one under either address.
    moved: Vec<Item>,
}

impl Keeping {
    pub(crate) fn new(program: &Program, world: &World) -> Self {
        let mut keeping = Self {
            retained: BTreeMap::new(),
            protected: BTreeMap::new(),
            protected_leavers: Vec::new(),
            moved: Vec::new(),
        };
        let stays = program.options.mode == Mode::Apply;
        for item in world.owned_by(&program.stack.name).filter(|item| !item.is_deleting()) {
            let ownership = item.ownership();
            let Some(address) = ownership.address else { continue };
            let mut resources = program.stack.resources.values();
            let resource = program.stack.resources.get(&address).or_else(|| {
                resources.find(|resource| resource.moved_from.as_ref() == Some(&address))
            });
            let tag = ownership.keep;
            let is_moved = stays && resource.is_some() && MOVED.contains(&&*address.name);
            let (retain, protect) = resource.map_or((tag.retain, tag.protect), |resource| {
                (resource.on_destroy == OnDestroy::Retain, resource.protect)
            });
            if retain {
                keeping.retained.insert(item.key(), item.clone());
            } else if protect {
                keeping.protected.insert(item.key(), item.clone());
                if resource.is_none() {
                    keeping.protected_leavers.push(address);
                }
            }
            if is_moved {
                keeping.moved.push(item.clone());
            }
        }
        keeping
    }

    /// Whether all of it is there, the plan says why, and what was adopted is ours.
    pub(crate) fn check(
        &self,
        program: &Program,
        world: &World,
        plan: &Plan,
    ) -> Result<(), String> {
        let stack = &program.stack.name;
        let now = |item: &Item| world.resources.get(&item.key());
        if let Some(item) = self.retained.values().find(|item| now(item).is_none()) {
            return Err(format!("{} was to be retained and is gone", item.description()));
        }
        for item in self.protected.values().chain(&self.moved) {
            if !now(item).is_some_and(|now| now.is_owned_by(stack)) {
                return Err(format!("{} was to stay and does not", item.description()));
            }
        }
        let says_why = |address: &Address| {
            let mut withheld = plan.withheld.iter();
            withheld.any(|w| w.address == *address && matches!(w.why, WhyNot::Protected { .. }))
        };
        if let Some(address) = self.protected_leavers.iter().find(|address| !says_why(address)) {
            return Err(format!("the plan does not say why {address} stays"));
        }
        let mut wanted = program.stack.resources.values();
        let adopts = wanted.any(|resource| resource.adopt.is_some());
        if adopts && program.options.mode == Mode::Apply {
            let theirs = world.resources.get(&World::key("log_group", THEIRS));
            let is_ours = |item: &Item| {
                item.is_owned_by(stack) && item.tags.get("owner").is_some_and(|tag| tag == "them")
            };
            if !theirs.is_some_and(is_ours) {
                return Err("what was adopted is not ours, or lost its tags".to_owned());
            }
        }
        Ok(())
    }
}
