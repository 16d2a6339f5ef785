//! Whose a network interface is: EC2 says it only in descriptions.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::NetworkInterface;

use super::balancers::Standing;
use super::refusal::{Holder, Leaves};

/// Who is behind these interfaces; several of one owner count once.
pub(super) fn holders(interfaces: &[NetworkInterface], standing: &Standing<'_>) -> Vec<Holder> {
    let mut seen = BTreeSet::new();
    let all = interfaces.iter().map(|interface| holder(interface, standing));
    all.filter(|holder| seen.insert(holder.what.clone())).collect()
}

fn holder(interface: &NetworkInterface, standing: &Standing<'_>) -> Holder {
    let id = interface.network_interface_id().unwrap_or("an interface");
    let description = interface.description().unwrap_or_default();
    let attached = interface.attachment().and_then(|attachment| attachment.instance_id());
    let holder = |what: String, leaves: Leaves| Holder { what, leaves };
    let after = |prefix: &str| description.strip_prefix(prefix).map(str::to_owned);
    if let Some(rest) = after("AWS Lambda VPC ENI-") {
        holder(format!("Lambda function {}", without_uuid(&rest)), Leaves::Draining)
    } else if description == "RDSNetworkInterface" {
        holder(format!("a database of RDS ({id})"), Leaves::WithDatabase)
    } else if let Some(rest) = after("ELB ") {
        // `app/NAME/ID`, `net/NAME/ID`; a classic one has its name alone.
        let name = rest.split('/').nth(1).unwrap_or(&rest);
        holder(format!("load balancer {name} ({id})"), standing.leaves(interface))
    } else if let Some(nat) = after("Interface for NAT Gateway ") {
        holder(format!("NAT gateway {nat}"), Leaves::Shortly)
    } else if let Some(endpoint) = after("VPC Endpoint Interface ") {
        holder(format!("VPC endpoint {endpoint}"), Leaves::Shortly)
    } else if let Some(instance) = attached {
        holder(format!("instance {instance} ({id})"), Leaves::Shortly)
    } else {
        let by_aws = interface.requester_managed().unwrap_or_default();
        // What a user made stays; what AWS made leaves with what it was made for.
        let leaves = if by_aws { Leaves::Shortly } else { Leaves::ByHand };
        let owner = interface.requester_id().unwrap_or("nobody that EC2 names");
        let whose = if description.is_empty() {
            format!(" of {owner}")
        } else {
            format!(" ({description})")
        };
        holder(format!("network interface {id}{whose}"), leaves)
    }
}

/// Lambda puts a UUID after the function's name.
fn without_uuid(name: &str) -> &str {
    const UUID: usize = 36;
    let cut = name.len().checked_sub(UUID + 1);
    match cut.and_then(|cut| Some((name.get(..cut)?, name.get(cut..)?))) {
        Some((function, uuid)) if uuid.starts_with('-') && uuid.matches('-').count() == 5 => {
            function
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::balancers::nothing_known;
    use super::*;

    fn check(description: &str) -> String {
        let interface = NetworkInterface::builder()
            .network_interface_id("eni-1")
            .description(description)
            .build();
        let holder = holder(&interface, &nothing_known());
        format!("{}: {:?}", holder.what, holder.leaves)
    }

    #[test]
    fn a_description_says_whose_it_is() {
        assert_eq!(
            check("AWS Lambda VPC ENI-snowex-api-0a1b2c3d-1111-2222-3333-444455556666"),
            "Lambda function snowex-api: Draining"
        );
        assert_eq!(check("RDSNetworkInterface"), "a database of RDS (eni-1): WithDatabase");
        assert_eq!(check("ELB app/web/0123"), "load balancer web (eni-1): Shortly");
        assert_eq!(check("ELB old"), "load balancer old (eni-1): Shortly");
        assert_eq!(check("Interface for NAT Gateway nat-1"), "NAT gateway nat-1: Shortly");
        assert_eq!(check("VPC Endpoint Interface vpce-1"), "VPC endpoint vpce-1: Shortly");
        assert_eq!(check("mine"), "network interface eni-1 (mine): ByHand");
        assert_eq!(check(""), "network interface eni-1 of nobody that EC2 names: ByHand");
    }

    #[test]
    fn what_aws_made_for_others_leaves_with_it() {
        let interface = NetworkInterface::builder().requester_managed(true).description("EFS");
        assert_eq!(holder(&interface.build(), &nothing_known()).leaves, Leaves::Shortly);
    }
}
