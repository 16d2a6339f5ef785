//! What waits for a maintenance window: asked for once, left alone, taken back, done.

use std::sync::Arc;

use trueup_model::Address;
use trueup_model::plan::WhyNot;
use trueup_sim::testing::converge::{FAULTS, check, converge, matrix};
use trueup_sim::{Item, Sim, SimOptions};

use crate::matrix::told;
use crate::program::{Program, differences};

/// A database alone in its network, with these changes.
fn program(edits: &str) -> Program {
    let mut program = Program::of_text(&format!(
        "
stack: shop
region: us-west-2
vpc: {{ main: {{ cidr_block: 10.0.0.0/16 }} }}
subnet:
  private:
    for_each: [a, b]
    vpc: main
    availability_zone: ${{each.key}}
    cidr_block: ${{cidr_subnet('10.0.0.0/16', 24, each.index)}}
db_subnet_group: {{ main: {{ subnets: [private] }} }}
db_instance:
  main:
    {{ engine: postgres, username: shop, password: managed, subnet_group: main, {edits} }}
"
    ));
    let database: Address = "db_instance.main".parse().unwrap();
    program.options.allow_data_loss = [database].into();
    program
}

const SMALL: &str = "instance_class: db.t3.micro, allocated_storage: 20";
const LARGE: &str = "instance_class: db.t3.large, allocated_storage: 30";
const LARGE_NOW: &str = "instance_class: db.t3.large, allocated_storage: 30, apply: now";
const SMALL_GROWN: &str = "instance_class: db.t3.micro, allocated_storage: 30";

fn database(sim: &Sim) -> Item {
    let address: Address = "db_instance.main".parse().unwrap();
    sim.world().at("shop", &address).next().unwrap().clone()
}

/// What is there, and what will be: class and size.
fn seen(sim: &Sim) -> String {
    let item = database(sim);
    let waits = item.scheduled.iter().map(|(name, later)| format!(", {name} -> {later}"));
    let [class, size] = ["instance_class", "allocated_storage"].map(|name| &item.attributes[name]);
    format!("{class} {size}{}", waits.collect::<String>())
}

/// Converges, and gives how many steps that took.
async fn reached(sim: &Arc<Sim>, edits: &str) -> usize {
    let before = sim.world();
    let runs = converge(&program(edits), sim, 3).await.unwrap();
    check(&before, sim, "shop").unwrap();
    runs.iter().map(|run| run.planned.len()).sum()
}

async fn made() -> Arc<Sim> {
    let sim = program(SMALL).account(SimOptions::default());
    converge(&program(SMALL), &sim, 3).await.unwrap();
    sim
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_asked_for_once_and_comes_with_the_window() {
    let sim = made().await;
    reached(&sim, LARGE).await;
    let waiting = "db.t3.micro 20, allocated_storage -> 30, instance_class -> db.t3.large";
    assert_eq!(seen(&sim), waiting);
    assert_eq!(reached(&sim, LARGE).await, 0, "it is not asked for again");

    let (plan, _) = program(LARGE).plan(&sim).await.unwrap();
    assert_eq!(differences(&plan), Vec::<String>::new());
    let scheduled = |why: &WhyNot| match why {
        WhyNot::Scheduled { attribute } => Some(attribute.clone()),
        _ => None,
    };
    let scheduled: Vec<String> = plan.withheld.iter().filter_map(|w| scheduled(&w.why)).collect();
    assert_eq!(scheduled, ["allocated_storage", "instance_class"]);

    sim.edit(trueup_sim::World::let_the_window_come).unwrap();
    assert_eq!(seen(&sim), "db.t3.large 30");
    assert_eq!(reached(&sim, LARGE).await, 0);
}

#[tokio::test(start_paused = true)]
async fn one_of_two_is_taken_back_and_the_other_waits_on() {
    let sim = made().await;
    reached(&sim, LARGE).await;
    reached(&sim, SMALL_GROWN).await;
    assert_eq!(seen(&sim), "db.t3.micro 20, allocated_storage -> 30");
    reached(&sim, SMALL).await;
    assert_eq!(seen(&sim), "db.t3.micro 20");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_scheduled_is_taken_back() {
    let sim = made().await;
    let address: Address = "db_instance.main".parse().unwrap();
    sim.edit(|world| {
        world.at_mut("shop", &address).unwrap().schedule("engine_version", "18.1");
    })
    .unwrap();
    reached(&sim, &format!("{SMALL}, engine_version: '17'")).await;
    assert_eq!(seen(&sim), "db.t3.micro 20");
}

#[tokio::test(start_paused = true)]
async fn at_once_all_that_waits_is_done() {
    let sim = made().await;
    reached(&sim, LARGE).await;
    reached(&sim, &LARGE_NOW.replace("storage: 30", "storage: 40")).await;
    assert_eq!(seen(&sim), "db.t3.large 40");
}

#[tokio::test(start_paused = true)]
async fn asking_and_taking_back_survive_every_fault() {
    let sim = made().await;
    let small = sim.world();
    reached(&sim, LARGE).await;
    let waiting = sim.world();
    for (world, edits) in [(&small, LARGE), (&waiting, SMALL_GROWN), (&waiting, SMALL)] {
        let program = program(edits);
        let catalog = Arc::clone(&program.catalog);
        let start =
            || Arc::new(Sim::new(Arc::clone(&catalog), world.clone(), SimOptions::default()));
        let tried = told("window", FAULTS.len(), matrix(&program, &start, &FAULTS).await);
        assert!(tried.worlds >= FAULTS.len() * 2, "{tried:?}");
    }
}
