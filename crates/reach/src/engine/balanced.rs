//! Ways through load balancers that pass connections on: to a node, and from there to a target.

use super::Engine;
use super::inside::{accepts, between};
use super::path::{Check, Otherwise, Path, Stage, Through, Way};
use super::place::{NETWORK_ADDRESS_PORTS, Site, ports};
use crate::network::{Direction, Layer, Listener, ListenerTarget, ResourceKind, State, Target};
use crate::packets::{Addresses, Cube, PacketSet, View, all_v4, number};

/// A listener with one of its targets.
struct Forward<'a> {
    listener: &'a Listener,
    target: &'a ListenerTarget,
    nodes: &'a [Site<'a>],
}

impl Engine<'_> {
    /// The ways to a receiver through load balancers. `ways_to` are those of one sort to a node.
    pub(super) fn balanced_ways<'a>(
        &'a self,
        to: &'a Site<'a>,
        ways_to: &dyn Fn(&'a Site<'a>) -> Vec<Way<'a>>,
    ) -> Vec<Way<'a>> {
        let forwards = self.forwards_to(to);
        forwards.iter().flat_map(|forward| self.ways_through(forward, to, ways_to)).collect()
    }

    fn forwards_to<'a>(&'a self, to: &Site<'_>) -> Vec<Forward<'a>> {
        let mut forwards = Vec::new();
        for (name, resource) in &self.network.resources {
            let ResourceKind::LoadBalancer { layer: Layer::Network, listeners, .. } =
                &resource.kind
            else {
                continue;
            };
            let nodes = self.sites.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let each = listeners.iter().flatten();
            let each = each.flat_map(|one| one.targets.iter().map(move |target| (one, target)));
            let to_it = each.filter(|(_, target)| may_be(target, to));
            forwards.extend(to_it.map(|(listener, target)| Forward { listener, target, nodes }));
        }
        forwards
    }

    /// The ways through one listener, one for each family: clients may be sent to any node.
    fn ways_through<'a>(
        &'a self,
        forward: &Forward<'a>,
        to: &'a Site<'a>,
        ways_to: &dyn Fn(&'a Site<'a>) -> Vec<Way<'a>>,
    ) -> Vec<Way<'a>> {
        let Forward { listener, target, nodes } = forward;
        let through = Through { sent: listener.traffic(), arrives: listener.to_port(target.port) };
        let serving = nodes.iter().filter(|node| self.serves(listener, node, to));
        let serving: Vec<&'a Site<'a>> = serving.collect();
        let several = serving.len() > 1;
        let mut merged: Vec<Way<'a>> = Vec::new();
        for node in serving {
            for mut way in ways_to(node) {
                for path in &mut way.paths {
                    let is_public = path.arrives.target.is_some();
                    self.forwarded(path, forward, node, to);
                    if several && is_public && !is_one(&node.public) {
                        let why = "which of its public addresses is whose is not known";
                        path.stages.push(Stage::not(node.words.clone(), why, vec![]).softly());
                    }
                }
                let is_v4 = way.target.overlaps(&all_v4());
                let alike = |known: &&mut Way<'a>| known.target.overlaps(&all_v4()) == is_v4;
                match merged.iter_mut().find(alike) {
                    Some(known) => {
                        known.target = known.target.union(&way.target);
                        known.paths.extend(way.paths);
                    }
                    None => merged.push(Way { through: Some(through), ..way }),
                }
            }
        }
        merged
    }

    /// Whether clients are sent to a node at all: one without a target in its zone is left out of
    /// the load balancer's name.
    fn serves(&self, listener: &Listener, node: &Site<'_>, to: &Site<'_>) -> bool {
        listener.targets.iter().any(|target| self.is_near(target, node, Some(to)))
    }

    /// Whether a node sends to a target: all do across zones, and those in its zone.
    fn is_near(&self, target: &ListenerTarget, node: &Site<'_>, to: Option<&Site<'_>>) -> bool {
        let zone =
            |subnet: &str| (&self.network.subnets[subnet].vpc, &self.network.subnets[subnet].zone);
        let (vpc, own) = zone(node.subnet);
        let near = |subnet: &str| {
            let (other, its) = zone(subnet);
            // A target in another VPC is of all zones.
            other != vpc || its == own
        };
        if target.cross_zone {
            return true;
        }
        match to.filter(|to| to.name == target.resource) {
            Some(to) => near(to.subnet),
            None => match self.sites.get(target.resource.as_str()) {
                Some(sites) => sites.iter().any(|site| near(site.subnet)),
                None => true,
            },
        }
    }

    /// A way to a node, continued to the receiver.
    fn forwarded<'a>(
        &'a self,
        path: &mut Path<'a>,
        forward: &Forward<'a>,
        node: &'a Site<'a>,
        to: &'a Site<'a>,
    ) {
        let Forward { listener, target, .. } = forward;
        let sent = listener.traffic().services();
        let sent = PacketSet::from_cubes([Cube { service: sent, ..Cube::full() }]);
        path.domain = path.domain.intersection(&sent);
        let is_v4 = path.domain.cubes().iter().all(|cube| cube.source.overlaps(&all_v4()));
        let keeps = target.keeps_client && is_v4 != target.ipv6;
        let address = target.address.map(|address| Addresses::one(number(address)));
        let (own, theirs) = (family(node, target), family(to, target));
        let view = View {
            source: if keeps { path.arrives.source.clone() } else { Some(own.clone()) },
            source_port: if keeps {
                path.arrives.source_port.clone()
            } else {
                Some(ports(NETWORK_ADDRESS_PORTS))
            },
            target: Some(address.unwrap_or_else(|| theirs.clone())),
            service: Some(listener.to_port(target.port).services()),
            is_own: !keeps,
            reply: false,
        };
        path.stages.extend(self.choice(forward, node, to, keeps));
        path.stages.extend(self.onward(node, to, keeps, &view));
        path.arrives = view;
    }

    /// That the load balancer sends it there, and what else it may do.
    fn choice<'a>(
        &self,
        forward: &Forward<'_>,
        node: &Site<'_>,
        to: &Site<'_>,
        keeps: bool,
    ) -> Vec<Stage<'a>> {
        let Forward { listener, target, .. } = forward;
        let at = || node.words.clone();
        if !self.is_near(target, node, Some(to)) {
            let why = format!("it forwards only within its zone, and {} is in another", to.words);
            return vec![Stage::not(at(), why, Vec::new())];
        }
        let sends = (!keeps).then_some(node);
        let without = sends.into_iter().chain([to]).find(|site| family(site, target).is_empty());
        if let Some(site) = without {
            let version = if target.ipv6 { 6 } else { 4 };
            let why =
                format!("{} has no IPv{version} address, which its target group is of", site.words);
            return vec![Stage::not(at(), why, Vec::new())];
        }
        let as_whom = if keeps { "the client's address" } else { "its own address" };
        let text = format!(
            "it listens for {} and forwards to {} of {}, with {as_whom}",
            listener.traffic(),
            listener.to_port(target.port),
            target.resource
        );
        let mut stages = vec![Stage::so(at(), text)];
        let softly = |why: String| Stage::not(at(), why, Vec::new()).softly();
        if let State::Not(state) = &target.state {
            stages.push(softly(format!("its target {} is {state}", target.resource)));
        }
        let is_other = |other: &&ListenerTarget| {
            **other != **target && other.state.is_available() && self.is_near(other, node, None)
        };
        if let Some(other) = listener.targets.iter().find(is_other) {
            stages.push(softly(format!("it may forward to {} instead", other.resource)));
        }
        if let Some(address) = target.address.filter(|_| !is_one(family(to, target))) {
            stages.push(softly(format!("{address} may be another's address than {}'s", to.words)));
        }
        stages
    }

    /// All that a packet meets between a node and the receiver.
    fn onward<'a>(
        &'a self,
        node: &'a Site<'a>,
        to: &'a Site<'a>,
        keeps: bool,
        view: &View,
    ) -> Vec<Stage<'a>> {
        let (known_to, known_node) = self.known(node, to);
        let mut stages = vec![self.group_stage(node, Direction::Egress, known_to, view.clone())];
        if node.subnet == to.subnet {
            stages.push(self.group_stage(to, Direction::Ingress, known_node, view.clone()));
            stages.extend(accepts(to));
            return stages;
        }
        let peering = self.peering_between(node.vpc, to.vpc).filter(|_| node.vpc != to.vpc);
        let target = peering.map_or(Target::Local, |name| Target::Peering(name.to_owned()));
        if node.vpc != to.vpc && peering.is_none() {
            let why = format!("nothing connects {} and {}", node.vpc, to.vpc);
            return vec![Stage::not(node.words.clone(), why, Vec::new())];
        }
        stages.push(self.route_on_stage(node.subnet, target.clone(), view));
        stages.push(self.acl_stage(node.subnet, Direction::Egress, view.clone()));
        stages.extend(peering.map(|name| self.peering_state(name)));
        stages.extend([
            self.acl_stage(to.subnet, Direction::Ingress, view.clone()),
            self.group_stage(to, Direction::Ingress, known_node, view.clone()),
        ]);
        // To a client whose address is kept answers go by way of the node, whatever the table says.
        if !keeps {
            stages.push(self.route_back_stage(to.subnet, target, view));
        }
        stages.extend([
            self.acl_stage(to.subnet, Direction::Egress, view.replied()),
            self.acl_stage(node.subnet, Direction::Ingress, view.replied()),
        ]);
        stages.extend(accepts(to));
        stages
    }

    /// The route from a node to its target, which must lead to `target`.
    fn route_on_stage<'a>(&'a self, subnet: &'a str, target: Target, view: &View) -> Stage<'a> {
        let good = self.routing(subnet).toward(|other| *other == target);
        let allowed = std::borrow::Cow::Owned(between(Addresses::full(), good));
        let check = Check::Route { subnet, want: Some(target) };
        Stage { check, view: view.clone(), allowed, otherwise: Otherwise::Stops }
    }
}

/// Whether a target may be this interface.
fn may_be(target: &ListenerTarget, to: &Site<'_>) -> bool {
    let has = |address| family(to, target).contains(number(address));
    target.resource == to.name && target.address.is_none_or(has)
}

/// The addresses of an interface that are of a target group's family.
fn family<'s>(site: &'s Site<'_>, target: &ListenerTarget) -> &'s Addresses {
    if target.ipv6 { &site.v6 } else { &site.v4 }
}

/// Whether it is a single address.
fn is_one(addresses: &Addresses) -> bool {
    matches!(addresses.ranges(), [(low, high)] if low == high)
}
