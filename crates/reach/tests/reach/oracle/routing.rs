//! Where packets are led: within a VPC, across a peering connection, out and in by gateways.

use std::net::IpAddr;

use trueup_reach::{Destination, Direction, EndpointKind, Packet, PublicAddress, Target};

use super::walker::World;
use super::ways::Site;

/// An address of each sort that rules and routes tell apart.
const ANYWHERE: [&str; 5] =
    ["8.8.8.8", "203.0.113.200", "203.0.113.12", "203.0.113.3", "198.51.100.200"];

impl<'n> World<'n> {
    pub(super) fn private(
        &self,
        a: &Site<'_>,
        b: &Site<'_>,
        packet: &Packet,
        answer: bool,
        strict: bool,
    ) -> bool {
        let peering = self.network.peerings.iter().next();
        let groups_count =
            a.vpc == b.vpc || peering.is_some_and(|(_, peering)| peering.same_region);
        let known = |site: &Site<'n>| groups_count.then(|| site.interface.groups.clone());
        let peer_b = known(&self.again(b));
        let peer_a = known(&self.again(a));
        if !self.groups(a, Direction::Egress, packet, peer_b.as_deref())
            || !self.groups(b, Direction::Ingress, packet, peer_a.as_deref())
        {
            return false;
        }
        if a.interface.subnet == b.interface.subnet {
            return true;
        }
        let leads = |subnet: &str, to: IpAddr| match self.lookup(subnet, to) {
            Some(Target::Local) => a.vpc == b.vpc,
            Some(Target::Peering(name)) => {
                self.network.peerings.get(&name).is_some_and(|peering| {
                    let ends = [peering.requester.as_str(), peering.accepter.as_str()];
                    peering.state.is_available()
                        && a.vpc != b.vpc
                        && ends.contains(&a.vpc)
                        && ends.contains(&b.vpc)
                })
            }
            // What is behind it may lead there; then the answer takes the same way.
            Some(Target::Other(_)) => self.passes_gateways(strict),
            _ => false,
        };
        let other = |subnet: &str, to: IpAddr| match self.lookup(subnet, to) {
            Some(Target::Other(name)) => Some(name),
            _ => None,
        };
        let forward = leads(&a.interface.subnet, packet.target)
            && self.acl(&a.interface.subnet, Direction::Egress, packet)
            && self.acl(&b.interface.subnet, Direction::Ingress, packet);
        forward
            && match packet.reply().filter(|_| answer) {
                None => true,
                Some(reply) => {
                    leads(&b.interface.subnet, reply.target)
                        && other(&a.interface.subnet, packet.target)
                            == other(&b.interface.subnet, reply.target)
                        && self.acl(&b.interface.subnet, Direction::Egress, &reply)
                        && self.acl(&a.interface.subnet, Direction::Ingress, &reply)
                }
            }
    }

    /// The packet as the internet sees it, if it gets out and its answer gets back in.
    pub(super) fn out(
        &self,
        a: &Site<'_>,
        packet: &Packet,
        nat_port: u16,
        answer: bool,
        strict: bool,
    ) -> Vec<Packet> {
        if let Some(Target::Other(_)) = self.lookup(&a.interface.subnet, packet.target) {
            let subnet = a.interface.subnet.as_str();
            let reply = packet.reply().filter(|_| answer);
            let passes = self.passes_gateways(strict)
                && self.groups(a, Direction::Egress, packet, None)
                && self.acl(subnet, Direction::Egress, packet)
                && reply.is_none_or(|reply| self.acl(subnet, Direction::Ingress, &reply));
            // Whatever it looks like from then on.
            let seen = ANYWHERE.iter().map(|source| source.parse().unwrap());
            let seen = seen.map(|source| Packet { source, source_port: nat_port, ..*packet });
            return if passes { seen.collect() } else { Vec::new() };
        }
        self.out_by_known(a, packet, nat_port, answer).into_iter().collect()
    }

    /// The same by a gateway that the model looks into.
    fn out_by_known(
        &self,
        a: &Site<'_>,
        packet: &Packet,
        nat_port: u16,
        answer: bool,
    ) -> Option<Packet> {
        let subnet = a.interface.subnet.as_str();
        let reply = packet.reply().filter(|_| answer);
        let own = self.groups(a, Direction::Egress, packet, None);
        let acl = |subnet: &str, direction, packet: &Packet| self.acl(subnet, direction, packet);
        let back = reply.is_none_or(|reply| acl(subnet, Direction::Ingress, &reply));
        match self.lookup(subnet, packet.target)? {
            Target::InternetGateway(name) => {
                let attached = self.attached(&name, a.vpc);
                let public = if packet.source.is_ipv4() { a.public } else { a.v6 };
                let ok = own && attached && acl(subnet, Direction::Egress, packet) && back;
                ok.then_some(Packet { source: public?, ..*packet })
            }
            Target::EgressOnlyGateway(name) if packet.target.is_ipv6() => {
                let gateway = self.network.egress_only_gateways.get(&name)?;
                let ok =
                    gateway.vpc == a.vpc && own && acl(subnet, Direction::Egress, packet) && back;
                ok.then_some(*packet)
            }
            Target::Endpoint(name) => {
                let working = self.network.endpoints[&name].state.is_available();
                let ok = working && own && acl(subnet, Direction::Egress, packet) && back;
                ok.then_some(*packet)
            }
            Target::NatGateway(name) if packet.target.is_ipv4() => {
                let nat = self.network.nat_gateways.get(&name)?;
                let PublicAddress::Known(public) = nat.public_address else { return None };
                let there = nat.subnet.as_str();
                let inner =
                    Packet { source: nat.address?.into(), source_port: nat_port, ..*packet };
                let crossing = subnet == there
                    || (acl(subnet, Direction::Egress, packet)
                        && acl(there, Direction::Ingress, packet)
                        && back
                        && reply.is_none_or(|reply| acl(there, Direction::Egress, &reply)));
                let Target::InternetGateway(gateway) = self.lookup(there, packet.target)? else {
                    return None;
                };
                let inner_back = inner.reply().filter(|_| answer);
                let beyond = self.attached(&gateway, a.vpc)
                    && acl(there, Direction::Egress, &inner)
                    && inner_back.is_none_or(|reply| acl(there, Direction::Ingress, &reply));
                let ok = own && nat.state.is_available() && crossing && beyond;
                ok.then_some(Packet { source: public.into(), ..inner })
            }
            _ => None,
        }
    }

    /// Whether a packet from the internet gets to an interface and is answered.
    pub(super) fn enter(&self, b: &Site<'_>, packet: &Packet, answer: bool) -> bool {
        let subnet = b.interface.subnet.as_str();
        let Some(gateway) =
            self.network.internet_gateways.iter().find(|(_, g)| g.vpc.as_deref() == Some(b.vpc))
        else {
            return false;
        };
        if packet.target.is_ipv4() && b.public.is_none() {
            return false;
        }
        let there = self.acl(subnet, Direction::Ingress, packet)
            && self.groups(b, Direction::Ingress, packet, None);
        there
            && packet.reply().filter(|_| answer).is_none_or(|reply| {
                self.lookup(subnet, reply.target)
                    == Some(Target::InternetGateway(gateway.0.clone()))
                    && self.acl(subnet, Direction::Egress, &reply)
            })
    }

    /// The same by a gateway that the model does not look into: where an answer would go.
    pub(super) fn enter_by_other(&self, b: &Site<'_>, packet: &Packet, answer: bool) -> bool {
        let subnet = b.interface.subnet.as_str();
        matches!(self.lookup(subnet, packet.source), Some(Target::Other(_)))
            && self.acl(subnet, Direction::Ingress, packet)
            && self.groups(b, Direction::Ingress, packet, None)
            && packet
                .reply()
                .filter(|_| answer)
                .is_none_or(|reply| self.acl(subnet, Direction::Egress, &reply))
    }

    fn attached(&self, name: &str, vpc: &str) -> bool {
        self.network.internet_gateways.get(name).is_some_and(|g| g.vpc.as_deref() == Some(vpc))
    }

    /// Where the route for an address leads, unless it is a black hole.
    pub(super) fn lookup(&self, subnet: &str, to: IpAddr) -> Option<Target> {
        let vpc = &self.network.subnets[subnet].vpc;
        let of_vpc = self.network.route_tables.iter().filter(|(_, table)| table.vpc == *vpc);
        let own = of_vpc.clone().find(|(_, table)| table.subnets.iter().any(|name| name == subnet));
        let table = own.or_else(|| of_vpc.clone().find(|(_, table)| table.main));
        let mut best: Option<(u8, Option<Target>)> = None;
        let mut consider = |net: ipnet::IpNet, target: Option<Target>| {
            let longer = best.as_ref().is_none_or(|(length, _)| net.prefix_len() > *length);
            if net.contains(&to) && longer {
                best = Some((net.prefix_len(), target));
            }
        };
        for route in table.iter().flat_map(|(_, table)| &table.routes) {
            let target = (!route.blackhole).then(|| route.target.clone());
            match &route.destination {
                Destination::Cidr(net) => consider(*net, target),
                Destination::PrefixList(list) => {
                    for net in self.network.prefix_lists[list].entries.iter().flatten() {
                        consider(*net, target.clone());
                    }
                }
            }
        }
        for net in &self.network.vpcs[vpc].cidrs {
            consider((*net).into(), Some(Target::Local));
        }
        for net in &self.network.vpcs[vpc].ipv6_cidrs {
            consider((*net).into(), Some(Target::Local));
        }
        for (name, endpoint) in &self.network.endpoints {
            let EndpointKind::Gateway { route_tables, prefix_list } = &endpoint.kind else {
                continue;
            };
            if table.is_some_and(|(table, _)| route_tables.contains(table)) {
                for net in self.network.prefix_lists[prefix_list].entries.iter().flatten() {
                    consider(*net, Some(Target::Endpoint(name.clone())));
                }
            }
        }
        best?.1
    }
}
