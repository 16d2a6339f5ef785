//! Expressions as bindings of other expressions.
//!
//! The inputs and outputs of a module may be unknown until AWS has made something, and then stand
//! in other templates. A template carries only values, so such an expression travels as a map with
//! the one key `@template`, which no stack can write, and is evaluated in its own scope.

use std::collections::BTreeMap;

use trueup_model::value::Values;
use trueup_model::{Expression, Reference, Template, Value};

const TEMPLATE: &str = "@template";

/// An expression as a value that a template can carry.
pub(crate) fn nest(expression: &Expression) -> Value {
    match expression {
        Expression::Value(value) => value.clone(),
        Expression::Reference(reference) => nest_template(&as_template(reference)),
        Expression::Template(template) => nest_template(template),
        Expression::List(elements) => Value::List(elements.iter().map(nest).collect()),
        Expression::Map(fields) => {
            Value::Map(fields.iter().map(|(name, field)| (name.clone(), nest(field))).collect())
        }
    }
}

/// The template that such a value is, if it is one.
pub(crate) fn unnest(fields: &Values) -> Option<Template> {
    let nested = fields.get(TEMPLATE).filter(|_| fields.len() == 1)?;
    Some(Template {
        source: nested.get("source").as_str()?.to_owned(),
        bindings: nested.get("bindings").as_map()?.clone(),
        modules: nested.get("modules").strings(),
        references: Vec::new(),
        known: BTreeMap::new(),
    })
}

/// Whether such a value is anywhere in it.
pub(crate) fn is_nested(value: &Value) -> bool {
    match value {
        Value::List(elements) => elements.iter().any(is_nested),
        Value::Map(fields) => fields.contains_key(TEMPLATE) || fields.values().any(is_nested),
        _ => false,
    }
}

fn nest_template(template: &Template) -> Value {
    let nested = BTreeMap::from([
        ("source".to_owned(), Value::from(template.source.as_str())),
        ("bindings".to_owned(), Value::Map(template.bindings.clone())),
        ("modules".to_owned(), template.modules.iter().map(String::as_str).collect()),
    ]);
    Value::Map(BTreeMap::from([(TEMPLATE.to_owned(), Value::Map(nested))]))
}

/// The expression that says the same as a typed reference.
fn as_template(reference: &Reference) -> Template {
    let address = &reference.to;
    let existing = if reference.existing { "existing." } else { "" };
    let key = address.key.as_deref().map(|key| format!("[\"{key}\"]")).unwrap_or_default();
    let (kind, name, attribute) = (&address.kind, &address.name, &reference.attribute);
    Template {
        source: format!("${{{existing}{kind}.{name}{key}.{attribute}}}"),
        bindings: BTreeMap::new(),
        modules: address.modules.clone(),
        references: vec![reference.clone()],
        known: BTreeMap::new(),
    }
}
