//! The calls of route tables.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType, RouteTable};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Delete, Failure, Update};

use super::{ENDPOINTS, INTERFACES, settle_routes};
use crate::live::describe::{self, Described};
use crate::live::owned::{self, Made};
use crate::live::tags::{self, filter};
use crate::live::{Search, Session};
use crate::partition::ec2_arn;

mod associations;
mod routes;

pub(super) const KIND: &str = "route_table";
pub(super) const ID: &str = "route-table-id";
/// The most tables in one page; other reads take ten times as many.
const PAGE: i32 = 100;

pub(crate) struct Calls;

#[async_trait]
impl Described for Calls {
    const KIND: &str = KIND;
    const ID: &str = ID;

    async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
        let found = raw(aws, filters).await?;
        Ok(found.iter().map(|table| normalise(aws, table)).collect())
    }

    async fn discovered(aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        describe::discovered_with_others(search, ID, |by| async {
            let tables = raw(aws, by).await?;
            if let Some(met) = search.around {
                met.add(tables.iter().flat_map(routes::not_managed));
            }
            Ok(tables.iter().map(|table| normalise(aws, table)).collect())
        })
        .await
    }
}

#[async_trait]
impl crate::live::Calls for Calls {
    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
        let id = owned::create_by_token(request, |token| make(aws, request, token)).await?;
        let live = aws.ready(KIND, &id).await?;
        let changed = owned::differing(&live, &request.attributes);
        change(aws, &id, &request.attributes, &changed).await?;
        if changed.is_empty() { Ok(live) } else { aws.ready(KIND, &id).await }
    }

    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        change(aws, &request.id, &request.attributes, &request.changed).await
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let id = &request.before.id;
        let Some(table) = one(aws, id).await? else { return Ok(()) };
        associations::release(aws, &table).await?;
        owned::delete(aws, KIND, id, || remove(aws, id)).await
    }
}

async fn make(aws: &Session<'_>, request: &Create, token: String) -> Result<Made, Failure> {
    let vpc = request.attributes.get("vpc").and_then(Value::as_str).map(str::to_owned);
    let tags = tags::ec2_specification(ResourceType::RouteTable, &request.all_tags());
    let answer = aws
        .call_on_new(Call::repeatable("ec2:CreateRouteTable"), || {
            let call = aws.clients.ec2.create_route_table().set_vpc_id(vpc.clone());
            call.client_token(&token).tag_specifications(tags.clone()).send()
        })
        .await?;
    let id = owned::id_of(KIND, answer.route_table().and_then(RouteTable::route_table_id))?;
    // A table has no state: one that does not show is one that was deleted.
    let look = || async { Ok(one(aws, &id).await?.map(|_| Condition::Ready)) };
    let is_dead = owned::is_dead(aws.host, look, || remove(aws, &id)).await?;
    Ok(Made { id, is_dead })
}

async fn remove(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
    let call = Call::repeatable("ec2:DeleteRouteTable");
    aws.call(call, || aws.clients.ec2.delete_route_table().route_table_id(id).send()).await?;
    Ok(())
}

async fn change(
    aws: &Session<'_>,
    id: &str,
    wanted: &Values,
    changed: &[String],
) -> Result<(), Failure> {
    let differs = |name: &str| changed.iter().any(|changed| changed == name);
    let ours = ["routes", "subnets", "main"];
    if !ours.iter().any(|name| differs(name)) {
        return Ok(());
    }
    // What is there now counts, not what the plan saw: this way a repeated step goes on.
    let Some(table) = one(aws, id).await? else { return Err(vanished(id)) };
    // Routes first: a subnet must not come to a table that does not lead anywhere yet.
    if differs("routes") {
        routes::change(aws, &table, wanted.get("routes").unwrap_or(&Value::Null)).await?;
    }
    if differs("subnets") {
        let subnets = wanted.get("subnets").map(Value::strings).unwrap_or_default();
        associations::change(aws, &table, &subnets).await?;
    }
    if differs("main") {
        let main = wanted.get("main").and_then(Value::as_bool).unwrap_or_default();
        associations::change_main(aws, &table, main).await?;
    }
    let shown =
        |live: &Live| ours.iter().filter(|name| differs(name)).all(|name| same(name, live, wanted));
    aws.shows(KIND, id, &shown).await.map(|_| ())
}

fn same(name: &str, live: &Live, wanted: &Values) -> bool {
    let there = live.get_attribute(name);
    match (name, wanted.get(name).unwrap_or(&Value::Null)) {
        ("subnets", wanted) => owned::same_set(&there.strings(), &wanted.strings()),
        ("routes", Value::Map(routes)) => {
            let mut routes = routes.clone();
            settle_routes(&mut routes, live, Value::as_str);
            *there == Value::Map(routes)
        }
        (_, wanted) => there == wanted,
    }
}

fn vanished(id: &str) -> Failure {
    let message = format!("route table {id} vanished while it was changed");
    Failure::new(trueup_provider::FailureClass::Missing, message)
}

async fn one(aws: &Session<'_>, id: &str) -> Result<Option<RouteTable>, Failure> {
    Ok(raw(aws, vec![filter(ID, [id.to_owned()])]).await?.pop())
}

async fn raw(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<RouteTable>, Failure> {
    aws.pages(
        Call::read("ec2:DescribeRouteTables"),
        |next| {
            let call = aws.clients.ec2.describe_route_tables().max_results(PAGE);
            call.set_filters(Some(filters.clone())).set_next_token(next).send()
        },
        |page| (page.route_tables.unwrap_or_default(), page.next_token),
    )
    .await
}

fn normalise(aws: &Session<'_>, table: &RouteTable) -> Live {
    let id = table.route_table_id().unwrap_or_default();
    let attributes = [
        ("vpc", describe::text(table.vpc_id())),
        ("subnets", associations::subnets(table)),
        ("routes", routes::managed(table)),
        ("main", associations::is_main(table).into()),
    ];
    let arn = ec2_arn(aws.region, aws.account, "route-table", id);
    let outputs = [
        ("id", id.into()),
        ("arn", arn.into()),
        (INTERFACES, routes::interfaces(table)),
        (ENDPOINTS, routes::endpoints(table)),
    ];
    describe::live((KIND, id), table.tags(), attributes, outputs, Condition::Ready)
}
