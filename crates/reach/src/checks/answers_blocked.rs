//! An ACL that lets requests through and not their answers.

use super::{Check, Found, Severity};
use crate::engine::{Engine, in_order};
use crate::network::{AclRule, Direction};
use crate::packets::{Addresses, Cube, PacketSet, PortRange, Services, Traffic, prefix, size};

pub(super) const CHECK: Check = Check {
    code: "N006",
    name: "answers-blocked",
    severity: Severity::Functional,
    explanation: "A rule of a network ACL lets connections through in one direction, and the ACL's \
        other direction does not let their answers back: ACLs are stateless. Allow the ephemeral \
        ports, 1024 to 65535, the other way.",
    find,
};

/// A rule for so many high ports is there for answers, not for connections.
const MANY_PORTS: u16 = 10_000;

fn find(engine: &Engine<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (name, acl) in &engine.network().network_acls {
        for direction in [Direction::Ingress, Direction::Egress] {
            let back = match direction {
                Direction::Ingress => Direction::Egress,
                Direction::Egress => Direction::Ingress,
            };
            let allowed = engine.acl_allows(name, direction, false);
            let answered = engine.acl_allows(name, back, true);
            for rule in in_order(acl.rules(direction)).into_iter().filter(|rule| rule.allow) {
                let Some(services) = connections(rule.traffic) else { continue };
                if is_blocked(rule, direction, &services, allowed, answered) {
                    let number = rule.number;
                    let message = format!(
                        "{direction} rule {number} lets {} through, but no {back} rule lets the \
                         answers back",
                        rule.traffic
                    );
                    found.push(Found {
                        element: name.clone(),
                        at: acl.origin.words(name),
                        message,
                    });
                }
            }
        }
    }
    found
}

/// The services of a rule that are for connections; none for a rule about answers. Of a rule for
/// everything, the well-known ports.
fn connections(traffic: Traffic) -> Option<Services> {
    let tcp = Traffic::Tcp(PortRange::ALL).services();
    let services = traffic.services().intersection(&tcp);
    let low = Traffic::Tcp(PortRange::new(0, 1023)).services();
    match traffic {
        Traffic::Tcp(range) if range.first >= 1024 && range.last - range.first >= MANY_PORTS => {
            None
        }
        _ if services.is_empty() => None,
        _ if services.overlaps(&low) => Some(services.intersection(&low)),
        _ => Some(services),
    }
}

/// Whether the answers to most of what a rule lets through do not come back.
fn is_blocked(
    rule: &AclRule,
    direction: Direction,
    services: &Services,
    allowed: &PacketSet,
    answered: &PacketSet,
) -> bool {
    let mut cube = Engine::from_common_ports(services);
    let side = |cube: &Cube| match direction {
        Direction::Ingress => cube.source.clone(),
        Direction::Egress => cube.target.clone(),
    };
    match direction {
        Direction::Ingress => cube.source = prefix(rule.cidr),
        Direction::Egress => cube.target = prefix(rule.cidr),
    }
    let passing = PacketSet::from_cubes([cube]).intersection(allowed);
    let lost = passing.difference(answered);
    let peers = |set: &PacketSet| {
        size(&set.cubes().iter().fold(Addresses::empty(), |all, cube| all.union(&side(cube))))
    };
    !passing.is_empty() && peers(&lost) * 2.0 > peers(&passing)
}
