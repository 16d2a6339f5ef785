//! Subnets lie inside their VPC and do not overlap.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use trueup_model::{Address, Diagnostic, Expression, Resource, Stack};

pub(super) fn check(stack: &Stack) -> Vec<Diagnostic> {
    let mut by_vpc: BTreeMap<&Address, Vec<(Ipv4Net, &Resource)>> = BTreeMap::new();
    for subnet in stack.resources.values().filter(|resource| resource.address.kind == "subnet") {
        let (Some(vpc), Some(network)) = (vpc_of(subnet), network_of(subnet)) else { continue };
        by_vpc.entry(vpc).or_default().push((network, subnet));
    }
    let mut found = Vec::new();
    for (vpc, mut subnets) in by_vpc {
        subnets.sort_by_key(|(network, _)| *network);
        found.extend(overlaps(&subnets));
        found.extend(outside(stack, vpc, &subnets));
    }
    found
}

fn vpc_of(subnet: &Resource) -> Option<&Address> {
    match subnet.attributes.get("vpc") {
        Some(Expression::Reference(reference)) if !reference.existing => Some(&reference.to),
        _ => None,
    }
}

fn network_of(resource: &Resource) -> Option<Ipv4Net> {
    resource.known("cidr_block")?.as_str()?.parse().ok()
}

/// Sorted by network, two that overlap stand next to a common container: comparing each with the
/// widest before it finds every one that is not free.
fn overlaps(sorted: &[(Ipv4Net, &Resource)]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut widest: Option<(Ipv4Net, &Resource)> = None;
    for (network, subnet) in sorted {
        if let Some((before, other)) = widest
            && before.contains(network)
        {
            let mut fault = Diagnostic::error(
                "overlapping-subnets",
                format!("{} ({network}) overlaps {} ({before})", subnet.address, other.address),
            )
            .at(subnet.place("cidr_block"))
            .label(format!("inside {before}"))
            .help("give each subnet a network of its own, for example with `cidr_subnet`");
            if let Some(place) = other.place("cidr_block") {
                fault = fault.related(place, format!("{} is here", other.address));
            }
            found.push(fault);
            continue;
        }
        widest = Some((*network, subnet));
    }
    found
}

fn outside(stack: &Stack, vpc: &Address, subnets: &[(Ipv4Net, &Resource)]) -> Vec<Diagnostic> {
    let Some(vpc) = stack.resources.get(vpc) else { return Vec::new() };
    let Some(primary) = network_of(vpc) else { return Vec::new() };
    let secondary = vpc.known("secondary_cidr_blocks").map(trueup_model::Value::strings);
    let mut blocks: Vec<Ipv4Net> =
        secondary.unwrap_or_default().iter().filter_map(|block| block.parse().ok()).collect();
    blocks.push(primary);
    let strays = subnets.iter().filter(|(network, _)| !blocks.iter().any(|b| b.contains(network)));
    strays
        .map(|(network, subnet)| {
            Diagnostic::error(
                "subnet-outside-vpc",
                format!("{} ({network}) is not inside {} ({primary})", subnet.address, vpc.address),
            )
            .at(subnet.place("cidr_block"))
            .label(format!("not inside {primary}"))
            .help(format!("choose a part of {primary}"))
        })
        .collect()
}
