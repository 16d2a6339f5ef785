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
use trueup_cli::engine;
use trueup_model::plan::Operation;
use trueup_model::proof::Verdict;
use trueup_model::snapshot::KEEP_TAG;
use trueup_model::stack::OnDestroy;
use trueup_model::{Address, Plan};
use trueup_provider::VISIBLE_AFTER;
use trueup_sim::testing::converge::{attempt, check, converge};
use trueup_sim::{FaultPlan, Item, Latency, Rates, Sim, SimOptions, World};
use trueup_stack::MemoryFiles;

use crate::keeping::Keeping;
use crate::others;
use crate::program::{Program, REFUSED};
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

/// By turns the program dies, where AWS's lists are some seconds behind or a number of reads is behind
/// what was just made.
fn troubles(tape: &mut Tape) -> (Rates, Duration) {
    let dies = Rates { crash: 8, ..RATES };
    match tape.below(4) {
        0 => (Rates::default(), Duration::ZERO),
        1 => (dies, Duration::ZERO),
        2 => (Rates { hidden: 20, tags_lag: 20, ..dies }, Duration::ZERO),
        _ => (dies, VISIBLE_AFTER),
    }
}

/// The program over a stack made up by chance. Whether what holds data may go is up to chance, too, and
/// whether somebody interrupts it.
async fn program(tape: &mut Tape, setting: Setting) -> Result<Program, String> {
    let mut draft = Draft::random(tape, NAME, setting);
    if tape.happens(5) {
        let all = draft.sentences();
        draft.expect(&all);
        let holding = holding(&load(&draft)).await?;
        let some: Vec<String> = holding.into_iter().filter(|_| tape.happens(6)).collect();
        draft.expect(&some);
    }
    let mut program = load(&draft);
    program.options.allow_mass_delete = true;
    if tape.happens(5) {
        program.options.allow_data_loss = [database()].into();
    }
    if tape.happens(3) {
        let changes = 1 + tape.below(20) as u64;
        program.interrupt_at.set(Some((changes, 1 + u32::from(tape.happens(5)))));
    }
    Ok(program)
}

fn load(draft: &Draft) -> Program {
    let files = MemoryFiles::default().with("api/app.py", "def handler(event, context): pass");
    Program::with_files(&draft.text(), &files)
}

/// The sentences of a program that hold where it is all there is.
async fn holding(program: &Program) -> Result<Vec<String>, String> {
    let account = program.account(SimOptions::default());
    let plan = plan_in_peace(program, &account).await?;
    let proved = plan.proofs.into_iter().filter(|proof| proof.verdict == Verdict::Proved);
    Ok(proved.map(|proof| proof.text).collect())
}

/// What holds data.
fn database() -> Address {
    "db_instance.main".parse().unwrap()
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
    let mut program = self::program(tape, setting(true)).await?;
    let is_slow = tape.happens(3);
    let latency = if is_slow { Latency::Varied } else { Latency::Instant };
    let options = SimOptions { latency, throttle: is_slow, seed, lag, ..SimOptions::default() };
    let sim = account(options).await?;
    let before = sim.world();
    for round in 0..3 {
        sim.set_faults(FaultPlan::random(rates), seed * 10 + round);
        if tape.happens(3) {
            others::write_meanwhile(tape, &sim, NAME);
        }
        if tape.happens(1) {
            others::unlock_meanwhile(tape, &sim, NAME);
        }
        let again = || sim.set_faults(FaultPlan::random(rates), seed * 10 + round + 5);
        live_on(&mut program, &sim, &before, &again)
            .await
            .map_err(|why| format!("round {round}: {why}"))?;
        sim.edit(|world| others::meddle(tape, world, NAME)).map_err(|why| why.to_string())?;
        if tape.happens(2) {
            strip(tape, &program, &sim).await.map_err(|why| format!("round {round}: {why}"))?;
        }
        if round < 2 {
            let is_theirs_there =
                sim.world().resources.contains_key(&World::key("log_group", THEIRS));
            program = self::program(tape, setting(is_theirs_there)).await?;
        }
    }
    sim.set_faults(FaultPlan::random(rates), seed * 10 + 9);
    destroy(program, &sim).await.map_err(|why| format!("destroy: {why}"))
}

/// One stack, until there is nothing left to do.
async fn live_on(
    program: &mut Program,
    sim: &Arc<Sim>,
    before: &World,
    again: &dyn Fn(),
) -> Result<(), String> {
    let keeping = Keeping::new(program, &sim.world());
    if program.options.allow_data_loss.is_empty() {
        ask_for_leave(program, sim).await?;
        again();
    }
    let program = &*program;
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

/// Runs without leave to lose data, which therefore stays: whoever watches sees to that. Then there is
/// leave, and if it changes what is planned, it was asked for.
async fn ask_for_leave(program: &mut Program, sim: &Arc<Sim>) -> Result<(), String> {
    attempt(program, sim, 2).await?;
    let without = plan_in_peace(program, sim).await?;
    program.options.allow_data_loss = [database()].into();
    let with = plan_in_peace(program, sim).await?;
    let deletes = |plan: &Plan| {
        plan.steps.iter().any(|step| {
            step.address == database() && matches!(step.operation, Operation::Delete { .. })
        })
    };
    let is_leaving = sim.world().at(NAME, &database()).all(Item::is_deleting);
    let asks = engine::protected(&without).any(|withheld| withheld.address == database());
    if is_leaving || (!deletes(&without) && asks == deletes(&with)) {
        return Ok(());
    }
    Err(format!("data would go without leave, or leave is not asked for: {:?}", without.withheld))
}

/// Somebody takes the tags off something. It is not ours then and stays as it is, whatever a run makes of
/// that; afterwards they put them back, or do away with it if there is another by then.
async fn strip(tape: &mut Tape, program: &Program, sim: &Arc<Sim>) -> Result<(), String> {
    let kinds = ["log_group", "security_group", "lambda_function", "iam_role", "elastic_ip"];
    let items: Vec<Item> = sim.world().owned_by(NAME).cloned().collect();
    let mut items = items.into_iter().filter(|item| kinds.contains(&item.kind.as_str()));
    let Some(item) = items.nth(tape.below(6)) else { return Ok(()) };
    let disown = |world: &mut World| world.resources.get_mut(&item.key()).map(Item::disown);
    sim.edit(disown).map_err(|why| why.to_string())?;
    attempt(program, sim, 1).await?;
    let put_back = |world: &mut World| {
        let address = item.ownership().address.unwrap_or_else(database);
        if world.at(NAME, &address).next().is_some() {
            world.remove(item.kind.as_str(), &item.id);
        } else if let Some(now) = world.resources.get_mut(&item.key()) {
            now.tags.extend(item.tags.clone());
        }
    };
    sim.edit(put_back).map_err(|why| why.to_string())
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
    let mut program = program.destroying();
    lift_protection(&mut program, sim).await?;
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

/// What is protected stops a destroy, and nothing changes, until somebody lifts the protection.
async fn lift_protection(program: &mut Program, sim: &Arc<Sim>) -> Result<(), String> {
    let seen = |sim: &Sim| -> Vec<_> {
        let items = sim.world().resources.into_values().filter(|item| !item.is_deleting());
        items.map(|item| (item.key(), item.attributes, item.tags, item.phase)).collect()
    };
    let is_protected = !Keeping::new(program, &sim.world()).protected.is_empty();
    if is_protected {
        let before = seen(sim);
        let runs = attempt(program, sim, 1).await?;
        let is_refused = runs[0].failures == [REFUSED];
        let has_died = sim.has_crashed() || runs[0].planned.is_empty();
        if !(is_refused || has_died) || seen(sim) != before {
            return Err(format!("what is protected does not stop a destroy: {runs:#?}"));
        }
    }
    for resource in program.stack.resources.values_mut() {
        resource.protect = false;
    }
    let unprotect = |world: &mut World| {
        for item in world.resources.values_mut().filter(|item| item.ownership().keep.protect) {
            item.tags.remove(KEEP_TAG);
        }
    };
    sim.edit(unprotect).map_err(|why| why.to_string())
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
