//! What of a stack and of the live state is secret.
//!
//! AWS does not know what the file calls a secret and tells it back as plain text. So a snapshot is
//! sealed before anything is made from it: every text of an attribute whose declaration takes it from
//! a secret, and of an attribute that was applied with one, is secret itself, unless the stack says
//! that very text in plain.

use std::collections::BTreeSet;

use trueup_model::expression::Reference;
use trueup_model::seal::{self, Shown};
use trueup_model::snapshot::Surroundings;
use trueup_model::{
    Address, Attribute, Catalog, Expression, Kind, Live, Resource, Snapshot, Stack,
};

use crate::hash;

/// The snapshot with everything that no output may show as a secret.
///
/// What the stack does not describe (it left it, or it is another's) has no declaration to go by: what
/// it may hold secrets in is then hidden.
#[must_use]
pub fn seal(stack: &Stack, catalog: &Catalog, snapshot: &Snapshot) -> Snapshot {
    Secrets::new(stack, catalog).snapshot(snapshot)
}

/// Which attributes of a stack are taken from secrets.
pub(crate) struct Secrets<'a> {
    stack: &'a Stack,
    catalog: &'a Catalog,
    tainted: BTreeSet<(&'a Address, &'a str)>,
    /// The same by kind, for what has no address in the stack.
    by_kind: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Secrets<'a> {
    pub(crate) fn new(stack: &'a Stack, catalog: &'a Catalog) -> Self {
        let mut secrets =
            Self { stack, catalog, tainted: BTreeSet::new(), by_kind: BTreeSet::new() };
        // What reads a secret is one; so is what reads that.
        while secrets.spread() {}
        let by_kind = secrets.tainted.iter().map(|(address, name)| (address.kind.as_str(), *name));
        secrets.by_kind = by_kind.collect();
        secrets
    }

    pub(crate) fn stack(&self) -> &'a Stack {
        self.stack
    }

    fn spread(&mut self) -> bool {
        let mut found = Vec::new();
        for resource in self.stack.resources.values() {
            for (name, expression) in &resource.attributes {
                let key = (&resource.address, name.as_str());
                if !self.tainted.contains(&key) && self.is_secret(expression) {
                    found.push(key);
                }
            }
        }
        let more = !found.is_empty();
        self.tainted.extend(found);
        more
    }

    /// Whether an expression takes what it gives from a secret.
    pub(crate) fn is_secret(&self, expression: &Expression) -> bool {
        expression.holds_secret()
            || expression.references().into_iter().any(|reference| self.reads_secret(reference))
    }

    fn reads_secret(&self, reference: &Reference) -> bool {
        let (to, name) = (&reference.to, reference.attribute.as_str());
        let Some(kind) = self.catalog.get(to.kind.as_str()) else { return false };
        let made = kind.output(name).is_some();
        let mut told: Vec<&Attribute> = kind.told_by(name).collect();
        told.extend(kind.attribute(name).filter(|_| !made));
        told.into_iter().any(|attribute| {
            let hidden = attribute.sensitive || attribute.write_only;
            let of_another = reference.existing && attribute.may_hold_secrets;
            let mut instances = self.stack.instances(to);
            let mut is_tainted =
                || instances.any(|one| self.tainted.contains(&(&one.address, attribute.name)));
            hidden || of_another || (!reference.existing && is_tainted())
        })
    }

    /// The attributes that a resource takes from secrets and that AWS tells back.
    pub(crate) fn told_back(&self, resource: &Resource, kind: &'a Kind) -> Vec<&'a str> {
        let told = kind.attributes.iter().filter(|a| !a.sensitive && !a.write_only);
        let tainted = told.filter(|a| self.tainted.contains(&(&resource.address, a.name)));
        tainted.map(|attribute| attribute.name).collect()
    }

    /// The snapshot with everything that no output may show as a secret.
    pub(crate) fn snapshot(&self, snapshot: &Snapshot) -> Snapshot {
        let all = |lives: &[Live]| lives.iter().map(|live| self.live(live)).collect();
        let existing = snapshot.existing.iter();
        let around = snapshot.around.as_ref().map(|around| Surroundings {
            resources: all(&around.resources),
            unreadable: around.unreadable.clone(),
        });
        Snapshot {
            resources: all(&snapshot.resources),
            existing: existing.map(|(address, live)| (address.clone(), self.live(live))).collect(),
            around,
            ..snapshot.clone()
        }
    }

    /// The texts that the stack says in plain in an attribute that it takes from a secret.
    pub(crate) fn public_texts(&self, address: &Address, name: &str) -> Option<BTreeSet<&'a str>> {
        let (address, resource) = self.stack.resources.get_key_value(address)?;
        let (name, wish) = resource.attributes.get_key_value(name)?;
        self.tainted.contains(&(address, name.as_str())).then(|| wish.plain_texts())
    }

    /// The live resource with everything that no output may show as a secret.
    pub(crate) fn live(&self, live: &Live) -> Live {
        let Some(kind) = self.catalog.get(live.kind.as_str()) else { return live.clone() };
        let declared = self.declared(live);
        let applied = hash::secret_attributes(live.ownership.spec.as_deref().unwrap_or_default());
        seal::live(kind, live, |attribute| {
            let was = applied.contains(attribute.name);
            if let Some(resource) = declared {
                return self.shown(resource, attribute, was);
            }
            let known = self.by_kind.contains(&(kind.name, attribute.name));
            if was || known || attribute.may_hold_secrets {
                Shown::Only(BTreeSet::new())
            } else {
                Shown::Declared
            }
        })
    }

    fn shown<'s>(&self, resource: &'s Resource, attribute: &Attribute, was: bool) -> Shown<'s> {
        if !was && !self.tainted.contains(&(&resource.address, attribute.name)) {
            return Shown::Declared;
        }
        let wish = resource.attributes.get(attribute.name);
        Shown::Only(wish.map(Expression::plain_texts).unwrap_or_default())
    }

    /// The resource of the stack that describes a live one.
    fn declared(&self, live: &Live) -> Option<&'a Resource> {
        let owned = live.ownership.address.as_ref().filter(|_| live.is_owned_by(&self.stack.name));
        let at =
            |address| self.stack.resources.get(address).filter(|r| r.address.kind == live.kind);
        owned.and_then(at).or_else(|| {
            self.stack.resources.values().find(|resource| {
                resource.address.kind == live.kind
                    && (resource.adopt.as_ref() == Some(&live.id)
                        || (owned.is_some() && resource.moved_from.as_ref() == owned))
            })
        })
    }
}
