//! What names mean where they stand, and the expressions made of them.

use trueup_model::expression::Expressions;
use trueup_model::{Evaluator, Expression, Reference, Template, Value};

use super::family::{Each, Keys};
use super::{Loader, Reported};
use crate::expression::{
    CelEvaluator, FILE, Key, Name, Nothing, Program, ResourceName, Slot, Text, evaluate_part,
    has_expression, nest,
};
use crate::source::Span;
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
            known: std::collections::BTreeMap::new(),
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
}
