//! Reading EC2: in pages, by filter, into the form that is compared.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_ec2::types::{Filter, Tag};
use futures::future::try_join_all;
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live, Ownership};
use trueup_provider::Failure;

use super::Search;
use super::owned::{distinct, named};
use super::tags::{self, FILTER_VALUES};

pub(crate) mod network;

/// The most that most EC2 reads give in one page.
pub(crate) const PAGE: i32 = 1000;

/// All pages of a read. `page` takes the token of a page and gives what is on it and the next
/// page's token.
pub(crate) async fn pages<T, Page>(
    mut page: impl FnMut(Option<String>) -> Page + Send,
) -> Result<Vec<T>, Failure>
where
    T: Send,
    Page: Future<Output = Result<(Vec<T>, Option<String>), Failure>> + Send,
{
    let mut all = Vec::new();
    let mut next = None;
    loop {
        let (found, token) = page(next).await?;
        all.extend(found);
        next = token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(all);
        }
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
    let (ownership, tags) = Ownership::split(tags::of_ec2(all_tags));
    Live {
        kind: kind.into(),
        id: id.to_owned(),
        ownership,
        attributes: named(attributes),
        outputs: named(outputs),
        tags,
        condition,
        scheduled: BTreeMap::new(),
    }
}

/// A text that may be missing; an empty one counts as missing.
pub(crate) fn text(text: Option<&str>) -> Value {
    text.filter(|text| !text.is_empty()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_to_the_last() {
        let page = |token: Option<String>| async move {
            Ok(match token.as_deref() {
                None => (vec![1, 2], Some("a".to_owned())),
                Some("a") => (Vec::new(), Some("b".to_owned())),
                _ => (vec![3], Some(String::new())),
            })
        };
        assert_eq!(futures::executor::block_on(pages(page)), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn ids_go_into_as_many_filters_as_ec2_wants() {
        let ids: Vec<String> = (0..201).map(|number| format!("vpc-{number}")).collect();
        let sizes: Vec<usize> =
            id_filters("vpc-id", &ids).iter().map(|filter| filter.values().len()).collect();
        assert_eq!(sizes, [200, 1]);
    }
}
