//! Networks made up by chance, changed by chance, with faults by chance.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use trueup_sim::testing::converge::{check, converge};
use trueup_sim::{FaultPlan, Latency, Rates, Sim, SimOptions, World};

use crate::build;
use crate::program::Program;

/// A row of numbers that look random.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn happens(&mut self, of_ten: u64) -> bool {
        self.below(10) < of_ten
    }
}

/// Some of everything that a network has, referring to one another.
fn resources(chance: &mut Chance) -> Vec<(String, Json)> {
    let base = format!("10.{}", u64::from(chance.happens(2)));
    let mut all = vec![(
        "vpc.main".to_owned(),
        json!({"cidr_block": format!("{base}.0.0/16"), "enable_dns_hostnames": chance.happens(5)}),
    )];
    let subnets = 1 + chance.below(3);
    for number in 0..subnets {
        let cidr = format!("{base}.{}.0/24", number + 10 * chance.below(3));
        all.push((
            format!("subnet.s{number}"),
            json!({"vpc": "@vpc.main.id", "cidr_block": cidr, "availability_zone": "us-west-2a",
                   "map_public_ip_on_launch": chance.happens(5)}),
        ));
    }
    let is_public = chance.happens(7);
    if is_public {
        all.push(("internet_gateway.main".to_owned(), json!({"vpc": "@vpc.main.id"})));
        all.push(("elastic_ip.nat".to_owned(), json!({})));
        let subnet = format!("@subnet.s{}.id", chance.below(subnets));
        let nat = json!({"subnet": subnet, "elastic_ip": "@elastic_ip.nat.id"});
        all.push(("nat_gateway.main".to_owned(), nat));
    }
    all.extend(tables(chance, subnets, is_public));
    all.extend(groups(chance));
    all
}

fn tables(chance: &mut Chance, subnets: u64, is_public: bool) -> Vec<(String, Json)> {
    let count = 1 + chance.below(2);
    let tables = (0..count).map(|table| {
        let own = (0..subnets).filter(|subnet| subnet % count == table);
        let own: Vec<String> = own.map(|subnet| format!("@subnet.s{subnet}.id")).collect();
        let mut routes = serde_json::Map::new();
        if is_public {
            let target = ["@internet_gateway.main.id", "@nat_gateway.main.id"];
            let target = target[usize::try_from(chance.below(2)).unwrap()];
            routes.insert("0.0.0.0/0".to_owned(), target.into());
        }
        let table_of = json!({"vpc": "@vpc.main.id", "subnets": own, "routes": routes});
        (format!("route_table.t{table}"), table_of)
    });
    tables.collect()
}

fn groups(chance: &mut Chance) -> Vec<(String, Json)> {
    let count = 2 + chance.below(4);
    let groups = (0..count).map(|group| {
        let rules = (0..chance.below(3)).map(|rule| {
            let from = match chance.below(3) {
                0 => "10.0.0.0/8".to_owned(),
                // Another group: one that lets itself in is a case of its own.
                _ => format!("@security_group.g{}.id", (group + 1) % count),
            };
            json!({"port": 1000 + rule, "protocol": "tcp", "from": [from]})
        });
        let rules: Vec<Json> = rules.collect();
        let description = format!("group {}", chance.below(2));
        let group_of = json!({"vpc": "@vpc.main.id", "description": description, "ingress": rules});
        (format!("security_group.g{group}"), group_of)
    });
    groups.collect()
}

/// Something that somebody does by hand.
fn meddle(chance: &mut Chance, world: &mut World, stack: &str) {
    let keys: Vec<String> = world.owned_by(stack).map(trueup_sim::Item::key).collect();
    let key = &keys[usize::try_from(chance.below(keys.len() as u64)).unwrap()];
    let item = world.resources.get_mut(key).unwrap();
    match (chance.below(4), item.kind.as_str()) {
        (0, "nat_gateway" | "elastic_ip" | "route_table") => {
            let (kind, id) = (item.kind.clone(), item.id.clone());
            world.remove(kind.as_str(), &id);
        }
        (1, "security_group") => item.set("ingress", trueup_model::Value::List(Vec::new())),
        (1, "vpc") => item.set("enable_dns_support", false),
        (2, "subnet") => item.set("map_public_ip_on_launch", true),
        (2, "route_table") => item.set("routes", trueup_model::Value::Map([].into())),
        _ => item.set_tag("project", "meddled"),
    }
}

const RATES: Rates = Rates {
    throttled: 20,
    unavailable: 15,
    lost_before: 15,
    lost_after: 15,
    lost_halfway: 15,
    hidden: 0,
    tags_lag: 0,
    behind: 15,
    crash: 0,
    at_most: 60,
};

/// By turns the program dies, or reads are behind what was just made. With both at once, the next
/// run may not see what the last one made, and only a client token could tell that it exists;
/// tokens of kinds that have them are not the same then.
fn rates(seed: u64) -> Rates {
    match seed % 2 {
        0 => Rates { crash: 8, ..RATES },
        _ => Rates { hidden: 20, tags_lag: 20, ..RATES },
    }
}

async fn live_through(seed: u64) {
    let mut chance = Chance(seed);
    let catalog = Arc::new(trueup_aws::catalog());
    let latency = if chance.happens(3) { Latency::Varied } else { Latency::Instant };
    let options =
        SimOptions { latency, throttle: latency == Latency::Varied, seed, ..SimOptions::default() };
    let world = World::fresh(&catalog, &options);
    let sim = Arc::new(Sim::new(Arc::clone(&catalog), world, options));
    let before = sim.world();
    let faults = |round| sim.set_faults(FaultPlan::random(rates(seed)), seed * 10 + round);
    let mut last = None;
    for round in 0..3 {
        let stack = build::stack(&catalog, "net", &resources(&mut chance));
        let mut program = Program::of(stack, Arc::clone(&catalog));
        program.options.allow_mass_delete = true;
        faults(round);
        let told = |why: String| panic!("seed {seed}, round {round}: {why}");
        converge(&program, &sim, 25).await.map_err(told).unwrap();
        check(&before, &sim, "net").map_err(told).unwrap();
        assert_eq!(sim.world().owned_by("net").count(), program.stack.resources.len());
        sim.edit(|world| meddle(&mut chance, world, "net")).unwrap();
        last = Some(program);
    }
    faults(9);
    converge(&last.unwrap().destroying(), &sim, 25)
        .await
        .unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    assert_eq!(sim.world().owned_by("net").count(), 0, "seed {seed}");
}

/// `TRUEUP_SEEDS=1000-2000` tries these instead of the first few.
fn seeds() -> std::ops::Range<u64> {
    #[expect(clippy::disallowed_methods, reason = "the one way to tell a test what to try")]
    let wanted = std::env::var("TRUEUP_SEEDS").unwrap_or_default();
    let numbers = wanted.split_once('-').map(|(first, last)| (first.parse(), last.parse()));
    match numbers {
        Some((Ok(first), Ok(last))) => first..last,
        _ => 0..40,
    }
}

#[tokio::test(start_paused = true)]
async fn any_network_becomes_any_other() {
    for seed in seeds() {
        live_through(seed).await;
    }
}
