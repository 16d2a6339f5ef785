//! A part of an attribute, whether it is known, refers to something, or is open.

use trueup_model::expression::{Expressions, Reference};
use trueup_model::{Expression, Value};

use super::world::{Name, World};

/// A part of an attribute.
#[derive(Clone, Copy)]
pub(super) enum Piece<'e> {
    /// It is known.
    Value(&'e Value),
    /// It is another resource, or something of one.
    Reference(&'e Reference),
    /// It has elements, some of them not known.
    List(&'e [Expression]),
    /// It has fields, some of them not known.
    Map(&'e Expressions),
    /// It is a text that AWS decides over; what it reads.
    Open(&'e [Reference]),
}

/// Which element a part of an attribute means.
pub(super) enum Meant {
    /// These: several where it means a family.
    Known(Vec<Name>),
    /// Something that is in AWS and was not read; its id.
    Foreign(String),
    /// It cannot be told before the plan is applied, or from what was read; why.
    Unknown(String),
    /// Nothing is stated.
    Nothing,
}

impl<'e> Piece<'e> {
    /// Of an expression.
    pub(super) fn of(expression: &'e Expression) -> Self {
        match expression {
            Expression::Value(value) => Self::Value(value),
            Expression::Reference(reference) => Self::Reference(reference),
            Expression::List(elements) => Self::List(elements),
            Expression::Map(fields) => Self::Map(fields),
            // `${vpc.main.id}` alone is a reference in other clothes.
            Expression::Template(template) => match template.references.as_slice() {
                [only] if template.source.trim() == format!("${{{only}}}") => Self::Reference(only),
                references => Self::Open(references),
            },
        }
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }

    pub(super) fn text(self) -> Option<&'e str> {
        self.value().and_then(Value::as_str)
    }

    pub(super) fn truth(self) -> Option<bool> {
        self.value().and_then(Value::as_bool)
    }

    /// The value, where it is known at the top.
    pub(super) fn value(self) -> Option<&'e Value> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The elements of a list; what is no list and not nothing is its own only element.
    pub(super) fn elements(self) -> Vec<Self> {
        match self {
            Self::Value(Value::Null) => Vec::new(),
            Self::Value(Value::List(values)) => values.iter().map(Piece::Value).collect(),
            Self::List(elements) => elements.iter().map(Piece::of).collect(),
            other => vec![other],
        }
    }

    /// The fields of a map.
    pub(super) fn fields(self) -> Vec<(&'e str, Self)> {
        match self {
            Self::Value(Value::Map(values)) => {
                values.iter().map(|(name, value)| (name.as_str(), Piece::Value(value))).collect()
            }
            Self::Map(fields) => {
                fields.iter().map(|(name, field)| (name.as_str(), Piece::of(field))).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn field(self, name: &str) -> Self {
        let found = self.fields().into_iter().find(|(field, _)| *field == name);
        found.map_or(Self::Value(&Value::Null), |(_, field)| field)
    }

    /// Which elements of these kinds it means.
    pub(super) fn meant(self, world: &World<'_>, kinds: &[&str]) -> Meant {
        match self {
            Self::Value(Value::Null) => Meant::Nothing,
            Self::Value(value) => {
                let Some(text) = value.as_str() else {
                    return Meant::Unknown(format!("{value} names no {}", kinds.join(" or ")));
                };
                let found = kinds.iter().find_map(|kind| world.physical(kind, text));
                found.map_or(Meant::Foreign(text.to_owned()), |name| {
                    Meant::Known(vec![name.clone()])
                })
            }
            Self::Reference(reference) => {
                let names = world.referred(reference);
                let fits = |name: &Name| {
                    world.get(name).is_some_and(|element| kinds.contains(&element.kind.as_str()))
                };
                if names.is_empty() {
                    Meant::Unknown(format!("{} does not exist", reference.to))
                } else if names.iter().all(fits) {
                    Meant::Known(names)
                } else {
                    Meant::Unknown(format!("{reference} is not known before it is applied"))
                }
            }
            Self::Open(references) => Meant::Unknown(open(references)),
            Self::List(_) | Self::Map(_) => {
                Meant::Unknown(format!("it names no {}", kinds.join(" or ")))
            }
        }
    }
}

fn open(references: &[Reference]) -> String {
    let names: Vec<String> = references.iter().map(ToString::to_string).collect();
    format!("{} is not known before it is applied", names.join(", "))
}
