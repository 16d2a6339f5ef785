//! Follows packets through load balancers that pass connections on, one at a time.

use trueup_reach::{
    Direction, Layer, Listener, ListenerTarget, Packet, ResourceKind, State, Target,
};

use super::walker::World;
use super::ways::{End, Site, Way};

/// A node of a load balancer on a way, and what it does with what it gets.
#[derive(Clone)]
pub(super) struct Hop<'n> {
    node: Site<'n>,
    pub(super) listener: &'n Listener,
    target: &'n ListenerTarget,
    to: Site<'n>,
}

impl Way<'_> {
    /// Whether what it hands on is of this protocol and to this port.
    pub(super) fn delivers(&self, protocol: u8, port: u16) -> bool {
        self.by
            .as_ref()
            .is_some_and(|by| by.listener.udp == (protocol == 17) && by.target.port == port)
    }
}

impl<'n> World<'n> {
    /// For each listener that sends to a receiver, the ways of each sort to all nodes that serve:
    /// clients take any of these.
    pub(super) fn balanced(&self, from: &End, to: &End) -> Vec<Vec<Way<'n>>> {
        let Some(to) = self.site(to) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, resource) in &self.network.resources {
            let ResourceKind::LoadBalancer { layer: Layer::Network, listeners, .. } =
                &resource.kind
            else {
                continue;
            };
            if matches!(from, End::Interface(own, _) if own == name) {
                continue;
            }
            for listener in listeners.iter().flatten() {
                for target in &listener.targets {
                    let is_it = target.resource == to.name
                        && target.address.is_none_or(|one| [to.v4, to.v6].contains(&Some(one)));
                    if is_it {
                        let count = resource.interfaces.len();
                        let ways = (0..count).flat_map(|index| {
                            let end = End::Interface(name.clone(), index);
                            self.by_node(from, &end, listener, target, &to)
                        });
                        found.extend(by_sort(ways.collect()));
                    }
                }
            }
        }
        found
    }

    fn by_node(
        &self,
        from: &End,
        node: &End,
        listener: &'n Listener,
        target: &'n ListenerTarget,
        to: &Site<'n>,
    ) -> Vec<Way<'n>> {
        let Some(site) = self.site(node) else { return Vec::new() };
        let near = |target: &ListenerTarget| self.near(target, &site, to);
        // A node with nothing to send to is not in the load balancer's name.
        if !listener.targets.iter().any(near) {
            return Vec::new();
        }
        let mut ways = self.ways(from, node);
        for way in &mut ways {
            let node = site.clone();
            way.by = Some(Hop { node, listener, target, to: to.clone() });
        }
        ways
    }

    fn near(&self, target: &ListenerTarget, node: &Site<'_>, to: &Site<'_>) -> bool {
        let zone = |subnet: &str| {
            let subnet = &self.network.subnets[subnet];
            (subnet.vpc.clone(), subnet.zone.clone())
        };
        let (vpc, own) = zone(&node.interface.subnet);
        let here = |subnet: &str| {
            let (other, its) = zone(subnet);
            other != vpc || its == own
        };
        target.cross_zone
            || if target.resource == to.name {
                here(&to.interface.subnet)
            } else {
                let other = &self.network.resources[&target.resource];
                other.interfaces.iter().any(|one| here(&one.subnet))
            }
    }

    /// Whether what arrived at a node gets to the receiver, and whether that is sure.
    pub(super) fn handed_on(&self, by: &Hop<'n>, arrived: &Packet, strict: bool) -> bool {
        let Hop { node, listener, target, to } = by;
        if !self.near(target, node, to) || matches!(to.resource.kind, ResourceKind::Function { .. })
        {
            return false;
        }
        let elsewhere = listener.targets.iter().any(|other| {
            other != *target && other.state == State::Available && self.near(other, node, to)
        });
        if strict && (elsewhere || target.state != State::Available) {
            return false;
        }
        let keeps = target.keeps_client && arrived.source.is_ipv4() != target.ipv6;
        let family = |site: &Site<'_>| if target.ipv6 { site.v6 } else { site.v4 };
        let Some(theirs) = family(to) else { return false };
        let onward = Packet { target: theirs, port: target.port, ..*arrived };
        if !listens(to, &onward) {
            return false;
        }
        if keeps {
            return self.delivered(node, to, &onward, keeps, strict);
        }
        let Some(own) = family(node) else { return false };
        let mut own_ports = self.ports.iter().filter(|port| **port >= 1024);
        let mut passes = |port: &u16| {
            let onward = Packet { source: own, source_port: *port, ..onward };
            self.delivered(node, to, &onward, keeps, strict)
        };
        if strict { own_ports.all(&mut passes) } else { own_ports.any(&mut passes) }
    }

    fn delivered(
        &self,
        node: &Site<'_>,
        to: &Site<'_>,
        packet: &Packet,
        keeps: bool,
        strict: bool,
    ) -> bool {
        let peering = self.network.peerings.values().next();
        let known = node.vpc == to.vpc || peering.is_some_and(|peering| peering.same_region);
        let of = |site: &Site<'_>| known.then(|| site.interface.groups.clone());
        if !self.groups(node, Direction::Egress, packet, of(to).as_deref())
            || !self.groups(to, Direction::Ingress, packet, of(node).as_deref())
        {
            return false;
        }
        let (here, there) = (node.interface.subnet.as_str(), to.interface.subnet.as_str());
        if here == there {
            return true;
        }
        let leads = |subnet: &str, address| match self.lookup(subnet, address) {
            Some(Target::Local) => node.vpc == to.vpc,
            Some(Target::Peering(name)) => {
                let peering = self.network.peerings.get(&name);
                node.vpc != to.vpc && peering.is_some_and(|one| one.state.is_available())
            }
            _ => false,
        };
        let forth = leads(here, packet.target)
            && self.acl(here, Direction::Egress, packet)
            && self.acl(there, Direction::Ingress, packet);
        let reply = packet.reply().filter(|_| strict || packet.protocol == 6);
        forth
            && reply.is_none_or(|reply| {
                (keeps || leads(there, reply.target))
                    && self.acl(there, Direction::Egress, &reply)
                    && self.acl(here, Direction::Ingress, &reply)
            })
    }
}

/// Whether a load balancer has a listener for a packet; everything else takes what it gets.
pub(super) fn listens(site: &Site<'_>, packet: &Packet) -> bool {
    let ResourceKind::LoadBalancer { listeners: Some(listeners), .. } = &site.resource.kind else {
        return true;
    };
    listeners.iter().any(|one| one.port == packet.port && one.udp == (packet.protocol == 17))
}

/// The ways of one sort and family together.
fn by_sort(ways: Vec<Way<'_>>) -> Vec<Vec<Way<'_>>> {
    let mut sorts: Vec<Vec<Way<'_>>> = Vec::new();
    for way in ways {
        let alike = |known: &&mut Vec<Way<'_>>| {
            known[0].kind == way.kind && known[0].target.is_ipv4() == way.target.is_ipv4()
        };
        match sorts.iter_mut().find(alike) {
            Some(known) => known.push(way),
            None => sorts.push(vec![way]),
        }
    }
    sorts
}
