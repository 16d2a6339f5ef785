//! What a resource shall be, as far as that is known.

use trueup_model::expression::{EvaluationError, Expressions};
use trueup_model::plan::WhyNot;
use trueup_model::{Address, Expression, Kind, Value};

use super::{Context, Fate, Walk};
use crate::index::ResourceId;
use crate::resolve::{View, resolve_all, resolve_steady};

/// The attributes and tags of a resource with everything folded that is known.
pub(super) struct Resolved {
    /// As something new is made with.
    pub(super) attributes: Expressions,
    /// Those that are others where something is there already, which is compared with them.
    pub(super) steady: Expressions,
    pub(super) tags: Expressions,
}

impl Resolved {
    /// What something that is there is compared with.
    pub(super) fn compared(&self) -> Expressions {
        let mut compared = self.attributes.clone();
        compared.extend(self.steady.clone());
        compared
    }
}

impl Context<'_, '_> {
    pub(super) fn resolve(
        self,
        walk: &Walk,
        id: ResourceId,
        kind: &Kind,
        chosen: impl Fn(&str) -> bool,
    ) -> Result<Resolved, (String, EvaluationError)> {
        let view = self.view(&walk.decisions);
        let resource = self.index.resources[id];
        let evaluator = self.input.evaluator;
        let said = self.readers.attributes(id, resource);
        let attributes = resolve_all(&view, evaluator, kind, said, &chosen)?;
        let mut tags = Expressions::new();
        for (key, tag) in self.readers.tags(id, resource) {
            let tag = view
                .resolve(evaluator, None, tag)
                .map_err(|error| (format!("tags.{key}"), error))?;
            tags.insert(key.clone(), as_text(tag));
        }
        refuse_secrets(kind, &attributes, &tags)?;
        let steady = View { steady: true, ..view };
        let mut steady = resolve_steady(&steady, evaluator, kind, said, &attributes);
        steady.retain(|name, _| chosen(name));
        Ok(Resolved { attributes, steady, tags })
    }

    /// Why something that a wish reads stays unknown: no step makes it known.
    pub(super) fn never_known<'e>(
        self,
        walk: &Walk,
        wishes: impl Iterator<Item = &'e Expression> + Clone,
    ) -> Option<WhyNot> {
        let view = self.view(&walk.decisions);
        let not_looked_up = wishes.clone().find_map(|wish| view.not_looked_up(wish));
        not_looked_up.or_else(|| {
            let on = self.held_unfinished(walk, wishes)?;
            Some(WhyNot::DependsOn { on })
        })
    }

    /// What is still being made and held as it is: no step waits for what it will be.
    fn held_unfinished<'e>(
        self,
        walk: &Walk,
        wishes: impl Iterator<Item = &'e Expression>,
    ) -> Option<Address> {
        let mut read = wishes.flat_map(Expression::references).filter(|read| !read.existing);
        let held = read.find_map(|read| {
            self.index.instances(&read.to).find(|id| {
                walk.decisions[*id].as_ref().is_some_and(|decision| decision.fate == Fate::Held)
            })
        })?;
        Some(self.index.resources[held].address.clone())
    }
}

/// Names and tags are shown by AWS to everyone who may list what exists.
fn refuse_secrets(
    kind: &Kind,
    attributes: &Expressions,
    tags: &Expressions,
) -> Result<(), (String, EvaluationError)> {
    let name = kind.naming.and_then(|naming| {
        let name = attributes.get(naming.attribute)?;
        Some((naming.attribute.to_owned(), name))
    });
    let mut all = tags.iter().map(|(key, tag)| (format!("tags.{key}"), tag)).chain(name);
    match all.find(|(_, wish)| wish.holds_secret()) {
        None => Ok(()),
        Some((path, _)) => {
            let message = "a name or a tag cannot be taken from a secret".to_owned();
            Err((path.clone(), EvaluationError { source_text: path, message }))
        }
    }
}

/// A tag is a text, whatever an expression made of it.
fn as_text(tag: Expression) -> Expression {
    match tag {
        Expression::Value(value @ (Value::Bool(_) | Value::Int(_))) => value.to_string().into(),
        other => other,
    }
}
