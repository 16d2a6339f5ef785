//! Turns decisions into steps, and says which waits for which.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expression::Expressions;
use trueup_model::kind::{FINAL_SNAPSHOT, TAGGING};
use trueup_model::plan::{Operation, Step, Target};
use trueup_model::snapshot::Ownership;
use trueup_model::{Address, Condition, Disruption, Expression, Kind, Live, Value, seal};

use crate::decide::{Context, Decision, Fate};
use crate::departures::{Departures, Way};
use crate::graph::{Node, is_late};
use crate::hash::{secret_hash, token};
use crate::index::{LiveId, ResourceId};
use crate::leave_alone::top_level;
use crate::matching::Match;
use crate::order::{DraftId, Orders};
use crate::ownership::{ownership, unfinished};

mod between;
mod circles;
mod releases;

/// Steps before they have their places.
#[derive(Default)]
pub(crate) struct Drafts {
    pub(crate) steps: Vec<Step>,
    pub(crate) orders: Orders,
    /// The step of each resource, and that of its late attributes.
    main: BTreeMap<ResourceId, DraftId>,
    late: BTreeMap<ResourceId, DraftId>,
    /// The deletion of each live resource.
    deletes: BTreeMap<LiveId, DraftId>,
    /// The forgetting of each live resource.
    forgets: BTreeMap<LiveId, DraftId>,
    /// What is changed only until a later step, and what that disturbs.
    pub(crate) meanwhile: Vec<(Address, Disruption)>,
}

impl Drafts {
    pub(crate) fn new(
        context: Context<'_, '_>,
        decisions: &[Option<Decision>],
        departures: &Departures,
    ) -> Self {
        let mut drafts = Self::default();
        if !decisions.is_empty() {
            for node in &context.graph.order {
                drafts.add_node(context, decisions, *node);
            }
            drafts.add_waits(context, decisions);
        }
        // Those that were made last go first, as far as nothing else decides.
        for (live, departure) in departures.iter().rev() {
            drafts.add_departure(context, *live, departure);
        }
        drafts.order_resources(context, decisions, departures);
        drafts.order_deletes(context, decisions, departures);
        drafts.empty_circles(context, departures);
        drafts.let_go(context, decisions);
        drafts
    }

    fn add_node(&mut self, context: Context<'_, '_>, decisions: &[Option<Decision>], node: Node) {
        let id = node.resource();
        let (Some(decision), Some(kind)) = (&decisions[id], context.index.kinds[id]) else {
            return;
        };
        let maker = Maker { context, id, kind, decision };
        let operation = match (node, decision.fate) {
            (Node::Main(_), Fate::Create | Fate::Replace { .. }) => maker.create(),
            (Node::Main(_), Fate::Update) if decision.early => maker.update(),
            (Node::Late(_), _) if decision.late => maker.update_late(self.main.get(&id).copied()),
            _ => return,
        };
        let typical = typical(kind, &operation);
        let draft = self.push(context, id, operation, typical);
        match node {
            Node::Main(_) => self.main.insert(id, draft),
            Node::Late(_) => self.late.insert(id, draft),
        };
    }

    /// What an interrupted run left half made is waited for, if something else is to use it.
    fn add_waits(&mut self, context: Context<'_, '_>, decisions: &[Option<Decision>]) {
        for (id, decision) in decisions.iter().enumerate() {
            let (Some(decision), Some(kind)) = (decision, context.index.kinds[id]) else {
                continue;
            };
            let Some(live) = decision.live.map(|live| context.index.lives[live]) else { continue };
            let pending = matches!(live.condition, Condition::Pending(_));
            let stays = matches!(decision.fate, Fate::Keep | Fate::Update);
            if !pending || !stays || self.main.contains_key(&id) {
                continue;
            }
            let mut users = context.graph.needed_by(Node::Main(id));
            let used = users.any(|(node, _)| match node {
                Node::Main(user) => self.main.contains_key(&user),
                Node::Late(user) => self.late.contains_key(&user),
            });
            if used {
                let maker = Maker { context, id, kind, decision };
                let draft = self.push(context, id, maker.wait(live), kind.times.create[1]);
                self.main.insert(id, draft);
            }
        }
    }

    fn add_departure(
        &mut self,
        context: Context<'_, '_>,
        id: LiveId,
        departure: &crate::departures::Departure,
    ) {
        let Some(kind) = context.index.live_kinds[id] else { return };
        let live = context.index.lives[id];
        let before = Box::new(live.clone());
        let (operation, seconds) = match departure.way {
            Way::Delete { final_snapshot } => {
                let snapshot = if final_snapshot { FINAL_SNAPSHOT[1] } else { 0 };
                let seconds = kind.times.delete[1].saturating_add(snapshot);
                (Operation::Delete { before, final_snapshot }, seconds)
            }
            Way::Forget => (Operation::Forget { before }, TAGGING),
        };
        let draft = self.steps.len();
        self.steps.push(Step {
            id: draft,
            address: departure.address.clone(),
            kind: live.kind.clone(),
            operation,
            after: Vec::new(),
            seconds,
            lingers: lingers(kind, live),
            location: departure
                .resource
                .and_then(|id| context.index.resources[id].location.clone()),
        });
        match departure.way {
            Way::Delete { .. } => self.deletes.insert(id, draft),
            Way::Forget => self.forgets.insert(id, draft),
        };
    }

    fn push(
        &mut self,
        context: Context<'_, '_>,
        id: ResourceId,
        operation: Operation,
        seconds: u32,
    ) -> DraftId {
        let resource = context.index.resources[id];
        let draft = self.steps.len();
        self.steps.push(Step {
            id: draft,
            address: resource.address.clone(),
            kind: resource.address.kind.clone(),
            operation,
            after: Vec::new(),
            seconds,
            lingers: 0,
            location: resource.location.clone(),
        });
        draft
    }
}

/// How long making or changing something typically takes, in seconds.
fn typical(kind: &Kind, operation: &Operation) -> u32 {
    match operation {
        Operation::Create { .. } => kind.times.create[1],
        Operation::Update { changed, before, .. } if changed.iter().all(|name| name == "tags") => {
            // What is still going on is waited for, whoever began it.
            let is_pending = |live: &Live| matches!(live.condition, Condition::Pending(_));
            let goes_on = before.as_deref().is_some_and(is_pending);
            if goes_on { kind.times.update[1] } else { TAGGING }
        }
        Operation::Update { .. } | Operation::Delete { .. } | Operation::Forget { .. } => {
            kind.times.update[1]
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_list().is_some_and(<[Value]>::is_empty)
}

/// For how long what a resource leaves behind holds others, typically.
fn lingers(kind: &Kind, live: &Live) -> u32 {
    let lingers = kind.lingers.filter(|lingers| !is_nothing(live.get(lingers.attribute)));
    lingers.map_or(0, |lingers| lingers.seconds[1])
}

/// Makes the operations of one resource.
#[derive(Clone, Copy)]
struct Maker<'m, 'a> {
    context: Context<'m, 'a>,
    id: ResourceId,
    kind: &'m Kind,
    decision: &'m Decision,
}

impl<'a> Maker<'_, 'a> {
    fn create(self) -> Operation {
        let ownership = self.ownership();
        let token = self.token(ownership.spec.as_deref().unwrap_or_default());
        let wanted = self.decision.wanted.iter();
        let early = wanted.filter(|(name, _)| !is_late(self.kind, name));
        let early: Expressions = early.map(|(name, wish)| (name.clone(), wish.clone())).collect();
        Operation::Create {
            token,
            attributes: seal::expressions(self.kind, early),
            tags: self.tags(),
            ownership: if self.decision.late { unfinished(ownership) } else { ownership },
        }
    }

    /// An update of what needs no step of its own; the rest stays as it is until then.
    fn update(self) -> Operation {
        let mut attributes = self.decision.wanted.clone();
        let live = self.live();
        if let Some(live) = live.filter(|_| self.decision.late) {
            for (name, wish) in attributes.iter_mut().filter(|(name, _)| is_late(self.kind, name)) {
                *wish = live.attributes.get(name).cloned().unwrap_or_default().into();
            }
        }
        let target = Target::Id(live.map(|live| live.id.clone()).unwrap_or_default());
        let ownership = self.ownership();
        let ownership = if self.decision.late { unfinished(ownership) } else { ownership };
        self.update_of(target, attributes, ownership, |name| !is_late(self.kind, name))
    }

    fn update_late(self, made_by: Option<DraftId>) -> Operation {
        let target = match (self.decision.fate, made_by, self.live()) {
            (Fate::Update, _, Some(live)) => Target::Id(live.id.clone()),
            (_, made_by, _) => Target::Step(made_by.unwrap_or_default()),
        };
        let wanted = self.decision.wanted.clone();
        self.update_of(target, wanted, self.ownership(), |name| is_late(self.kind, name))
    }

    fn update_of(
        self,
        target: Target,
        attributes: Expressions,
        ownership: Ownership,
        chosen: impl Fn(&str) -> bool,
    ) -> Operation {
        let made_earlier = matches!(target, Target::Step(_));
        let changed = if made_earlier {
            let stated = attributes.iter().filter(|(name, wish)| chosen(name) && !wish.is_null());
            stated.map(|(name, _)| name.clone()).collect()
        } else {
            let paths = self.decision.changes.iter().map(|change| top_level(&change.path));
            // What the resource says of itself is in its tags of ownership.
            let sent = |name: &&str| *name == "tags" || self.kind.attribute(name).is_some();
            let names: BTreeSet<&str> = paths.filter(|name| chosen(name)).filter(sent).collect();
            names.into_iter().map(str::to_owned).collect()
        };
        let before = self.live().filter(|_| !made_earlier);
        Operation::Update {
            target,
            attributes: seal::expressions(self.kind, attributes),
            tags: self.tags(),
            ownership,
            changed,
            before: before.map(|live| Box::new(live.clone())),
        }
    }

    /// An update that changes nothing, and is done when the thing is ready.
    fn wait(self, live: &Live) -> Operation {
        let attributes = live.attributes.iter();
        let attributes =
            attributes.map(|(n, v)| (n.clone(), Expression::Value(v.clone()))).collect();
        let tags = live.tags.iter().map(|(key, tag)| (key.clone(), tag.as_str().into())).collect();
        Operation::Update {
            target: Target::Id(live.id.clone()),
            attributes: seal::expressions(self.kind, attributes),
            tags,
            ownership: live.ownership.clone(),
            changed: Vec::new(),
            before: Some(Box::new(live.clone())),
        }
    }

    fn live(self) -> Option<&'a Live> {
        self.decision.live.map(|live| self.context.index.lives[live])
    }

    fn tags(self) -> Expressions {
        if self.kind.taggable { self.decision.tags.clone() } else { Expressions::new() }
    }

    fn ownership(self) -> Ownership {
        let resource = self.context.index.resources[self.id];
        let stack = &self.context.input.stack.name;
        // What is written reads names as they turned out.
        let said = self.context.readers.resource(self.id, resource);
        Ownership {
            secret: secret_hash(stack, &said, self.kind),
            ..ownership(self.context.secrets, resource, self.kind)
        }
    }

    fn token(self, spec: &str) -> String {
        let mut generation = BTreeSet::new();
        if let Match::Present { candidates, .. } = &self.context.matching.of[self.id] {
            generation
                .extend(candidates.iter().map(|live| self.context.index.lives[*live].id.clone()));
        }
        let generation: Vec<&str> = generation.iter().map(String::as_str).collect();
        let resource = self.context.index.resources[self.id];
        token(&self.context.input.stack.name, resource, spec, &generation)
    }
}
