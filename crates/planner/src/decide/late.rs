//! The attributes that are applied in a step of their own, after everything that they refer to.

use trueup_model::change::Cause;
use trueup_model::expression::Expressions;
use trueup_model::plan::WhyNot;
use trueup_model::{Kind, Live};

use super::{Context, Decision, Fate, Resolved, Walk};
use crate::graph::{Node, is_late};
use crate::hash::spec_hash;
use crate::index::ResourceId;
use crate::leave_alone::{Wish, leave_alone};

impl Context<'_, '_> {
    pub(super) fn decide_late(self, walk: &mut Walk, id: ResourceId) {
        let Some(kind) = self.index.kinds[id] else { return };
        let undecided = walk.decisions[id]
            .as_ref()
            .is_none_or(|decision| matches!(decision.fate, Fate::Blocked | Fate::Held));
        if undecided {
            return;
        }
        // It may refer to itself, so that its decision must be there while it is resolved.
        let resolved = match self.blocked_need(walk, Node::Late(id), false) {
            Some(on) => Err(vec![WhyNot::DependsOn { on }]),
            None => self
                .resolve(walk, id, kind, |name| is_late(kind, name))
                .map_err(|fault| self.faulty(walk, id, fault).withheld)
                .and_then(|resolved| {
                    let late = resolved.attributes.iter().filter(|(name, _)| is_late(kind, name));
                    match self.never_known(walk, late.map(|(_, wish)| wish)) {
                        Some(why) => Err(vec![why]),
                        None => Ok(resolved),
                    }
                }),
        };
        let Some(mut decision) = walk.decisions[id].take() else { return };
        match resolved {
            Ok(resolved) => {
                self.add_late(walk, id, kind, resolved, &mut decision);
                self.note_words(id, kind, &mut decision);
            }
            Err(withheld) => {
                decision.withheld.extend(withheld);
                decision.wanted.retain(|name, _| !is_late(kind, name));
            }
        }
        if decision.fate == Fate::Keep {
            decision.keep(kind);
        }
        walk.decisions[id] = Some(decision);
    }

    fn add_late(
        self,
        walk: &Walk,
        id: ResourceId,
        kind: &Kind,
        resolved: Resolved,
        decision: &mut Decision,
    ) {
        let stays = matches!(decision.fate, Fate::Keep | Fate::Update);
        let resolved = if stays { resolved.compared() } else { resolved.attributes };
        // Kinds settle all attributes together, so the early ones are there to be read.
        let mut wanted = decision.wanted.clone();
        wanted.extend(resolved.into_iter().filter(|(name, _)| is_late(kind, name)));
        let live = decision.live.map(|live| self.index.lives[live]);
        self.settle(id, kind, &mut wanted, live.filter(|_| stays), &mut decision.remarks);
        wanted.retain(|name, _| is_late(kind, name));
        if let Some(live) = live {
            self.compare_late(walk, id, kind, decision, live, &mut wanted);
        } else {
            let creation = self.differ().creation(kind, &wanted, &Expressions::new());
            decision.changes.extend(creation);
        }
        if !stays {
            // A new one is made without them, whatever the old one had.
            decision.late = wanted.values().any(|wish| !wish.is_null());
        }
        decision.wanted.extend(wanted);
        decision.changes.sort_by(|a, b| a.path.cmp(&b.path));
    }

    fn compare_late(
        self,
        walk: &Walk,
        id: ResourceId,
        kind: &Kind,
        decision: &mut Decision,
        live: &Live,
        wanted: &mut Expressions,
    ) {
        let resource = self.index.resources[id];
        let mut changes = self.differ().attributes(kind, wanted, live, |attribute| attribute.late);
        let mut wish = Wish { attributes: wanted, tags: &mut decision.tags };
        decision.withheld.extend(leave_alone(kind, resource, live, &mut changes, &mut wish));
        if changes.is_empty() {
            return;
        }
        decision.late = true;
        if decision.fate == Fate::Keep {
            decision.fate = Fate::Update;
        }
        let applied = live.ownership.spec.as_deref();
        let cause = if applied != Some(spec_hash(self.secrets, resource, kind).as_str()) {
            Cause::File
        } else if changes.iter().all(|change| self.follows(walk, id, change)) {
            Cause::Dependency
        } else {
            Cause::Drift
        };
        decision.cause = match (decision.cause, cause) {
            (Cause::File, _) | (_, Cause::File) => Cause::File,
            (Cause::Drift, _) | (_, Cause::Drift) => Cause::Drift,
            _ => Cause::Dependency,
        };
        decision.changes.extend(changes);
    }
}
