//! Which step waits for which: by the graph of the stack, and by who holds what in AWS.

use std::collections::{BTreeMap, HashMap};

use trueup_model::kind::{Replacement, Which};
use trueup_model::plan::Operation;
use trueup_model::{Kind, Value};

use super::Drafts;
use crate::decide::{Context, Decision, Fate};
use crate::departures::Departures;
use crate::graph::{Edge, Node};
use crate::index::{LiveId, ResourceId};
use crate::leave_alone::top_level;
use crate::order::{DraftId, Strength};
use crate::vpcs;

impl Drafts {
    /// The order of what is made and changed.
    pub(super) fn order_resources(
        &mut self,
        context: Context<'_, '_>,
        decisions: &[Option<Decision>],
        departures: &Departures,
    ) {
        for node in &context.graph.order {
            let Some(draft) = self.of(*node) else { continue };
            for (need, edge) in context.graph.needs(*node) {
                let Some(before) = self.made_by(need) else { continue };
                let strength = match edge {
                    Edge::Needed => Strength::Needed,
                    Edge::Implied | Edge::Configured => Strength::Expected,
                };
                self.orders.add(before, draft, strength);
                self.keep_old_meanwhile(decisions, *node, before);
            }
        }
        for (id, decision) in decisions.iter().enumerate() {
            if let Some(decision) = decision {
                self.order_replacement(id, decision);
            }
        }
        self.order_forgetting(departures);
        self.free_names(context, departures);
    }

    /// What stays in AWS is ours until its successor is whole: a run that dies before that finds it
    /// again, and does not take it for something of somebody else.
    fn order_forgetting(&mut self, departures: &Departures) {
        for (live, forget) in &self.forgets {
            let Some(id) = departures.get(live).and_then(|departure| departure.resource) else {
                continue;
            };
            for before in [self.main.get(&id), self.late.get(&id)].into_iter().flatten() {
                self.orders.add(*before, *forget, Strength::Needed);
            }
        }
    }

    fn of(&self, node: Node) -> Option<DraftId> {
        match node {
            Node::Main(id) => self.main.get(&id).copied(),
            Node::Late(id) => self.late.get(&id).copied(),
        }
    }

    /// The step after which what a node stands for is as it should be.
    fn made_by(&self, node: Node) -> Option<DraftId> {
        self.of(node).or_else(|| self.of(Node::Main(node.resource())))
    }

    /// What is deleted before it is made anew lives on until everything else is ready for that.
    fn keep_old_meanwhile(&mut self, decisions: &[Option<Decision>], node: Node, before: DraftId) {
        let Node::Main(id) = node else { return };
        let Some(decision) = &decisions[id] else { return };
        if decision.fate == (Fate::Replace { create_first: false })
            && let Some(delete) = self.deletes.get(&decision.live.unwrap_or(usize::MAX))
        {
            self.orders.add(before, *delete, Strength::Preferred);
        }
    }

    fn order_replacement(&mut self, id: ResourceId, decision: &Decision) {
        let Fate::Replace { create_first } = decision.fate else { return };
        let delete = decision.live.and_then(|live| self.deletes.get(&live)).copied();
        let (Some(create), Some(delete)) = (self.main.get(&id).copied(), delete) else { return };
        if create_first {
            self.orders.add(create, delete, Strength::Needed);
            if let Some(late) = self.late.get(&id) {
                self.orders.add(*late, delete, Strength::Released);
            }
        } else {
            self.orders.add(delete, create, Strength::Needed);
        }
    }

    /// What takes a name or a network that something else leaves waits until it is free.
    fn free_names(&mut self, context: Context<'_, '_>, departures: &Departures) {
        let mut leaving: HashMap<Claim, Vec<DraftId>> = HashMap::new();
        for live in departures.keys() {
            let (Some(draft), Some(kind)) =
                (self.deletes.get(live), context.index.live_kinds[*live])
            else {
                continue;
            };
            let attributes = &context.index.lives[*live].attributes;
            for claim in claims(kind, |name| attributes.get(name)) {
                leaving.entry(claim).or_default().push(*draft);
            }
        }
        if leaving.is_empty() {
            return;
        }
        for (id, draft) in &self.main {
            let Operation::Create { attributes, .. } = &self.steps[*draft].operation else {
                continue;
            };
            let Some(kind) = context.index.kinds[*id] else { continue };
            for claim in claims(kind, |name| attributes.get(name)?.known()) {
                for delete in leaving.get(&claim).into_iter().flatten() {
                    self.orders.add(*delete, *draft, Strength::Expected);
                }
            }
        }
    }

    /// The order of deletions: after everything that lets go of what is deleted.
    pub(super) fn order_deletes(
        &mut self,
        context: Context<'_, '_>,
        decisions: &[Option<Decision>],
        departures: &Departures,
    ) {
        let deletes: Vec<(LiveId, DraftId)> = self.deletes.iter().map(|(l, d)| (*l, *d)).collect();
        for (live, delete) in &deletes {
            for user in &context.index.users[*live] {
                if let Some(before) = self.deletes.get(user) {
                    self.orders.add(*before, *delete, Strength::Needed);
                } else if let Some(id) = context.matching.claimants[*user] {
                    self.release(context, decisions, id, (*user, *live), *delete);
                }
            }
        }
        self.order_by_wish(context, departures);
        self.order_by_kind(context, &deletes);
    }

    /// Whoever is changed so that it no longer holds something is changed before that goes.
    fn release(
        &mut self,
        context: Context<'_, '_>,
        decisions: &[Option<Decision>],
        id: ResourceId,
        (user, live): (LiveId, LiveId),
        delete: DraftId,
    ) {
        let Some(decision) = decisions.get(id).and_then(Option::as_ref) else { return };
        let Some(kind) = context.index.live_kinds[user] else { return };
        for used in context.index.uses[user].iter().filter(|used| used.to == live) {
            let attribute = &kind.attributes[used.attribute];
            let mut changes = decision.changes.iter();
            if !changes.any(|change| top_level(&change.path) == attribute.name) {
                continue;
            }
            let node = if attribute.late { Node::Late(id) } else { Node::Main(id) };
            if let Some(update) = self.of(node) {
                self.orders.add(update, delete, Strength::Released);
            }
        }
    }

    /// What the stack or the kind says comes after something goes before it, although no attribute
    /// shows it.
    ///
    /// What merely reads another's name or endpoint does not hold it: a function takes twenty minutes
    /// to let go of its network, and the database that its environment names need not wait for that.
    fn order_by_wish(&mut self, context: Context<'_, '_>, departures: &Departures) {
        let mut of: BTreeMap<ResourceId, Vec<DraftId>> = BTreeMap::new();
        for (live, departure) in departures {
            if let (Some(id), Some(draft)) = (departure.resource, self.deletes.get(live)) {
                of.entry(id).or_default().push(*draft);
            }
        }
        for (id, deletes) in &of {
            let said = context.index.resources[*id].depends_on.iter();
            let said = said.flat_map(|address| context.index.instances(address));
            let implied = context.graph.needs(Node::Main(*id));
            let implied = implied.filter(|(_, edge)| *edge == Edge::Implied);
            let needs = said.chain(implied.map(|(node, _)| node.resource()));
            for after in needs.filter_map(|need| of.get(&need)).flatten() {
                for before in deletes {
                    self.orders.add(*before, *after, Strength::Preferred);
                }
            }
        }
    }

    /// What the kinds say comes after something goes before it.
    fn order_by_kind(&mut self, context: Context<'_, '_>, deletes: &[(LiveId, DraftId)]) {
        let kinds = || deletes.iter().map(|(live, _)| context.index.live_kinds[*live]);
        let concerned = vpcs::concerned_kinds(kinds());
        let mut in_vpc: BTreeMap<(&str, String), Vec<DraftId>> = BTreeMap::new();
        let mut vpcs_of = BTreeMap::new();
        for (live, draft) in deletes {
            let kind = context.index.lives[*live].kind.as_str();
            if concerned.contains(kind) {
                let vpcs = vpcs::of_live(context.index, *live);
                for vpc in &vpcs {
                    in_vpc.entry((kind, vpc.clone())).or_default().push(*draft);
                }
                vpcs_of.insert(*live, vpcs);
            }
        }
        let mut by_name = LiveNames::default();
        for (live, draft) in deletes {
            let Some(kind) = context.index.live_kinds[*live] else { continue };
            for after in &kind.after {
                let others: Vec<DraftId> = match after.which {
                    Which::SameVpc => {
                        let vpcs = vpcs_of.get(live).into_iter().flatten();
                        let drafts = vpcs.filter_map(|vpc| in_vpc.get(&(after.kind, vpc.clone())));
                        drafts.flatten().copied().collect()
                    }
                    Which::NamedAfter { theirs, prefix, ours } => {
                        let name = context.index.lives[*live].attributes.get(ours);
                        let name = name.and_then(Value::as_str).map(|n| format!("{prefix}{n}"));
                        let found =
                            name.map(|n| by_name.of(context, deletes, after.kind, theirs, &n));
                        found.unwrap_or_default()
                    }
                };
                for other in others {
                    self.orders.add(*draft, other, Strength::Expected);
                }
            }
        }
    }
}

/// What is deleted, by the value of an attribute.
#[derive(Default)]
struct LiveNames<'a> {
    tables: HashMap<(&'static str, &'static str), HashMap<&'a str, Vec<DraftId>>>,
}

impl<'a> LiveNames<'a> {
    fn of(
        &mut self,
        context: Context<'_, 'a>,
        deletes: &[(LiveId, DraftId)],
        kind: &'static str,
        attribute: &'static str,
        name: &str,
    ) -> Vec<DraftId> {
        let table = self.tables.entry((kind, attribute)).or_insert_with(|| {
            let mut table: HashMap<&str, Vec<DraftId>> = HashMap::new();
            for (live, draft) in deletes {
                let live = context.index.lives[*live];
                if live.kind == kind
                    && let Some(name) = live.attributes.get(attribute).and_then(Value::as_str)
                {
                    table.entry(name).or_default().push(*draft);
                }
            }
            table
        });
        table.get(name).cloned().unwrap_or_default()
    }
}

/// What no two of a kind can have at the same time: a name, or what one of them has for as long as
/// it is there, such as a network in a VPC.
type Claim = (&'static str, Vec<String>);

/// What something claims; what is not known yet clashes with nothing.
fn claims<'v>(
    kind: &Kind,
    value: impl Fn(&'static str) -> Option<&'v Value>,
) -> impl Iterator<Item = Claim> {
    let name = kind.naming.map(|naming| vec![naming.attribute]);
    let place = match kind.replacement {
        Replacement::DeleteFirst { claims, .. } if !claims.is_empty() => Some(claims.to_vec()),
        _ => None,
    };
    let values = move |claim: Vec<&'static str>| -> Option<Claim> {
        let texts = claim.iter().map(|name| Some(value(name)?.as_str()?.to_ascii_lowercase()));
        Some((kind.name, texts.collect::<Option<_>>()?))
    };
    name.into_iter().chain(place).filter_map(values)
}
