//! Requests for tests, from little more than an address and JSON.

use std::collections::BTreeMap;

use trueup_model::snapshot::{Live, Ownership};
use trueup_model::value::Values;
use trueup_model::{Address, Value};
use trueup_provider::{Create, Delete, Update};

/// The stack that the requests are of.
pub const STACK: &str = "demo";

/// Attributes from a JSON object.
pub fn attributes(json: serde_json::Value) -> Values {
    match Value::from(json) {
        Value::Map(values) => values,
        _ => Values::new(),
    }
}

/// A create of the stack `demo`; the token follows from the address.
///
/// # Panics
///
/// When `address` is none.
pub fn create(address: &str, json: serde_json::Value) -> Create {
    let address: Address = address.parse().expect("the test writes an address");
    Create {
        kind: address.kind.clone(),
        attributes: attributes(json),
        tags: BTreeMap::from([("project".to_owned(), STACK.to_owned())]),
        ownership: Ownership {
            stack: Some(STACK.to_owned()),
            address: Some(address.clone()),
            spec: Some("0123456789abcdef".to_owned()),
            ..Ownership::default()
        },
        token: format!("{STACK}-{}", address.words()),
        address,
    }
}

/// An update of these attributes of a resource that the stack `demo` made.
///
/// # Panics
///
/// When the resource has no address.
pub fn update(before: &Live, json: serde_json::Value) -> Update {
    let changes = attributes(json);
    let mut all = before.attributes.clone();
    all.extend(changes.clone());
    Update {
        address: before.ownership.address.clone().expect("the test updates what it made"),
        kind: before.kind.clone(),
        id: before.id.clone(),
        attributes: all,
        tags: before.tags.clone(),
        ownership: before.ownership.clone(),
        changed: changes.into_keys().collect(),
        before: before.clone(),
    }
}

/// A deletion.
pub fn delete(before: &Live) -> Delete {
    let address = before.ownership.address.clone();
    Delete {
        address: address.unwrap_or_else(|| Address::new(before.kind.clone(), "unowned")),
        before: before.clone(),
        final_snapshot: false,
    }
}
