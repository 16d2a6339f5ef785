//! Whose a network interface is: EC2 says it only in descriptions.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::NetworkInterface;

use super::Holder;

/// Who is behind these interfaces; several of one owner count once.
pub(super) fn holders(interfaces: &[NetworkInterface]) -> Vec<Holder> {
    let mut seen = BTreeSet::new();
    let all = interfaces.iter().map(holder);
    all.filter(|holder| seen.insert(holder.what.clone())).collect()
}

fn holder(interface: &NetworkInterface) -> Holder {
    let id = interface.network_interface_id().unwrap_or("an interface");
    let description = interface.description().unwrap_or_default();
    let attached = interface.attachment().and_then(|attachment| attachment.instance_id());
    let holder = |what: String, passes: bool| Holder { what, passes, drains: false };
    let after = |prefix: &str| description.strip_prefix(prefix).map(str::to_owned);
    if let Some(rest) = after("AWS Lambda VPC ENI-") {
        let what = format!("Lambda function {}", without_uuid(&rest));
        Holder { what, passes: true, drains: true }
    } else if description == "RDSNetworkInterface" {
        holder(format!("a database of RDS ({id})"), true)
    } else if let Some(rest) = after("ELB ") {
        let name = rest.split('/').nth(1).unwrap_or(&rest);
        holder(format!("load balancer {name}"), true)
    } else if let Some(nat) = after("Interface for NAT Gateway ") {
        holder(format!("NAT gateway {nat}"), false)
    } else if let Some(endpoint) = after("VPC Endpoint Interface ") {
        holder(format!("VPC endpoint {endpoint}"), true)
    } else if let Some(instance) = attached {
        holder(format!("instance {instance} ({id})"), false)
    } else if description.is_empty() {
        let owner = interface.requester_id().unwrap_or("nobody that EC2 names");
        holder(format!("network interface {id} of {owner}"), false)
    } else {
        // AWS takes away what it made itself; what a user made stays.
        let passes = interface.requester_managed().unwrap_or_default();
        holder(format!("network interface {id} ({description})"), passes)
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
    use super::*;

    fn check(description: &str) -> String {
        let interface = NetworkInterface::builder()
            .network_interface_id("eni-1")
            .description(description)
            .build();
        let holder = holder(&interface);
        format!("{} passes: {}", holder.what, holder.passes)
    }

    #[test]
    fn a_description_says_whose_it_is() {
        assert_eq!(
            check("AWS Lambda VPC ENI-snowex-api-0a1b2c3d-1111-2222-3333-444455556666"),
            "Lambda function snowex-api passes: true"
        );
        assert_eq!(check("RDSNetworkInterface"), "a database of RDS (eni-1) passes: true");
        assert_eq!(check("ELB app/web/0123"), "load balancer web passes: true");
        assert_eq!(check("Interface for NAT Gateway nat-1"), "NAT gateway nat-1 passes: false");
        assert_eq!(check("mine"), "network interface eni-1 (mine) passes: false");
        assert_eq!(check(""), "network interface eni-1 of nobody that EC2 names passes: false");
    }
}
