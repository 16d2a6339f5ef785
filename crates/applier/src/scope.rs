//! What is known of every resource at a moment of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use trueup_model::expression::{Lookup, Scope};
use trueup_model::value::Values;
use trueup_model::{
    Action, Address, Catalog, Condition, KindName, Live, Operation, Plan, Reason, Reference,
    Snapshot, Step, StepId, Value, seal,
};

/// The resources of the stack as they are by now, for the expressions of later steps.
pub(crate) struct World {
    plan: Arc<Plan>,
    snapshot: Arc<Snapshot>,
    catalog: Arc<Catalog>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// What exists and stays, as last read.
    lives: BTreeMap<Address, Live>,
    /// What each step left.
    left: BTreeMap<StepId, Live>,
    /// What a step is still to make: what stands in its place until then does not count.
    unmade: BTreeSet<Address>,
    /// What was written and is never told back, by kind and id.
    written: BTreeMap<(KindName, String), Values>,
    /// The ids of what a step deletes or forgets: a change of one of these on its way out does not
    /// make it what its address means.
    leaving: BTreeSet<(Address, String)>,
}

impl World {
    pub(crate) fn new(plan: Arc<Plan>, snapshot: Arc<Snapshot>, catalog: Arc<Catalog>) -> Self {
        let known = RwLock::new(Known::new(&plan, &snapshot));
        Self { plan, snapshot, catalog, known }
    }

    /// Takes in what a step did.
    pub(crate) fn record(&self, step: &Step, live: Option<Live>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match (&step.operation, live) {
            (Operation::Create { .. } | Operation::Update { .. }, Some(live)) => {
                known.left.insert(step.id, live.clone());
                let leaves = known.leaving.contains(&(step.address.clone(), live.id.clone()));
                let stands = known.lives.get(&step.address).is_some_and(|one| one.id == live.id);
                if !leaves {
                    known.unmade.remove(&step.address);
                }
                if !leaves || stands {
                    known.lives.insert(step.address.clone(), live);
                }
            }
            (Operation::Delete { before, .. } | Operation::Forget { before }, _) => {
                // What is made from now on may have the same id: a name.
                known.leaving.remove(&(step.address.clone(), before.id.clone()));
                // What took its place may have been made before.
                if known.lives.get(&step.address).is_some_and(|live| live.id == before.id) {
                    known.lives.remove(&step.address);
                }
            }
            (Operation::Create { .. } | Operation::Update { .. }, None) => {}
        }
    }

    /// What AWS reports after a step gave it these values: it tells their secrets back in plain, and
    /// what is only written not at all.
    pub(crate) fn sealed(&self, live: Live, given: &Values) -> Live {
        let Some(kind) = self.catalog.get(live.kind.as_str()) else { return live };
        let written = kind.attributes.iter().filter(|attribute| attribute.write_only);
        let secret = |value: &Value| value.clone().into_secret();
        let written: Values = written
            .filter_map(|attribute| {
                Some((attribute.name.to_owned(), secret(given.get(attribute.name)?)))
            })
            .collect();
        if !written.is_empty() {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.written.insert((live.kind.clone(), live.id.clone()), written);
        }
        seal::given(kind, &live, given)
    }

    /// What a step left.
    pub(crate) fn left_by(&self, step: StepId) -> Option<Live> {
        self.read(|known| known.left.get(&step).cloned())
    }

    /// The resource as last read in this run or by the plan, if it is still that one.
    pub(crate) fn latest(&self, address: &Address, id: &str) -> Option<Live> {
        self.read(|known| known.lives.get(address).filter(|live| live.id == id).cloned())
    }

    /// Everything that exists and stays.
    pub(crate) fn lives(&self) -> BTreeMap<Address, Live> {
        self.read(|known| known.lives.clone())
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn one(&self, known: &Known, address: &Address, attribute: &str) -> Lookup {
        if known.unmade.contains(address) {
            return Lookup::Unknown;
        }
        match known.lives.get(address) {
            Some(live) => match (self.value(live, attribute), known.written(live, attribute)) {
                (Lookup::Known(Value::Null), Some(written)) => Lookup::Known(written.clone()),
                (value, _) => value,
            },
            // Withheld, or it failed: it may come to be in a later run.
            None if self.stays(address) => Lookup::Unknown,
            None => Lookup::Missing,
        }
    }

    fn value(&self, live: &Live, attribute: &str) -> Lookup {
        let value = live.get(attribute);
        let kind = self.catalog.get(live.kind.as_str());
        let declared = kind.is_some_and(|kind| {
            kind.output(attribute).is_some() || kind.attribute(attribute).is_some()
        });
        if value.is_null() && !declared && !reports(live, attribute) {
            return Lookup::Missing;
        }
        // What is still being made has no address yet: that is not "none".
        let is_output = live.outputs.contains_key(attribute);
        if value.is_null() && is_output && matches!(live.condition, Condition::Pending(_)) {
            return Lookup::Unknown;
        }
        Lookup::Known(value.clone())
    }

    fn stays(&self, address: &Address) -> bool {
        let found = self.plan.changes.binary_search_by(|change| change.address.cmp(address));
        found.is_ok_and(|index| stays(self.plan.changes[index].action))
    }

    fn family(&self, known: &Known, family: &Address, attribute: &str) -> Lookup {
        let changes = self.plan.changes.iter();
        let instances = changes.filter(|change| {
            change.address.key.is_some()
                && stays(change.action)
                && !change.reasons.contains(&Reason::LeftTheStack)
                && change.address.is_instance_of(family)
        });
        let mut values = Vec::new();
        for instance in instances {
            match self.one(known, &instance.address, attribute) {
                Lookup::Known(value) => values.push(value),
                other @ (Lookup::Unknown | Lookup::Missing) => return other,
            }
        }
        if values.is_empty() { Lookup::Missing } else { Lookup::Known(Value::List(values)) }
    }
}

impl Known {
    fn written(&self, live: &Live, attribute: &str) -> Option<&Value> {
        self.written.get(&(live.kind.clone(), live.id.clone()))?.get(attribute)
    }

    fn new(plan: &Plan, snapshot: &Snapshot) -> Self {
        let by_id: BTreeMap<(&KindName, &str), &Live> =
            snapshot.resources.iter().map(|live| ((&live.kind, live.id.as_str()), live)).collect();
        let mut known = Self::default();
        for change in &plan.changes {
            let live = change.id.as_deref().and_then(|id| by_id.get(&(&change.kind, id)));
            if let Some(&live) = live {
                known.lives.insert(change.address.clone(), live.clone());
            }
        }
        let creates =
            plan.steps.iter().filter(|step| matches!(step.operation, Operation::Create { .. }));
        known.unmade = creates.map(|step| step.address.clone()).collect();
        let leaving = plan.steps.iter().filter_map(|step| match &step.operation {
            Operation::Delete { before, .. } | Operation::Forget { before } => {
                Some((step.address.clone(), before.id.clone()))
            }
            Operation::Create { .. } | Operation::Update { .. } => None,
        });
        known.leaving = leaving.collect();
        known
    }
}

impl Scope for World {
    fn lookup(&self, reference: &Reference) -> Lookup {
        let Reference { to, attribute, existing } = reference;
        if *existing {
            let found = self.snapshot.existing.get(to);
            return found.map_or(Lookup::Missing, |live| self.value(live, attribute));
        }
        self.read(|known| match self.one(known, to, attribute) {
            Lookup::Missing if to.key.is_none() => self.family(known, to, attribute),
            answer => answer,
        })
    }

    fn ambient(&self, name: &str) -> Option<Value> {
        match name {
            "account" => Some(self.plan.account.as_str().into()),
            "region" => Some(self.plan.region.as_str().into()),
            _ => None,
        }
    }
}

fn stays(action: Action) -> bool {
    match action {
        Action::Create
        | Action::Update
        | Action::CreateThenDelete
        | Action::DeleteThenCreate
        | Action::Adopt
        | Action::Move
        | Action::Nothing => true,
        Action::Delete | Action::Forget => false,
    }
}

fn reports(live: &Live, attribute: &str) -> bool {
    live.outputs.contains_key(attribute) || live.attributes.contains_key(attribute)
}
