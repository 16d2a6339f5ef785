//! Network interfaces, and the load balancers that some of them belong to.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, NetworkInterface};
use trueup_model::snapshot::{Condition, around};
use trueup_model::{Live, Value};
use trueup_provider::{Call, Failure};

use super::Answer;
use crate::live::Session;
use crate::live::describe::{self, PAGE, by_ids};
use crate::live::owned::named;
use crate::live::tags;

/// How EC2 describes the interfaces of load balancers; `ELB app/web/0123`.
const OF_BALANCERS: &str = "ELB ";

/// Those in these VPCs; a load balancer's as one.
pub(super) async fn of(aws: &Session<'_>, vpcs: &[String]) -> Answer {
    let found = by_ids(vpcs, "vpc-id", |by| described(aws, vec![by])).await;
    Ok(sorted(&found?))
}

/// The load balancers of the account, as their interfaces show them.
pub(in crate::live) async fn of_balancers(aws: &Session<'_>) -> Answer {
    let by = tags::filter("description", [format!("{OF_BALANCERS}*")]);
    Ok(sorted(&described(aws, vec![by]).await?))
}

/// One load balancer by its name, as its interfaces show it: a classic one, whose name is all that
/// they say.
pub(super) async fn of_balancer(aws: &Session<'_>, name: &str) -> Result<Option<Live>, Failure> {
    let by = tags::filter("description", [format!("{OF_BALANCERS}{name}")]);
    Ok(sorted(&described(aws, vec![by]).await?).into_iter().find(|live| live.id == name))
}

/// Those that are attached to these instances.
pub(super) async fn attached(aws: &Session<'_>, instances: &[String]) -> Answer {
    let found = by_ids(instances, "attachment.instance-id", |by| described(aws, vec![by])).await;
    Ok(sorted(&found?))
}

/// Those in these VPCs that have these addresses, of either family.
pub(super) async fn at(aws: &Session<'_>, vpcs: &[String], addresses: &[String]) -> Answer {
    let (v6, v4): (Vec<String>, Vec<String>) =
        addresses.iter().cloned().partition(|address| address.contains(':'));
    let with = |by| described(aws, vec![by, tags::filter("vpc-id", vpcs.to_vec())]);
    let (mut v4, v6) = futures::try_join!(
        by_ids(&v4, "addresses.private-ip-address", with),
        by_ids(&v6, "ipv6-addresses.ipv6-address", with),
    )?;
    v4.extend(v6);
    Ok(sorted(&v4))
}

async fn described(aws: &Session<'_>, by: Vec<Filter>) -> Result<Vec<NetworkInterface>, Failure> {
    aws.pages(
        Call::read("ec2:DescribeNetworkInterfaces"),
        |next| {
            let call = aws.clients.ec2.describe_network_interfaces().max_results(PAGE);
            call.set_filters(Some(by.clone())).set_next_token(next).send()
        },
        |page| (page.network_interfaces.unwrap_or_default(), page.next_token),
    )
    .await
}

fn sorted(interfaces: &[NetworkInterface]) -> Vec<Live> {
    let mut balancers: BTreeMap<&str, Vec<&NetworkInterface>> = BTreeMap::new();
    let mut found = Vec::new();
    for interface in interfaces {
        // EC2 says whose an interface is only in its description: `ELB app/web/0123`.
        match interface.description().and_then(|text| text.strip_prefix(OF_BALANCERS)) {
            Some(name) => balancers.entry(name).or_default().push(interface),
            None => found.push(normalise(interface)),
        }
    }
    found.extend(balancers.into_iter().map(|(name, interfaces)| balancer(name, &interfaces)));
    found
}

fn groups(interface: &NetworkInterface) -> Value {
    interface.groups().iter().filter_map(|group| group.group_id()).collect()
}

fn public_ip(interface: &NetworkInterface) -> Option<&str> {
    interface.association().and_then(|association| association.public_ip())
}

fn v6(interface: &NetworkInterface) -> Value {
    interface.ipv6_addresses().iter().filter_map(|one| one.ipv6_address()).collect()
}

fn normalise(interface: &NetworkInterface) -> Live {
    let instance = interface.attachment().and_then(|attachment| attachment.instance_id());
    let kind = interface.interface_type().map_or("interface", |kind| kind.as_str());
    let attributes = [
        ("vpc", describe::text(interface.vpc_id())),
        ("subnet", describe::text(interface.subnet_id())),
        ("security_groups", groups(interface)),
        ("private_ip", describe::text(interface.private_ip_address())),
        ("public_ip", describe::text(public_ip(interface))),
        ("ipv6_addresses", v6(interface)),
        ("instance", describe::text(instance)),
        ("type", kind.into()),
        ("description", describe::text(interface.description())),
    ];
    let id = interface.network_interface_id().unwrap_or_default();
    let tags = interface.tag_set();
    describe::live((around::NETWORK_INTERFACE, id), tags, attributes, [], Condition::Ready)
}

fn balancer(name: &str, interfaces: &[&NetworkInterface]) -> Live {
    let first = interfaces.first().copied();
    let kind = match name.split('/').next() {
        Some("net") => "network",
        Some("app") => "application",
        Some("gwy") => "gateway",
        _ => "classic",
    };
    let public = interfaces.iter().any(|interface| public_ip(interface).is_some());
    let node = |interface: &&NetworkInterface| -> Value {
        named([
            ("subnet", describe::text(interface.subnet_id())),
            ("private_ip", describe::text(interface.private_ip_address())),
            ("public_ip", describe::text(public_ip(interface))),
            ("ipv6_addresses", v6(interface)),
        ])
        .into()
    };
    let attributes = [
        ("vpc", describe::text(first.and_then(|first| first.vpc_id()))),
        ("subnets", interfaces.iter().filter_map(|interface| interface.subnet_id()).collect()),
        ("security_groups", first.map_or(Value::List(Vec::new()), groups)),
        ("internet_facing", public.into()),
        ("type", kind.into()),
        ("nodes", interfaces.iter().map(node).collect()),
    ];
    describe::live((around::LOAD_BALANCER, name), &[], attributes, [], Condition::Ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interfaces_of_a_load_balancer_are_one_thing() {
        let of = |id: &str, subnet: &str, description: &str| {
            let interface = NetworkInterface::builder().network_interface_id(id).vpc_id("vpc-1");
            interface.subnet_id(subnet).description(description).build()
        };
        let interfaces = [
            of("eni-1", "subnet-a", "ELB app/web/01"),
            of("eni-2", "subnet-b", "ELB app/web/01"),
            of("eni-3", "subnet-b", "mine"),
        ];
        let found = sorted(&interfaces);
        let ids: Vec<&str> = found.iter().map(|live| live.id.as_str()).collect();
        assert_eq!(ids, ["eni-3", "app/web/01"]);
        assert_eq!(found[1].get("subnets").strings(), ["subnet-a", "subnet-b"]);
    }
}
