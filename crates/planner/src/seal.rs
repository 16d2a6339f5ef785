//! Marks what is sensitive as secret before it enters a plan, whose JSON form shows no secret.

use trueup_model::expression::{Expressions, Template};
use trueup_model::value::{Secret, Values};
use trueup_model::{Attribute, Expression, Kind, Live, Type, Value};

/// The attributes with the texts of every sensitive one as secrets.
pub(crate) fn expressions(kind: &Kind, attributes: Expressions) -> Expressions {
    let seal = |(name, expression): (String, Expression)| {
        let sealed = match kind.attribute(&name) {
            Some(attribute) => seal_expression(attribute, expression),
            None => expression,
        };
        (name, sealed)
    };
    attributes.into_iter().map(seal).collect()
}

/// The live resource with the texts of every sensitive attribute as secrets.
pub(crate) fn live(kind: &Kind, live: &Live) -> Live {
    let mut sealed = live.clone();
    for values in [&mut sealed.attributes, &mut sealed.scheduled] {
        for attribute in &kind.attributes {
            if let Some(value) = values.get_mut(attribute.name) {
                *value = seal_value(attribute, std::mem::take(value));
            }
        }
    }
    sealed
}

fn is_sensitive(attribute: &Attribute) -> bool {
    attribute.sensitive || attribute.write_only
}

fn seal_expression(attribute: &Attribute, expression: Expression) -> Expression {
    if is_sensitive(attribute) {
        return hide_expression(expression);
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
        return hide(value);
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

fn hide_expression(expression: Expression) -> Expression {
    match expression {
        Expression::Value(value) => Expression::Value(hide(value)),
        Expression::Reference(reference) => Expression::Reference(reference),
        Expression::Template(template) => {
            let bindings = template.bindings.into_iter();
            let bindings: Values = bindings.map(|(name, value)| (name, hide(value))).collect();
            Expression::Template(Template { bindings, ..template })
        }
        Expression::List(elements) => {
            Expression::List(elements.into_iter().map(hide_expression).collect())
        }
        Expression::Map(fields) => {
            let fields = fields.into_iter();
            Expression::Map(fields.map(|(name, field)| (name, hide_expression(field))).collect())
        }
    }
}

fn hide(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Secret(Secret::new(text)),
        Value::List(elements) => Value::List(elements.into_iter().map(hide).collect()),
        Value::Map(fields) => {
            Value::Map(fields.into_iter().map(|(name, field)| (name, hide(field))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) => value,
    }
}
