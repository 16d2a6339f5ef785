//! What the description of an instance leaves out.

use aws_sdk_ec2::operation::describe_instance_attribute::DescribeInstanceAttributeOutput;
use aws_sdk_ec2::types::{AttributeBooleanValue, Instance, InstanceAttributeName, Volume};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use trueup_model::Value;
use trueup_provider::{Call, Failure};

use super::shape;
use crate::live::Session;
use crate::live::describe::{self, PAGE};
use crate::live::session::unless_missing;

/// What AWS tells only one instance and one attribute a call.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) user_data: Value,
    pub(super) termination_protection: Value,
}

/// Nothing of an instance that comes or goes: while it is waited for, only its state counts.
pub(super) async fn of(aws: &Session<'_>, instance: &Instance) -> Result<Details, Failure> {
    if matches!(shape::state(instance), "pending" | "shutting-down") {
        return Ok(Details::default());
    }
    let id = instance.instance_id().unwrap_or_default();
    let (user_data, protection) = futures::try_join!(
        attribute(aws, id, InstanceAttributeName::UserData),
        attribute(aws, id, InstanceAttributeName::DisableApiTermination),
    )?;
    let user_data = user_data.as_ref().and_then(|answer| answer.user_data());
    Ok(Details {
        user_data: decoded(user_data.and_then(|data| data.value())),
        termination_protection: is_on(protection.as_ref()).into(),
    })
}

/// Whether AWS refuses to terminate it now.
pub(super) async fn is_protected(aws: &Session<'_>, id: &str) -> Result<bool, Failure> {
    let answer = attribute(aws, id, InstanceAttributeName::DisableApiTermination).await?;
    Ok(is_on(answer.as_ref()))
}

fn is_on(protection: Option<&DescribeInstanceAttributeOutput>) -> bool {
    let protection = protection.and_then(|answer| answer.disable_api_termination());
    protection.and_then(AttributeBooleanValue::value).unwrap_or_default()
}

async fn attribute(
    aws: &Session<'_>,
    id: &str,
    name: InstanceAttributeName,
) -> Result<Option<DescribeInstanceAttributeOutput>, Failure> {
    let answer = aws.call(Call::read("ec2:DescribeInstanceAttribute"), || {
        aws.clients.ec2.describe_instance_attribute().instance_id(id).attribute(name.clone()).send()
    });
    // It may have gone since it was listed.
    unless_missing(answer.await)
}

/// User data as the stack states it; what is no text stays in base64.
fn decoded(data: Option<&str>) -> Value {
    let Some(data) = data.filter(|data| !data.is_empty()) else { return Value::Null };
    let bytes = BASE64_STANDARD.decode(data).unwrap_or_default();
    let text = String::from_utf8(bytes).ok().filter(|text| !text.is_empty());
    text.unwrap_or_else(|| data.to_owned()).into()
}

/// The volumes with these ids.
pub(super) async fn volumes(aws: &Session<'_>, ids: &[String]) -> Result<Vec<Volume>, Failure> {
    describe::by_ids(ids, "volume-id", |by| {
        aws.pages(
            Call::read("ec2:DescribeVolumes"),
            move |next| {
                let call = aws.clients.ec2.describe_volumes().filters(by.clone());
                call.max_results(PAGE).set_next_token(next).send()
            },
            |page| (page.volumes.unwrap_or_default(), page.next_token),
        )
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_data_is_text_where_it_is_text() {
        assert_eq!(decoded(Some("IyEvYmluL3NoCg==")), Value::from("#!/bin/sh\n"));
        assert_eq!(decoded(Some("H4sIAP8=")), Value::from("H4sIAP8="));
        assert_eq!(decoded(None), Value::Null);
        assert_eq!(decoded(Some("")), Value::Null);
    }
}
