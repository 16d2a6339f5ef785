//! What the tagging API says a stack owns.
//!
//! It lists things that were deleted a while ago and never those without tags, so it is where kinds
//! whose own reads lack tags get candidates and tags from, never a proof that something exists.

use std::collections::BTreeMap;

use aws_sdk_resourcegroupstagging::types::ResourceTagMapping;
use tokio::sync::OnceCell;
use trueup_model::snapshot::{ADDRESS_TAG, STACK_TAG};
use trueup_model::stack::By;
use trueup_provider::{Call, Failure};

use super::session::Session;
use super::tags;

/// The services with kinds whose own reads lack tags, and what few stacks have. What the others own
/// would be told twice, in a page for every hundred.
const TYPES: [&str; 4] = ["ec2:vpc-flow-log", "lambda", "logs", "rds"];

/// All tags by ARN.
pub(crate) type TagsByArn = BTreeMap<String, BTreeMap<String, String>>;

/// The answer, asked for once in an observation.
#[derive(Default)]
pub(crate) struct Tagged {
    stack: String,
    answer: OnceCell<TagsByArn>,
}

impl Tagged {
    /// For one observation of a stack.
    pub(crate) fn of(stack: &str) -> Self {
        Self { stack: stack.to_owned(), answer: OnceCell::new() }
    }
}

impl Session<'_> {
    /// What carries the stack's tag, of [`TYPES`], with all its tags.
    pub(crate) async fn tagged(&self) -> Result<&TagsByArn, Failure> {
        self.tagged.answer.get_or_try_init(|| self.tagged_with(STACK_TAG, &self.tagged.stack)).await
    }

    /// The ARNs of what carries the tags that a lookup asks for, of [`TYPES`].
    pub(crate) async fn tagged_as(&self, by: &By) -> Result<Vec<String>, Failure> {
        let first = match by {
            By::Tags(wanted) => wanted.first_key_value().map(|(key, value)| (key.as_str(), value)),
            By::Stack { stack, .. } => Some((STACK_TAG, stack)),
            By::Id(_) | By::Name(_) | By::Default => None,
        };
        let Some((key, value)) = first else { return Ok(Vec::new()) };
        let found = self.tagged_with(key, value).await?.into_iter();
        Ok(found.filter(|(_, tags)| tags::fit(by, tags)).map(|(arn, _)| arn).collect())
    }

    /// What carries a tag, of [`TYPES`], with all its tags.
    async fn tagged_with(&self, key: &str, value: &str) -> Result<TagsByArn, Failure> {
        let filter =
            aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(key).values(value);
        let filter = filter.build();
        let found = self.pages(
            Call::read("tag:GetResources"),
            |next| {
                let call = self.clients.tagging.get_resources().tag_filters(filter.clone());
                let call = call.set_resource_type_filters(Some(types())).resources_per_page(100);
                call.set_pagination_token(next).send()
            },
            |page| (page.resource_tag_mapping_list.unwrap_or_default(), page.pagination_token),
        );
        let tags_by_arn = |mapping: ResourceTagMapping| {
            let tags = mapping.tags().iter();
            let tags = tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            Some((mapping.resource_arn?, tags))
        };
        Ok(found.await?.into_iter().filter_map(tags_by_arn).collect())
    }

    /// The ARNs of one service's resources that carry the stack's tag and an address.
    pub(crate) async fn tagged_arns(
        &self,
        service: &str,
        prefix: &str,
    ) -> Result<Vec<String>, Failure> {
        let found = self.tagged().await?.iter().filter(|(arn, tags)| {
            let mut parts = arn.splitn(6, ':').skip(2);
            parts.next() == Some(service)
                && parts.nth(2).is_some_and(|rest| rest.starts_with(prefix))
                && tags.contains_key(ADDRESS_TAG)
        });
        Ok(found.map(|(arn, _)| arn.clone()).collect())
    }
}

fn types() -> Vec<String> {
    TYPES.map(str::to_owned).to_vec()
}
