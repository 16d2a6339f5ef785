//! A NAT gateway that has no way out itself.

use super::{Check, Found, Severity};
use crate::engine::Engine;
use crate::network::{PublicAddress, Target};

pub(super) const CHECK: Check = Check {
    code: "N003",
    name: "nat-in-private-subnet",
    severity: Severity::Functional,
    explanation: "A public NAT gateway stands in a subnet whose routes do not lead to an attached \
        internet gateway, so nothing that it translates gets anywhere. Put it into a public subnet.",
    find,
};

fn find(engine: &Engine<'_>) -> Vec<Found> {
    let network = engine.network();
    let mut found = Vec::new();
    for (name, nat) in &network.nat_gateways {
        if nat.public_address == PublicAddress::None {
            continue;
        }
        let subnet = &network.subnets[&nat.subnet];
        let gateway = engine.gateway_of(&subnet.vpc);
        let leads = |target: &Target| matches!(target, Target::InternetGateway(name) if Some(name.as_str()) == gateway);
        if !engine.routed(&nat.subnet, leads).overlaps(engine.public_internet()) {
            let (table, _) = engine.table_of(&nat.subnet);
            let words = subnet.origin.words(&nat.subnet);
            let message = format!(
                "it stands in {words}, and {table} has no route to an attached internet gateway"
            );
            found.push(Found { element: name.clone(), at: nat.origin.words(name), message });
        }
    }
    found
}
