//! From IAM's descriptions of a role to the form that is compared.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{InstanceProfile, Role, RoleDetail, Tag};
use percent_encoding::percent_decode_str;
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::value::Values;

use super::KIND;
use crate::live::owned;

/// What hangs on a role, however it was read.
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) managed: Vec<String>,
    pub(super) inline: BTreeMap<String, String>,
    pub(super) profiles: Vec<InstanceProfile>,
    pub(super) boundary: Option<String>,
}

impl Parts {
    pub(super) fn of_detail(detail: &RoleDetail) -> Self {
        let managed = detail.attached_managed_policies().iter();
        let inline = detail.role_policy_list().iter();
        let boundary = detail.permissions_boundary();
        Self {
            name: detail.role_name().unwrap_or_default().to_owned(),
            tags: tags(detail.tags()),
            managed: managed.filter_map(|policy| policy.policy_arn().map(str::to_owned)).collect(),
            inline: inline
                .filter_map(|policy| {
                    Some((policy.policy_name()?.to_owned(), policy.policy_document()?.to_owned()))
                })
                .collect(),
            profiles: detail.instance_profile_list().to_vec(),
            boundary: boundary.and_then(|b| b.permissions_boundary_arn()).map(str::to_owned),
        }
    }
}

pub(super) fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

pub(super) fn normalise(role: &Role, parts: Parts) -> Live {
    let name = role.role_name();
    let profile = parts.profiles.iter().find(|profile| profile.instance_profile_name() == name);
    let policies: Values =
        parts.inline.into_iter().map(|(name, text)| (name, document(&text))).collect();
    let attributes = owned::named([
        ("name", name.into()),
        ("path", role.path().into()),
        ("trust", role.assume_role_policy_document().map_or(Value::Null, document)),
        ("managed_policies", parts.managed.into_iter().collect()),
        ("policies", policies.into()),
        ("permissions_boundary", parts.boundary.into()),
        (
            "description",
            role.description().filter(|text| !text.is_empty()).map(str::to_owned).into(),
        ),
        ("max_session_seconds", role.max_session_duration().unwrap_or(3600).into()),
        ("instance_profile", profile.is_some().into()),
    ]);
    let outputs = owned::named([
        ("id", name.into()),
        ("arn", role.arn().into()),
        ("unique_id", role.role_id().into()),
        ("instance_profile_name", profile.map(InstanceProfile::instance_profile_name).into()),
        ("instance_profile_id", profile.map(InstanceProfile::instance_profile_id).into()),
    ]);
    owned::live((KIND, name), parts.tags, attributes, outputs, condition(role))
}

/// Just after it is made, a role's ARN may hold its unique id instead.
fn condition(role: &Role) -> Condition {
    if role.arn().starts_with("arn:") {
        Condition::Ready
    } else {
        Condition::Pending("being made known".to_owned())
    }
}

/// IAM percent-encodes documents; one that is not JSON all the same is kept as text.
pub(super) fn document(encoded: &str) -> Value {
    let text = percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| text.into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn a_document_is_decoded() {
        let value = document("%7B%22Version%22%3A%222012-10-17%22%7D");
        assert_eq!(value.get("Version").as_str(), Some("2012-10-17"));
    }
}
