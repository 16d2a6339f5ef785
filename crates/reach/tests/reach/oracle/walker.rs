//! Follows one packet at a time. It knows the model's data and AWS's rules, and shares no code
//! with the engine: no sets, no index, first things first.

use std::collections::BTreeSet;
use std::net::IpAddr;

use trueup_reach::{Network, Packet, ResourceKind, Traffic};

use super::balancers::listens;
use super::ways::{End, Kind, Way};

/// One end: a resource with its interfaces, or a single address outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Host {
    Resource(String),
    Outside(IpAddr),
}

/// What the walker has seen.
#[derive(Debug, Default)]
pub(crate) struct Sees {
    pub(crate) always: bool,
    pub(crate) sometimes: bool,
}

pub(crate) struct World<'n> {
    pub(super) network: &'n Network,
    /// Whether gateways that the model does not look into let packets pass; where nobody says, they
    /// may and promise nothing.
    gateways: Option<bool>,
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
        Self { network, gateways: None, ports: ports.into_iter().collect() }
    }

    /// The same, where gateways that the model does not look into let all packets pass, or none.
    pub(crate) fn with_gateways(self, open: bool) -> Self {
        Self { gateways: Some(open), ..self }
    }

    pub(super) fn passes_gateways(&self, strict: bool) -> bool {
        self.gateways.unwrap_or(!strict)
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

    fn walk(&self, way: &Way<'n>, packet: &Packet, nat_port: u16, strict: bool) -> bool {
        let arrived = self.arrivals(way, packet, nat_port, strict);
        match &way.by {
            None => arrived.iter().any(|packet| way.b.as_ref().is_none_or(|b| listens(b, packet))),
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
                let beyond = self.passes_gateways(strict) && self.enter_by_other(b, packet, answer);
                itself(enters || beyond)
            }
            Kind::Around => {
                let (a, b) = (a.unwrap(), b.unwrap());
                let mut seen = self.out(a, packet, nat_port, answer, strict);
                let all = seen.len();
                for outside in seen.iter_mut().filter(|_| packet.target.is_ipv4()) {
                    outside.target = b.v4.unwrap();
                }
                seen.retain(|outside| {
                    self.enter(b, outside, answer) && (!strict || self.public_name(b))
                });
                // Nobody picks as whom it is seen.
                if strict && seen.len() < all { Vec::new() } else { seen }
            }
        }
    }
}
