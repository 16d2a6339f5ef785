//! Deletes what refers to each other in a circle: the late attributes that do so are emptied
//! first.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::plan::{Operation, Step, Target};
use trueup_model::value::Values;
use trueup_model::{Address, Attribute, Expression, Kind, Live, Type, Value, seal};

use super::Drafts;
use crate::decide::Context;
use crate::departures::Departures;
use crate::index::LiveId;
use crate::order::{DraftId, Strength};

impl Drafts {
    pub(super) fn empty_circles(&mut self, context: Context<'_, '_>, departures: &Departures) {
        let circles = self.orders.circles(self.steps.len(), Strength::Needed);
        if circles.iter().all(Option::is_none) {
            return;
        }
        let lives: BTreeMap<DraftId, LiveId> = self.deletes.iter().map(|(l, d)| (*d, *l)).collect();
        let inside = |(before, after, _): &&(DraftId, DraftId, Strength)| {
            circles[*before].is_some() && circles[*before] == circles[*after]
        };
        let edges: Vec<_> = self.orders.iter().filter(inside).copied().collect();
        let mut emptied: BTreeMap<DraftId, DraftId> = BTreeMap::new();
        for edge @ (before, after, _) in edges {
            let (Some(user), Some(held)) = (lives.get(&before), lives.get(&after)) else {
                continue;
            };
            if !holds_only_late(context, *user, *held) {
                continue;
            }
            let empty = if let Some(empty) = emptied.get(&before) {
                *empty
            } else {
                let Some(empty) = self.add_emptying(context, departures, *user) else {
                    continue;
                };
                self.orders.add(empty, before, Strength::Needed);
                emptied.insert(before, empty);
                empty
            };
            self.orders.remove(edge);
            self.orders.add(empty, after, Strength::Needed);
        }
        self.keep_until_unused(context, &lives, &emptied);
    }

    fn add_emptying(
        &mut self,
        context: Context<'_, '_>,
        departures: &Departures,
        id: LiveId,
    ) -> Option<DraftId> {
        let (kind, departure) = (context.index.live_kinds[id]?, departures.get(&id)?);
        let live = context.index.lives[id];
        let late: Vec<&Attribute> = kind.attributes.iter().filter(|a| a.late).collect();
        let mut emptied = live.attributes.clone();
        for attribute in &late {
            emptied.insert(attribute.name.to_owned(), nothing(&attribute.ty));
        }
        let held = |name: &str| live.attributes.get(name).is_some_and(|value| !value.is_null());
        let changed = late.iter().map(|a| a.name).filter(|name| held(name));
        let changed = changed.map(str::to_owned).collect();
        Some(self.add_meanwhile(kind, live, departure.address.clone(), emptied, changed))
    }

    /// A step that makes something what it is only until a later step.
    pub(super) fn add_meanwhile(
        &mut self,
        kind: &Kind,
        live: &Live,
        address: Address,
        attributes: Values,
        changed: Vec<String>,
    ) -> DraftId {
        let attributes = attributes.into_iter().map(|(n, v)| (n, Expression::Value(v))).collect();
        let draft = self.steps.len();
        self.steps.push(Step {
            id: draft,
            address,
            kind: live.kind.clone(),
            operation: Operation::Update {
                target: Target::Id(live.id.clone()),
                attributes: seal::expressions(kind, attributes),
                tags: live.tags.iter().map(|(k, tag)| (k.clone(), tag.as_str().into())).collect(),
                ownership: live.ownership.clone(),
                changed,
                before: Some(Box::new(live.clone())),
            },
            after: Vec::new(),
            seconds: kind.times.update[1],
            lingers: 0,
            location: None,
        });
        draft
    }

    /// Something keeps its late attributes as long as it is in use.
    fn keep_until_unused(
        &mut self,
        context: Context<'_, '_>,
        lives: &BTreeMap<DraftId, LiveId>,
        emptied: &BTreeMap<DraftId, DraftId>,
    ) {
        for (delete, empty) in emptied {
            let Some(live) = lives.get(delete) else { continue };
            let users: BTreeSet<DraftId> = context.index.users[*live]
                .iter()
                .filter_map(|u| self.deletes.get(u))
                .copied()
                .collect();
            for user in users.into_iter().filter(|user| !emptied.contains_key(user)) {
                self.orders.add(user, *empty, Strength::Preferred);
            }
        }
    }
}

fn holds_only_late(context: Context<'_, '_>, user: LiveId, held: LiveId) -> bool {
    let Some(kind) = context.index.live_kinds[user] else { return false };
    let mut holds = context.index.uses[user].iter().filter(|used| used.to == held).peekable();
    holds.peek().is_some() && holds.all(|used| kind.attributes[used.attribute].late)
}

fn nothing(ty: &Type) -> Value {
    match ty {
        Type::List(_) | Type::Set(_) => Value::List(Vec::new()),
        Type::Map(_) => Value::Map(Values::new()),
        _ => Value::Null,
    }
}
