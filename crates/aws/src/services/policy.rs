//! IAM policy documents: the short form that stacks write, and what two documents mean.

use std::collections::BTreeMap;

use trueup_model::expression::Expressions;
use trueup_model::value::Secret;
use trueup_model::{Expression, Value};

const VERSION: &str = "2012-10-17";

/// The document that a policy stands for: a list of statements in the short form
/// (`{allow: […], on: […], when: {…}}`) becomes a document, a document stays one.
pub fn document(written: Expression) -> Expression {
    match written {
        Expression::Value(Value::List(statements)) => {
            Expression::fold_map(with_statements(statements.into_iter().map(Expression::Value)))
        }
        Expression::List(statements) => Expression::fold_map(with_statements(statements)),
        Expression::Value(Value::String(text)) => serde_json::from_str::<Value>(&text)
            .map_or(Expression::Value(Value::String(text)), Expression::Value),
        other => other,
    }
}

fn with_statements(statements: impl IntoIterator<Item = Expression>) -> Expressions {
    let statements = statements.into_iter().map(statement).collect();
    [
        ("Version".to_owned(), VERSION.into()),
        ("Statement".to_owned(), Expression::fold_list(statements)),
    ]
    .into()
}

fn statement(short: Expression) -> Expression {
    let fields: Expressions = match short {
        Expression::Value(Value::Map(values)) => {
            values.into_iter().map(|(name, value)| (name, value.into())).collect()
        }
        Expression::Map(fields) => fields,
        other => return other,
    };
    let long = fields.into_iter().filter(|(_, field)| !field.is_null()).flat_map(
        |(name, field)| match name.as_str() {
            "allow" => vec![("Effect".to_owned(), "Allow".into()), ("Action".to_owned(), field)],
            "deny" => vec![("Effect".to_owned(), "Deny".into()), ("Action".to_owned(), field)],
            "on" => vec![("Resource".to_owned(), field)],
            "when" => vec![("Condition".to_owned(), field)],
            _ => vec![(name, field)],
        },
    );
    Expression::fold_map(long.collect())
}

/// The document that lets AWS services take a role.
pub fn trust_of(services: &[String]) -> Value {
    let principal = match services {
        [one] => Value::from(one.as_str()),
        many => many.iter().map(String::as_str).collect(),
    };
    let principal = Value::Map([("Service".to_owned(), principal)].into());
    let statement: BTreeMap<String, Value> = [
        ("Effect".to_owned(), "Allow".into()),
        ("Principal".to_owned(), principal),
        ("Action".to_owned(), "sts:AssumeRole".into()),
    ]
    .into();
    let statements = Value::List(vec![Value::Map(statement)]);
    Value::Map(
        [("Version".to_owned(), VERSION.into()), ("Statement".to_owned(), statements)].into(),
    )
}

/// The text of a document for the call that sends it. Its secrets are in it: it is never to be shown.
pub fn revealed(document: &Value) -> String {
    // One that is no JSON is kept as text.
    document.as_str().map_or_else(|| as_json(document).to_string(), str::to_owned)
}

fn as_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Secret(secret) => secret.reveal().into(),
        Value::List(elements) => elements.iter().map(as_json).collect(),
        Value::Map(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), as_json(field))).collect()
        }
    }
}

/// What AWS reports, where it means the same as the wish, with the wish's secrets as secrets. None
/// where it does not mean the same, or has a secret in another spelling.
pub fn as_reported(wish: &Value, there: &Value) -> Option<Value> {
    if !same_meaning(wish, there) {
        return None;
    }
    let mut secrets = BTreeMap::new();
    collect(wish, &mut secrets);
    let sealed = seal(there.clone(), &mut secrets);
    secrets.values().all(|is_found| *is_found).then_some(sealed)
}

fn collect(value: &Value, secrets: &mut BTreeMap<String, bool>) {
    match value {
        Value::Secret(secret) => drop(secrets.insert(secret.reveal().to_owned(), false)),
        Value::List(elements) => elements.iter().for_each(|element| collect(element, secrets)),
        Value::Map(fields) => fields.values().for_each(|field| collect(field, secrets)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) => {}
    }
}

fn seal(value: Value, secrets: &mut BTreeMap<String, bool>) -> Value {
    match value {
        Value::String(text) => match secrets.get_mut(&text) {
            Some(is_found) => {
                *is_found = true;
                Value::Secret(Secret::new(text))
            }
            None => Value::String(text),
        },
        Value::List(elements) => {
            Value::List(elements.into_iter().map(|element| seal(element, secrets)).collect())
        }
        Value::Map(fields) => Value::Map(
            fields.into_iter().map(|(name, field)| (name, seal(field, secrets))).collect(),
        ),
        other => other,
    }
}

/// Whether two documents mean the same, however they are written.
///
/// One element stands for a list of it, the order of statements and elements does not count, action
/// names ignore case, `"*"` as principal is `{"AWS": "*"}`, an account's root is the account, and
/// what AWS keeps as text (condition values) is compared as text. See
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.
pub fn same_meaning(one: &Value, other: &Value) -> bool {
    meaning(one) == meaning(other)
}

fn meaning(document: &Value) -> Value {
    let Value::Map(fields) = document else { return document.clone() };
    let mut meant = BTreeMap::new();
    let version = document.get("Version").as_str().unwrap_or("2008-10-17");
    meant.insert("Version".to_owned(), version.into());
    let mut statements: Vec<Value> =
        listed(document.get("Statement")).iter().map(meant_by).collect();
    statements.sort();
    statements.dedup();
    meant.insert("Statement".to_owned(), Value::List(statements));
    if let Some(id) = fields.get("Id") {
        meant.insert("Id".to_owned(), id.clone());
    }
    Value::Map(meant)
}

fn meant_by(statement: &Value) -> Value {
    let Value::Map(fields) = statement else { return statement.clone() };
    let meant = fields.iter().map(|(name, field)| {
        let field = match name.as_str() {
            "Action" | "NotAction" => set_of(field, str::to_ascii_lowercase),
            "Resource" | "NotResource" => set_of(field, str::to_owned),
            "Principal" | "NotPrincipal" => principals(field),
            "Condition" => conditions(field),
            _ => field.clone(),
        };
        (name.clone(), field)
    });
    Value::Map(meant.collect())
}

fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::List(elements) => elements.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn set_of(value: &Value, spelling: impl Fn(&str) -> String) -> Value {
    let mut texts: Vec<String> =
        listed(value).iter().map(|element| spelling(&revealed(element))).collect();
    texts.sort();
    texts.dedup();
    texts.into_iter().collect()
}

fn principals(value: &Value) -> Value {
    let Value::Map(fields) = value else {
        return Value::Map([("AWS".to_owned(), set_of(value, str::to_owned))].into());
    };
    let sets = fields.iter().map(|(name, field)| {
        let set = if name == "AWS" {
            set_of(field, account_of_root)
        } else {
            set_of(field, str::to_owned)
        };
        (name.clone(), set)
    });
    Value::Map(sets.collect())
}

/// `arn:aws:iam::123456789012:root` means the account `123456789012`.
fn account_of_root(principal: &str) -> String {
    let parts: Vec<&str> = principal.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => (*account).to_owned(),
        _ => principal.to_owned(),
    }
}

fn conditions(value: &Value) -> Value {
    let Value::Map(operators) = value else { return value.clone() };
    let meant = operators.iter().map(|(operator, keys)| {
        let keys = match keys {
            Value::Map(keys) => Value::Map(
                keys.iter()
                    .map(|(key, values)| (key.to_ascii_lowercase(), set_of(values, str::to_owned)))
                    .collect(),
            ),
            other => other.clone(),
        };
        (operator.clone(), keys)
    });
    Value::Map(meant.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_short_form_is_a_document() {
        let short = json(r#"[{"allow": ["s3:GetObject"], "on": ["*"]}]"#);
        assert_eq!(
            document(short.into()).to_value().unwrap(),
            json(
                r#"{"Version": "2012-10-17", "Statement":
                    [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}]}"#
            )
        );
    }

    #[test]
    fn spelling_does_not_count() {
        let one = json(
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "S3:getobject",
                "Resource": "*", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Condition": {"Bool": {"aws:SecureTransport": true}}}}"#,
        );
        let other = json(
            r#"{"Statement": [{"Action": ["s3:GetObject"], "Resource": ["*"], "Effect": "Allow",
                "Principal": {"AWS": ["123456789012"]},
                "Condition": {"Bool": {"aws:securetransport": ["true"]}}}], "Version": "2012-10-17"}"#,
        );
        assert!(same_meaning(&one, &other));
    }

    fn trusting(id: &Value) -> Value {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{"AWS":"*"},"Condition":{"StringEquals":{"sts:ExternalId":["ID"]}}}]}"#;
        let mut document = json(text);
        put(&mut document, id);
        document
    }

    fn put(value: &mut Value, id: &Value) {
        match value {
            Value::List(elements) => elements.iter_mut().for_each(|element| put(element, id)),
            Value::Map(fields) => fields.values_mut().for_each(|field| put(field, id)),
            Value::String(text) if text == "ID" => *value = id.clone(),
            _ => {}
        }
    }

    #[test]
    fn a_secret_in_a_document_is_sent_and_never_shown() {
        let wish = trusting(&Value::Secret(Secret::new("hush")));
        assert!(revealed(&wish).contains(r#""sts:ExternalId":["hush"]"#), "{}", revealed(&wish));
        assert!(!wish.to_string().contains("hush"));
        assert_eq!(json(&revealed(&wish)), trusting(&"hush".into()));
        assert_eq!(revealed(&"no json".into()), "no json");
    }

    #[test]
    fn what_is_reported_of_a_secret_is_one() {
        let wish = trusting(&Value::Secret(Secret::new("hush")));
        assert_eq!(as_reported(&wish, &trusting(&"hush".into())), Some(wish.clone()));
        assert_eq!(as_reported(&wish, &trusting(&"other".into())), None);
        let plain = trusting(&"hush".into());
        assert_eq!(as_reported(&plain, &plain), Some(plain.clone()));
    }

    #[test]
    fn meaning_counts() {
        let allow = json(r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#);
        let deny = json(r#"{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#);
        assert!(!same_meaning(&allow, &deny));
        let newer = json(
            r#"{"Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#,
        );
        assert!(!same_meaning(&allow, &newer));
    }
}
