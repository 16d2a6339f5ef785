//! The boxes that an arrow passes: gateways, load balancers, endpoints, peerings.

use std::collections::BTreeSet;

use trueup_model::snapshot::around;
use trueup_model::stack::{End, Sentence};

use super::arrows::Drawing;
use super::diagram::{Meaning, sign};
use crate::network::Forward;
use crate::picture::known::others;
use crate::picture::known::places::Place;
use crate::picture::known::read::{Name, Thing};

/// From which box to which, and the words.
pub(crate) type Leg = (Name, Name, String);

/// A sentence that is drawn.
pub(crate) struct Said<'s> {
    pub(crate) sentence: &'s Sentence,
    pub(crate) meaning: Meaning,
}

impl Said<'_> {
    /// The words on an arrow: `✗ must not ssm 443`.
    fn label(&self, what: &str) -> String {
        let port = self.sentence.port.map(|port| port.to_string()).unwrap_or_default();
        let sign = match self.meaning {
            Meaning::Claim(verdict) => sign(verdict),
            Meaning::Open | Meaning::Stuck | Meaning::Route => "",
        };
        let not = if self.sentence.negated { "must not" } else { "" };
        let words = [sign, not, what, &port];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// What packets pass on their way.
#[derive(Default)]
pub(crate) struct Via {
    /// A load balancer that passes connections on.
    balancer: Option<Name>,
    /// An endpoint or a peering connection.
    door: Option<Name>,
    /// An interface of others that sends.
    pub(crate) from: Option<Name>,
    /// An interface of others that receives.
    pub(crate) to: Option<Name>,
}

impl Drawing<'_> {
    /// What packets pass on their way of the surroundings that are drawn.
    pub(crate) fn via(&self, way: &[String]) -> Via {
        let mut via = Via::default();
        let is_hop = |line: &&String| line.starts_with("there: ") || line.starts_with("back: ");
        // The first passage; then follows what does not count.
        let hops = way.iter().skip_while(|line| !is_hop(line)).take_while(is_hop);
        for (name, kind) in
            hops.flat_map(|line| others::words(line)).filter_map(|word| self.shown(word))
        {
            match kind {
                around::LOAD_BALANCER => via.balancer = Some(name),
                around::VPC_ENDPOINT | around::VPC_PEERING => via.door = Some(name),
                _ => {}
            }
        }
        // `eni-0123 (bastion) -> instance.app, for example …`
        let ends = way.iter().take_while(|line| !is_hop(line)).last();
        let (from, to) = ends.and_then(|line| line.split_once(" -> ")).unwrap_or_default();
        let interface = |text| {
            let mut shown = others::words(text).filter_map(|word| self.shown(word));
            shown.find(|(_, kind)| *kind == around::NETWORK_INTERFACE).map(|(name, _)| name)
        };
        (via.from, via.to) = (interface(from), interface(to));
        via
    }

    /// The box that a word names, and of what kind that is.
    fn shown<'s>(&'s self, word: &'s str) -> Option<(Name, &'s str)> {
        Some((self.boxes.get(word)?.clone(), self.places.kind_of(word)))
    }

    /// The endpoint in the network of a box that owns the name of a service.
    fn endpoint(&self, from: &Name, service: &str) -> Option<&Name> {
        let members = self.boxes.iter().filter(|(_, shown)| *shown == from);
        let subnets = members.flat_map(|(member, _)| self.subnets(member));
        let vpcs: BTreeSet<Name> = subnets
            .filter_map(|subnet| Some(self.places.subnets.get(&subnet)?.vpc.clone()))
            .collect();
        let meanings = &self.places.meanings;
        let serves = |thing: &&Thing<'_>| {
            let is =
                |attribute, text: &str| thing.text(attribute, meanings).as_deref() == Some(text);
            let is_here = thing.names("vpc", meanings).iter().any(|vpc| vpcs.contains(vpc));
            thing.kind() == around::VPC_ENDPOINT
                && is_here
                && is("service", service)
                && is("private_dns", "true")
        };
        let endpoint = self.places.things.values().find(serves)?;
        self.boxes.get(&endpoint.name())
    }

    /// From which box to which: what goes to the internet, or comes from it, goes by the gateway;
    /// what goes elsewhere, by what leads there.
    pub(crate) fn ways(&self, said: &Said<'_>, from: &Name, to: &Name, via: &Via) -> Vec<Leg> {
        if let Some(balancer) = &via.balancer {
            let port = self.listener(balancer, to, said.sentence.port);
            let first = Sentence { port, ..said.sentence.clone() };
            let first = Said { sentence: &first, meaning: said.meaning };
            let mut legs = self.ways(&first, from, balancer, &Via::default());
            legs.push((balancer.clone(), to.clone(), said.label("")));
            return legs;
        }
        let by_gateway = || self.by_gateway(said, from, to);
        let legs = self.by_door(said, from, to, via).unwrap_or_else(by_gateway);
        if legs.is_empty() { vec![(from.clone(), to.clone(), said.label(""))] } else { legs }
    }

    /// The leg between a box and the endpoint or peering connection that carries it on.
    fn by_door(&self, said: &Said<'_>, from: &Name, to: &Name, via: &Via) -> Option<Vec<Leg>> {
        let Sentence { from: sender, to: receiver, .. } = said.sentence;
        let owned = match receiver {
            End::Service(service) => self.endpoint(from, service),
            _ => None,
        };
        let door = via.door.as_ref().or(owned)?.clone();
        if is_elsewhere(receiver) {
            return Some(vec![(from.clone(), door, said.label(bare(to)))]);
        }
        is_elsewhere(sender).then(|| vec![(door, to.clone(), said.label(bare(from)))])
    }

    /// The legs between a box and the gateways to the internet; none where there is no such gateway.
    fn by_gateway(&self, said: &Said<'_>, from: &Name, to: &Name) -> Vec<Leg> {
        let Sentence { from: sender, to: receiver, .. } = said.sentence;
        if matches!(receiver, End::Internet | End::Service(_)) {
            let leg = |gateway| (from.clone(), gateway, said.label(bare(to)));
            return self.gateways(from, false).into_iter().map(leg).collect();
        }
        if *sender == End::Internet {
            let leg = |gateway| (gateway, to.clone(), said.label(""));
            return self.gateways(to, true).into_iter().map(leg).collect();
        }
        Vec::new()
    }

    /// The port on which a load balancer listens for what it sends to a port of a box.
    fn listener(&self, balancer: &Name, to: &Name, port: Option<u16>) -> Option<u16> {
        let shows = |name: &Name, shown: &Name| self.boxes.get(name) == Some(shown);
        let mut forwards = self.places.others.forwards.iter();
        let is_it = |forward: &&Forward| {
            let same_port = port.is_none_or(|port| port == forward.port);
            same_port && shows(&forward.balancer, balancer) && shows(&forward.target, to)
        };
        forwards.find(is_it).map(|forward| forward.listener)
    }

    /// The gateways between a box and the internet; for what comes in, those that let in.
    pub(crate) fn gateways(&self, name: &Name, inward: bool) -> BTreeSet<Name> {
        let members = self.boxes.iter().filter(|(_, shown)| *shown == name);
        let subnets = members.flat_map(|(member, _)| self.subnets(member));
        let grounds = subnets.filter_map(|subnet| self.places.subnets.get(&subnet).cloned());
        let ways = grounds.filter_map(|ground| {
            let edge = || self.edge(&ground.vpc);
            if inward { edge() } else { ground.way_out.clone().or_else(edge) }
        });
        ways.filter_map(|way| self.boxes.get(&way).cloned()).collect()
    }

    /// The internet gateway of a VPC.
    fn edge(&self, vpc: &Name) -> Option<Name> {
        let on = |thing: &&Thing<'_>| self.places.place(thing) == Place::Edge(vpc.clone());
        self.places.things.values().find(on).map(Thing::name)
    }

    fn subnets(&self, member: &Name) -> Vec<Name> {
        match self.places.things.get(member).map(|thing| self.places.place(thing)) {
            Some(Place::In(subnets)) => subnets,
            _ => Vec::new(),
        }
    }
}

/// Whether it stands in no box of a network.
fn is_elsewhere(end: &End) -> bool {
    matches!(end, End::Internet | End::Service(_) | End::Cidr(_))
}

/// The name of something outside, as people say it.
fn bare(name: &str) -> &str {
    name.strip_prefix("service ").unwrap_or(name)
}
