//! What must not be deleted or replaced, and what therefore has to stay with it.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::plan::WhyNot;
use trueup_model::{Address, Disruption, Kind, Live, Reason};

use crate::decide::{Context, Decision, Fate, Frozen};
use crate::departures::{Departure, Departures, known_as};
use crate::graph::{Edge, Node};
use crate::index::{LiveId, ResourceId, for_each_reference_type};
use crate::leave_alone::top_level;
use crate::matching::Match;

/// What stays although it should go, and why.
pub(crate) type Refused = BTreeMap<LiveId, WhyNot>;

impl Context<'_, '_> {
    /// The departures that are refused, and those that cannot happen because of these.
    pub(crate) fn refuse(self, decisions: &[Option<Decision>], departures: &Departures) -> Refused {
        let mut refused = Refused::new();
        let unread = self.held_by_unread();
        let unread_kinds = self.held_by_unread_kinds();
        // Nothing holds on to what is deleted already, and nothing keeps it.
        let is_deleting = |live: LiveId| self.index.lives[live].is_deleting();
        for (live, departure) in departures.iter().filter(|(live, _)| !is_deleting(**live)) {
            if departure.in_the_way {
                refused.insert(*live, in_the_way(departure));
                continue;
            }
            if !departure.is_deleted() {
                // What is forgotten stays as it is, but an empty one may not take its place unasked.
                if departure.replaced
                    && let Some(why) = self.protected(*live, departure)
                {
                    refused.insert(*live, why);
                }
                continue;
            }
            let kind = self.index.lives[*live].kind.as_str();
            let held = || unread.get(live).map(|on| WhyNot::NeededBy { by: on.clone() });
            let hidden = || unread_kinds.get(kind);
            let hidden = || hidden().map(|m| WhyNot::Unreadable { message: m.clone() });
            if let Some(why) = self.protected(*live, departure).or_else(held).or_else(hidden) {
                refused.insert(*live, why);
            }
        }
        // What stays holds what it refers to.
        let mut open: Vec<LiveId> = departures.keys().copied().collect();
        while let Some(live) = open.pop() {
            let goes = departures.get(&live).is_some_and(Departure::is_deleted);
            if goes && !refused.contains_key(&live) && !is_deleting(live) {
                let mut users = self.index.users[live].iter();
                let holder =
                    users.find(|user| self.holds(decisions, departures, &refused, **user, live));
                match holder {
                    Some(holder) => refused.insert(live, self.held_by(*holder)),
                    None => continue,
                };
                open.extend(self.index.uses[live].iter().map(|used| used.to));
            }
        }
        refused
    }

    /// Resources that must not be replaced because their old ones stay, or changed because that
    /// would lose what they hold.
    pub(crate) fn frozen(
        self,
        decisions: &[Option<Decision>],
        departures: &Departures,
        refused: &Refused,
    ) -> Frozen {
        let mut frozen = Frozen::new();
        for (live, why) in refused {
            if let Some(Departure { resource: Some(id), replaced: true, .. }) = departures.get(live)
            {
                frozen.insert(*id, why.clone());
            }
        }
        for (id, decision) in decisions.iter().enumerate() {
            let Some(decision) = decision.as_ref().filter(|d| d.fate == Fate::Update) else {
                continue;
            };
            let address = &self.index.resources[id].address;
            let mut changes = decision.changes.iter();
            let loses = changes.any(|change| change.disruption == Disruption::DataLoss);
            if loses && !self.input.options.allow_data_loss.contains(address) {
                let attributes = decision.changes.iter();
                let attributes = attributes.filter(|c| c.disruption == Disruption::DataLoss);
                let attributes = attributes.map(|change| change.path.clone()).collect();
                let wanted = Reason::CannotChangeInPlace { attributes };
                frozen.insert(id, WhyNot::Protected { wanted, allow: allow_data_loss(address) });
            }
        }
        frozen
    }

    /// Whether the stack protected what has this address, when it last said anything of it; there may be
    /// more than one of it.
    fn is_written_protected(self, live: LiveId) -> bool {
        let ownership = &self.index.lives[live].ownership;
        let same = |other: &Live| {
            other.ownership.stack == ownership.stack && other.ownership.address == ownership.address
        };
        let mut lives = self.index.lives.iter();
        ownership.keep.protect || lives.any(|other| other.ownership.keep.protect && same(other))
    }

    fn protected(self, live: LiveId, departure: &Departure) -> Option<WhyNot> {
        if let Some(id) = departure.resource
            && let Match::Blocked(why @ WhyNot::Unreadable { .. }) = &self.matching.of[id]
        {
            return Some(why.clone());
        }
        let wanted = departure.reason.clone();
        let resource = departure.resource.map(|id| self.index.resources[id]);
        if let Some(resource) = resource.filter(|resource| resource.protect) {
            let allow = format!("take 'protect: true' off {} first", resource.address);
            return Some(WhyNot::Protected { wanted, allow });
        }
        if self.counts_as_written(resource) && self.is_written_protected(live) {
            let allow = match resource {
                Some(_) => "apply the stack without 'protect' first".to_owned(),
                None => format!(
                    "write {} back with 'protect: false' and apply, then take it out",
                    departure.address
                ),
            };
            return Some(WhyNot::Protected { wanted, allow });
        }
        let holds_data = self.index.live_kinds[live].is_some_and(|kind: &Kind| kind.holds_data);
        let allowed = self.input.options.allow_data_loss.contains(&departure.address);
        (holds_data && !allowed)
            .then(|| WhyNot::Protected { wanted, allow: allow_data_loss(&departure.address) })
    }

    /// Whether something still holds a live resource once the plan is carried out.
    fn holds(
        self,
        decisions: &[Option<Decision>],
        departures: &Departures,
        refused: &Refused,
        user: LiveId,
        live: LiveId,
    ) -> bool {
        if let Some(departure) = departures.get(&user) {
            return !departure.is_deleted() || refused.contains_key(&user);
        }
        let Some(id) = self.matching.claimants[user] else {
            // Something of ours that is not understood; what is not ours is reported, not obeyed.
            return self.index.lives[user].is_owned_by(&self.input.stack.name);
        };
        let Some(decision) = decisions.get(id).and_then(Option::as_ref) else { return true };
        if decision.fate != Fate::Update {
            return true;
        }
        let Some(kind) = self.index.live_kinds[user] else { return true };
        let changed: BTreeSet<&str> =
            decision.changes.iter().map(|change| top_level(&change.path)).collect();
        let mut held = self.index.uses[user].iter().filter(|used| used.to == live);
        held.any(|used| !changed.contains(kind.attributes[used.attribute].name))
    }

    fn held_by(self, holder: LiveId) -> WhyNot {
        let claimant = self.matching.claimants[holder].map(|id| &self.index.resources[id].address);
        let live = self.index.lives[holder];
        match claimant.or(live.ownership.address.as_ref()) {
            Some(by) => WhyNot::NeededBy { by: by.clone() },
            None => WhyNot::Faulty { message: format!("{} still uses it", known_as(live)) },
        }
    }

    /// The live resources that something unreadable needs, and what that is.
    fn held_by_unread(self) -> BTreeMap<LiveId, Address> {
        let mut held = BTreeMap::new();
        for (id, found) in self.matching.of.iter().enumerate() {
            if matches!(found, Match::Blocked(WhyNot::Unreadable { .. })) {
                for need in self.needs_of(id) {
                    if let Match::Present { candidates, .. } = &self.matching.of[need] {
                        let address = &self.index.resources[id].address;
                        held.extend(candidates.iter().map(|live| (*live, address.clone())));
                    }
                }
            }
        }
        held
    }

    fn needs_of(self, id: ResourceId) -> BTreeSet<ResourceId> {
        let nodes = [Node::Main(id), Node::Late(id)].into_iter();
        let needs = nodes.flat_map(|node| self.graph.needs(node));
        let needs = needs.filter(|(_, edge)| *edge == Edge::Needed);
        needs.map(|(node, _)| node.resource()).filter(|need| *need != id).collect()
    }

    /// The kinds of which something unreadable may hold one, and what could not be read.
    fn held_by_unread_kinds(self) -> BTreeMap<&'static str, String> {
        let mut held = BTreeMap::new();
        for failed in self.input.snapshot.unreadable.iter().filter(|u| u.address.is_none()) {
            let Some(kind) = self.input.catalog.get(failed.kind.as_str()) else { continue };
            for attribute in &kind.attributes {
                for_each_reference_type(&attribute.ty, &mut |reference| {
                    for kind in reference.kinds {
                        let message = format!(
                            "a {} may use it, and {} failed: {}",
                            failed.kind, failed.action, failed.message
                        );
                        held.entry(*kind).or_insert(message);
                    }
                });
            }
        }
        held
    }
}

/// What is to stay although its successor needs its place: neither can be had.
fn in_the_way(departure: &Departure) -> WhyNot {
    let allow = format!(
        "the old one cannot stay beside a new one: take 'on_destroy: retain' off {} first, or leave \
         it as it is",
        departure.address
    );
    WhyNot::Protected { wanted: departure.reason.clone(), allow }
}

/// How to allow what loses data.
pub(crate) fn allow_data_loss(address: &Address) -> String {
    format!("allow it with --allow-data-loss {address}")
}
