//! Who may call a function: its URL, its permissions, how many at once.

use std::collections::BTreeSet;

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

/// What a function's policy grants.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// The ids of statements, and the service that each lets in, if that is all that it does.
    statements: Vec<(String, Option<String>)>,
}

impl Grants {
    /// Reads the policy, which Lambda gives as JSON text; none is empty.
    pub(super) fn read(policy: &str) -> Self {
        let document: Value = serde_json::from_str(policy).unwrap_or_default();
        let statements = document.get("Statement").as_list().unwrap_or_default().iter();
        let statements = statements.map(|statement| {
            let id = statement.get("Sid").as_str().unwrap_or_default().to_owned();
            let service = statement.get("Principal").get("Service").as_str().map(str::to_owned);
            (id, service)
        });
        Self { statements: statements.collect() }
    }

    /// Whether everybody may call the URL.
    pub(super) fn public(&self) -> bool {
        PUBLIC.iter().all(|(id, _)| self.statements.iter().any(|(there, _)| there == id))
    }

    /// The services that may call, and every statement that is not ours, as what it is.
    pub(super) fn invoked_by(&self, with_url: bool) -> BTreeSet<String> {
        let ours = |id: &str| with_url && PUBLIC.iter().any(|(public, _)| *public == id);
        let others = self.statements.iter().filter(|(id, _)| !ours(id));
        others
            .map(|(id, service)| match service {
                Some(service) if *id == statement_id(service) => service.clone(),
                _ => format!("{STRANGER}{id}"),
            })
            .collect()
    }
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
        for (id, action) in PUBLIC {
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
    for service in wanted.iter().filter(|service| !there.contains(service)) {
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
    for grant in there.iter().filter(|grant| !wanted.contains(grant)) {
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

    #[test]
    fn a_statement_that_is_not_ours_is_seen() {
        let policy = r#"{"Statement": [
            {"Sid": "trueup-url", "Principal": "*"},
            {"Sid": "trueup-url-invoke", "Principal": "*"},
            {"Sid": "trueup-service-events-amazonaws-com", "Principal": {"Service": "events.amazonaws.com"}},
            {"Sid": "hand", "Principal": {"AWS": "123456789012"}}]}"#;
        let grants = Grants::read(policy);
        assert!(grants.public());
        let seen: Vec<String> = grants.invoked_by(true).into_iter().collect();
        assert_eq!(seen, ["events.amazonaws.com", "statement hand"]);
        assert_eq!(grants.invoked_by(false).len(), 4);
    }

    #[test]
    fn without_a_policy_nobody_is_let_in() {
        let grants = Grants::read("");
        assert!(!grants.public() && grants.invoked_by(false).is_empty());
    }
}
