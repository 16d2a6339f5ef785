//! Differences that stay: those that the stack ignores, and those that AWS will make by itself.

use trueup_model::change::{After, AttributeChange};
use trueup_model::expression::Expressions;
use trueup_model::plan::WhyNot;
use trueup_model::{Expression, Kind, Live, Resource, Value};

use crate::diff::canonical;

/// What is wanted of one resource, as far as it is decided.
pub(crate) struct Wish<'w> {
    pub(crate) attributes: &'w mut Expressions,
    pub(crate) tags: &'w mut Expressions,
}

/// Takes out of `changes` what is left alone, says why, and brings the wish in line with it: an
/// update for another reason must not undo what is ignored.
pub(crate) fn leave_alone(
    kind: &Kind,
    resource: &Resource,
    live: &Live,
    changes: &mut Vec<AttributeChange>,
    wish: &mut Wish<'_>,
) -> Vec<WhyNot> {
    let mut withheld = Vec::new();
    let scheduled = |change: &AttributeChange, wanted: &Expressions| {
        is_scheduled(kind, live, top_level(&change.path), wanted)
    };
    let flushed = (kind.flushes)(wish.attributes)
        && changes.iter().any(|change| {
            top_level(&change.path) != "tags"
                && !scheduled(change, wish.attributes)
                && kept_because(resource, change).is_none()
        });
    changes.retain(|change| {
        if scheduled(change, wish.attributes) {
            if !flushed {
                let attribute = top_level(&change.path).to_owned();
                withheld.push(WhyNot::Scheduled { attribute });
            }
            return flushed;
        }
        let Some((key, reason)) = kept_because(resource, change) else { return true };
        keep(wish, live, key);
        let (attribute, reason) = (change.path.clone(), reason.to_owned());
        withheld.push(WhyNot::Ignored { attribute, reason });
        false
    });
    withheld.dedup();
    withheld
}

/// What of the stack keeps a difference, and the reason.
fn kept_because<'a>(
    resource: &'a Resource,
    change: &'a AttributeChange,
) -> Option<(&'a str, &'a str)> {
    let ignored = resource.ignore_changes.iter().find(|(key, _)| covers(key, &change.path));
    let ignored = ignored.map(|(key, reason)| (key.as_str(), reason.as_str()));
    ignored.or_else(|| is_theirs(resource, change).then_some((change.path.as_str(), THEIRS)))
}

/// The attribute that a path begins with.
pub(crate) fn top_level(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

fn is_scheduled(kind: &Kind, live: &Live, name: &str, wanted: &Expressions) -> bool {
    let (Some(attribute), Some(scheduled)) = (kind.attribute(name), live.scheduled.get(name))
    else {
        return false;
    };
    let wanted = wanted.get(name).and_then(Expression::to_value);
    wanted.is_some_and(|wanted| {
        canonical(&attribute.ty, &wanted) == canonical(&attribute.ty, scheduled)
    })
}

/// Why a tag of something adopted stays.
const THEIRS: &str = "it was adopted with this tag, or somebody added it: name it under 'tags' to keep \
                      it when 'adopt' is taken out";

/// Whether a tag is of whoever had something before it was adopted: tags are added to that, and none
/// is taken off as long as the stack says that it adopts.
fn is_theirs(resource: &Resource, change: &AttributeChange) -> bool {
    let is_tag = change.path.starts_with("tags.");
    resource.adopt.is_some() && is_tag && change.after == After::Value(Value::Null)
}

fn covers(key: &str, path: &str) -> bool {
    path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Wishes for what is there.
fn keep(wish: &mut Wish<'_>, live: &Live, key: &str) {
    if top_level(key) == "tags" {
        let one = key.strip_prefix("tags.");
        wish.tags.retain(|tag, _| one.is_some_and(|one| one != tag));
        let kept = live.tags.iter().filter(|(tag, _)| one.is_none_or(|one| one == *tag));
        wish.tags.extend(kept.map(|(tag, value)| (tag.clone(), value.as_str().into())));
        return;
    }
    let name = top_level(key);
    let there = live.attributes.get(name).cloned().unwrap_or_default();
    let kept = match wish.attributes.get(name) {
        Some(wanted) => kept_within(wanted, &there, &key[name.len()..]),
        None => there.into(),
    };
    wish.attributes.insert(name.to_owned(), kept);
}

/// What is wanted, of which some may not be known yet, with the part at `path` as it is there.
fn kept_within(wanted: &Expression, there: &Value, path: &str) -> Expression {
    match (wanted, step(path)) {
        (Expression::Value(wanted), _) => kept_part(wanted, there, path).into(),
        (Expression::Map(fields), Some((name, rest))) => {
            let mut fields = fields.clone();
            let kept = match fields.get(name) {
                Some(part) => kept_within(part, there.get(name), rest),
                None => kept_part(&Value::Null, there.get(name), rest).into(),
            };
            if kept.is_null() {
                fields.remove(name)
            } else {
                fields.insert(name.to_owned(), kept)
            };
            Expression::fold_map(fields)
        }
        _ => there.clone().into(),
    }
}

/// The first step of a path, `.field` or `[key]`, and the rest; none at its end.
fn step(path: &str) -> Option<(&str, &str)> {
    match (path.strip_prefix('['), path.strip_prefix('.')) {
        (Some(rest), _) => rest.split_once(']'),
        (_, Some(rest)) => Some(rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()))),
        (None, None) => None,
    }
}

/// The wanted value with the part at `path` as it is there.
fn kept_part(wanted: &Value, there: &Value, path: &str) -> Value {
    match (wanted, step(path)) {
        (Value::Map(fields), Some((name, rest))) => {
            let mut fields = fields.clone();
            let part = fields.get(name).cloned().unwrap_or_default();
            let kept = kept_part(&part, there.get(name), rest);
            if kept.is_null() {
                fields.remove(name)
            } else {
                fields.insert(name.to_owned(), kept)
            };
            Value::Map(fields)
        }
        _ => there.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_kept_and_the_rest_is_as_wanted() {
        let value = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let wanted = value(r#"{"a":"1","b":{"c":"2","d":"3"}}"#);
        let there = value(r#"{"a":"9","b":{"c":"8"}}"#);
        let kept = |path| kept_part(&wanted, &there, path).to_string();
        assert_eq!(kept(""), r#"{"a":"9","b":{"c":"8"}}"#);
        assert_eq!(kept("[a]"), r#"{"a":"9","b":{"c":"2","d":"3"}}"#);
        assert_eq!(kept("[a.b]"), r#"{"a":"1","b":{"c":"2","d":"3"}}"#);
        assert_eq!(kept(".b.c"), r#"{"a":"1","b":{"c":"8","d":"3"}}"#);
        assert_eq!(kept(".b.d"), r#"{"a":"1","b":{"c":"2"}}"#);
    }
}
