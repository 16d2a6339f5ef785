//! AWS's side: what each call does to the world, and what it refuses.

mod create;
mod delete;
mod modify;
mod outputs;
mod refer;
mod rules;
mod shape;

use std::collections::BTreeMap;

pub(crate) use self::delete::Blocker;
pub(crate) use self::modify::When;
use trueup_model::kind::{Attribute, Catalog, Kind, Type};
use trueup_model::snapshot::Ownership;
use trueup_model::value::{Value, Values};
use trueup_model::{Condition, Live};
use trueup_provider::{Failure, FailureClass, VISIBLE_AFTER};

use crate::chance::{Dice, mix};
use crate::faults::{Fault, aws};
use crate::options::{Latency, SimOptions};
use crate::tables;
use crate::world::{Item, Phase, World};

/// How long reads are behind at most, in milliseconds, however few there were.
const LISTED_AFTER: u64 = VISIBLE_AFTER.as_secs() * 1000;

/// The service while one call is served.
pub(crate) struct Service<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) options: &'a SimOptions,
    pub(crate) world: &'a mut World,
    /// The world's clock.
    pub(crate) now: u64,
    /// What goes wrong with this call besides its answer.
    pub(crate) fault: Option<Fault>,
    /// How many reads there were, for the order of sets.
    pub(crate) reads: &'a mut u64,
}

impl<'a> Service<'a> {
    /// The kind of that name.
    pub(crate) fn kind(&self, name: &str) -> Result<&'a Kind, Failure> {
        self.catalog.get(name).ok_or_else(|| {
            Failure::new(FailureClass::Internal, format!("the simulator knows no kind {name}"))
        })
    }

    /// The resource, or AWS's refusal that there is none.
    pub(crate) fn item(&self, kind: &str, id: &str) -> Result<&Item, Failure> {
        self.world.get(kind, id).ok_or_else(|| missing(kind, id))
    }

    fn item_mut(&mut self, kind: &str, id: &str) -> Result<&mut Item, Failure> {
        self.world.resources.get_mut(&World::key(kind, id)).ok_or_else(|| missing(kind, id))
    }

    /// How many milliseconds something takes whose usual seconds these are.
    fn takes(&self, seconds: [u32; 3], words: &[&str]) -> u64 {
        let [least, typical, most] = seconds.map(|seconds| u64::from(seconds) * 1000);
        match self.options.latency {
            Latency::Instant => 0,
            Latency::Usual => typical,
            Latency::Varied => {
                let mut dice = Dice::new(mix(self.options.seed ^ self.now, words));
                // Two draws: the middle is likelier than the ends, as in life.
                let span = most.saturating_sub(least);
                least + u64::midpoint(dice.below(span + 1), dice.below(span + 1))
            }
        }
    }

    /// Until when something that is made now does not show, and until when its tags do not.
    fn shows_from(&self, key: &str) -> (u64, u64) {
        let lag = u64::try_from(self.options.lag.as_millis()).unwrap_or(u64::MAX);
        if lag == 0 {
            return (0, 0);
        }
        let mut dice = Dice::new(mix(self.options.seed ^ self.now, &[key, "lag"]));
        let mut late = || self.now + dice.below(lag + 1);
        let tags = late();
        (late().min(tags), tags)
    }

    /// What a read shows of a resource now, which may be behind the truth; none, if it is hidden.
    pub(crate) fn read(&mut self, kind: &str, id: &str) -> Result<Option<Live>, Failure> {
        let declared = self.kind(kind)?;
        *self.reads += 1;
        let (order, now) = (*self.reads ^ self.options.seed, self.now);
        let Ok(item) = self.item_mut(kind, id) else { return Ok(None) };
        if item.hidden_until > now {
            return Ok(None);
        }
        if item.created_at + LISTED_AFTER <= now {
            (item.hidden_reads, item.untagged_reads) = (0, 0);
        }
        if item.hidden_reads > 0 {
            item.hidden_reads -= 1;
            return Ok(None);
        }
        let tags = if item.untagged_reads > 0 {
            item.untagged_reads -= 1;
            BTreeMap::new()
        } else {
            item.tags.clone()
        };
        let tags = if item.untagged_until > now { BTreeMap::new() } else { tags };
        let stale = item.stale.take_if(|stale| {
            stale.reads -= 1;
            stale.reads == 0
        });
        let stale = stale.or_else(|| item.stale.clone());
        Ok(Some(shown(declared, item, tags, stale.map(|stale| stale.attributes), order)))
    }
}

/// What a resource looks like in an answer.
fn shown(
    kind: &Kind,
    item: &Item,
    tags: BTreeMap<String, String>,
    stale: Option<Values>,
    order: u64,
) -> Live {
    let (ownership, tags) = Ownership::split(tags);
    let condition = match &item.phase {
        _ if stale.is_some() => Condition::Ready,
        Phase::Ready => Condition::Ready,
        Phase::Creating { .. } => Condition::Pending("creating".to_owned()),
        Phase::Updating { .. } => Condition::Pending("modifying".to_owned()),
        Phase::Deleting { .. } => Condition::Deleting("deleting".to_owned()),
        Phase::Failed { state } => Condition::Failed(state.clone()),
    };
    let early =
        |name: &str| !matches!(item.phase, Phase::Creating { .. }) || outputs::is_early(kind, name);
    let attributes = stale.unwrap_or_else(|| item.attributes.clone());
    let attributes = attributes.into_iter().map(|(name, value)| {
        let seed = mix(order, &[&item.id, &name]);
        let value = match kind.attribute(&name) {
            Some(attribute) => shape::reported(attribute, value, seed),
            None => value,
        };
        (name, value)
    });
    let outputs = item.outputs.iter().filter(|(name, _)| early(name));
    Live {
        kind: item.kind.clone(),
        id: item.id.clone(),
        ownership,
        attributes: attributes.collect(),
        outputs: outputs.map(|(name, value)| (name.clone(), value.clone().revealed())).collect(),
        tags,
        condition,
        scheduled: item.scheduled.clone(),
    }
}

impl Service<'_> {
    /// Lets time pass: what is due by now happens.
    pub(crate) fn advance(&mut self) {
        self.world.clock = self.world.clock.max(self.now);
        let now = self.now;
        self.world.interfaces.retain(|interface| interface.until.is_none_or(|until| until > now));
        let due: Vec<String> = self
            .world
            .resources
            .iter()
            .filter(|(_, item)| item.phase.due().is_some_and(|due| due <= now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in due {
            self.finish(&key);
        }
    }

    fn finish(&mut self, key: &str) {
        let Some(item) = self.world.resources.get_mut(key) else { return };
        match std::mem::replace(&mut item.phase, Phase::Ready) {
            Phase::Updating { attributes, .. } => {
                let before = std::mem::replace(&mut item.attributes, attributes);
                self.remake_outputs(key, &before);
            }
            Phase::Deleting { .. } => {
                self.world.take_away(key);
            }
            Phase::Creating { breaks: Some(state), .. } | Phase::Failed { state } => {
                item.phase = Phase::Failed { state };
            }
            Phase::Creating { .. } | Phase::Ready => {}
        }
    }
}

impl Phase {
    /// When it ends by itself.
    fn due(&self) -> Option<u64> {
        match self {
            Self::Creating { until, .. }
            | Self::Updating { until, .. }
            | Self::Deleting { until } => Some(*until),
            Self::Ready | Self::Failed { .. } => None,
        }
    }
}

/// AWS's refusal because there is no such resource.
pub(crate) fn missing(kind: &str, id: &str) -> Failure {
    let code = tables::NOT_FOUND.iter().find(|(name, _)| *name == kind).map(|(_, code)| *code);
    let code = code.unwrap_or("ResourceNotFoundException");
    aws(FailureClass::Missing, code, format!("The {kind} '{id}' does not exist"))
}

/// AWS's refusal of an input.
fn invalid(code: &str, message: impl Into<String>) -> Failure {
    aws(FailureClass::Invalid, code, message)
}

/// The attributes of two resources, where the kind says what makes a difference.
pub(crate) fn same(attribute: &Attribute, one: &Value, other: &Value) -> bool {
    shape::stored(attribute, one) == shape::stored(attribute, other)
}

/// Every reference in the attributes of a kind: path, declaration, and the text that stands there.
fn references<'v, 'k>(
    kind: &'k Kind,
    attributes: &'v Values,
) -> Vec<(String, &'k trueup_model::kind::ReferenceType, &'v str)> {
    let mut found = Vec::new();
    for attribute in &kind.attributes {
        if let Some(value) = attributes.get(attribute.name) {
            collect(&attribute.ty, value, attribute.name, &mut found);
        }
    }
    found
}

fn collect<'v, 'k>(
    ty: &'k Type,
    value: &'v Value,
    path: &str,
    found: &mut Vec<(String, &'k trueup_model::kind::ReferenceType, &'v str)>,
) {
    match (ty, value) {
        (Type::Reference(reference), _) => {
            if let Some(text) = value.as_str() {
                found.push((path.to_owned(), reference, text));
            }
        }
        (Type::List(inner) | Type::Set(inner), Value::List(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                collect(inner, element, &format!("{path}.{index}"), found);
            }
        }
        (Type::Map(inner), Value::Map(fields)) => {
            for (name, field) in fields {
                collect(inner, field, &format!("{path}.{name}"), found);
            }
        }
        (Type::Object(declared), Value::Map(fields)) => {
            for attribute in declared {
                if let Some(field) = fields.get(attribute.name) {
                    collect(&attribute.ty, field, &format!("{path}.{}", attribute.name), found);
                }
            }
        }
        (Type::OneOf(shapes), _) => {
            if let Some(shape) = shapes.iter().find(|shape| shape::fits(shape, value).is_ok()) {
                collect(shape, value, path, found);
            }
        }
        _ => {}
    }
}

/// Brings every resource into the form that is stored, after hands other than the service's were
/// at it.
pub(crate) fn normalise(catalog: &Catalog, world: &mut World) {
    for item in world.resources.values_mut() {
        let Some(kind) = catalog.get(item.kind.as_str()) else { continue };
        for (name, value) in &mut item.attributes {
            if let Some(attribute) = kind.attribute(name) {
                *value = shape::stored(attribute, value);
            }
        }
    }
}
