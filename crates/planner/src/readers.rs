//! What resources say that read the names of others.
//!
//! The loader fills in the names that the file leads to. What is there may be called otherwise: it
//! kept the name that it was made under when it had another address, or it takes the place of
//! something that has the name still. Which is so is decided on the way through the resources, and a
//! log group named after a function comes before it. So the way is gone with the names of the file,
//! and again with those that it led to, until they are the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expression::{EvaluationError, Expressions, Lookup, Reference};
use trueup_model::kind::{Completion, Naming};
use trueup_model::stack::Unfolded;
use trueup_model::{Address, Evaluator, Expression, Kind, Resource, Scope, Type, Value};

use crate::Input;
use crate::decide::{Context, Decision, Fate};
use crate::index::{Index, LiveId, ResourceId};
use crate::matching::Match;

/// How often a name that hangs on a name is filled in again.
const MOST_ROUNDS: usize = 16;

/// The names that are others than the file leads to, or are of something new.
pub(crate) type Names = BTreeMap<ResourceId, Name>;

/// What something is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name; none if nobody can tell.
    value: Option<Value>,
    /// Whether what has it takes the place of something.
    replaces: bool,
}

/// What resources say, with the names filled in that their plan gives to others.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    names: Names,
    /// Those that say something else than the file alone.
    changed: BTreeMap<ResourceId, Said>,
    /// Those that read a name that nobody can tell, and whose.
    withheld: BTreeMap<ResourceId, Address>,
}

/// Attributes and tags.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    attributes: Expressions,
    tags: Expressions,
}

impl Readers {
    pub(crate) fn new(input: &Input<'_>, index: &Index<'_>, names: Names) -> Self {
        if names.is_empty() {
            return Self::default();
        }
        let mut readers = Self { names, ..Self::default() };
        let readings: Vec<Reading<'_>> =
            (0..index.resources.len()).filter_map(|id| Reading::new(input, index, id)).collect();
        // A name may hang on a name that hangs on another.
        for _ in 0..MOST_ROUNDS {
            let changed = readers.read(index, input.evaluator, &readings);
            if changed == readers.changed {
                break;
            }
            readers.changed = changed;
        }
        readers.withheld = (0..index.resources.len())
            .filter_map(|id| Some((id, readers.unknown_name(index, id)?)))
            .collect();
        readers
    }

    fn read(
        &self,
        index: &Index<'_>,
        evaluator: &dyn Evaluator,
        readings: &[Reading<'_>],
    ) -> BTreeMap<ResourceId, Said> {
        let said = readings.iter().filter_map(|reading| {
            let now = reading.said(evaluator, &Configured { index, readers: Some(self) }).ok()?;
            Some((reading.id, reading.changed(index.resources[reading.id], now)?))
        });
        said.collect()
    }

    fn unknown_name(&self, index: &Index<'_>, id: ResourceId) -> Option<Address> {
        let resource = index.resources[id];
        let (attributes, tags) = (self.attributes(id, resource), self.tags(id, resource));
        let mut read = attributes.values().chain(tags.values()).flat_map(Expression::references);
        let unknown = read.find_map(|read| {
            let mut meant = index.instances(&read.to).filter(|_| !read.existing);
            meant.find(|to| {
                let is_name = index.kinds[*to].is_some_and(|k| k.is_named_by(&read.attribute));
                is_name && self.names.get(to).is_some_and(|name| name.value.is_none())
            })
        })?;
        Some(index.resources[unknown].address.clone())
    }

    pub(crate) fn into_names(self) -> Names {
        self.names
    }

    /// What these names call otherwise.
    pub(crate) fn differing(&self, names: &Names) -> BTreeSet<ResourceId> {
        let all = self.names.keys().chain(names.keys()).copied();
        all.filter(|id| self.names.get(id) != names.get(id)).collect()
    }

    pub(crate) fn attributes<'r>(
        &'r self,
        id: ResourceId,
        resource: &'r Resource,
    ) -> &'r Expressions {
        self.changed.get(&id).map_or(&resource.attributes, |said| &said.attributes)
    }

    pub(crate) fn tags<'r>(&'r self, id: ResourceId, resource: &'r Resource) -> &'r Expressions {
        self.changed.get(&id).map_or(&resource.tags, |said| &said.tags)
    }

    /// The resource as it is with the names filled in.
    pub(crate) fn resource<'r>(&self, id: ResourceId, resource: &'r Resource) -> Cow<'r, Resource> {
        match self.changed.get(&id).cloned() {
            None => Cow::Borrowed(resource),
            Some(Said { attributes, tags }) => {
                Cow::Owned(Resource { attributes, tags, ..resource.clone() })
            }
        }
    }

    /// Whether a resource whose name is read takes the place of another.
    pub(crate) fn replaces(&self, id: ResourceId) -> bool {
        self.names.get(&id).is_some_and(|name| name.replaces)
    }

    /// What has a name that a resource reads and nobody can tell.
    pub(crate) fn withheld(&self, id: ResourceId) -> Option<&Address> {
        self.withheld.get(&id)
    }

    /// What an attribute of a resource is configured with, whoever decides when over the resource.
    pub(crate) fn configured(&self, index: &Index<'_>, id: ResourceId, name: &str) -> Lookup {
        let named = index.kinds[id].is_some_and(|kind| kind.is_named_by(name));
        match self.names.get(&id).filter(|_| named).map(|name| &name.value) {
            Some(Some(name)) => Lookup::Known(name.clone()),
            Some(None) => Lookup::Unknown,
            None => {
                let wish = self.attributes(id, index.resources[id]).get(name);
                wish.and_then(Expression::to_value).map_or(Lookup::Unknown, Lookup::Known)
            }
        }
    }
}

/// A resource that reads what others are configured with.
struct Reading<'r> {
    id: ResourceId,
    kind: &'r Kind,
    stack: &'r str,
    region: &'r str,
    address: &'r Address,
    unfolded: &'r Unfolded,
    /// What it says with the names of the file.
    of_file: Said,
}

impl<'r> Reading<'r> {
    fn new(input: &Input<'r>, index: &Index<'r>, id: ResourceId) -> Option<Self> {
        let resource = index.resources[id];
        let mut reading = Self {
            id,
            kind: index.kinds[id]?,
            stack: &input.stack.name,
            region: input.stack.region.as_deref().unwrap_or(&input.snapshot.region),
            address: &resource.address,
            unfolded: resource.unfolded.as_deref()?,
            of_file: Said { attributes: Expressions::new(), tags: Expressions::new() },
        };
        let scope = Configured { index, readers: None };
        reading.of_file = reading.said(input.evaluator, &scope).ok()?;
        Some(reading)
    }

    /// What it says in a scope, completed by its kind as the loader does it.
    fn said(&self, evaluator: &dyn Evaluator, scope: &dyn Scope) -> Result<Said, EvaluationError> {
        let mut attributes = Expressions::new();
        for (name, expression) in &self.unfolded.attributes {
            let folded = expression.resolve(evaluator, scope)?;
            let ty = self.kind.attribute(name).map(|attribute| &attribute.ty);
            attributes.insert(name.clone(), flattened(ty, folded));
        }
        let tags = self.unfolded.tags.iter();
        let tags = tags.map(|(key, tag)| Ok((key.clone(), tag.resolve(evaluator, scope)?)));
        let tags = tags.collect::<Result<_, EvaluationError>>()?;
        (self.kind.complete)(&mut Completion {
            address: self.address,
            stack: self.stack,
            region: self.region,
            attributes: &mut attributes,
        });
        Ok(Said { attributes, tags })
    }

    /// What the file says, but for what is another now because of a name; none if nothing is.
    fn changed(&self, resource: &Resource, now: Said) -> Option<Said> {
        let another = |now: Expressions, of_file: &Expressions| -> Expressions {
            now.into_iter().filter(|(name, said)| of_file.get(name) != Some(said)).collect()
        };
        let attributes = another(now.attributes, &self.of_file.attributes);
        let tags = another(now.tags, &self.of_file.tags);
        if attributes.is_empty() && tags.is_empty() {
            return None;
        }
        let over = |file: &Expressions, changed: Expressions| {
            let mut said = file.clone();
            said.extend(changed);
            said
        };
        Some(Said {
            attributes: over(&resource.attributes, attributes),
            tags: over(&resource.tags, tags),
        })
    }
}

/// A family's attribute, once it is known, stands in a list for its elements.
fn flattened(ty: Option<&Type>, expression: Expression) -> Expression {
    let lists = |ty: &Type| matches!(ty, Type::List(_) | Type::Set(_));
    let inner = ty.filter(|ty| lists(ty)).and_then(Type::element).filter(|inner| !lists(inner));
    let elements = match expression {
        Expression::List(elements) if inner.is_some() => elements,
        Expression::Value(Value::List(elements)) if inner.is_some() => {
            elements.into_iter().map(Expression::Value).collect()
        }
        other => return other,
    };
    let elements = elements.into_iter().flat_map(|element| match element {
        Expression::Value(Value::List(several)) => {
            several.into_iter().map(Expression::Value).collect()
        }
        one => vec![one],
    });
    Expression::fold_list(elements.collect())
}

/// What resources are configured with: by the file alone, or with the names filled in.
struct Configured<'s, 'a> {
    index: &'s Index<'a>,
    readers: Option<&'s Readers>,
}

impl Configured<'_, '_> {
    fn attribute(&self, id: ResourceId, name: &str) -> Lookup {
        if !self.index.kinds[id].is_some_and(|kind| kind.is_configured(name)) {
            return Lookup::Unknown;
        }
        match self.readers {
            Some(readers) => readers.configured(self.index, id, name),
            None => Readers::default().configured(self.index, id, name),
        }
    }
}

impl Scope for Configured<'_, '_> {
    fn lookup(&self, reference: &Reference) -> Lookup {
        if reference.existing {
            return Lookup::Unknown;
        }
        if let Some(id) = self.index.resource(&reference.to) {
            return self.attribute(id, &reference.attribute);
        }
        let instances = self.index.instances(&reference.to);
        let values = instances.map(|id| match self.attribute(id, &reference.attribute) {
            Lookup::Known(value) => Some(value),
            Lookup::Unknown | Lookup::Missing => None,
        });
        values
            .collect::<Option<Vec<Value>>>()
            .map_or(Lookup::Unknown, |values| Lookup::Known(Value::List(values)))
    }

    fn ambient(&self, _: &str) -> Option<Value> {
        None
    }
}

impl Context<'_, '_> {
    /// The names that decisions lead to, as far as anything reads them and they are others than in
    /// the file.
    pub(crate) fn names(self, decisions: &[Option<Decision>]) -> Names {
        let resources = self.index.resources.iter().enumerate();
        let readers = resources.filter(|(_, resource)| resource.unfolded.is_some());
        let mut names = Names::new();
        for (_, reader) in readers {
            let read = reader.references.iter().filter(|used| !used.output && !used.to.existing);
            for read in read {
                for id in self.index.instances(&read.to.to) {
                    let naming = self.index.kinds[id].and_then(|kind| kind.naming);
                    let naming = naming.filter(|naming| naming.attribute == read.to.attribute);
                    let decision = decisions.get(id).and_then(Option::as_ref);
                    if let (Some(decision), Some(naming)) = (decision, naming) {
                        self.note_name(decision, id, naming, &mut names);
                    }
                }
            }
        }
        names
    }

    fn note_name(self, decision: &Decision, id: ResourceId, naming: Naming, names: &mut Names) {
        let Some(of_file) = self.index.resources[id].known(naming.attribute) else { return };
        let name = self.called(decision, id, naming).map(|name| match name.as_str() {
            // However it is asked for, AWS tells it so.
            Some(text) if naming.lower_case => text.to_ascii_lowercase().into(),
            _ => name,
        });
        let texts = (name.as_ref().and_then(Value::as_str), of_file.as_str());
        let same = match texts {
            (Some(name), Some(of_file)) if naming.lower_case => name.eq_ignore_ascii_case(of_file),
            _ => name.as_ref() == Some(of_file),
        };
        let replaces = decision.is_replaced();
        if !same || replaces {
            names.insert(id, Name { value: name, replaces });
        }
    }

    /// What a resource is called when the plan is carried out.
    fn called(self, decision: &Decision, id: ResourceId, naming: Naming) -> Option<Value> {
        let attribute = naming.attribute;
        let stated = self.readers.attributes(id, self.index.resources[id]).get(attribute);
        let stated = || stated.and_then(Expression::to_value);
        let there = |live: LiveId| {
            let name = self.index.lives[live].get_attribute(attribute);
            if name.is_null() { stated() } else { Some(name.clone()) }
        };
        match (decision.fate, &self.matching.of[id]) {
            (Fate::Create | Fate::Replace { .. } | Fate::Update, _) => {
                decision.wanted.get(attribute).and_then(Expression::to_value)
            }
            (Fate::Keep | Fate::Held, _) => decision.live.and_then(there),
            (Fate::Blocked, Match::Absent) => stated(),
            (Fate::Blocked, Match::Present { candidates, .. }) => match candidates.as_slice() {
                [one] => there(*one),
                _ => None,
            },
            (Fate::Blocked, Match::Blocked(_)) => None,
        }
    }
}
