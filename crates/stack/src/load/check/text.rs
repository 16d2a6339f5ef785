//! String attributes: a text, or a template file with its values.

use std::collections::BTreeMap;

use trueup_model::{Evaluator, Expression, Reference, Template, Type, Value};

use super::{Checker, Reported, scalar};
use crate::expression::{CelEvaluator, FILE, Nothing, nest};
use crate::load::scope::Findings;
use crate::yaml::{Entry, Node};

/// The fields of a text that is made from a file: `{template: files/app.sh, with: {port: 80}}`.
pub(crate) const TEMPLATE_FIELDS: [&str; 2] = ["template", "with"];

impl Checker<'_> {
    pub(super) fn string(&mut self, node: &Node) -> Result<Expression, Reported> {
        if node.get("template").is_some() {
            return self.template_file(node);
        }
        scalar(node).map(Expression::Value).ok_or_else(|| self.wrong_type("a string", node))
    }

    fn template_file(&mut self, node: &Node) -> Result<Expression, Reported> {
        let entries = node.entries().unwrap_or_default();
        let known = |entry: &&Entry| TEMPLATE_FIELDS.contains(&entry.key.as_str());
        if let Some(unknown) = entries.iter().find(|entry| !known(entry)) {
            return Err(self.unknown_field(unknown, TEMPLATE_FIELDS.into_iter()));
        }
        let Some(path) = node.get("template").and_then(Node::text) else {
            return Err(self.wrong_type("the path of a template", node));
        };
        let folder = &self.loader.units[self.standpoint.unit].folder;
        let text = self
            .loader
            .read_file(folder, path)
            .map_err(|message| self.report(self.error("unreadable-file", message, node.span)))?;
        let mut findings = Findings::default();
        let with = match node.get("with") {
            Some(with) => self.loader.untyped(self.standpoint, with, &mut findings)?,
            None => Value::Map(BTreeMap::new()).into(),
        };
        self.note(findings);
        let references: Vec<Reference> = with.references().into_iter().cloned().collect();
        let template = Template {
            source: format!("${{template({}, var.with)}}", quoted(path)),
            bindings: BTreeMap::from([
                (format!("{FILE}{path}"), text.into()),
                ("var.with".to_owned(), nest(&with)),
            ]),
            modules: self.loader.units[self.standpoint.unit].modules.clone(),
            references,
            known: BTreeMap::new(),
        };
        match CelEvaluator.evaluate(&template, &Nothing) {
            Ok(Some(value)) => Ok(value.into()),
            Ok(None) => Ok(Expression::Template(template)),
            Err(fault) => {
                let error = self.error("bad-expression", fault.message, node.span);
                Err(self.report(error.help("write `$${` for the characters `${` themselves")))
            }
        }
    }

    /// What is not known yet, made to have the type that the attribute wants once it is.
    pub(super) fn converted(&self, ty: &Type, unknown: Expression) -> Expression {
        let Expression::Template(template) = &unknown else { return unknown };
        let number = template.references.iter().any(|reference| self.is_number(reference));
        match template.source.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) if matches!(ty, Type::String) && number && !inner.contains("${") => {
                let source = format!("${{string({inner})}}");
                Expression::Template(Template { source, ..template.clone() })
            }
            _ => unknown,
        }
    }

    fn is_number(&self, reference: &Reference) -> bool {
        let kind = self.loader.request.catalog.get(reference.to.kind.as_str());
        let kind = kind.filter(|kind| kind.is_configured(&reference.attribute));
        let attribute = kind.and_then(|kind| kind.attribute(&reference.attribute));
        attribute.is_some_and(|attribute| matches!(attribute.ty, Type::Int { .. } | Type::Bool))
    }
}

/// A text as a string of CEL.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}
