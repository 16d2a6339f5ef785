//! What the program does between reading and telling, for whoever has to do exactly the same: the
//! suites that run the engine in the simulator.

use trueup_applier::{Ended, Report};
use trueup_model::plan::{WhyNot, Withheld};
use trueup_model::{Catalog, Diagnostic, Plan, Proof, Severity, Snapshot, Stack};
use trueup_planner::{Options, Violation};
use trueup_stack::CelEvaluator;

use crate::exit;
use crate::network;
use crate::render::reason;

/// Decides what is to be done, from a sealed snapshot; the error is what a plan would break that
/// contradicts itself.
pub fn decide(
    stack: &Stack,
    catalog: &Catalog,
    snapshot: &Snapshot,
    options: &Options,
) -> Result<Plan, Vec<Violation>> {
    let evaluator = &CelEvaluator;
    let input = trueup_planner::Input { stack, catalog, snapshot, evaluator, options };
    let mut plan = trueup_planner::plan(&input);
    let violations = trueup_planner::check(&plan, stack, catalog);
    if !violations.is_empty() {
        return Err(violations);
    }
    network::prove(stack, snapshot, &mut plan);
    Ok(plan)
}

/// Proves the sentences of a plan on the network as AWS has it, in their order.
pub fn prove_live(stack: &Stack, snapshot: &Snapshot, plan: &Plan) -> Vec<Proof> {
    network::prove_live(stack, snapshot, plan).into_iter().map(|live| live.proof).collect()
}

/// The findings that forbid a plan.
pub fn forbidding(plan: &Plan) -> impl Iterator<Item = &Diagnostic> {
    plan.findings.iter().filter(|finding| finding.severity == Severity::Error)
}

/// What a plan leaves alone because it is protected or holds data; it stops all of a destroy.
pub fn protected(plan: &Plan) -> impl Iterator<Item = &Withheld> {
    plan.withheld.iter().filter(|withheld| matches!(withheld.why, WhyNot::Protected { .. }))
}

/// The exit code of a plan that was carried out; `read_all` says whether all that exists was read.
pub fn exit_code(plan: &Plan, report: &Report, read_all: bool) -> u8 {
    match report.ended {
        // What could not be read may be there still.
        Ended::Done if !read_all => exit::PARTLY,
        Ended::Done => unfinished(plan),
        Ended::Interrupted => exit::INTERRUPTED,
        Ended::Draining => exit::DRAINING,
        Ended::Credentials | Ended::Partly if report.changes == 0 => exit::ERROR,
        Ended::Credentials | Ended::Partly => exit::PARTLY,
    }
}

/// The exit code of a plan that is done: what it left alone may count.
pub(crate) fn unfinished(plan: &Plan) -> u8 {
    if leaves_work(plan) { exit::PARTLY } else { exit::DONE }
}

/// Whether a plan leaves something alone that is not as the stack wants it, so that somebody must act.
pub fn leaves_work(plan: &Plan) -> bool {
    plan.withheld.iter().any(|withheld| reason::is_unfinished(&withheld.why))
}
