//! `for_each`: the instances of a family.

use std::collections::BTreeMap;

use trueup_model::{Expression, Value};

use super::scope::{Findings, Standpoint};
use super::{Loader, Reported};
use crate::yaml::Node;

/// The most instances of one family.
const MOST_INSTANCES: usize = 10_000;

/// The instances of a resource.
#[derive(Debug)]
pub(crate) enum Keys {
    /// There is no `for_each`: the resource itself.
    Single,
    /// By key.
    Each(BTreeMap<String, Each>),
}

/// What `each` means in one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Each {
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) index: i64,
}

impl Keys {
    /// The keys of a family; none of a resource without `for_each`.
    pub(crate) fn names(&self) -> Option<Vec<&str>> {
        match self {
            Self::Single => None,
            Self::Each(instances) => Some(instances.keys().map(String::as_str).collect()),
        }
    }
}

/// Whether a text can be the key of an instance: it goes into tags and names.
pub(crate) fn is_key(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.:/=+@ -".contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(allowed)
}

impl Loader<'_> {
    /// The instances of a resource that is declared; none if its `for_each` is faulty.
    pub(super) fn keys(&self, unit: usize, kind: &str, name: &str) -> Option<&Keys> {
        let family = self.units[unit].families.get(kind)?.get(name)?;
        let make = || {
            let entry = self.units[unit].at(family.place);
            match entry.value.get("for_each") {
                None => Some(Keys::Single),
                Some(node) => self.instances(unit, node).map(Keys::Each).ok(),
            }
        };
        family.keys.get_or_init(make).as_ref()
    }

    fn instances(&self, unit: usize, node: &Node) -> Result<BTreeMap<String, Each>, Reported> {
        let mut findings = Findings::default();
        let expression = self.untyped(Standpoint { unit, each: None }, node, &mut findings)?;
        let Expression::Value(value) = expression else {
            let message = "for_each must be known from the file alone";
            let fault = self.error("for-each-unknown", message, node.span);
            let reads: Vec<String> = findings.references.iter().map(ToString::to_string).collect();
            let label = format!("this reads {}", crate::suggest::list(&reads));
            let help = "use variables, inputs or literal keys: it decides which resources exist";
            return Err(self.report(fault.label(label).help(help)));
        };
        let wrong = |found: &str| {
            let message = format!("for_each takes a list of strings or a map, not {found}");
            self.report(self.error("wrong-type", message, node.span))
        };
        let pairs: Vec<(String, Value)> = match value {
            Value::Map(fields) => fields.into_iter().collect(),
            Value::List(elements) => elements
                .into_iter()
                .map(|element| match element {
                    Value::String(_) | Value::Int(_) => Ok((element.to_string(), element)),
                    other => Err(wrong(&format!("a list with {} in it", other.type_name()))),
                })
                .collect::<Result<_, _>>()?,
            Value::Secret(_) => return Err(wrong("a secret")),
            other => return Err(wrong(other.type_name())),
        };
        self.distinct(node, pairs)
    }

    fn distinct(
        &self,
        node: &Node,
        pairs: Vec<(String, Value)>,
    ) -> Result<BTreeMap<String, Each>, Reported> {
        let mut instances = BTreeMap::new();
        if pairs.len() > MOST_INSTANCES {
            let message = format!("a family has at most {MOST_INSTANCES} instances");
            return Err(self.report(self.error("too-large", message, node.span)));
        }
        for ((key, value), index) in pairs.into_iter().zip(0_i64..) {
            if !is_key(&key) {
                let message = format!("'{key}' cannot be the key of an instance");
                let help = "a key has 1 to 64 letters, digits, spaces and _ . : / = + @ -";
                let fault = self.error("bad-name", message, node.span).help(help);
                return Err(self.report(fault));
            }
            let each = Each { key: key.clone(), value, index };
            if instances.insert(key.clone(), each).is_some() {
                let message = format!("for_each has the key '{key}' twice");
                return Err(self.report(self.error("duplicate-key", message, node.span)));
            }
        }
        Ok(instances)
    }
}
