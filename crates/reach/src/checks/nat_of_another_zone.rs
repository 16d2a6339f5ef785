//! A subnet that depends on another zone's NAT gateway.

use super::{Check, Found, Severity};
use crate::engine::Engine;
use crate::network::Target;

pub(super) const CHECK: Check = Check {
    code: "N005",
    name: "nat-of-another-zone",
    severity: Severity::Functional,
    explanation: "A subnet's way to the internet is a NAT gateway in another availability zone: when \
        that zone fails, this subnet is cut off as well, and traffic between zones costs money. Give \
        each zone a NAT gateway, or accept the risk for the price of one.",
    find,
};

fn find(engine: &Engine<'_>) -> Vec<Found> {
    let network = engine.network();
    let mut found = Vec::new();
    for (name, subnet) in &network.subnets {
        for target in engine.internet_targets(name) {
            let Target::NatGateway(nat_name) = target else { continue };
            let Some(nat) = network.nat_gateways.get(nat_name) else { continue };
            let zone = &network.subnets[&nat.subnet].zone;
            if *zone != subnet.zone {
                let nat = nat.origin.words(nat_name);
                let message = format!(
                    "it is in zone {}, but its way out, {nat}, is in zone {zone}",
                    subnet.zone
                );
                found.push(Found { element: name.clone(), at: subnet.origin.words(name), message });
            }
        }
    }
    found
}
