//! A stop and a start with a change in between.

use aws_sdk_ec2::types::{AttributeValue, Tag};
use trueup_model::snapshot::Live;
use trueup_provider::{Call, Failure, FailureClass};

use super::KIND;
use crate::live::Session;

/// The tag on an instance that was stopped for a change. If the change is cut off, the tag is left
/// over; it is no tag of the stack, so the next apply takes it off, and starts the instance.
pub(super) const MARK: &str = "trueup:restart";

/// Changes the type. An instance that somebody stopped stays stopped.
pub(super) async fn resize(aws: &Session<'_>, before: &Live, size: &str) -> Result<(), Failure> {
    let id = before.id.as_str();
    let now = aws.holds(KIND, id, &|live| live.is_none_or(|live| !is(live, "stopping"))).await?;
    let runs = now.as_ref().is_some_and(|live| is(live, "running"));
    let restart = runs || before.tags.contains_key(MARK);
    if runs {
        mark(aws, id).await?;
        stop(aws, id).await?;
    }
    let changed = set_type(aws, id, size).await;
    if !restart {
        return changed;
    }
    let outcome = start_again(aws, before, changed).await?;
    if runs {
        unmark(aws, id).await?;
    }
    outcome
}

/// Starts it, whatever came of the change. The outer failure is that it stays stopped; then it stays
/// marked, too, and the next apply starts it. The inner one is that it runs, but as before.
async fn start_again(
    aws: &Session<'_>,
    before: &Live,
    changed: Result<(), Failure>,
) -> Result<Result<(), Failure>, Failure> {
    match (changed, start(aws, &before.id).await) {
        (changed, Ok(())) => Ok(changed),
        (Ok(()), Err(failure)) if failure.class == FailureClass::Capacity => {
            start_as_before(aws, before, failure).await.map(Err)
        }
        (Ok(()), Err(failure)) => Err(failure),
        (Err(refused), Err(failure)) => Err(stopped(refused, &before.id, &failure)),
    }
}

/// AWS has no machine of the new type at the moment: this one gets its old type back and runs on.
/// Gives the failure with that said.
async fn start_as_before(
    aws: &Session<'_>,
    before: &Live,
    failure: Failure,
) -> Result<Failure, Failure> {
    let old = before.get("instance_type").as_str().unwrap_or_default();
    let runs_again = match set_type(aws, &before.id, old).await {
        Ok(()) => start(aws, &before.id).await,
        Err(again) => Err(again),
    };
    match runs_again {
        Ok(()) => Ok(failure.help(format!("{} runs again, as {old}", before.id))),
        Err(again) => Err(stopped(failure, &before.id, &again)),
    }
}

/// The refusal of a machine that could not be started again.
fn stopped(refused: Failure, id: &str, failure: &Failure) -> Failure {
    refused.help(format!(
        "{id} was stopped for this and does not start again ({failure}); the next apply tries again"
    ))
}

async fn set_type(aws: &Session<'_>, id: &str, size: &str) -> Result<(), Failure> {
    let size = AttributeValue::builder().value(size).build();
    aws.call(Call::repeatable("ec2:ModifyInstanceAttribute"), || {
        let call = aws.clients.ec2.modify_instance_attribute().instance_id(id);
        call.instance_type(size.clone()).send()
    })
    .await
    .map(|_| ())
}

fn is(live: &Live, state: &str) -> bool {
    live.get("state").as_str() == Some(state)
}

async fn stop(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
    aws.call(Call::repeatable("ec2:StopInstances"), || {
        aws.clients.ec2.stop_instances().instance_ids(id).send()
    })
    .await?;
    let stopped = |live: Option<&Live>| live.is_none_or(|live| is(live, "stopped"));
    aws.holds(KIND, id, &stopped).await.map(|_| ())
}

/// Starts it, and waits until it runs.
pub(super) async fn start(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
    // For a moment after a change of the type AWS still plans with the old one.
    let judge = |mut failure: Failure| {
        if failure.message.contains("LaunchPlan") {
            failure.class = FailureClass::NotYet;
        }
        std::future::ready(failure)
    };
    let call = Call::repeatable("ec2:StartInstances");
    let send = || aws.clients.ec2.start_instances().instance_ids(id).send();
    aws.call_judged(call, send, judge).await?;
    aws.shows(KIND, id, &|live| is(live, "running")).await.map(|_| ())
}

async fn mark(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
    let tag = Tag::builder().key(MARK).value("it was stopped to change its type").build();
    aws.call(Call::repeatable("ec2:CreateTags"), || {
        aws.clients.ec2.create_tags().resources(id).tags(tag.clone()).send()
    })
    .await
    .map(|_| ())
}

async fn unmark(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
    let tag = Tag::builder().key(MARK).build();
    aws.call(Call::repeatable("ec2:DeleteTags"), || {
        aws.clients.ec2.delete_tags().resources(id).tags(tag.clone()).send()
    })
    .await
    .map(|_| ())
}
