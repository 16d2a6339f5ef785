//! Gives expressions their values, as far as what they read is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cel::{Context, ExecutionError, Value as Cel};
use trueup_model::expression::{EvaluationError, Lookup};
use trueup_model::{Address, Evaluator, Reference, Scope, Template, Value};

use super::name::{Key, Name, ResourceName};
use super::nested::{is_nested, unnest};
use super::program::{LANGUAGE, Program};
use super::text::{Piece, Text};
use super::{convert, functions};

/// The longest text that an expression may give; the largest that AWS takes are shorter.
const MOST_BYTES: usize = 1024 * 1024;

/// How a file that was read while loading is bound in a template: this, and its path as written.
pub(crate) const FILE: &str = "file:";

/// What is said of a fault where more would show a secret.
const HIDDEN: &str = "it cannot be evaluated; more would show a secret";

/// Evaluates templates with CEL.
#[derive(Debug, Clone, Copy, Default)]
pub struct CelEvaluator;

impl Evaluator for CelEvaluator {
    fn evaluate(
        &self,
        template: &Template,
        scope: &dyn Scope,
    ) -> Result<Option<Value>, EvaluationError> {
        evaluate(template, scope)
            .map_err(|message| EvaluationError { source_text: template.source.clone(), message })
    }
}

/// The value of a part of an expression that must be known without asking for any resource.
pub(crate) fn evaluate_part(
    program: &Program,
    template: &Template,
) -> Result<Option<Value>, String> {
    Evaluation { template, scope: &Nothing, files: files(template) }.run(program)
}

/// A scope in which no resource is known.
pub(crate) struct Nothing;

impl Scope for Nothing {
    fn lookup(&self, _: &Reference) -> Lookup {
        Lookup::Unknown
    }

    fn ambient(&self, _: &str) -> Option<Value> {
        None
    }
}

fn evaluate(template: &Template, scope: &dyn Scope) -> Result<Option<Value>, String> {
    let text = Text::compile(&template.source).map_err(|error| error.message)?;
    let evaluation = Evaluation { template, scope, files: files(template) };
    let mut values = Vec::with_capacity(text.pieces.len());
    for piece in &text.pieces {
        match piece {
            Piece::Literal(text) => values.push(Value::from(text.as_str())),
            Piece::Expression(program, _) => match evaluation.run(program)? {
                Some(value) => values.push(value),
                None => return Ok(None),
            },
        }
    }
    let value = match (text.single(), values.pop()) {
        (Some(_), Some(value)) => value,
        (_, last) => interpolate(values.into_iter().chain(last))?,
    };
    Ok(Some(value))
}

/// One text of the pieces; a secret if one of them is.
fn interpolate(values: impl Iterator<Item = Value>) -> Result<Value, String> {
    let mut text = String::new();
    let mut secret = false;
    for value in values {
        match &value {
            Value::String(piece) => text.push_str(piece),
            Value::Secret(piece) => {
                secret = true;
                text.push_str(piece.reveal());
            }
            Value::Int(_) | Value::Bool(_) => text.push_str(&value.to_string()),
            Value::Null => return Err("nothing cannot stand within a text".to_owned()),
            Value::List(_) | Value::Map(_) => {
                let what = value.type_name();
                return Err(format!("{what} cannot stand within a text: use `json(…)`"));
            }
        }
        if text.len() > MOST_BYTES {
            return Err("the text becomes longer than 1 MiB".to_owned());
        }
    }
    let text = Value::String(text);
    Ok(if secret { text.into_secret() } else { text })
}

fn files(template: &Template) -> Arc<BTreeMap<String, String>> {
    let files = template.bindings.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix(FILE)?.to_owned(), value.as_str()?.to_owned()))
    });
    Arc::new(files.collect())
}

/// The evaluation of one template.
struct Evaluation<'a> {
    template: &'a Template,
    scope: &'a dyn Scope,
    files: Arc<BTreeMap<String, String>>,
}

impl Evaluation<'_> {
    fn run(&self, program: &Program) -> Result<Option<Value>, String> {
        let (mut secret, mut keys) = (false, BTreeSet::new());
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        for (number, slot) in program.slots.iter().enumerate() {
            let Some(value) = self.lookup(&slot.name)? else { return Ok(None) };
            secret |= value.holds_secret();
            convert::collect_keys(&value, &mut keys);
            context.add_variable_from_value(format!("@{number}"), convert::to_cel(&value));
        }
        functions::lend(&mut context, &self.files);
        let result = Cel::resolve(&program.tree, &context)
            .map_err(|error| if secret { HIDDEN.to_owned() } else { describe(&error) })?;
        if secret && !convert::has_only_keys(&result, &|key| self.is_public(key, &keys)) {
            return Err("the name of a field cannot be secret".to_owned());
        }
        let value = convert::from_cel(&result)?;
        if value.as_str().is_some_and(|text| text.len() > MOST_BYTES) {
            return Err("the text becomes longer than 1 MiB".to_owned());
        }
        Ok(Some(if secret { value.into_secret() } else { value }))
    }

    /// Whether the name of a field is no secret: it is written there, or was one already.
    fn is_public(&self, key: &str, known: &BTreeSet<String>) -> bool {
        let is_written =
            |quote: char| self.template.source.contains(&format!("{quote}{key}{quote}"));
        known.contains(key) || is_written('\'') || is_written('"')
    }

    fn lookup(&self, name: &Name) -> Result<Option<Value>, String> {
        match name {
            Name::Binding(..) | Name::Output { .. } | Name::Ambient(_) => {
                let bound = name.binding().unwrap_or_default();
                match (self.template.bindings.get(&bound), name) {
                    (Some(value), _) => self.unnested(value),
                    (None, Name::Ambient(name)) => Ok(self.scope.ambient(name)),
                    (None, _) => Err(format!("there is no {bound}")),
                }
            }
            Name::Resource(resource) => {
                let Some(reference) = self.reference(resource)? else { return Ok(None) };
                match self.scope.lookup(&reference) {
                    Lookup::Known(value) => Ok(Some(value)),
                    Lookup::Unknown => Ok(None),
                    Lookup::Missing => Err(format!("there is no {reference}")),
                }
            }
            Name::Incomplete(parts) => Err(format!("there is no {}", parts.join("."))),
        }
    }

    fn reference(&self, resource: &ResourceName) -> Result<Option<Reference>, String> {
        let key = match &resource.key {
            None => None,
            Some(Key::Literal(key)) => Some(key.clone()),
            Some(Key::Computed(program)) => match self.run(program)? {
                Some(value) => Some(value.to_string()),
                None => return Ok(None),
            },
        };
        let modules = self.template.modules.iter().chain(&resource.modules).cloned().collect();
        let (kind, name) = (resource.kind.clone().into(), resource.name.clone());
        let to = Address { modules, kind, name, key };
        let (attribute, existing) = (resource.attribute.clone(), resource.existing);
        Ok(Some(Reference { to, attribute, existing }))
    }

    /// A bound value; what is nested in it is evaluated in its own scope.
    fn unnested(&self, value: &Value) -> Result<Option<Value>, String> {
        if !is_nested(value) {
            return Ok(Some(value.clone()));
        }
        match value {
            Value::List(elements) => {
                let elements: Result<Option<_>, String> =
                    elements.iter().map(|element| self.unnested(element)).collect();
                Ok(elements?.map(Value::List))
            }
            Value::Map(fields) => {
                if let Some(template) = unnest(fields) {
                    return evaluate(&template, self.scope);
                }
                let field = |(name, field): (&String, &Value)| {
                    let field = self.unnested(field)?;
                    Ok(field.map(|field| (name.clone(), field)))
                };
                let fields: Result<Option<_>, String> = fields.iter().map(field).collect();
                Ok(fields?.map(Value::Map))
            }
            _ => Ok(Some(value.clone())),
        }
    }
}

/// The text of a template file with its variables filled in.
pub(crate) fn template_file(text: &str, with: &Cel) -> Result<String, String> {
    let Cel::Map(variables) = with else {
        return Err("its values must be a map: {\"name\": value}".to_owned());
    };
    let compiled = Text::compile_file(text).map_err(|error| {
        let line = text[..error.start.min(text.len())].matches('\n').count() + 1;
        format!("line {line}: {}", error.message)
    })?;
    let mut context = Context::with_env(Arc::clone(&LANGUAGE));
    let variables: BTreeMap<_, _> = variables.map.iter().collect();
    for (name, value) in variables {
        context.add_variable_from_value(name.to_string(), value.clone());
    }
    functions::lend(&mut context, &Arc::default());
    let values: Result<Vec<Value>, String> = compiled
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Ok(Value::from(text.as_str())),
            Piece::Expression(program, _) => {
                let value = Cel::resolve(&program.tree, &context);
                convert::from_cel(&value.map_err(|error| describe(&error))?)
            }
        })
        .collect();
    Ok(interpolate(values?.into_iter())?.to_string())
}

/// What is wrong, without values of the stack's data, which may be long.
fn describe(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(overload) => {
            let types = overload.argument_types().join(", ");
            let function = overload.function();
            let symbol = function.trim_matches(|c| matches!(c, '_' | '@'));
            if function.starts_with('_') {
                format!("'{symbol}' does not take {types}")
            } else {
                format!("{function}(…) does not take ({types})")
            }
        }
        ExecutionError::NoSuchKey(key) => format!("there is no '{key}'"),
        ExecutionError::UndeclaredReference(name) => format!("there is no '{name}'"),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        ExecutionError::UnexpectedType { got, want } => format!("expected {want}, found {got}"),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("a function takes {expected} arguments, not {actual}")
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a division by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number becomes too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "the list is shorter than that".to_owned(),
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            let operator = match *operator {
                "add" => "+",
                "sub" => "-",
                "mul" => "*",
                "div" => "/",
                "rem" => "%",
                other => other,
            };
            format!("'{operator}' does not take {} and {}", left.type_of(), right.type_of())
        }
        ExecutionError::ValuesNotComparable(left, right) => {
            format!("{} and {} cannot be compared", left.type_of(), right.type_of())
        }
        ExecutionError::UnsupportedIndex(..) => "that is no index".to_owned(),
        ExecutionError::NotSupportedAsMethod { method, .. } => {
            format!("'{method}' does not exist there")
        }
        ExecutionError::MissingArgumentOrTarget => "an argument is missing".to_owned(),
        _ => "the types do not fit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use trueup_model::Secret;

    use super::*;

    /// Knows the attributes of one resource.
    struct Known(BTreeMap<&'static str, Value>);

    impl Scope for Known {
        fn lookup(&self, reference: &Reference) -> Lookup {
            match self.0.get(reference.to_string().as_str()) {
                Some(value) => Lookup::Known(value.clone()),
                None => Lookup::Unknown,
            }
        }

        fn ambient(&self, name: &str) -> Option<Value> {
            (name == "region").then(|| "us-west-2".into())
        }
    }

    fn show(source: &str) -> String {
        let bindings = BTreeMap::from([
            ("var.cidr".to_owned(), Value::from("10.0.0.0/16")),
            ("var.map".to_owned(), serde_json::from_str(r#"{"b": 1, "a": [true, null]}"#).unwrap()),
            ("var.password".to_owned(), Value::Secret(Secret::new("hunter2"))),
            ("each.index".to_owned(), Value::Int(1)),
            ("file:a.txt".to_owned(), Value::from("port ${port + 1}, $${HOME}")),
        ]);
        let template = Template {
            source: source.to_owned(),
            bindings,
            modules: Vec::new(),
            references: Vec::new(),
            known: BTreeMap::new(),
        };
        let known = Known(BTreeMap::from([
            ("vpc.main.id", Value::from("vpc-1")),
            ("subnet.private[a].id", Value::from("subnet-1")),
        ]));
        match CelEvaluator.evaluate(&template, &known) {
            Ok(Some(value)) => format!("{value:?}"),
            Ok(None) => "unknown".to_owned(),
            Err(error) => format!("! {}", error.message),
        }
    }

    #[test]
    fn values_keep_their_types_and_texts_are_interpolated() {
        assert_eq!(show("${1 + each.index}"), "Int(2)");
        assert_eq!(show("a${each.index}-${region}"), r#"String("a1-us-west-2")"#);
        assert_eq!(
            show("${cidr_subnet(var.cidr, 24, 10 + each.index)}"),
            r#"String("10.0.11.0/24")"#
        );
        assert_eq!(show("${var.map.a[0] ? vpc.main.id : ''}"), r#"String("vpc-1")"#);
        assert_eq!(show(r#"${subnet.private["a"].id}"#), r#"String("subnet-1")"#);
        assert_eq!(show("${!var.map.a[0]}"), "Bool(false)");
        assert_eq!(show("${json(var.map)}"), r#"String("{\"a\":[true,null],\"b\":1}")"#);
        assert_eq!(show("${sha256('a').size()}"), "Int(64)");
        assert_eq!(show("${base64('a')}"), r#"String("YQ==")"#);
        assert_eq!(show("${template('a.txt', {'port': 80})}"), r#"String("port 81, ${HOME}")"#);
        assert_eq!(show("${5.0 / 2.0}"), r#"String("2.5")"#);
    }

    #[test]
    fn what_is_unknown_stays_unknown_and_secrets_stay_secret() {
        assert_eq!(show("${vpc.other.id}"), "unknown");
        assert_eq!(show("${account}"), "unknown");
        assert_eq!(show("${'x' + var.password}"), "Secret((sensitive))");
        assert_eq!(show("x${var.password}"), "Secret((sensitive))");
        assert!(!show("${var.password + 1}").contains("hunter2"));
        assert_eq!(show("${{'a': var.password}}"), r#"Map({"a": Secret((sensitive))})"#);
        for key in
            ["var.password", "var.password + 'x'", "'x' + var.password", "sha256(var.password)"]
        {
            let refused = show(&format!("${{[{{{key}: 1}}]}}"));
            assert_eq!(refused, "! the name of a field cannot be secret", "{key}");
        }
        assert!(!show("${{'a': 1}[var.password]}").contains("hunter2"));
    }

    #[test]
    fn maps_are_walked_in_the_order_of_their_keys() {
        assert_eq!(show("${var.map.map(k, k)}"), r#"List([String("a"), String("b")])"#);
    }

    #[test]
    fn loops_have_an_end() {
        let list = format!("[{}]", vec!["1"; 60].join(","));
        let source = format!("${{{list}.map(a, {list}.map(b, {list}.map(c, {list})))}}");
        assert!(show(&source).contains("at most"), "{}", show(&source));
    }

    #[test]
    fn faults_are_described_without_values() {
        insta::assert_snapshot!(show("${1 + 'a'}"), @"! '+' does not take int and string");
        insta::assert_snapshot!(show("${var.map.x}"), @"! there is no 'x'");
        insta::assert_snapshot!(show("${cidr_subnet(1, 2, 3)}"), @"! cidr_subnet(…) does not take (int, int, int)");
        insta::assert_snapshot!(show("${cidr_subnet('x', 2, 3)}"), @"! cidr_subnet: 'x' is not a CIDR");
        insta::assert_snapshot!(show("${1 / 0}"), @"! a division by zero");
        insta::assert_snapshot!(show("${var.map.a[9]}"), @"! the list is shorter than that");
        insta::assert_snapshot!(show("${var.map.?a}"), @"! it is optional: add `.orValue(…)`");
        insta::assert_snapshot!(show("a ${var.map}"), @"! a map cannot stand within a text: use `json(…)`");
    }
}
