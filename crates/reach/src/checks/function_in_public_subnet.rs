//! A function that is to reach the internet from a public subnet.

use super::{Check, Found, Severity};
use crate::engine::Engine;
use crate::network::{Direction, ResourceKind, Target};
use crate::packets::{Cube, PacketSet, all_v4};

pub(super) const CHECK: Check = Check {
    code: "N004",
    name: "function-in-public-subnet",
    severity: Severity::Functional,
    explanation: "A Lambda function's groups let it out to the internet, but its subnet sends IPv4 \
        to an internet gateway. Lambda's interfaces get no public address, so this never works. Put \
        the function into a private subnet with a NAT gateway, or let it out only where it needs to \
        go.",
    find,
};

fn find(engine: &Engine<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let v4 = engine.public_internet().intersection(&all_v4());
    for (name, resource) in &engine.network().resources {
        if !matches!(resource.kind, ResourceKind::Function { .. }) {
            continue;
        }
        let groups = engine.groups_allow(name, Direction::Egress);
        for (interface, allowed) in resource.interfaces.iter().zip(groups) {
            let by_gateway = |target: &Target| matches!(target, Target::InternetGateway(_));
            let target = engine.routed(&interface.subnet, by_gateway).intersection(&v4);
            let cube = Cube { target, ..Cube::full() };
            if PacketSet::from_cubes([cube]).intersection(&allowed).is_empty() {
                continue;
            }
            let subnet =
                engine.network().subnets[&interface.subnet].origin.words(&interface.subnet);
            let (table, _) = engine.table_of(&interface.subnet);
            let message = format!(
                "its groups let it out to the internet, but in {subnet} {table} leads to an internet \
                 gateway, and a function has no public address"
            );
            found.push(Found { element: name.clone(), at: resource.origin.words(name), message });
        }
    }
    found
}
