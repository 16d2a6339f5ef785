//! Tells what the plan does, one change for each address.

use std::collections::BTreeMap;

use trueup_model::change::Cause;
use trueup_model::plan::Step;
use trueup_model::{Action, Address, Change, Disruption, Reason};

use crate::Mode;
use crate::decide::{Context, Decision, Fate};
use crate::departures::{Departure, Way};
use crate::index::{LiveId, ResourceId};
use crate::matching::{How, Match};
use crate::planning::Settled;

/// The changes of everything that is in the stack or leaves it, in order of address.
pub(crate) fn changes(
    context: Context<'_, '_>,
    settled: &Settled,
    steps: &[Step],
    meanwhile: &[(Address, Disruption)],
) -> Vec<Change> {
    let mut changes: BTreeMap<Address, Change> = BTreeMap::new();
    for (id, decision) in settled.walk.decisions.iter().enumerate() {
        if let Some(decision) = decision {
            let change = of_resource(context, settled, id, decision);
            changes.insert(change.address.clone(), change);
        }
    }
    for (live, departure) in &settled.departures {
        let change = match changes.get_mut(&departure.address) {
            Some(change) if departure.replaced => change,
            Some(change) => {
                finish_replacement(context, change, *live, departure);
                change
            }
            None => changes
                .entry(departure.address.clone())
                .or_insert(of_leaver(context, *live, departure)),
        };
        change.remarks.extend(context.lost_with(*live, departure));
    }
    // What stays although it should go, and, when all is destroyed, what is not there anyway.
    for live in settled.refused.keys() {
        let stays = as_it_is(context, *live);
        changes.entry(stays.address.clone()).or_insert(stays);
    }
    if context.input.options.mode == Mode::Destroy {
        for resource in &context.index.resources {
            let absent = nothing(&resource.address);
            changes.entry(resource.address.clone()).or_insert(absent);
        }
    }
    for step in steps {
        if let Some(change) = changes.get_mut(&step.address) {
            change.seconds = change.seconds.saturating_add(step.seconds);
            if change.action == Action::Nothing {
                // It only waits for what an earlier run began.
                change.action = Action::Update;
            }
        }
    }
    for (address, disruption) in meanwhile {
        if let Some(change) = changes.get_mut(address) {
            change.disruption = change.disruption.max(*disruption);
        }
    }
    changes.into_values().collect()
}

fn of_resource(
    context: Context<'_, '_>,
    settled: &Settled,
    id: ResourceId,
    decision: &Decision,
) -> Change {
    let resource = context.index.resources[id];
    let live = decision.live;
    let forgotten = live.and_then(|live| settled.departures.get(&live));
    let mut reasons = decision.reasons.clone();
    if forgotten.is_some_and(|departure| departure.way == Way::Forget) {
        reasons.push(Reason::Retained);
    }
    Change {
        action: action(context, id, decision),
        id: live.map(|live| context.index.lives[live].id.clone()),
        cause: decision.cause,
        reasons,
        attributes: decision.changes.clone(),
        disruption: disruption(context, id, decision),
        remarks: decision.remarks.clone(),
        location: resource.location.clone(),
        ..nothing(&resource.address)
    }
}

fn action(context: Context<'_, '_>, id: ResourceId, decision: &Decision) -> Action {
    match decision.fate {
        Fate::Keep | Fate::Blocked | Fate::Held => Action::Nothing,
        Fate::Create => Action::Create,
        Fate::Replace { create_first: true } => Action::CreateThenDelete,
        Fate::Replace { create_first: false } => Action::DeleteThenCreate,
        Fate::Update => match &context.matching.of[id] {
            Match::Present { how: How::Adopted, .. } => Action::Adopt,
            Match::Present { how: How::Moved(_), .. } => Action::Move,
            Match::Present { how: How::Owned, .. } | Match::Absent | Match::Blocked(_) => {
                Action::Update
            }
        },
    }
}

fn disruption(context: Context<'_, '_>, id: ResourceId, decision: &Decision) -> Disruption {
    let worst = decision.changes.iter().map(|change| change.disruption).max().unwrap_or_default();
    let holds_data = context.index.kinds[id].is_some_and(|kind| kind.holds_data);
    match decision.fate {
        Fate::Replace { .. } if holds_data => Disruption::DataLoss,
        Fate::Replace { create_first: false } => worst.max(Disruption::Outage),
        Fate::Replace { create_first: true } | Fate::Update => worst,
        Fate::Keep | Fate::Create | Fate::Blocked | Fate::Held => Disruption::None,
    }
}

/// An interrupted replacement that only has the old one left to delete.
fn finish_replacement(
    context: Context<'_, '_>,
    change: &mut Change,
    live: LiveId,
    departure: &Departure,
) {
    let (_, alone) = of_departure(context, live, departure);
    // Who used it has another by then, so that only what it holds is lost with it.
    if alone == Disruption::DataLoss || departure.reason == Reason::Destroyed {
        change.disruption = change.disruption.max(alone);
    }
    change.reasons.push(departure.reason.clone());
    if change.cause == Cause::None {
        change.cause = Cause::File;
    }
    if matches!(change.action, Action::Nothing | Action::Update | Action::Move | Action::Adopt) {
        change.action = Action::CreateThenDelete;
    }
    if departure.reason == Reason::Destroyed {
        change.action = Action::Delete;
        change.reasons.dedup();
    }
}

/// What happens to something that goes and has no successor, and what that disturbs.
fn of_departure(
    context: Context<'_, '_>,
    live: LiveId,
    departure: &Departure,
) -> (Action, Disruption) {
    let holds_data = context.index.live_kinds[live].is_some_and(|kind| kind.holds_data);
    match departure.way {
        Way::Delete { .. } if holds_data => (Action::Delete, Disruption::DataLoss),
        Way::Delete { .. } => (Action::Delete, Disruption::Outage),
        Way::Forget => (Action::Forget, Disruption::None),
    }
}

fn of_leaver(context: Context<'_, '_>, live: LiveId, departure: &Departure) -> Change {
    let (action, disruption) = of_departure(context, live, departure);
    let location = departure.resource.and_then(|id| context.index.resources[id].location.clone());
    Change {
        action,
        id: Some(context.index.lives[live].id.clone()),
        cause: Cause::File,
        reasons: vec![departure.reason.clone()],
        disruption,
        location,
        ..nothing(&departure.address)
    }
}

fn as_it_is(context: Context<'_, '_>, id: LiveId) -> Change {
    let live = context.index.lives[id];
    let claimant = context.matching.claimants[id].map(|id| &context.index.resources[id].address);
    let address = claimant.or(live.ownership.address.as_ref()).cloned();
    let address = address.unwrap_or_else(|| Address::new(live.kind.clone(), live.id.clone()));
    // It stays, and belongs to no family of the stack any more.
    let reasons = if claimant.is_none() { vec![Reason::LeftTheStack] } else { Vec::new() };
    Change { id: Some(live.id.clone()), reasons, ..nothing(&address) }
}

fn nothing(address: &Address) -> Change {
    Change {
        address: address.clone(),
        kind: address.kind.clone(),
        action: Action::Nothing,
        id: None,
        cause: Cause::None,
        reasons: Vec::new(),
        attributes: Vec::new(),
        disruption: Disruption::None,
        seconds: 0,
        remarks: Vec::new(),
        location: None,
    }
}
