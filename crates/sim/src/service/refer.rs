//! References: what a text in an attribute names, and whether that can be used.

use std::collections::BTreeSet;

use trueup_model::kind::{Kind, Literal, ReferenceType};
use trueup_model::value::Values;
use trueup_provider::{Failure, FailureClass};

use super::{Service, invalid, missing, references};
use crate::faults::aws;
use crate::options::Latency;
use crate::tables;
use crate::world::{Item, Phase, World};

impl Service<'_> {
    /// The resource that a reference names.
    pub(super) fn referent(&self, reference: &ReferenceType, text: &str) -> Option<&Item> {
        let of_kinds = reference.kinds.iter().flat_map(|kind| self.world.of_kind(kind));
        of_kinds.into_iter().find(|item| names(reference, text, item))
    }

    /// Refuses attributes that name what does not exist or cannot be used yet.
    pub(super) fn check_references(
        &mut self,
        kind: &Kind,
        attributes: &Values,
    ) -> Result<(), Failure> {
        let mut hidden = BTreeSet::new();
        for (path, reference, text) in references(kind, attributes) {
            match self.referent(reference, text) {
                Some(item) if item.hidden_reads > 0 || item.hidden_until > self.now => {
                    hidden.insert(item.key());
                }
                Some(item) => self.usable(item)?,
                None if is_literal(reference, text, &self.world.account) => {}
                None => {
                    let kind = reference.kinds.first().copied().unwrap_or("resource");
                    let mut failure = missing(kind, text);
                    failure.help.push(format!("'{path}' names it"));
                    return Err(failure);
                }
            }
        }
        let Some(first) = hidden.first().cloned() else { return Ok(()) };
        for key in hidden {
            if let Some(item) = self.world.resources.get_mut(&key) {
                item.hidden_reads = item.hidden_reads.saturating_sub(1);
            }
        }
        let (kind, id) = first.split_once('/').unwrap_or_default();
        Err(Failure { class: FailureClass::NotYet, ..missing(kind, id) })
    }

    fn usable(&self, item: &Item) -> Result<(), Failure> {
        let declared = self.kind(item.kind.as_str())?;
        let [_, _, busy] = tables::codes(declared.service);
        let not_yet = |message: String| Err(aws(FailureClass::NotYet, busy, message));
        match &item.phase {
            Phase::Creating { .. } => {
                not_yet(format!("The {} is still pending", item.description()))
            }
            Phase::Deleting { .. } => Err(missing(item.kind.as_str(), &item.id)),
            Phase::Failed { state } => Err(invalid(
                "InvalidParameterValue",
                format!("The {} has failed: {state}", item.description()),
            )),
            Phase::Ready | Phase::Updating { .. } => {
                if self.has_propagated(item) {
                    Ok(())
                } else {
                    not_yet(format!("The {} cannot be used by others yet", item.description()))
                }
            }
        }
    }

    fn has_propagated(&self, item: &Item) -> bool {
        let row = tables::PROPAGATION.iter().find(|(kind, _)| item.kind == **kind);
        let seconds = row.map_or(0, |(_, seconds)| *seconds);
        self.options.latency == Latency::Instant
            || self.now >= item.created_at + u64::from(seconds) * 1000
    }

    /// Every resource that refers to this one, itself excluded.
    pub(super) fn referrers(&self, target: &Item) -> Vec<&Item> {
        let refers = |item: &&Item| {
            let Ok(kind) = self.kind(item.kind.as_str()) else { return false };
            let to_target = |(path, reference, text): &(String, &ReferenceType, &str)| {
                !is_loose(kind.name, path, target.kind.as_str())
                    && reference.kinds.iter().any(|kind| target.kind == **kind)
                    && names(reference, text, target)
            };
            item.key() != target.key() && references(kind, &item.attributes).iter().any(to_target)
        };
        self.world.resources.values().filter(refers).collect()
    }

    /// The VPC that a resource's references lead to, over any number of them.
    pub(super) fn vpc_of(&self, kind: &Kind, attributes: &Values) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Item> = self.named_in(kind, attributes);
        while let Some(item) = open.pop() {
            if item.kind == *"vpc" {
                return Some(item.key());
            }
            if seen.insert(item.key())
                && let Ok(kind) = self.kind(item.kind.as_str())
            {
                open.extend(self.named_in(kind, &item.attributes));
            }
        }
        None
    }

    /// The resources that attributes refer to.
    pub(super) fn named_in(&self, kind: &Kind, attributes: &Values) -> Vec<&Item> {
        let texts = references(kind, attributes);
        texts
            .into_iter()
            .filter_map(|(_, reference, text)| self.referent(reference, text))
            .collect()
    }

    /// The keys of the resources that some attributes refer to.
    pub(super) fn keys_in(
        &self,
        kind: &Kind,
        attributes: &Values,
        of: &[&str],
    ) -> BTreeSet<String> {
        let some = attributes.iter().filter(|(name, _)| of.contains(&name.as_str()));
        let some: Values = some.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.named_in(kind, &some).into_iter().map(Item::key).collect()
    }
}

/// Whether a reference lets what it names be deleted.
fn is_loose(kind: &str, path: &str, target: &str) -> bool {
    let attribute = path.split('.').next().unwrap_or(path);
    tables::LOOSE
        .iter()
        .any(|row| row.kind == kind && row.attribute == attribute && row.to.contains(&target))
}

/// Whether a text that stands in a reference names this resource.
fn names(reference: &ReferenceType, text: &str, item: &Item) -> bool {
    let output = |name: &str| item.outputs.get(name).and_then(|value| value.as_str());
    item.id == text
        || output(reference.output) == Some(text)
        || (reference.literal == Literal::Any && output("arn") == Some(text))
}

/// Whether a text may stand in a reference without a resource of ours behind it.
fn is_literal(reference: &ReferenceType, text: &str, account: &str) -> bool {
    let network = || text.parse::<ipnet::IpNet>().is_ok();
    let provided = || tables::PROVIDED.iter().any(|prefix| text.starts_with(prefix));
    let of_another_account = || {
        let mut parts = text.split(':');
        parts.next() == Some("arn") && parts.nth(3).is_some_and(|owner| owner != account)
    };
    match reference.literal {
        Literal::Id(_) => false,
        Literal::CidrOrId(_) => network() || text.starts_with("pl-"),
        Literal::Any => provided() || of_another_account(),
    }
}

impl World {
    /// Whether there is a resource of that kind whose attribute has that text.
    pub(super) fn has(&self, kind: &str, attribute: &str, text: &str) -> bool {
        self.of_kind(kind).any(|item| {
            item.attributes.get(attribute).and_then(|value| value.as_str()) == Some(text)
        })
    }
}
