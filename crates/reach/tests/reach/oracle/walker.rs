//! Follows one packet at a time. It knows the model's data and AWS's rules, and shares no code
//! with the engine: no sets, no index, first things first.

use std::collections::BTreeSet;
use std::net::IpAddr;

use trueup_reach::{
    Destination, Direction, EndpointKind, Interface, Ipv6, Network, Packet, Peer, PublicAddress,
    Resource, ResourceKind, Target, Traffic,
};

use super::balancers::Hop;

/// One end: a resource with its interfaces, or a single address outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Host {
    Resource(String),
    Outside(IpAddr),
}

/// An address of each sort that rules and routes tell apart.
const ANYWHERE: [&str; 5] =
    ["8.8.8.8", "203.0.113.200", "203.0.113.12", "203.0.113.3", "198.51.100.200"];

/// What the walker has seen.
#[derive(Debug, Default)]
pub(crate) struct Sees {
    pub(crate) always: bool,
    pub(crate) sometimes: bool,
}

pub(crate) struct World<'n> {
    pub(super) network: &'n Network,
    /// Every port at which some rule may change its mind.
    pub(super) ports: Vec<u16>,
}

impl<'n> World<'n> {
    pub(crate) fn new(network: &'n Network) -> Self {
        let mut ports = BTreeSet::from([0, 1023, 1024, 32767, 32768, 49152, u16::MAX]);
        let acls =
            network.network_acls.values().flat_map(|acl| acl.ingress.iter().chain(&acl.egress));
        let groups = network.security_groups.values();
        let groups = groups.flat_map(|group| group.ingress.iter().chain(&group.egress));
        for traffic in acls.map(|r| r.traffic).chain(groups.map(|r| r.traffic)) {
            if let Traffic::Tcp(range) | Traffic::Udp(range) = traffic {
                let near = |port: u16| [port.saturating_sub(1), port, port.saturating_add(1)];
                ports.extend(near(range.first).into_iter().chain(near(range.last)));
            }
        }
        let interfaces = network.resources.values().flat_map(|resource| &resource.interfaces);
        for range in interfaces.filter_map(|interface| interface.source_ports) {
            ports.extend([range.first, range.last]);
        }
        Self { network, ports: ports.into_iter().collect() }
    }

    /// Tries every packet that matters from one end to the other.
    pub(crate) fn look(
        &self,
        from: &Host,
        to: &Host,
        protocol: u8,
        port: u16,
        packets: &mut usize,
    ) -> Sees {
        // Every interface must be reached from every other, and none may be where none is to be.
        let mut sees = Sees { always: true, sometimes: false };
        for (from, to) in self.pairs(from, to) {
            let pair = self.look_at_pair(&from, &to, protocol, port, packets);
            sees.always &= pair.always;
            sees.sometimes |= pair.sometimes;
        }
        sees
    }

    /// The interfaces of one end with those of the other.
    fn pairs(&self, from: &Host, to: &Host) -> Vec<(End, End)> {
        let ends = |host: &Host| match host {
            Host::Outside(address) => vec![End::Outside(*address)],
            Host::Resource(name) => {
                let count = self.network.resources[name].interfaces.len();
                (0..count).map(|index| End::Interface(name.clone(), index)).collect()
            }
        };
        let to = ends(to);
        let all = ends(from)
            .into_iter()
            .flat_map(|from| to.iter().map(move |to| (from.clone(), to.clone())));
        all.collect()
    }

    fn look_at_pair(
        &self,
        from: &End,
        to: &End,
        protocol: u8,
        port: u16,
        packets: &mut usize,
    ) -> Sees {
        let mut sees = Sees::default();
        let direct = self.ways(from, to).into_iter().map(|way| vec![way]);
        let balanced = self.balanced(from, to);
        let balanced = balanced.into_iter().filter(|ways| ways[0].delivers(protocol, port));
        for ways in direct.chain(balanced) {
            let mut always = true;
            for way in &ways {
                let one = self.look_at_way(from, way, protocol, port, packets);
                always &= one.always;
                sees.sometimes |= one.sometimes;
            }
            sees.always |= always;
        }
        sees
    }

    fn look_at_way(
        &self,
        from: &End,
        way: &Way<'n>,
        protocol: u8,
        port: u16,
        packets: &mut usize,
    ) -> Sees {
        let mut sees = Sees { always: way.promised, sometimes: false };
        let port = way.by.as_ref().map_or(port, |by| by.listener.port);
        for &source_port in &self.ports {
            let packet =
                Packet { source: way.source, target: way.target, protocol, source_port, port };
            let must = self.usual_port(from, source_port);
            for &nat_port in self.ports.iter().filter(|port| **port >= 1024) {
                *packets += 1;
                sees.sometimes |= self.walk(way, &packet, nat_port, false);
                sees.always &= !must || self.walk(way, &packet, nat_port, true);
                if !way.translated {
                    break;
                }
            }
        }
        sees
    }

    /// Whether this very packet passes, whatever port a NAT gateway would have to pick.
    pub(crate) fn passes_somehow(&self, from: &Host, to: &Host, packet: &Packet) -> bool {
        let pairs = self.pairs(from, to);
        let ways = pairs.iter().flat_map(|(from, to)| {
            let balanced = self.balanced(from, to).into_iter().flatten();
            self.ways(from, to).into_iter().chain(balanced)
        });
        // A packet that comes from outside is shown with the private address.
        let mut ways = ways.filter(|way| {
            let port = way.by.as_ref().map_or(packet.port, |by| by.listener.port);
            way.source == packet.source && way.target == packet.target && port == packet.port
        });
        ways.any(|way| {
            let mut nat_ports = self.ports.iter().filter(|port| **port >= 1024);
            nat_ports.any(|port| self.walk(&way, packet, *port, false))
        })
    }

    fn usual_port(&self, from: &End, port: u16) -> bool {
        let End::Interface(name, index) = from else { return port >= 1024 };
        let resource = &self.network.resources[name];
        match resource.interfaces[*index].source_ports {
            Some(range) => range.first <= port && port <= range.last,
            None => match resource.kind {
                ResourceKind::Instance { .. } | ResourceKind::Database { .. } => port >= 32768,
                _ => port >= 1024,
            },
        }
    }

    /// Each pair of addresses that could be used.
    pub(super) fn ways(&self, from: &End, to: &End) -> Vec<Way<'n>> {
        let mut ways = Vec::new();
        match (self.site(from), self.site(to)) {
            (Some(a), Some(b)) => {
                for (source, target) in pairs(&a, &b) {
                    ways.push(Way {
                        source,
                        target,
                        by: None,
                        kind: Kind::Private,
                        promised: true,
                        translated: false,
                        a: Some(a.clone()),
                        b: Some(b.clone()),
                    });
                }
                let far = a.vpc != b.vpc;
                let public_name = matches!(
                    b.resource.kind,
                    ResourceKind::LoadBalancer { internet_facing: true, .. }
                );
                if let (Some(IpAddr::V4(source)), Some(target)) = (a.v4, b.public) {
                    ways.push(Way {
                        source: source.into(),
                        target,
                        by: None,
                        kind: Kind::Around,
                        promised: far || public_name,
                        translated: true,
                        a: Some(a.clone()),
                        b: Some(b.clone()),
                    });
                }
                if let (Some(source), Some(target), true) = (a.v6, b.v6, far) {
                    ways.push(Way {
                        source,
                        target,
                        by: None,
                        kind: Kind::Around,
                        promised: true,
                        translated: false,
                        a: Some(a.clone()),
                        b: Some(b),
                    });
                }
            }
            (Some(a), None) => {
                let End::Outside(target) = to else { return ways };
                let source = if target.is_ipv4() { a.v4 } else { a.v6 };
                if let Some(source) = source {
                    ways.push(Way {
                        source,
                        target: *target,
                        by: None,
                        kind: Kind::Out,
                        promised: true,
                        translated: true,
                        a: Some(a),
                        b: None,
                    });
                }
            }
            (None, Some(b)) => {
                let End::Outside(source) = from else { return ways };
                let target = if source.is_ipv4() { b.v4 } else { b.v6 };
                if let Some(target) = target {
                    ways.push(Way {
                        source: *source,
                        target,
                        by: None,
                        kind: Kind::In,
                        promised: true,
                        translated: false,
                        a: None,
                        b: Some(b),
                    });
                }
            }
            (None, None) => {}
        }
        ways
    }

    fn walk(&self, way: &Way<'n>, packet: &Packet, nat_port: u16, strict: bool) -> bool {
        let arrived = self.arrivals(way, packet, nat_port, strict);
        match &way.by {
            None => !arrived.is_empty(),
            Some(by) => arrived.iter().any(|packet| self.handed_on(by, packet, strict)),
        }
    }

    /// The packet as it looks where the way ends, if it gets there: at the node, if one is on it.
    fn arrivals(&self, way: &Way<'n>, packet: &Packet, nat_port: u16, strict: bool) -> Vec<Packet> {
        let answer = strict || packet.protocol == 6;
        let (a, b) = (way.a.as_ref(), way.b.as_ref());
        if b.is_some_and(|b| matches!(b.resource.kind, ResourceKind::Function { .. })) {
            return Vec::new();
        }
        let itself = |passes: bool| if passes { vec![*packet] } else { Vec::new() };
        match way.kind {
            Kind::Private => {
                let (a, b) = (a.unwrap(), b.unwrap());
                let passes = self.private(a, b, packet, answer, strict);
                itself(passes && (!strict || self.named(a, b)))
            }
            Kind::Out => self.out(a.unwrap(), packet, nat_port, answer, strict),
            Kind::In => {
                let b = b.unwrap();
                let enters = self.enter(b, packet, answer) && (!strict || self.public_name(b));
                itself(enters || (!strict && self.enter_by_other(b, packet, answer)))
            }
            Kind::Around => {
                let (a, b) = (a.unwrap(), b.unwrap());
                let mut seen = self.out(a, packet, nat_port, answer, strict);
                for outside in seen.iter_mut().filter(|_| packet.target.is_ipv4()) {
                    outside.target = b.v4.unwrap();
                }
                seen.retain(|outside| {
                    self.enter(b, outside, answer) && (!strict || self.public_name(b))
                });
                seen
            }
        }
    }

    fn named(&self, a: &Site<'_>, b: &Site<'_>) -> bool {
        let publicly_accessible = match b.resource.kind {
            ResourceKind::Database { publicly_accessible } => publicly_accessible,
            ResourceKind::LoadBalancer { internet_facing, .. } => {
                return self.network.vpcs[a.vpc].dns_support && !internet_facing;
            }
            _ => return true,
        };
        let peering = self.network.peerings.values().next();
        let resolved = peering.is_none_or(|peering| peering.dns_resolution);
        self.network.vpcs[a.vpc].dns_support && (a.vpc == b.vpc || !publicly_accessible || resolved)
    }

    fn public_name(&self, b: &Site<'_>) -> bool {
        let vpc = &self.network.vpcs[b.vpc];
        let database = matches!(b.resource.kind, ResourceKind::Database { .. });
        !database || (vpc.dns_support && vpc.dns_hostnames)
    }

    fn private(
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
            Some(Target::Other(_)) => !strict,
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
    fn out(
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
            let passes = !strict
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
    fn enter(&self, b: &Site<'_>, packet: &Packet, answer: bool) -> bool {
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
    fn enter_by_other(&self, b: &Site<'_>, packet: &Packet, answer: bool) -> bool {
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

    pub(super) fn acl(&self, subnet: &str, direction: Direction, packet: &Packet) -> bool {
        let vpc = &self.network.subnets[subnet].vpc;
        let of_vpc = self.network.network_acls.values().filter(|acl| acl.vpc == *vpc);
        let own = of_vpc.clone().find(|acl| acl.subnets.iter().any(|name| name == subnet));
        let Some(acl) = own.or_else(|| of_vpc.clone().find(|acl| acl.default)) else { return true };
        let other = if direction == Direction::Ingress { packet.source } else { packet.target };
        let rules = acl.rules(direction).iter();
        let hit = rules.filter(|rule| covers(rule.traffic, packet) && rule.cidr.contains(&other));
        hit.min_by_key(|rule| rule.number).is_some_and(|rule| rule.allow)
    }

    pub(super) fn groups(
        &self,
        site: &Site<'_>,
        direction: Direction,
        packet: &Packet,
        peer: Option<&[String]>,
    ) -> bool {
        let other = if direction == Direction::Ingress { packet.source } else { packet.target };
        let all = site.interface.groups.iter().map(|name| &self.network.security_groups[name]);
        site.interface.groups.is_empty()
            || all.flat_map(|group| group.rules(direction)).any(|rule| {
                covers(rule.traffic, packet)
                    && match &rule.peer {
                        Peer::Cidr(net) => net.contains(&other),
                        Peer::Group(name) => peer.is_some_and(|peer| peer.contains(name)),
                        Peer::PrefixList(list) => {
                            let entries = self.network.prefix_lists[list].entries.iter().flatten();
                            entries.into_iter().any(|net| net.contains(&other))
                        }
                    }
            })
    }

    fn again(&self, site: &Site<'_>) -> Site<'n> {
        self.site(&End::Interface(site.name.to_owned(), site.index)).unwrap()
    }

    pub(super) fn site(&self, end: &End) -> Option<Site<'n>> {
        let End::Interface(name, index) = end else { return None };
        let (name, resource) = self.network.resources.get_key_value(name)?;
        let interface = &resource.interfaces[*index];
        let function = match resource.kind {
            ResourceKind::Function { ipv6 } => Some(ipv6),
            _ => None,
        };
        let v6 = match &interface.ipv6 {
            Ipv6::Known(all) if function != Some(false) => all.first().map(|a| IpAddr::V6(*a)),
            _ => None,
        };
        let public = match interface.public_address {
            PublicAddress::Known(address) if function.is_none() => Some(IpAddr::V4(address)),
            _ => None,
        };
        let v4 = interface.address.map(IpAddr::V4);
        let vpc = &self.network.subnets[&interface.subnet].vpc;
        Some(Site { name, index: *index, resource, interface, vpc, v4, v6, public })
    }
}

/// One interface of a resource, or an address outside.
#[derive(Clone)]
pub(super) enum End {
    Interface(String, usize),
    Outside(IpAddr),
}

/// A resource with one of its interfaces.
#[derive(Clone)]
pub(super) struct Site<'n> {
    pub(super) name: &'n str,
    pub(super) index: usize,
    pub(super) resource: &'n Resource,
    pub(super) interface: &'n Interface,
    pub(super) vpc: &'n str,
    pub(super) v4: Option<IpAddr>,
    v6: Option<IpAddr>,
    public: Option<IpAddr>,
}

pub(super) struct Way<'n> {
    /// The node of a load balancer that it leads to first, and what happens there.
    pub(super) by: Option<Hop<'n>>,
    pub(super) source: IpAddr,
    pub(super) target: IpAddr,
    pub(super) kind: Kind,
    pub(super) promised: bool,
    translated: bool,
    a: Option<Site<'n>>,
    b: Option<Site<'n>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Private,
    Out,
    In,
    Around,
}

fn pairs(a: &Site<'_>, b: &Site<'_>) -> Vec<(IpAddr, IpAddr)> {
    [(a.v4, b.v4), (a.v6, b.v6)].into_iter().filter_map(|(x, y)| Some((x?, y?))).collect()
}

fn covers(traffic: Traffic, packet: &Packet) -> bool {
    let ports =
        |range: trueup_reach::PortRange| range.first <= packet.port && packet.port <= range.last;
    match traffic {
        Traffic::All => true,
        Traffic::Tcp(range) => packet.protocol == 6 && ports(range),
        Traffic::Udp(range) => packet.protocol == 17 && ports(range),
        Traffic::Icmp { .. } => packet.protocol == 1,
        Traffic::Icmpv6 { .. } => packet.protocol == 58,
        Traffic::Protocol(number) => packet.protocol == number,
    }
}
