//! How a resource is made.

use std::collections::BTreeMap;

use trueup_model::kind::{Attribute, Kind, Mutability, Presence};
use trueup_model::value::{Value, Values};
use trueup_provider::{Failure, FailureClass};

use super::outputs::Maker;
use super::{Service, invalid, shape};
use crate::chance::{hex, mix};
use crate::faults::{Fault, aws};
use crate::tables;
use crate::world::{Item, Phase, TokenUse, World};

/// The answer to a create call.
pub(crate) struct Made {
    /// The id of what the call made, or of what an earlier call with the same token made.
    pub(crate) id: String,
    /// Whether that has been deleted since: a token that answers so is of no use any more.
    pub(crate) dead: bool,
}

impl Service<'_> {
    /// Makes a resource.
    pub(crate) fn create(
        &mut self,
        name: &str,
        attributes: &Values,
        tags: &BTreeMap<String, String>,
        token: Option<&str>,
    ) -> Result<Made, Failure> {
        let kind = self.kind(name)?;
        let digest = hex(0, &[&digested(attributes), &format!("{tags:?}")], 32);
        let token = token.map(|token| format!("{name}/{token}"));
        if let Some(used) = token.as_ref().and_then(|token| self.world.tokens.get(token)) {
            return self.answer_again(kind, used, &digest);
        }
        let write_only = write_only(kind, attributes);
        let attributes = self.complete(kind, attributes)?;
        Self::check_tags(kind, tags)?;
        self.check_references(kind, &attributes)?;
        self.check_name(kind, &attributes, None)?;
        self.check_networks(kind, &attributes)?;
        self.check_order(kind, &attributes)?;
        let moves = self.check_exclusive(kind, &attributes, None)?;
        self.check_quota(kind, &attributes)?;
        let id = self.insert(kind, attributes, tags)?;
        self.item_mut(name, &id)?.write_only = write_only;
        self.take(moves);
        if let Some(token) = token {
            self.world.tokens.insert(token, TokenUse { id: id.clone(), digest });
        }
        Ok(Made { id, dead: false })
    }

    fn answer_again(&self, kind: &Kind, used: &TokenUse, digest: &str) -> Result<Made, Failure> {
        if used.digest != digest {
            let message = "The client token was used before with other parameters";
            return Err(invalid("IdempotentParameterMismatch", message));
        }
        let there = self.world.get(kind.name, &used.id);
        let dead = there.is_none_or(Item::is_deleting);
        Ok(Made { id: used.id.clone(), dead })
    }

    /// What was asked, checked, with AWS's own values for what was not.
    fn complete(&self, kind: &Kind, asked: &Values) -> Result<Values, Failure> {
        for name in asked.keys() {
            if kind.attribute(name).is_none() {
                let message = format!("A {} has no attribute '{name}'", kind.name);
                return Err(invalid("UnknownParameter", message));
            }
        }
        let mut values = Values::new();
        for attribute in &kind.attributes {
            let given = asked.get(attribute.name);
            check_value(kind, attribute, given.unwrap_or(&Value::Null), attribute.late)?;
            if !attribute.write_only {
                values.insert(attribute.name.to_owned(), self.first_value(attribute, given, asked));
            }
        }
        let lower_case = kind.naming.filter(|naming| naming.lower_case);
        if let Some(name) = lower_case.and_then(|naming| values.get_mut(naming.attribute))
            && let Value::String(text) = name
        {
            *text = text.to_lowercase();
        }
        Self::settle(kind, asked, &mut values);
        self.copy(kind, &mut values);
        self.place(kind, &mut values);
        Ok(values)
    }

    fn first_value(&self, attribute: &Attribute, given: Option<&Value>, all: &Values) -> Value {
        let halved = self.fault.is_some_and(Fault::halves)
            && attribute.mutability == Mutability::InPlace
            && matches!(attribute.presence, Presence::Default(..));
        match given.filter(|_| !halved) {
            Some(value) if !value.is_null() => {
                let seed = mix(self.world.seed, &[&digested(all)]);
                shape::filled(&attribute.ty, shape::stored(attribute, value), seed)
            }
            _ if matches!(attribute.presence, Presence::Unmanaged(_)) => {
                let seed = self.world.seed;
                shape::sample(attribute, &self.world.region, &digested(all), seed)
            }
            _ => shape::stored(attribute, &shape::default_of(attribute)),
        }
    }

    /// Short forms become what AWS reports for them, and what was left out what AWS takes then.
    pub(super) fn settle(kind: &Kind, asked: &Values, values: &mut Values) {
        for row in tables::SETTLED.iter().filter(|row| row.kind == kind.name) {
            let (other, start) = row.when;
            let applies = values
                .get(other)
                .and_then(Value::as_str)
                .is_some_and(|text| text.starts_with(start));
            let Some(value) = values.get_mut(row.attribute).filter(|_| applies) else { continue };
            if asked.get(row.attribute).is_none_or(Value::is_null) {
                *value = row.default.into();
            }
            let short = value.as_str().unwrap_or_default();
            if let Some((_, full)) = row.values.iter().find(|(form, _)| *form == short) {
                *value = (*full).into();
            }
        }
    }

    /// What a copy has from its source.
    fn copy(&self, kind: &Kind, values: &mut Values) {
        for row in tables::COPIED.iter().filter(|row| row.kind == kind.name) {
            let source = values.get(row.from).and_then(Value::as_str);
            let Some(source) = source.and_then(|id| self.world.get(kind.name, id)) else {
                continue;
            };
            let copied = row.attributes.iter().filter_map(|name| {
                Some(((*name).to_owned(), source.attributes.get(*name)?.clone()))
            });
            let copied: Vec<(String, Value)> = copied.collect();
            values.extend(copied);
        }
    }

    /// Addresses that were left to AWS lie in the subnet.
    fn place(&self, kind: &Kind, values: &mut Values) {
        let subnet = self.named_in(kind, values).into_iter().find(|item| item.kind == *"subnet");
        let network = subnet.and_then(|item| item.attributes.get("cidr_block")?.as_str());
        let Some(network) = network.and_then(|text| text.parse::<ipnet::Ipv4Net>().ok()) else {
            return;
        };
        for attribute in &kind.attributes {
            let chosen = attribute.name == "private_ip"
                && matches!(attribute.presence, Presence::Unmanaged(_));
            let Some(value) = values.get_mut(attribute.name).filter(|_| chosen) else { continue };
            let given =
                value.as_str().is_some_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok());
            // AWS keeps the first four addresses of a subnet, and the last.
            let number = mix(self.world.seed, &[&value.to_string()]) % 10;
            let number = usize::try_from(number).unwrap_or(0) + 3;
            if let Some(address) = network.hosts().nth(number).filter(|_| !given) {
                *value = address.to_string().into();
            }
        }
    }

    /// Puts a resource into the world; its creation begins now.
    pub(crate) fn insert(
        &mut self,
        kind: &Kind,
        attributes: Values,
        tags: &BTreeMap<String, String>,
    ) -> Result<String, Failure> {
        let maker = Maker { world: self.world, kind, attributes: &attributes };
        let hint = match tags.get(trueup_model::snapshot::ADDRESS_TAG) {
            Some(address) => address.clone(),
            None => digested(&attributes),
        };
        let id = maker.id(&hint);
        let outputs = maker.outputs(&id, 0);
        let key = World::key(kind.name, &id);
        if self.world.holds(&key) {
            let [code, ..] = tables::codes(kind.service);
            let message = format!("The {} '{id}' exists already", kind.name);
            return Err(aws(FailureClass::Exists, code, message));
        }
        let breaks = self.fault == Some(Fault::Breaks) && tables::CAN_BREAK.contains(&kind.name);
        let breaks = breaks.then(|| "failed".to_owned());
        let until = self.now + self.takes(kind.times.create, &[&key, "create"]);
        let along = Self::made_along(kind, &attributes);
        let (hidden_until, untagged_until) = self.shows_from(&key);
        let item = Item {
            kind: kind.key(),
            id: id.clone(),
            attributes,
            outputs,
            tags: tags.clone(),
            default: false,
            made_along: false,
            write_only: Values::new(),
            phase: Phase::Creating { until, breaks },
            created_at: self.now,
            revision: 0,
            hidden_until,
            untagged_until,
            hidden_reads: reads(self.fault, |fault| match fault {
                Fault::Hidden(reads) => Some(reads),
                _ => None,
            }),
            untagged_reads: reads(self.fault, |fault| match fault {
                Fault::TagsLag(reads) => Some(reads),
                _ => None,
            }),
            stale: None,
            scheduled: Values::new(),
        };
        self.world.resources.insert(key, item);
        for (kind, attribute, name) in along {
            self.make_along(kind, attribute, name)?;
        }
        Ok(id)
    }

    fn make_along(&mut self, kind: &str, attribute: &str, name: String) -> Result<(), Failure> {
        let Some(declared) = self.catalog.get(kind) else { return Ok(()) };
        if self.world.has(kind, attribute, &name) {
            return Ok(());
        }
        let mut attributes = self.defaults(declared);
        attributes.insert(attribute.to_owned(), name.into());
        self.fault = None;
        let id = self.insert(declared, attributes, &BTreeMap::new())?;
        self.item_mut(kind, &id)?.made_along = true;
        Ok(())
    }

    /// Every attribute as AWS makes it when nothing is asked.
    pub(crate) fn defaults(&self, kind: &Kind) -> Values {
        let readable = kind.attributes.iter().filter(|attribute| !attribute.write_only);
        let value = |attribute: &Attribute| self.first_value(attribute, None, &Values::new());
        readable.map(|attribute| (attribute.name.to_owned(), value(attribute))).collect()
    }
}

/// Refuses a value that an attribute does not take.
pub(super) fn check_value(
    kind: &Kind,
    attribute: &Attribute,
    value: &Value,
    later: bool,
) -> Result<(), Failure> {
    let required = matches!(attribute.presence, Presence::Required);
    if required && value.is_null() && !later {
        let message = format!("A {} needs '{}'", kind.name, attribute.name);
        return Err(invalid("MissingParameter", message));
    }
    shape::fits(&attribute.ty, value).map_err(|fault| {
        invalid("InvalidParameterValue", format!("{}.{} {fault}", kind.name, attribute.name))
    })
}

/// Of some attributes, those that are never told back.
pub(super) fn write_only(kind: &Kind, values: &Values) -> Values {
    let untold = |name: &str| kind.attribute(name).is_some_and(|attribute| attribute.write_only);
    let untold = values.iter().filter(|(name, value)| untold(name) && !value.is_null());
    untold.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn reads(fault: Option<Fault>, of: impl Fn(Fault) -> Option<u32>) -> u32 {
    fault.and_then(of).unwrap_or(0)
}

/// A text that stands for values in digests; a secret counts by what it is.
fn digested(values: &Values) -> String {
    fn write(value: &Value, text: &mut String) {
        match value {
            Value::Secret(secret) => text.push_str(&hex(0, &[secret.reveal()], 32)),
            Value::List(elements) => {
                text.push('[');
                for element in elements {
                    write(element, text);
                }
                text.push(']');
            }
            Value::Map(fields) => fields.iter().for_each(|(name, field)| {
                text.push_str(name);
                text.push('=');
                write(field, text);
                text.push(';');
            }),
            other => text.push_str(&other.to_string()),
        }
    }
    let mut text = String::new();
    write(&Value::Map(values.clone()), &mut text);
    text
}
