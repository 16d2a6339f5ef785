//! Whether the instance profile that an instance runs with is the one that there is.

use std::collections::BTreeMap;

use trueup_model::snapshot::Snapshot;

use super::KIND;

/// The output that holds the id of the profile: its name and its ARN are those of any profile that
/// is made under the name later.
pub(super) const ID: &str = "instance_profile_id";

/// What the ids of instance profiles begin with; see
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>. An answer with
/// anything else tells nothing.
const PREFIX: &str = "AIPA";

/// An instance whose profile was deleted and made again still names the dead one, and has no
/// credentials: that is a difference, though the names are the same.
pub(super) fn mark_stale(found: &mut Snapshot) {
    let roles = found.resources.iter().chain(found.existing.values());
    let roles = roles.filter(|live| live.kind == "iam_role");
    let current: BTreeMap<String, String> = roles
        .filter_map(|role| {
            let name = role.get("instance_profile_name").as_str()?;
            Some((name.to_owned(), role.get(ID).as_str()?.to_owned()))
        })
        .collect();
    let instances = found.resources.iter_mut().chain(found.existing.values_mut());
    for instance in instances.filter(|live| live.kind == KIND) {
        let Some(name) = instance.get_attribute("iam_role").as_str() else { continue };
        let Some(id) = instance.get(ID).as_str().filter(|id| id.starts_with(PREFIX)) else {
            continue;
        };
        if current.get(name).is_some_and(|current| current != id) {
            let stale = format!("{name}, since deleted ({id})");
            instance.attributes.insert("iam_role".to_owned(), stale.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live, Ownership};

    use super::*;
    use crate::live::owned::named;

    fn live(kind: &str, attributes: &[(&str, &str)], outputs: &[(&str, &str)]) -> Live {
        let values = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect()
        };
        Live {
            kind: kind.to_owned().into(),
            id: "x".to_owned(),
            ownership: Ownership::default(),
            attributes: values(attributes),
            outputs: values(outputs),
            tags: BTreeMap::new(),
            condition: Condition::Ready,
            scheduled: named([]),
        }
    }

    fn role_of_instance(its: &str) -> String {
        let role = live("iam_role", &[], &[("instance_profile_name", "shop-web"), (ID, "AIPA2")]);
        let instance = live(KIND, &[("iam_role", "shop-web")], &[(ID, its)]);
        let mut found = Snapshot { resources: vec![role, instance], ..Snapshot::default() };
        mark_stale(&mut found);
        found.resources[1].get_attribute("iam_role").to_string()
    }

    #[test]
    fn a_profile_that_was_made_again_is_another() {
        assert_eq!(role_of_instance("AIPA2"), "shop-web");
        assert_eq!(role_of_instance("iip-assoc-1"), "shop-web");
        assert_eq!(role_of_instance("AIPA1"), "shop-web, since deleted (AIPA1)");
    }
}
