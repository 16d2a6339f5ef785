//! How much of a way passes, as sets.

use super::pairs::Found;
use super::path::{Trust, Way};
use crate::packets::{Addresses, Cube, PacketSet, Ports, Services, size};

/// How much of `internet` may be missing for "reaches" to hold: up to half. A list of refused
/// networks is an exception; a list of admitted ones is not the internet.
const MOST: f64 = 0.5;

pub(super) fn narrow(domain: &PacketSet, services: &Services, ports: &Ports) -> PacketSet {
    let cube = Cube { service: services.clone(), source_port: ports.clone(), ..Cube::full() };
    domain.intersection(&PacketSet::from_cubes([cube]))
}

/// What passes of what is sent with these services.
pub(super) fn certain_of(
    way: &Way<'_>,
    found: &Found<'_>,
    services: &Services,
    trust: Trust,
) -> PacketSet {
    let each = way.paths.iter().map(|path| {
        let domain = narrow(&path.domain, services, &found.source_ports);
        path.certain_within(domain, trust)
    });
    each.fold(PacketSet::empty(), |all, set| all.union(&set))
}

pub(super) fn required(way: &Way<'_>, services: &Services, found: &Found<'_>) -> PacketSet {
    PacketSet::from_cubes([Cube {
        source: way.source.clone(),
        target: way.target.clone(),
        source_port: found.source_ports.clone(),
        service: services.clone(),
    }])
}

/// Which outside addresses do not work; `None` when that is more than may be missing.
pub(super) fn exceptions(
    way: &Way<'_>,
    missing: &PacketSet,
    found: &Found<'_>,
) -> Option<Addresses> {
    if missing.is_empty() {
        return Some(Addresses::empty());
    }
    if !found.outside.is_some_and(|outside| outside.internet) {
        return None;
    }
    let side = |cube: &Cube| if found.inward { cube.source.clone() } else { cube.target.clone() };
    let all = if found.inward { &way.source } else { &way.target };
    let bad = missing.cubes().iter().fold(Addresses::empty(), |bad, cube| bad.union(&side(cube)));
    (size(&bad) <= MOST * size(all)).then_some(bad)
}

/// Every packet from or to the addresses.
pub(super) fn touching(addresses: &Addresses) -> PacketSet {
    PacketSet::from_cubes([
        Cube { source: addresses.clone(), ..Cube::full() },
        Cube { target: addresses.clone(), ..Cube::full() },
    ])
}

/// The services of a set in pieces that no cube splits further.
pub(super) fn elementary(set: &PacketSet) -> Vec<Services> {
    let mut starts: Vec<u32> = Vec::new();
    for &(low, high) in set.cubes().iter().flat_map(|cube| cube.service.ranges()) {
        starts.push(low);
        starts.extend(high.checked_add(1));
    }
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([u32::MAX]);
    starts.iter().zip(ends).map(|(&low, high)| Services::range(low, high)).collect()
}
