//! The calls of subnet groups.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_rds::types::DbSubnetGroup;
use futures::future::try_join_all;
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::stack::By;
use trueup_provider::{Call, Create, Delete, Failure, Update};

use crate::live::session::unless_missing;
use crate::live::tags::{self, TagChange};
use crate::live::{Reads, Search, Session, owned};

const KIND: &str = "db_subnet_group";

pub(crate) struct Calls;

#[async_trait]
impl Reads for Calls {
    /// Groups have no tags in their descriptions and no tag filter: those of the stack are among the
    /// ones that the tagging API names, that the stack expects, or that are named after the stack.
    async fn discover(&self, aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        let (all, tagged) = futures::try_join!(describe(aws, None), aws.tagged())?;
        let names = search.names();
        let ours = format!("{}-", search.stack);
        let candidates = all.into_iter().filter(|group| {
            let name = group.db_subnet_group_name().unwrap_or_default();
            let arn = group.db_subnet_group_arn().unwrap_or_default();
            names.contains(name) || name.starts_with(&ours) || tagged.contains_key(arn)
        });
        let candidates = candidates.map(|group| async move {
            let name = group.db_subnet_group_name().unwrap_or_default();
            let arn = group.db_subnet_group_arn().unwrap_or_default();
            match tagged.get(arn).filter(|tags| search.expects(name, tags)) {
                Some(tags) => Ok(Some(normalise(&group, tags.clone()))),
                None => with_tags(aws, &group).await,
            }
        });
        let found = try_join_all(candidates).await?;
        Ok(found
            .into_iter()
            .flatten()
            .filter(|live| live.is_owned_by(search.stack) || names.contains(&live.id))
            .collect())
    }

    async fn read(&self, aws: &Session<'_>, ids: &[String]) -> Result<Vec<Live>, Failure> {
        let each = ids.iter().map(|id| async move {
            let Some(groups) = unless_missing(describe(aws, Some(id)).await)? else {
                return Ok(None);
            };
            match groups.first() {
                Some(group) => with_tags(aws, group).await,
                None => Ok(None),
            }
        });
        Ok(try_join_all(each).await?.into_iter().flatten().collect())
    }

    async fn find(&self, aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
        let name = match by {
            By::Id(name) | By::Name(name) => name.clone(),
            By::Default => "default".to_owned(),
            By::Tags(_) | By::Stack { .. } => return find_by_tags(aws, by).await,
        };
        Ok(self.read(aws, &[name]).await?.pop())
    }
}

#[async_trait]
impl crate::live::Calls for Calls {
    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
        let name = owned::wanted_text(&request.attributes, "name").unwrap_or_default();
        let tags = tags::rds(&request.all_tags());
        owned::create_named(aws, KIND, request, &name, || async {
            aws.call(Call::once("rds:CreateDBSubnetGroup"), || {
                let call = aws.clients.rds.create_db_subnet_group().db_subnet_group_name(&name);
                call.set_db_subnet_group_description(owned::wanted_text(
                    &request.attributes,
                    "description",
                ))
                .set_subnet_ids(owned::wanted_texts(&request.attributes, "subnets"))
                .set_tags(Some(tags.clone()))
                .send()
            })
            .await
            .map(|_| ())
        })
        .await?;
        aws.ready(KIND, &name).await
    }

    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        owned::still_of(aws, KIND, &request.before).await?;
        aws.call(Call::repeatable("rds:ModifyDBSubnetGroup"), || {
            let call = aws.clients.rds.modify_db_subnet_group().db_subnet_group_name(&request.id);
            call.set_db_subnet_group_description(owned::wanted_text(
                &request.attributes,
                "description",
            ))
            .set_subnet_ids(owned::wanted_texts(&request.attributes, "subnets"))
            .send()
        })
        .await?;
        let wanted = request.attributes.get("subnets").cloned().unwrap_or_default();
        let shown = move |live: &Live| owned::same_unordered(live.get("subnets"), &wanted);
        aws.shows(KIND, &request.id, &shown).await.map(|_| ())
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let name = &request.before.id;
        owned::still_of(aws, KIND, &request.before).await?;
        owned::delete(aws, KIND, name, || {
            aws.call(Call::repeatable("rds:DeleteDBSubnetGroup"), || {
                aws.clients.rds.delete_db_subnet_group().db_subnet_group_name(name).send()
            })
        })
        .await
    }

    async fn retag(
        &self,
        aws: &Session<'_>,
        live: &Live,
        change: &TagChange,
    ) -> Result<(), Failure> {
        aws.retag_rds(live, change).await
    }
}

async fn find_by_tags(aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
    let mut found = Vec::new();
    for group in describe(aws, None).await? {
        let live = with_tags(aws, &group).await?;
        found.extend(live.filter(|live| tags::fit(by, &tags::all_of(live))));
    }
    owned::only(KIND, by, found)
}

/// With its tags, of which RDS itself tells the truth: the tagging API lags behind. None, if it is gone
/// since it was listed.
async fn with_tags(aws: &Session<'_>, group: &DbSubnetGroup) -> Result<Option<Live>, Failure> {
    let tags = aws.rds_tags(group.db_subnet_group_arn().unwrap_or_default()).await;
    Ok(unless_missing(tags)?.map(|tags| normalise(group, tags)))
}

async fn describe(aws: &Session<'_>, name: Option<&str>) -> Result<Vec<DbSubnetGroup>, Failure> {
    aws.pages(
        Call::read("rds:DescribeDBSubnetGroups"),
        |next| {
            let call = aws.clients.rds.describe_db_subnet_groups().max_records(100);
            call.set_db_subnet_group_name(name.map(str::to_owned)).set_marker(next).send()
        },
        |page| (page.db_subnet_groups.unwrap_or_default(), page.marker),
    )
    .await
}

fn normalise(group: &DbSubnetGroup, tags: BTreeMap<String, String>) -> Live {
    let name = group.db_subnet_group_name().unwrap_or_default();
    let subnets: Value =
        group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier()).collect();
    let condition = match group.subnet_group_status().unwrap_or("Complete") {
        "Complete" => Condition::Ready,
        state => Condition::Pending(state.to_owned()),
    };
    let attributes = owned::named([
        ("name", name.into()),
        ("description", group.db_subnet_group_description().into()),
        ("subnets", subnets),
    ]);
    let outputs = owned::named([("id", name.into()), ("arn", group.db_subnet_group_arn().into())]);
    owned::live((KIND, name), tags, attributes, outputs, condition)
}
