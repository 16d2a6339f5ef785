//! Walks the resources, each after what it needs, and decides what happens to it.

use std::collections::BTreeMap;

use trueup_model::change::Cause;
use trueup_model::expression::EvaluationError;
use trueup_model::plan::WhyNot;
use trueup_model::{Address, Diagnostic, Kind, Reason};

use crate::Input;
use crate::diff::Differ;
use crate::graph::{Edge, Graph, Node};
use crate::hash::spec_hash;
use crate::index::{Index, LiveId, ResourceId};
use crate::matching::{How, Match, Matching};
use crate::readers::Readers;
use crate::resolve::View;
use crate::secrets::Secrets;

mod assess;
mod cause;
mod decision;
mod keep;
mod late;
mod replace;
mod resolved;

use assess::Assessment;
pub(crate) use decision::{Decision, Fate};
pub(crate) use keep::keep;
use resolved::Resolved;

/// What every stage of planning reads.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c, 'a> {
    pub(crate) input: &'c Input<'a>,
    pub(crate) secrets: &'c Secrets<'a>,
    pub(crate) index: &'c Index<'a>,
    pub(crate) matching: &'c Matching,
    pub(crate) graph: &'c Graph,
    pub(crate) readers: &'c Readers,
}

/// All decisions by resource, and the faults that were found on the way.
pub(crate) struct Walk {
    pub(crate) decisions: Vec<Option<Decision>>,
    pub(crate) findings: Vec<Diagnostic>,
}

/// Resources that guards keep from being replaced or changed, and why.
pub(crate) type Frozen = BTreeMap<ResourceId, WhyNot>;

impl<'a> Context<'_, 'a> {
    pub(crate) fn walk(self, frozen: &Frozen) -> Walk {
        let mut walk = Walk {
            decisions: (0..self.index.resources.len()).map(|_| None).collect(),
            findings: Vec::new(),
        };
        self.block_cycles(&mut walk);
        let in_cycle: Vec<bool> = walk.decisions.iter().map(Option::is_some).collect();
        for node in self.graph.order.iter().filter(|node| !in_cycle[node.resource()]) {
            match *node {
                Node::Main(id) => {
                    let decision = self.decide(&mut walk, id, frozen.get(&id));
                    walk.decisions[id] = Some(decision);
                }
                Node::Late(id) => self.decide_late(&mut walk, id),
            }
        }
        walk
    }

    fn block_cycles(self, walk: &mut Walk) {
        for circle in &self.graph.cycles {
            let names: Vec<String> =
                circle.iter().map(|id| self.index.resources[*id].address.to_string()).collect();
            let message = format!("{} need each other in a circle", names.join(", "));
            let first = self.index.resources[circle[0]];
            walk.findings.push(
                Diagnostic::error("dependency-cycle", message)
                    .at(first.location.clone())
                    .help("take one of the references or 'depends_on' out of the circle"),
            );
            for id in circle {
                let message = "it is part of a circle of dependencies".to_owned();
                walk.decisions[*id] = Some(Decision::blocked(WhyNot::Faulty { message }));
            }
        }
    }

    fn decide(self, walk: &mut Walk, id: ResourceId, frozen: Option<&WhyNot>) -> Decision {
        let found = &self.matching.of[id];
        if let Match::Blocked(why) = found {
            return Decision::blocked(why.clone());
        }
        let absent = matches!(found, Match::Absent);
        let blocked = self.blocked_need(walk, Node::Main(id), absent);
        if let Some(on) = blocked.or_else(|| self.readers.withheld(id).cloned()) {
            return Decision::blocked(WhyNot::DependsOn { on });
        }
        let Some(kind) = self.index.kinds[id] else { return Decision::default() };
        let resolved = match self.resolve(walk, id, kind, |name| !crate::graph::is_late(kind, name))
        {
            Ok(resolved) => resolved,
            Err(fault) => return self.faulty(walk, id, fault),
        };
        let early =
            resolved.attributes.iter().filter(|(name, _)| !crate::graph::is_late(kind, name));
        let early = early.map(|(_, wish)| wish).chain(resolved.tags.values());
        if let Some(why) = self.never_known(walk, early) {
            return Decision::blocked(why);
        }
        match found {
            Match::Present { candidates, how } => {
                self.decide_present(walk, id, kind, &resolved, (candidates, how), frozen)
            }
            Match::Absent | Match::Blocked(_) => self.decide_absent(id, kind, resolved),
        }
    }

    /// The first thing that a node needs and that cannot be planned. An order that the kinds imply
    /// matters only to what is still to be made.
    fn blocked_need(self, walk: &Walk, node: Node, absent: bool) -> Option<Address> {
        let matters = |edge| edge == Edge::Needed || (edge == Edge::Implied && absent);
        let mut needs = self.graph.needs(node).filter(|(_, edge)| matters(*edge));
        let blocked = needs.find(|(need, _)| {
            let decision = walk.decisions[need.resource()].as_ref();
            need.resource() != node.resource()
                && decision.is_none_or(|decision| decision.fate == Fate::Blocked)
        })?;
        Some(self.index.resources[blocked.0.resource()].address.clone())
    }

    pub(crate) fn view<'v>(&'v self, decisions: &'v [Option<Decision>]) -> View<'v, 'a> {
        View {
            index: self.index,
            snapshot: self.input.snapshot,
            readers: self.readers,
            decisions,
            steady: false,
        }
    }

    fn faulty(
        self,
        walk: &mut Walk,
        id: ResourceId,
        (path, error): (String, EvaluationError),
    ) -> Decision {
        let resource = self.index.resources[id];
        let message = format!("{}: {path}: {error}", resource.address);
        let finding = Diagnostic::error("evaluation", message).at(resource.place(&path));
        walk.findings.push(finding.help("make what it reads exist, or read something else"));
        Decision::blocked(WhyNot::Faulty { message: format!("{path}: {error}") })
    }

    fn decide_absent(self, id: ResourceId, kind: &Kind, resolved: Resolved) -> Decision {
        let mut decision = Decision { fate: Fate::Create, early: true, ..Decision::default() };
        (decision.wanted, decision.tags) = (resolved.attributes, resolved.tags);
        self.settle(id, kind, &mut decision.wanted, None, &mut decision.remarks);
        self.free_name(id, kind, &mut decision);
        let early = decision.wanted.iter().filter(|(name, _)| !crate::graph::is_late(kind, name));
        let early = early.map(|(name, wish)| (name.clone(), wish.clone())).collect();
        decision.changes = self.differ().creation(kind, &early, &decision.tags);
        (decision.cause, decision.reasons) = if self.has_vanished(id) {
            (Cause::Drift, vec![Reason::Vanished])
        } else {
            (Cause::File, vec![Reason::DoesNotExist])
        };
        decision
    }

    /// Whether something that exists was last applied with a reference to the resource: then it
    /// existed, too.
    fn has_vanished(self, id: ResourceId) -> bool {
        let users = self.graph.needed_by(Node::Main(id)).filter(|(_, edge)| *edge == Edge::Needed);
        users.map(|(node, _)| node.resource()).any(|user| {
            let (Match::Present { candidates, .. }, Some(kind)) =
                (&self.matching.of[user], self.index.kinds[user])
            else {
                return false;
            };
            let spec = spec_hash(self.secrets, self.index.resources[user], kind);
            let mut specs = candidates.iter().map(|live| &self.index.lives[*live].ownership.spec);
            user != id && specs.any(|applied| applied.as_ref() == Some(&spec))
        })
    }

    fn decide_present(
        self,
        walk: &mut Walk,
        id: ResourceId,
        kind: &Kind,
        resolved: &Resolved,
        (candidates, how): (&[LiveId], &How),
        frozen: Option<&WhyNot>,
    ) -> Decision {
        let assess = |live: &LiveId| self.assess(id, kind, resolved, *live, how);
        let mut assessed: Vec<Assessment> = candidates.iter().map(assess).collect();
        assessed.sort_by_key(Assessment::rank);
        let best = assessed.remove(0);
        if best.fits() && assessed.iter().any(Assessment::fits) {
            return self.claimed_twice(walk, id, candidates);
        }
        let leftovers = assessed.iter().map(|other| other.live).collect();
        let mut decision = self.decide_on(walk, id, kind, resolved, best, how);
        decision.leftovers = leftovers;
        if let Some(why) = frozen {
            decision.hold(why.clone());
        }
        if decision.fate == Fate::Keep && !kind.has_late() {
            decision.keep(kind);
        }
        decision
    }

    fn claimed_twice(self, walk: &mut Walk, id: ResourceId, candidates: &[LiveId]) -> Decision {
        let resource = self.index.resources[id];
        let ids: Vec<&str> =
            candidates.iter().map(|live| self.index.lives[*live].id.as_str()).collect();
        let message = format!("{} carry the same address", ids.join(" and "));
        walk.findings.push(
            Diagnostic::error("claimed-twice", format!("{}: {message}", resource.address))
                .at(resource.location.clone())
                .help(
                    "take the 'trueup:' tags off the one that is not of this stack, or delete it",
                ),
        );
        Decision::blocked(WhyNot::Faulty { message })
    }

    pub(crate) fn differ(&self) -> Differ<'_, '_> {
        Differ { index: self.index }
    }

    fn decide_on(
        self,
        walk: &Walk,
        id: ResourceId,
        kind: &Kind,
        resolved: &Resolved,
        assessed: Assessment,
        how: &How,
    ) -> Decision {
        let live = self.index.lives[assessed.live];
        let must_replace = !assessed.fits();
        let changed = !assessed.changes.is_empty();
        let mut decision = Decision {
            live: Some(assessed.live),
            cause: self.cause(walk, id, kind, live, how, &assessed),
            reasons: reasons(how),
            early: changed || *how != How::Owned,
            wanted: assessed.wanted,
            tags: assessed.tags,
            changes: assessed.changes,
            remarks: assessed.remarks,
            withheld: assessed.withheld,
            ..Decision::default()
        };
        if must_replace {
            self.replace(walk, id, kind, resolved, &mut decision);
            if *how == How::Adopted {
                let wanted = decision.reasons.pop().unwrap_or(Reason::AdoptRequested);
                let allow = "describe it as it is, or leave 'adopt' out".to_owned();
                decision.hold(WhyNot::Protected { wanted, allow });
            }
            return decision;
        }
        let keep = keep::changes(self.index.resources[id], kind, live);
        if !keep.is_empty() {
            decision.early = true;
            decision.changes.extend(keep);
            decision.changes.sort_by(|a, b| a.path.cmp(&b.path));
            if decision.cause == Cause::None {
                decision.cause = Cause::File;
            }
        }
        if decision.early {
            decision.fate = Fate::Update;
        }
        if !kind.has_late() {
            self.note_words(id, kind, &mut decision);
        }
        decision
    }

    /// What is as it should be is kept, but for its tag where the stack says it in other words now: else
    /// the next change of the world would be taken for one of the file.
    fn note_words(self, id: ResourceId, kind: &Kind, decision: &mut Decision) {
        let Some(live) = decision.live.filter(|_| decision.fate == Fate::Keep && kind.taggable)
        else {
            return;
        };
        let spec = spec_hash(self.secrets, self.index.resources[id], kind);
        if self.index.lives[live].ownership.spec.as_deref() != Some(spec.as_str()) {
            (decision.fate, decision.early) = (Fate::Update, true);
            decision.cause = Cause::File;
            decision.reasons.push(Reason::Reworded);
        }
    }
}

fn reasons(how: &How) -> Vec<Reason> {
    match how {
        How::Owned => Vec::new(),
        How::Moved(from) => vec![Reason::MovedFrom { from: from.clone() }],
        How::Adopted => vec![Reason::AdoptRequested],
    }
}
