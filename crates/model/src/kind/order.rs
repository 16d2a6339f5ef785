//! Gives sets an order: AWS lists their elements as it likes, and two reads of one thing must be
//! alike.

use super::{Kind, Type};
use crate::snapshot::Live;
use crate::value::Value;

impl Kind {
    /// Sorts every set in what was read of a resource. What is no set stays as it is: the order of a
    /// list means something.
    pub fn sort_sets(&self, live: &mut Live) {
        for values in [&mut live.attributes, &mut live.scheduled] {
            for attribute in &self.attributes {
                if let Some(value) = values.get_mut(attribute.name) {
                    sort_sets(&attribute.ty, value);
                }
            }
        }
    }
}

fn sort_sets(ty: &Type, value: &mut Value) {
    match (ty, value) {
        (Type::OneOf(shapes), value) => {
            if let Some(shape) = shapes.iter().find(|shape| is_alike(shape, value)) {
                sort_sets(shape, value);
            }
        }
        (Type::List(inner), Value::List(elements)) => {
            for element in elements {
                sort_sets(inner, element);
            }
        }
        (Type::Set(inner), Value::List(elements)) => {
            for element in elements.iter_mut() {
                sort_sets(inner, element);
            }
            elements.sort();
        }
        (Type::Map(inner), Value::Map(values)) => {
            for value in values.values_mut() {
                sort_sets(inner, value);
            }
        }
        (Type::Object(fields), Value::Map(values)) => {
            for field in fields {
                if let Some(value) = values.get_mut(field.name) {
                    sort_sets(&field.ty, value);
                }
            }
        }
        _ => {}
    }
}

/// Whether a value may be of a shape, as far as that matters to where its sets are.
fn is_alike(shape: &Type, value: &Value) -> bool {
    match value {
        Value::List(_) => matches!(shape, Type::List(_) | Type::Set(_)),
        Value::Map(values) => match shape {
            Type::Object(fields) => {
                values.keys().all(|name| fields.iter().any(|field| field.name == name))
            }
            shape => matches!(shape, Type::Map(_)),
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Attribute;

    #[test]
    fn sets_are_sorted_wherever_they_are_and_lists_are_not() {
        let rule = Type::Object(vec![
            Attribute::new("from", Type::String.set(), ""),
            Attribute::new("words", Type::String.list(), ""),
        ]);
        let ty = Type::OneOf(vec![Type::String, rule.set()]);
        let kind =
            Kind { attributes: vec![Attribute::new("rules", ty, "")], ..Kind::new("a", "b", "") };
        let rules = r#"[{"from":["y","x"],"words":["d","c"]},{"from":["b","a"],"words":["z"]}]"#;
        let mut live = Live {
            kind: kind.key(),
            id: "1".to_owned(),
            ownership: crate::Ownership::default(),
            attributes: [("rules".to_owned(), serde_json::from_str(rules).unwrap())].into(),
            outputs: [].into(),
            tags: [].into(),
            condition: crate::Condition::Ready,
            scheduled: [].into(),
        };
        kind.sort_sets(&mut live);
        assert_eq!(
            serde_json::to_string(&live.attributes["rules"]).unwrap(),
            r#"[{"from":["a","b"],"words":["z"]},{"from":["x","y"],"words":["d","c"]}]"#
        );
    }
}
