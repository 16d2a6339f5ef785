//! Watches a world while runs go on: the promises hold after every event, not only at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use trueup_model::kind::Catalog;
use trueup_model::snapshot::ADDRESS_TAG;
use trueup_model::{Address, KindName};

use crate::world::{Item, Phase, World};

/// What the runs of a stack may do.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The stack.
    pub stack: String,
    /// The keys of what is not ours and may be taken over.
    pub adopts: BTreeSet<String>,
    /// What may be lost although it holds data.
    pub may_lose: BTreeSet<Address>,
    /// Of what no final snapshot is taken, because the stack says so.
    pub unsaved: BTreeSet<Address>,
    /// What may be let go and then stays.
    pub retains: BTreeSet<Address>,
}

/// Watches a world.
pub struct Watch {
    rules: Rules,
    holding: BTreeSet<&'static str>,
    state: Mutex<State>,
}

struct State {
    /// The keys of what was there before, or was made by others.
    old: BTreeSet<String>,
    seen: BTreeMap<String, Seen>,
    broken: Option<String>,
}

/// What there was at the last look.
enum Seen {
    /// Not ours: it stays as it is.
    Theirs(Box<Item>),
    /// Ours.
    Ours { address: Option<Address>, kind: KindName, retain: bool, phase: Stage },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Whole,
    Failed,
    Leaving,
}

impl Watch {
    /// Watches what happens to this world from now on.
    pub fn new(rules: Rules, catalog: &Catalog, world: &World) -> Self {
        let holding = catalog.kinds().filter(|kind| kind.holds_data).map(|kind| kind.name);
        let state = State {
            old: world.resources.keys().cloned().collect(),
            seen: world
                .resources
                .iter()
                .map(|(key, item)| (key.clone(), Seen::of(item, &rules.stack)))
                .collect(),
            broken: None,
        };
        Self { holding: holding.collect(), rules, state: Mutex::new(state) }
    }

    /// The first promise that was broken.
    pub fn broken(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    /// Looks at the world after an event.
    pub(crate) fn look(&self, world: &World) {
        let mut state = self.lock();
        if state.broken.is_none() {
            state.broken = self.judge(&mut state, world).err();
        }
    }

    /// Takes the world as it is: others were at it.
    pub(crate) fn accept(&self, world: &World) {
        let state = &mut *self.lock();
        state.seen.retain(|key, _| world.resources.contains_key(key));
        for (key, item) in &world.resources {
            if !state.seen.contains_key(key) {
                state.old.insert(key.clone());
            }
            state.seen.insert(key.clone(), Seen::of(item, &self.rules.stack));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, state: &mut State, world: &World) -> Result<(), String> {
        for (key, item) in &world.resources {
            match state.seen.get(key) {
                Some(Seen::Theirs(was)) if is_same(was, item) => continue,
                Some(seen) => self.changed(key, seen, item, world)?,
                None => self.is_marked(item)?,
            }
            state.seen.insert(key.clone(), Seen::of(item, &self.rules.stack));
        }
        let gone: Vec<String> =
            state.seen.keys().filter(|key| !world.resources.contains_key(*key)).cloned().collect();
        for key in gone {
            match state.seen.remove(&key) {
                Some(Seen::Theirs(item)) => {
                    return Err(format!("{} is not ours and is gone", item.description()));
                }
                Some(Seen::Ours { address, kind, phase, .. }) if phase != Stage::Leaving => {
                    self.may_go(&key, &kind, address.as_ref(), phase, world)?;
                }
                _ => {}
            }
        }
        self.are_single(&state.old, world)
    }

    /// Whether what was there may be as it is now.
    fn changed(&self, key: &str, seen: &Seen, item: &Item, world: &World) -> Result<(), String> {
        let is_ours = item.is_owned_by(&self.rules.stack);
        match seen {
            // The tags come last, so that an adoption that breaks off is seen as one.
            Seen::Theirs(_) if self.rules.adopts.contains(key) && !item.is_deleting() => Ok(()),
            Seen::Theirs(_) => Err(format!("{} is not ours and was changed", item.description())),
            Seen::Ours { address, retain, .. } if !is_ours => {
                let stays = |address: &Address| self.rules.retains.contains(address);
                if *retain || address.as_ref().is_some_and(stays) {
                    return Ok(());
                }
                Err(format!("{} lost the tags that say whose it is", item.description()))
            }
            Seen::Ours { address, kind, phase, .. }
                if *phase != Stage::Leaving && item.is_deleting() =>
            {
                self.may_go(key, kind, address.as_ref(), *phase, world)
            }
            Seen::Ours { .. } => Ok(()),
        }
    }

    /// Nothing that holds data goes without leave, or without its last snapshot.
    fn may_go(
        &self,
        key: &str,
        kind: &KindName,
        address: Option<&Address>,
        phase: Stage,
        world: &World,
    ) -> Result<(), String> {
        if !self.holding.contains(kind.as_str()) {
            return Ok(());
        }
        let named =
            |addresses: &BTreeSet<Address>| address.is_some_and(|it| addresses.contains(it));
        if !named(&self.rules.may_lose) {
            return Err(format!("{key} holds data and goes, which nobody allowed"));
        }
        let is_saved =
            world.snapshots.iter().any(|one| World::key(one.kind.as_str(), &one.of) == key);
        if is_saved || phase == Stage::Failed || named(&self.rules.unsaved) {
            return Ok(());
        }
        Err(format!("{key} goes without the final snapshot that was to be taken"))
    }

    /// Whatever is made says whose it is, but for what AWS makes by itself.
    fn is_marked(&self, item: &Item) -> Result<(), String> {
        let is_marked = item.is_owned_by(&self.rules.stack) && item.tags.contains_key(ADDRESS_TAG);
        if is_marked || item.made_along {
            return Ok(());
        }
        Err(format!("{} was made and does not say whose it is", item.description()))
    }

    /// Of one address one is made, beside what was there before: what others took the tags off and put
    /// them back may be there in any number.
    fn are_single(&self, old: &BTreeSet<String>, world: &World) -> Result<(), String> {
        let mut by_address: BTreeMap<(&str, &str), Vec<(&str, &Item)>> = BTreeMap::new();
        for (key, item) in &world.resources {
            let is_there = !item.is_deleting() && !matches!(item.phase, Phase::Failed { .. });
            if is_there
                && item.is_owned_by(&self.rules.stack)
                && let Some(address) = item.tags.get(ADDRESS_TAG)
            {
                by_address.entry((item.kind.as_str(), address)).or_default().push((key, item));
            }
        }
        for ((_, address), items) in by_address {
            let new = items.iter().filter(|(key, _)| !old.contains(*key)).count();
            if new > 1 {
                let ids: Vec<&str> = items.iter().map(|(_, item)| item.id.as_str()).collect();
                return Err(format!("{address} was made twice: {}", ids.join(", ")));
            }
        }
        Ok(())
    }
}

impl Seen {
    fn of(item: &Item, stack: &str) -> Self {
        if !item.is_owned_by(stack) {
            return Self::Theirs(Box::new(item.clone()));
        }
        let ownership = item.ownership();
        let phase = match item.phase {
            Phase::Deleting { .. } => Stage::Leaving,
            Phase::Failed { .. } => Stage::Failed,
            Phase::Ready | Phase::Creating { .. } | Phase::Updating { .. } => Stage::Whole,
        };
        let (address, retain) = (ownership.address, ownership.keep.retain);
        Self::Ours { address, kind: item.kind.clone(), retain, phase }
    }
}

/// Whether something that is not ours is as it was.
fn is_same(was: &Item, now: &Item) -> bool {
    was.attributes == now.attributes
        && was.tags == now.tags
        && was.is_deleting() == now.is_deleting()
}

#[cfg(test)]
mod tests {
    use trueup_model::Ownership;
    use trueup_model::value::Values;

    use super::*;
    use crate::testing::kinds;
    use crate::world::DataSnapshot;

    fn item(kind: &'static str, id: &str, stack: Option<&str>) -> Item {
        let ownership = Ownership {
            stack: stack.map(str::to_owned),
            address: stack.map(|_| Address::new(kind, "main")),
            ..Ownership::default()
        };
        Item {
            kind: kind.into(),
            id: id.to_owned(),
            attributes: Values::new(),
            outputs: Values::new(),
            tags: ownership.to_tags(),
            default: false,
            made_along: false,
            write_only: Values::new(),
            phase: Phase::Ready,
            created_at: 0,
            revision: 0,
            hidden_until: 0,
            untagged_until: 0,
            hidden_reads: 0,
            untagged_reads: 0,
            stale: None,
            scheduled: Values::new(),
        }
    }

    /// A network of somebody else, a network and a database of ours.
    fn world() -> World {
        let mut world = World::new(1);
        let items = [
            item("vpc", "theirs", None),
            item("vpc", "ours", Some("shop")),
            item("db_instance", "data", Some("shop")),
        ];
        world.resources.extend(items.map(|item| (item.key(), item)));
        world
    }

    /// What a change that a run makes breaks.
    fn broken(rules: Rules, change: impl FnOnce(&mut World)) -> Option<String> {
        let mut world = world();
        let rules = Rules { stack: "shop".to_owned(), ..rules };
        let watch = Watch::new(rules, &kinds::catalog(), &world);
        watch.look(&world);
        assert_eq!(watch.broken(), None);
        change(&mut world);
        watch.look(&world);
        watch.broken()
    }

    fn says(rules: Rules, change: impl FnOnce(&mut World), words: &str) {
        let broken = broken(rules, change).unwrap_or_default();
        assert!(broken.contains(words), "'{broken}' lacks '{words}'");
    }

    fn add(world: &mut World, item: Item) {
        world.resources.insert(item.key(), item);
    }

    #[test]
    fn what_is_not_ours_stays_as_it_is() {
        let change = |world: &mut World| world.get_mut("vpc", "theirs").unwrap().set("a", 1);
        says(Rules::default(), change, "was changed");
        says(
            Rules::default(),
            |world| {
                world.remove("vpc", "theirs");
            },
            "is gone",
        );
        let adopts = || Rules { adopts: ["vpc/theirs".to_owned()].into(), ..Rules::default() };
        assert_eq!(broken(adopts(), change), None);
        says(
            adopts(),
            |world| {
                world.remove("vpc", "theirs");
            },
            "is gone",
        );
    }

    #[test]
    fn what_is_ours_is_let_go_only_where_it_is_to_stay() {
        let forget = |world: &mut World| world.get_mut("vpc", "ours").unwrap().disown();
        says(Rules::default(), forget, "lost the tags");
        let retains = [Address::new("vpc", "main")].into();
        assert_eq!(broken(Rules { retains, ..Rules::default() }, forget), None);
    }

    #[test]
    fn what_is_made_says_whose_it_is_unless_aws_made_it() {
        says(Rules::default(), |world| add(world, item("vpc", "new", None)), "does not say whose");
        let along = Item { made_along: true, ..item("log_group", "new", None) };
        assert_eq!(broken(Rules::default(), |world| add(world, along)), None);
    }

    #[test]
    fn one_successor_may_stand_beside_what_it_replaces() {
        let one = |world: &mut World| add(world, item("vpc", "next", Some("shop")));
        assert_eq!(broken(Rules::default(), one), None);
        let two = |world: &mut World| {
            one(world);
            add(world, item("vpc", "another", Some("shop")));
        };
        says(Rules::default(), two, "made twice");
    }

    #[test]
    fn data_goes_only_with_leave_and_leaves_a_snapshot() {
        let delete = |world: &mut World| {
            world.get_mut("db_instance", "data").unwrap().phase = Phase::Deleting { until: 9 };
        };
        let allowed =
            || Rules { may_lose: [Address::new("db_instance", "main")].into(), ..Rules::default() };
        says(Rules::default(), delete, "nobody allowed");
        says(allowed(), delete, "without the final snapshot");
        says(
            allowed(),
            |world| {
                world.remove("db_instance", "data");
            },
            "final snapshot",
        );
        let saved = |world: &mut World| {
            let (name, of) = ("last".to_owned(), "data".to_owned());
            world.snapshots.push(DataSnapshot { name, kind: "db_instance".into(), of, at: 0 });
            delete(world);
        };
        assert_eq!(broken(allowed(), saved), None);
        let unsaved = [Address::new("db_instance", "main")].into();
        assert_eq!(broken(Rules { unsaved, ..allowed() }, delete), None);
    }

    #[test]
    fn what_others_do_is_not_held_against_a_run() {
        let mut world = world();
        let rules = Rules { stack: "shop".to_owned(), ..Rules::default() };
        let watch = Watch::new(rules, &kinds::catalog(), &world);
        world.remove("vpc", "theirs");
        world.remove("db_instance", "data");
        watch.accept(&world);
        watch.look(&world);
        assert_eq!(watch.broken(), None);
    }
}
