//! Prefix lists and their entries.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use trueup_model::snapshot::{Condition, around};
use trueup_model::{Live, Value};
use trueup_provider::{Call, Failure};

use super::Answer;
use crate::live::Session;
use crate::live::describe::{self, by_ids};

/// The most lists and entries in one page.
const PAGE: i32 = 100;

/// These lists; AWS tells the entries of one list a call.
pub(super) async fn of(aws: &Session<'_>, ids: &[String]) -> Answer {
    let names = names(aws, ids).await?;
    let lists = names.iter().map(|(id, name)| async move {
        let entries: Value = entries(aws, id).await?.into_iter().collect();
        let service = name.strip_prefix(&format!("com.amazonaws.{}.", aws.region));
        let attributes = [("service", service.map(str::to_owned).into()), ("entries", entries)];
        Ok::<Live, Failure>(describe::live(
            (around::PREFIX_LIST, id),
            &[],
            attributes,
            [],
            Condition::Ready,
        ))
    });
    try_join_all(lists).await
}

async fn names(aws: &Session<'_>, ids: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let lists = by_ids(ids, "prefix-list-id", |by| {
        aws.pages(
            Call::read("ec2:DescribeManagedPrefixLists"),
            move |next| {
                let call = aws.clients.ec2.describe_managed_prefix_lists().filters(by.clone());
                call.max_results(PAGE).set_next_token(next).send()
            },
            |page| (page.prefix_lists.unwrap_or_default(), page.next_token),
        )
    })
    .await?;
    let name = |list: &aws_sdk_ec2::types::ManagedPrefixList| {
        Some((list.prefix_list_id()?.to_owned(), list.prefix_list_name()?.to_owned()))
    };
    Ok(lists.iter().filter_map(name).collect())
}

async fn entries(aws: &Session<'_>, id: &str) -> Result<Vec<String>, Failure> {
    let entries = aws.pages(
        Call::read("ec2:GetManagedPrefixListEntries"),
        |next| {
            let call = aws.clients.ec2.get_managed_prefix_list_entries().prefix_list_id(id);
            call.max_results(PAGE).set_next_token(next).send()
        },
        |page| (page.entries.unwrap_or_default(), page.next_token),
    );
    Ok(entries.await?.into_iter().filter_map(|entry| entry.cidr).collect())
}
