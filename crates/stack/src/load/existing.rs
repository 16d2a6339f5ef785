//! The section `existing`: things that are looked up and never changed.

use std::collections::BTreeMap;

use trueup_model::stack::{By, Existing};
use trueup_model::{Address, Expression, Value};

use super::scope::{Findings, Standpoint};
use super::secrets::NAMES_ARE_SHOWN;
use super::{Loader, Reported};
use crate::suggest;
use crate::yaml::Entry;

const WAYS: [&str; 6] = ["id", "name", "tags", "default", "stack", "address"];

impl Loader<'_> {
    /// Everything that all files look up.
    pub(super) fn lookups(&self) -> BTreeMap<Address, Existing> {
        let mut found = BTreeMap::new();
        for (number, unit) in self.units.iter().enumerate() {
            let Some(section) = unit.section("existing") else { continue };
            for (kind, names) in &unit.existing {
                let Some(entries) = section.value.get(kind).and_then(|kind| kind.entries()) else {
                    continue;
                };
                for entry in entries.iter().filter(|entry| names.contains(&entry.key)) {
                    self.refuse_second(number, kind, entry);
                    let Ok(by) = self.by(number, entry) else { continue };
                    let address = Address {
                        modules: unit.modules.clone(),
                        kind: kind.clone().into(),
                        name: entry.key.clone(),
                        key: None,
                    };
                    let location = Some(self.sources.locate(entry.key_span));
                    found.insert(address.clone(), Existing { address, by, location });
                }
            }
        }
        found
    }

    /// A bare name must mean one thing.
    fn refuse_second(&self, unit: usize, kind: &str, entry: &Entry) {
        let unit = &self.units[unit];
        if let Some(family) = unit.families.get(kind).and_then(|names| names.get(&entry.key)) {
            let name = &entry.key;
            let message = format!("'{name}' is also the name of {kind}.{name}");
            let other = self.sources.locate(unit.at(family.place).key_span);
            let error = self.error("duplicate-name", message, entry.key_span);
            self.report(error.related(other, "declared here"));
        }
    }

    fn by(&self, unit: usize, entry: &Entry) -> Result<By, Reported> {
        let fault = |message: String, span| {
            let help = "write one of `id: …`, `name: …`, `tags: {…}`, `default: true`, or \
                        `{ stack: …, address: … }`";
            self.report(self.error("bad-lookup", message, span).help(help))
        };
        let fields = entry.value.entries().ok_or_else(|| {
            let found = entry.value.describe();
            fault(format!("'{}' says how it is found, not {found}", entry.key), entry.value.span)
        })?;
        if let Some(unknown) = fields.iter().find(|field| !WAYS.contains(&field.key.as_str())) {
            let message = format!("'{}' is no way to find something", unknown.key);
            let help = suggest::advice(&unknown.key, WAYS, "");
            let error = self.error("bad-lookup", message, unknown.key_span);
            return Err(self.report(error.help(help)));
        }
        let text = |field: &Entry| match self.known(unit, field)? {
            Value::String(text) => Ok(text),
            Value::Int(number) => Ok(number.to_string()),
            other => {
                let message = format!("'{}' takes a string, not {}", field.key, other.type_name());
                Err(fault(message, field.value.span))
            }
        };
        let mut sorted: Vec<&Entry> = fields.iter().collect();
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        let ways: Vec<&str> = sorted.iter().map(|field| field.key.as_str()).collect();
        match (ways.as_slice(), sorted.as_slice()) {
            (["id"], [field]) => Ok(By::Id(text(field)?)),
            (["name"], [field]) => Ok(By::Name(text(field)?)),
            (["default"], [field]) => match self.known(unit, field)? {
                Value::Bool(true) => Ok(By::Default),
                _ => Err(fault("'default' can only be true".to_owned(), field.value.span)),
            },
            (["tags"], [field]) => match self.known(unit, field)? {
                Value::Map(tags) if !tags.is_empty() => Ok(By::Tags(
                    tags.into_iter().map(|(key, tag)| (key, tag.to_string())).collect(),
                )),
                _ => {
                    Err(fault("'tags' takes a map that is not empty".to_owned(), field.value.span))
                }
            },
            (["address", "stack"], [address, stack]) => {
                let written = text(address)?;
                let parsed = written.parse().map_err(|_| {
                    fault(format!("'{written}' is not an address"), address.value.span)
                })?;
                Ok(By::Stack { stack: text(stack)?, address: parsed })
            }
            _ => Err(fault(format!("'{}' is found in one way", entry.key), entry.key_span)),
        }
    }

    /// The value of a field that must be known from the file.
    fn known(&self, unit: usize, field: &Entry) -> Result<Value, Reported> {
        let standpoint = Standpoint { unit, each: None };
        let expression = self.untyped(standpoint, &field.value, &mut Findings::default())?;
        if let Expression::Value(value) = expression {
            if value.holds_secret() {
                return Err(self.secret_shown(&field.key, NAMES_ARE_SHOWN, field.value.span));
            }
            return Ok(value);
        }
        let message = format!("'{}' must be known from the file alone", field.key);
        Err(self.report(self.error("unknown-value", message, field.value.span)))
    }
}
