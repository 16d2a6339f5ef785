//! The outputs of a stack: text, JSON, and lines for a `.env` file.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use trueup_model::expression::Expressions;
use trueup_model::{Expression, Value};

use super::look::{Look, Tone, columns};
use super::value;

/// Which sensitive outputs are shown all the same.
pub(crate) type Revealed = BTreeSet<String>;

/// `name  value`, aligned.
pub(crate) fn text(outputs: &Expressions, revealed: &Revealed, look: &Look) -> String {
    let width = outputs.keys().map(|name| columns(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, output) in outputs {
        let shown = match output.to_value() {
            None => look.paint(Tone::Faint, unknown(output)),
            Some(value) => shown(name, &value, revealed),
        };
        text += &format!("{}  {shown}\n", look.paint(Tone::Strong, format!("{name:width$}")));
    }
    text
}

/// The bare value of one output, for scripts.
pub(crate) fn bare(name: &str, value: &Value, revealed: &Revealed) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        other => format!("{}\n", shown(name, other, revealed)),
    }
}

/// The values by name; what is not known yet is `null`.
pub(crate) fn json(outputs: &Expressions, revealed: &Revealed) -> Json {
    let by_name = outputs.iter().map(|(name, output)| {
        let value = output.to_value().unwrap_or_default();
        let value = if revealed.contains(name) { value.revealed() } else { value };
        (name.clone(), json!(value))
    });
    Json::Object(by_name.collect())
}

/// `NAME=value` lines. Sensitive values are in it: a program that reads the file needs them, and
/// asking for this form is asking for them.
pub(crate) fn dotenv(outputs: &Expressions) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut missing = Vec::new();
    for (name, output) in outputs {
        match output.to_value() {
            Some(value) => text += &format!("{name}={}\n", quoted(&plain(&value.revealed()))),
            None => missing.push(name.clone()),
        }
    }
    (text, missing)
}

fn unknown(output: &Expression) -> String {
    let waits: BTreeSet<String> = output.references().iter().map(ToString::to_string).collect();
    match waits.first() {
        Some(first) => format!("(known after apply: {first})"),
        None => "(known after apply)".to_owned(),
    }
}

fn shown(name: &str, output: &Value, revealed: &Revealed) -> String {
    if revealed.contains(name) {
        value::inline(&output.clone().revealed())
    } else {
        value::inline(output)
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A value as every reader of `.env` files takes it: bare where nothing in it is special.
fn quoted(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if text.chars().all(is_bare) {
        return text.to_owned();
    }
    if !text.contains(['\'', '\n']) {
        return format!("'{text}'");
    }
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$")
        .replace('`', "\\`")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::Secret;
    use trueup_model::value::SENSITIVE;

    fn outputs() -> Expressions {
        Expressions::from([
            ("host".to_owned(), Expression::from("db.example")),
            ("password".to_owned(), Expression::Value(Value::Secret(Secret::new("it's $5")))),
        ])
    }

    #[test]
    fn a_sensitive_output_is_hidden_until_it_is_asked_for_by_name() {
        let look = Look { colour: false, width: 80, verbose: false };
        let hidden = text(&outputs(), &Revealed::new(), &look);
        assert_eq!(hidden, format!("host      db.example\npassword  {SENSITIVE}\n"));
        let json_hidden = json(&outputs(), &Revealed::new()).to_string();
        assert!(!json_hidden.contains("$5"), "{json_hidden}");
        let revealed = Revealed::from(["password".to_owned()]);
        assert!(text(&outputs(), &revealed, &look).contains("it's $5"));
    }

    #[test]
    fn dotenv_has_every_value_quoted_as_needed() {
        assert_eq!(dotenv(&outputs()).0, "host=db.example\npassword=\"it's \\$5\"\n");
        assert_eq!(quoted("a b"), "'a b'");
    }
}
