//! Reading EC2: by filter, into the form that is compared.

use std::future::Future;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Tag};
use futures::future::try_join_all;
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::stack::By;
use trueup_provider::Failure;

use super::owned::{self, distinct, named, only};
use super::tags::{self, FILTER_VALUES};
use super::{Reads, Search, Session};

mod instances;
pub(crate) mod network;

pub(crate) use instances::instances;

/// The most that most EC2 reads give in one page.
pub(crate) const PAGE: i32 = 1000;

/// A kind that EC2 describes by filters: from this its reads follow.
#[async_trait]
pub(crate) trait Described: Send + Sync {
    /// Its name.
    const KIND: &'static str;
    /// The filter that takes ids.
    const ID: &'static str;
    /// Whether who reaches whom depends on those of others, too.
    const MEETS_OTHERS: bool = false;

    /// All that fit these filters.
    async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure>;

    /// The filters for what `existing` names.
    fn filters(by: &By) -> Result<Vec<Filter>, Failure> {
        tags::find_filters(by, Self::ID, Self::KIND)
    }

    /// As [`Reads::discover`] says.
    async fn discovered(aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        if Self::MEETS_OTHERS {
            return discovered_with_others(search, Self::ID, |by| Self::described(aws, by)).await;
        }
        discovered(search, Self::ID, |by| Self::described(aws, vec![by])).await
    }
}

#[async_trait]
impl<Kind: Described> Reads for Kind {
    async fn discover(&self, aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        Kind::discovered(aws, search).await
    }

    async fn read(&self, aws: &Session<'_>, ids: &[String]) -> Result<Vec<Live>, Failure> {
        by_ids(ids, Kind::ID, |by| Kind::described(aws, vec![by])).await
    }

    async fn find(&self, aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
        only(Kind::KIND, by, Kind::described(aws, Kind::filters(by)?).await?)
    }
}

/// What a stack owns, by its tag, and what it asks to adopt, by id; both at once.
pub(crate) async fn discovered<Answer>(
    search: &Search<'_>,
    id_filter: &str,
    describe: impl Fn(Filter) -> Answer + Send + Sync,
) -> Result<Vec<Live>, Failure>
where
    Answer: Future<Output = Result<Vec<Live>, Failure>> + Send,
{
    let adopted = search.adopted();
    let mut filters = vec![tags::owned_by(search.stack)];
    filters.extend(id_filters(id_filter, &adopted));
    let found = try_join_all(filters.into_iter().map(describe)).await?;
    let mut found = distinct(found.into_iter().flatten().collect());
    // What answers may ignore a filter, as emulators do: that must not make others' things ours.
    found.retain(|live| live.is_owned_by(search.stack) || adopted.contains(&live.id));
    Ok(found)
}

/// Like [`discovered`]; where the network around the stack is wanted too, everything is read
/// instead, without a filter and so in as many calls, and what is not the stack's is added to it.
pub(crate) async fn discovered_with_others<Answer>(
    search: &Search<'_>,
    id_filter: &str,
    describe: impl Fn(Vec<Filter>) -> Answer + Send + Sync,
) -> Result<Vec<Live>, Failure>
where
    Answer: Future<Output = Result<Vec<Live>, Failure>> + Send,
{
    let Some(met) = search.around else {
        return discovered(search, id_filter, |by| describe(vec![by])).await;
    };
    let adopted = search.adopted();
    let all = distinct(describe(Vec::new()).await?);
    let is_wanted = |live: &Live| live.is_owned_by(search.stack) || adopted.contains(&live.id);
    let (found, others) = all.into_iter().partition(is_wanted);
    let others: Vec<Live> = others;
    met.add(others);
    Ok(found)
}

/// What exists of these ids. They are filter values, never parameters: there one missing id fails
/// the whole call.
pub(crate) async fn by_ids<T, Answer>(
    ids: &[String],
    id_filter: &str,
    describe: impl Fn(Filter) -> Answer + Send + Sync,
) -> Result<Vec<T>, Failure>
where
    T: Send,
    Answer: Future<Output = Result<Vec<T>, Failure>> + Send,
{
    let filters = id_filters(id_filter, ids);
    let found = try_join_all(filters.into_iter().map(describe)).await?;
    Ok(found.into_iter().flatten().collect())
}

fn id_filters(id_filter: &str, ids: &[String]) -> Vec<Filter> {
    let chunks = ids.chunks(FILTER_VALUES);
    chunks.map(|ids| tags::filter(id_filter, ids.to_vec())).collect()
}

/// One resource as EC2 described it.
pub(crate) fn live<const A: usize, const O: usize>(
    (kind, id): (&'static str, &str),
    all_tags: &[Tag],
    attributes: [(&str, Value); A],
    outputs: [(&str, Value); O],
    condition: Condition,
) -> Live {
    let tags = tags::of_ec2(all_tags);
    owned::live((kind, id), tags, named(attributes), named(outputs), condition)
}

/// A text that may be missing; an empty one counts as missing.
pub(crate) fn text(text: Option<&str>) -> Value {
    text.filter(|text| !text.is_empty()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_into_as_many_filters_as_ec2_wants() {
        let ids: Vec<String> = (0..201).map(|number| format!("vpc-{number}")).collect();
        let sizes: Vec<usize> =
            id_filters("vpc-id", &ids).iter().map(|filter| filter.values().len()).collect();
        assert_eq!(sizes, [200, 1]);
    }
}
