//! What is in a VPC besides network interfaces, and keeps it from being deleted.

use aws_sdk_ec2::types::Tag;
use trueup_provider::{Call, Failure};

use super::Holder;
use crate::live::session::Session;
use crate::live::tags::filter;

/// Everything in the VPC that does not go with it. Only the first page of each: it is for a
/// message that names a few.
pub(super) async fn contents(aws: &Session<'_>, vpc: &str) -> Result<Vec<Holder>, Failure> {
    let (subnets, groups, gateways, tables, endpoints) = futures::try_join!(
        subnets(aws, vpc),
        groups(aws, vpc),
        gateways(aws, vpc),
        tables(aws, vpc),
        endpoints(aws, vpc),
    )?;
    Ok([subnets, groups, gateways, tables, endpoints].concat())
}

fn holder(kind: &str, id: Option<&str>, tags: &[Tag]) -> Holder {
    let name = tags.iter().find(|tag| tag.key() == Some("Name")).and_then(Tag::value);
    let name = name.map(|name| format!(" '{name}'")).unwrap_or_default();
    Holder {
        what: format!("{kind} {}{name}", id.unwrap_or_default()),
        passes: false,
        drains: false,
    }
}

async fn subnets(aws: &Session<'_>, vpc: &str) -> Result<Vec<Holder>, Failure> {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeSubnets"), || {
            aws.clients.ec2.describe_subnets().filters(by.clone()).send()
        })
        .await?;
    Ok(answer.subnets().iter().map(|one| holder("subnet", one.subnet_id(), one.tags())).collect())
}

async fn groups(aws: &Session<'_>, vpc: &str) -> Result<Vec<Holder>, Failure> {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeSecurityGroups"), || {
            aws.clients.ec2.describe_security_groups().filters(by.clone()).send()
        })
        .await?;
    let own = answer.security_groups().iter().filter(|one| one.group_name() != Some("default"));
    Ok(own.map(|one| holder("security group", one.group_id(), one.tags())).collect())
}

async fn gateways(aws: &Session<'_>, vpc: &str) -> Result<Vec<Holder>, Failure> {
    let by = filter("attachment.vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeInternetGateways"), || {
            aws.clients.ec2.describe_internet_gateways().filters(by.clone()).send()
        })
        .await?;
    let all = answer.internet_gateways().iter();
    Ok(all.map(|one| holder("internet gateway", one.internet_gateway_id(), one.tags())).collect())
}

async fn tables(aws: &Session<'_>, vpc: &str) -> Result<Vec<Holder>, Failure> {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeRouteTables"), || {
            aws.clients.ec2.describe_route_tables().filters(by.clone()).send()
        })
        .await?;
    let is_main = |one: &&aws_sdk_ec2::types::RouteTable| {
        one.associations().iter().any(|association| association.main().unwrap_or_default())
    };
    let own = answer.route_tables().iter().filter(|one| !is_main(one));
    Ok(own.map(|one| holder("route table", one.route_table_id(), one.tags())).collect())
}

async fn endpoints(aws: &Session<'_>, vpc: &str) -> Result<Vec<Holder>, Failure> {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeVpcEndpoints"), || {
            aws.clients.ec2.describe_vpc_endpoints().filters(by.clone()).send()
        })
        .await?;
    let all = answer.vpc_endpoints().iter();
    Ok(all.map(|one| holder("VPC endpoint", one.vpc_endpoint_id(), one.tags())).collect())
}
