//! What differs between a wish and what is there, by type and never by guess.

use std::collections::HashMap;

use trueup_model::change::{After, AttributeChange, DriftClass};
use trueup_model::expression::Expressions;
use trueup_model::kind::{Mutability, Presence};
use trueup_model::value::{Secret, Values};
use trueup_model::{Attribute, Disruption, Kind, Live, Type, Value};

use crate::index::Index;

mod canonical;
mod labels;
mod wish;

pub(crate) use canonical::canonical;
use canonical::fits;
use wish::Wish;

/// Compares wishes with what is there.
#[derive(Clone, Copy)]
pub(crate) struct Differ<'d, 'a> {
    pub(crate) index: &'d Index<'a>,
}

/// What is said of every change at and below a path.
#[derive(Clone, Copy)]
struct Meaning {
    replaces: bool,
    /// Whether it does where no element of a set stays.
    overlapping: bool,
    disruption: Disruption,
    class: DriftClass,
    sensitive: bool,
}

impl Differ<'_, '_> {
    /// The differences of the chosen attributes, in order of path.
    ///
    /// Write-only attributes cannot be compared and are not: see [`Differ::secrets`].
    pub(crate) fn attributes(
        self,
        kind: &Kind,
        wanted: &Expressions,
        live: &Live,
        chosen: impl Fn(&Attribute) -> bool,
    ) -> Vec<AttributeChange> {
        let mut changes = Vec::new();
        for attribute in kind.attributes.iter().filter(|attribute| chosen(attribute)) {
            let Some(wish) = wanted.get(attribute.name) else { continue };
            if is_compared(attribute, Wish::Open(wish)) {
                let there = live.attributes.get(attribute.name).unwrap_or(&Value::Null);
                let meaning = Meaning::of(attribute, None);
                self.compare(
                    &mut changes,
                    attribute.name,
                    &attribute.ty,
                    meaning,
                    Wish::Open(wish),
                    there,
                );
            }
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        changes
    }

    /// The write-only attributes that are written again, when their hash says that they changed.
    pub(crate) fn secrets(kind: &Kind, wanted: &Expressions) -> Vec<AttributeChange> {
        let write_only = kind.attributes.iter().filter(|attribute| attribute.write_only);
        let stated = write_only.filter(|a| wanted.get(a.name).is_some_and(|wish| !wish.is_null()));
        let change = |attribute: &Attribute| {
            let meaning = Meaning { sensitive: true, ..Meaning::of(attribute, None) };
            meaning.change(attribute.name, Value::Null, After::Sensitive)
        };
        stated.map(change).collect()
    }

    /// The differences of the tags; a live tag that is not wanted is removed.
    pub(crate) fn tags(self, wanted: &Expressions, live: &Live) -> Vec<AttributeChange> {
        let there = live.tags.iter();
        let there: Values = there.map(|(key, tag)| (key.clone(), tag.as_str().into())).collect();
        let mut changes = Vec::new();
        let path = |key: &str| format!("tags.{key}");
        self.fields(
            &mut changes,
            Meaning::OF_A_TAG,
            &Type::String,
            path,
            &Wish::entries(wanted),
            &there,
        );
        changes
    }

    /// What a new resource gets, as changes from nothing.
    pub(crate) fn creation(
        self,
        kind: &Kind,
        wanted: &Expressions,
        tags: &Expressions,
    ) -> Vec<AttributeChange> {
        let mut changes = Vec::new();
        for attribute in &kind.attributes {
            let Some(wish) = wanted.get(attribute.name).filter(|wish| !wish.is_null()) else {
                continue;
            };
            let mut meaning = Meaning::of(attribute, None);
            (meaning.replaces, meaning.disruption) = (false, Disruption::None);
            meaning.sensitive |= attribute.write_only;
            let ty = &attribute.ty;
            self.whole(
                &mut changes,
                attribute.name.to_owned(),
                ty,
                meaning,
                Wish::Open(wish),
                &Value::Null,
            );
        }
        for (key, tag) in tags {
            let (path, meaning) = (format!("tags.{key}"), Meaning::OF_A_TAG);
            self.whole(&mut changes, path, &Type::String, meaning, Wish::Open(tag), &Value::Null);
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        changes
    }

    fn compare(
        self,
        changes: &mut Vec<AttributeChange>,
        path: &str,
        ty: &Type,
        meaning: Meaning,
        wish: Wish<'_>,
        live: &Value,
    ) {
        if wish.known().is_some_and(|wanted| wanted == live) {
            return;
        }
        match ty {
            Type::OneOf(shapes) => match shapes.iter().find(|shape| wish.fits(shape)) {
                Some(shape) if fits(shape, live) => {
                    self.compare(changes, path, shape, meaning, wish, live);
                }
                _ => self.scalar(changes, path, ty, meaning, wish, live),
            },
            Type::Set(inner) => self.set(changes, path, (ty, inner), meaning, wish, live),
            Type::List(inner) => self.list(changes, path, (ty, inner), meaning, wish, live),
            Type::Map(inner) => match (wish.fields(), as_map(live)) {
                (Some(wanted), Some(live)) => {
                    let path = |key: &str| format!("{path}[{key}]");
                    self.fields(changes, meaning, inner, path, &wanted, live);
                }
                _ => self.scalar(changes, path, ty, meaning, wish, live),
            },
            Type::Object(fields) => self.object(changes, path, (ty, fields), meaning, wish, live),
            Type::Bool
            | Type::Int { .. }
            | Type::String
            | Type::Enum(_)
            | Type::Cidr
            | Type::Reference(_)
            | Type::Policy
            | Type::Source => self.scalar(changes, path, ty, meaning, wish, live),
        }
    }

    /// Compares as one thing.
    fn scalar(
        self,
        changes: &mut Vec<AttributeChange>,
        path: &str,
        ty: &Type,
        meaning: Meaning,
        wish: Wish<'_>,
        live: &Value,
    ) {
        let known = wish.to_value();
        if known.is_none_or(|wanted| canonical(ty, &wanted) != canonical(ty, live)) {
            self.whole(changes, path.to_owned(), ty, meaning, wish, live);
        }
    }

    fn list(
        self,
        changes: &mut Vec<AttributeChange>,
        path: &str,
        (ty, inner): (&Type, &Type),
        meaning: Meaning,
        wish: Wish<'_>,
        live: &Value,
    ) {
        let there = live.as_list().unwrap_or_default();
        match wish.elements() {
            Some(wanted) if wanted.len() == there.len() && !is_plain(inner) => {
                for (place, (wish, live)) in wanted.into_iter().zip(there).enumerate() {
                    self.compare(changes, &format!("{path}[{place}]"), inner, meaning, wish, live);
                }
            }
            _ => self.scalar(changes, path, ty, meaning, wish, live),
        }
    }

    fn set(
        self,
        changes: &mut Vec<AttributeChange>,
        path: &str,
        (ty, inner): (&Type, &Type),
        meaning: Meaning,
        wish: Wish<'_>,
        live: &Value,
    ) {
        let Some(wanted) = wish.elements() else {
            return self.whole(changes, path.to_owned(), ty, meaning, wish, live);
        };
        // The elements by what is compared in every one of them; for equal ones the place.
        let mut there: HashMap<Value, Vec<usize>> = HashMap::new();
        let elements = live.as_list().unwrap_or_default();
        for (place, element) in elements.iter().enumerate() {
            there.entry(canonical(inner, element)).or_default().push(place);
        }
        let mut kept = vec![false; elements.len()];
        let mut added: Vec<(String, Wish<'_>)> = Vec::new();
        for wish in wanted {
            let known = wish.to_value();
            let places = known.and_then(|wanted| there.get(&canonical(inner, &wanted)));
            let mut equal = places.into_iter().flatten().copied().filter(|place| {
                let mut differences = Vec::new();
                self.compare(&mut differences, "", inner, meaning, wish, &elements[*place]);
                differences.is_empty()
            });
            match equal.next() {
                Some(place) => {
                    kept[place] = true;
                    // AWS cannot hold one element of a set twice.
                    equal.for_each(|place| kept[place] = true);
                }
                None => added.push((self.short_wish(inner, wish), wish)),
            }
        }
        let is_cut_off = meaning.overlapping && !elements.is_empty() && !kept.contains(&true);
        let meaning = Meaning { replaces: meaning.replaces || is_cut_off, ..meaning };
        let removed = elements.iter().zip(&kept).filter(|(_, kept)| !**kept);
        let mut removed: Vec<(String, &Value)> =
            removed.map(|(element, _)| (self.short(inner, element), element)).collect();
        removed.sort();
        removed.dedup();
        added.sort_by(|a, b| a.0.cmp(&b.0));
        added.dedup_by(|a, b| {
            a.0 == b.0 && a.1.to_value().is_some() && a.1.to_value() == b.1.to_value()
        });
        for (name, element) in removed {
            let wish = Wish::Known(&Value::Null);
            self.whole(changes, format!("{path}[{name}]"), inner, meaning, wish, element);
        }
        for (name, wish) in added {
            self.whole(changes, format!("{path}[{name}]"), inner, meaning, wish, &Value::Null);
        }
    }

    fn fields(
        self,
        changes: &mut Vec<AttributeChange>,
        meaning: Meaning,
        inner: &Type,
        path: impl Fn(&str) -> String,
        wanted: &[(&str, Wish<'_>)],
        live: &Values,
    ) {
        for (key, wish) in wanted {
            match live.get(*key).filter(|there| !there.is_null()) {
                Some(there) => self.compare(changes, &path(key), inner, meaning, *wish, there),
                None if wish.is_null() => {}
                None => self.whole(changes, path(key), inner, meaning, *wish, &Value::Null),
            }
        }
        for (key, there) in live.iter().filter(|(_, there)| !there.is_null()) {
            if wanted.binary_search_by(|(wanted, _)| (*wanted).cmp(key)).is_err() {
                let wish = Wish::Known(&Value::Null);
                self.whole(changes, path(key), inner, meaning, wish, there);
            }
        }
    }

    fn object(
        self,
        changes: &mut Vec<AttributeChange>,
        path: &str,
        (ty, fields): (&Type, &[Attribute]),
        meaning: Meaning,
        wish: Wish<'_>,
        live: &Value,
    ) {
        let (Some(wanted), Some(there)) = (wish.fields(), live.as_map()) else {
            return self.scalar(changes, path, ty, meaning, wish, live);
        };
        for field in fields {
            let place = wanted.binary_search_by(|(name, _)| (*name).cmp(field.name));
            let wish = place.map_or(Wish::Known(&Value::Null), |place| wanted[place].1);
            if is_compared(field, wish) {
                let there = there.get(field.name).unwrap_or(&Value::Null);
                let meaning = Meaning::of(field, Some(meaning));
                self.compare(
                    changes,
                    &format!("{path}.{}", field.name),
                    &field.ty,
                    meaning,
                    wish,
                    there,
                );
            }
        }
    }

    /// One change for all that stands at a path.
    fn whole(
        self,
        changes: &mut Vec<AttributeChange>,
        path: String,
        ty: &Type,
        meaning: Meaning,
        wish: Wish<'_>,
        live: &Value,
    ) {
        let is_hidden = meaning.sensitive || wish.holds_secret();
        let before = match live {
            Value::Null => Value::Null,
            _ if is_hidden || live.holds_secret() => Value::Secret(Secret::new("")),
            _ => self.label(ty, live),
        };
        let (before, after) = if is_hidden {
            (before, if wish.is_null() { After::Value(Value::Null) } else { After::Sensitive })
        } else {
            match wish.to_value().map(|value| (self.label(ty, &value), value)) {
                // Two of one address: only their ids tell them apart.
                Some((after, value)) if after == before => (live.clone(), After::Value(value)),
                Some((after, _)) => (before, After::Value(after)),
                None => (before, After::Unknown(self.label_wish(ty, wish))),
            }
        };
        changes.push(meaning.change(path, before, after));
    }
}

impl Meaning {
    const OF_A_TAG: Self = Self {
        overlapping: false,
        replaces: false,
        disruption: Disruption::None,
        class: DriftClass::Cosmetic,
        sensitive: false,
    };

    fn of(attribute: &Attribute, outer: Option<Self>) -> Self {
        let replaces = attribute.mutability == Mutability::Replace;
        let class = match (attribute.security, attribute.name) {
            (true, _) => DriftClass::Security,
            (false, "description" | "name") => DriftClass::Cosmetic,
            (false, _) => DriftClass::Functional,
        };
        let sensitive = attribute.sensitive;
        let overlapping = attribute.mutability == Mutability::Overlapping;
        let disruption = attribute.disruption;
        let inner = Self { replaces, overlapping, disruption, class, sensitive };
        outer.map_or(inner, |outer| Self {
            replaces: inner.replaces || outer.replaces,
            overlapping: inner.overlapping,
            disruption: inner.disruption.max(outer.disruption),
            class: inner.class.max(outer.class),
            sensitive: inner.sensitive || outer.sensitive,
        })
    }

    fn change(self, path: impl Into<String>, before: Value, after: After) -> AttributeChange {
        let Self { replaces, disruption, class, .. } = self;
        AttributeChange { path: path.into(), before, after, replaces, disruption, class }
    }
}

/// Whether a difference of the attribute means anything.
fn is_compared(attribute: &Attribute, wish: Wish<'_>) -> bool {
    let left_to_aws = matches!(attribute.presence, Presence::Unmanaged(_)) && wish.is_null();
    // What a step not yet taken decides is not known, whoever may read it back.
    let only_written = attribute.write_only && wish.to_value().is_some();
    attribute.mutability != Mutability::CreateOnly && !only_written && !left_to_aws
}

fn is_plain(ty: &Type) -> bool {
    ty.element().is_none() && !matches!(ty, Type::Object(_) | Type::OneOf(_))
}

/// A map; that there is none is an empty one.
fn as_map(value: &Value) -> Option<&Values> {
    static EMPTY: Values = Values::new();
    if value.is_null() { Some(&EMPTY) } else { value.as_map() }
}
