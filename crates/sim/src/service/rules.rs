//! What AWS refuses of a resource besides its single attributes: names that are taken, networks
//! that overlap, quotas, tags.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use trueup_model::kind::{After, Kind, Unique, Which};
use trueup_model::value::{Value, Values};
use trueup_provider::{Failure, FailureClass};

use super::{Service, invalid};
use crate::faults::aws;
use crate::tables;
use crate::world::{Item, Phase, World, let_go};

impl Service<'_> {
    /// Refuses a name that another resource has where names are unique, or that is too long.
    pub(super) fn check_name(
        &self,
        kind: &Kind,
        attributes: &Values,
        own: Option<&str>,
    ) -> Result<(), Failure> {
        let Some(naming) = kind.naming else { return Ok(()) };
        let Some(name) = attributes.get(naming.attribute).and_then(Value::as_str) else {
            return Ok(());
        };
        if name.chars().count() > naming.maximum {
            let message = format!("'{name}' is longer than {} characters", naming.maximum);
            return Err(invalid("InvalidParameterValue", message));
        }
        let taken = self.world.of_kind(kind.name).find(|item| {
            Some(item.id.as_str()) != own
                && item.attributes.get(naming.attribute).and_then(Value::as_str) == Some(name)
                && (naming.unique != Unique::Vpc
                    || item.attributes.get("vpc") == attributes.get("vpc"))
        });
        let [code, ..] = tables::codes(kind.service);
        taken.map_or(Ok(()), |item| {
            let message = format!("The name '{name}' is taken by {}", item.description());
            Err(aws(FailureClass::Exists, code, message))
        })
    }

    /// Refuses networks that overlap their siblings or leave what contains them.
    pub(super) fn check_networks(&self, kind: &Kind, attributes: &Values) -> Result<(), Failure> {
        for row in tables::NETWORKS.iter().filter(|row| row.kind == kind.name) {
            let Some(network) = network(attributes.get(row.attribute)) else { continue };
            let containers = self.named_in(kind, &only(attributes, row.within));
            let around = containers.iter().flat_map(|item| {
                row.containers.iter().flat_map(|name| networks(item.attributes.get(*name)))
            });
            if !around.into_iter().any(|around| around.contains(&network)) {
                let message = format!("The CIDR '{network}' is not within its {}", row.within);
                return Err(invalid("InvalidSubnet.Range", message));
            }
            let other = self.world.of_kind(kind.name).find(|item| {
                item.attributes.get(row.within) == attributes.get(row.within)
                    && networks(item.attributes.get(row.attribute))
                        .any(|other| other.contains(&network) || network.contains(&other))
            });
            if let Some(other) = other {
                let message = format!("The CIDR '{network}' overlaps {}", other.description());
                return Err(aws(FailureClass::Exists, "InvalidSubnet.Conflict", message));
            }
        }
        Ok(())
    }

    /// Refuses values that another resource holds and does not give up, and gives what moves.
    pub(super) fn check_exclusive(
        &self,
        kind: &Kind,
        attributes: &Values,
        own: Option<&str>,
    ) -> Result<Vec<(String, &'static str, Value)>, Failure> {
        let mut moves = Vec::new();
        for row in tables::EXCLUSIVE.iter().filter(|row| row.kind == kind.name) {
            for value in elements(attributes.get(row.attribute)) {
                let others = self.world.of_kind(kind.name).filter(|item| {
                    Some(item.id.as_str()) != own
                        && elements(item.attributes.get(row.attribute)).contains(&value)
                });
                for other in others {
                    let Some(code) = row.code else {
                        moves.push((other.key(), row.attribute, value.clone()));
                        continue;
                    };
                    let message = format!("'{value}' is held by {}", other.description());
                    return Err(aws(FailureClass::Conflict, code, message));
                }
            }
        }
        Ok(moves)
    }

    /// Takes values away from those that held them.
    pub(super) fn take(&mut self, moves: Vec<(String, &'static str, Value)>) {
        for (key, attribute, value) in moves {
            let Some(item) = self.world.resources.get_mut(&key) else { continue };
            if let Phase::Updating { attributes, .. } = &mut item.phase {
                let_go(attributes, attribute, &value);
            }
            let_go(&mut item.attributes, attribute, &value);
        }
    }

    /// Refuses what comes before that which it needs.
    pub(super) fn check_order(&self, kind: &Kind, attributes: &Values) -> Result<(), Failure> {
        for after in &kind.after {
            let need = tables::NEEDS.iter().find(|n| n.kind == kind.name && n.needs == after.kind);
            let (Some(need), Some(vpc)) = (need, self.vpc_of(kind, attributes)) else { continue };
            let there = self.in_vpc(after.kind, &vpc);
            if !there.iter().any(|item| matches!(item.phase, Phase::Ready | Phase::Updating { .. }))
            {
                let message = format!("The VPC has no {} that can be used", after.kind);
                return Err(invalid(need.code, message));
            }
        }
        Ok(())
    }

    /// The resources of a kind in a VPC.
    pub(super) fn in_vpc(&self, kind: &str, vpc: &str) -> Vec<&Item> {
        let Ok(declared) = self.kind(kind) else { return Vec::new() };
        let inside = |item: &&Item| self.vpc_of(declared, &item.attributes).as_deref() == Some(vpc);
        self.world.of_kind(declared.name).filter(inside).collect()
    }

    /// Refuses one more than the account may have.
    pub(super) fn check_quota(&self, kind: &Kind, attributes: &Values) -> Result<(), Failure> {
        if !self.options.quotas {
            return Ok(());
        }
        for quota in tables::QUOTAS.iter().filter(|quota| quota.kind == kind.name) {
            let counts = |item: &&Item| {
                quota.within.is_none_or(|name| item.attributes.get(name) == attributes.get(name))
            };
            if self.world.of_kind(kind.name).filter(counts).count() >= quota.most {
                let message =
                    format!("The maximum of {} {} has been reached", quota.most, kind.name);
                return Err(aws(FailureClass::Quota, quota.code, message));
            }
        }
        Ok(())
    }

    /// Refuses tags that AWS does not take.
    pub(super) fn check_tags(kind: &Kind, tags: &BTreeMap<String, String>) -> Result<(), Failure> {
        let refuse = |message: String| Err(invalid("InvalidParameterValue", message));
        if !kind.taggable && !tags.is_empty() {
            return refuse(format!("A {} takes no tags", kind.name));
        }
        if tags.len() > 50 {
            return refuse(format!("{} tags are more than 50", tags.len()));
        }
        for (key, value) in tags {
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return refuse(format!("The tag '{key}' is too long or empty"));
            }
            if key.to_lowercase().starts_with("aws:") {
                return refuse(format!("The tag '{key}' has the reserved prefix aws:"));
            }
            let allowed =
                |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
            if matches!(kind.service, "rds" | "iam")
                && !format!("{key}{value}").chars().all(allowed)
            {
                return refuse(format!("The tag '{key}' has a character that is not allowed"));
            }
        }
        Ok(())
    }

    /// The name of what AWS makes by itself for a resource of this kind.
    pub(super) fn made_along(
        kind: &Kind,
        attributes: &Values,
    ) -> Vec<(&'static str, &'static str, String)> {
        let named = |after: &After| {
            let made = tables::MADE_BY_AWS.contains(&(kind.name, after.kind));
            let Which::NamedAfter { theirs, prefix, ours } = after.which else { return None };
            let name = attributes.get(ours).and_then(Value::as_str).filter(|_| made)?;
            Some((after.kind, theirs, format!("{prefix}{name}")))
        };
        kind.after.iter().filter_map(named).collect()
    }
}

fn only(attributes: &Values, name: &str) -> Values {
    attributes.get(name).map(|value| (name.to_owned(), value.clone())).into_iter().collect()
}

fn network(value: Option<&Value>) -> Option<IpNet> {
    value?.as_str()?.parse().ok()
}

fn networks(value: Option<&Value>) -> impl Iterator<Item = IpNet> {
    elements(value).into_iter().filter_map(|value| network(Some(&value)))
}

/// The elements of a list, or the one value.
fn elements(value: Option<&Value>) -> BTreeSet<Value> {
    match value {
        None | Some(Value::Null) => BTreeSet::new(),
        Some(Value::List(elements)) => elements.iter().cloned().collect(),
        Some(value) => [value.clone()].into(),
    }
}

impl World {
    /// Whether a key is that of something that is there.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.resources.contains_key(key)
    }
}
