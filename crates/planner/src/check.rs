//! What holds of every plan, whatever it was made from. The check closes every test of the planner
//! and guards a plan that is about to be applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use trueup_model::expression::Expressions;
use trueup_model::plan::{Operation, Step, StepId, Target, WhyNot};
use trueup_model::value::Values;
use trueup_model::{Action, Address, Catalog, Expression, Live, Plan, Reference, Stack, Value};

use crate::index::for_each_reference;

mod secrets;

/// A rule that a plan breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A step's id is not its place.
    Misplaced(StepId),
    /// A step waits for one that does not come before it.
    WaitsForLater(StepId),
    /// Two changes of one address, or changes out of order.
    ChangesOutOfOrder(Address),
    /// A step of an address without a change, or with one that needs no such step.
    Unannounced(StepId),
    /// A change without the steps that it needs.
    Idle(Address),
    /// Two steps make one address.
    MadeTwice(Address),
    /// An expression reads what no step before it makes.
    ReadsNothing(StepId, Reference),
    /// An update of what no step before it makes.
    UpdatesNothing(StepId),
    /// Something goes or is changed that is not of the stack.
    NotOurs(StepId),
    /// Something goes before what uses it.
    DeletedInUse(StepId, StepId),
    /// Something is forgotten before its successor is made.
    ForgottenFirst(StepId),
    /// A step of something that cannot be planned.
    StepOfWithheld(StepId),
    /// The chain is none, or its time is another.
    WrongChain,
    /// A plain text stands where a secret belongs.
    ShowsSecret,
}

/// The rules that a plan of this stack breaks: none, if this crate made it.
pub fn check(plan: &Plan, stack: &Stack, catalog: &Catalog) -> Vec<Violation> {
    let checker = Checker::new(plan, catalog);
    let mut violations = Vec::new();
    checker.order(&mut violations);
    checker.changes(&mut violations);
    checker.references(&mut violations);
    checker.ownership(&mut violations);
    checker.deletes(&mut violations);
    checker.forgets(&mut violations);
    checker.chain(&mut violations);
    if secrets::shows_secret(plan, stack, catalog) {
        violations.push(Violation::ShowsSecret);
    }
    violations
}

struct Checker<'p> {
    plan: &'p Plan,
    catalog: &'p Catalog,
    makers: BTreeMap<&'p Address, StepId>,
    updates: BTreeMap<&'p Address, Vec<StepId>>,
    actions: BTreeMap<&'p Address, Action>,
}

impl<'p> Checker<'p> {
    fn new(plan: &'p Plan, catalog: &'p Catalog) -> Self {
        let creates = plan.steps.iter().filter(|s| matches!(s.operation, Operation::Create { .. }));
        let mut updates: BTreeMap<&Address, Vec<StepId>> = BTreeMap::new();
        for step in &plan.steps {
            if matches!(step.operation, Operation::Update { .. }) {
                updates.entry(&step.address).or_default().push(step.id);
            }
        }
        Self {
            updates,
            plan,
            catalog,
            makers: creates.map(|step| (&step.address, step.id)).collect(),
            actions: plan.changes.iter().map(|c| (&c.address, c.action)).collect(),
        }
    }

    fn order(&self, violations: &mut Vec<Violation>) {
        let mut made = BTreeSet::new();
        for (place, step) in self.plan.steps.iter().enumerate() {
            if step.id != place {
                violations.push(Violation::Misplaced(step.id));
            }
            let ascending = step.after.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascending || step.after.last().is_some_and(|last| *last >= place) {
                violations.push(Violation::WaitsForLater(place));
            }
            if matches!(step.operation, Operation::Create { .. }) && !made.insert(&step.address) {
                violations.push(Violation::MadeTwice(step.address.clone()));
            }
        }
    }

    fn changes(&self, violations: &mut Vec<Violation>) {
        for pair in self.plan.changes.windows(2) {
            if pair[0].address >= pair[1].address {
                violations.push(Violation::ChangesOutOfOrder(pair[1].address.clone()));
            }
        }
        let mut done: BTreeMap<&Address, BTreeSet<&str>> = BTreeMap::new();
        for step in &self.plan.steps {
            let verb = step.operation.verb();
            done.entry(&step.address).or_default().insert(verb);
            let announced = self.actions.get(&step.address).is_some_and(|a| allows(*a, verb));
            if !announced {
                violations.push(Violation::Unannounced(step.id));
            }
        }
        let stuck: BTreeSet<&Address> = self.plan.withheld.iter().map(|w| &w.address).collect();
        for change in &self.plan.changes {
            let verbs = done.get(&change.address);
            let done = |verb: &&str| verbs.is_some_and(|verbs| verbs.contains(*verb));
            let needed = needs(change.action);
            if !needed.iter().all(done) && !stuck.contains(&change.address) {
                violations.push(Violation::Idle(change.address.clone()));
            }
        }
        let untouchable =
            |why: &WhyNot| matches!(why, WhyNot::Unreadable { .. } | WhyNot::NotOurs { .. });
        let withheld = self.plan.withheld.iter().filter(|withheld| untouchable(&withheld.why));
        let withheld: BTreeSet<&Address> = withheld.map(|withheld| &withheld.address).collect();
        // What is being deleted already is only waited for.
        let waits = |step: &Step| match &step.operation {
            Operation::Delete { before, .. } => before.is_deleting(),
            _ => false,
        };
        let touched = self.plan.steps.iter().filter(|step| !waits(step));
        for step in touched.filter(|step| withheld.contains(&step.address)) {
            violations.push(Violation::StepOfWithheld(step.id));
        }
    }

    fn references(&self, violations: &mut Vec<Violation>) {
        for step in &self.plan.steps {
            let references = step.operation.expressions().flat_map(Expression::references);
            for reference in references.filter(|reference| !reference.existing) {
                if !self.is_settled_before(step, reference) {
                    violations.push(Violation::ReadsNothing(step.id, reference.clone()));
                }
            }
            if let Operation::Update { target: Target::Step(made_by), .. } = &step.operation {
                let makes = |id: StepId| {
                    let maker = self.plan.steps.get(id);
                    maker.is_some_and(|s| {
                        s.address == step.address && matches!(s.operation, Operation::Create { .. })
                    })
                };
                if !makes(*made_by) || !self.precedes(*made_by, step.id) {
                    violations.push(Violation::UpdatesNothing(step.id));
                }
            }
        }
    }

    /// Whether a step before this one makes or changes what a reference reads.
    fn is_settled_before(&self, step: &Step, reference: &Reference) -> bool {
        let makers = meant(&self.makers, &reference.to);
        if !makers.is_empty() {
            return makers.into_iter().all(|maker| self.precedes(*maker, step.id));
        }
        // It is there, and an update may give it another value.
        let updates = meant(&self.updates, &reference.to);
        updates.into_iter().flatten().any(|update| self.precedes(*update, step.id))
    }

    fn ownership(&self, violations: &mut Vec<Violation>) {
        for step in &self.plan.steps {
            let (before, adopts) = match &step.operation {
                Operation::Create { .. } => continue,
                Operation::Update { before, .. } => {
                    let action = self.actions.get(&step.address);
                    (before.as_deref(), action == Some(&Action::Adopt))
                }
                Operation::Delete { before, .. } | Operation::Forget { before } => {
                    (Some(&**before), false)
                }
            };
            let ours = |live: &Live| {
                let unowned = live.ownership.stack.is_none() && adopts;
                (unowned || live.is_owned_by(&self.plan.stack)) && live.ownership.other.is_none()
            };
            if before.is_some_and(|live| !ours(live)) {
                violations.push(Violation::NotOurs(step.id));
            }
        }
    }

    /// Whatever refers to something deleted lets go of it before. Who merely tells its id, as an
    /// environment does, does not hold it.
    fn deletes(&self, violations: &mut Vec<Violation>) {
        let mut holders: HashMap<String, Vec<StepId>> = HashMap::new();
        for step in &self.plan.steps {
            if let Some(before) = step.operation.before() {
                for id in self.referred_to(before) {
                    holders.entry(id).or_default().push(step.id);
                }
            }
        }
        for step in &self.plan.steps {
            let Operation::Delete { before, .. } = &step.operation else { continue };
            if !is_made_by_aws(&before.id) {
                continue;
            }
            for holder in holders.get(before.id.as_str()).into_iter().flatten() {
                let lets_go = match &self.plan.steps[*holder].operation {
                    Operation::Update { attributes, .. } => !holds(attributes, &before.id),
                    Operation::Delete { before: holder, .. } => {
                        !self.is_emptied_before(holder, &before.id, step.id)
                    }
                    Operation::Create { .. } | Operation::Forget { .. } => false,
                };
                let ordered = self.precedes(*holder, step.id)
                    // It cannot let go before there is a successor, for which this makes room.
                    || (is_update(&self.plan.steps[*holder]) && self.precedes(step.id, *holder));
                if *holder != step.id && lets_go && !ordered {
                    violations.push(Violation::DeletedInUse(step.id, *holder));
                }
            }
        }
    }

    /// The ids that AWS made and that stand where a kind declares a reference.
    fn referred_to(&self, live: &Live) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let kind = self.catalog.get(live.kind.as_str());
        for attribute in kind.into_iter().flat_map(|kind| &kind.attributes) {
            let Some(value) = live.attributes.get(attribute.name) else { continue };
            for_each_reference(&attribute.ty, value, &mut |_, text| {
                if is_made_by_aws(text) {
                    ids.insert(text.to_owned());
                }
            });
        }
        ids
    }

    fn forgets(&self, violations: &mut Vec<Violation>) {
        for step in &self.plan.steps {
            let maker = self.makers.get(&step.address);
            if matches!(step.operation, Operation::Forget { .. })
                && maker.is_some_and(|maker| !self.precedes(*maker, step.id))
            {
                violations.push(Violation::ForgottenFirst(step.id));
            }
        }
    }

    fn is_emptied_before(&self, holder: &Live, id: &str, delete: StepId) -> bool {
        let address = &self.plan.steps[delete].address;
        let owner = holder.ownership.address.as_ref().unwrap_or(address);
        let mut steps =
            self.updates.get(owner).into_iter().flatten().map(|id| &self.plan.steps[*id]);
        steps.any(|step| match &step.operation {
            Operation::Update { target: Target::Id(target), attributes, .. } => {
                *target == holder.id
                    && step.kind == holder.kind
                    && !holds(attributes, id)
                    && self.precedes(step.id, delete)
            }
            _ => false,
        })
    }

    fn chain(&self, violations: &mut Vec<Violation>) {
        let chain = &self.plan.longest_chain;
        let steps = &self.plan.steps;
        let linked = chain
            .windows(2)
            .all(|pair| steps.get(pair[1]).is_some_and(|step| step.after.contains(&pair[0])));
        let seconds: Option<u32> =
            chain.iter().map(|id| steps.get(*id).map(|s| s.seconds + s.lingers)).sum();
        if !linked || seconds != Some(self.plan.seconds) || chain.is_empty() != steps.is_empty() {
            violations.push(Violation::WrongChain);
        }
    }

    /// Whether one step is done before another begins.
    fn precedes(&self, before: StepId, after: StepId) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![after];
        while let Some(step) = open.pop() {
            let Some(step) = self.plan.steps.get(step) else { return false };
            if step.after.binary_search(&before).is_ok() {
                return true;
            }
            open.extend(step.after.iter().filter(|id| **id > before && seen.insert(**id)));
        }
        false
    }
}

/// What stands under an address, or under each instance of that family.
fn meant<'m, T>(steps: &'m BTreeMap<&'m Address, T>, to: &'m Address) -> Vec<&'m T> {
    if to.key.is_some() {
        return steps.get(to).into_iter().collect();
    }
    let from_there_on = steps.range::<&Address, _>(to..);
    let same = |address: &Address| address == to || address.is_instance_of(to);
    from_there_on.take_while(|(address, _)| same(address)).map(|(_, step)| step).collect()
}

fn allows(action: Action, verb: &str) -> bool {
    match action {
        Action::Create => matches!(verb, "create" | "update"),
        Action::Update | Action::Adopt | Action::Move => verb == "update",
        Action::CreateThenDelete | Action::DeleteThenCreate => true,
        // An update before it lets go of what is deleted with it.
        Action::Delete => matches!(verb, "delete" | "update"),
        Action::Forget => verb == "forget",
        Action::Nothing => false,
    }
}

fn needs(action: Action) -> &'static [&'static str] {
    match action {
        Action::Create => &["create"],
        Action::Update | Action::Adopt | Action::Move => &["update"],
        Action::DeleteThenCreate => &["create", "delete"],
        Action::Delete => &["delete"],
        Action::Forget => &["forget"],
        // What an interrupted run left to do of it may be any part.
        Action::CreateThenDelete | Action::Nothing => &[],
    }
}

fn is_update(step: &Step) -> bool {
    matches!(step.operation, Operation::Update { .. })
}

/// Whether a text can be nothing but an id that AWS made: `sg-0123…`. Names are chosen, and two
/// things may well have the same.
fn is_made_by_aws(id: &str) -> bool {
    id.rsplit_once('-').is_some_and(|(prefix, digits)| {
        prefix.chars().all(|c| c.is_ascii_lowercase())
            && digits.len() >= 8
            && digits.chars().all(|c| c.is_ascii_hexdigit())
    })
}

fn collect_texts<'v>(values: &'v Values, texts: &mut BTreeSet<&'v str>) {
    fn collect<'v>(value: &'v Value, texts: &mut BTreeSet<&'v str>) {
        match value {
            Value::String(text) => drop(texts.insert(text)),
            Value::List(elements) => elements.iter().for_each(|element| collect(element, texts)),
            Value::Map(fields) => fields.values().for_each(|field| collect(field, texts)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) => {}
        }
    }
    for value in values.values() {
        collect(value, texts);
    }
}

fn holds(attributes: &Expressions, id: &str) -> bool {
    let known = attributes.iter().filter_map(|(name, wish)| Some((name.clone(), wish.to_value()?)));
    let known: Values = known.collect();
    let mut texts = BTreeSet::new();
    collect_texts(&known, &mut texts);
    texts.contains(id)
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misplaced(step) => write!(formatter, "step {step} is not in its place"),
            Self::WaitsForLater(step) => {
                write!(formatter, "step {step} waits for one that does not come before it")
            }
            Self::ChangesOutOfOrder(address) => {
                write!(formatter, "the change of {address} is doubled or out of order")
            }
            Self::Unannounced(step) => write!(formatter, "step {step} belongs to no change"),
            Self::Idle(address) => write!(formatter, "the change of {address} lacks its steps"),
            Self::MadeTwice(address) => write!(formatter, "{address} is made twice"),
            Self::ReadsNothing(step, reference) => {
                write!(formatter, "step {step} reads {reference}, which no step before it makes")
            }
            Self::UpdatesNothing(step) => {
                write!(formatter, "step {step} updates what no step before it makes")
            }
            Self::NotOurs(step) => write!(formatter, "step {step} touches what is not ours"),
            Self::DeletedInUse(step, user) => {
                write!(formatter, "step {step} deletes what step {user} still has to let go of")
            }
            Self::ForgottenFirst(step) => {
                write!(formatter, "step {step} forgets what has no successor yet")
            }
            Self::StepOfWithheld(step) => write!(formatter, "step {step} is of something withheld"),
            Self::WrongChain => formatter.write_str("the longest chain or its time is wrong"),
            Self::ShowsSecret => formatter.write_str("the plan shows a secret"),
        }
    }
}
