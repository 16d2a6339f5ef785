//! What a stack would ask for, with the defaults that its kind declares, and whether AWS has it.

use trueup_model::expression::Expressions;
use trueup_model::kind::{Completion, Mutability, Presence, Settlement};
use trueup_model::snapshot::{Facts, Live};
use trueup_model::value::Values;
use trueup_model::{Address, Attribute, Expression, Kind, Type, Value};

pub(crate) const REGION: &str = "us-west-2";

/// The attributes of a resource that writes these.
pub(crate) fn complete(
    kind: &Kind,
    address: &Address,
    stack: &str,
    written: serde_json::Value,
) -> Values {
    let written = Value::from(written);
    let mut attributes = Expressions::new();
    for attribute in &kind.attributes {
        let value = match (written.get(attribute.name), &attribute.presence) {
            (Value::Null, Presence::Default(default, _)) => default.clone(),
            (Value::Null, Presence::Unmanaged(_)) => continue,
            (value, _) => value.clone(),
        };
        attributes.insert(attribute.name.to_owned(), value.into());
    }
    for name in written.as_map().unwrap().keys() {
        assert!(kind.attribute(name).is_some(), "{} has no {name}", kind.name);
    }
    let region = REGION;
    (kind.complete)(&mut Completion { address, stack, region, attributes: &mut attributes });
    trueup_provider::values(&attributes).unwrap()
}

/// The attributes of which AWS reports something else than what is wanted.
pub(crate) fn differences(kind: &Kind, wanted: &Values, live: &Live) -> Vec<String> {
    let mut settled: Expressions =
        wanted.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let address = Address::new(kind.name, "x");
    (kind.settle)(&mut Settlement {
        address: &address,
        region: REGION,
        wanted: &mut settled,
        live: Some(live),
        facts: &Facts::default(),
        remarks: &mut Vec::new(),
    });
    let compared = kind.attributes.iter().filter(|attribute| {
        attribute.mutability != Mutability::CreateOnly && !attribute.write_only
    });
    let differing = compared.filter_map(|attribute: &Attribute| {
        let wanted = settled.get(attribute.name).and_then(Expression::to_value)?;
        let there = live.attributes.get(attribute.name).cloned().unwrap_or_default();
        let same =
            sorted(&attribute.ty, &wanted, &wanted) == sorted(&attribute.ty, &there, &wanted);
        (!same).then(|| format!("{}.{}: {there} instead of {wanted}", live.kind, attribute.name))
    });
    differing.collect()
}

/// Sets in one order, and of objects only the fields that are wanted.
fn sorted(ty: &Type, value: &Value, wanted: &Value) -> Value {
    match (ty, value) {
        (Type::Set(_), Value::List(elements)) => {
            let mut elements = elements.clone();
            elements.sort();
            Value::List(elements)
        }
        (Type::Object(_), Value::Map(fields)) => {
            let fields = fields.iter().filter(|(name, _)| !wanted.get(name).is_null());
            Value::Map(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        _ => value.clone(),
    }
}

/// Every declared attribute and output is there, and nothing else.
pub(crate) fn assert_declared(kind: &Kind, live: &Live) {
    for attribute in &kind.attributes {
        let reported = live.attributes.contains_key(attribute.name);
        let expected = attribute.mutability != Mutability::CreateOnly;
        assert!(reported || !expected, "{} does not report {}", kind.name, attribute.name);
    }
    for name in live.attributes.keys() {
        assert!(kind.attribute(name).is_some(), "{} reports {name}", kind.name);
    }
    let declared: Vec<&str> = kind.outputs.iter().map(|output| output.name).collect();
    for name in &declared {
        assert!(live.outputs.contains_key(*name), "{} lacks the output {name}", kind.name);
    }
    assert_eq!(live.outputs.len(), declared.len(), "{} has other outputs", kind.name);
    assert_eq!(live.outputs["id"].as_str(), Some(live.id.as_str()));
}
