//! What others do to a stack: between two runs, or while one is at work.

use serde_json::{Value as Json, json};
use trueup_sim::{Item, Sim, World};

use crate::tape::Tape;

/// Something that somebody does by hand.
pub(crate) fn meddle(tape: &mut Tape, world: &mut World, stack: &str) {
    let keys: Vec<String> = world.owned_by(stack).map(Item::key).collect();
    let key = &keys[tape.below(keys.len())];
    let choice = tape.below(4);
    let item = world.resources.get_mut(key).unwrap();
    match (choice, item.kind.as_str()) {
        (0, "nat_gateway" | "elastic_ip" | "route_table" | "instance" | "lambda_function") => {
            let (kind, id) = (item.kind.clone(), item.id.clone());
            world.remove(kind.as_str(), &id);
        }
        (0, "db_instance") => item.schedule("instance_class", "db.t3.large"),
        (3, "db_instance") => world.let_the_window_come(),
        (1, "security_group") => item.set("ingress", trueup_model::Value::List(Vec::new())),
        (1, "vpc") => item.set("enable_dns_support", false),
        (1, "db_instance") => item.set("deletion_protection", false),
        (1, "lambda_function") => item.set("memory_mb", 512),
        (2, "subnet") => item.set("map_public_ip_on_launch", true),
        (2, "route_table") => item.set("routes", trueup_model::Value::Map([].into())),
        (2, "instance") => item.set("instance_type", "t3.large"),
        (2, "db_instance") => item.set("instance_class", "db.t3.large"),
        (2, "log_group") => item.set("retention_days", 1),
        _ => item.set_tag("project", "meddled"),
    }
}

/// Somebody writes to something while a run is at work.
pub(crate) fn write_meanwhile(tape: &mut Tape, sim: &Sim, stack: &'static str) {
    let (number, which) = (1 + tape.below(30) as u64, tape.below(100));
    sim.at_change(number, move |world, _| {
        let keys: Vec<String> = world.owned_by(stack).map(Item::key).collect();
        let key = keys.get(which % keys.len().max(1));
        if let Some(item) = key.and_then(|key| world.resources.get_mut(key)) {
            item.set_tag("project", "meanwhile");
        }
    });
}

/// Somebody takes the lease away from a run that is at work, as `unlock` does.
pub(crate) fn unlock_meanwhile(tape: &mut Tape, sim: &Sim, stack: &str) {
    let folder = format!("/trueup/{stack}/lease/");
    sim.at_change(1 + tape.below(30) as u64, move |world, now| {
        let generation = |name: &String| name.strip_prefix(&folder)?.parse::<u64>().ok();
        let highest = world.leases.parameters.keys().filter_map(generation).max();
        let held = highest.and_then(|last| world.leases.parameters.get(&format!("{folder}{last}")));
        let (Some(last), Some(held)) = (highest, held) else { return };
        let mut taken = held.clone();
        let mut record: Json = serde_json::from_str(&held.value).unwrap();
        record["id"] = json!("somebody");
        record["state"] = json!("released");
        record["unsettled"] = json!(true);
        (taken.value, taken.modified) = (record.to_string(), now);
        world.leases.parameters.insert(format!("{folder}{}", last + 1), taken);
    });
}
