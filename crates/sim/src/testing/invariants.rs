//! What holds of a world after every run, whatever went wrong in it: the promises, as functions.

use std::collections::BTreeMap;

use trueup_model::Address;

use crate::world::{Item, World};

/// Addresses of a stack that more than one resource has: something was made twice.
pub fn twins(world: &World, stack: &str) -> Vec<String> {
    let mut by_address: BTreeMap<(&str, Address), Vec<&Item>> = BTreeMap::new();
    for item in world.owned_by(stack).filter(|item| !item.is_deleting()) {
        if let Some(address) = item.ownership().address {
            by_address.entry((item.kind.as_str(), address)).or_default().push(item);
        }
    }
    let several = by_address.into_iter().filter(|(_, items)| items.len() > 1);
    several.map(|((_, address), items)| format!("{address}: {}", ids(&items))).collect()
}

/// What is in a world besides what was there before and what a stack owns: what a run made and
/// lost. What AWS makes by itself does not count.
pub fn orphans(before: &World, after: &World, stack: &str) -> Vec<String> {
    let lost = after.resources.iter().filter(|(key, item)| {
        !before.resources.contains_key(*key) && !item.is_owned_by(stack) && !item.made_along
    });
    lost.map(|(key, _)| key.clone()).collect()
}

fn ids(items: &[&Item]) -> String {
    items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>().join(", ")
}
