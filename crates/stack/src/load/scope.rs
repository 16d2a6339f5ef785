//! What names mean where they stand, and the expressions made of them.

use trueup_model::expression::Expressions;
use trueup_model::{Address, Evaluator, Expression, Kind, Reference, Template, Value};

use super::family::{Each, Keys};
use super::{Loader, Reported};
use crate::expression::{
    CelEvaluator, FILE, Key, Name, Nothing, Program, ResourceName, Slot, Text, evaluate_part,
    has_expression, nest,
};
use crate::source::Span;
use crate::suggest;
use crate::yaml::{Content, Node};

/// Where an expression stands: the file, and the instance if it is in a family.
#[derive(Clone, Copy)]
pub(super) struct Standpoint<'s> {
    pub(super) unit: usize,
    pub(super) each: Option<&'s Each>,
}

/// What expressions turned out to read.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) references: Vec<Reference>,
}

/// A text that is being read: where its expressions stand.
struct Reading<'r> {
    standpoint: Standpoint<'r>,
    text: &'r str,
    span: Span,
}

impl Loader<'_> {
    /// The expression that a text with `${…}` is; a value if nothing in it waits for a resource.
    pub(super) fn text(
        &self,
        standpoint: Standpoint<'_>,
        text: &str,
        span: Span,
        findings: &mut Findings,
    ) -> Result<Expression, Reported> {
        let compiled = Text::compile(text).map_err(|fault| {
            let place = self.inside(span, text, fault.start, fault.end);
            let error = self.error("bad-expression", fault.message, place);
            self.report(match fault.help {
                Some(help) => error.help(help),
                None => error,
            })
        })?;
        let reading = Reading { standpoint, text, span };
        if let Some(slot) = compiled.single().and_then(Program::bare) {
            let at = self.inside(span, text, 2 + slot.start, 2 + slot.end);
            if let Some(passed) = self.passed_through(standpoint, &slot.name, at)? {
                findings.references.extend(passed.references().into_iter().cloned());
                return Ok(passed);
            }
        }
        let mut template = Template {
            source: text.to_owned(),
            bindings: std::collections::BTreeMap::new(),
            modules: self.units[standpoint.unit].modules.clone(),
            references: Vec::new(),
        };
        let mut bound = Ok(());
        for (program, start) in compiled.programs() {
            bound = bound.and(self.bind(&reading, program, start, &mut template));
        }
        bound?;
        if compiled.single().is_none() {
            self.refuse_lists(&compiled, &reading)?;
        }
        template.references.sort();
        template.references.dedup();
        match CelEvaluator.evaluate(&template, &Nothing) {
            Ok(Some(value)) => Ok(Expression::Value(value)),
            Ok(None) => {
                findings.references.extend(template.references.iter().cloned());
                Ok(Expression::Template(template))
            }
            Err(fault) => {
                let error = self.error("bad-expression", fault.message, span);
                Err(self.report(error))
            }
        }
    }

    /// An input or output of a module that stands alone is the expression that was passed.
    fn passed_through(
        &self,
        standpoint: Standpoint<'_>,
        name: &Name,
        at: Span,
    ) -> Result<Option<Expression>, Reported> {
        match name {
            Name::Binding(root @ "input", field) => {
                self.binding(standpoint, root, field, at).map(Some)
            }
            Name::Output { modules, name } => {
                self.passed_out(standpoint, modules, name, at).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn passed_out(
        &self,
        standpoint: Standpoint<'_>,
        modules: &[String],
        name: &str,
        at: Span,
    ) -> Result<Expression, Reported> {
        let unit = self.module_unit(standpoint.unit, modules, at)?;
        self.output(unit, name).unwrap_or_else(|| Err(self.no_output(unit, name, at)))
    }

    /// A family's attribute is a list, which cannot stand within a text.
    fn refuse_lists(&self, text: &Text, reading: &Reading<'_>) -> Result<(), Reported> {
        for (program, start) in text.programs() {
            let Some(Slot { name: Name::Resource(resource), start: from, end }) = program.bare()
            else {
                continue;
            };
            let at = self.inside(reading.span, reading.text, start + from, start + end);
            let unit = self.module_unit(reading.standpoint.unit, &resource.modules, at)?;
            let keys = self.keys(unit, &resource.kind, &resource.name);
            if let (None, false, Some(Keys::Each(_))) = (&resource.key, resource.existing, keys) {
                let ResourceName { kind, name, attribute, .. } = resource;
                let message = format!("'{kind}.{name}' is a family: a list cannot stand in a text");
                let error = self.error("family-reference", message, at);
                let help = format!("say which: {kind}.{name}[\"KEY\"].{attribute}");
                return Err(self.report(error.help(help)));
            }
        }
        Ok(())
    }

    /// The expression that a node is where no type says what it should be.
    pub(super) fn untyped(
        &self,
        standpoint: Standpoint<'_>,
        node: &Node,
        findings: &mut Findings,
    ) -> Result<Expression, Reported> {
        match &node.content {
            Content::Plain(text) | Content::Text(text) if has_expression(text) => {
                self.text(standpoint, text, node.span, findings)
            }
            Content::Plain(_) | Content::Text(_) | Content::Known(_) => {
                Ok(Expression::Value(node.untyped()))
            }
            Content::List(elements) => {
                let elements: Vec<Result<_, _>> = elements
                    .iter()
                    .map(|element| self.untyped(standpoint, element, findings))
                    .collect();
                Ok(Expression::fold_list(elements.into_iter().collect::<Result<_, _>>()?))
            }
            Content::Map(entries) => {
                let fields: Vec<Result<_, _>> = entries
                    .iter()
                    .map(|entry| {
                        let key = self.key_text(standpoint, &entry.key, entry.key_span)?;
                        Ok((key, self.untyped(standpoint, &entry.value, findings)?))
                    })
                    .collect();
                let fields: Result<Expressions, Reported> = fields.into_iter().collect();
                Ok(Expression::fold_map(fields?))
            }
        }
    }

    /// A key of a map, with its expressions filled in; they must be known from the file.
    pub(super) fn key_text(
        &self,
        standpoint: Standpoint<'_>,
        key: &str,
        span: Span,
    ) -> Result<String, Reported> {
        if !has_expression(key) {
            return Ok(key.to_owned());
        }
        match self.text(standpoint, key, span, &mut Findings::default())? {
            Expression::Value(Value::String(text)) => Ok(text),
            Expression::Value(Value::Int(number)) => Ok(number.to_string()),
            _ => {
                let message = "a key must be a text that is known from the file alone";
                Err(self.report(self.error("unknown-value", message, span)))
            }
        }
    }

    /// The stretch of the file that bytes `start..end` of a scalar's text come from; the whole
    /// scalar where escapes or line folding stand between the two.
    pub(super) fn inside(&self, span: Span, text: &str, start: usize, end: usize) -> Span {
        let written = self.sources.slice(span);
        if written == text {
            return span.part(start, end);
        }
        if written.get(1..written.len().saturating_sub(1)) == Some(text) {
            return span.part(start + 1, end + 1);
        }
        match text.get(start..end).filter(|part| !part.is_empty()).and_then(|p| written.find(p)) {
            Some(at) => span.part(at, at + end - start),
            None => span,
        }
    }

    /// Puts everything that a program needs besides resources into the template's bindings, and
    /// the resources into its references.
    fn bind(
        &self,
        reading: &Reading<'_>,
        program: &Program,
        start: usize,
        template: &mut Template,
    ) -> Result<(), Reported> {
        let mut bound = Ok(());
        for slot in &program.slots {
            let at = self.inside(reading.span, reading.text, start + slot.start, start + slot.end);
            bound = bound.and(self.bind_slot(reading, slot, start, at, template));
        }
        bound?;
        for path in &program.paths {
            self.bind_file(reading, path, start, template)?;
        }
        Ok(())
    }

    fn bind_slot(
        &self,
        reading: &Reading<'_>,
        slot: &Slot,
        start: usize,
        at: Span,
        template: &mut Template,
    ) -> Result<(), Reported> {
        let expression = match &slot.name {
            Name::Binding(root, field) => self.binding(reading.standpoint, root, field, at)?,
            Name::Ambient(name) => match self.ambient(name) {
                Some(value) => value.into(),
                None => return Ok(()),
            },
            Name::Output { modules, name } => {
                self.passed_out(reading.standpoint, modules, name, at)?
            }
            Name::Resource(resource) => {
                let key = match &resource.key {
                    None => None,
                    Some(Key::Literal(key)) => Some(key.clone()),
                    Some(Key::Computed(program)) => {
                        Some(self.computed_key(reading, program, start, at, template)?)
                    }
                };
                let reference = self.resource_name(reading.standpoint.unit, resource, key, at)?;
                template.references.push(reference);
                return Ok(());
            }
            Name::Incomplete(parts) => {
                return Err(self.incomplete(reading.standpoint, parts, at));
            }
        };
        template.references.extend(expression.references().into_iter().cloned());
        template.bindings.insert(slot.name.binding().unwrap_or_default(), nest(&expression));
        Ok(())
    }

    fn computed_key(
        &self,
        reading: &Reading<'_>,
        program: &Program,
        start: usize,
        at: Span,
        template: &mut Template,
    ) -> Result<String, Reported> {
        self.bind(reading, program, start, template)?;
        match evaluate_part(program, template) {
            Ok(Some(key @ (Value::String(_) | Value::Int(_)))) => Ok(key.to_string()),
            Ok(_) => {
                let message = "the key of an instance must be a text that is known from the file";
                Err(self.report(self.error("unknown-value", message, at)))
            }
            Err(message) => Err(self.report(self.error("bad-expression", message, at))),
        }
    }

    fn bind_file(
        &self,
        reading: &Reading<'_>,
        path: &Program,
        start: usize,
        template: &mut Template,
    ) -> Result<(), Reported> {
        self.bind(reading, path, start, template)?;
        let fault =
            |code, message: String| Err(self.report(self.error(code, message, reading.span)));
        let written = match evaluate_part(path, template) {
            Ok(Some(Value::String(written))) => written,
            Ok(_) => {
                let message = "the path of a file must be known from the stack alone".to_owned();
                return fault("unknown-value", message);
            }
            Err(message) => return fault("bad-expression", message),
        };
        match self.read_file(&self.units[reading.standpoint.unit].folder, &written) {
            Ok(text) => {
                template.bindings.insert(format!("{FILE}{written}"), text.into());
                Ok(())
            }
            Err(message) => fault("unreadable-file", message),
        }
    }

    fn ambient(&self, name: &str) -> Option<Value> {
        match name {
            "stack" => Some(self.name.as_str().into()),
            "region" => self.region.as_deref().or(self.request.region).map(Value::from),
            "account" => self.account.as_deref().or(self.request.account).map(Value::from),
            _ => None,
        }
    }

    fn binding(
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

    fn no_output(&self, unit: usize, name: &str, at: Span) -> Reported {
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
    fn resource_name(
        &self,
        unit: usize,
        resource: &ResourceName,
        key: Option<String>,
        at: Span,
    ) -> Result<Reference, Reported> {
        let unit = self.module_unit(unit, &resource.modules, at)?;
        let ResourceName { kind, name, attribute, existing, .. } = resource;
        let kind = self.kind_named(unit, kind, at)?;
        if *existing {
            self.check_existing(unit, kind, name, at)?;
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

    fn kind_named(&self, unit: usize, name: &str, at: Span) -> Result<&Kind, Reported> {
        if let Some(kind) = self.request.catalog.get(name) {
            return Ok(kind);
        }
        if self.units[unit].unknown_sections.contains(name) {
            return Err(Reported);
        }
        Err(self.unknown_word(unit, name, at))
    }

    fn check_existing(
        &self,
        unit: usize,
        kind: &Kind,
        name: &str,
        at: Span,
    ) -> Result<(), Reported> {
        let names = self.units[unit].existing.get(kind.name);
        if names.is_some_and(|names| names.contains(name)) {
            return Ok(());
        }
        let known = names.into_iter().flatten().map(String::as_str);
        let kind = kind.name;
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
    fn incomplete(&self, standpoint: Standpoint<'_>, parts: &[String], at: Span) -> Reported {
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
