//! What stacks look up to name it in sentences and no stack can declare: load balancers, Elastic
//! Beanstalk environments.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer, Tag};
use trueup_model::Live;
use trueup_model::snapshot::{Condition, around};
use trueup_model::stack::{By, Existing};
use trueup_provider::{Call, Failure, FailureClass};

use super::balancer::{id_of, load_balancers, looks};
use super::{environment, interface};
use crate::live::session::unless_missing;
use crate::live::{Session, describe, owned, tags};
use crate::services;

/// The most load balancers that `DescribeTags` takes.
const TAGGED: usize = 20;

/// Something that is not ours, as `existing` names it.
pub(in crate::live) async fn find(
    aws: &Session<'_>,
    existing: &Existing,
) -> Result<Option<Live>, Failure> {
    let Existing { address, by, .. } = existing;
    match address.kind.as_str() {
        around::LOAD_BALANCER => balancer(aws, by).await,
        around::ENVIRONMENT => environment::find(aws, by).await,
        kind => match services::calls(kind) {
            Some(calls) => calls.find(aws, by).await,
            None => Err(Failure::new(FailureClass::Internal, format!("no calls for kind {kind}"))),
        },
    }
}

async fn balancer(aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
    let found = match by {
        By::Name(name) => {
            let names = unless_missing(load_balancers(aws, &[], std::slice::from_ref(name)).await)?;
            // A classic one has a name, and no place in the answers about the others.
            let Some(found) = names else { return interface::of_balancer(aws, name).await };
            found
        }
        By::Id(arn) if arn.starts_with("arn:") => {
            unless_missing(load_balancers(aws, std::slice::from_ref(arn), &[]).await)?
                .unwrap_or_default()
        }
        By::Id(id) => {
            let mut all = load_balancers(aws, &[], &[]).await?;
            all.retain(|one| one.load_balancer_arn().map(id_of) == Some(id));
            all
        }
        By::Tags(_) | By::Stack { .. } => tagged(aws, by).await?,
        By::Default => return Err(tags::no_default("load balancer")),
    };
    owned::only(around::LOAD_BALANCER, by, found.iter().map(normalise).collect())
}

/// Those of the account whose tags fit; tags are read for twenty at a time.
async fn tagged(aws: &Session<'_>, by: &By) -> Result<Vec<LoadBalancer>, Failure> {
    let all = load_balancers(aws, &[], &[]).await?;
    let mut fitting = Vec::new();
    let arn = |one: &LoadBalancer| one.load_balancer_arn().unwrap_or_default().to_owned();
    for some in all.chunks(TAGGED) {
        let arns: Vec<String> = some.iter().map(arn).collect();
        let answer = aws
            .call(Call::read("elasticloadbalancing:DescribeTags"), || {
                aws.clients.elb.describe_tags().set_resource_arns(Some(arns.clone())).send()
            })
            .await?;
        let described = answer.tag_descriptions().iter();
        let fits = described.filter(|one| tags::fit(by, &tags_of(one.tags())));
        let fits: Vec<&str> = fits.filter_map(|one| one.resource_arn()).collect();
        let is_it = |one: &&LoadBalancer| fits.contains(&arn(one).as_str());
        fitting.extend(some.iter().filter(is_it).cloned());
    }
    Ok(fitting)
}

fn tags_of(all: &[Tag]) -> BTreeMap<String, String> {
    let pair =
        |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    all.iter().filter_map(pair).collect()
}

/// Without its nodes and listeners, which are read with what surrounds the stack.
fn normalise(one: &LoadBalancer) -> Live {
    let zones = one.availability_zones().iter();
    let [sort, internet_facing, security_groups] = looks(one);
    let attributes = [
        ("vpc", describe::text(one.vpc_id())),
        ("subnets", zones.filter_map(|zone| zone.subnet_id()).collect()),
        sort,
        internet_facing,
        security_groups,
    ];
    let id = id_of(one.load_balancer_arn().unwrap_or_default());
    describe::live((around::LOAD_BALANCER, id), &[], attributes, [], Condition::Ready)
}
