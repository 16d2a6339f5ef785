//! Values between the stack and CEL.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value as Cel;
use trueup_model::{Secret, Value};

/// A value for CEL; secrets become plain there, so the result must be tainted: see [`taint`].
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

/// Whether a secret is in it.
pub(crate) fn is_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(elements) => elements.iter().any(is_secret),
        Value::Map(fields) => fields.values().any(is_secret),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) => false,
    }
}

/// The value with every text in it made a secret: what was computed from a secret is one.
pub(crate) fn taint(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Secret(Secret::new(text)),
        Value::List(elements) => Value::List(elements.into_iter().map(taint).collect()),
        Value::Map(fields) => {
            Value::Map(fields.into_iter().map(|(name, field)| (name, taint(field))).collect())
        }
        other => other,
    }
}
