//! A wish as it is compared: known or not, without copying either.

use trueup_model::expression::Expressions;
use trueup_model::{Expression, Type, Value};

use super::canonical::fits;

/// Some part of what is wanted.
#[derive(Clone, Copy)]
pub(super) enum Wish<'w> {
    Known(&'w Value),
    Open(&'w Expression),
}

impl<'w> Wish<'w> {
    pub(super) fn entries(wanted: &'w Expressions) -> Vec<(&'w str, Self)> {
        wanted.iter().map(|(name, field)| (name.as_str(), Self::Open(field))).collect()
    }

    /// The value, where it is known at the top.
    pub(super) fn known(self) -> Option<&'w Value> {
        match self {
            Self::Known(value) => Some(value),
            Self::Open(expression) => expression.known(),
        }
    }

    /// The value, if all of it is known.
    pub(super) fn to_value(self) -> Option<Value> {
        match self {
            Self::Known(value) => Some(value.clone()),
            Self::Open(expression) => expression.to_value(),
        }
    }

    pub(super) fn is_null(self) -> bool {
        self.known().is_some_and(Value::is_null)
    }

    /// The elements of a list; of nothing, none. Not of what is unknown as a whole.
    pub(super) fn elements(self) -> Option<Vec<Self>> {
        match self {
            Self::Known(Value::List(elements))
            | Self::Open(Expression::Value(Value::List(elements))) => {
                Some(elements.iter().map(Self::Known).collect())
            }
            Self::Open(Expression::List(elements)) => {
                Some(elements.iter().map(Self::Open).collect())
            }
            _ => self.is_null().then(Vec::new),
        }
    }

    /// The fields of a map in order of name; of nothing, none.
    pub(super) fn fields(self) -> Option<Vec<(&'w str, Self)>> {
        match self {
            Self::Known(Value::Map(fields)) | Self::Open(Expression::Value(Value::Map(fields))) => {
                Some(
                    fields
                        .iter()
                        .map(|(name, field)| (name.as_str(), Self::Known(field)))
                        .collect(),
                )
            }
            Self::Open(Expression::Map(fields)) => Some(Self::entries(fields)),
            _ => None,
        }
    }

    /// Whether it has the shape of a type, as far as it is known.
    pub(super) fn fits(self, ty: &Type) -> bool {
        match (self.known(), self, ty) {
            (Some(value), _, _) => fits(ty, value),
            (None, Self::Open(Expression::List(_)), ty) => {
                matches!(ty, Type::List(_) | Type::Set(_))
            }
            (None, Self::Open(Expression::Map(_)), ty) => {
                matches!(ty, Type::Map(_) | Type::Object(_) | Type::Policy)
            }
            _ => false,
        }
    }

    pub(super) fn holds_secret(self) -> bool {
        match self {
            Self::Known(value) => value.holds_secret(),
            Self::Open(expression) => expression.holds_secret(),
        }
    }
}
