//! One role with everything that hangs on it: for polls, and for roles outside the stack's path.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{InstanceProfile, Role};
use trueup_model::snapshot::Live;
use trueup_provider::{Call, Failure, FailureClass};

use super::shape::{Parts, normalise, tags};
use crate::live::Session;
use crate::live::session::unless_missing;

pub(super) async fn role(aws: &Session<'_>, name: &str) -> Result<Option<Role>, Failure> {
    let answer =
        aws.call(Call::read("iam:GetRole"), || aws.clients.iam.get_role().role_name(name).send());
    Ok(unless_missing(answer.await)?.and_then(|answer| answer.role().cloned()))
}

pub(super) async fn one(aws: &Session<'_>, name: &str) -> Result<Option<Live>, Failure> {
    let Some(role) = role(aws, name).await? else { return Ok(None) };
    let parts = futures::try_join!(managed(aws, name), inline(aws, name), profiles(aws, name));
    let (managed, inline, profiles) = match parts {
        // Only that the role itself is gone says that it is not there.
        Err(failure) if failure.class == FailureClass::Missing => {
            return match self::role(aws, name).await? {
                None => Ok(None),
                Some(_) => Err(failure),
            };
        }
        parts => parts?,
    };
    let boundary = role.permissions_boundary().and_then(|b| b.permissions_boundary_arn());
    let parts = Parts {
        name: name.to_owned(),
        tags: tags(role.tags()),
        managed,
        inline,
        profiles,
        boundary: boundary.map(str::to_owned),
    };
    Ok(Some(normalise(&role, parts)))
}

async fn managed(aws: &Session<'_>, name: &str) -> Result<Vec<String>, Failure> {
    let found = aws.pages(
        Call::read("iam:ListAttachedRolePolicies"),
        |next| {
            let call = aws.clients.iam.list_attached_role_policies().role_name(name);
            call.set_marker(next).send()
        },
        |page| {
            (page.attached_policies.unwrap_or_default(), page.marker.filter(|_| page.is_truncated))
        },
    );
    Ok(found.await?.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

async fn inline(aws: &Session<'_>, name: &str) -> Result<BTreeMap<String, String>, Failure> {
    let names = aws.pages(
        Call::read("iam:ListRolePolicies"),
        |next| aws.clients.iam.list_role_policies().role_name(name).set_marker(next).send(),
        |page| (page.policy_names, page.marker.filter(|_| page.is_truncated)),
    );
    let mut found = BTreeMap::new();
    for policy in names.await? {
        let answer = aws.call(Call::read("iam:GetRolePolicy"), || {
            aws.clients.iam.get_role_policy().role_name(name).policy_name(&policy).send()
        });
        // One that was taken off since it was listed is not there; the role is.
        if let Some(answer) = unless_missing(answer.await)? {
            found.insert(policy, answer.policy_document);
        }
    }
    Ok(found)
}

pub(super) async fn profiles(
    aws: &Session<'_>,
    name: &str,
) -> Result<Vec<InstanceProfile>, Failure> {
    aws.pages(
        Call::read("iam:ListInstanceProfilesForRole"),
        |next| {
            let call = aws.clients.iam.list_instance_profiles_for_role().role_name(name);
            call.set_marker(next).send()
        },
        |page| (page.instance_profiles, page.marker.filter(|_| page.is_truncated)),
    )
    .await
}
