//! Groups and ACLs as packet sets, made once for a network.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::place::Site;
use crate::network::{AclRule, Direction, GroupRule, Index, NetworkAcl, Peer, SecurityGroup};
use crate::packets::{Addresses, Cube, Packet, PacketSet, Services, Traffic, number, prefix};

/// What an ACL lets through, each way.
#[derive(Debug)]
pub(super) struct AclSets {
    ingress: AclSet,
    egress: AclSet,
}

#[derive(Debug)]
struct AclSet {
    allowed: PacketSet,
    /// The packets whose answers are allowed.
    answered: PacketSet,
}

impl AclSets {
    pub(super) fn new(acl: &NetworkAcl) -> Self {
        let set = |direction| {
            let allowed = first_match(acl.rules(direction), direction);
            AclSet { answered: allowed.answered(), allowed }
        };
        Self { ingress: set(Direction::Ingress), egress: set(Direction::Egress) }
    }

    /// The packets that pass, or those whose answers do.
    pub(super) fn allowed(&self, direction: Direction, reply: bool) -> &PacketSet {
        let set = match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        };
        if reply { &set.answered } else { &set.allowed }
    }
}

/// The rules in the order in which they are tried.
pub(crate) fn in_order(rules: &[AclRule]) -> Vec<&AclRule> {
    let mut ordered: Vec<&AclRule> = rules.iter().collect();
    ordered.sort_by_key(|rule| rule.number);
    ordered
}

fn first_match(rules: &[AclRule], direction: Direction) -> PacketSet {
    let mut undecided = PacketSet::full();
    let mut allowed = PacketSet::empty();
    for rule in in_order(rules) {
        let matching = PacketSet::from_cubes([cube(direction, rule.traffic, prefix(rule.cidr))]);
        if rule.allow {
            allowed = allowed.union(&undecided.intersection(&matching));
        }
        undecided = undecided.difference(&matching);
    }
    allowed
}

/// Whether a rule is about a packet, as it is seen there.
pub(super) fn matches(rule: &AclRule, direction: Direction, packet: &Packet) -> bool {
    rule.traffic.services().contains(packet.service())
        && rule.cidr.contains(&peer_of(direction, packet))
}

/// The other side of a packet, seen from inside.
pub(super) fn peer_of(direction: Direction, packet: &Packet) -> std::net::IpAddr {
    match direction {
        Direction::Ingress => packet.source,
        Direction::Egress => packet.target,
    }
}

fn cube(direction: Direction, traffic: Traffic, peers: Addresses) -> Cube {
    let cube = Cube { service: traffic.services(), ..Cube::full() };
    match direction {
        Direction::Ingress => Cube { source: peers, ..cube },
        Direction::Egress => Cube { target: peers, ..cube },
    }
}

/// What a group lets through, each way.
#[derive(Debug)]
pub(super) struct GroupSets<'n> {
    ingress: GroupSet<'n>,
    egress: GroupSet<'n>,
}

#[derive(Debug)]
struct GroupSet<'n> {
    /// By address.
    by_address: PacketSet,
    /// By membership of the other side.
    by_group: BTreeMap<&'n str, Services>,
}

impl<'n> GroupSets<'n> {
    pub(super) fn new(group: &'n SecurityGroup, index: &Index<'_>) -> Self {
        let set = |direction| group_set(group.rules(direction), direction, index);
        Self { ingress: set(Direction::Ingress), egress: set(Direction::Egress) }
    }

    fn set(&self, direction: Direction) -> &GroupSet<'n> {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

fn group_set<'n>(rules: &'n [GroupRule], direction: Direction, index: &Index<'_>) -> GroupSet<'n> {
    // Rules for the same traffic become one cube: most groups repeat a port for many sources.
    let mut peers: BTreeMap<Traffic, Addresses> = BTreeMap::new();
    let mut by_group: BTreeMap<&str, Services> = BTreeMap::new();
    for rule in rules {
        let addresses = match &rule.peer {
            Peer::Cidr(net) => prefix(*net),
            Peer::PrefixList(name) => {
                index.lists.get(name.as_str()).cloned().unwrap_or_else(Addresses::empty)
            }
            Peer::Group(name) => {
                let services = by_group.entry(name).or_insert_with(Services::empty);
                *services = services.union(&rule.traffic.services());
                continue;
            }
        };
        let all = peers.entry(rule.traffic).or_insert_with(Addresses::empty);
        *all = all.union(&addresses);
    }
    let cubes = peers.into_iter().map(|(traffic, all)| cube(direction, traffic, all));
    GroupSet { by_address: PacketSet::from_cubes(cubes), by_group }
}

/// What the groups of `site` let through together. `peer` is the other side where its groups
/// count: on private ways.
pub(super) fn allowed<'e>(
    groups: &'e BTreeMap<&str, GroupSets<'_>>,
    site: &Site<'_>,
    direction: Direction,
    peer: Option<&Site<'_>>,
) -> Cow<'e, PacketSet> {
    if !site.filtered() {
        return Cow::Owned(PacketSet::full());
    }
    let sets = || site.groups.iter().filter_map(|name| groups.get(name.as_str()));
    let services = |set: &GroupSet<'_>, name: &str| set.by_group.get(name).cloned();
    let mut referenced = Services::empty();
    for name in peer.map(|peer| peer.groups).unwrap_or_default() {
        for set in sets() {
            if let Some(more) = services(set.set(direction), name) {
                referenced = referenced.union(&more);
            }
        }
    }
    let mut each = sets().map(|set| &set.set(direction).by_address);
    if referenced.is_empty() && site.groups.len() == 1 {
        return each.next().map_or_else(|| Cow::Owned(PacketSet::empty()), Cow::Borrowed);
    }
    let mut all = each.fold(PacketSet::empty(), |all, set| all.union(set));
    all.insert(Cube { service: referenced, ..Cube::full() });
    Cow::Owned(all)
}

/// The rule of a site's groups that lets a packet through, with its group.
pub(super) fn rule_for<'n>(
    network: &'n crate::Network,
    index: &Index<'_>,
    site: &Site<'n>,
    direction: Direction,
    peer: Option<&Site<'_>>,
    packet: &Packet,
) -> Option<(&'n str, &'n GroupRule)> {
    let groups = site.groups.iter().filter_map(|name| network.security_groups.get_key_value(name));
    let address = peer_of(direction, packet);
    let fits = |rule: &GroupRule| {
        rule.traffic.services().contains(packet.service())
            && match &rule.peer {
                Peer::Cidr(net) => net.contains(&address),
                Peer::PrefixList(list) => {
                    index.lists.get(list.as_str()).is_some_and(|all| all.contains(number(address)))
                }
                Peer::Group(name) => peer.is_some_and(|peer| peer.groups.contains(name)),
            }
    };
    groups
        .flat_map(|(name, group)| {
            group.rules(direction).iter().map(move |rule| (name.as_str(), rule))
        })
        .find(|(_, rule)| fits(rule))
}
