//! The shapes of values: what a type takes, how AWS stores it, and how it reports it.

use std::collections::BTreeSet;

use trueup_model::kind::{Attribute, Presence, Type};
use trueup_model::value::{Secret, Value, Values};

use crate::chance::{Dice, hex, mix};

/// Whether a value is what a type takes; if not, why.
pub(super) fn fits(ty: &Type, value: &Value) -> Result<(), String> {
    let wrong = |wanted: &str| Err(format!("takes {wanted}, not {}", value.type_name()));
    match (ty, value) {
        (_, Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::String | Type::Reference(_), Value::String(_) | Value::Secret(_))
        | (Type::Policy, Value::Map(_)) => Ok(()),
        (Type::Int { minimum, maximum }, Value::Int(number)) => {
            if (minimum..=maximum).contains(&number) {
                Ok(())
            } else {
                Err(format!("takes {minimum} to {maximum}, not {number}"))
            }
        }
        (Type::Enum(words), _) => match value.as_str() {
            Some(word) if words.contains(&word) => Ok(()),
            _ => Err(format!("takes one of {}, not {value}", words.join(", "))),
        },
        (Type::Cidr, Value::String(_) | Value::Secret(_)) => {
            let text = value.as_str().unwrap_or_default();
            match text.parse::<ipnet::IpNet>() {
                Ok(network) if network.trunc().to_string() == *text => Ok(()),
                _ => Err(format!("takes a network in canonical form, not '{value}'")),
            }
        }
        (Type::List(inner), Value::List(elements)) => {
            elements.iter().try_for_each(|element| fits(inner, element))
        }
        (Type::Set(inner), Value::List(elements)) => {
            elements.iter().try_for_each(|element| fits(inner, element))?;
            let distinct: BTreeSet<Value> = elements.iter().map(|e| normal(inner, e)).collect();
            if distinct.len() == elements.len() {
                Ok(())
            } else {
                Err("must not name the same thing twice".to_owned())
            }
        }
        (Type::Map(inner), Value::Map(fields)) => {
            fields.iter().try_for_each(|(name, field)| within(name, fits(inner, field)))
        }
        (Type::Object(declared), Value::Map(fields)) => object_fits(declared, fields),
        (Type::Source, Value::Map(fields)) => match fields.get("sha256") {
            Some(Value::String(_)) => Ok(()),
            _ => Err("takes code with its sha256".to_owned()),
        },
        (Type::OneOf(shapes), _) => {
            if shapes.iter().any(|shape| fits(shape, value).is_ok()) {
                Ok(())
            } else {
                Err(format!("takes none of its shapes as {}", value.type_name()))
            }
        }
        (Type::Bool, _) => wrong("a bool"),
        (Type::Int { .. }, _) => wrong("a number"),
        (Type::String | Type::Cidr | Type::Reference(_), _) => wrong("a string"),
        (Type::List(_) | Type::Set(_), _) => wrong("a list"),
        (Type::Map(_) | Type::Object(_) | Type::Policy | Type::Source, _) => wrong("a map"),
    }
}

fn object_fits(declared: &[Attribute], fields: &Values) -> Result<(), String> {
    for (name, field) in fields {
        let attribute = declared.iter().find(|attribute| attribute.name == name);
        let attribute = attribute.ok_or_else(|| format!("has no field '{name}'"))?;
        within(name, fits(&attribute.ty, field))?;
    }
    for attribute in declared {
        let given = fields.get(attribute.name).is_some_and(|value| !value.is_null());
        if matches!(attribute.presence, Presence::Required) && !given {
            return Err(format!("needs the field '{}'", attribute.name));
        }
    }
    Ok(())
}

fn within(name: &str, outcome: Result<(), String>) -> Result<(), String> {
    outcome.map_err(|fault| format!("at '{name}': {fault}"))
}

/// The value of an attribute in the one form that is stored and compared.
pub(super) fn stored(attribute: &Attribute, value: &Value) -> Value {
    let value = normal(&attribute.ty, value);
    match &attribute.presence {
        // AWS does not tell an empty list from none; the declaration says which one is meant.
        Presence::Default(default, _) if is_nothing(&value) && is_nothing(default) => {
            default.clone()
        }
        _ => value,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(elements) => elements.is_empty(),
        Value::Map(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A value in the one form of its type: sets sorted, objects with every field.
pub(super) fn normal(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::List(inner), Value::List(elements)) => {
            Value::List(elements.iter().map(|element| normal(inner, element)).collect())
        }
        (Type::Set(inner), Value::List(elements)) => {
            let mut elements: Vec<Value> = elements.iter().map(|e| normal(inner, e)).collect();
            elements.sort();
            Value::List(elements)
        }
        (Type::Map(inner), Value::Map(fields)) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), normal(inner, field)));
            Value::Map(fields.collect())
        }
        (Type::Object(declared), Value::Map(fields)) => {
            let fields = declared.iter().filter(|attribute| !attribute.write_only).map(|field| {
                let value = match fields.get(field.name) {
                    Some(value) => stored(field, value),
                    None => default_of(field),
                };
                (field.name.to_owned(), value)
            });
            Value::Map(fields.collect())
        }
        (Type::Source, Value::Map(_)) => {
            Value::Map([("sha256".to_owned(), value.get("sha256").clone())].into())
        }
        (Type::OneOf(shapes), _) => match shapes.iter().find(|shape| fits(shape, value).is_ok()) {
            Some(shape) => normal(shape, value),
            None => value.clone(),
        },
        _ => value.clone(),
    }
}

/// The value with what its objects leave to AWS filled in.
pub(super) fn filled(ty: &Type, value: Value, seed: u64) -> Value {
    match (ty, value) {
        (Type::Object(declared), Value::Map(mut fields)) => {
            for field in declared {
                let Some(value) = fields.remove(field.name) else { continue };
                let left_to_aws = matches!(field.presence, Presence::Unmanaged(_));
                let value = match value {
                    Value::Null if left_to_aws => sample(field, "", "", seed),
                    value => filled(&field.ty, value, seed),
                };
                fields.insert(field.name.to_owned(), value);
            }
            Value::Map(fields)
        }
        (Type::OneOf(shapes), value) => {
            match shapes.iter().find(|shape| fits(shape, &value).is_ok()) {
                Some(shape) => filled(shape, value, seed),
                None => value,
            }
        }
        (_, value) => value,
    }
}

/// The declared default, or nothing.
pub(super) fn default_of(attribute: &Attribute) -> Value {
    match &attribute.presence {
        Presence::Default(default, _) => normal(&attribute.ty, default),
        _ => Value::Null,
    }
}

/// A value as an answer has it: sets in any order; secrets as plain text, unless the attribute
/// says that it is one, since AWS does not know what the file called secret.
pub(super) fn reported(attribute: &Attribute, value: Value, seed: u64) -> Value {
    shuffled(&attribute.ty, value, attribute.sensitive, seed)
}

fn shuffled(ty: &Type, value: Value, sensitive: bool, seed: u64) -> Value {
    match (ty, value) {
        (Type::OneOf(shapes), value) => {
            match shapes.iter().find(|shape| fits(shape, &value).is_ok()) {
                Some(shape) => shuffled(shape, value, sensitive, seed),
                None => value,
            }
        }
        (Type::List(inner), Value::List(elements)) => {
            Value::List(elements.into_iter().map(|e| shuffled(inner, e, sensitive, seed)).collect())
        }
        (Type::Set(inner), Value::List(elements)) => {
            let elements = elements.into_iter().map(|e| shuffled(inner, e, sensitive, seed));
            let mut elements: Vec<Value> = elements.collect();
            Dice::new(seed).shuffle(&mut elements);
            Value::List(elements)
        }
        (Type::Map(inner), Value::Map(fields)) => Value::Map(
            fields.into_iter().map(|(n, f)| (n, shuffled(inner, f, sensitive, seed))).collect(),
        ),
        (Type::Object(declared), Value::Map(fields)) => {
            let fields = fields.into_iter().map(|(name, field)| {
                match declared.iter().find(|attribute| attribute.name == name) {
                    Some(attribute) => {
                        let sensitive = sensitive || attribute.sensitive;
                        (name, shuffled(&attribute.ty, field, sensitive, seed))
                    }
                    None => (name, field),
                }
            });
            Value::Map(fields.collect())
        }
        (_, Value::Secret(secret)) if !sensitive => Value::String(secret.reveal().to_owned()),
        (_, Value::String(text)) if sensitive => Value::Secret(Secret::new(text)),
        (_, value) => value,
    }
}

/// A value that AWS could have chosen for an attribute that was left to it.
pub(super) fn sample(attribute: &Attribute, region: &str, id: &str, seed: u64) -> Value {
    let digits = hex(seed, &[id, attribute.name], 17);
    match &attribute.ty {
        Type::Bool => Value::Bool(false),
        Type::Int { minimum, .. } => Value::Int(*minimum),
        Type::Enum(words) => words.first().copied().into(),
        Type::String if attribute.name.contains("zone") => {
            let zone = ["a", "b", "c"][usize::try_from(mix(seed, &[id]) % 3).unwrap_or(0)];
            Value::String(format!("{region}{zone}"))
        }
        Type::String if attribute.name.contains("maintenance") => "sun:05:00-sun:05:30".into(),
        Type::String if attribute.name.contains("window") => "03:00-03:30".into(),
        Type::String => Value::String(format!("{}-{digits}", attribute.name.replace('_', "-"))),
        Type::Cidr => "10.255.0.0/24".into(),
        Type::OneOf(shapes) => match shapes.first() {
            Some(shape) => {
                sample(&Attribute { ty: shape.clone(), ..attribute.clone() }, region, id, seed)
            }
            None => Value::Null,
        },
        Type::List(_) | Type::Set(_) => Value::List(Vec::new()),
        Type::Map(_) | Type::Object(_) | Type::Policy | Type::Source | Type::Reference(_) => {
            Value::Null
        }
    }
}

#[cfg(test)]
mod tests {
    use trueup_model::kind::{Literal, ReferenceType};

    use super::*;

    fn list(words: &[&str]) -> Value {
        words.iter().copied().collect()
    }

    #[test]
    fn a_type_refuses_what_it_does_not_take() {
        let set = Type::String.set();
        assert!(fits(&set, &list(&["a", "b"])).is_ok());
        assert!(fits(&set, &list(&["a", "a"])).is_err());
        assert!(fits(&Type::int(1, 5), &6.into()).is_err());
        assert!(fits(&Type::Cidr, &"10.0.0.1/16".into()).is_err());
        assert!(fits(&Type::Enum(&["x"]), &"y".into()).is_err());
        let object = Type::Object(vec![Attribute::new("port", Type::int(0, 65535), "")]);
        assert!(fits(&object, &Value::Map(Values::new())).is_err());
        assert!(fits(&object, &Value::Map([("prot".to_owned(), 1.into())].into())).is_err());
    }

    #[test]
    fn sets_come_back_in_another_order_and_equal_none_the_less() {
        let attribute = Attribute::new("subnets", Type::String.set(), "");
        let wanted = list(&["a", "b", "c", "d", "e"]);
        let kept = stored(&attribute, &wanted);
        let shown: BTreeSet<Value> =
            (0..20).map(|seed| reported(&attribute, kept.clone(), seed)).collect();
        assert!(shown.len() > 5);
        assert!(shown.into_iter().all(|shown| stored(&attribute, &shown) == kept));
    }

    #[test]
    fn empty_and_none_are_stored_as_declared() {
        let attribute = Attribute::new("rules", Type::String.list(), "").or(list(&[]), "");
        assert_eq!(stored(&attribute, &Value::Null), list(&[]));
        let attribute = Attribute::new("rules", Type::String.list(), "").optional();
        assert_eq!(stored(&attribute, &list(&[])), Value::Null);
    }

    #[test]
    fn one_of_several_shapes_is_stored_in_its_own_form() {
        let reference =
            ReferenceType { kinds: &["vpc"], output: "id", literal: Literal::Id("vpc-") };
        let set = Type::Reference(reference).set();
        let either = Type::OneOf(vec![Type::Enum(&["all"]), set]);
        assert_eq!(normal(&either, &list(&["b", "a"])), list(&["a", "b"]));
        assert_eq!(normal(&either, &"all".into()), "all".into());
    }
}
