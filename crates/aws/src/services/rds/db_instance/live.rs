//! The calls of databases.

use async_trait::async_trait;
use aws_sdk_rds::types::DbInstance;
use aws_sdk_rds::types::Filter;
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::stack::By;
use trueup_provider::{Call, Create, Delete, Failure, FailureClass, Update};

use self::shape::normalise;
use super::rules::{is_prefix_of_version, same_name};
use crate::live::session::unless_missing;
use crate::live::tags::{self, TagChange};
use crate::live::{Reads, Search, Session, owned};

mod make;
mod modify;
mod remove;
mod shape;
mod state;
mod take_back;

const KIND: &str = "db_instance";

pub(crate) struct Calls;

#[async_trait]
impl Reads for Calls {
    async fn discover(&self, aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        let names = search.names();
        let all = describe(aws, None).await?;
        let found = all.iter().map(normalise);
        Ok(found
            .filter(|live| live.is_owned_by(search.stack) || names.contains(&live.id))
            .collect())
    }

    async fn read(&self, aws: &Session<'_>, ids: &[String]) -> Result<Vec<Live>, Failure> {
        if let Some(found) = unless_missing(describe(aws, Some(filter_of(ids))).await)? {
            return Ok(found.iter().map(normalise).collect());
        }
        // Whether one unknown id fails the whole filter is not documented: then all are read.
        let all = describe(aws, None).await?;
        Ok(all.iter().map(normalise).filter(|live| ids.contains(&live.id)).collect())
    }

    async fn find(&self, aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
        match by {
            By::Id(name) | By::Name(name) => {
                Ok(self.read(aws, &[name.to_lowercase()]).await?.pop())
            }
            By::Default => Err(tags::no_default(KIND)),
            By::Tags(_) | By::Stack { .. } => {
                let all = describe(aws, None).await?;
                let fitting = all.iter().filter(|one| tags::fit(by, &tags::of_rds(one.tag_list())));
                owned::only(KIND, by, fitting.map(normalise).collect())
            }
        }
    }
}

#[async_trait]
impl crate::live::Calls for Calls {
    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
        let name = owned::wanted_text(&request.attributes, "identifier").unwrap_or_default();
        owned::create_named(aws, KIND, request, &name, || make::create(aws, request, &name))
            .await?;
        let live = aws.ready(KIND, &name).await?;
        // What a copy took over from its source, and what the call that made it could not say.
        let Some(rest) = make::rest(request, &live) else { return Ok(live) };
        self.update(aws, &rest).await?;
        aws.retag_rds(&live, &make::last_tags(request)).await?;
        aws.ready(KIND, &name).await
    }

    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        if request.changes("replica_of") {
            modify::promote(aws, request).await?;
        }
        let request = &take_back::take_back(aws, request).await?;
        modify::modify(aws, request).await?;
        let now = modify::is_at_once(request);
        // RDS stays `available` for up to a minute before it begins to modify, so the state alone
        // says nothing: what was asked for must show, or be scheduled.
        let shown = |live: &Live| {
            let visible =
                request.changed.iter().filter(|name| *name != "tags" && *name != "password");
            visible.into_iter().all(|name| {
                let wanted = request.attributes.get(name).cloned().unwrap_or_default();
                match live.scheduled.get(name) {
                    Some(later) => !now && is_shown(name, &wanted, later),
                    None => is_shown(name, &wanted, live.get(name)),
                }
            })
        };
        if matches!(request.before.condition, Condition::Impaired(_)) {
            // What helps it out may take a reboot, or somebody's hand.
            let there = |live: Option<&Live>| live.is_some_and(shown);
            return aws.holds(KIND, &request.id, &there).await.map(|_| ());
        }
        aws.shows(KIND, &request.id, &shown).await.map(|_| ())
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let id = &request.before.id;
        if matches!(request.before.condition, Condition::Deleting(_)) {
            return aws.gone(KIND, id).await;
        }
        if request.before.get("deletion_protection").as_bool() == Some(true) {
            unless_missing(modify::unprotect(aws, id).await)?;
        }
        match remove::remove(aws, request).await {
            Err(failure) if failure.class == FailureClass::Missing => Ok(()),
            Err(failure) => Err(failure),
            Ok(()) => aws.gone(KIND, id).await,
        }
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

/// Whether AWS reports what was wanted, in its own words: a version that begins with it, storage
/// rounded up.
fn is_shown(name: &str, wanted: &Value, there: &Value) -> bool {
    match name {
        "engine_version" => match (wanted.as_str(), there.as_str()) {
            (Some(wanted), Some(there)) => is_prefix_of_version(wanted, there),
            _ => true,
        },
        "allocated_storage" => wanted.as_int() <= there.as_int(),
        "subnet_group" | "parameter_group" | "option_group" => same_name(wanted, there),
        _ => owned::same_unordered(wanted, there),
    }
}

fn filter_of(ids: &[String]) -> Filter {
    Filter::builder().name("db-instance-id").set_values(Some(ids.to_vec())).build()
}

async fn describe(aws: &Session<'_>, filter: Option<Filter>) -> Result<Vec<DbInstance>, Failure> {
    let filters = filter.map(|filter| vec![filter]);
    aws.pages(
        Call::read("rds:DescribeDBInstances"),
        |next| {
            let call = aws.clients.rds.describe_db_instances().max_records(100);
            call.set_filters(filters.clone()).set_marker(next).send()
        },
        |page| (page.db_instances.unwrap_or_default(), page.marker),
    )
    .await
}
