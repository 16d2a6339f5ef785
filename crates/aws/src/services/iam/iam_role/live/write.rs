//! The calls that make and change a role.

use std::collections::BTreeMap;

use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Failure};

use super::{done, profile};
use crate::live::{Session, owned, tags};
use crate::services::policy::revealed;

pub(super) async fn create(aws: &Session<'_>, request: &Create, name: &str) -> Result<(), Failure> {
    let wish = &request.attributes;
    let tags = tags::iam(&request.all_tags())?;
    aws.call(Call::once("iam:CreateRole"), || {
        let call = aws.clients.iam.create_role().role_name(name);
        call.set_path(owned::wanted_text(wish, "path"))
            .set_assume_role_policy_document(wish.get("trust").map(revealed))
            .set_description(owned::wanted_text(wish, "description"))
            .set_max_session_duration(owned::wanted_int(wish, "max_session_seconds"))
            .set_permissions_boundary(owned::wanted_text(wish, "permissions_boundary"))
            .set_tags(Some(tags.clone()))
            .send()
    })
    .await
    .map(|_| ())
}

/// Makes the attributes named in `changed` as wanted. What is given comes before what is taken away,
/// so that whoever uses the role is never without.
pub(super) async fn change(
    aws: &Session<'_>,
    before: &Live,
    wish: &Values,
    changed: &[String],
    all_tags: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let differs = |name: &str| {
        changed.iter().any(|changed| changed == name)
            && !owned::same_unordered(before.get(name), wish.get(name).unwrap_or(&Value::Null))
    };
    if differs("trust") {
        trust(aws, &before.id, wish).await?;
    }
    if differs("description") || differs("max_session_seconds") {
        describe(aws, &before.id, wish).await?;
    }
    if differs("permissions_boundary") {
        bound(aws, &before.id, wish).await?;
    }
    if differs("policies") {
        inline(aws, before, wish).await?;
    }
    if differs("managed_policies") {
        managed(aws, before, wish).await?;
    }
    if differs("instance_profile") {
        match owned::wanted_bool(wish, "instance_profile") {
            Some(true) => profile::make(aws, before, all_tags).await?,
            _ => profile::delete(aws, &before.id).await?,
        }
    }
    Ok(())
}

async fn trust(aws: &Session<'_>, name: &str, wish: &Values) -> Result<(), Failure> {
    let document = wish.get("trust").map(revealed).unwrap_or_default();
    aws.call(Call::repeatable("iam:UpdateAssumeRolePolicy"), || {
        aws.clients
            .iam
            .update_assume_role_policy()
            .role_name(name)
            .policy_document(&document)
            .send()
    })
    .await
    .map(|_| ())
}

async fn describe(aws: &Session<'_>, name: &str, wish: &Values) -> Result<(), Failure> {
    aws.call(Call::repeatable("iam:UpdateRole"), || {
        let call = aws.clients.iam.update_role().role_name(name);
        call.description(owned::wanted_text(wish, "description").unwrap_or_default())
            .set_max_session_duration(owned::wanted_int(wish, "max_session_seconds"))
            .send()
    })
    .await
    .map(|_| ())
}

async fn bound(aws: &Session<'_>, name: &str, wish: &Values) -> Result<(), Failure> {
    let Some(boundary) = owned::wanted_text(wish, "permissions_boundary") else {
        let removed = aws.call(Call::repeatable("iam:DeleteRolePermissionsBoundary"), || {
            aws.clients.iam.delete_role_permissions_boundary().role_name(name).send()
        });
        return done(removed.await);
    };
    aws.call(Call::repeatable("iam:PutRolePermissionsBoundary"), || {
        let call = aws.clients.iam.put_role_permissions_boundary().role_name(name);
        call.permissions_boundary(&boundary).send()
    })
    .await
    .map(|_| ())
}

async fn inline(aws: &Session<'_>, before: &Live, wish: &Values) -> Result<(), Failure> {
    let none = BTreeMap::new();
    let there = before.get("policies").as_map().unwrap_or(&none);
    let wanted = wish.get("policies").and_then(Value::as_map).unwrap_or(&none);
    for (policy, document) in
        wanted.iter().filter(|(name, policy)| there.get(*name) != Some(*policy))
    {
        let document = revealed(document);
        aws.call_on_new(Call::repeatable("iam:PutRolePolicy"), || {
            let call = aws.clients.iam.put_role_policy().role_name(&before.id);
            call.policy_name(policy).policy_document(&document).send()
        })
        .await?;
    }
    for policy in there.keys().filter(|name| !wanted.contains_key(*name)) {
        remove_inline(aws, &before.id, policy).await?;
    }
    Ok(())
}

async fn remove_inline(aws: &Session<'_>, name: &str, policy: &str) -> Result<(), Failure> {
    let removed = aws.call(Call::repeatable("iam:DeleteRolePolicy"), || {
        aws.clients.iam.delete_role_policy().role_name(name).policy_name(policy).send()
    });
    done(removed.await)
}

async fn managed(aws: &Session<'_>, before: &Live, wish: &Values) -> Result<(), Failure> {
    let there = before.get("managed_policies").strings();
    let wanted = owned::wanted_texts(wish, "managed_policies").unwrap_or_default();
    for arn in wanted.iter().filter(|arn| !there.contains(arn)) {
        aws.call_on_new(Call::repeatable("iam:AttachRolePolicy"), || {
            aws.clients.iam.attach_role_policy().role_name(&before.id).policy_arn(arn).send()
        })
        .await?;
    }
    for arn in there.iter().filter(|arn| !wanted.contains(arn)) {
        detach(aws, &before.id, arn).await?;
    }
    Ok(())
}

async fn detach(aws: &Session<'_>, name: &str, arn: &str) -> Result<(), Failure> {
    let detached = aws.call(Call::repeatable("iam:DetachRolePolicy"), || {
        aws.clients.iam.detach_role_policy().role_name(name).policy_arn(arn).send()
    });
    done(detached.await)
}

/// Takes everything off a role, which IAM wants before it deletes one.
pub(super) async fn strip(aws: &Session<'_>, live: &Live) -> Result<(), Failure> {
    profile::strip(aws, live).await?;
    for arn in live.get("managed_policies").strings() {
        detach(aws, &live.id, &arn).await?;
    }
    for policy in live.get("policies").as_map().into_iter().flatten().map(|(name, _)| name) {
        remove_inline(aws, &live.id, policy).await?;
    }
    Ok(())
}
