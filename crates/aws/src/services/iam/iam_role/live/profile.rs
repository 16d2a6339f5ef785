//! The instance profile that goes with a role, under the role's own name.

use std::collections::BTreeMap;

use aws_sdk_iam::types::InstanceProfile;
use trueup_model::snapshot::{Live, STACK_TAG};
use trueup_provider::{Call, Failure, FailureClass};

use super::{done, read, shape};
use crate::live::session::unless_missing;
use crate::live::{Session, tags};

pub(super) async fn make(
    aws: &Session<'_>,
    role: &Live,
    all_tags: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let (name, tags) = (&role.id, tags::iam(all_tags)?);
    let created = aws.call(Call::repeatable("iam:CreateInstanceProfile"), || {
        let call = aws.clients.iam.create_instance_profile().instance_profile_name(name);
        call.set_path(role.get("path").as_str().map(str::to_owned))
            .set_tags(Some(tags.clone()))
            .send()
    });
    match created.await {
        // Made by a run whose answer was lost, unless it is somebody else's.
        Err(failure) if failure.class == FailureClass::Exists => {
            let theirs = find(aws, name).await?;
            if !theirs.is_some_and(|profile| is_of(&profile, all_tags.get(STACK_TAG))) {
                return Err(
                    failure.help("delete that instance profile, or give the role another name")
                );
            }
        }
        other => other.map(|_| ())?,
    }
    let added = aws.call_on_new(Call::repeatable("iam:AddRoleToInstanceProfile"), || {
        let call = aws.clients.iam.add_role_to_instance_profile();
        call.instance_profile_name(name).role_name(name).send()
    });
    match added.await {
        // A profile holds one role: if that is ours already, an earlier run put it there.
        Err(failure) if failure.is("LimitExceeded") => {
            let profiles = read::profiles(aws, name).await?;
            let ours = profiles.iter().any(|profile| profile.instance_profile_name() == name);
            if ours { Ok(()) } else { Err(failure) }
        }
        other => other.map(|_| ()),
    }
}

/// Takes the role out of its own profile, and deletes that.
pub(super) async fn delete(aws: &Session<'_>, role: &str) -> Result<(), Failure> {
    leave(aws, role, role).await?;
    let deleted = aws.call(Call::repeatable("iam:DeleteInstanceProfile"), || {
        aws.clients.iam.delete_instance_profile().instance_profile_name(role).send()
    });
    done(deleted.await)
}

/// Takes the role out of every profile. Of those only its own goes too; somebody else's stays.
pub(super) async fn strip(aws: &Session<'_>, role: &Live) -> Result<(), Failure> {
    let profiles = read::profiles(aws, &role.id).await?;
    let (own, others): (Vec<_>, Vec<_>) =
        profiles.iter().partition(|profile| profile.instance_profile_name() == role.id);
    for profile in others {
        leave(aws, &role.id, profile.instance_profile_name()).await?;
    }
    if !own.is_empty() || left_behind(aws, role).await? {
        delete(aws, &role.id).await?;
    }
    Ok(())
}

/// Whether an earlier run was stopped after it took the role out of its profile, which the role does
/// not lead to any more. Once the role is gone, too, nothing would.
async fn left_behind(aws: &Session<'_>, role: &Live) -> Result<bool, Failure> {
    let profile = find(aws, &role.id).await?;
    let stack = role.ownership.stack.as_ref();
    Ok(profile.is_some_and(|profile| profile.roles().is_empty() && is_of(&profile, stack)))
}

async fn find(aws: &Session<'_>, name: &str) -> Result<Option<InstanceProfile>, Failure> {
    let answer = aws.call(Call::read("iam:GetInstanceProfile"), || {
        aws.clients.iam.get_instance_profile().instance_profile_name(name).send()
    });
    Ok(unless_missing(answer.await)?.and_then(|answer| answer.instance_profile))
}

fn is_of(profile: &InstanceProfile, stack: Option<&String>) -> bool {
    stack.is_some() && shape::tags(profile.tags()).get(STACK_TAG) == stack
}

async fn leave(aws: &Session<'_>, role: &str, profile: &str) -> Result<(), Failure> {
    let removed = aws.call(Call::repeatable("iam:RemoveRoleFromInstanceProfile"), || {
        let call = aws.clients.iam.remove_role_from_instance_profile();
        call.instance_profile_name(profile).role_name(role).send()
    });
    done(removed.await)
}
