//! Variables of a stack and inputs of modules: their declarations and values.

use std::collections::BTreeMap;

use ipnet::IpNet;
use regex::Regex;
use trueup_model::address::is_name;
use trueup_model::{Diagnostic, Value};

use super::{Loader, Reported};
use crate::source::{Sources, Span};
use crate::suggest;
use crate::yaml::{self, Entry, Node};

/// A declared variable or input.
#[derive(Debug)]
pub(crate) struct Declaration {
    /// Where its name is declared.
    pub(crate) span: Span,
    /// Its default, if it has one and that is as it should be.
    pub(crate) default: Option<Result<Value, Reported>>,
    ty: VariableType,
    sensitive: bool,
    from_env: Option<String>,
    minimum: Option<i64>,
    maximum: Option<i64>,
    pattern: Option<(String, Regex)>,
    one_of: Vec<Value>,
    description: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VariableType {
    String,
    Int,
    Bool,
    Cidr,
    List,
    Map,
}

const TYPES: [(&str, VariableType); 6] = [
    ("string", VariableType::String),
    ("int", VariableType::Int),
    ("bool", VariableType::Bool),
    ("cidr", VariableType::Cidr),
    ("list", VariableType::List),
    ("map", VariableType::Map),
];

const FIELDS: [&str; 9] = [
    "type",
    "default",
    "description",
    "sensitive",
    "from_env",
    "minimum",
    "maximum",
    "pattern",
    "one_of",
];

/// A value that a variable does not take, and why.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: &'static str,
    reason: String,
}

impl Refusal {
    fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// The fault of a written value.
    pub(crate) fn at_input(self, loader: &Loader<'_>, name: &str, span: Span) -> Diagnostic {
        loader.error(self.code, format!("'{name}' {}", self.reason), span)
    }
}

impl Declaration {
    /// The value, if the variable takes it: a secret if the variable is one.
    pub(crate) fn accept(&self, value: Value) -> Result<Value, Refusal> {
        let value = self.ty.accept(value)?;
        self.check_bounds(&value)?;
        Ok(if self.sensitive { value.into_secret() } else { value })
    }

    /// The value that a text of the command line or the environment stands for.
    fn parse(&self, text: &str) -> Result<Value, Refusal> {
        let value = match self.ty {
            VariableType::String | VariableType::Cidr => Value::from(text),
            VariableType::Int | VariableType::Bool => yaml::plain(text),
            VariableType::List | VariableType::Map => {
                let mut sources = Sources::default();
                let file = sources.add("", text.into());
                let node = yaml::read(&sources, file, &mut Vec::new());
                node.map(|node| node.untyped()).unwrap_or_default()
            }
        };
        self.accept(value)
    }

    fn check_bounds(&self, value: &Value) -> Result<(), Refusal> {
        let refuse = |reason: String| Err(Refusal::new("out-of-range", reason));
        if let Some(number) = value.as_int() {
            if self.minimum.is_some_and(|minimum| number < minimum) {
                return refuse(format!("is at least {}", self.minimum.unwrap_or_default()));
            }
            if self.maximum.is_some_and(|maximum| number > maximum) {
                return refuse(format!("is at most {}", self.maximum.unwrap_or_default()));
            }
        }
        if let (Some((pattern, regex)), Some(text)) = (&self.pattern, value.as_str())
            && !regex.is_match(text)
        {
            return refuse(format!("must match the pattern {pattern}"));
        }
        if !self.one_of.is_empty() && !self.one_of.contains(value) {
            let words: Vec<String> = self.one_of.iter().map(ToString::to_string).collect();
            return refuse(format!("is one of {}", suggest::choice(&words)));
        }
        Ok(())
    }
}

impl VariableType {
    fn accept(self, value: Value) -> Result<Value, Refusal> {
        let expected = match (self, &value) {
            (Self::String, Value::String(_) | Value::Secret(_))
            | (Self::Int, Value::Int(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::List, Value::List(_))
            | (Self::Map, Value::Map(_)) => return Ok(value),
            // A version or a number that stands for itself.
            (Self::String, Value::Int(_) | Value::Bool(_)) => {
                return Ok(Value::String(value.to_string()));
            }
            (Self::Cidr, Value::String(text)) => return network(text),
            (Self::String, _) => "a string",
            (Self::Int, _) => "a whole number",
            (Self::Bool, _) => "true or false",
            (Self::Cidr, _) => "a CIDR such as 10.0.0.0/16",
            (Self::List, _) => "a list",
            (Self::Map, _) => "a map",
        };
        Err(Refusal::new("wrong-type", format!("takes {expected}, not {}", value.type_name())))
    }
}

fn network(text: &str) -> Result<Value, Refusal> {
    let network: IpNet = text.parse().map_err(|_| {
        Refusal::new(
            "wrong-type",
            "takes a CIDR such as 10.0.0.0/16, or 203.0.113.7/32 for one address",
        )
    })?;
    if network.trunc() != network {
        let meant = network.trunc();
        return Err(Refusal::new("wrong-type", format!("takes a network: did you mean {meant}?")));
    }
    Ok(Value::String(network.to_string()))
}

impl Loader<'_> {
    /// Reads the declarations of a unit.
    pub(super) fn declare(&mut self, unit: usize) {
        let section = if self.units[unit].is_module() { "inputs" } else { "variables" };
        let root = std::sync::Arc::clone(&self.units[unit].root);
        let Some(section) = root.get(section).filter(|section| !section.is_null()) else { return };
        let Some(entries) = section.entries() else {
            let message = format!("declarations are a map by name, not {}", section.describe());
            self.report(self.error("wrong-type", message, section.span));
            return;
        };
        let declared: BTreeMap<String, Declaration> = entries
            .iter()
            .filter_map(|entry| Some((entry.key.clone(), self.declaration(entry).ok()?)))
            .collect();
        self.units[unit].declarations = declared;
    }

    fn declaration(&self, entry: &Entry) -> Result<Declaration, Reported> {
        let fault = |code, message: String, span| self.report(self.error(code, message, span));
        if !is_name(&entry.key) {
            let message = format!("'{}' cannot be the name of a variable", entry.key);
            return Err(fault("bad-name", message, entry.key_span));
        }
        let Some(fields) = entry.value.entries() else {
            let message =
                format!("a variable is declared by a map, not {}", entry.value.describe());
            let error = self.error("wrong-type", message, entry.value.span);
            return Err(self.report(error.help("write `{ type: string, default: … }`")));
        };
        let (fields, description) = self.fields(fields)?;
        for field in fields.iter().filter(|field| !FIELDS.contains(&field.key.as_str())) {
            let message = format!("a variable has no '{}'", field.key);
            let help = suggest::advice(&field.key, FIELDS, "");
            self.report(self.error("unknown-attribute", message, field.key_span).help(help));
        }
        let declaration = Declaration {
            span: entry.key_span,
            default: None,
            ty: self.variable_type(entry)?,
            sensitive: self.flag(&entry.value, "sensitive")?,
            from_env: self.word(&entry.value, "from_env")?,
            minimum: self.number(&entry.value, "minimum")?,
            maximum: self.number(&entry.value, "maximum")?,
            pattern: self.pattern(&entry.value)?,
            one_of: self.one_of(&entry.value)?,
            description,
        };
        let plain = matches!(declaration.ty, VariableType::Int | VariableType::Bool);
        if declaration.sensitive && plain {
            let message = format!("'{}' cannot be sensitive: it is no text", entry.key);
            let error = self.error("wrong-type", message, entry.key_span);
            return Err(self.report(error.help("declare it as `type: string`")));
        }
        let default = entry.value.get("default").map(|node| {
            let refused =
                |refusal: Refusal| self.report(refusal.at_input(self, &entry.key, node.span));
            declaration.accept(node.untyped()).map_err(refused)
        });
        Ok(Declaration { default, ..declaration })
    }

    /// The fields of a declaration, and its description.
    ///
    /// In `{ type: cidr, description: Yours, as 10.0.0.0/8 }` YAML ends the description at the comma
    /// and takes the rest as a key without a value; what was meant is plain.
    fn fields<'e>(
        &self,
        entries: &'e [Entry],
    ) -> Result<(Vec<&'e Entry>, Option<String>), Reported> {
        let mut fields = Vec::new();
        let mut description: Option<String> = None;
        let mut last = "";
        for entry in entries {
            let rest = last == "description" && entry.value.is_null() && entry.key.contains(' ');
            match &mut description {
                Some(description) if rest => {
                    description.push_str(", ");
                    description.push_str(&entry.key);
                }
                _ => {
                    if entry.key == "description" {
                        description = self.text_field(entry)?;
                    }
                    last = &entry.key;
                    fields.push(entry);
                }
            }
        }
        Ok((fields, description))
    }

    fn text_field(&self, field: &Entry) -> Result<Option<String>, Reported> {
        field.value.text().map(|text| Some(text.to_owned())).ok_or_else(|| {
            let message = format!("'{}' is a string, not {}", field.key, field.value.describe());
            self.report(self.error("wrong-type", message, field.value.span))
        })
    }

    fn variable_type(&self, entry: &Entry) -> Result<VariableType, Reported> {
        let Some(node) = entry.value.get("type") else {
            let message = format!("variable '{}' lacks its type", entry.key);
            let error = self.error("missing-attribute", message, entry.key_span);
            return Err(self.report(error.help("write `type: string`")));
        };
        let word = node.text().unwrap_or_default();
        TYPES.iter().find(|(name, _)| *name == word).map(|(_, ty)| *ty).ok_or_else(|| {
            let names = TYPES.map(|(name, _)| name);
            let message = format!("a variable is of type {}", suggest::choice(&names));
            let help = suggest::advice(word, names, "");
            self.report(self.error("wrong-type", message, node.span).help(help))
        })
    }

    fn flag(&self, node: &Node, name: &str) -> Result<bool, Reported> {
        let Some(node) = node.get(name) else { return Ok(false) };
        node.untyped().as_bool().ok_or_else(|| {
            let message = format!("'{name}' is true or false, not {}", node.describe());
            self.report(self.error("wrong-type", message, node.span))
        })
    }

    fn word(&self, node: &Node, name: &str) -> Result<Option<String>, Reported> {
        let field = node.entries().unwrap_or_default().iter().find(|entry| entry.key == name);
        field.map_or(Ok(None), |field| self.text_field(field))
    }

    fn number(&self, node: &Node, name: &str) -> Result<Option<i64>, Reported> {
        let Some(node) = node.get(name) else { return Ok(None) };
        node.untyped().as_int().map(Some).ok_or_else(|| {
            let message = format!("'{name}' is a whole number, not {}", node.describe());
            self.report(self.error("wrong-type", message, node.span))
        })
    }

    fn pattern(&self, node: &Node) -> Result<Option<(String, Regex)>, Reported> {
        let (Some(pattern), Some(node)) = (self.word(node, "pattern")?, node.get("pattern")) else {
            return Ok(None);
        };
        // The whole value must match, not a part of it.
        let regex = Regex::new(&format!("^(?:{pattern})$"));
        regex.map(|regex| Some((pattern, regex))).map_err(|_| {
            let message = "this is not a regular expression";
            self.report(self.error("wrong-type", message, node.span))
        })
    }

    fn one_of(&self, node: &Node) -> Result<Vec<Value>, Reported> {
        let Some(node) = node.get("one_of") else { return Ok(Vec::new()) };
        match node.untyped() {
            Value::List(values) => Ok(values),
            other => {
                let message = format!("'one_of' is a list, not {}", other.type_name());
                Err(self.report(self.error("wrong-type", message, node.span)))
            }
        }
    }

    /// Gives the stack's variables their values.
    pub(super) fn set_variables(&mut self) {
        let mut values = BTreeMap::new();
        for (name, declaration) in &self.units[0].declarations {
            if let Ok(value) = self.variable(name, declaration) {
                values.insert(name.clone(), value);
            }
        }
        self.variables = values;
        self.refuse_undeclared();
    }

    fn variable(&self, name: &str, declaration: &Declaration) -> Result<Value, Reported> {
        let given = &self.request.variables;
        let refused = |origin: &str, refusal: Refusal| {
            let message = format!("'{name}' {} ({origin})", refusal.reason);
            let location = self.sources.locate(declaration.span);
            self.report(Diagnostic::error(refusal.code, message).at(location))
        };
        if let Some(text) = given.flags.get(name) {
            return declaration.parse(text).map_err(|refusal| refused("--var", refusal));
        }
        for file in self.variable_files.iter().rev() {
            if let Some(node) = file.get(name) {
                return declaration
                    .accept(node.untyped())
                    .map_err(|refusal| self.report(refusal.at_input(self, name, node.span)));
            }
        }
        let environment = [
            Some(format!("TRUEUP_VAR_{name}")),
            Some(format!("TRUEUP_VAR_{}", name.to_uppercase())),
            declaration.from_env.clone(),
        ];
        for variable in environment.iter().flatten() {
            if let Some(text) = given.environment.get(variable) {
                return declaration.parse(text).map_err(|refusal| refused(variable, refusal));
            }
        }
        declaration.default.clone().unwrap_or_else(|| Err(self.missing(name, declaration)))
    }

    fn missing(&self, name: &str, declaration: &Declaration) -> Reported {
        let message = format!("variable '{name}' has no value");
        let fault = self.error("missing-variable", message, declaration.span);
        let fault = match &declaration.description {
            Some(description) => fault.label(description.clone()),
            None => fault,
        };
        let environment = match &declaration.from_env {
            Some(variable) => variable.clone(),
            None => format!("TRUEUP_VAR_{}", name.to_uppercase()),
        };
        self.report(
            fault.help(format!("pass `--var {name}=…`, set {environment}, or give it a `default`")),
        )
    }

    fn refuse_undeclared(&self) {
        let declared = self.units[0].declarations.keys().map(String::as_str);
        for name in self.request.variables.flags.keys() {
            if !self.units[0].declarations.contains_key(name) {
                let help = suggest::advice(name, declared.clone(), "the stack has no variables");
                let message = format!("--var {name}: the stack has no such variable");
                self.report(Diagnostic::error("unknown-variable", message).help(help));
            }
        }
        for entry in self.variable_files.iter().filter_map(Node::entries).flatten() {
            if !self.units[0].declarations.contains_key(&entry.key) {
                let help = suggest::advice(&entry.key, declared.clone(), "it has no variables");
                let message = format!("the stack has no variable '{}'", entry.key);
                let fault = self.error("unknown-variable", message, entry.key_span);
                self.report(fault.help(help));
            }
        }
    }
}
