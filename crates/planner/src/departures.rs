//! Which live resources go, why, and in which way.

use std::collections::BTreeMap;

use trueup_model::stack::OnDestroy;
use trueup_model::{Address, Live, Reason, Resource};

use crate::Mode;
use crate::decide::{Context, Decision, Fate};
use crate::index::{LiveId, ResourceId};

/// A live resource that goes.
#[derive(Debug)]
pub(crate) struct Departure {
    /// The resource of the stack whose old one it is; none if the stack no longer names it.
    pub(crate) resource: Option<ResourceId>,
    pub(crate) address: Address,
    pub(crate) reason: Reason,
    pub(crate) way: Way,
    /// Whether a new one takes its place.
    pub(crate) replaced: bool,
    /// Whether it should stay in AWS while a new one cannot be made beside it.
    pub(crate) in_the_way: bool,
}

/// How something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Delete {
        final_snapshot: bool,
    },
    /// It stays in AWS, without our tags.
    Forget,
}

pub(crate) type Departures = BTreeMap<LiveId, Departure>;

impl Context<'_, '_> {
    pub(crate) fn departures(self, decisions: &[Option<Decision>]) -> Departures {
        let mut departures = Departures::new();
        for id in &self.matching.leaving {
            if let Some(address) = self.index.lives[*id].ownership.address.clone() {
                departures.insert(*id, self.leaver(*id, address));
            }
        }
        for (resource, decision) in decisions.iter().enumerate() {
            if let Some(decision) = decision {
                self.add_replaced(&mut departures, resource, decision);
            }
        }
        departures
    }

    fn leaver(self, live: LiveId, address: Address) -> Departure {
        let resource = self.now_called(live, &address);
        let way = self.way(live, resource.map(|id| self.index.resources[id]));
        let reason = match (self.input.options.mode, way) {
            (_, Way::Forget) => Reason::Retained,
            (Mode::Destroy, Way::Delete { .. }) => Reason::Destroyed,
            (Mode::Apply, Way::Delete { .. }) => Reason::LeftTheStack,
        };
        Departure { resource, address, reason, way, replaced: false, in_the_way: false }
    }

    /// The resource of the stack that a live one with an address was or is: what the stack says of how
    /// it may leave holds also where it has moved and its tag still says where it was.
    fn now_called(self, live: LiveId, address: &Address) -> Option<ResourceId> {
        let moved = || {
            let mut resources = self.index.resources.iter();
            resources.position(|resource| resource.moved_from.as_ref() == Some(address))
        };
        self.index.resource(address).or(self.matching.claimants[live]).or_else(moved)
    }

    fn add_replaced(self, departures: &mut Departures, id: ResourceId, decision: &Decision) {
        let resource = self.index.resources[id];
        let depart = |live: LiveId, reason: Reason, replaced: bool| Departure {
            resource: Some(id),
            address: resource.address.clone(),
            reason,
            way: self.way(live, Some(resource)),
            replaced,
            in_the_way: replaced
                && !self.index.lives[live].is_deleting()
                && decision.fate == (Fate::Replace { create_first: false })
                && resource.on_destroy == OnDestroy::Retain,
        };
        if decision.fate != Fate::Blocked {
            for live in &decision.leftovers {
                let reason = Reason::Superseded { id: self.index.lives[*live].id.clone() };
                departures.insert(*live, depart(*live, reason, false));
            }
        }
        if let (Fate::Replace { .. }, Some(live)) = (decision.fate, decision.live) {
            let told = decision.reasons.iter().find(|r| !matches!(r, Reason::MovedFrom { .. }));
            let reason = told.cloned().unwrap_or(Reason::LeftTheStack);
            departures.insert(live, depart(live, reason, true));
        }
    }

    fn way(self, live: LiveId, resource: Option<&Resource>) -> Way {
        if self.index.lives[live].is_deleting() {
            return Way::Delete { final_snapshot: false };
        }
        let holds_data = self.index.live_kinds[live].is_some_and(|kind| kind.holds_data);
        let savable = self.unsavable(live).is_none();
        match self.on_destroy(live, resource) {
            OnDestroy::Default => Way::Delete { final_snapshot: holds_data && savable },
            OnDestroy::Delete => Way::Delete { final_snapshot: false },
            OnDestroy::Snapshot => Way::Delete { final_snapshot: savable },
            OnDestroy::Retain => Way::Forget,
        }
    }

    fn on_destroy(self, live: LiveId, resource: Option<&Resource>) -> OnDestroy {
        let said = resource.map_or(OnDestroy::Default, |resource| resource.on_destroy);
        let written =
            self.counts_as_written(resource) && self.index.lives[live].ownership.keep.retain;
        if said == OnDestroy::Default && written { OnDestroy::Retain } else { said }
    }

    /// Whether what the stack said last, which is written on the thing, holds against what it says now:
    /// it no longer says anything, or it is another file than the one that was applied, perhaps an
    /// older one, and nothing was applied with it.
    pub(crate) fn counts_as_written(self, resource: Option<&Resource>) -> bool {
        resource.is_none() || self.input.options.mode == Mode::Destroy
    }

    /// What is lost with something that goes although a snapshot of it was to be taken.
    pub(crate) fn lost_with(self, live: LiveId, departure: &Departure) -> Option<String> {
        let resource = departure.resource.map(|id| self.index.resources[id]);
        let wanted = match self.on_destroy(live, resource) {
            OnDestroy::Default | OnDestroy::Snapshot => departure.is_deleted(),
            OnDestroy::Delete | OnDestroy::Retain => false,
        };
        let because = self.unsavable(live).filter(|_| wanted)?;
        Some(format!("no final snapshot can be taken: {because}"))
    }

    fn unsavable(self, live: LiveId) -> Option<String> {
        let kind = self.index.live_kinds[live].filter(|kind| kind.holds_data)?;
        (kind.unsavable)(self.index.lives[live])
    }
}

impl Departure {
    pub(crate) fn is_deleted(&self) -> bool {
        matches!(self.way, Way::Delete { .. })
    }
}

/// The name that users know a live resource by.
pub(crate) fn known_as(live: &Live) -> String {
    match &live.ownership.address {
        Some(address) => address.to_string(),
        None => format!("{} '{}'", live.kind, live.id),
    }
}
