//! Everything that can go wrong, at every step, and by chance.

use std::sync::Arc;

use trueup_provider::VISIBLE_AFTER;
use trueup_sim::testing::converge::{FAULTS, check, converge, matrix};
use trueup_sim::{Fault, FaultPlan, Latency, Rates, Sim, SimOptions};

use crate::program::Program;

/// One of each way that a create can be repeated, a circle of groups, and values that are known
/// only when something is made.
const SMALL: &str = r#"
stack: small
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16, enable_dns_hostnames: true }
internet_gateway:
  main: { vpc: main }
subnet:
  a: { vpc: main, cidr_block: 10.0.1.0/24, availability_zone: a }
elastic_ip:
  nat: {}
nat_gateway:
  main: { subnet: a, elastic_ip: nat }
security_group:
  one: { vpc: main, ingress: [{ port: 1, from: [two] }] }
  two: { vpc: main, ingress: [{ port: 2, from: [one] }] }
iam_role:
  runner: { service: lambda.amazonaws.com }
log_group:
  runner: { name: "/small/${vpc.main.id}", retention_days: 3 }
"#;

/// By turns an instant account and one that takes its time.
fn options(seed: u64) -> SimOptions {
    let latency = if seed.is_multiple_of(2) { Latency::Instant } else { Latency::Varied };
    SimOptions { latency, throttle: seed % 2 == 1, seed, page_size: 3, ..SimOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn every_step_survives_every_fault() {
    let program = Program::of_text(SMALL);
    let start = || program.account(SimOptions::default());
    let tried = matrix(&program, &start, &FAULTS).await.unwrap();
    assert!(tried > 100, "{tried}");
}

/// Where lists are seconds behind, what the last run made is seen because the next one waits.
#[tokio::test(start_paused = true)]
async fn a_death_after_any_step_leaves_no_twin_where_lists_lag_behind() {
    let program = Program::of_text(SMALL);
    for seed in 0..2 {
        let start = || program.account(SimOptions { lag: VISIBLE_AFTER, ..options(seed) });
        let deaths = [Fault::CrashBefore, Fault::CrashHalfway, Fault::CrashAfter, Fault::LostAfter];
        let tried = matrix(&program, &start, &deaths).await.unwrap();
        assert!(tried > 40, "{tried}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_destruction_survives_every_fault() {
    let making = Program::of_text(SMALL);
    let made = making.account(SimOptions::default());
    converge(&making, &made, 2).await.unwrap();
    let world = made.world();
    let program = Program::of_text(SMALL).destroying();
    let catalog = Arc::clone(&program.catalog);
    let start = || Arc::new(Sim::new(Arc::clone(&catalog), world.clone(), SimOptions::default()));
    let tried = matrix(&program, &start, &FAULTS).await.unwrap();
    assert!(tried > 100, "{tried}");
}

#[tokio::test(start_paused = true)]
async fn a_whole_stack_survives_what_chance_brings() {
    let rates = Rates {
        throttled: 20,
        unavailable: 10,
        lost_after: 20,
        crash: 5,
        at_most: 30,
        ..Rates::default()
    };
    let program = Program::of_file("snowex.yaml");
    let destroyer = Program::of_file("snowex.yaml").destroying();
    for seed in 0..12 {
        let sim = program.account(SimOptions { seed, ..SimOptions::usual() });
        let before = sim.world();
        let told = |why: String| panic!("seed {seed}: {why}");
        sim.set_faults(FaultPlan::random(rates), seed);
        converge(&program, &sim, 20).await.map_err(told).unwrap();
        check(&before, &sim, "snowex").map_err(told).unwrap();
        assert_eq!(sim.world().owned_by("snowex").count(), program.stack.resources.len());
        sim.set_faults(FaultPlan::random(rates), seed + 1000);
        converge(&destroyer, &sim, 20).await.map_err(told).unwrap();
        assert_eq!(sim.world().owned_by("snowex").count(), 0, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn chance_changes_nothing() {
    let rates = Rates {
        throttled: 30,
        unavailable: 20,
        lost_before: 20,
        lost_after: 20,
        lost_halfway: 20,
        hidden: 20,
        tags_lag: 20,
        behind: 20,
        crash: 0,
        at_most: 40,
    };
    let program = Program::of_text(SMALL);
    let destroyer = Program::of_text(SMALL).destroying();
    for seed in 0..60 {
        let sim = program.account(options(seed));
        let before = sim.world();
        let told = |why: String| panic!("seed {seed}: {why}");
        sim.set_faults(FaultPlan::random(rates), seed);
        converge(&program, &sim, 6).await.map_err(told).unwrap();
        check(&before, &sim, "small").map_err(told).unwrap();
        assert_eq!(sim.world().owned_by("small").count(), program.stack.resources.len());
        sim.set_faults(FaultPlan::random(rates), seed + 1);
        converge(&destroyer, &sim, 6).await.map_err(told).unwrap();
        assert_eq!(sim.world().owned_by("small").count(), 0, "seed {seed}");
    }
}
