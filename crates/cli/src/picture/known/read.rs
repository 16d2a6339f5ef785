//! Attributes of resources, as the file states them or as AWS has them, in one form.

use std::collections::BTreeMap;

use trueup_model::value::SENSITIVE;
use trueup_model::{Address, Expression, Live, Resource, Stack, Value};

/// What something is called in the picture: its address, `existing.vpc.main`, or the id of what
/// the stack does not know.
pub(crate) type Name = String;

/// A part of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A text, a number, a truth value.
    Text(String),
    /// Other resources: a family is all its instances.
    Names(Vec<Name>),
    /// Elements.
    List(Vec<Part>),
    /// Fields.
    Map(Vec<(String, Part)>),
    /// What AWS makes; the expression as written.
    Open(String),
    /// Nothing.
    Nothing,
}

/// Something that stands in the stack, is looked up by it, leaves it, or surrounds it.
#[derive(Clone, Copy)]
pub(crate) struct Thing<'a> {
    pub(crate) whose: Whose<'a>,
    pub(crate) resource: Option<&'a Resource>,
    pub(crate) live: Option<&'a Live>,
}

/// Who has something.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// The stack, at this address.
    Stack(&'a Address),
    /// Others; the stack looks it up under this address.
    LookedUp(&'a Address),
    /// Others, or AWS: it surrounds the stack in its networks.
    Others(&'a Live),
}

/// What the texts in attributes mean.
pub(crate) struct Meanings<'a> {
    pub(crate) stack: &'a Stack,
    /// Names by physical id.
    pub(crate) ids: BTreeMap<String, Name>,
}

impl<'a> Thing<'a> {
    /// A resource of the stack.
    pub(crate) fn wanted(resource: &'a Resource) -> Self {
        Self { whose: Whose::Stack(&resource.address), resource: Some(resource), live: None }
    }

    /// What others have.
    pub(crate) fn of_others(live: &'a Live) -> Self {
        Self { whose: Whose::Others(live), resource: None, live: Some(live) }
    }

    pub(crate) fn name(&self) -> Name {
        match self.whose {
            Whose::Stack(address) => address.to_string(),
            Whose::LookedUp(address) => existing(address),
            Whose::Others(live) => live.id.clone(),
        }
    }

    pub(crate) fn kind(&self) -> &'a str {
        match self.whose {
            Whose::Stack(address) | Whose::LookedUp(address) => address.kind.as_str(),
            Whose::Others(live) => live.kind.as_str(),
        }
    }

    /// Where the stack has it, if it does.
    pub(crate) fn address(&self) -> Option<&'a Address> {
        match self.whose {
            Whose::Stack(address) => Some(address),
            Whose::LookedUp(_) | Whose::Others(_) => None,
        }
    }

    /// Whether the stack never changes it.
    pub(crate) fn is_foreign(&self) -> bool {
        self.address().is_none()
    }

    /// Whether it only surrounds the stack.
    pub(crate) fn is_around(&self) -> bool {
        matches!(self.whose, Whose::Others(_))
    }

    /// An attribute, as the stack wants it or else as AWS has it.
    pub(crate) fn get(&self, attribute: &str, meanings: &Meanings<'_>) -> Part {
        let wanted = self.resource.and_then(|resource| resource.attributes.get(attribute));
        if let Some(wanted) = wanted {
            return meanings.part(wanted);
        }
        let live = self.live.map(|live| live.get_attribute(attribute));
        live.map_or(Part::Nothing, |value| meanings.value(value))
    }

    /// The things that an attribute names.
    pub(crate) fn names(&self, attribute: &str, meanings: &Meanings<'_>) -> Vec<Name> {
        self.get(attribute, meanings).names()
    }

    /// The text of an attribute, where it is known.
    pub(crate) fn text(&self, attribute: &str, meanings: &Meanings<'_>) -> Option<String> {
        match self.get(attribute, meanings) {
            Part::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Meanings<'_> {
    pub(crate) fn part(&self, expression: &Expression) -> Part {
        match expression {
            Expression::Value(value) => self.value(value),
            Expression::Reference(reference) if reference.existing => {
                Part::Names(vec![existing(&reference.to)])
            }
            Expression::Reference(reference) => {
                let instances = self.stack.instances(&reference.to);
                Part::Names(instances.map(|one| one.address.to_string()).collect())
            }
            Expression::Template(template) => match template.references.as_slice() {
                // `${vpc.main.id}` alone is a reference in other clothes.
                [only] if template.source.trim() == format!("${{{only}}}") => {
                    self.part(&Expression::Reference(only.clone()))
                }
                _ => Part::Open(template.source.clone()),
            },
            Expression::List(elements) => {
                Part::List(elements.iter().map(|element| self.part(element)).collect())
            }
            Expression::Map(fields) => {
                let fields = fields.iter();
                Part::Map(fields.map(|(name, field)| (name.clone(), self.part(field))).collect())
            }
        }
    }

    pub(crate) fn value(&self, value: &Value) -> Part {
        match value {
            Value::Null => Part::Nothing,
            Value::Bool(_) | Value::Int(_) => Part::Text(value.to_string()),
            Value::String(text) => match self.ids.get(text) {
                Some(name) => Part::Names(vec![name.clone()]),
                None => Part::Text(text.clone()),
            },
            Value::Secret(_) => Part::Text(SENSITIVE.to_owned()),
            Value::List(values) => {
                Part::List(values.iter().map(|value| self.value(value)).collect())
            }
            Value::Map(values) => {
                let values = values.iter();
                Part::Map(values.map(|(name, value)| (name.clone(), self.value(value))).collect())
            }
        }
    }
}

impl Part {
    /// Everything that it names; a text is the id of something foreign.
    pub(crate) fn names(&self) -> Vec<Name> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Names(names) => names.clone(),
            Self::List(parts) => parts.iter().flat_map(Self::names).collect(),
            Self::Map(_) | Self::Open(_) | Self::Nothing => Vec::new(),
        }
    }

    pub(crate) fn elements(&self) -> &[Self] {
        match self {
            Self::List(parts) => parts,
            _ => &[],
        }
    }

    pub(crate) fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Map(fields) => fields,
            _ => &[],
        }
    }

    pub(crate) fn field(&self, name: &str) -> &Self {
        let found = self.fields().iter().find(|(field, _)| field == name);
        found.map_or(&Self::Nothing, |(_, part)| part)
    }

    /// In words, on one line: `[a, b]`, `{port: 5432}`.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Text(text) | Self::Open(text) => text.clone(),
            Self::Names(names) => names.join(", "),
            Self::List(parts) => {
                let parts: Vec<String> = parts.iter().map(Self::words).collect();
                format!("[{}]", parts.join(", "))
            }
            Self::Map(fields) => {
                let stated = fields.iter().filter(|(_, part)| *part != Self::Nothing);
                let fields: Vec<String> =
                    stated.map(|(name, part)| format!("{name}: {}", part.words())).collect();
                format!("{{{}}}", fields.join(", "))
            }
            Self::Nothing => String::new(),
        }
    }
}

pub(crate) fn existing(address: &Address) -> Name {
    format!("existing.{address}")
}
