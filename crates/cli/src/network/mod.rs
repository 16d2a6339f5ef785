//! Who reaches whom: a stack, a snapshot and a plan as a network, and its sentences proved.
//!
//! The verdicts cover the stack and what surrounds it in its VPCs: AWS's default ACLs and main
//! tables, and what others have there. What has to be known for a sentence to hold and could not be
//! read makes its verdict unknown, never proved.

mod addresses;
mod around;
mod balancers;
mod checks;
mod ends;
mod environments;
mod evidence;
mod forwards;
mod groups;
mod meanwhile;
mod order;
mod piece;
mod question;
mod resources;
mod routes;
mod scene;
mod sentences;
mod states;
mod world;

use std::collections::BTreeSet;

use trueup_model::proof::Verdict;
use trueup_model::{Address, Cause, Diagnostic, Plan, Proof, Reason, Snapshot, Stack, Step};

pub(crate) use ends::KINDS_OF_ENDS;
pub(crate) use forwards::Forward;
pub(crate) use question::{Answer, Asked, Examination, Examined, Question};
use scene::{KINDS, Scene};
use sentences::{Outcome, outcomes};
use world::World;

/// What a reader of verdicts must know.
pub(crate) const COVERS: &str = "Judged by the stack and by what surrounds it in its VPCs: tables, \
    ACLs, groups, gateways, endpoints, peerings and load balancers, whoever made them.";

/// The elements of all networks together that a plan may be tried on: proving must not take longer
/// than reading did, and a network of a thousand elements takes some ten milliseconds.
const MOST_ELEMENTS: usize = 30_000;

/// Proves the sentences on the network that a plan leads to, and adds what is found to the plan: a
/// sentence that breaks forbids it. Of a stack that is destroyed nothing is proved.
pub(crate) fn prove(stack: &Stack, snapshot: &Snapshot, plan: &mut Plan) {
    prove_within(MOST_ELEMENTS, stack, snapshot, plan);
}

/// The same, trying networks of no more than so many elements in all.
fn prove_within(most: usize, stack: &Stack, snapshot: &Snapshot, plan: &mut Plan) {
    if is_destroyed(plan) {
        return;
    }
    let scene = after(stack, snapshot, plan, &|_| true);
    let found = outcomes(&scene, &plan.expect);
    let affected = affected(most, stack, snapshot, plan, &found);
    let tries = most / scene.world.len().max(1);
    let order::Found { orders, is_cut_short } = order::found(stack, snapshot, plan, &found, tries);
    let notes: Vec<Diagnostic> = orders.iter().map(|order| order::note(plan, order)).collect();
    let checks = checks::findings(&scene, plan, &stack.silence);
    let pairs: Vec<_> = orders.iter().map(|order| (order.first, order.second)).collect();
    let notes = if trueup_planner::reorder(plan, &pairs) { notes } else { Vec::new() };
    let mut meanwhile = meanwhile::findings(stack, snapshot, plan, &found, tries);
    meanwhile.extend(is_cut_short.then(order::cut_short));
    let proofs: Vec<Proof> = plan
        .expect
        .iter()
        .zip(found)
        .zip(affected)
        .map(|((sentence, outcome), affected_by)| Proof {
            text: sentence.text.clone(),
            verdict: outcome.verdict,
            evidence: outcome.evidence,
            changes: outcome.changes,
            affected_by,
            location: sentence.location.clone(),
        })
        .collect();
    let broken = proofs.iter().filter(|proof| proof.verdict == Verdict::Broken).map(broken);
    let broken: Vec<Diagnostic> = broken.collect();
    plan.findings.extend(checks.into_iter().chain(notes).chain(meanwhile).chain(broken));
    plan.proofs = proofs;
}

/// Whether a sentence breaks.
pub(crate) fn is_broken(plan: &Plan) -> bool {
    plan.proofs.iter().any(|proof| proof.verdict == Verdict::Broken)
}

/// A sentence on the live network.
pub(crate) struct LiveProof {
    /// The proof.
    pub(crate) proof: Proof,
    /// Whether the file, applied, would mend it: then nobody changed anything behind its back.
    pub(crate) is_pending: bool,
}

/// Proves the sentences on the network as AWS has it.
pub(crate) fn prove_live(stack: &Stack, snapshot: &Snapshot, plan: &Plan) -> Vec<LiveProof> {
    let live = outcomes(&after(stack, snapshot, plan, &|_| false), &plan.expect);
    let by_file: BTreeSet<&Address> = plan
        .changes
        .iter()
        .filter(|change| matches!(change.cause, Cause::File | Cause::Dependency))
        .map(|change| &change.address)
        .collect();
    let by_file = |step: &Step| by_file.contains(&step.address);
    let applied = outcomes(&after(stack, snapshot, plan, &by_file), &plan.expect);
    let both = plan.expect.iter().zip(live).zip(applied);
    let proofs = both.map(|((sentence, live), applied)| LiveProof {
        // What is open that shall be shut is told, whoever opened it: nobody can say that it was not
        // somebody else.
        is_pending: !sentence.negated
            && live.verdict == Verdict::Broken
            && applied.verdict != Verdict::Broken,
        proof: Proof {
            text: sentence.text.clone(),
            verdict: live.verdict,
            evidence: live.evidence,
            changes: live.changes,
            affected_by: Vec::new(),
            location: sentence.location.clone(),
        },
    });
    proofs.collect()
}

fn after<'a>(
    stack: &'a Stack,
    snapshot: &'a Snapshot,
    plan: &'a Plan,
    done: &dyn Fn(&Step) -> bool,
) -> Scene<'a> {
    Scene::of(World::after(stack, snapshot, plan, done), snapshot)
}

/// For each sentence, the changes without which its verdict would be another. Of a network that is
/// only being made that is all of it, and nothing is said.
fn affected(
    most: usize,
    stack: &Stack,
    snapshot: &Snapshot,
    plan: &Plan,
    found: &[Outcome],
) -> Vec<Vec<Address>> {
    let mut affected = vec![Vec::new(); found.len()];
    let mut changed: Vec<&Address> = plan
        .steps
        .iter()
        .filter(|step| KINDS.contains(&step.kind.as_str()))
        .map(|step| &step.address)
        .collect();
    changed.sort();
    changed.dedup();
    let live = after(stack, snapshot, plan, &|_| false);
    if changed.is_empty() || changed.len() * live.world.len() > most {
        return affected;
    }
    let before = outcomes(&live, &plan.expect);
    if before.iter().all(|outcome| outcome.verdict == Verdict::Unknown) {
        return affected;
    }
    for address in changed {
        let without = after(stack, snapshot, plan, &|step| step.address != *address);
        for (index, outcome) in outcomes(&without, &plan.expect).iter().enumerate() {
            let was_there = before[index].verdict != Verdict::Unknown;
            if was_there && outcome.verdict != found[index].verdict {
                affected[index].push(address.clone());
            }
        }
    }
    affected
}

fn is_destroyed(plan: &Plan) -> bool {
    plan.changes.iter().any(|change| change.reasons.contains(&Reason::Destroyed))
}

fn broken(proof: &Proof) -> Diagnostic {
    let message = format!("the planned network breaks '{}'", proof.text);
    let broken = Diagnostic::error("expectation-broken", message).at(proof.location.clone());
    proof.changes.iter().fold(broken, |broken, change| broken.help(format!("to mend it: {change}")))
}
