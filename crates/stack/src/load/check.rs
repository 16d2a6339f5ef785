//! Attributes against their types: what is written becomes expressions, defaults are filled in.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expression::Expressions;
use trueup_model::kind::Presence;
use trueup_model::stack::Use;
use trueup_model::value::Values;
use trueup_model::{Address, Attribute, Diagnostic, Expression, Secret, Type, Value};

use super::names::article;
use super::scope::{Findings, Standpoint};
use super::{Loader, Reported};
use crate::expression::has_expression;
use crate::source::Span;
use crate::suggest;
use crate::yaml::{self, Content, Entry, Node};

mod policy;
mod scalar;
mod source;
mod text;

pub(super) use scalar::{network, scalar};

/// What a node is, once its type is known.
pub(super) enum Checked {
    One(Expression),
    /// A reference that stands for several in a list: a family, or `internet`.
    Many(Vec<Expression>),
}

/// Checks the attributes of one resource.
pub(super) struct Checker<'l> {
    pub(super) loader: &'l Loader<'l>,
    pub(super) standpoint: Standpoint<'l>,
    pub(super) address: Address,
    /// Where in the resource the check is: `ingress.0.port`.
    pub(super) path: String,
    pub(super) uses: BTreeSet<Use>,
    pub(super) spans: BTreeMap<String, Span>,
}

impl<'l> Checker<'l> {
    pub(super) fn new(
        loader: &'l Loader<'l>,
        standpoint: Standpoint<'l>,
        address: Address,
    ) -> Self {
        let (path, uses, spans) = (String::new(), BTreeSet::new(), BTreeMap::new());
        Self { loader, standpoint, address, path, uses, spans }
    }

    /// The expression that a node is as a value of this type.
    pub(super) fn one(&mut self, ty: &Type, node: &Node) -> Result<Expression, Reported> {
        match self.check(ty, node)? {
            Checked::One(expression) => Ok(expression),
            Checked::Many(expressions) => Err(self.several(&expressions, node)),
        }
    }

    pub(super) fn check(&mut self, ty: &Type, node: &Node) -> Result<Checked, Reported> {
        if let Some(text) = node.text().filter(|text| has_expression(text)) {
            return match self.text(text, node.span)? {
                Expression::Value(value) => self.check(ty, &Node::computed(value, node.span)),
                unknown => Ok(Checked::One(self.converted(ty, unknown))),
            };
        }
        let expression = match ty {
            Type::Bool => self.bool(node)?,
            Type::Int { minimum, maximum } => self.int(*minimum, *maximum, node)?,
            Type::String => self.string(node)?,
            Type::Enum(words) => self.word(words, node)?,
            Type::Cidr => self.cidr(node)?,
            Type::Reference(reference) => return self.reference(reference, node),
            Type::List(element) => Expression::fold_list(self.elements(element, node)?),
            Type::Set(element) => {
                let mut elements = self.elements(element, node)?;
                let mut seen = BTreeSet::new();
                elements.retain(|e| e.known().is_none_or(|value| seen.insert(value.clone())));
                Expression::fold_list(elements)
            }
            Type::Map(element) => self.map(element, node)?,
            Type::Object(attributes) => self.object(attributes, node)?,
            Type::Policy => self.policy(node)?,
            Type::Source => self.source(node)?,
            Type::OneOf(types) => return self.one_of(types, node),
        };
        Ok(Checked::One(expression))
    }

    /// A text with expressions in it; what it reads is noted.
    pub(super) fn text(&mut self, text: &str, span: Span) -> Result<Expression, Reported> {
        let mut findings = Findings::default();
        let expression = self.loader.text(self.standpoint, text, span, &mut findings)?;
        self.note(findings);
        Ok(expression)
    }

    /// Notes what the attribute that is being checked reads; whether that is an output is seen
    /// when everything is folded.
    pub(super) fn note(&mut self, findings: Findings) {
        for to in findings.references {
            self.note_use(to, false);
        }
    }

    pub(super) fn note_use(&mut self, to: trueup_model::Reference, output: bool) {
        let attribute = self.path.split('.').next().unwrap_or_default().to_owned();
        self.uses.insert(Use { attribute, to, output });
    }

    /// Runs a check one step further in.
    pub(super) fn within<T>(
        &mut self,
        step: &str,
        span: Option<Span>,
        check: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = self.path.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(step);
        if let Some(span) = span {
            self.spans.insert(self.path.clone(), span);
        }
        let result = check(self);
        self.path.truncate(outer);
        result
    }

    pub(super) fn error(
        &self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
    ) -> Diagnostic {
        self.loader.error(code, message, span)
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) -> Reported {
        self.loader.report(diagnostic)
    }

    /// How the attribute is called in messages.
    pub(super) fn name(&self) -> String {
        format!("'{}' of {}", self.path, self.address)
    }

    pub(super) fn wrong_type(&self, expected: &str, node: &Node) -> Reported {
        let message = format!("{} takes {expected}, not {}", self.name(), node.describe());
        let error = self.error("wrong-type", message, node.span);
        let unquoted = match &node.content {
            Content::Text(text) => match (yaml::plain(text), expected) {
                (Value::Int(_), "a whole number") | (Value::Bool(_), "true or false") => Some(text),
                _ => None,
            },
            _ => None,
        };
        self.report(match (unquoted, &node.content) {
            (Some(text), _) => error.help(format!("write it without quotes: {text}")),
            (None, Content::Plain(text) | Content::Text(text))
                if expected.starts_with("a list") =>
            {
                error.help(format!("write it in brackets: [{text}]"))
            }
            _ => error,
        })
    }

    fn elements(&mut self, element: &Type, node: &Node) -> Result<Vec<Expression>, Reported> {
        let Some(nodes) = node.elements() else {
            return Err(self.wrong_type("a list", node));
        };
        let mut elements = Vec::with_capacity(nodes.len());
        let mut faulty = false;
        for (index, node) in nodes.iter().enumerate() {
            let step = index.to_string();
            match self.within(&step, Some(node.span), |inner| inner.check(element, node)) {
                Ok(Checked::One(expression)) => elements.push(expression),
                Ok(Checked::Many(expressions)) => elements.extend(expressions),
                Err(Reported) => faulty = true,
            }
        }
        if faulty { Err(Reported) } else { Ok(elements) }
    }

    fn map(&mut self, element: &Type, node: &Node) -> Result<Expression, Reported> {
        let Some(entries) = node.entries() else {
            return Err(self.wrong_type("a map", node));
        };
        let mut fields = Expressions::new();
        let mut faulty = false;
        for Entry { key, key_span, value } in entries {
            let key = self.loader.key_text(self.standpoint, key, *key_span);
            let field = key.and_then(|key| {
                let field =
                    self.within(&key, Some(value.span), |inner| inner.one(element, value))?;
                Ok((key, field))
            });
            match field {
                Ok((key, field)) => {
                    fields.insert(key, field);
                }
                Err(Reported) => faulty = true,
            }
        }
        if faulty { Err(Reported) } else { Ok(Expression::fold_map(fields)) }
    }

    fn object(&mut self, attributes: &[Attribute], node: &Node) -> Result<Expression, Reported> {
        let Some(entries) = node.entries() else {
            let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name).collect();
            let expected = format!("a map with {}", suggest::list(&names));
            return Err(self.wrong_type(&expected, node));
        };
        let mut faulty = false;
        for entry in entries {
            if !attributes.iter().any(|attribute| attribute.name == entry.key) {
                let known = attributes.iter().map(|attribute| attribute.name);
                self.unknown_field(entry, known);
                faulty = true;
            }
        }
        let (mut fields, complete) = self.fields(attributes, entries, node.span);
        if faulty || !complete {
            return Err(Reported);
        }
        for attribute in attributes {
            fields.entry(attribute.name.to_owned()).or_insert(Value::Null.into());
        }
        if let Some(parameter) = fields.get("ssm_parameter").and_then(Expression::known)
            && let Some(name) = parameter.as_str()
        {
            self.loader.parameters.borrow_mut().insert(name.to_owned());
        }
        Ok(Expression::fold_map(fields))
    }

    fn unknown_field<'k>(
        &self,
        entry: &Entry,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Reported {
        let message = format!("{} has no field '{}'", self.name(), entry.key);
        let help = suggest::advice(&entry.key, known, "");
        self.report(self.error("unknown-attribute", message, entry.key_span).help(help))
    }

    /// The declared attributes: what is written, else what leaving it out means. Faulty ones are
    /// missing, and the second part of the answer says whether there are any.
    pub(super) fn fields(
        &mut self,
        attributes: &[Attribute],
        entries: &[Entry],
        span: Span,
    ) -> (Expressions, bool) {
        let mut fields = Expressions::new();
        let mut complete = true;
        for attribute in attributes {
            let written = entries.iter().find(|entry| entry.key == attribute.name);
            let field = match written.filter(|entry| !entry.value.is_null()) {
                Some(entry) => self.within(attribute.name, Some(entry.value.span), |inner| {
                    let expression = inner.one(&attribute.ty, &entry.value)?;
                    Ok(Some(if attribute.sensitive { sealed(expression) } else { expression }))
                }),
                None if written.is_none() && is_misspelt(attribute, attributes, entries) => {
                    Err(Reported)
                }
                None => self.left_out(attribute, written.map_or(span, |entry| entry.key_span)),
            };
            match field {
                Ok(Some(field)) => {
                    fields.insert(attribute.name.to_owned(), field);
                }
                Ok(None) => {}
                Err(Reported) => complete = false,
            }
        }
        (fields, complete)
    }

    fn left_out(&self, attribute: &Attribute, span: Span) -> Result<Option<Expression>, Reported> {
        match &attribute.presence {
            Presence::Required => {
                let whole =
                    if self.path.is_empty() { self.address.to_string() } else { self.name() };
                let message = format!("{whole} lacks '{}'", attribute.name);
                let error = self.error("missing-attribute", message, span);
                Err(self
                    .report(error.help(format!("{}: {}", attribute.name, attribute.documentation))))
            }
            Presence::Default(value, _) => Ok(Some(filled(&attribute.ty, value.clone()).into())),
            Presence::Derived(_) => Ok(Some(Value::Null.into())),
            Presence::Unmanaged(_) => Ok(None),
        }
    }

    /// The first of several shapes that fits; what is wrong is said of the one that looks alike.
    fn one_of(&mut self, types: &[Type], node: &Node) -> Result<Checked, Reported> {
        let mark = self.loader.diagnostics.borrow().len();
        let mut best = None;
        for ty in types {
            let checked = self.check(ty, node);
            if checked.is_ok() {
                self.loader.diagnostics.borrow_mut().truncate(mark);
                return checked;
            }
            let said = self.loader.diagnostics.borrow_mut().split_off(mark);
            if looks_like(ty, node) && best.is_none() {
                best = Some(said);
            }
        }
        let Some(said) = best else {
            let shapes: Vec<String> = types.iter().map(describe).collect();
            return Err(self.wrong_type(&suggest::choice(&shapes), node));
        };
        self.loader.diagnostics.borrow_mut().extend(said);
        Err(Reported)
    }

    /// Several references stand where one is wanted.
    fn several(&self, expressions: &[Expression], node: &Node) -> Reported {
        let keys: Vec<&str> = expressions
            .iter()
            .filter_map(|expression| match expression {
                Expression::Reference(reference) => reference.to.key.as_deref(),
                _ => None,
            })
            .collect();
        let word = node.untyped();
        let (message, help) = if keys.is_empty() {
            let message = format!("{} takes one network, and '{word}' is two", self.name());
            (message, "write 0.0.0.0/0, and ::/0 in another".to_owned())
        } else {
            let message = format!("{} takes one, and '{word}' is a family", self.name());
            (message, format!("say which: {word}[{}]", keys[0]))
        };
        self.report(self.error("family-reference", message, node.span).help(help))
    }
}

/// Whether a key that nothing takes was meant to be this attribute: that is said once.
fn is_misspelt(attribute: &Attribute, attributes: &[Attribute], entries: &[Entry]) -> bool {
    let names = || attributes.iter().map(|attribute| attribute.name);
    let unknown = entries.iter().filter(|entry| !names().any(|name| name == entry.key));
    matches!(attribute.presence, Presence::Required)
        && unknown.into_iter().any(|e| suggest::nearest(&e.key, names()) == Some(attribute.name))
}

/// A default with the fields that it leaves out.
fn filled(ty: &Type, value: Value) -> Value {
    match (ty, value) {
        (Type::Object(attributes), Value::Map(mut fields)) => {
            for attribute in attributes {
                let field = fields.remove(attribute.name).or_else(|| match &attribute.presence {
                    Presence::Default(value, _) => Some(value.clone()),
                    _ => None,
                });
                let field = filled(&attribute.ty, field.unwrap_or_default());
                fields.insert(attribute.name.to_owned(), field);
            }
            Value::Map(fields)
        }
        (Type::List(element) | Type::Set(element), Value::List(elements)) => {
            Value::List(elements.into_iter().map(|value| filled(element, value)).collect())
        }
        (Type::Map(element), Value::Map(fields)) => Value::Map(
            fields
                .into_iter()
                .map(|(name, value)| (name, filled(element, value)))
                .collect::<Values>(),
        ),
        (_, value) => value,
    }
}

/// A text of a sensitive attribute is a secret.
fn sealed(expression: Expression) -> Expression {
    match expression {
        Expression::Value(Value::String(text)) => Value::Secret(Secret::new(text)).into(),
        other => other,
    }
}

/// Whether a node has the shape of a type, so that the type's faults are worth telling.
fn looks_like(ty: &Type, node: &Node) -> bool {
    match (&node.content, ty) {
        (_, Type::OneOf(types)) => types.iter().any(|ty| looks_like(ty, node)),
        (Content::List(_), Type::List(_) | Type::Set(_) | Type::Policy)
        | (Content::Map(_), Type::Map(_) | Type::Object(_) | Type::Policy)
        | (Content::Text(_), Type::String | Type::Enum(_) | Type::Cidr | Type::Reference(_)) => {
            true
        }
        (Content::Plain(_) | Content::Known(_), _) => matches!(
            (node.untyped(), ty),
            (Value::Bool(_), Type::Bool)
                | (Value::Int(_), Type::Int { .. })
                | (
                    Value::String(_),
                    Type::String | Type::Enum(_) | Type::Cidr | Type::Reference(_)
                )
        ),
        _ => false,
    }
}

/// What a type takes, for messages.
pub(super) fn describe(ty: &Type) -> String {
    match ty {
        Type::Bool => "true or false".to_owned(),
        Type::Int { .. } => "a whole number".to_owned(),
        Type::String => "a string".to_owned(),
        Type::Enum(words) => suggest::choice(words),
        Type::Cidr => "a CIDR".to_owned(),
        Type::Reference(reference) => {
            format!("{} {}", article(reference.kinds[0]), suggest::choice(reference.kinds))
        }
        Type::List(_) | Type::Set(_) => "a list".to_owned(),
        Type::Map(_) | Type::Object(_) => "a map".to_owned(),
        Type::Policy => "a policy".to_owned(),
        Type::Source => "the path of a file or folder".to_owned(),
        Type::OneOf(types) => suggest::choice(&types.iter().map(describe).collect::<Vec<_>>()),
    }
}
