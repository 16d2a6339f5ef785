//! Makes secret what no output may show: what a kind declares sensitive, and what AWS tells back in
//! plain of an attribute that was given a secret.

use std::collections::BTreeSet;

use crate::expression::Expressions;
use crate::value::Values;
use crate::{Attribute, Expression, Kind, Live, Type, Value};

/// The attributes with the texts of every sensitive one as secrets.
#[must_use]
pub fn expressions(kind: &Kind, attributes: Expressions) -> Expressions {
    let seal = |(name, expression): (String, Expression)| {
        let sealed = match kind.attribute(&name) {
            Some(attribute) => seal_expression(attribute, expression),
            None => expression,
        };
        (name, sealed)
    };
    attributes.into_iter().map(seal).collect()
}

/// What may be shown of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown<'s> {
    /// What its declaration does not call sensitive.
    Declared,
    /// Only these texts: the stack says them in plain, so that they are no secret.
    Only(BTreeSet<&'s str>),
}

/// The live resource with every text that may not be shown as a secret.
#[must_use]
pub fn live<'s>(kind: &Kind, live: &Live, shown: impl Fn(&Attribute) -> Shown<'s>) -> Live {
    let mut sealed = live.clone();
    for attribute in &kind.attributes {
        let shown = shown(attribute);
        let is_hidden = shown != Shown::Declared || is_sensitive(attribute);
        if !is_hidden && fields(&attribute.ty).is_none() {
            continue;
        }
        for values in [&mut sealed.attributes, &mut sealed.scheduled] {
            if let Some(value) = values.get_mut(attribute.name) {
                *value = seal_shown(attribute, std::mem::take(value), &shown);
            }
        }
        let tells =
            |name: &str| is_hidden && kind.told_by(name).any(|told| told.name == attribute.name);
        for (_, value) in sealed.outputs.iter_mut().filter(|(name, _)| tells(name)) {
            *value = seal_shown(attribute, std::mem::take(value), &shown);
        }
    }
    sealed
}

/// The live resource as AWS reports it after it was given these values.
#[must_use]
pub fn given(kind: &Kind, reported: &Live, values: &Values) -> Live {
    live(kind, reported, |attribute| match values.get(attribute.name) {
        Some(value) if value.holds_secret() => Shown::Only(value.plain_texts()),
        _ => Shown::Declared,
    })
}

fn seal_shown(attribute: &Attribute, value: Value, shown: &Shown<'_>) -> Value {
    let value = seal_value(attribute, value);
    match shown {
        Shown::Declared => value,
        Shown::Only(public) => value.into_secret_but(public),
    }
}

fn is_sensitive(attribute: &Attribute) -> bool {
    attribute.sensitive || attribute.write_only
}

fn seal_expression(attribute: &Attribute, expression: Expression) -> Expression {
    if is_sensitive(attribute) {
        return expression.into_secret();
    }
    match (expression, fields(&attribute.ty)) {
        (Expression::Value(value), Some(_)) => Expression::Value(seal_value(attribute, value)),
        (Expression::List(elements), Some(_)) => {
            let elements = elements.into_iter().map(|element| seal_expression(attribute, element));
            Expression::List(elements.collect())
        }
        (Expression::Map(map), Some(declared)) => {
            let seal = |(name, expression): (String, Expression)| {
                let sealed = match declared.iter().find(|field| field.name == name) {
                    Some(field) => seal_expression(field, expression),
                    None => seal_expression(attribute, expression),
                };
                (name, sealed)
            };
            Expression::Map(map.into_iter().map(seal).collect())
        }
        (expression, _) => expression,
    }
}

fn seal_value(attribute: &Attribute, value: Value) -> Value {
    if is_sensitive(attribute) {
        return value.into_secret();
    }
    match (value, fields(&attribute.ty)) {
        (Value::List(elements), Some(_)) => Value::List(
            elements.into_iter().map(|element| seal_value(attribute, element)).collect(),
        ),
        (Value::Map(map), Some(declared)) => {
            let seal = |(name, value): (String, Value)| {
                let sealed = match declared.iter().find(|field| field.name == name) {
                    Some(field) => seal_value(field, value),
                    None => seal_value(attribute, value),
                };
                (name, sealed)
            };
            Value::Map(map.into_iter().map(seal).collect())
        }
        (value, _) => value,
    }
}

/// The fields of the objects inside a type.
fn fields(ty: &Type) -> Option<&[Attribute]> {
    match ty {
        Type::Object(fields) => Some(fields),
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => fields(inner),
        Type::OneOf(shapes) => shapes.iter().find_map(fields),
        _ => None,
    }
}
