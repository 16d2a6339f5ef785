//! What is in a VPC or attached to it besides network interfaces, and keeps it from being deleted.
//!
//! The console deletes most of it with the VPC, after a list; `DeleteVpc` refuses. The list is that of
//! "Delete your VPC" in the VPC User Guide: all but what AWS made with the VPC (the default group and
//! ACL, the main table), flow logs and DHCP options.

use aws_sdk_ec2::types::{AttachmentStatus, RouteTable, Tag};
use trueup_model::Live;
use trueup_model::snapshot::{Condition, Ownership};
use trueup_provider::{Call, Failure};

use super::Found;
use super::refusal::{Holder, Leaves, whose};
use crate::live::around::{acls, endpoint, peering};
use crate::live::session::Session;
use crate::live::tags::{self, filter};

type Answer = Result<Vec<Holder>, Failure>;

/// Everything in the VPC that does not go with it. Mostly only the first page of each: it is for a
/// message that names a few.
pub(super) async fn contents(aws: &Session<'_>, vpc: &str) -> Found {
    let inside = futures::join!(
        subnets(aws, vpc),
        groups(aws, vpc),
        tables(aws, vpc),
        own_acls(aws, vpc),
        endpoints(aws, vpc),
    );
    let attached = futures::join!(
        gateways(aws, vpc),
        egress_only_gateways(aws, vpc),
        vpn_gateways(aws, vpc),
        carrier_gateways(aws, vpc),
        transit_attachments(aws, vpc),
        peerings(aws, vpc),
    );
    let mut found = Found::default();
    let (subnets, groups, tables, acls, endpoints) = inside;
    let (internet, egress, vpn, carrier, transit, peerings) = attached;
    let all = [subnets, groups, tables, acls, endpoints];
    for answer in all.into_iter().chain([internet, egress, vpn, carrier, transit, peerings]) {
        found.add(answer);
    }
    found
}

fn holder(kind: &str, id: Option<&str>, tags: &[Tag]) -> Holder {
    let (ownership, tags) = Ownership::split(tags::of_ec2(tags));
    named(kind, id.unwrap_or_default(), &ownership, tags.get("Name").map(String::as_str))
}

/// Something of a stack of ours may have been deleted a moment ago; of the rest nobody deletes
/// anything.
fn named(kind: &str, id: &str, ownership: &Ownership, name: Option<&str>) -> Holder {
    let name = name.map(|name| format!(" '{name}'")).unwrap_or_default();
    let leaves = if ownership.stack.is_some() { Leaves::Shortly } else { Leaves::ByHand };
    Holder { what: format!("{kind} {id}{name}{}", whose(ownership)), leaves }
}

/// What was read in the form in which it is compared; what is being deleted passes.
fn of_live(kind: &str, live: &Live) -> Holder {
    let name = live.tags.get("Name").map(String::as_str);
    let holder = named(kind, &live.id, &live.ownership, name);
    match live.condition {
        Condition::Deleting(_) => Holder { leaves: Leaves::Passing, ..holder },
        _ => holder,
    }
}

fn is_gone(live: &Live) -> bool {
    let over = ["deleted", "rejected", "failed", "expired"];
    matches!(&live.condition, Condition::Deleting(state) if over.contains(&state.as_str()))
}

async fn subnets(aws: &Session<'_>, vpc: &str) -> Answer {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeSubnets"), || {
            aws.clients.ec2.describe_subnets().filters(by.clone()).send()
        })
        .await?;
    Ok(answer.subnets().iter().map(|one| holder("subnet", one.subnet_id(), one.tags())).collect())
}

async fn groups(aws: &Session<'_>, vpc: &str) -> Answer {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeSecurityGroups"), || {
            aws.clients.ec2.describe_security_groups().filters(by.clone()).send()
        })
        .await?;
    let own = answer.security_groups().iter().filter(|one| one.group_name() != Some("default"));
    Ok(own.map(|one| holder("security group", one.group_id(), one.tags())).collect())
}

async fn tables(aws: &Session<'_>, vpc: &str) -> Answer {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeRouteTables"), || {
            aws.clients.ec2.describe_route_tables().filters(by.clone()).send()
        })
        .await?;
    let is_main = |one: &&RouteTable| {
        one.associations().iter().any(|association| association.main().unwrap_or_default())
    };
    let own = answer.route_tables().iter().filter(|one| !is_main(one));
    Ok(own.map(|one| holder("route table", one.route_table_id(), one.tags())).collect())
}

async fn own_acls(aws: &Session<'_>, vpc: &str) -> Answer {
    let all = acls(aws).await?;
    let own = all.iter().filter(|acl| {
        acl.get("vpc").as_str() == Some(vpc) && acl.get("default").as_bool() != Some(true)
    });
    Ok(own.map(|acl| of_live("network ACL", acl)).collect())
}

async fn endpoints(aws: &Session<'_>, vpc: &str) -> Answer {
    let all = endpoint::of(aws, &[vpc.to_owned()]).await?;
    let there = all.iter().filter(|one| !is_gone(one));
    Ok(there.map(|one| of_live("VPC endpoint", one)).collect())
}

async fn peerings(aws: &Session<'_>, vpc: &str) -> Answer {
    let all = peering::of(aws, &[vpc.to_owned()]).await?;
    let there = all.iter().filter(|one| !is_gone(one));
    Ok(there
        .map(|one| {
            let other = ["requester", "accepter"].map(|end| one.get(end).as_str());
            let other = other.into_iter().flatten().find(|id| *id != vpc).unwrap_or("itself");
            let holder = of_live("VPC peering connection", one);
            Holder { what: format!("{} with {other}", holder.what), ..holder }
        })
        .collect())
}

async fn gateways(aws: &Session<'_>, vpc: &str) -> Answer {
    let by = filter("attachment.vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeInternetGateways"), || {
            aws.clients.ec2.describe_internet_gateways().filters(by.clone()).send()
        })
        .await?;
    let all = answer.internet_gateways().iter();
    Ok(all.map(|one| holder("internet gateway", one.internet_gateway_id(), one.tags())).collect())
}

/// No filter knows their VPC.
async fn egress_only_gateways(aws: &Session<'_>, vpc: &str) -> Answer {
    let answer = aws
        .call(Call::read("ec2:DescribeEgressOnlyInternetGateways"), || {
            aws.clients.ec2.describe_egress_only_internet_gateways().send()
        })
        .await?;
    let here = answer
        .egress_only_internet_gateways()
        .iter()
        .filter(|one| one.attachments().iter().any(|at| at.vpc_id() == Some(vpc)));
    let kind = "egress-only internet gateway";
    Ok(here.map(|one| holder(kind, one.egress_only_internet_gateway_id(), one.tags())).collect())
}

async fn vpn_gateways(aws: &Session<'_>, vpc: &str) -> Answer {
    let by = filter("attachment.vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeVpnGateways"), || {
            aws.clients.ec2.describe_vpn_gateways().filters(by.clone()).send()
        })
        .await?;
    let state = |one: &aws_sdk_ec2::types::VpnGateway| {
        let here = one.vpc_attachments().iter().find(|at| at.vpc_id() == Some(vpc));
        here.and_then(|at| at.state().cloned())
    };
    let attached = answer.vpn_gateways().iter().filter_map(|one| Some((one, state(one)?)));
    Ok(attached
        .filter(|(_, state)| *state != AttachmentStatus::Detached)
        .map(|(one, state)| {
            let holder = holder("VPN gateway", one.vpn_gateway_id(), one.tags());
            let passes = state == AttachmentStatus::Detaching;
            Holder { leaves: if passes { Leaves::Passing } else { holder.leaves }, ..holder }
        })
        .collect())
}

async fn carrier_gateways(aws: &Session<'_>, vpc: &str) -> Answer {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeCarrierGateways"), || {
            aws.clients.ec2.describe_carrier_gateways().filters(by.clone()).send()
        })
        .await?;
    let there = answer
        .carrier_gateways()
        .iter()
        .filter(|one| one.state().is_none_or(|state| state.as_str() != "deleted"));
    Ok(there.map(|one| holder("carrier gateway", one.carrier_gateway_id(), one.tags())).collect())
}

async fn transit_attachments(aws: &Session<'_>, vpc: &str) -> Answer {
    let by = filter("vpc-id", [vpc.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeTransitGatewayVpcAttachments"), || {
            aws.clients.ec2.describe_transit_gateway_vpc_attachments().filters(by.clone()).send()
        })
        .await?;
    let over = ["deleted", "rejected", "failed"];
    let there = answer
        .transit_gateway_vpc_attachments()
        .iter()
        .filter(|one| one.state().is_none_or(|state| !over.contains(&state.as_str())));
    Ok(there
        .map(|one| {
            let id = one.transit_gateway_attachment_id();
            let holder = holder("transit gateway attachment", id, one.tags());
            let passes = one.state().is_some_and(|state| state.as_str() == "deleting");
            Holder { leaves: if passes { Leaves::Passing } else { holder.leaves }, ..holder }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_of_us_made_is_deleted_by_hand() {
        let tags = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let theirs = holder("subnet", Some("subnet-1"), &[tags("Name", "mine")]);
        assert_eq!(
            (theirs.what.as_str(), theirs.leaves),
            ("subnet subnet-1 'mine'", Leaves::ByHand)
        );
        let ours = holder("subnet", Some("subnet-1"), &[tags("trueup:stack", "web")]);
        assert_eq!(
            (ours.what.as_str(), ours.leaves),
            ("subnet subnet-1 of stack web", Leaves::Shortly)
        );
    }
}
