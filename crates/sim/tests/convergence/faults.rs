//! What goes wrong by chance.

use trueup_sim::testing::converge::{check, converge};
use trueup_sim::{FaultPlan, Latency, Rates, SimOptions};

use crate::matrix::SMALL;
use crate::program::Program;

/// By turns an instant account and one that takes its time.
fn options(seed: u64) -> SimOptions {
    let latency = if seed.is_multiple_of(2) { Latency::Instant } else { Latency::Varied };
    SimOptions { latency, throttle: seed % 2 == 1, seed, page_size: 3, ..SimOptions::default() }
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
