//! What expressions mean once the live state is known.

use trueup_model::expression::{EvaluationError, Evaluator, Expressions, Lookup, Reference};
use trueup_model::kind::{Mutability, Output};
use trueup_model::plan::WhyNot;
use trueup_model::snapshot::Unreadable;
use trueup_model::{
    Address, Condition, Expression, Kind, Live, Resource, Scope, Snapshot, Type, Value,
};

use crate::decide::{Decision, Fate};
use crate::index::{Index, ResourceId};
use crate::leave_alone::top_level;
use crate::readers::Readers;

/// What can be known of every attribute and output at one point of the walk.
pub(crate) struct View<'v, 'a> {
    pub(crate) index: &'v Index<'a>,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) readers: &'v Readers,
    /// What was decided so far; those that come later are missing.
    pub(crate) decisions: &'v [Option<Decision>],
    /// Whether an output that an update in place may change is taken to stay as it is. It decides
    /// over replacement: nothing is rebuilt because a value *may* change.
    pub(crate) steady: bool,
}

impl View<'_, '_> {
    /// The expression with everything folded that is known, and families in lists spread out.
    pub(crate) fn resolve(
        &self,
        evaluator: &dyn Evaluator,
        ty: Option<&Type>,
        expression: &Expression,
    ) -> Result<Expression, EvaluationError> {
        if expression.known().is_some() {
            return Ok(expression.clone());
        }
        Ok(self.spread(ty, expression).resolve(evaluator, self)?.bind(self))
    }

    /// Replaces a family in a list by its instances, so that what is not known yet can be folded
    /// one by one.
    fn spread(&self, ty: Option<&Type>, expression: &Expression) -> Expression {
        match (ty, expression) {
            (Some(Type::List(inner) | Type::Set(inner)), Expression::List(elements)) => {
                let elements = elements.iter().flat_map(|element| self.instances(inner, element));
                Expression::List(elements.collect())
            }
            (Some(list @ (Type::List(_) | Type::Set(_))), Expression::Reference(reference))
                if self.is_family(reference) =>
            {
                self.spread(Some(list), &Expression::List(vec![expression.clone()]))
            }
            (Some(Type::Map(inner)), Expression::Map(fields)) => {
                let fields = fields.iter();
                Expression::Map(
                    fields.map(|(k, f)| (k.clone(), self.spread(Some(inner), f))).collect(),
                )
            }
            (Some(Type::Object(declared)), Expression::Map(fields)) => {
                let ty = |name: &str| declared.iter().find(|a| a.name == name).map(|a| &a.ty);
                let fields = fields.iter();
                Expression::Map(fields.map(|(k, f)| (k.clone(), self.spread(ty(k), f))).collect())
            }
            _ => expression.clone(),
        }
    }

    fn instances(&self, ty: &Type, element: &Expression) -> Vec<Expression> {
        match element {
            Expression::Reference(reference) if self.is_family(reference) => {
                let instances = self.index.instances(&reference.to);
                let instance = |id: ResourceId| Reference {
                    to: self.index.resources[id].address.clone(),
                    ..reference.clone()
                };
                instances.map(|id| Expression::Reference(instance(id))).collect()
            }
            _ => vec![self.spread(Some(ty), element)],
        }
    }

    /// Whether a reference without a key means all instances. One to a family without any is one
    /// too: an empty `for_each`.
    fn is_family(&self, reference: &Reference) -> bool {
        let exact = self.index.resource(&reference.to).is_some();
        !reference.existing
            && !exact
            && reference.to.key.is_none()
            && !self.index.instances(&reference.to).is_empty()
    }

    fn lookup_one(&self, id: ResourceId, name: &str) -> Lookup {
        let Some(kind) = self.index.kinds[id] else { return Lookup::Unknown };
        let is_output = kind.output(name).is_some();
        if !is_output && kind.attribute(name).is_none() {
            return Lookup::Missing;
        }
        let resource = self.index.resources[id];
        let configured = || {
            if is_output { Lookup::Unknown } else { self.readers.configured(self.index, id, name) }
        };
        let Some(decision) = &self.decisions[id] else { return configured() };
        let live = decision.live.map(|live| self.index.lives[live]);
        // An output hides an attribute of the same name: a function's `url` is its address, not its
        // settings.
        let wished = || if is_output { None } else { wish(decision, name) };
        let wish = || wished().unwrap_or(Lookup::Unknown);
        match (&decision.fate, live) {
            // Its name may stay the same and it is another thing all the same: whoever holds it
            // must let go of the old one and take the new one.
            (Fate::Replace { create_first: false }, _) if is_output => Lookup::Unknown,
            (Fate::Create | Fate::Replace { .. }, _) => wish(),
            (Fate::Update, Some(live)) => {
                let volatile = kind.output(name).is_some_and(|output| may_change(output, decision));
                match wished() {
                    Some(wish) => wish,
                    None if volatile && !self.steady => Lookup::Unknown,
                    None => reported(kind, resource, live, name),
                }
            }
            (Fate::Keep | Fate::Held, Some(live)) => match reported(kind, resource, live, name) {
                Lookup::Known(Value::Null) => wished().unwrap_or(Lookup::Known(Value::Null)),
                told => told,
            },
            (Fate::Blocked, _) => configured(),
            (Fate::Update | Fate::Keep | Fate::Held, None) => Lookup::Unknown,
        }
    }

    fn lookup_existing(&self, reference: &Reference) -> Lookup {
        match self.snapshot.existing.get(&reference.to) {
            Some(live) if is_to_come(live, &reference.attribute) => Lookup::Unknown,
            Some(live) => Lookup::Known(live.get(&reference.attribute).clone()),
            None if self.failed_read(&reference.to).is_some() => Lookup::Unknown,
            None => Lookup::Missing,
        }
    }

    /// The read that would have told of something looked up.
    fn failed_read(&self, address: &Address) -> Option<&Unreadable> {
        let mut failed = self.snapshot.unreadable.iter();
        failed.find(|f| f.address.as_ref().map_or(f.kind == address.kind, |a| a == address))
    }

    /// Why what an expression reads of something looked up is not known: no step will make it known.
    pub(crate) fn not_looked_up(&self, expression: &Expression) -> Option<WhyNot> {
        let read = expression
            .references()
            .into_iter()
            .find(|read| read.existing && matches!(self.lookup_existing(read), Lookup::Unknown))?;
        let because = match (self.snapshot.existing.get(&read.to), self.failed_read(&read.to)) {
            (Some(_), _) => format!("is still being made and has no '{}' yet", read.attribute),
            (None, failed) => {
                let failed = failed?;
                format!("could not be read: {}: {}", failed.action, failed.message)
            }
        };
        Some(WhyNot::NotLookedUp { on: read.to.clone(), because })
    }
}

impl Scope for View<'_, '_> {
    fn lookup(&self, reference: &Reference) -> Lookup {
        if reference.existing {
            return self.lookup_existing(reference);
        }
        if let Some(id) = self.index.resource(&reference.to) {
            return self.lookup_one(id, &reference.attribute);
        }
        let instances = self.index.instances(&reference.to);
        if instances.is_empty() {
            return Lookup::Missing;
        }
        let mut values = Vec::with_capacity(instances.len());
        for id in instances {
            match self.lookup_one(id, &reference.attribute) {
                Lookup::Known(value) => values.push(value),
                other => return other,
            }
        }
        Lookup::Known(Value::List(values))
    }

    fn ambient(&self, name: &str) -> Option<Value> {
        match name {
            "account" => Some(self.snapshot.account.as_str().into()),
            "region" => Some(self.snapshot.region.as_str().into()),
            _ => None,
        }
    }
}

/// Whether something is still being made and lacks this output.
fn is_to_come(live: &Live, name: &str) -> bool {
    let is_pending = matches!(live.condition, Condition::Pending(_));
    is_pending && live.get(name).is_null() && live.outputs.contains_key(name)
}

/// Whether the planned update may change an output.
fn may_change(output: &Output, decision: &Decision) -> bool {
    let with = output.volatile_with;
    let mut changed = decision.changes.iter().map(|change| top_level(&change.path));
    output.volatile && (with.is_empty() || changed.any(|name| with.contains(&name)))
}

/// What is wished of an attribute; none if nothing is, so that AWS makes it.
fn wish(decision: &Decision, name: &str) -> Option<Lookup> {
    match decision.wanted.get(name)?.to_value() {
        Some(Value::Null) => None,
        Some(value) => Some(Lookup::Known(value)),
        None => Some(Lookup::Unknown),
    }
}

/// What AWS says. While something is still being made, what it lacks is yet to come.
fn reported(kind: &Kind, resource: &Resource, live: &Live, name: &str) -> Lookup {
    let value = live.get(name);
    if !value.is_null() {
        return Lookup::Known(value.clone());
    }
    if kind.output(name).is_some() && matches!(live.condition, Condition::Pending(_)) {
        return Lookup::Unknown;
    }
    // AWS never tells back what is only written.
    Lookup::Known(resource.known(name).cloned().unwrap_or_default())
}

/// The attributes with every reference that is known folded; the first fault ends it.
pub(crate) fn resolve_all(
    view: &View<'_, '_>,
    evaluator: &dyn Evaluator,
    kind: &Kind,
    attributes: &Expressions,
    chosen: impl Fn(&str) -> bool,
) -> Result<Expressions, (String, EvaluationError)> {
    let mut resolved = Expressions::new();
    for (name, expression) in attributes {
        if !chosen(name) {
            resolved.insert(name.clone(), expression.clone());
            continue;
        }
        let ty = kind.attribute(name).map(|attribute| &attribute.ty);
        let value =
            view.resolve(evaluator, ty, expression).map_err(|error| (name.clone(), error))?;
        resolved.insert(name.clone(), value);
    }
    Ok(resolved)
}

/// Of the attributes that cannot change in place those that are known if every output stays as it
/// is: what is there is compared with that, and not rebuilt because something *may* change.
pub(crate) fn resolve_steady(
    steady: &View<'_, '_>,
    evaluator: &dyn Evaluator,
    kind: &Kind,
    attributes: &Expressions,
    resolved: &Expressions,
) -> Expressions {
    let may_replace =
        |mutability| matches!(mutability, Mutability::Replace | Mutability::Overlapping);
    let fixed = kind.attributes.iter().filter(|attribute| may_replace(attribute.mutability));
    let open = fixed.filter(|a| resolved.get(a.name).is_some_and(|wish| wish.to_value().is_none()));
    let known = open.filter_map(|attribute| {
        let expression = attributes.get(attribute.name)?;
        // What has no value as it is gets one only when its step is done.
        let value = steady.resolve(evaluator, Some(&attribute.ty), expression).ok()?;
        Some((attribute.name.to_owned(), value))
    });
    known.collect()
}
