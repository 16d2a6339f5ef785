//! How values with secrets are written into a world.
//!
//! A world stands for AWS, which knows the secrets it was given; without them it could not tell
//! after a restart whether one changed. They are encoded, so that nobody reads one in passing, not
//! protected: the file of a world is readable by its owner only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use trueup_model::value::{Secret, Value, Values};

const MARK: &str = "trueup:secret:base64";

pub(crate) fn serialize<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
    values
        .iter()
        .map(|(name, value)| (name.clone(), veil(value)))
        .collect::<Values>()
        .serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
    let values = Values::deserialize(deserializer)?;
    values
        .into_iter()
        .map(|(name, value)| Ok((name, unveil(value).map_err(serde::de::Error::custom)?)))
        .collect()
}

fn veil(value: &Value) -> Value {
    match value {
        Value::Secret(secret) => {
            let encoded = STANDARD.encode(secret.reveal());
            Value::Map([(MARK.to_owned(), Value::String(encoded))].into())
        }
        Value::List(elements) => Value::List(elements.iter().map(veil).collect()),
        Value::Map(fields) => {
            Value::Map(fields.iter().map(|(name, field)| (name.clone(), veil(field))).collect())
        }
        other => other.clone(),
    }
}

fn unveil(value: Value) -> Result<Value, &'static str> {
    Ok(match value {
        Value::Map(fields) => match fields.get(MARK) {
            Some(encoded) => {
                let bytes = STANDARD.decode(encoded.as_str().unwrap_or_default()).ok();
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                Value::Secret(Secret::new(text.ok_or("a secret in the world is damaged")?))
            }
            None => Value::Map(
                fields
                    .into_iter()
                    .map(|(name, field)| Ok((name, unveil(field)?)))
                    .collect::<Result<_, _>>()?,
            ),
        },
        Value::List(elements) => {
            Value::List(elements.into_iter().map(unveil).collect::<Result<_, _>>()?)
        }
        other => other,
    })
}
