//! Stacks without a file, for those that are made up by chance.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use trueup_model::expression::Expressions;
use trueup_model::kind::{Completion, Kind, Presence};
use trueup_model::stack::{OnDestroy, Use};
use trueup_model::{Address, Catalog, Expression, Reference, Resource, Stack, Value};

/// A stack of resources by address. In their attributes a text such as `@vpc.main.id` stands for
/// an output of another resource.
pub(crate) fn stack(catalog: &Catalog, name: &str, resources: &[(String, Json)]) -> Stack {
    let resources = resources.iter().map(|(address, attributes)| {
        let address: Address = address.parse().unwrap();
        let kind = catalog.kind(&address.kind);
        let made = resource(kind, name, &address, attributes);
        (address, made)
    });
    Stack {
        name: name.to_owned(),
        region: Some("us-west-2".to_owned()),
        resources: resources.collect(),
        ..Stack::default()
    }
}

fn resource(kind: &Kind, stack: &str, address: &Address, written: &Json) -> Resource {
    let mut attributes = with_defaults(kind, expressions(written));
    let mut completion =
        Completion { address, stack, region: "us-west-2", attributes: &mut attributes };
    (kind.complete)(&mut completion);
    let references = attributes.iter().flat_map(|(name, expression)| {
        expression.references().into_iter().map(|to| Use {
            attribute: name.clone(),
            to: to.clone(),
            output: true,
        })
    });
    Resource {
        references: references.collect(),
        address: address.clone(),
        attributes,
        tags: BTreeMap::from([("project".to_owned(), stack.into())]),
        depends_on: Vec::new(),
        moved_from: None,
        adopt: None,
        ignore_changes: BTreeMap::new(),
        on_destroy: OnDestroy::Default,
        protect: false,
        location: None,
        locations: BTreeMap::new(),
    }
}

/// Every declared attribute, as the loader fills them in.
fn with_defaults(kind: &Kind, mut written: Expressions) -> Expressions {
    let known: BTreeSet<&str> = kind.attributes.iter().map(|attribute| attribute.name).collect();
    assert!(written.keys().all(|name| known.contains(name.as_str())), "{written:?}");
    for attribute in &kind.attributes {
        let value = match &attribute.presence {
            Presence::Default(value, _) => value.clone(),
            Presence::Required | Presence::Derived(_) => Value::Null,
            Presence::Unmanaged(_) => continue,
        };
        written.entry(attribute.name.to_owned()).or_insert_with(|| value.into());
    }
    written
}

fn expressions(json: &Json) -> Expressions {
    let fields = json.as_object().unwrap().iter();
    fields.map(|(name, value)| (name.clone(), expression(value))).collect()
}

fn expression(json: &Json) -> Expression {
    match json {
        Json::String(text) => match text.strip_prefix('@').map(|path| path.rsplit_once('.')) {
            Some(Some((address, output))) => Expression::Reference(Reference {
                to: address.parse().unwrap(),
                attribute: output.to_owned(),
                existing: false,
            }),
            _ => Value::from(json.clone()).into(),
        },
        Json::Array(elements) => Expression::fold_list(elements.iter().map(expression).collect()),
        Json::Object(_) => Expression::fold_map(expressions(json)),
        _ => Value::from(json.clone()).into(),
    }
}
