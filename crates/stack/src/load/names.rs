//! What names mean: variables, inputs, modules, resources; and what is said of those that mean
//! nothing.

use trueup_model::snapshot::around::LOOKED_UP;
use trueup_model::{Address, Expression, Kind, Reference, Value};

use super::family::Keys;
use super::scope::Standpoint;
use super::{Loader, Reported};
use crate::expression::ResourceName;
use crate::source::Span;
use crate::suggest;

impl Loader<'_> {
    pub(super) fn ambient(&self, name: &str) -> Option<Value> {
        match name {
            "stack" => Some(self.name.as_str().into()),
            "region" => self.region.as_deref().or(self.request.region).map(Value::from),
            "account" => self.account.as_deref().or(self.request.account).map(Value::from),
            _ => None,
        }
    }

    pub(super) fn binding(
        &self,
        standpoint: Standpoint<'_>,
        root: &str,
        field: &str,
        at: Span,
    ) -> Result<Expression, Reported> {
        let unit = &self.units[standpoint.unit];
        let fault = |code, message: String, help: String| {
            Err(self.report(self.error(code, message, at).help(help)))
        };
        match root {
            "each" => {
                let Some(each) = standpoint.each else {
                    let message = "`each` means something only where there is a for_each";
                    let help = "add `for_each: [a, b]` to the resource";
                    return fault("unknown-name", message.to_owned(), help.to_owned());
                };
                match field {
                    "key" => Ok(each.key.as_str().into()),
                    "value" => Ok(each.value.clone().into()),
                    "index" => Ok(each.index.into()),
                    _ => {
                        let message = format!("`each` has no '{field}'");
                        let help = "it has each.key, each.value and each.index";
                        fault("unknown-name", message, help.to_owned())
                    }
                }
            }
            _ if (root == "var") == unit.is_module() => {
                let (message, help) = if unit.is_module() {
                    ("a module sees only its inputs", "write `input.`, and declare it in `inputs`")
                } else {
                    ("a stack has no inputs", "write `var.`, and declare it in `variables`")
                };
                fault("unknown-name", message.to_owned(), help.to_owned())
            }
            _ if !unit.declarations.contains_key(field) => {
                let (what, section) =
                    if root == "var" { ("variable", "variables") } else { ("input", "inputs") };
                if unit.section(section).is_some_and(|s| s.value.get(field).is_some()) {
                    // Its declaration is faulty, which is reported there.
                    return Err(Reported);
                }
                let known = unit.declarations.keys().map(String::as_str);
                let nothing =
                    format!("declare it in `{section}: {{ {field}: {{ type: string }} }}`");
                let help = suggest::advice(field, known, &nothing);
                fault("unknown-variable", format!("there is no {what} '{field}'"), help)
            }
            "var" => match self.variables.get(field) {
                Some(value) => Ok(value.clone().into()),
                None => Err(Reported),
            },
            _ => self.input(standpoint.unit, field),
        }
    }

    pub(super) fn no_output(&self, unit: usize, name: &str, at: Span) -> Reported {
        let outputs = self.units[unit].section("outputs").and_then(|s| s.value.entries());
        let known: Vec<&str> =
            outputs.unwrap_or_default().iter().map(|output| output.key.as_str()).collect();
        let help = suggest::advice(name, known.iter().copied(), "it has no outputs");
        let module = self.units[unit].prefix();
        let message = format!("{} has no output '{name}'", module.trim_end_matches('.'));
        self.report(self.error("unknown-name", message, at).help(help))
    }

    /// The unit of a module that is named relative to another.
    pub(super) fn module_unit(
        &self,
        unit: usize,
        modules: &[String],
        at: Span,
    ) -> Result<usize, Reported> {
        let mut unit = unit;
        for name in modules {
            unit = *self.units[unit].children.get(name).ok_or_else(|| {
                let declared = self.units[unit].section("module");
                if declared.is_some_and(|section| section.value.get(name).is_some()) {
                    // Its file cannot be read, which is reported there.
                    return Reported;
                }
                let known = self.units[unit].children.keys().map(String::as_str);
                let help = suggest::advice(name, known, "there are no modules here");
                let message = format!("there is no module '{name}'");
                self.report(self.error("unknown-name", message, at).help(help))
            })?;
        }
        Ok(unit)
    }

    /// The reference that a name of a resource is; everything in it is checked.
    pub(super) fn resource_name(
        &self,
        unit: usize,
        resource: &ResourceName,
        key: Option<String>,
        at: Span,
    ) -> Result<Reference, Reported> {
        let unit = self.module_unit(unit, &resource.modules, at)?;
        let ResourceName { kind, name, attribute, existing, .. } = resource;
        if *existing && LOOKED_UP.contains(&kind.as_str()) {
            let message = format!("existing.{kind}.{name} is an end of sentences and no value");
            let help = "name it in `expect`; write what you need of it down as a variable";
            return Err(self.report(self.error("unknown-reference", message, at).help(help)));
        }
        let kind = self.kind_named(unit, kind, at)?;
        if *existing {
            self.check_existing(unit, kind.name, name, at)?;
        } else {
            self.check_instance(unit, kind, name, key.as_deref(), at)?;
        }
        if kind.attribute(attribute).is_none() && kind.output(attribute).is_none() {
            return Err(self.no_attribute(kind, attribute, at));
        }
        let modules = self.units[unit].modules.clone();
        let to = Address { modules, kind: kind.key(), name: name.clone(), key };
        Ok(Reference { to, attribute: attribute.clone(), existing: *existing })
    }

    fn no_attribute(&self, kind: &Kind, attribute: &str, at: Span) -> Reported {
        let attributes = kind.attributes.iter().map(|attribute| attribute.name);
        let known = attributes.chain(kind.outputs.iter().map(|output| output.name));
        let help = suggest::advice(attribute, known, "");
        let message =
            format!("{} {} has no attribute '{attribute}'", article(kind.name), kind.name);
        self.report(self.error("unknown-attribute", message, at).help(help))
    }

    pub(super) fn kind_named(&self, unit: usize, name: &str, at: Span) -> Result<&Kind, Reported> {
        if let Some(kind) = self.request.catalog.get(name) {
            return Ok(kind);
        }
        if self.units[unit].unknown_sections.contains(name) {
            return Err(Reported);
        }
        Err(self.unknown_word(unit, name, at))
    }

    pub(super) fn check_existing(
        &self,
        unit: usize,
        kind: &str,
        name: &str,
        at: Span,
    ) -> Result<(), Reported> {
        let names = self.units[unit].existing.get(kind);
        if names.is_some_and(|names| names.contains(name)) {
            return Ok(());
        }
        let known = names.into_iter().flatten().map(String::as_str);
        let nothing = format!("declare it: `existing: {{ {kind}: {{ {name}: {{ id: … }} }} }}`");
        let help = suggest::advice(name, known, &nothing);
        let message = format!("there is no existing.{kind}.{name}");
        Err(self.report(self.error("unknown-reference", message, at).help(help)))
    }

    /// That a resource, or the instance of a family, is declared.
    pub(super) fn check_instance(
        &self,
        unit: usize,
        kind: &Kind,
        name: &str,
        key: Option<&str>,
        at: Span,
    ) -> Result<(), Reported> {
        let families = self.units[unit].families.get(kind.name);
        if !families.is_some_and(|families| families.contains_key(name)) {
            return Err(self.no_resource(unit, kind, name, at));
        }
        // Faults of the family itself are reported there.
        let keys = self.keys(unit, kind.name, name).ok_or(Reported)?;
        let address = format!("{}{}.{name}", self.units[unit].prefix(), kind.name);
        let Some(key) = key else { return Ok(()) };
        let (message, help) = match keys {
            Keys::Each(instances) if instances.contains_key(key) => return Ok(()),
            Keys::Each(_) => {
                let known = keys.names().unwrap_or_default();
                let help = suggest::advice(key, known.iter().copied(), "its for_each is empty");
                (format!("{address} has no instance '{key}'"), help)
            }
            Keys::Single => {
                let help = format!("write {address}: it has no for_each");
                (format!("{address} has no instances"), help)
            }
        };
        Err(self.report(self.error("unknown-reference", message, at).help(help)))
    }

    fn no_resource(&self, unit: usize, kind: &Kind, name: &str, at: Span) -> Reported {
        let unit = &self.units[unit];
        let kind = kind.name;
        let message = format!("there is no {}{kind} '{name}'", unit.prefix());
        let error = self.error("unknown-reference", message, at);
        if unit.existing.get(kind).is_some_and(|names| names.contains(name)) {
            return self.report(error.help(format!("write existing.{kind}.{name}")));
        }
        let known = unit.families.get(kind).into_iter().flat_map(|names| names.keys());
        let nothing = format!("declare it: `{kind}: {{ {name}: … }}`");
        let help = suggest::advice(name, known.map(String::as_str), &nothing);
        self.report(error.help(help))
    }

    /// A word at the beginning of a name that means nothing.
    fn unknown_word(&self, unit: usize, word: &str, at: Span) -> Reported {
        let unit = &self.units[unit];
        let error = self.error("unknown-name", format!("there is nothing called '{word}'"), at);
        let root = if unit.is_module() { "input" } else { "var" };
        if unit.declarations.contains_key(word) {
            return self.report(error.help(format!("did you mean `{root}.{word}`?")));
        }
        let roots = [root, "each", "stack", "region", "account", "existing", "module"];
        let kinds = unit.families.keys().map(String::as_str);
        let help = suggest::advice(word, roots.into_iter().chain(kinds), "");
        self.report(error.help(help))
    }

    /// The beginning of a name, without the rest.
    pub(super) fn incomplete(
        &self,
        standpoint: Standpoint<'_>,
        parts: &[String],
        at: Span,
    ) -> Reported {
        let unit = standpoint.unit;
        let words: Vec<&str> = parts.iter().map(String::as_str).collect();
        let help = match words.as_slice() {
            ["var" | "input", ..] => format!("name one: `{}.NAME`", words[0]),
            ["each", ..] => "write each.key, each.value or each.index".to_owned(),
            ["existing", ..] => "write existing.KIND.NAME.ATTRIBUTE".to_owned(),
            ["module", ..] => {
                "write module.NAME.outputs.OUTPUT, or module.NAME.KIND.RESOURCE.ATTRIBUTE"
                    .to_owned()
            }
            [kind, rest @ ..] => {
                let Ok(kind) = self.kind_named(unit, kind, at) else { return Reported };
                if let [name, ..] = rest
                    && self.check_instance(unit, kind, name, None, at).is_err()
                {
                    return Reported;
                }
                let name = rest.first().copied().unwrap_or("NAME");
                format!("name an attribute: `{}.{name}.id`", kind.name)
            }
            [] => String::new(),
        };
        let message = format!("'{}' is not a value", parts.join("."));
        self.report(self.error("incomplete-name", message, at).help(help))
    }
}

/// The indefinite article of a word.
pub(super) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
