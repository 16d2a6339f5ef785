//! Peering connections, and the VPCs at their other ends.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    VpcPeeringConnection, VpcPeeringConnectionOptionsDescription, VpcPeeringConnectionVpcInfo,
};
use trueup_model::snapshot::{Condition, around};
use trueup_model::{Live, Value};
use trueup_provider::Call;

use super::{Answer, text};
use crate::live::Session;
use crate::live::describe::{self, PAGE};

/// Those that these VPCs have, from either side.
pub(in crate::live) async fn of(aws: &Session<'_>, vpcs: &[String]) -> Answer {
    // One call for both sides would need two filters that both must hold, so all are read.
    let found = aws.pages(
        Call::read("ec2:DescribeVpcPeeringConnections"),
        |next| {
            let call = aws.clients.ec2.describe_vpc_peering_connections().max_results(PAGE);
            call.set_next_token(next).send()
        },
        |page| (page.vpc_peering_connections.unwrap_or_default(), page.next_token),
    );
    let found: Vec<Live> = found.await?.iter().map(|one| normalise(one, aws.region)).collect();
    Ok(found.into_iter().filter(|one| ends(one).iter().any(|end| vpcs.contains(end))).collect())
}

/// The ids of the two VPCs.
pub(super) fn ends(peering: &Live) -> Vec<String> {
    ["requester", "accepter"]
        .iter()
        .filter_map(|end| text(peering, end).map(str::to_owned))
        .collect()
}

/// The VPCs at its ends that were not read, as far as the connection tells of them. Those of other
/// accounts and Regions are not among them: of what is in them nothing is known.
pub(super) fn others(peering: &Live, read: &BTreeSet<String>) -> Vec<Live> {
    let near = peering.get("near").strings();
    let others = ["requester", "accepter"].into_iter().filter_map(|end| {
        let id = text(peering, end)?;
        if read.contains(id) || !near.iter().any(|near| near == end) {
            return None;
        }
        let mut cidrs = peering.get(&format!("{end}_cidrs")).strings().into_iter();
        let attributes = [
            ("cidr_block", cidrs.next().into()),
            ("secondary_cidr_blocks", cidrs.collect()),
            ("enable_dns_support", true.into()),
            ("enable_dns_hostnames", false.into()),
        ];
        Some(describe::live(("vpc", id), &[], attributes, [], Condition::Ready))
    });
    others.collect()
}

fn normalise(peering: &VpcPeeringConnection, region: &str) -> Live {
    let requester = peering.requester_vpc_info();
    let accepter = peering.accepter_vpc_info();
    let region_of = |end: Option<&VpcPeeringConnectionVpcInfo>| {
        end.and_then(|end| end.region()).unwrap_or(region).to_owned()
    };
    let owner = |end: Option<&VpcPeeringConnectionVpcInfo>| {
        end.and_then(|end| end.owner_id()).map(str::to_owned)
    };
    let same_region = region_of(requester) == region_of(accepter);
    // A peering is listed in the account and Region of either end: with both the same, both are
    // near. Otherwise the far one is not looked into.
    let near: &[&str] = if same_region && owner(requester) == owner(accepter) {
        &["requester", "accepter"]
    } else {
        &[]
    };
    let resolves = |end: Option<&VpcPeeringConnectionVpcInfo>| {
        let options = end.and_then(|end| end.peering_options());
        options
            .and_then(VpcPeeringConnectionOptionsDescription::allow_dns_resolution_from_remote_vpc)
            .unwrap_or_default()
    };
    let id = |end: Option<&VpcPeeringConnectionVpcInfo>| {
        describe::text(end.and_then(|end| end.vpc_id()))
    };
    let attributes = [
        ("requester", id(requester)),
        ("accepter", id(accepter)),
        ("requester_cidrs", cidrs(requester)),
        ("accepter_cidrs", cidrs(accepter)),
        ("near", near.iter().copied().collect()),
        ("requester_account", owner(requester).into()),
        ("accepter_account", owner(accepter).into()),
        ("requester_region", region_of(requester).into()),
        ("accepter_region", region_of(accepter).into()),
        ("same_region", same_region.into()),
        ("dns_resolution", (resolves(requester) && resolves(accepter)).into()),
    ];
    let state =
        peering.status().and_then(|status| status.code()).map_or("active", |code| code.as_str());
    let condition = match state {
        "active" => Condition::Ready,
        "deleted" | "deleting" | "rejected" | "failed" | "expired" => {
            Condition::Deleting(state.to_owned())
        }
        _ => Condition::Pending(state.to_owned()),
    };
    let id = peering.vpc_peering_connection_id().unwrap_or_default();
    describe::live((around::VPC_PEERING, id), peering.tags(), attributes, [], condition)
}

fn cidrs(end: Option<&VpcPeeringConnectionVpcInfo>) -> Value {
    let Some(end) = end else { return Value::List(Vec::new()) };
    let set = end.cidr_block_set().iter().filter_map(|block| block.cidr_block());
    let all: BTreeSet<&str> = set.chain(end.cidr_block()).collect();
    all.into_iter().collect()
}
