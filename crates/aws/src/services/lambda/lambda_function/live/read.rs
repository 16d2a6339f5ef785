//! One function with its URL and its policy.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::LastUpdateStatus;
use trueup_model::snapshot::Live;
use trueup_provider::{Call, Failure, FailureClass};

use super::shape::normalise;
use crate::live::Session;
use crate::live::session::unless_missing;

pub(super) async fn one(aws: &Session<'_>, name: &str) -> Result<Option<Live>, Failure> {
    // All at once: a function without URL or policy answers those with "not found" too.
    let (function, url, policy) = futures::join!(
        function(aws, name),
        aws.call(Call::read("lambda:GetFunctionUrlConfig"), || {
            aws.clients.lambda.get_function_url_config().function_name(name).send()
        }),
        aws.call(Call::read("lambda:GetPolicy"), || {
            aws.clients.lambda.get_policy().function_name(name).send()
        }),
    );
    let Some(function) = unless_missing(function)? else { return Ok(None) };
    // Tags that could not be read are not tags that are not there: the function would seem to be
    // somebody else's.
    if let Some(error) = function.tags_error() {
        let message = format!("{}: {}", error.error_code(), error.message());
        let failure = Failure::new(FailureClass::Denied, format!("the tags of {name}: {message}"));
        return Err(failure.help("allow lambda:ListTags"));
    }
    let (url, policy) = (unless_missing(url)?, unless_missing(policy)?);
    Ok(Some(normalise(&function, url.as_ref(), policy.as_ref().and_then(|answer| answer.policy()))))
}

async fn function(aws: &Session<'_>, name: &str) -> Result<GetFunctionOutput, Failure> {
    aws.call(Call::read("lambda:GetFunction"), || {
        aws.clients.lambda.get_function().function_name(name).send()
    })
    .await
}

/// Why the last change of a function failed, if it did.
pub(super) async fn failed_update(
    aws: &Session<'_>,
    name: &str,
) -> Result<Option<String>, Failure> {
    let answer = function(aws, name).await?;
    let Some(configuration) = answer.configuration() else { return Ok(None) };
    let failed = configuration.last_update_status() == Some(&LastUpdateStatus::Failed);
    let reason = configuration.last_update_status_reason().unwrap_or("no reason given");
    Ok(failed.then(|| reason.to_owned()))
}
