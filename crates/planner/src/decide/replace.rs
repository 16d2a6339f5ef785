//! Replacing: which of the two is first, under which name the new one is made.

use ipnet::IpNet;
use trueup_model::change::{After, AttributeChange, DriftClass};
use trueup_model::kind::{Naming, Replacement, Unique};
use trueup_model::{Condition, Disruption, Expression, Kind, Live, Reason, Type, Value};

use super::{Context, Decision, Fate, Resolved, Walk};
use crate::hash::spec_hash;
use crate::index::{LiveId, ResourceId};
use crate::leave_alone::top_level;
use crate::names;

impl Context<'_, '_> {
    pub(super) fn replace(
        self,
        walk: &Walk,
        id: ResourceId,
        kind: &Kind,
        resolved: &Resolved,
        decision: &mut Decision,
    ) {
        let Some(live_id) = decision.live else { return };
        let live = self.index.lives[live_id];
        decision.early = true;
        decision.reasons.extend(self.why_replaced(walk, id, live, &decision.changes));
        let is_deleting = live.is_deleting();
        let obstacle = self.obstacle(walk, kind, live_id, decision).filter(|_| !is_deleting);
        let create_first = obstacle.is_none() && !is_deleting;
        decision.fate = Fate::Replace { create_first };
        // The new one is not bound to what AWS made of the old one.
        decision.wanted.clone_from(&resolved.attributes);
        self.settle(id, kind, &mut decision.wanted, None, &mut decision.remarks);
        self.tell_unknown(kind, resolved, live, decision);
        match obstacle {
            Some(because) => {
                decision.reasons.push(Reason::CannotCoexist { because });
                self.free_name(id, kind, decision);
            }
            None if is_deleting => self.free_name(id, kind, decision),
            None => self.keep_names_apart(id, kind, live, decision),
        }
    }

    /// Of what the new one is made with, some may be known only when another is changed.
    fn tell_unknown(self, kind: &Kind, resolved: &Resolved, live: &Live, decision: &mut Decision) {
        let wanted = &decision.wanted;
        let differing = self.differ().attributes(kind, wanted, live, |attribute| {
            !attribute.late && resolved.steady.contains_key(attribute.name)
        });
        let is_open =
            |change: &AttributeChange| resolved.steady.contains_key(top_level(&change.path));
        let (told, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut decision.changes).into_iter().partition(is_open);
        decision.changes = kept;
        decision.changes.extend(differing.into_iter().map(|change| {
            let mut same = told.iter().filter(|t| top_level(&t.path) == top_level(&change.path));
            let replaces = same.any(|told| told.replaces);
            AttributeChange { replaces, ..change }
        }));
        decision.changes.sort_by(|a, b| a.path.cmp(&b.path));
    }

    fn why_replaced(
        self,
        walk: &Walk,
        id: ResourceId,
        live: &Live,
        changes: &[AttributeChange],
    ) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if let Condition::Failed(state) = &live.condition {
            reasons.push(Reason::Failed { state: state.clone() });
        }
        if let Condition::Deleting(state) = &live.condition {
            reasons.push(Reason::Deleting { state: state.clone() });
        }
        let mut attributes = Vec::new();
        for change in changes.iter().filter(|change| change.replaces) {
            match self.replaced_need(walk, id, top_level(&change.path)) {
                Some(on) => reasons.push(Reason::DependencyReplaced { on }),
                None => attributes.push(change.path.clone()),
            }
        }
        reasons.dedup();
        if !attributes.is_empty() {
            reasons.insert(0, Reason::CannotChangeInPlace { attributes });
        }
        reasons
    }

    /// Why the new one cannot be made beside the old one.
    fn obstacle(
        self,
        walk: &Walk,
        kind: &Kind,
        live: LiveId,
        decision: &Decision,
    ) -> Option<String> {
        if let Replacement::DeleteFirst { claims, because } = kind.replacement
            && claims.iter().all(|claim| clashes(kind, claim, decision, self.index.lives[live]))
        {
            return Some(because.to_owned());
        }
        let uses = self.index.uses[live].iter();
        let mut held = uses.filter(|used| !kind.attributes[used.attribute].late);
        let first = held.find_map(|used| self.gone_first(walk, used.to))?;
        Some(format!("it holds {first}, which must go first"))
    }

    /// The address of a live resource that is deleted before its replacement is made.
    fn gone_first(self, walk: &Walk, live: LiveId) -> Option<String> {
        let id = self.matching.claimants[live]?;
        let decision = walk.decisions[id].as_ref()?;
        let goes_first = decision.fate == Fate::Replace { create_first: false };
        (goes_first && decision.live == Some(live))
            .then(|| self.index.resources[id].address.to_string())
    }

    /// Gives the new one a free name, where both would have the same in the same place.
    fn keep_names_apart(self, id: ResourceId, kind: &Kind, live: &Live, decision: &mut Decision) {
        let Some(naming) = kind.naming else { return };
        let name = decision.wanted.get(naming.attribute).and_then(Expression::known);
        let there = live.attributes.get(naming.attribute).and_then(Value::as_str);
        let (Some(name), Some(there)) = (name.and_then(Value::as_str), there) else { return };
        let moves = decision.changes.iter().any(|change| change.path == "vpc");
        let elsewhere = naming.unique == Unique::Vpc && moves;
        let same = if naming.lower_case { name.eq_ignore_ascii_case(there) } else { name == there };
        if elsewhere || !(same || self.is_taken(kind, naming, name, live)) {
            return;
        }
        let spec = spec_hash(self.secrets, self.index.resources[id], kind);
        let stack = &self.input.stack.name;
        let free = names::suffixed(naming, stack, name, &[&spec, &live.id]);
        let told = decision.changes.iter().any(|change| change.path == naming.attribute);
        if !told {
            decision.changes.push(AttributeChange {
                path: naming.attribute.to_owned(),
                before: there.into(),
                after: After::Value(free.as_str().into()),
                replaces: false,
                disruption: Disruption::None,
                class: DriftClass::Cosmetic,
            });
            decision.changes.sort_by(|a, b| a.path.cmp(&b.path));
        }
        decision.wanted.insert(naming.attribute.to_owned(), free.into());
    }

    /// Whether something has a name where a live resource is.
    fn is_taken(self, kind: &Kind, naming: Naming, name: &str, live: &Live) -> bool {
        let named = self.index.named(kind.name, name);
        let mut named = named.iter().map(|id| self.index.lives[*id]);
        let vpc = |live: &Live| live.attributes.get("vpc").cloned();
        named.any(|other| naming.unique != Unique::Vpc || vpc(other) == vpc(live))
    }

    /// A free name for what wants the name of something of ours that goes. It could wait for the
    /// name, but not where others still hold what has it, or where that is itself replaced: they
    /// may wait for this one.
    pub(super) fn free_name(self, id: ResourceId, kind: &Kind, decision: &mut Decision) {
        let Some(naming) = kind.naming.filter(|_| kind.replacement == Replacement::CreateFirst)
        else {
            return;
        };
        let name = decision.wanted.get(naming.attribute).and_then(Expression::known);
        let Some(name) = name.and_then(Value::as_str) else { return };
        let named = self.index.named(kind.name, name);
        let held = named.iter().find(|live| {
            let ours = self.index.lives[**live].is_owned_by(&self.input.stack.name);
            let waits = self.matching.claimants[**live].is_some();
            decision.live != Some(**live) && ours && (waits || !self.index.users[**live].is_empty())
        });
        if let Some(held) = held {
            let spec = spec_hash(self.secrets, self.index.resources[id], kind);
            let seed = [spec.as_str(), &self.index.lives[*held].id];
            let free = names::suffixed(naming, &self.input.stack.name, name, &seed);
            decision.wanted.insert(naming.attribute.to_owned(), free.into());
        }
    }
}

/// Whether the new one claims what the old one has. What is not known yet and changes is of
/// something new; of a network nobody can tell.
fn clashes(kind: &Kind, claim: &str, decision: &Decision, live: &Live) -> bool {
    if !decision.changes.iter().any(|change| top_level(&change.path) == claim) {
        return true;
    }
    if !kind.attribute(claim).is_some_and(|attribute| matches!(attribute.ty, Type::Cidr)) {
        return false;
    }
    let network = |value: Option<&Value>| value?.as_str()?.parse::<IpNet>().ok();
    let new = network(decision.wanted.get(claim).and_then(Expression::known));
    match (new, network(live.attributes.get(claim))) {
        (Some(new), Some(old)) => new.contains(&old) || old.contains(&new),
        _ => true,
    }
}
