//! The SDK's clients and the engine's host, together for one piece of work.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use trueup_model::KindName;
use trueup_model::snapshot::Live;
use trueup_provider::{Call, Failure, FailureClass, Host, Until};

use super::classify::{self, Place};
use super::strangers::Strangers;
use super::tagging::Tagged;

/// One client a service, shared by all work.
pub(crate) struct Clients {
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) rds: aws_sdk_rds::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
    /// Where all of them go, if that is not AWS itself.
    pub(crate) endpoint: Option<String>,
}

impl Clients {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            ec2: aws_sdk_ec2::Client::new(config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            rds: aws_sdk_rds::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
            endpoint: config.endpoint_url().map(str::to_owned),
        }
    }
}

/// Reads the bytes of a source folder or file, zipped, by the path that the stack gives.
pub(crate) type ReadSource = dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync;

/// Milliseconds after which what was made is known to all of EC2. Mostly it is seconds; what still
/// does not exist after this was deleted by somebody.
const KNOWN_EVERYWHERE_AFTER: u64 = 120_000;
/// The same of IAM, whose answers come from one place: what it does not know after this is not there.
const KNOWN_TO_IAM_AFTER: u64 = 30_000;

/// What a kind's calls work with.
pub(crate) struct Session<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) host: &'a dyn Host,
    /// Where calls go, and whose account it is.
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// What the tagging API says the stack owns; asked once, when first needed.
    pub(crate) tagged: &'a Tagged,
    /// What the request names and nobody in this run has made or seen.
    pub(crate) strangers: Strangers,
    /// The code of functions.
    pub(crate) read_source: &'a Arc<ReadSource>,
}

impl Session<'_> {
    /// Makes a call within its rate, as often as its class of failure allows.
    pub(crate) async fn call<T, E, Answer>(
        &self,
        call: Call,
        send: impl FnMut() -> Answer + Send,
    ) -> Result<T, Failure>
    where
        T: RequestId + Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    {
        self.call_judged(call, send, std::future::ready).await
    }

    /// The same; `judge` sees each failure before the host does: it may look around, say more, and
    /// give it another class.
    pub(crate) async fn call_judged<T, E, Answer, Judged>(
        &self,
        call: Call,
        mut send: impl FnMut() -> Answer + Send,
        judge: impl Fn(Failure) -> Judged + Send + Sync,
    ) -> Result<T, Failure>
    where
        T: RequestId + Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        Judged: Future<Output = Failure> + Send,
    {
        let judge = &judge;
        let begin = self.host.now();
        let place = Place { region: self.region, endpoint: self.clients.endpoint.as_deref() };
        trueup_provider::call(self.host, call, || {
            // Futures of the SDK are tens of kilobytes; boxed, they are not part of every caller's.
            let answer = Box::pin(send());
            async move {
                match answer.await {
                    Ok(output) => {
                        let request_id = output.request_id().map(str::to_owned);
                        Ok((output, request_id))
                    }
                    Err(error) => {
                        let failure = judge(classify::failure(call, &error, place)).await;
                        let age = self.host.now().saturating_sub(begin);
                        Err(self.strangers.judge(failure, age))
                    }
                }
            }
        })
        .await
    }

    /// Makes a call that names what may have been made a moment ago: for a while "does not exist"
    /// then only means that not all of EC2, or of IAM, knows it yet.
    pub(crate) async fn call_on_new<T, E, Answer>(
        &self,
        call: Call,
        send: impl FnMut() -> Answer + Send,
    ) -> Result<T, Failure>
    where
        T: RequestId + Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    {
        let begin = self.host.now();
        let judge = |mut failure: Failure| {
            let age = self.host.now().saturating_sub(begin);
            // An association is read just before: one that is gone was replaced. And nobody makes
            // images and key pairs a moment before they are used.
            let is_old = ["InvalidAssociationID", "InvalidAMIID", "InvalidKeyPair"]
                .iter()
                .any(|code| failure.code.as_deref().is_some_and(|said| said.starts_with(code)));
            let known_after = match call.service() {
                // A managed policy that "does not exist or is not attachable" was not made here.
                "iam" if failure.message.contains("cannot be found") => KNOWN_TO_IAM_AFTER,
                "iam" => 0,
                _ => KNOWN_EVERYWHERE_AFTER,
            };
            if failure.class == FailureClass::Missing && !is_old && age < known_after {
                failure.class = FailureClass::NotYet;
            }
            std::future::ready(failure)
        };
        self.call_judged(call, send, judge).await
    }

    /// Waits until it can be used, and gives it.
    pub(crate) async fn ready(&self, kind: &'static str, id: &str) -> Result<Live, Failure> {
        self.settled(kind, id, Until::Ready).await
    }

    /// Waits until it can be used and looks as wanted, and gives it.
    pub(crate) async fn shows(
        &self,
        kind: &'static str,
        id: &str,
        wanted: &(dyn Fn(&Live) -> bool + Send + Sync),
    ) -> Result<Live, Failure> {
        self.settled(kind, id, Until::Shows(wanted)).await
    }

    async fn settled(
        &self,
        kind: &'static str,
        id: &str,
        until: Until<'_>,
    ) -> Result<Live, Failure> {
        let live = self.host.wait(&KindName::from(kind), id, until).await?;
        live.ok_or_else(|| {
            Failure::new(
                FailureClass::Broken,
                format!("{kind} {id} vanished while it was waited for"),
            )
        })
    }

    /// Waits until this holds of what is there, or of nothing.
    pub(crate) async fn holds(
        &self,
        kind: &'static str,
        id: &str,
        wanted: &(dyn Fn(Option<&Live>) -> bool + Send + Sync),
    ) -> Result<Option<Live>, Failure> {
        self.host.wait(&KindName::from(kind), id, Until::Holds(wanted)).await
    }

    /// Waits until it is gone.
    pub(crate) async fn gone(&self, kind: &'static str, id: &str) -> Result<(), Failure> {
        self.host.wait(&KindName::from(kind), id, Until::Gone).await.map(|_| ())
    }
}

/// What does not exist is `None`; every other failure stays one.
pub(crate) fn unless_missing<T>(result: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(failure) if failure.class == FailureClass::Missing => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// What exists already is `None`; every other failure stays one.
pub(crate) fn unless_exists<T>(result: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(failure) if failure.class == FailureClass::Exists => Ok(None),
        Err(failure) => Err(failure),
    }
}
