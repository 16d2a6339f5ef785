//! The one form of a value in which equal means the same.

use trueup_model::kind::{Mutability, Presence};
use trueup_model::value::Values;
use trueup_model::{Attribute, Type, Value};

/// A value in the form in which it is compared: sets sorted, absent fields filled with nothing,
/// what is never compared left out, secrets as their texts. It must not reach any output.
pub(crate) fn canonical(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (_, Value::Secret(secret)) => Value::String(secret.reveal().to_owned()),
        (Type::List(_) | Type::Set(_), Value::Null) => Value::List(Vec::new()),
        (Type::Map(_), Value::Null) => Value::Map(Values::new()),
        (Type::List(inner), Value::List(elements)) => {
            Value::List(elements.iter().map(|element| canonical(inner, element)).collect())
        }
        (Type::Set(inner), Value::List(elements)) => {
            sorted(elements.iter().map(|element| canonical(inner, element)).collect())
        }
        (Type::Map(inner), Value::Map(values)) => {
            let values = values.iter().filter(|(_, value)| !value.is_null());
            Value::Map(values.map(|(key, value)| (key.clone(), canonical(inner, value))).collect())
        }
        (Type::Object(fields), Value::Map(values)) => object(fields, values),
        (Type::Policy, value) => policy(&value.clone().revealed()),
        (Type::Source, Value::Map(fields)) => fields.get("sha256").cloned().unwrap_or_default(),
        (Type::OneOf(shapes), value) => match shapes.iter().find(|shape| fits(shape, value)) {
            Some(shape) => canonical(shape, value),
            None => value.clone().revealed(),
        },
        (_, value) => value.clone().revealed(),
    }
}

/// Whether a value has the shape of a type.
pub(super) fn fits(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (_, Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::String | Type::Reference(_), Value::String(_) | Value::Secret(_))
        | (Type::Policy | Type::Source, Value::Map(_))
        | (Type::Policy, Value::List(_)) => true,
        (Type::Int { minimum, maximum }, Value::Int(number)) => {
            (*minimum..=*maximum).contains(number)
        }
        (Type::Enum(words), _) => value.as_str().is_some_and(|word| words.contains(&word)),
        (Type::Cidr, _) => value.as_str().is_some_and(|text| text.contains('/')),
        (Type::List(inner) | Type::Set(inner), Value::List(elements)) => {
            elements.iter().all(|element| fits(inner, element))
        }
        (Type::Map(inner), Value::Map(values)) => values.values().all(|value| fits(inner, value)),
        (Type::Object(fields), Value::Map(values)) => {
            values.keys().all(|name| fields.iter().any(|field| field.name == name))
        }
        (Type::OneOf(shapes), value) => shapes.iter().any(|shape| fits(shape, value)),
        _ => false,
    }
}

fn sorted(mut elements: Vec<Value>) -> Value {
    elements.sort();
    elements.dedup();
    Value::List(elements)
}

/// Only what is compared in every object; a field that AWS may choose is looked at apart.
fn object(fields: &[Attribute], values: &Values) -> Value {
    let compared = fields.iter().filter(|field| {
        let chosen_by_aws = matches!(field.presence, Presence::Unmanaged(_));
        !field.write_only && !chosen_by_aws && field.mutability != Mutability::CreateOnly
    });
    let field = |field: &Attribute| {
        let value = values.get(field.name).unwrap_or(&Value::Null);
        (field.name.to_owned(), canonical(&field.ty, value))
    };
    Value::Map(compared.map(field).collect())
}

/// An IAM document, in which neither the order of statements nor that of a list means anything
/// and one text is the same as a list of it.
fn policy(value: &Value) -> Value {
    match value {
        Value::List(elements) => sorted(elements.iter().map(policy).collect()),
        Value::Map(fields) => {
            let field = |(name, field): (&String, &Value)| {
                let field = match field {
                    Value::String(_) if name != "Version" && name != "Sid" && name != "Effect" => {
                        Value::List(vec![field.clone()])
                    }
                    Value::Map(_) if name == "Statement" => Value::List(vec![policy(field)]),
                    other => policy(other),
                };
                (name.clone(), field)
            };
            Value::Map(fields.iter().filter(|(_, field)| !field.is_null()).map(field).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(ty: &Type, one: &str, other: &str) -> bool {
        let value = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        canonical(ty, &value(one)) == canonical(ty, &value(other))
    }

    #[test]
    fn a_set_has_no_order_and_a_list_has() {
        assert!(same(&Type::String.set(), r#"["a","b"]"#, r#"["b","a","a"]"#));
        assert!(!same(&Type::String.list(), r#"["a","b"]"#, r#"["b","a"]"#));
    }

    #[test]
    fn nothing_and_an_empty_collection_are_the_same() {
        assert!(same(&Type::String.set(), "null", "[]"));
        assert!(same(&Type::String.map(), "null", r#"{"a":null}"#));
    }

    #[test]
    fn code_is_its_hash() {
        let one = r#"{"path":"a","sha256":"x"}"#;
        assert!(same(&Type::Source, one, r#"{"sha256":"x"}"#));
        assert!(!same(&Type::Source, one, r#"{"sha256":"y"}"#));
    }

    #[test]
    fn policies_are_compared_by_meaning() {
        let one = r#"{"Statement":{"Effect":"Allow","Action":"s3:Get"},"Version":"2012-10-17"}"#;
        let other =
            r#"{"Version":"2012-10-17","Statement":[{"Action":["s3:Get"],"Effect":"Allow"}]}"#;
        assert!(same(&Type::Policy, one, other));
        let denied = other.replace("Allow", "Deny");
        assert!(!same(&Type::Policy, one, &denied));
    }
}
