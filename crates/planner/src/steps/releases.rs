//! Lets go of what has to be deleted before there is another, where one can be without it for a
//! while.

use std::collections::BTreeMap;

use trueup_model::value::Values;
use trueup_model::{Disruption, Kind};

use super::{Drafts, is_nothing};
use crate::decide::{Context, Decision};
use crate::index::ResourceId;
use crate::order::{DraftId, Strength};

impl Drafts {
    /// Who is changed so that it holds the new one cannot be changed before the old one goes, where
    /// that goes first. AWS would refuse to delete what it still holds.
    pub(super) fn let_go(&mut self, context: Context<'_, '_>, decisions: &[Option<Decision>]) {
        let circles = self.orders.circles(self.steps.len(), Strength::Released);
        let users: BTreeMap<DraftId, ResourceId> =
            self.main.iter().map(|(r, d)| (*d, *r)).collect();
        let held: BTreeMap<DraftId, &str> = self
            .deletes
            .iter()
            .map(|(live, draft)| (*draft, context.index.lives[*live].id.as_str()))
            .collect();
        let mut of_user: BTreeMap<DraftId, Vec<DraftId>> = BTreeMap::new();
        for (update, delete, strength) in self.orders.iter() {
            let in_circle = circles[*update].is_some() && circles[*update] == circles[*delete];
            if in_circle && *strength == Strength::Released && held.contains_key(delete) {
                of_user.entry(*update).or_default().push(*delete);
            }
        }
        for (update, deletes) in of_user {
            let decision = users.get(&update).and_then(|id| decisions[*id].as_ref());
            let Some(live) = decision.and_then(|decision| decision.live) else { continue };
            let (Some(kind), live) = (context.index.live_kinds[live], context.index.lives[live])
            else {
                continue;
            };
            let Some(release) = kind.release else { continue };
            let mut attributes = live.attributes.clone();
            let mut lets_go = |delete: &DraftId| {
                let before = attributes.clone();
                release(&mut attributes, held[delete]);
                attributes != before
            };
            // What it cannot be without, such as a role, it keeps.
            let deletes: Vec<DraftId> = deletes.into_iter().filter(|it| lets_go(it)).collect();
            if deletes.is_empty() {
                continue;
            }
            let differs = |name: &&String| attributes.get(*name) != live.attributes.get(*name);
            let changed: Vec<String> = live.attributes.keys().filter(differs).cloned().collect();
            let address = self.steps[update].address.clone();
            self.meanwhile.push((address.clone(), disruption(kind, &attributes, &changed)));
            let empty = self.add_meanwhile(kind, live, address, attributes, changed);
            self.orders.add(empty, update, Strength::Needed);
            for delete in deletes {
                self.orders.remove((update, delete, Strength::Released));
                self.orders.add(empty, delete, Strength::Needed);
            }
        }
    }
}

/// What letting go disturbs: as much as such a change does, and what is left with none of what it
/// needs, such as a function outside its network, is away until it has another.
fn disruption(kind: &Kind, attributes: &Values, changed: &[String]) -> Disruption {
    let of = |name: &String| {
        let declared = kind.attribute(name).map(|attribute| attribute.disruption);
        let emptied = attributes.get(name).is_none_or(is_nothing);
        declared.unwrap_or_default().max(if emptied {
            Disruption::Outage
        } else {
            Disruption::None
        })
    };
    changed.iter().map(of).max().unwrap_or_default()
}
