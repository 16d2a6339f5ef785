//! IAM policies, loosely: a document, or statements in the short form. What they mean is the kind's
//! business.

use trueup_model::{Expression, Value};

use super::{Checker, Reported};
use crate::load::scope::Findings;
use crate::suggest;
use crate::yaml::{Content, Entry, Node};

/// The fields of a statement in the short form.
const SHORT: [&str; 4] = ["allow", "deny", "on", "when"];

/// The fields of a document.
const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];

impl Checker<'_> {
    pub(super) fn policy(&mut self, node: &Node) -> Result<Expression, Reported> {
        match &node.content {
            Content::List(statements) => {
                let checked: Vec<Result<(), Reported>> =
                    statements.iter().map(|statement| self.statement(statement)).collect();
                checked.into_iter().collect::<Result<(), _>>()?;
            }
            Content::Map(fields) => {
                let unknown = fields.iter().find(|f| !DOCUMENT.contains(&f.key.as_str()));
                if let Some(field) = unknown {
                    return Err(self.not_a_document(field));
                }
            }
            Content::Known(Value::String(text)) => {
                let document: Option<Value> = serde_json::from_str(text).ok();
                let document = document.filter(|document| document.as_map().is_some());
                return match document {
                    Some(document) => Ok(document.into()),
                    None => Err(self.wrong_type("a policy document in JSON", node)),
                };
            }
            _ => return Err(self.wrong_type("a policy: a list of statements, or a document", node)),
        }
        let mut findings = Findings::default();
        let expression = self.loader.untyped(self.standpoint, node, &mut findings)?;
        self.note(findings);
        Ok(expression)
    }

    fn not_a_document(&self, field: &Entry) -> Reported {
        let message = format!("a policy document has no field '{}'", field.key);
        let error = self.error("unknown-attribute", message, field.key_span);
        self.report(if SHORT.contains(&field.key.as_str()) {
            error.help("write the short form as a list: `- { allow: […], on: […] }`")
        } else {
            error.help(suggest::advice(&field.key, DOCUMENT, ""))
        })
    }

    fn statement(&self, statement: &Node) -> Result<(), Reported> {
        let Some(fields) = statement.entries() else {
            return Err(self.wrong_type("a list of statements", statement));
        };
        let long = fields.iter().any(|field| field.key == "Effect");
        if long {
            return Ok(());
        }
        if let Some(unknown) = fields.iter().find(|f| !SHORT.contains(&f.key.as_str())) {
            let message = format!("a statement has no field '{}'", unknown.key);
            let help = suggest::advice(&unknown.key, SHORT, "");
            let error = self.error("unknown-attribute", message, unknown.key_span);
            return Err(self.report(error.help(help)));
        }
        let effects = fields.iter().filter(|f| matches!(f.key.as_str(), "allow" | "deny")).count();
        if effects != 1 {
            let message = "a statement says either `allow` or `deny`, and what";
            let error = self.error("missing-attribute", message, statement.span);
            return Err(self.report(error.help("write `{ allow: [s3:GetObject], on: […] }`")));
        }
        for field in fields {
            let fits = match (&field.value.content, field.key.as_str()) {
                (Content::Map(_), key) => key == "when",
                (_, key) => key != "when" || field.value.text().is_some_and(|t| t.contains("${")),
            };
            if !fits {
                let expected = if field.key == "when" { "a map of conditions" } else { "a list" };
                let found = field.value.describe();
                let message =
                    format!("'{}' of a statement takes {expected}, not {found}", field.key);
                return Err(self.report(self.error("wrong-type", message, field.value.span)));
            }
        }
        Ok(())
    }
}
