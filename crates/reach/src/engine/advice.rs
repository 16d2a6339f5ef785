//! The change that would let a packet pass where it stops.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::Engine;
use super::filters;
use super::path::{Check, Stage, Through};
use super::place::{Outside, Site};
use crate::network::{AclRule, Destination, Direction, Peer, ResourceKind, Target};
use crate::packets::{Packet, PortRange, Ports, Traffic, number, prefix};
use crate::verdict::Change;

/// What is asked for, as far as a change has to know.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The traffic of the question.
    pub(super) traffic: Traffic,
    /// The source ports that must work.
    pub(super) source_ports: Ports,
    /// The end that is outside, if one is.
    pub(super) outside: Option<&'a Outside>,
    /// The listener that the way goes through, if any.
    pub(super) through: Option<Through>,
}

impl Asked<'_> {
    /// The traffic as a stage sees it.
    fn traffic_at(&self, stage: &Stage<'_>) -> Traffic {
        match self.through {
            None => self.traffic,
            Some(through) if stage.view.service.is_some() => through.arrives,
            Some(through) => through.sent,
        }
    }
}

impl Engine<'_> {
    /// The changes that let what is asked for pass a stage that stops `packet`.
    pub(super) fn remedy(
        &self,
        stage: &Stage<'_>,
        packet: &Packet,
        asked: &Asked<'_>,
    ) -> Vec<Change> {
        let seen = stage.appearance(packet, false).unwrap_or(*packet);
        let asked_here = asked.traffic_at(stage);
        match &stage.check {
            Check::Fact { changes, .. } => changes.clone(),
            Check::Group { site, direction, peer } => {
                let other = filters::peer_of(*direction, &seen);
                let known = peer.and_then(|peer| peer.groups.first()).cloned();
                let peer = known.map_or_else(|| self.peer(other, asked), Peer::Group);
                let Some(group) = site.groups.first().cloned() else { return Vec::new() };
                vec![Change::AllowInGroup {
                    group,
                    direction: *direction,
                    traffic: asked_here,
                    peer,
                }]
            }
            Check::Acl { subnet, direction } => {
                let ports = stage.view.source_port.as_ref().unwrap_or(&asked.source_ports);
                let traffic =
                    if stage.view.reply { answer_to(asked_here, ports) } else { asked_here };
                let cidr = self.block(filters::peer_of(*direction, &seen), asked);
                self.open_acl(subnet, *direction, traffic, cidr)
            }
            Check::Listening { site } => {
                vec![Change::Listen { balancer: site.name.clone(), traffic: asked_here }]
            }
            Check::Route { subnet, want } => {
                if let Some(Target::NatGateway(nat)) = want {
                    return vec![Change::MoveNatGateway { nat: nat.clone() }];
                }
                let destination = Destination::Cidr(self.block(seen.target, asked));
                let set = |target: &Target| self.set_route(subnet, destination, target.clone());
                want.as_ref().map(set).into_iter().collect()
            }
        }
    }

    /// The change to the table of a subnet.
    pub(super) fn set_route(
        &self,
        subnet: &str,
        destination: Destination,
        target: Target,
    ) -> Change {
        let table = self.routing(subnet).table.cloned();
        Change::SetRoute {
            table,
            vpc: self.network.subnets[subnet].vpc.clone(),
            destination,
            target,
        }
    }

    /// The block to name in a rule about an address: its subnet, the CIDR that was asked about, or
    /// everything.
    fn block(&self, address: IpAddr, asked: &Asked<'_>) -> IpNet {
        if let Some(net) = asked.outside.and_then(|outside| outside.net)
            && net.contains(&address)
        {
            return net;
        }
        let own = self.network.subnets.values().find_map(|subnet| {
            let nets = [subnet.cidr.map(IpNet::V4), subnet.ipv6_cidr.map(IpNet::V6)];
            nets.into_iter().flatten().find(|net| net.contains(&address))
        });
        own.unwrap_or(match address {
            IpAddr::V4(_) => everywhere_v4(),
            IpAddr::V6(_) => IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
        })
    }

    fn peer(&self, address: IpAddr, asked: &Asked<'_>) -> Peer {
        let listed = self.index.lists.iter().find(|(name, addresses)| {
            let of_service = self.network.prefix_lists[**name].service.is_some();
            of_service && addresses.contains(number(address))
        });
        match listed {
            Some((name, _)) => Peer::PrefixList((*name).to_owned()),
            None => Peer::Cidr(self.block(address, asked)),
        }
    }

    /// A rule before the first one that denies any of it; or the removal of that rule, where there
    /// is no number left before it.
    fn open_acl(
        &self,
        subnet: &str,
        direction: Direction,
        traffic: Traffic,
        cidr: IpNet,
    ) -> Vec<Change> {
        let Some(name) = self.index.acl_of.get(subnet) else { return Vec::new() };
        let acl = (*name).to_owned();
        let ordered = filters::in_order(self.network.network_acls[*name].rules(direction));
        let denies = |rule: &&&AclRule| {
            !rule.allow
                && rule.traffic.services().overlaps(&traffic.services())
                && prefix(rule.cidr).overlaps(&prefix(cidr))
        };
        let used = |number: &u16| ordered.iter().all(|rule| rule.number != *number);
        let Some(denying) = ordered.iter().find(denies) else {
            let last = ordered.last().map_or(0, |rule| rule.number);
            let number = (last.saturating_add(10)..=32766).find(used);
            let number = number.or_else(|| (1..=32766).rev().find(used));
            let allow = |number| Change::AllowInAcl { acl, direction, number, traffic, cidr };
            return number.map(allow).into_iter().collect();
        };
        match (1..denying.number).rev().find(used) {
            Some(number) => vec![Change::AllowInAcl { acl, direction, number, traffic, cidr }],
            None => vec![Change::RemoveFromAcl { acl, direction, number: denying.number }],
        }
    }
}

/// What gives a site a public IPv4 address.
pub(super) fn make_public(site: &Site<'_>) -> Vec<Change> {
    let resource = site.name.clone();
    match site.resource.map(|resource| &resource.kind) {
        Some(ResourceKind::Database { .. }) => vec![Change::MakePubliclyAccessible { resource }],
        Some(ResourceKind::LoadBalancer { .. }) => vec![Change::MakeInternetFacing { resource }],
        Some(ResourceKind::Instance { .. } | ResourceKind::Other) => {
            vec![Change::GivePublicAddress { resource }]
        }
        Some(ResourceKind::Function { .. }) | None => Vec::new(),
    }
}

/// The default route's destination.
pub(super) fn everywhere(v6: bool) -> Destination {
    Destination::Cidr(if v6 {
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0))
    } else {
        everywhere_v4()
    })
}

/// 0.0.0.0/0.
pub(super) fn everywhere_v4() -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0))
}

/// The traffic of the answers: back to the source ports.
fn answer_to(traffic: Traffic, source_ports: &Ports) -> Traffic {
    let first = source_ports.first().unwrap_or_default();
    let last = source_ports.ranges().last().map_or(u16::MAX, |range| range.1);
    match traffic {
        Traffic::Tcp(_) => Traffic::Tcp(PortRange::new(first, last)),
        Traffic::Udp(_) => Traffic::Udp(PortRange::new(first, last)),
        Traffic::Icmp { .. } => Traffic::Icmp { kind: Some(0), code: Some(0) },
        Traffic::Icmpv6 { .. } => Traffic::Icmpv6 { kind: Some(129), code: Some(0) },
        Traffic::All => Traffic::All,
        Traffic::Protocol(number) => Traffic::Protocol(number),
    }
}
