//! Values as a plan shows them: what has an address by its address.

use trueup_model::expression::{Expressions, Reference};
use trueup_model::kind::ReferenceType;
use trueup_model::{Expression, Type, Value};

use super::Differ;
use super::wish::Wish;

/// A path longer than this is cut: it names an element, it does not tell it.
const LONGEST: usize = 60;

impl Differ<'_, '_> {
    /// A value with the addresses of what its references mean.
    pub(super) fn label(self, ty: &Type, value: &Value) -> Value {
        match (ty, value) {
            (Type::Reference(reference), Value::String(text)) => {
                self.index.address_of(reference, text).map_or_else(|| value.clone(), Value::from)
            }
            (Type::List(inner) | Type::Set(inner), Value::List(elements)) => {
                Value::List(elements.iter().map(|element| self.label(inner, element)).collect())
            }
            (Type::Map(inner), Value::Map(values)) => {
                let label =
                    |(key, value): (&String, &Value)| (key.clone(), self.label(inner, value));
                Value::Map(values.iter().map(label).collect())
            }
            (Type::Object(fields), Value::Map(values)) => {
                let ty = |name: &str| fields.iter().find(|f| f.name == name).map(|field| &field.ty);
                let label = |(name, value): (&String, &Value)| {
                    let labelled =
                        ty(name).map_or_else(|| value.clone(), |ty| self.label(ty, value));
                    (name.clone(), labelled)
                };
                Value::Map(values.iter().map(label).collect())
            }
            (Type::OneOf(shapes), value) => {
                let labelled = shapes.iter().map(|shape| self.label(shape, value));
                labelled.into_iter().find(|label| label != value).unwrap_or_else(|| value.clone())
            }
            _ => value.clone(),
        }
    }

    /// What is not all known, as text.
    pub(super) fn label_wish(self, ty: &Type, wish: Wish<'_>) -> String {
        match wish {
            Wish::Known(value) | Wish::Open(Expression::Value(value)) => {
                compact(&self.label(ty, value))
            }
            Wish::Open(Expression::Reference(reference)) => name_reference(ty, reference),
            Wish::Open(Expression::Template(template)) => template.source.clone(),
            Wish::Open(Expression::List(elements)) => {
                let inner = ty.element().unwrap_or(ty);
                let labels = elements.iter().map(|e| self.label_wish(inner, Wish::Open(e)));
                format!("[{}]", labels.collect::<Vec<_>>().join(", "))
            }
            Wish::Open(Expression::Map(fields)) => self.label_fields(ty, fields),
        }
    }

    fn label_fields(self, ty: &Type, fields: &Expressions) -> String {
        let inner = |name: &str| match ty {
            Type::Object(declared) => declared.iter().find(|f| f.name == name).map(|f| &f.ty),
            _ => ty.element(),
        };
        let stated = fields.iter().filter(|(_, field)| !field.is_null());
        let labels = stated.map(|(name, field)| {
            let label = self.label_wish(inner(name).unwrap_or(ty), Wish::Open(field));
            format!("{name}: {label}")
        });
        format!("{{{}}}", labels.collect::<Vec<_>>().join(", "))
    }

    /// What names an element of a set in a path.
    pub(super) fn short(self, ty: &Type, element: &Value) -> String {
        let mut words = Vec::new();
        if !element.holds_secret() {
            collect_words(&self.label(ty, element), &mut words);
        }
        cut(&words.join(" "))
    }

    pub(super) fn short_wish(self, ty: &Type, wish: Wish<'_>) -> String {
        if wish.holds_secret() {
            return String::new();
        }
        match wish.to_value() {
            Some(value) => self.short(ty, &value),
            None => cut(&self.label_wish(ty, wish)),
        }
    }
}

fn collect_words(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Null | Value::Secret(_) => {}
        Value::List(elements) => elements.iter().for_each(|element| collect_words(element, words)),
        Value::Map(fields) => fields.values().for_each(|field| collect_words(field, words)),
        scalar => words.push(scalar.to_string()),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST - 1).collect();
    format!("{head}…")
}

/// The address alone where the field can mean nothing else of it.
fn name_reference(ty: &Type, reference: &Reference) -> String {
    match stands_for(ty) {
        Some(field) if field.output == reference.attribute => {
            let prefix = if reference.existing { "existing." } else { "" };
            format!("{prefix}{}", reference.to)
        }
        _ => reference.to_string(),
    }
}

fn stands_for(ty: &Type) -> Option<&ReferenceType> {
    match ty {
        Type::Reference(reference) => Some(reference),
        Type::List(inner) | Type::Set(inner) => stands_for(inner),
        Type::OneOf(shapes) => shapes.iter().find_map(stands_for),
        _ => None,
    }
}

/// A value in the flow style of YAML, without what says nothing.
fn compact(value: &Value) -> String {
    match value {
        Value::List(elements) => {
            format!("[{}]", elements.iter().map(compact).collect::<Vec<_>>().join(", "))
        }
        Value::Map(fields) => {
            let stated = fields.iter().filter(|(_, field)| !field.is_null());
            let stated = stated.map(|(name, field)| format!("{name}: {}", compact(field)));
            format!("{{{}}}", stated.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
