//! Who may call a function: its URL, its permissions, how many at once.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::{Cors, FunctionUrlAuthType};
use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::{Call, Failure};

use crate::live::session::{unless_exists, unless_missing};
use crate::live::{Session, owned};

/// A public URL wants both, for URLs made since October 2025; see
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.
const PUBLIC: [(&str, &str); 2] =
    [("trueup-url", "lambda:InvokeFunctionUrl"), ("trueup-url-invoke", "lambda:InvokeFunction")];
/// What stands before the name of a service in the ids of our statements.
const SERVICE: &str = "trueup-service-";
/// What stands before the id of a statement that is not ours.
const STRANGER: &str = "statement ";
/// How a URL is told that says "everybody may call" and has not just the permissions for it.
pub(super) const NOT_PUBLIC: &str = "none, but without the permissions";
/// How a URL is told that wants signed requests, but has statements that let everybody in.
pub(super) const NOT_ONLY_IAM: &str = "iam, but with permissions for everybody";

/// What a function's policy grants.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// The ids of statements with what each grants.
    statements: Vec<(String, Grant)>,
}

/// What a statement grants. One with an id of ours that grants something else was tampered with.
#[derive(Debug, PartialEq, Eq)]
enum Grant {
    /// What [`open`] grants of the URL under this id.
    Public,
    /// What [`permit`] grants a service under this id.
    Service(String),
    Other,
}

impl Grants {
    /// Reads the policy of a function of this account, which Lambda gives as JSON text; none is empty.
    pub(super) fn read(policy: &str, account: &str) -> Self {
        let document: Value = serde_json::from_str(policy).unwrap_or_default();
        let statements = document.get("Statement").as_list().unwrap_or_default().iter();
        let statements = statements.map(|statement| {
            let id = statement.get("Sid").as_str().unwrap_or_default().to_owned();
            let grant = grant(&id, statement, account);
            (id, grant)
        });
        Self { statements: statements.collect() }
    }

    /// Whether everybody may call the URL.
    pub(super) fn public(&self) -> bool {
        let granted =
            |id: &str| self.statements.iter().any(|(i, g)| i == id && *g == Grant::Public);
        PUBLIC.iter().all(|(id, _)| granted(id))
    }

    /// Whether anything is left of what lets everybody call the URL, or was made of it.
    pub(super) fn half_public(&self) -> bool {
        self.statements.iter().any(|(id, _)| is_public(id))
    }

    /// The services that may call, and every statement that is not ours, as what it is.
    pub(super) fn invoked_by(&self, with_url: bool) -> BTreeSet<String> {
        let others = self.statements.iter().filter(|(id, _)| !(with_url && is_public(id)));
        others
            .map(|(id, grant)| match grant {
                Grant::Service(service) => service.clone(),
                Grant::Public | Grant::Other => format!("{STRANGER}{id}"),
            })
            .collect()
    }
}

fn is_public(id: &str) -> bool {
    PUBLIC.iter().any(|(public, _)| *public == id)
}

fn grant(id: &str, statement: &Value, account: &str) -> Grant {
    let says = |name: &str, text: &str| statement.get(name).as_str() == Some(text);
    let only_if = |operator: &str, key: &str, value: &str| {
        let wanted = [(key.to_ascii_lowercase(), value.to_owned())].into();
        conditions(statement) == [(operator.to_owned(), wanted)].into()
    };
    if !says("Effect", "Allow") {
        return Grant::Other;
    }
    let public = PUBLIC.iter().find(|(public, _)| *public == id);
    if let Some((_, action)) = public.filter(|_| says("Principal", "*")) {
        let is_asked_for = if *action == "lambda:InvokeFunctionUrl" {
            only_if("StringEquals", "lambda:FunctionUrlAuthType", "NONE")
        } else {
            only_if("Bool", "lambda:InvokedViaFunctionUrl", "true")
        };
        return if is_asked_for && says("Action", action) { Grant::Public } else { Grant::Other };
    }
    let service = statement.get("Principal").get("Service").as_str();
    match service.filter(|service| id == statement_id(service)) {
        Some(service)
            if says("Action", "lambda:InvokeFunction")
                && only_if("StringEquals", "AWS:SourceAccount", account) =>
        {
            Grant::Service(service.to_owned())
        }
        _ => Grant::Other,
    }
}

/// The conditions of a statement: operator, key in lower case, value as text.
fn conditions(statement: &Value) -> BTreeMap<String, BTreeMap<String, String>> {
    let operators = statement.get("Condition").as_map().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let keys = |keys: &Value| {
        let keys = keys.as_map().into_iter().flatten();
        keys.map(|(key, value)| (key.to_ascii_lowercase(), text(value))).collect()
    };
    operators.map(|(operator, inner)| (operator.clone(), keys(inner))).collect()
}

fn statement_id(service: &str) -> String {
    format!("{SERVICE}{}", service.replace('.', "-"))
}

/// Makes the attributes named in `changed` as wanted.
pub(super) async fn change(
    aws: &Session<'_>,
    before: &Live,
    wish: &Values,
    changed: &[String],
) -> Result<(), Failure> {
    let differs = |name: &str| {
        changed.iter().any(|changed| changed == name)
            && !owned::same_unordered(
                before.get_attribute(name),
                wish.get(name).unwrap_or(&Value::Null),
            )
    };
    if differs("reserved_concurrency") {
        reserve(aws, &before.id, wish).await?;
    }
    if differs("url") {
        change_url(aws, before, wish).await?;
    }
    if differs("invoked_by") {
        permit(aws, before, wish).await?;
    }
    Ok(())
}

async fn reserve(aws: &Session<'_>, name: &str, wish: &Values) -> Result<(), Failure> {
    match owned::wanted_int(wish, "reserved_concurrency") {
        Some(number) => aws
            .call(Call::repeatable("lambda:PutFunctionConcurrency"), || {
                let call = aws.clients.lambda.put_function_concurrency().function_name(name);
                call.reserved_concurrent_executions(number).send()
            })
            .await
            .map(|_| ()),
        None => aws
            .call(Call::repeatable("lambda:DeleteFunctionConcurrency"), || {
                aws.clients.lambda.delete_function_concurrency().function_name(name).send()
            })
            .await
            .map(|_| ()),
    }
}

async fn change_url(aws: &Session<'_>, before: &Live, wish: &Values) -> Result<(), Failure> {
    let name = &before.id;
    let Some(url) = owned::wanted(wish, "url") else {
        for (id, _) in PUBLIC {
            revoke(aws, name, id).await?;
        }
        let deleted = aws.call(Call::repeatable("lambda:DeleteFunctionUrlConfig"), || {
            aws.clients.lambda.delete_function_url_config().function_name(name).send()
        });
        return unless_missing(deleted.await).map(|_| ());
    };
    let public = url.get("auth").as_str() == Some("none");
    // Who may not call any more is shut out before the URL changes, who may is let in after.
    if !public {
        for (id, _) in PUBLIC {
            revoke(aws, name, id).await?;
        }
    }
    set_url(aws, before, url, public).await?;
    if public {
        let tampered = before.get_attribute("url").get("auth").as_str() == Some(NOT_PUBLIC);
        for (id, action) in PUBLIC {
            // A statement cannot be changed, and one of its id cannot be added.
            if tampered {
                revoke(aws, name, id).await?;
            }
            open(aws, name, id, action).await?;
        }
    }
    Ok(())
}

async fn set_url(
    aws: &Session<'_>,
    before: &Live,
    url: &Value,
    public: bool,
) -> Result<(), Failure> {
    let name = &before.id;
    let auth = if public { FunctionUrlAuthType::None } else { FunctionUrlAuthType::AwsIam };
    let cors = sharing(url.get("cors"));
    let mode = url.get("invoke_mode").as_str();
    if before.get_attribute("url").is_null() {
        let created = aws.call(Call::repeatable("lambda:CreateFunctionUrlConfig"), || {
            let call = aws.clients.lambda.create_function_url_config().function_name(name);
            let cors = Some(cors.clone()).filter(|_| !url.get("cors").is_null());
            call.auth_type(auth.clone()).set_cors(cors).set_invoke_mode(mode.map(Into::into)).send()
        });
        if unless_exists(created.await)?.is_some() {
            return Ok(());
        }
    }
    aws.call(Call::repeatable("lambda:UpdateFunctionUrlConfig"), || {
        let call = aws.clients.lambda.update_function_url_config().function_name(name);
        call.auth_type(auth.clone()).cors(cors.clone()).set_invoke_mode(mode.map(Into::into)).send()
    })
    .await
    .map(|_| ())
}

/// Nothing wanted is an empty configuration: leaving it out would keep the old one.
fn sharing(wanted: &Value) -> Cors {
    let texts = |name: &str| Some(wanted.get(name).strings()).filter(|texts| !texts.is_empty());
    let age = wanted.get("max_age_seconds").as_int().and_then(|age| i32::try_from(age).ok());
    Cors::builder()
        .set_allow_origins(texts("allow_origins"))
        .set_allow_methods(texts("allow_methods"))
        .set_allow_headers(texts("allow_headers"))
        .set_expose_headers(texts("expose_headers"))
        .set_allow_credentials(wanted.get("allow_credentials").as_bool())
        .set_max_age(age)
        .build()
}

async fn open(aws: &Session<'_>, name: &str, id: &str, action: &str) -> Result<(), Failure> {
    let added = aws.call(Call::repeatable("lambda:AddPermission"), || {
        let call = aws.clients.lambda.add_permission().function_name(name).statement_id(id);
        let call = call.action(action).principal("*");
        if action == "lambda:InvokeFunctionUrl" {
            call.function_url_auth_type(FunctionUrlAuthType::None).send()
        } else {
            call.invoked_via_function_url(true).send()
        }
    });
    unless_exists(added.await).map(|_| ())
}

/// One call after the other: calls side by side on one function lose statements.
async fn permit(aws: &Session<'_>, before: &Live, wish: &Values) -> Result<(), Failure> {
    let name = &before.id;
    let there = before.get_attribute("invoked_by").strings();
    let wanted = owned::wanted_texts(wish, "invoked_by").unwrap_or_default();
    let stranger = |service: &str| format!("{STRANGER}{}", statement_id(service));
    for service in wanted.iter().filter(|service| !there.contains(service)) {
        // A statement cannot be changed, and one of its id cannot be added.
        if there.contains(&stranger(service)) {
            revoke(aws, name, &statement_id(service)).await?;
        }
        let added = aws.call(Call::repeatable("lambda:AddPermission"), || {
            let call = aws.clients.lambda.add_permission().function_name(name);
            call.statement_id(statement_id(service))
                .action("lambda:InvokeFunction")
                .principal(service)
                .source_account(aws.account)
                .send()
        });
        unless_exists(added.await)?;
    }
    let renewed: Vec<String> = wanted.iter().map(|service| stranger(service)).collect();
    let leaving = |grant: &&String| !wanted.contains(grant) && !renewed.contains(grant);
    for grant in there.iter().filter(leaving) {
        let id = grant.strip_prefix(STRANGER).map_or_else(|| statement_id(grant), str::to_owned);
        revoke(aws, name, &id).await?;
    }
    Ok(())
}

async fn revoke(aws: &Session<'_>, name: &str, id: &str) -> Result<(), Failure> {
    let removed = aws.call(Call::repeatable("lambda:RemovePermission"), || {
        aws.clients.lambda.remove_permission().function_name(name).statement_id(id).send()
    });
    unless_missing(removed.await).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = r#"{"Sid": "trueup-url", "Effect": "Allow", "Principal": "*",
        "Action": "lambda:InvokeFunctionUrl", "Resource": "arn:x",
        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}"#;
    const INVOKE: &str = r#"{"Sid": "trueup-url-invoke", "Effect": "Allow", "Principal": "*",
        "Action": "lambda:InvokeFunction", "Resource": "arn:x",
        "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}}"#;
    const EVENTS: &str = r#"{"Sid": "trueup-service-events-amazonaws-com", "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": "arn:x", "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}}"#;

    fn grants(statements: &[&str]) -> Grants {
        let policy = format!(r#"{{"Statement": [{}]}}"#, statements.join(","));
        Grants::read(&policy, "123456789012")
    }

    fn seen(statements: &[&str]) -> Vec<String> {
        grants(statements).invoked_by(true).into_iter().collect()
    }

    #[test]
    fn a_statement_that_is_not_ours_is_seen() {
        let hand = r#"{"Sid": "hand", "Effect": "Allow", "Principal": {"AWS": "123456789012"}}"#;
        let all = [URL, INVOKE, EVENTS, hand];
        assert!(grants(&all).public());
        assert_eq!(seen(&all), ["events.amazonaws.com", "statement hand"]);
        assert_eq!(grants(&all).invoked_by(false).len(), 4);
    }

    #[test]
    fn a_statement_of_ours_that_grants_something_else_is_not_ours() {
        let stranger = ["statement trueup-service-events-amazonaws-com"];
        assert_eq!(seen(&[EVENTS]), ["events.amazonaws.com"]);
        for (right, wrong) in [
            ("events.amazonaws.com\"}", "s3.amazonaws.com\"}"),
            ("lambda:InvokeFunction", "lambda:*"),
            ("\"123456789012\"", "\"210987654321\""),
            ("StringEquals", "StringLike"),
            ("\"Allow\"", "\"Deny\""),
        ] {
            assert!(EVENTS.contains(right), "{right}");
            assert_eq!(seen(&[&EVENTS.replace(right, wrong)]), stranger, "{wrong}");
        }
        let without_condition = EVENTS.split(r#", "Condition""#).next().unwrap().to_owned() + "}";
        assert_eq!(seen(&[&without_condition]), stranger, "whoever has the service may call");
    }

    #[test]
    fn a_url_is_public_with_just_its_two_permissions() {
        let public = |statements: &[&str]| grants(statements).public();
        assert!(public(&[URL, INVOKE]) && !public(&[URL]) && !public(&[INVOKE]));
        assert!(!public(&[URL, &INVOKE.replace("\"true\"", "\"false\"")]));
        assert!(!public(&[&URL.replace("\"*\"", "\"123456789012\""), INVOKE]));
        assert!(grants(&[URL]).half_public() && !grants(&[EVENTS]).half_public());
    }

    #[test]
    fn without_a_policy_nobody_is_let_in() {
        let grants = Grants::read("", "123456789012");
        assert!(!grants.public() && !grants.half_public() && grants.invoked_by(false).is_empty());
    }
}
