//! Stacks made up by chance, edited by chance, meddled with by chance, with faults by chance.
//!
//! `TRUEUP_CASES=10000` tries so many instead of a few, and `TRUEUP_SEED=7` others; a failing one is
//! shrunk, and kept in `tests/proptest-regressions`, from where it is tried first for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::num::u16::ANY;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseError, TestError, TestRunner,
};
use trueup_model::snapshot::KEEP_TAG;
use trueup_model::stack::OnDestroy;
use trueup_model::{Address, Plan};
use trueup_provider::VISIBLE_AFTER;
use trueup_sim::testing::converge::{check, converge};
use trueup_sim::{FaultPlan, Item, Latency, Rates, Sim, SimOptions, World};
use trueup_stack::MemoryFiles;

use crate::keeping::Keeping;
use crate::program::Program;
use crate::stacks::{Draft, Setting, THEIRS};
use crate::tape::Tape;

const NAME: &str = "net";

/// How many numbers a case reads at most; what goes beyond chooses the simplest.
const TAPE: usize = 280;

/// How often a run may end with something left to do: faults end after [`RATES`] says so many.
const RUNS: usize = 25;

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

/// Something that somebody does by hand.
fn meddle(tape: &mut Tape, world: &mut World) {
    let keys: Vec<String> = world.owned_by(NAME).map(Item::key).collect();
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

/// By turns the program dies, also where AWS's lists are some seconds behind, or a number of reads is
/// behind what was just made. That with deaths would be more than AWS does: the next run waits for as
/// long as lists may be behind, not for as many reads.
fn troubles(tape: &mut Tape) -> (Rates, Duration) {
    let dies = Rates { crash: 8, ..RATES };
    match tape.below(4) {
        0 => (Rates::default(), Duration::ZERO),
        1 => (dies, Duration::ZERO),
        2 => (Rates { hidden: 20, tags_lag: 20, ..RATES }, Duration::ZERO),
        _ => (dies, VISIBLE_AFTER),
    }
}

/// The program over a stack made up by chance; what holds data may go.
fn program(tape: &mut Tape, setting: Setting) -> Program {
    let text = Draft::random(tape, NAME, setting).text();
    let files = MemoryFiles::default().with("api/app.py", "def handler(event, context): pass");
    let mut program = Program::with_files(&text, &files);
    program.options.allow_mass_delete = true;
    let database: Address = "db_instance.main".parse().unwrap();
    program.options.allow_data_loss = [database].into();
    program
}

/// An account in which somebody else has a log group.
async fn account(options: SimOptions) -> Result<Arc<Sim>, String> {
    let text = format!("stack: theirs\nlog_group: {{ a: {{ name: {THEIRS} }} }}\n");
    let theirs = Program::of_text(&text);
    let world = World::fresh(&theirs.catalog, &options);
    let sim = Sim::new(Arc::clone(&theirs.catalog), world, SimOptions::default());
    let sim = Arc::new(sim);
    converge(&theirs, &sim, 2).await?;
    let mut world = sim.world();
    let group = world.get_mut("log_group", THEIRS).ok_or("nothing was made")?;
    group.disown();
    group.set_tag("owner", "them");
    Ok(Arc::new(Sim::new(Arc::clone(&theirs.catalog), world, options)))
}

/// Three stacks one after the other, each until there is nothing left to do; then nothing at all.
async fn live_through(tape: &mut Tape) -> Result<(), String> {
    let ((rates, lag), seed) = (troubles(tape), tape.seed());
    let is_steady = tape.happens(5);
    let setting = |is_theirs_there| Setting { is_steady, is_theirs_there };
    let mut program = self::program(tape, setting(true));
    let is_slow = tape.happens(3);
    let latency = if is_slow { Latency::Varied } else { Latency::Instant };
    let options = SimOptions { latency, throttle: is_slow, seed, lag, ..SimOptions::default() };
    let sim = account(options).await?;
    let before = sim.world();
    for round in 0..3 {
        sim.set_faults(FaultPlan::random(rates), seed * 10 + round);
        live_on(&program, &sim, &before).await.map_err(|why| format!("round {round}: {why}"))?;
        sim.edit(|world| meddle(tape, world)).map_err(|why| why.to_string())?;
        if round < 2 {
            let is_theirs_there =
                sim.world().resources.contains_key(&World::key("log_group", THEIRS));
            program = self::program(tape, setting(is_theirs_there));
        }
    }
    sim.set_faults(FaultPlan::random(rates), seed * 10 + 9);
    destroy(program, &sim).await.map_err(|why| format!("destroy: {why}"))
}

/// One stack, until there is nothing left to do.
async fn live_on(program: &Program, sim: &Arc<Sim>, before: &World) -> Result<(), String> {
    let keeping = Keeping::new(program, &sim.world());
    converge(program, sim, RUNS).await?;
    let mut known = before.clone();
    known.resources.extend(keeping.retained.clone());
    check(&known, sim, NAME)?;
    let plan = plan_in_peace(program, sim).await?;
    keeping.check(program, &sim.world(), &plan)?;
    let (made, wanted) = (sim.world().owned_by(NAME).count(), program.stack.resources.len());
    if made != wanted + keeping.protected_leavers.len() {
        return Err(format!("{made} resources instead of {wanted}"));
    }
    // Whoever retained something does away with it some time.
    let forgotten = keeping.retained.into_values();
    let tidy = |world: &mut World| {
        for item in forgotten {
            if world.resources.get(&item.key()).is_some_and(|now| !now.is_owned_by(NAME)) {
                world.remove(item.kind.as_str(), &item.id);
            }
        }
    };
    sim.edit(tidy).map_err(|why| why.to_string())
}

/// The plan, with nothing in its way.
async fn plan_in_peace(program: &Program, sim: &Arc<Sim>) -> Result<Plan, String> {
    sim.set_faults(FaultPlan::default(), 0);
    if sim.has_crashed() {
        sim.restart();
    }
    let planned = program.plan(sim).await.map_err(|trouble| format!("{trouble:?}"));
    planned.map(|(plan, _)| plan)
}

/// Everything goes but what is to stay.
async fn destroy(mut program: Program, sim: &Arc<Sim>) -> Result<(), String> {
    // What stays in a network keeps that, too; so nothing is to stay in it.
    for resource in program.stack.resources.values_mut() {
        if resource.address.kind == "security_group" {
            (resource.protect, resource.on_destroy) = (false, OnDestroy::Delete);
        }
    }
    let let_go = |world: &mut World| {
        for item in world.resources.values_mut().filter(|item| item.kind == "security_group") {
            item.tags.remove(KEEP_TAG);
        }
    };
    sim.edit(let_go).map_err(|why| why.to_string())?;
    let program = program.destroying();
    let keeping = Keeping::new(&program, &sim.world());
    converge(&program, sim, RUNS).await?;
    let world = sim.world();
    let plan = plan_in_peace(&program, sim).await?;
    keeping.check(&program, &world, &plan)?;
    let stays = |item: &&Item| keeping.protected.contains_key(&item.key());
    let left: Vec<String> =
        world.owned_by(NAME).filter(|item| !stays(item)).map(Item::description).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("left: {left:#?}")) }
}

/// In virtual time, on a runtime of its own.
fn try_tape(numbers: Vec<u16>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(live_through(&mut Tape::new(numbers)))
}

fn asked(variable: &str, otherwise: u32) -> u32 {
    #[expect(clippy::disallowed_methods, reason = "the one way to tell a test what to try")]
    let asked = std::env::var(variable);
    asked.ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

fn try_cases(cases: u32, seed: u64) {
    let regressions = FileFailurePersistence::SourceParallel("proptest-regressions");
    let mut runner = TestRunner::new(Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(regressions)),
        max_shrink_time: 30_000,
        ..Config::default()
    });
    let outcome = runner
        .run(&vec(ANY, TAPE / 2..TAPE), |numbers| try_tape(numbers).map_err(TestCaseError::fail));
    if let Err(failure) = outcome {
        // The numbers of the tape say nothing to anybody; the file of regressions keeps them.
        let (TestError::Fail(why, _) | TestError::Abort(why)) = failure;
        panic!("seed {seed}: {why}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how many a second is of the machine's clock")]
#[expect(clippy::print_stdout, reason = "how many there were is what a long run is asked for")]
#[test]
fn any_stack_becomes_any_other() {
    let (cases, seed) = (asked("TRUEUP_CASES", 60), u64::from(asked("TRUEUP_SEED", 1)));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = cases.div_ceil(u32::try_from(threads).unwrap());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let workers = (0..threads as u64)
            .map(|worker| scope.spawn(move || try_cases(share, seed * 1000 + worker)));
        let workers: Vec<_> = workers.collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!("{cases} random lives from seed {seed}, {:.0} a second", f64::from(cases) / seconds);
}
