//! What a stack says about an attribute before everything in it is known.
//!
//! An expression is folded as far as the known values allow, at load, at plan, and for the last
//! time by the applier, when what AWS itself makes (an id, an endpoint) has come to be.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::address::Address;
use crate::value::{Value, Values};

/// A set of named expressions: the attributes of a resource.
pub type Expressions = BTreeMap<String, Expression>;

/// A value, or how to get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expression {
    /// Known.
    Value(Value),
    /// An attribute or output of another resource, named by a typed field such as `vpc: main`.
    Reference(Reference),
    /// A text with `${…}` in it that is not wholly known.
    Template(Template),
    /// Elements, some of them not known.
    List(Vec<Expression>),
    /// Fields, some of them not known.
    Map(Expressions),
}

/// One attribute or output of one resource, or of every instance of a family.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reference {
    /// The resource; without a key it may be a family.
    pub to: Address,
    /// The attribute or output that is meant; `id` where a field names the resource as such.
    pub attribute: String,
    /// Whether the resource is looked up (section `existing`) and not of this stack.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub existing: bool,
}

/// A text with CEL expressions inside `${…}`.
///
/// It is self-contained: what it needs besides other resources (variables, `each`, inputs) is in
/// `bindings`, so that it can be evaluated far from the file that it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// The text as written, with its `${…}`.
    pub source: String,
    /// The values of the names that the expressions use, except resources.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bindings: Values,
    /// The modules in whose scope the text stands, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
    /// Every resource attribute that it reads.
    pub references: Vec<Reference>,
    /// The values of those of them that a plan knows already, by their texts: while others are still
    /// unknown, whoever evaluates it at last need not, and maybe cannot, find them out again.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub known: Values,
}

impl Expression {
    /// The value, if all of it is known.
    pub fn to_value(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Reference(_) | Self::Template(_) => None,
            Self::List(elements) => {
                elements.iter().map(Self::to_value).collect::<Option<_>>().map(Value::List)
            }
            Self::Map(fields) => fields
                .iter()
                .map(|(name, field)| Some((name.clone(), field.to_value()?)))
                .collect::<Option<_>>()
                .map(Value::Map),
        }
    }

    /// The value, where it is known at the top; without copying.
    pub fn known(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Whether nothing is stated.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }

    /// Whether a secret is in it, or in what it is evaluated with.
    pub fn holds_secret(&self) -> bool {
        match self {
            Self::Value(value) => value.holds_secret(),
            Self::Reference(_) => false,
            Self::Template(template) => {
                template.bindings.values().chain(template.known.values()).any(Value::holds_secret)
            }
            Self::List(elements) => elements.iter().any(Self::holds_secret),
            Self::Map(fields) => fields.values().any(Self::holds_secret),
        }
    }

    /// The expression with every text that is known in it a secret.
    #[must_use]
    pub fn into_secret(self) -> Self {
        self.map_values(&Value::into_secret)
    }

    /// The expression with everything that is known in it replaced.
    #[must_use]
    pub fn map_values(self, replace: &dyn Fn(Value) -> Value) -> Self {
        match self {
            Self::Value(value) => Self::Value(replace(value)),
            Self::Reference(_) => self,
            Self::Template(template) => {
                let all = |values: Values| {
                    values.into_iter().map(|(name, value)| (name, replace(value))).collect()
                };
                let (bindings, known) = (all(template.bindings), all(template.known));
                Self::Template(Template { bindings, known, ..template })
            }
            Self::List(elements) => {
                Self::List(elements.into_iter().map(|e| e.map_values(replace)).collect())
            }
            Self::Map(fields) => {
                let fields = fields.into_iter();
                Self::Map(fields.map(|(name, f)| (name, f.map_values(replace))).collect())
            }
        }
    }

    /// Every text that is known in it and no secret; not those that it is evaluated with.
    pub fn plain_texts(&self) -> BTreeSet<&str> {
        match self {
            Self::Value(value) => value.plain_texts(),
            Self::Reference(_) | Self::Template(_) => BTreeSet::new(),
            Self::List(elements) => elements.iter().flat_map(Self::plain_texts).collect(),
            Self::Map(fields) => fields.values().flat_map(Self::plain_texts).collect(),
        }
    }

    /// The texts of the secrets that are known in it: only to take them out of what is shown.
    pub fn secret_texts(&self) -> BTreeSet<&str> {
        match self {
            Self::Value(value) => value.secret_texts(),
            Self::Reference(_) | Self::Template(_) => BTreeSet::new(),
            Self::List(elements) => elements.iter().flat_map(Self::secret_texts).collect(),
            Self::Map(fields) => fields.values().flat_map(Self::secret_texts).collect(),
        }
    }

    /// Every resource attribute that the expression still waits for.
    pub fn references(&self) -> BTreeSet<&Reference> {
        let mut found = BTreeSet::new();
        self.collect_references(&mut found);
        found
    }

    fn collect_references<'a>(&'a self, found: &mut BTreeSet<&'a Reference>) {
        match self {
            Self::Value(_) => {}
            Self::Reference(reference) => {
                found.insert(reference);
            }
            Self::Template(template) => found.extend(template.waits_for()),
            Self::List(elements) => elements.iter().for_each(|e| e.collect_references(found)),
            Self::Map(fields) => fields.values().for_each(|f| f.collect_references(found)),
        }
    }

    /// Folds what `scope` knows into values; what it does not know yet stays as it is.
    pub fn resolve(
        &self,
        evaluator: &dyn Evaluator,
        scope: &dyn Scope,
    ) -> Result<Self, EvaluationError> {
        Ok(match self {
            Self::Value(_) => self.clone(),
            Self::Reference(reference) => match scope.lookup(reference) {
                Lookup::Known(value) => Self::Value(value),
                Lookup::Unknown => self.clone(),
                Lookup::Missing => return Err(EvaluationError::missing(reference)),
            },
            Self::Template(template) => {
                match evaluator.evaluate(template, &Bound { template, scope })? {
                    Some(value) => Self::Value(value),
                    None => self.clone(),
                }
            }
            Self::List(elements) => Self::fold_list(
                elements.iter().map(|e| e.resolve(evaluator, scope)).collect::<Result<_, _>>()?,
            ),
            Self::Map(fields) => Self::fold_map(
                fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), field.resolve(evaluator, scope)?)))
                    .collect::<Result<_, EvaluationError>>()?,
            ),
        })
    }

    /// The expression with what `scope` knows of each template that is not wholly known bound to it.
    #[must_use]
    pub fn bind(self, scope: &dyn Scope) -> Self {
        match self {
            Self::Value(_) | Self::Reference(_) => self,
            Self::Template(template) => Self::Template(template.bind(scope)),
            Self::List(elements) => {
                Self::List(elements.into_iter().map(|e| e.bind(scope)).collect())
            }
            Self::Map(fields) => {
                Self::Map(fields.into_iter().map(|(name, f)| (name, f.bind(scope))).collect())
            }
        }
    }

    /// A list; a value if every element is one.
    pub fn fold_list(elements: Vec<Self>) -> Self {
        let list = Self::List(elements);
        list.to_value().map_or(list, Self::Value)
    }

    /// A map; a value if every field is one.
    pub fn fold_map(fields: Expressions) -> Self {
        let map = Self::Map(fields);
        map.to_value().map_or(map, Self::Value)
    }
}

impl Template {
    /// What it reads and does not know yet.
    pub fn waits_for(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(|read| !self.known.contains_key(&read.to_string()))
    }

    fn bind(mut self, scope: &dyn Scope) -> Self {
        for read in &self.references {
            if let Lookup::Known(value) = scope.lookup(read) {
                self.known.entry(read.to_string()).or_insert(value);
            }
        }
        self
    }
}

/// A scope, and before it what a template knows itself.
struct Bound<'b> {
    template: &'b Template,
    scope: &'b dyn Scope,
}

impl Scope for Bound<'_> {
    fn lookup(&self, reference: &Reference) -> Lookup {
        match self.template.known.get(&reference.to_string()) {
            Some(value) => Lookup::Known(value.clone()),
            None => self.scope.lookup(reference),
        }
    }

    fn ambient(&self, name: &str) -> Option<Value> {
        self.scope.ambient(name)
    }
}

impl<T: Into<Value>> From<T> for Expression {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

/// What is known of a resource attribute at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It has this value.
    Known(Value),
    /// It will have one, later.
    Unknown,
    /// There is no such resource or attribute.
    Missing,
}

/// Answers for the attributes and outputs of resources.
pub trait Scope {
    /// What is known of one attribute. For a family without a key, the values of all instances,
    /// in order of their keys, as a list; unknown as long as one of them is.
    fn lookup(&self, reference: &Reference) -> Lookup;

    /// The values of `account` and `region`, once they are known.
    fn ambient(&self, name: &str) -> Option<Value>;
}

/// Evaluates templates. `trueup-stack` implements it with CEL.
pub trait Evaluator: Send + Sync {
    /// The value of a template, or `None` as long as something it reads is unknown.
    ///
    /// The result is a secret when a binding or attribute that it reads is one.
    fn evaluate(
        &self,
        template: &Template,
        scope: &dyn Scope,
    ) -> Result<Option<Value>, EvaluationError>;
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot evaluate '{source_text}': {message}")]
pub struct EvaluationError {
    /// The expression as written.
    pub source_text: String,
    /// What is wrong, without any value that may be secret.
    pub message: String,
}

impl EvaluationError {
    fn missing(reference: &Reference) -> Self {
        Self { source_text: reference.to_string(), message: format!("there is no {reference}") }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prefix = if self.existing { "existing." } else { "" };
        write!(formatter, "{prefix}{}.{}", self.to, self.attribute)
    }
}
