//! The stages of planning, one after the other.

use std::collections::BTreeMap;

use trueup_model::expression::Expressions;
use trueup_model::plan::{FORMAT, Operation, Step, Target, WhyNot, Withheld};
use trueup_model::{Address, Diagnostic, Plan};

use crate::decide::{Context, Decision, Fate, Frozen, Walk};
use crate::departures::Departures;
use crate::graph::{Graph, Node};
use crate::guards::Refused;
use crate::index::Index;
use crate::matching::Matching;
use crate::order::Sorted;
use crate::readers::{Names, Readers};
use crate::secrets::Secrets;
use crate::steps::Drafts;
use crate::vpcs::Vpcs;
use crate::{Input, Mode, analyzers, changes, hash};

/// How often names may lead to others before what has them is left as it is.
const MOST_ROUNDS: usize = 16;

pub(crate) fn plan(input: &Input<'_>) -> Plan {
    let secrets = Secrets::new(input.stack, input.catalog);
    let snapshot = secrets.snapshot(input.snapshot);
    let input = &Input { snapshot: &snapshot, ..*input };
    let index = Index::new(input);
    let matching = Matching::new(input, &index);
    let graph = Graph::new(&index, &Vpcs::new(input, &index));
    let context = Context {
        input,
        secrets: &secrets,
        index: &index,
        matching: &matching,
        graph: &graph,
        readers: &Readers::default(),
    };
    let mut settled = context.settle_on();
    let readers = std::mem::take(&mut settled.readers);
    let context = Context { readers: &readers, ..context };
    let drafts = Drafts::new(context, &settled.walk.decisions, &settled.departures);
    let mut findings = matching.findings.clone();
    findings.append(&mut settled.walk.findings);
    let mut withheld = context.withheld(&settled);
    let sorted = drafts.orders.sort(drafts.steps.len());
    findings.extend(stuck(&drafts, &sorted, &mut withheld));
    let steps = number(drafts.steps, sorted);
    let (longest_chain, seconds) = longest_chain(&steps);
    let changes = changes::changes(context, &settled, &steps, &drafts.meanwhile);
    let (outputs, faults) = context.outputs(&settled.walk.decisions);
    findings.extend(faults);
    let mut plan = Plan {
        format: FORMAT,
        stack: input.stack.name.clone(),
        account: input.snapshot.account.clone(),
        region: input.snapshot.region.clone(),
        stack_digest: input.stack.digest.clone(),
        changes,
        steps,
        withheld,
        findings,
        expect: input.stack.expect.clone(),
        proofs: Vec::new(),
        outputs,
        fingerprints: context.fingerprints(&settled),
        longest_chain,
        seconds,
        api_calls: input.snapshot.calls,
    };
    let opinions = analyzers::analyze(&analyzers::Subject { input, index: &index, plan: &plan });
    plan.findings.extend(opinions);
    plan
}

/// Decisions that no guard objects to.
pub(crate) struct Settled {
    pub(crate) walk: Walk,
    pub(crate) departures: Departures,
    pub(crate) refused: Refused,
    /// What resources say with the names that these decisions give to others.
    pub(crate) readers: Readers,
    /// The addresses of what is refused to go, for the plan.
    pub(crate) stays: BTreeMap<Address, WhyNot>,
}

impl Context<'_, '_> {
    /// Decides, lets the guards object, and decides again, until they are silent. What they keep
    /// stays kept, so that this ends.
    fn settle_on(self) -> Settled {
        let mut frozen = Frozen::new();
        let mut names = Names::new();
        loop {
            let (walk, readers) = self.name_all(&mut frozen, names);
            let context = Context { readers: &readers, ..self };
            let mut departures = context.departures(&walk.decisions);
            let refused = context.refuse(&walk.decisions, &departures);
            let before = frozen.len();
            for (id, why) in context.frozen(&walk.decisions, &departures, &refused) {
                frozen.entry(id).or_insert(why);
            }
            if frozen.len() == before {
                let stays = refused.iter().filter_map(|(live, why)| {
                    Some((departures.get(live)?.address.clone(), why.clone()))
                });
                let stays = stays.collect();
                departures.retain(|live, _| !refused.contains_key(live));
                return Settled { walk, departures, refused, readers, stays };
            }
            names = readers.into_names();
        }
    }

    /// Decides with names, and again with those that come of it, until they are the same. What
    /// has another name each time stays as it is.
    fn name_all(self, frozen: &mut Frozen, mut names: Names) -> (Walk, Readers) {
        let mut rounds = 0;
        loop {
            let readers = Readers::new(self.input, self.index, names);
            let context = Context { readers: &readers, ..self };
            let walk = match self.input.options.mode {
                Mode::Apply => context.walk(frozen),
                Mode::Destroy => Walk { decisions: Vec::new(), findings: Vec::new() },
            };
            let found = context.names(&walk.decisions);
            let restless = readers.differing(&found);
            if restless.is_empty() || rounds == 2 * MOST_ROUNDS {
                return (walk, readers);
            }
            if rounds >= MOST_ROUNDS {
                for id in restless {
                    let message = "its name hangs on itself, by way of others".to_owned();
                    frozen.entry(id).or_insert(WhyNot::Faulty { message });
                }
            }
            names = found;
            rounds += 1;
        }
    }

    fn withheld(self, settled: &Settled) -> Vec<Withheld> {
        let mut withheld = Vec::new();
        for (id, decision) in settled.walk.decisions.iter().enumerate() {
            let address = &self.index.resources[id].address;
            let whys = decision.iter().flat_map(|decision| &decision.withheld);
            withheld
                .extend(whys.map(|why| Withheld { address: address.clone(), why: why.clone() }));
        }
        if self.input.options.mode == Mode::Destroy {
            for (id, found) in self.matching.of.iter().enumerate() {
                if let crate::matching::Match::Blocked(why @ WhyNot::Unreadable { .. }) = found {
                    let address = self.index.resources[id].address.clone();
                    withheld.push(Withheld { address, why: why.clone() });
                }
            }
        }
        let stays = settled.stays.iter();
        withheld.extend(
            stays.map(|(address, why)| Withheld { address: address.clone(), why: why.clone() }),
        );
        withheld.sort_by(|a, b| a.address.cmp(&b.address));
        withheld.dedup();
        withheld
    }

    fn outputs(self, decisions: &[Option<Decision>]) -> (Expressions, Vec<Diagnostic>) {
        let mut outputs = Expressions::new();
        let mut faults = Vec::new();
        let view = self.view(decisions);
        for (name, output) in &self.input.stack.outputs {
            if decisions.is_empty() {
                outputs.insert(name.clone(), output.clone());
                continue;
            }
            match view.resolve(self.input.evaluator, None, output) {
                Ok(value) => drop(outputs.insert(name.clone(), value)),
                Err(error) => {
                    let message = format!("output '{name}': {error}");
                    faults.push(Diagnostic::error("evaluation", message));
                }
            }
        }
        (outputs, faults)
    }

    /// A fingerprint of everything that is changed or that something changed refers to.
    fn fingerprints(self, settled: &Settled) -> BTreeMap<Address, String> {
        let mut concerned = vec![false; self.index.lives.len()];
        settled.departures.keys().for_each(|live| concerned[*live] = true);
        for (id, decision) in settled.walk.decisions.iter().enumerate() {
            let Some(decision) = decision.as_ref().filter(|d| d.fate != Fate::Keep) else {
                continue;
            };
            decision.live.into_iter().for_each(|live| concerned[live] = true);
            for node in [Node::Main(id), Node::Late(id)] {
                for (need, _) in self.graph.needs(node) {
                    let need = settled.walk.decisions[need.resource()].as_ref();
                    let live = need.and_then(|need| need.live);
                    if let Some(live) = live {
                        concerned[live] = true;
                    }
                }
            }
        }
        let mut fingerprints: BTreeMap<Address, String> = BTreeMap::new();
        let ours = concerned.iter().enumerate().filter(|(_, concerned)| **concerned);
        let ours = ours.map(|(id, _)| (self.address_of(id), self.index.lives[id]));
        let looked_up = self.input.snapshot.existing.iter();
        for (address, live) in ours.chain(looked_up.map(|(address, live)| (address.clone(), live)))
        {
            let Some(kind) = self.input.catalog.get(live.kind.as_str()) else { continue };
            let print = hash::fingerprint(self.secrets, kind, live);
            // An interrupted replacement leaves two under one address.
            let both = fingerprints.get(&address).map(|first| hash::digest(&[first, &print]));
            fingerprints.insert(address, both.unwrap_or(print));
        }
        fingerprints
    }

    fn address_of(self, live: usize) -> Address {
        let claimant = self.matching.claimants[live].map(|id| &self.index.resources[id].address);
        let owned = self.index.lives[live].ownership.address.as_ref();
        claimant.or(owned).cloned().unwrap_or_else(|| {
            let live = self.index.lives[live];
            Address::new(live.kind.clone(), live.id.clone())
        })
    }
}

fn stuck(drafts: &Drafts, sorted: &Sorted, withheld: &mut Vec<Withheld>) -> Option<Diagnostic> {
    if sorted.stuck.is_empty() {
        return None;
    }
    let message = "these wait for each other in AWS and are left alone".to_owned();
    let mut names: Vec<Address> =
        sorted.stuck.iter().map(|draft| drafts.steps[*draft].address.clone()).collect();
    names.sort();
    names.dedup();
    let listed: Vec<String> = names.iter().map(Address::to_string).collect();
    for address in names {
        withheld.push(Withheld { address, why: WhyNot::Faulty { message: message.clone() } });
    }
    withheld.sort_by(|a, b| a.address.cmp(&b.address));
    let finding = Diagnostic::error("step-cycle", format!("{}: {message}", listed.join(", ")));
    Some(finding.help("take one of the references between them out by hand, then run again"))
}

/// Gives the steps their places.
fn number(drafts: Vec<Step>, sorted: Sorted) -> Vec<Step> {
    let mut places = vec![usize::MAX; drafts.len()];
    sorted.order.iter().enumerate().for_each(|(place, draft)| places[*draft] = place);
    let mut drafts: Vec<Option<Step>> = drafts.into_iter().map(Some).collect();
    let mut steps = Vec::with_capacity(sorted.order.len());
    for draft in sorted.order {
        let Some(mut step) = drafts[draft].take() else { continue };
        step.id = steps.len();
        step.after = sorted.after[draft].iter().map(|before| places[*before]).collect();
        step.after.sort_unstable();
        if let Operation::Update { target: Target::Step(made_by), .. } = &mut step.operation {
            *made_by = places[*made_by];
        }
        steps.push(step);
    }
    steps
}

/// The steps that determine how long the plan takes, and how long that is.
pub(crate) fn longest_chain(steps: &[Step]) -> (Vec<usize>, u32) {
    let mut ends: Vec<(u32, Option<usize>)> = Vec::with_capacity(steps.len());
    for step in steps {
        // Of equally long ways the first counts.
        let before = step.after.iter().map(|id| (ends[*id].0, std::cmp::Reverse(*id))).max();
        let (start, from) = before.map_or((0, None), |(end, id)| (end, Some(id.0)));
        let end = start.saturating_add(step.seconds).saturating_add(step.lingers);
        ends.push((end, from));
    }
    let last = (0..ends.len()).max_by_key(|id| (ends[*id].0, std::cmp::Reverse(*id)));
    let mut chain: Vec<usize> = std::iter::successors(last, |id| ends[*id].1).collect();
    chain.reverse();
    (chain, last.map_or(0, |id| ends[id].0))
}
