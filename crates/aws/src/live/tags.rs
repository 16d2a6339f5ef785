//! Tags as the services spell them, and the difference between two sets of them.

use std::collections::BTreeMap;

use trueup_model::snapshot::{ADDRESS_TAG, Live, STACK_TAG};
use trueup_model::stack::By;
use trueup_provider::{Call, Failure, FailureClass};

use super::session::Session;

/// What has to be written and removed so that the tags are as wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TagChange {
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) remove: Vec<String>,
}

impl TagChange {
    /// From what is there (ours included) to what is wanted (ours included).
    pub(crate) fn between(
        there: &BTreeMap<String, String>,
        wanted: &BTreeMap<String, String>,
    ) -> Self {
        let set = wanted.iter().filter(|(key, value)| there.get(*key) != Some(*value));
        let remove = there.keys().filter(|key| !wanted.contains_key(*key));
        Self {
            set: set.map(|(key, value)| (key.clone(), value.clone())).collect(),
            remove: remove.cloned().collect(),
        }
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

/// All tags of a live resource, ours included, those that AWS reserves left out.
pub(crate) fn all_of(live: &Live) -> BTreeMap<String, String> {
    let mut all = live.tags.clone();
    all.extend(live.ownership.to_tags());
    all
}

/// As the tag list of an EC2 call.
pub(crate) fn ec2(tags: &BTreeMap<String, String>) -> Vec<aws_sdk_ec2::types::Tag> {
    let tags = tags.iter();
    tags.map(|(key, value)| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build())
        .collect()
}

/// The tags of an EC2 answer.
pub(crate) fn of_ec2(tags: &[aws_sdk_ec2::types::Tag]) -> BTreeMap<String, String> {
    let pair =
        |tag: &aws_sdk_ec2::types::Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// For the create call of an EC2 kind.
pub(crate) fn ec2_specification(
    kind: aws_sdk_ec2::types::ResourceType,
    tags: &BTreeMap<String, String>,
) -> aws_sdk_ec2::types::TagSpecification {
    let specification = aws_sdk_ec2::types::TagSpecification::builder().resource_type(kind);
    specification.set_tags(Some(ec2(tags))).build()
}

/// The filter that finds what a stack owns.
pub(crate) fn owned_by(stack: &str) -> aws_sdk_ec2::types::Filter {
    filter(&format!("tag:{STACK_TAG}"), [stack.to_owned()])
}

/// A filter of an EC2 read.
pub(crate) fn filter(
    name: &str,
    values: impl IntoIterator<Item = String>,
) -> aws_sdk_ec2::types::Filter {
    let values = values.into_iter().collect();
    aws_sdk_ec2::types::Filter::builder().name(name).set_values(Some(values)).build()
}

/// The filters that find something that is not ours, for kinds whose name is their `Name` tag.
pub(crate) fn find_filters(
    by: &By,
    id_filter: &str,
    kind: &str,
) -> Result<Vec<aws_sdk_ec2::types::Filter>, Failure> {
    Ok(match by {
        By::Id(id) => vec![filter(id_filter, [id.clone()])],
        By::Name(name) => vec![filter("tag:Name", [name.clone()])],
        By::Tags(tags) => {
            tags.iter().map(|(key, value)| filter(&format!("tag:{key}"), [value.clone()])).collect()
        }
        By::Stack { stack, address } => {
            vec![owned_by(stack), filter(&format!("tag:{ADDRESS_TAG}"), [address.to_tag()])]
        }
        By::Default => return Err(no_default(kind)),
    })
}

/// What `existing` with `default: true` is told of a kind that has none.
pub(crate) fn no_default(kind: &str) -> Failure {
    let message = format!("an account has no default {kind}");
    Failure::new(FailureClass::Invalid, message).help("look it up by `id`, `name` or `tags`")
}

/// The most values that EC2 takes in one filter.
pub(crate) const FILTER_VALUES: usize = 200;

/// As the tag list of an RDS call.
pub(crate) fn rds(tags: &BTreeMap<String, String>) -> Vec<aws_sdk_rds::types::Tag> {
    let tags = tags.iter();
    tags.map(|(key, value)| aws_sdk_rds::types::Tag::builder().key(key).value(value).build())
        .collect()
}

/// As the tag list of an IAM call.
pub(crate) fn iam(
    tags: &BTreeMap<String, String>,
) -> Result<Vec<aws_sdk_iam::types::Tag>, Failure> {
    let tag = |(key, value): (&String, &String)| {
        let tag = aws_sdk_iam::types::Tag::builder().key(key).value(value).build();
        tag.map_err(|error| Failure::new(FailureClass::Internal, error.to_string()))
    };
    tags.iter().map(tag).collect()
}

/// The tags of an RDS answer.
pub(crate) fn of_rds(tags: &[aws_sdk_rds::types::Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &aws_sdk_rds::types::Tag| {
        Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
    };
    tags.iter().filter_map(pair).collect()
}

/// Whether tags are those that a lookup by tags, or by another stack's address, asks for.
pub(crate) fn fit(by: &By, tags: &BTreeMap<String, String>) -> bool {
    match by {
        By::Tags(wanted) => wanted.iter().all(|(key, value)| tags.get(key) == Some(value)),
        By::Stack { stack, address } => {
            tags.get(STACK_TAG) == Some(stack) && tags.get(ADDRESS_TAG) == Some(&address.to_tag())
        }
        By::Id(_) | By::Name(_) | By::Default => false,
    }
}

impl Session<'_> {
    /// The tags of an RDS resource, which only some descriptions carry.
    pub(crate) async fn rds_tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Failure> {
        let answer = self
            .call(Call::read("rds:ListTagsForResource"), || {
                self.clients.rds.list_tags_for_resource().resource_name(arn).send()
            })
            .await?;
        Ok(of_rds(answer.tag_list()))
    }

    /// Writes and removes tags of an RDS resource.
    pub(crate) async fn retag_rds(&self, live: &Live, change: &TagChange) -> Result<(), Failure> {
        let arn = live.get("arn").as_str().unwrap_or_default();
        if !change.set.is_empty() {
            self.call(Call::repeatable("rds:AddTagsToResource"), || {
                let call = self.clients.rds.add_tags_to_resource().resource_name(arn);
                call.set_tags(Some(rds(&change.set))).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            self.call(Call::repeatable("rds:RemoveTagsFromResource"), || {
                let call = self.clients.rds.remove_tags_from_resource().resource_name(arn);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }

    /// Writes and removes tags of an EC2 resource.
    pub(crate) async fn retag_ec2(&self, id: &str, change: &TagChange) -> Result<(), Failure> {
        self.retag_all_ec2(&[id.to_owned()], change).await
    }

    /// Writes and removes tags of several EC2 resources alike.
    pub(crate) async fn retag_all_ec2(
        &self,
        ids: &[String],
        change: &TagChange,
    ) -> Result<(), Failure> {
        let ids = Some(ids.to_vec());
        if !change.set.is_empty() {
            let tags = ec2(&change.set);
            self.call(Call::repeatable("ec2:CreateTags"), || {
                let call = self.clients.ec2.create_tags().set_resources(ids.clone());
                call.set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            // Without a value a tag is removed whatever its value.
            let keys: Vec<_> = change
                .remove
                .iter()
                .map(|key| aws_sdk_ec2::types::Tag::builder().key(key).build())
                .collect();
            self.call(Call::repeatable("ec2:DeleteTags"), || {
                let call = self.clients.ec2.delete_tags().set_resources(ids.clone());
                call.set_tags(Some(keys.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_written() {
        let there = [("a", "1"), ("b", "2"), ("c", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let wanted =
            [("a", "1"), ("b", "x"), ("d", "4")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let change = TagChange::between(&there.into(), &wanted.into());
        assert_eq!(change.set.into_keys().collect::<Vec<_>>(), ["b", "d"]);
        assert_eq!(change.remove, ["c"]);
    }
}
