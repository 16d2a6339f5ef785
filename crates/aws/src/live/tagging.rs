//! What the tagging API says a stack owns.
//!
//! It lists things that were deleted a while ago and never those without tags, so it is where kinds
//! whose own reads lack tags get candidates and tags from, never a proof that something exists.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;
use trueup_model::snapshot::{ADDRESS_TAG, STACK_TAG};
use trueup_provider::{Call, Failure};

use super::session::Session;

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

    /// What carries a tag, of [`TYPES`], with all its tags.
    pub(crate) async fn tagged_with(&self, key: &str, value: &str) -> Result<TagsByArn, Failure> {
        let filter =
            aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(key).values(value);
        let filter = filter.build();
        let mut found = TagsByArn::new();
        let mut next: Option<String> = None;
        loop {
            let page = self
                .call(Call::read("tag:GetResources"), || {
                    let request = self.clients.tagging.get_resources().tag_filters(filter.clone());
                    let request = request.set_resource_type_filters(Some(types()));
                    request.resources_per_page(100).set_pagination_token(next.clone()).send()
                })
                .await?;
            for mapping in page.resource_tag_mapping_list() {
                let tags = mapping.tags().iter();
                let tags = tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
                if let Some(arn) = mapping.resource_arn() {
                    found.insert(arn.to_owned(), tags);
                }
            }
            // The last page has an empty token, not none.
            next = page.pagination_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if next.is_none() {
                return Ok(found);
            }
        }
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
