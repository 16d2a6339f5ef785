//! Prints how much longer a run takes than its critical path, in virtual time.
//!
//! The plans are random; the kinds have AWS's usual times, and the rates are AWS's. What is more
//! than one is the price of batched polling, of rates and of the order in which steps go.
#![expect(clippy::print_stdout, reason = "a bench reports to whoever runs it")]
#![expect(clippy::unwrap_used, reason = "a bench that panics says where")]

#[expect(dead_code, unused_imports, reason = "the tests use all of it")]
#[path = "../tests/engine/support/mod.rs"]
mod support;

use std::sync::Arc;

use support::{Account, Planned, Script, address, lawful, usual};

/// A kind as it occurs in plans: its create call, and least, typical and most seconds until ready.
struct Habit {
    kind: &'static str,
    action: &'static str,
    times: [u32; 3],
    share: u32,
}

const HABITS: &[Habit] = &[
    Habit { kind: "subnet", action: "ec2:CreateSubnet", times: [1, 1, 12], share: 50 },
    Habit { kind: "vpc", action: "ec2:CreateVpc", times: [1, 2, 11], share: 30 },
    Habit { kind: "nat_gateway", action: "ec2:CreateNatGateway", times: [94, 107, 124], share: 10 },
    Habit {
        kind: "db_instance",
        action: "rds:CreateDBInstance",
        times: [315, 450, 620],
        share: 10,
    },
];

/// 75 % of what AWS publishes, as the provider for AWS tells them.
const RATES: &[(&str, u32, f64)] = &[
    ("ec2:Describe*", 75, 15.0),
    ("ec2:CreateNatGateway", 7, 0.75),
    ("ec2:*", 37, 3.75),
    ("rds:!", 10, 5.0),
];

/// The seconds of a call that changes something.
const CALL: f64 = 0.5;

fn main() {
    println!(
        "{:>6} {:>6} {:>6} {:>12} {:>12} {:>7} {:>7}",
        "steps", "edges", "seed", "critical s", "makespan s", "ratio", "calls"
    );
    let mut worst: f64 = 0.0;
    for (steps, edges) in [(12, 0), (30, 2), (200, 2), (200, 1), (1000, 2), (1000, 0)] {
        for seed in 1..=3 {
            worst = worst.max(one(steps, edges, seed));
        }
    }
    println!("worst ratio of makespan over critical path: {worst:.3}");
}

fn one(steps: usize, edges: usize, seed: u64) -> f64 {
    let (plan, account, critical) = random(steps, edges, seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let report = runtime.block_on(async {
        let (run, stream) = usual(plan.0, &Arc::new(account.limited(RATES)));
        lawful(run, stream).await.0
    });
    assert_eq!(report.done.len(), steps);
    let makespan = seconds(report.took);
    let ratio = makespan / critical;
    println!(
        "{steps:>6} {edges:>6} {seed:>6} {critical:>12.1} {makespan:>12.1} {ratio:>7.3} {:>7}",
        report.calls
    );
    ratio
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of hours are exact")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// A plan whose steps each wait for some earlier ones, its account, and its critical path.
fn random(steps: usize, edges: usize, seed: u64) -> (Planned, Account, f64) {
    let mut dice = Dice(seed);
    let (mut plan, account) = (Planned::new(), Account::default());
    let mut ends: Vec<f64> = Vec::new();
    for index in 0..steps {
        let habit = dice.habit();
        let name = format!("{}.r{index}", habit.kind);
        let mut after: Vec<usize> = (0..edges)
            .filter(|_| index > 0)
            .map(|_| usize::try_from(dice.below(index as u64)).unwrap())
            .collect();
        after.sort_unstable();
        after.dedup();
        let takes = dice.between(habit.times);
        let begin = after.iter().map(|&before| ends[before]).fold(0.0, f64::max);
        ends.push(begin + CALL + takes);
        plan.create(&name, habit.times[1], &after);
        let script = Script {
            action: habit.action,
            call: std::time::Duration::from_secs_f64(CALL),
            ..Script::ready_after(takes)
        };
        account.look(|state| state.scripts.insert(address(&name), script));
    }
    (plan, account, ends.into_iter().fold(0.0, f64::max))
}

/// Numbers that repeat with their seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn habit(&mut self) -> &'static Habit {
        let mut ticket = u32::try_from(self.below(100)).unwrap();
        let drawn = HABITS.iter().find(|habit| match ticket.checked_sub(habit.share) {
            Some(rest) => {
                ticket = rest;
                false
            }
            None => true,
        });
        drawn.unwrap()
    }

    /// Around the typical time, at times near the least or the most.
    fn between(&mut self, [least, typical, most]: [u32; 3]) -> f64 {
        let share = f64::from(u32::try_from(self.below(1000)).unwrap()) / 1000.0;
        let (least, typical, most) = (f64::from(least), f64::from(typical), f64::from(most));
        if self.below(2) == 0 {
            typical - (typical - least) * share * share
        } else {
            typical + (most - typical) * share * share
        }
    }
}
