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
    let live = &mut world.account.resources[0];
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
            prop_assert!(!same, "{}", crate::world::show(&plan));
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

/// A small source of choices, so that a whole world follows from one number.
struct Choices(u64);

impl Choices {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn of<'c>(&mut self, words: &[&'c str]) -> &'c str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }
}

/// A random stack over few names, so that two of them have much in common.
fn stack(choices: &mut Choices) -> String {
    let mut text = String::new();
    let mut made: Vec<String> = Vec::new();
    let order = [
        "vpc",
        "vpc",
        "internet_gateway",
        "subnet",
        "subnet",
        "nat_gateway",
        "security_group",
        "security_group",
        "security_group",
        "iam_role",
        "log_group",
        "fixture",
        "fixture",
        "twin",
        "twin",
        "twin",
        "db_instance",
        "lambda_function",
        "lambda_function",
        "thing",
    ];
    let mut groups: Vec<String> = Vec::new();
    for (number, kind) in order.iter().enumerate() {
        if choices.one_in(4) {
            continue;
        }
        let mut pick = |kind: &str, choices: &mut Choices| {
            let all: Vec<&String> =
                made.iter().filter(|a| a.starts_with(&format!("{kind}."))).collect();
            if all.is_empty() {
                return None;
            }
            Some(all[usize::try_from(choices.below(all.len() as u64)).unwrap()].clone())
        };
        let mut lines: Vec<String> = Vec::new();
        let mut optional = |name: &str, found: Option<String>, lines: &mut Vec<String>| {
            if let Some(found) = found {
                lines.push(format!("{name}: @{found}"));
            }
        };
        match *kind {
            "vpc" => lines.push(format!("cidr_block: 10.{}.0.0/16", choices.below(2))),
            "internet_gateway" | "subnet" | "security_group" => {
                let Some(vpc) = pick("vpc", choices) else { continue };
                lines.push(format!("vpc: @{vpc}"));
                if *kind == "subnet" {
                    lines.push(format!("cidr_block: 10.0.{number}.0/24"));
                }
                if *kind == "security_group" {
                    lines.push(format!("description: {}", choices.of(&["one", "two", "three"])));
                    groups.push(format!("security_group.n{number}"));
                }
            }
            "nat_gateway" => {
                let Some(subnet) = pick("subnet", choices) else { continue };
                lines.push(format!("subnet: @{subnet}"));
            }
            "iam_role" => lines.push(format!("trust: {{Version: {}}}", choices.below(3))),
            "log_group" => lines.push(format!("name: {}", choices.of(&["left", "right"]))),
            "fixture" => {
                lines.push(format!("shape: {}", choices.of(&["round", "square"])));
                optional("vpc", pick("vpc", choices), &mut lines);
            }
            "twin" => {
                lines.push(format!("shape: {}", choices.of(&["round", "square"])));
                optional("of", pick("fixture", choices), &mut lines);
                optional("beside", pick("twin", choices), &mut lines);
                if choices.one_in(3) {
                    lines.push("name: written".to_owned());
                    if text.contains("name: written") {
                        lines.pop();
                    }
                }
            }
            "db_instance" => {
                lines.push(format!("engine: {}", choices.of(&["postgres", "mysql"])));
                lines.push(format!("class: {}", choices.of(&["small", "large"])));
                lines.push(format!("version: {}", choices.of(&["16", "17"])));
                if let Some(subnet) = pick("subnet", choices) {
                    lines.push(format!("subnets: [@{subnet}]"));
                }
                if let Some(group) = pick("security_group", choices) {
                    lines.push(format!("groups: [@{group}]"));
                }
            }
            "lambda_function" => {
                lines.push(format!("source: source:{}", choices.below(2)));
                match pick("iam_role", choices) {
                    Some(role) => lines.push(format!("role: @{role}")),
                    None => lines.push("role: elsewhere".to_owned()),
                }
                if let Some(group) = pick("security_group", choices) {
                    lines.push(format!("groups: [@{group}]"));
                }
                if let Some(database) = pick("db_instance", choices) {
                    lines.push(format!("environment: {{HOST: ${{{database}.endpoint}}}}"));
                }
            }
            _ => lines.push(format!("string: {}", choices.below(3))),
        }
        let address = format!("{kind}.n{number}");
        if choices.one_in(3) {
            lines.push(format!("tags.color: {}", choices.of(&["red", "blue"])));
        }
        text.push_str(&format!("{address}\n"));
        lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        made.push(address);
    }
    add_rules(choices, &text, &groups)
}

/// Lets groups refer to each other in any direction.
fn add_rules(choices: &mut Choices, text: &str, groups: &[String]) -> String {
    let mut result = String::new();
    for line in text.lines() {
        result.push_str(line);
        result.push('\n');
        if groups.iter().any(|group| group == line) && !choices.one_in(3) {
            let from = &groups[usize::try_from(choices.below(groups.len() as u64)).unwrap()];
            let port = choices.below(3);
            result
                .push_str(&format!("  ingress: [{{port: {port}, from: [@{from}, 10.0.0.0/8]}}]\n"));
        }
    }
    result
}

/// A world takes longer than a value; `PROPTEST_CASES` asks for more of both.
fn worlds() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let usual = asked.cases == 256;
    ProptestConfig { cases: if usual { 60 } else { asked.cases }, ..asked }
}

fn allow_everything(world: &mut World) {
    world.options.allow_mass_delete = true;
    let owned = world.account.resources.iter().filter_map(|live| live.ownership.address.clone());
    let wanted = world.stack.resources.keys().cloned();
    world.options.allow_data_loss = owned.chain(wanted).collect();
}

proptest! {
    #![proptest_config(worlds())]

    /// Whatever the edit, wherever the crash: the next run finishes, and destroying leaves nothing.
    #[test]
    fn every_edit_converges(seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let first = stack(&mut choices);
        let mut world = World::applied(&first);
        for _ in 0..3 {
            let edit = stack(&mut choices);
            world.edit(&edit);
            allow_everything(&mut world);
            if choices.one_in(2) {
                let steps = usize::try_from(choices.below(12)).unwrap();
                world.crash_after(steps);
                allow_everything(&mut world);
            }
            world.apply();
        }
        world.destroy();
        world.apply();
        prop_assert!(world.account.resources.is_empty());
    }

    /// Nothing that holds data goes without a word, whatever the edit.
    #[test]
    fn no_edit_loses_data(seed in any::<u64>()) {
        let mut choices = Choices(seed);
        let mut world = World::applied(&stack(&mut choices));
        let databases = |world: &World| -> Vec<String> {
            let lives = world.account.resources.iter().filter(|live| live.kind == "db_instance");
            lives.map(|live| live.id.clone()).collect()
        };
        let before = databases(&world);
        world.edit(&stack(&mut choices)).apply();
        let kept = databases(&world);
        prop_assert!(before.iter().all(|id| kept.contains(id)), "{before:?} {kept:?}");
        world.destroy().apply();
        let kept = databases(&world);
        prop_assert!(before.iter().all(|id| kept.contains(id)), "{before:?} {kept:?}");
    }
}
