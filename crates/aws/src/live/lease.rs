//! Leases, as parameters `/trueup/STACK/lease/GENERATION` of Systems Manager.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ssm::types::{Parameter, ParameterTier, ParameterType, Tag};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_types::date_time::{DateTime, Format};
use trueup_model::snapshot::STACK_TAG;
use trueup_provider::{Call, Failure, Host, LeaseEntry, LeaseStore, Leases};

use super::provider::Aws;
use super::session::unless_missing;
use super::tagging::Tagged;

fn name(stack: &str, generation: u64) -> String {
    format!("/trueup/{stack}/lease/{generation}")
}

/// Keeps the time that AWS stamps its answers with.
#[derive(Debug, Clone, Default)]
struct AnswerTime(Arc<Mutex<Option<u64>>>);

impl AnswerTime {
    fn last(&self) -> Option<u64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for AnswerTime {
    fn name(&self) -> &'static str {
        "AnswerTime"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let time = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time.and_then(millis);
        Ok(())
    }
}

fn entry(parameter: &Parameter) -> Option<LeaseEntry> {
    let (_, generation) = parameter.name()?.rsplit_once('/')?;
    Some(LeaseEntry {
        generation: generation.parse().ok()?,
        text: parameter.value().unwrap_or_default().to_owned(),
        modified: parameter.last_modified_date().copied().and_then(millis)?,
    })
}

fn millis(time: DateTime) -> Option<u64> {
    time.to_millis().ok().and_then(|millis| u64::try_from(millis).ok())
}

#[async_trait]
impl LeaseStore for Aws {
    async fn list(&self, host: &dyn Host, stack: &str) -> Result<Leases, Failure> {
        let tagged = Tagged::default();
        let aws = self.session(host, "", &tagged);
        let folder = format!("/trueup/{stack}/lease");
        let time = AnswerTime::default();
        let found = aws.pages(
            Call::read("ssm:GetParametersByPath"),
            |next| {
                let call = aws.clients.ssm.get_parameters_by_path().path(&folder);
                call.set_next_token(next).customize().interceptor(time.clone()).send()
            },
            |page| (page.parameters.unwrap_or_default(), page.next_token),
        );
        let mut entries: Vec<LeaseEntry> = found.await?.iter().filter_map(entry).collect();
        entries.sort_by_key(|entry| entry.generation);
        Ok(Leases { entries, now: time.last() })
    }

    async fn create(
        &self,
        host: &dyn Host,
        stack: &str,
        generation: u64,
        text: &str,
    ) -> Result<(), Failure> {
        let tagged = Tagged::default();
        let aws = self.session(host, "", &tagged);
        let tag = Tag::builder().key(STACK_TAG).value(stack).build();
        let tag = tag.map_err(|error| {
            Failure::new(trueup_provider::FailureClass::Internal, error.to_string())
        })?;
        aws.call(Call::once("ssm:PutParameter"), || {
            let request = aws.clients.ssm.put_parameter().name(name(stack, generation));
            let request = request.value(text).overwrite(false).tags(tag.clone());
            request.r#type(ParameterType::String).tier(ParameterTier::Standard).send()
        })
        .await?;
        Ok(())
    }

    async fn write(
        &self,
        host: &dyn Host,
        stack: &str,
        generation: u64,
        text: &str,
    ) -> Result<(), Failure> {
        let tagged = Tagged::default();
        let aws = self.session(host, "", &tagged);
        aws.call(Call::repeatable("ssm:PutParameter"), || {
            let request = aws.clients.ssm.put_parameter().name(name(stack, generation));
            request.value(text).overwrite(true).r#type(ParameterType::String).send()
        })
        .await?;
        Ok(())
    }

    async fn delete(&self, host: &dyn Host, stack: &str, generation: u64) -> Result<(), Failure> {
        let tagged = Tagged::default();
        let aws = self.session(host, "", &tagged);
        let deleted = aws
            .call(Call::repeatable("ssm:DeleteParameter"), || {
                aws.clients.ssm.delete_parameter().name(name(stack, generation)).send()
            })
            .await;
        unless_missing(deleted).map(|_| ())
    }
}
