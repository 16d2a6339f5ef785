//! Values between the stack and CEL.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::Value as Cel;
use cel::objects::Key;
use trueup_model::Value;

/// A value for CEL; secrets become plain there, so what was computed from one must be made one again.
pub(crate) fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::Int(number) => Cel::Int(*number),
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Secret(secret) => Cel::String(Arc::new(secret.reveal().to_owned())),
        Value::List(elements) => Cel::List(Arc::new(elements.iter().map(to_cel).collect())),
        Value::Map(fields) => {
            let fields: HashMap<String, Cel> =
                fields.iter().map(|(name, field)| (name.clone(), to_cel(field))).collect();
            Cel::Map(fields.into())
        }
    }
}

/// A result of CEL, or what is wrong with it.
pub(crate) fn from_cel(value: &Cel) -> Result<Value, String> {
    Ok(match value {
        Cel::Null => Value::Null,
        Cel::Bool(truth) => Value::Bool(*truth),
        Cel::Int(number) => Value::Int(*number),
        Cel::UInt(number) => {
            Value::Int(i64::try_from(*number).map_err(|_| "the number is too large")?)
        }
        Cel::Float(number) => fraction(*number),
        Cel::String(text) => Value::String(text.as_str().to_owned()),
        Cel::List(elements) => {
            Value::List(elements.iter().map(from_cel).collect::<Result<_, _>>()?)
        }
        Cel::Map(map) => {
            let mut keys: Vec<_> = map.map.keys().collect();
            keys.sort();
            let field = |key: &cel::objects::Key| {
                let value = map.map.get(key).map_or(Ok(Value::Null), from_cel)?;
                Ok::<_, String>((key.to_string(), value))
            };
            Value::Map(keys.into_iter().map(field).collect::<Result<_, _>>()?)
        }
        Cel::Opaque(_) => return Err("it is optional: add `.orValue(…)`".to_owned()),
        other => return Err(format!("a {} has no place in a stack", other.type_of())),
    })
}

/// There are no fractions among values: a whole one is a number, any other a text.
fn fraction(number: f64) -> Value {
    let text = format!("{number}");
    text.parse().map_or_else(|_| Value::String(text.clone()), Value::Int)
}

/// Adds the names of all fields in a value.
pub(crate) fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::List(elements) => elements.iter().for_each(|element| collect_keys(element, keys)),
        Value::Map(fields) => fields.iter().for_each(|(name, field)| {
            keys.insert(name.clone());
            collect_keys(field, keys);
        }),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) | Value::Secret(_) => {}
    }
}

/// Whether every field in a result has a name that is allowed.
pub(crate) fn has_only_keys(value: &Cel, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Cel::List(elements) => elements.iter().all(|element| has_only_keys(element, is_allowed)),
        Cel::Map(map) => {
            let mut fields: Vec<_> = map.map.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            fields.into_iter().all(|(key, field)| {
                let is_public = match key {
                    Key::String(key) => is_allowed(key),
                    Key::Int(_) | Key::Uint(_) | Key::Bool(_) => true,
                };
                is_public && has_only_keys(field, is_allowed)
            })
        }
        _ => true,
    }
}
