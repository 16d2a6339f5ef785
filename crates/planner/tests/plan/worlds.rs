//! Laws over random worlds: random stacks, edits, crashes, and changes behind the stack's back.

use proptest::prelude::*;
use trueup_model::{Condition, Value};

use crate::random::{Choices, stack};
use crate::world::World;

/// A world takes longer than a value; `PROPTEST_CASES` asks for more of both.
fn few() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let usual = asked.cases == 256;
    ProptestConfig { cases: if usual { 60 } else { asked.cases }, ..asked }
}

fn allow_everything(world: &mut World) {
    world.options.allow_mass_delete = true;
    let owned = world.account.resources.iter().filter_map(|live| live.ownership.address.clone());
    let wanted = world.stack.resources.keys().cloned();
    world.options.allow_data_loss = owned.chain(wanted).collect();
}

fn databases(world: &World) -> Vec<String> {
    let lives = world.account.resources.iter().filter(|live| live.kind == "db_instance");
    lives.map(|live| live.id.clone()).collect()
}

/// Does something to a live resource that no stack asked for.
fn tamper(world: &mut World, choices: &mut Choices) {
    let count = world.account.resources.len();
    if count == 0 {
        return;
    }
    let place = usize::try_from(choices.below(count as u64)).unwrap();
    let live = &mut world.account.resources[place];
    let names: Vec<String> = live.attributes.keys().cloned().collect();
    let strange =
        [Value::Null, true.into(), 7.into(), "strange".into(), Value::List(vec![Value::Null])];
    match choices.below(12) {
        0 => drop(world.account.resources.remove(place)),
        1 if !names.is_empty() => drop(live.attributes.remove(&choices.of(&names))),
        2 | 3 if !names.is_empty() => {
            live.attributes.insert(choices.of(&names), choices.of(&strange));
        }
        4 => live.condition = Condition::Failed("failed".to_owned()),
        5 => live.condition = Condition::Pending("pending".to_owned()),
        6 => live.condition = Condition::Deleting("deleting".to_owned()),
        7 => live.ownership.address = None,
        8 => live.ownership.stack = choices.of(&[None, Some("other".to_owned())]),
        9 => {
            let mut copy = live.clone();
            copy.id.push_str("copy");
            world.account.resources.push(copy);
        }
        10 => live.outputs.clear(),
        _ => {
            let unreadable = trueup_model::snapshot::Unreadable {
                kind: live.kind.clone(),
                address: live.ownership.address.clone().filter(|_| choices.one_in(2)),
                action: "x:Describe".to_owned(),
                message: "denied".to_owned(),
            };
            world.account.unreadable.push(unreadable);
        }
    }
}

proptest! {
    #![proptest_config(few())]

    /// Whatever the edit, wherever the crash: the next run finishes, and destroying leaves nothing.
    #[test]
    fn every_edit_converges(seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let mut world = World::applied(&stack(&mut choices));
        for _ in 0..3 {
            world.edit(&stack(&mut choices));
            allow_everything(&mut world);
            if choices.one_in(2) {
                let steps = usize::try_from(choices.below(12)).unwrap();
                world.crash_after(steps);
                allow_everything(&mut world);
            }
            world.apply();
        }
        world.destroy().apply();
        prop_assert!(world.account.resources.is_empty());
    }

    /// Nothing that holds data goes without a word, whatever the edit.
    #[test]
    fn no_edit_loses_data(seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let mut world = World::applied(&stack(&mut choices));
        let before = databases(&world);
        world.edit(&stack(&mut choices)).apply();
        let kept = databases(&world);
        prop_assert!(before.iter().all(|id| kept.contains(id)), "{before:?} {kept:?}");
        world.destroy().apply();
        let kept = databases(&world);
        prop_assert!(before.iter().all(|id| kept.contains(id)), "{before:?} {kept:?}");
    }

    /// Whatever is there, a plan is made, and it breaks no rule.
    #[test]
    fn a_strange_account_breaks_no_rule(seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let mut world = World::applied(&stack(&mut choices));
        for _ in 0..choices.below(6) {
            tamper(&mut world, &mut choices);
        }
        if choices.one_in(2) {
            allow_everything(&mut world);
        }
        world.plan();
        world.edit(&stack(&mut choices)).plan();
        world.destroy().plan();
    }

    /// The order in which AWS lists things means nothing.
    #[test]
    fn the_order_of_a_snapshot_does_not_matter(seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let mut world = World::applied(&stack(&mut choices));
        world.edit(&stack(&mut choices));
        let json = |world: &World| serde_json::to_string(&world.plan()).unwrap();
        let before = json(&world);
        world.account.resources.reverse();
        prop_assert_eq!(before, json(&world));
    }
}
