//! Laws over random values and random worlds.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use trueup_model::value::Values;
use trueup_model::{Action, Expression, Type, Value};

use crate::world::World;

/// A value of a type, as a stack may state it.
fn value(ty: &Type) -> BoxedStrategy<Value> {
    let word = || prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(Value::from);
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::Int { .. } => (0_i64..5).prop_map(Value::from).boxed(),
        Type::Enum(words) => prop::sample::select(words.to_vec()).prop_map(Value::from).boxed(),
        Type::Cidr => (0..4).prop_map(|n| format!("10.{n}.0.0/16").into()).boxed(),
        Type::String | Type::Reference(_) => word().boxed(),
        Type::List(inner) => vec(value(inner), 0..4).prop_map(Value::List).boxed(),
        // AWS holds no element twice.
        Type::Set(inner) => vec(value(inner), 0..4).prop_map(distinct).boxed(),
        Type::Map(inner) => btree_map("[a-c]", value(inner), 0..3).prop_map(Value::Map).boxed(),
        Type::Object(fields) => {
            let mut object = Just(Values::new()).boxed();
            for field in fields.clone() {
                let field_value = prop_oneof![Just(Value::Null), value(&field.ty)];
                object = (object, field_value)
                    .prop_map(move |(mut object, value)| {
                        object.insert(field.name.to_owned(), value);
                        object
                    })
                    .boxed();
            }
            object.prop_map(Value::Map).boxed()
        }
        Type::Policy => vec(word(), 1..3)
            .prop_map(|actions| {
                let statement = [("Effect", "Allow".into()), ("Action", Value::List(actions))];
                let statement = Value::Map(statement.map(|(k, v)| (k.to_owned(), v)).into());
                Value::Map([("Statement".to_owned(), Value::List(vec![statement]))].into())
            })
            .boxed(),
        Type::Source => word()
            .prop_map(|hash| {
                let fields = [("path", "code".into()), ("sha256", hash)];
                Value::Map(fields.map(|(k, v)| (k.to_owned(), v)).into())
            })
            .boxed(),
        Type::OneOf(shapes) => {
            proptest::strategy::Union::new(shapes.iter().map(value).collect::<Vec<_>>()).boxed()
        }
    }
}

fn distinct(mut elements: Vec<Value>) -> Value {
    elements.sort();
    elements.dedup();
    Value::List(elements)
}

/// What AWS may report of a value: sets in any order, what it chose or forgets left out or in.
fn echoed(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::Set(inner), Value::List(elements)) => {
            Value::List(elements.iter().rev().map(|element| echoed(inner, element)).collect())
        }
        (Type::List(inner), Value::List(elements)) => {
            Value::List(elements.iter().map(|element| echoed(inner, element)).collect())
        }
        (Type::Map(inner), Value::Map(values)) => {
            Value::Map(values.iter().map(|(k, v)| (k.clone(), echoed(inner, v))).collect())
        }
        (Type::Object(fields), Value::Map(values)) => {
            let mut object = Values::new();
            for field in fields {
                let value = values.get(field.name).map(|value| echoed(&field.ty, value));
                match value.filter(|value| !value.is_null()) {
                    _ if field.write_only || field.name == "once" => {}
                    Some(value) => drop(object.insert(field.name.to_owned(), value)),
                    None if field.name == "chosen" => {
                        object.insert(field.name.to_owned(), "AWS chose".into());
                    }
                    None => {}
                }
            }
            Value::Map(object)
        }
        (Type::OneOf(shapes), value) => {
            let shape = shapes
                .iter()
                .find(|shape| matches!(shape, Type::Set(_)) == matches!(value, Value::List(_)));
            echoed(shape.unwrap(), value)
        }
        (Type::Source, Value::Map(fields)) => {
            Value::Map([("sha256".to_owned(), fields["sha256"].clone())].into())
        }
        (Type::Policy, Value::Map(fields)) => {
            // One statement is a list of one, and one action a list of one.
            let statement = &fields["Statement"].as_list().unwrap()[0];
            let actions = statement.get("Action").as_list().unwrap();
            let mut statement = statement.as_map().unwrap().clone();
            if let [action] = actions {
                statement.insert("Action".to_owned(), action.clone());
            }
            Value::Map([("Statement".to_owned(), Value::Map(statement))].into())
        }
        (_, value) => value.clone(),
    }
}

/// Values for some of the attributes of the kind that has every type.
fn attributes() -> BoxedStrategy<Values> {
    let catalog = crate::catalog::catalog();
    let kind = catalog.get("thing").unwrap();
    let mut values = Just(Values::new()).boxed();
    for attribute in kind.attributes.iter().filter(|a| a.name != "unmanaged" && a.name != "lossy") {
        let name = attribute.name.to_owned();
        values = (values, prop_oneof![Just(Value::Null), value(&attribute.ty)])
            .prop_map(move |(mut values, value)| {
                values.insert(name.clone(), value);
                values
            })
            .boxed();
    }
    values
}

/// A world in which one thing is wanted and another is there.
fn thing(wanted: &Values, there: &Values) -> World {
    let mut world = World::applied("thing.a");
    let kind = crate::catalog::catalog();
    let kind = kind.get("thing").unwrap();
    let resource = world.stack.resources.values_mut().next().unwrap();
    for (name, value) in wanted {
        resource.attributes.insert(name.clone(), Expression::Value(value.clone()));
    }
    let ownership =
        trueup_planner::wanted(&world.stack, &world.catalog).expected.remove(0).ownership;
    let live = &mut world.account.resources[0];
    live.ownership = ownership;
    for (name, value) in there {
        let ty = &kind.attribute(name).unwrap().ty;
        live.attributes.insert(name.clone(), echoed(ty, value));
    }
    world
}

proptest! {
    #[test]
    fn what_is_as_wanted_plans_to_nothing(wanted in attributes()) {
        let world = thing(&wanted, &wanted);
        prop_assert!(world.plan().is_empty(), "{}", world.show());
    }

    #[test]
    fn what_differs_is_changed_and_then_is_as_wanted(one in attributes(), other in attributes()) {
        let kind = crate::catalog::catalog();
        let kind = kind.get("thing").unwrap();
        let same = one.iter().all(|(name, value)| {
            let ty = &kind.attribute(name).unwrap().ty;
            let empty = |value: &Value| value.is_null()
                || value.as_list().is_some_and(<[Value]>::is_empty)
                || value.as_map().is_some_and(|fields| fields.values().all(Value::is_null) && !matches!(ty, Type::Object(_)));
            let other = &other[name];
            name == "once" || echoed(ty, value) == echoed(ty, other) || (empty(value) && empty(other))
        });
        let mut world = thing(&one, &other);
        let plan = world.plan();
        // What only AWS or nobody knows of may differ without being a difference.
        if !plan.is_empty() {
            prop_assert!(!same, "{}", crate::show::show(&plan));
            prop_assert_eq!(plan.changes[0].action, Action::Update);
            prop_assert!(plan.changes[0].attributes.windows(2).all(|pair| pair[0].path <= pair[1].path));
        }
        world.apply();
    }

    #[test]
    fn every_difference_of_a_plain_attribute_is_seen(
        one in attributes(),
        name in prop::sample::select(vec!["bool", "int", "string", "enum", "cidr", "reference", "list", "set", "sensitive"]),
    ) {
        let mut other = one.clone();
        let changed = match &one[name] {
            Value::Bool(truth) => (!truth).into(),
            Value::Int(number) => (number + 1).into(),
            Value::List(elements) => {
                let mut elements = elements.clone();
                elements.push("another".into());
                Value::List(elements)
            }
            Value::Null if name == "int" => 1.into(),
            Value::Null if name == "list" || name == "set" => Value::List(vec!["a".into()]),
            _ => "another".into(),
        };
        other.insert(name.to_owned(), changed);
        let plan = thing(&one, &other).plan();
        let paths: Vec<&str> = plan.changes[0].attributes.iter().map(|c| c.path.as_str()).collect();
        prop_assert_eq!(paths.len(), 1, "{:?}", paths);
        prop_assert!(paths[0].starts_with(name));
    }
}
