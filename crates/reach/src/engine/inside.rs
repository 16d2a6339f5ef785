//! Ways between two interfaces over private addresses: within a VPC, or across a peering
//! connection.

use ipnet::IpNet;

use super::Engine;
use super::path::{Path, Stage, Way};
use super::place::{Site, TAKES_NOTHING};
use super::stages::{piece_words, route_stage, state_stage};
use crate::network::{Destination, Direction, Target};
use crate::packets::{Addresses, Cube, PacketSet, Services, View};
use crate::verdict::Change;

/// `to` and `from` again, where rules that name groups hold between the two.
type Known<'a> = (Option<&'a Site<'a>>, Option<&'a Site<'a>>);

impl Engine<'_> {
    /// The private ways from one interface to another, one for each family that both speak.
    pub(super) fn private_ways<'a>(&'a self, from: &'a Site<'a>, to: &'a Site<'a>) -> Vec<Way<'a>> {
        let families = [(&from.v4, &to.v4), (&from.v6, &to.v6)];
        let usable = families.into_iter().filter(|(a, b)| !a.is_empty() && !b.is_empty());
        usable
            .map(|(source, target)| Way {
                source: source.clone(),
                target: target.clone(),
                paths: self.private_paths(from, to, source, target),
                through: None,
            })
            .collect()
    }

    fn private_paths<'a>(
        &'a self,
        from: &'a Site<'a>,
        to: &'a Site<'a>,
        source: &Addresses,
        target: &Addresses,
    ) -> Vec<Path<'a>> {
        let path = |target: &Addresses, stages| {
            Path::plain(between(source.clone(), target.clone()), stages)
        };
        if from.subnet == to.subnet {
            // Within a subnet neither routes nor ACLs are asked.
            return vec![path(target, self.ends_only(from, to))];
        }
        let peering = self.peering_between(from.vpc, to.vpc);
        let mut rest = target.clone();
        let mut paths = Vec::new();
        for piece in &self.routing(from.subnet).pieces {
            let part = piece.addresses.intersection(target);
            if part.is_empty() {
                continue;
            }
            rest = rest.difference(&part);
            let fits = match &piece.target {
                Target::Local => from.vpc == to.vpc,
                Target::Peering(name) => self.connects(name, from.vpc, to.vpc),
                Target::Other(_) => true,
                _ => false,
            };
            let stages = if fits && !piece.blackhole {
                self.private_stages(from, to, &piece.target)
            } else {
                let words = piece_words(piece);
                let why = if piece.blackhole { "is a black hole" } else { "leads elsewhere" };
                self.misrouted(from, to, peering, &format!("{words} {why}"))
            };
            paths.push(path(&part, stages));
        }
        if !rest.is_empty() {
            let why = format!("no route to {}", self.block_of(to, target));
            paths.push(path(&rest, self.misrouted(from, to, peering, &why)));
        }
        paths
    }

    /// Rules that name groups hold within a VPC, and across peering within one Region.
    pub(super) fn known<'a>(&self, from: &'a Site<'a>, to: &'a Site<'a>) -> Known<'a> {
        let same_region = || {
            let name = self.peering_between(from.vpc, to.vpc);
            name.and_then(|name| self.network.peerings.get(name)).is_some_and(|p| p.same_region)
        };
        let known = from.vpc == to.vpc || same_region();
        (known.then_some(to), known.then_some(from))
    }

    fn ends_only<'a>(&'a self, from: &'a Site<'a>, to: &'a Site<'a>) -> Vec<Stage<'a>> {
        let (known_to, known_from) = self.known(from, to);
        let mut stages = vec![
            self.group_stage(from, Direction::Egress, known_to, View::default()),
            self.group_stage(to, Direction::Ingress, known_from, View::default()),
        ];
        stages.extend(accepts(to));
        stages.extend(self.finds(from, to));
        stages
    }

    /// All that a packet meets between two subnets when the route leads to `target`.
    fn private_stages<'a>(
        &'a self,
        from: &'a Site<'a>,
        to: &'a Site<'a>,
        target: &Target,
    ) -> Vec<Stage<'a>> {
        let (known_to, known_from) = self.known(from, to);
        let plain = View::default;
        let mut stages = vec![
            self.group_stage(from, Direction::Egress, known_to, plain()),
            route_stage(from.subnet),
            self.acl_stage(from.subnet, Direction::Egress, plain()),
        ];
        match target {
            Target::Peering(name) => stages.push(self.peering_state(name)),
            Target::Other(words) => stages.push(unknown_beyond(words)),
            _ => {}
        }
        stages.extend([
            self.acl_stage(to.subnet, Direction::Ingress, plain()),
            self.group_stage(to, Direction::Ingress, known_from, plain()),
            self.route_back_stage(to.subnet, target.clone(), &plain()),
            self.acl_stage(to.subnet, Direction::Egress, View::answer()),
            self.acl_stage(from.subnet, Direction::Ingress, View::answer()),
        ]);
        stages.extend(accepts(to));
        stages.extend(self.finds(from, to));
        stages
    }

    /// The stages of a way whose route does not lead there: the route, and whatever else would
    /// stop the packet if it did.
    fn misrouted<'a>(
        &'a self,
        from: &'a Site<'a>,
        to: &'a Site<'a>,
        peering: Option<&str>,
        why: &str,
    ) -> Vec<Stage<'a>> {
        let at = self.table_words(from.subnet);
        let Some(name) = peering else {
            if from.vpc == to.vpc {
                return vec![Stage::not(at, why, Vec::new())];
            }
            let (requester, accepter) = (from.vpc.to_owned(), to.vpc.to_owned());
            let why = format!("{why}; no peering connects {requester} and {accepter}");
            return vec![Stage::not(at, why, vec![Change::CreatePeering { requester, accepter }])];
        };
        let target = Target::Peering(name.to_owned());
        let destination = Destination::Cidr(self.block_of(to, &to.v4.union(&to.v6)));
        let change = self.set_route(from.subnet, destination, target.clone());
        let mut stages = vec![Stage::not(at, why, vec![change])];
        stages.extend(self.private_stages(from, to, &target).into_iter().filter(|stage| {
            // The route that is missing is the first stage already.
            !matches!(&stage.check, super::path::Check::Route { want: None, .. })
        }));
        stages
    }

    /// Whether the name by which clients know `to` resolves for `from`, to a private address.
    fn finds<'a>(&'a self, from: &'a Site<'a>, to: &'a Site<'a>) -> Option<Stage<'a>> {
        if !to.is_named() || from.resource.is_none() {
            return None;
        }
        let vpc = &self.network.vpcs[from.vpc];
        let at = vpc.origin.words(from.vpc);
        if !vpc.dns_support {
            let why =
                format!("names such as that of {} do not resolve: DNS support is off", to.name);
            let changes = vec![Change::EnableDns { vpc: from.vpc.to_owned() }];
            return Some(Stage::not(at, why, changes).softly());
        }
        if to.is_public_balancer() {
            let why = format!("the name of {} resolves to its public addresses", to.name);
            return Some(Stage::not(at, why, Vec::new()).softly());
        }
        let peering = self.peering_between(from.vpc, to.vpc).filter(|_| from.vpc != to.vpc);
        if let Some(name) = peering.filter(|_| to.is_public_database()) {
            let peering = &self.network.peerings[name];
            if !peering.dns_resolution {
                let at = peering.origin.words(name);
                let why = format!("the name of {} resolves to its public address", to.name);
                let changes = vec![Change::EnablePeeringDns { peering: name.to_owned() }];
                return Some(Stage::not(at, why, changes).softly());
            }
        }
        Some(Stage::so(at, "DNS support is on"))
    }

    pub(super) fn peering_state<'a>(&self, name: &str) -> Stage<'a> {
        let Some(peering) = self.network.peerings.get(name) else {
            return Stage::not(
                name.to_owned(),
                "the peering connection does not exist",
                Vec::new(),
            );
        };
        state_stage(name, &peering.origin, &peering.state)
    }

    fn connects(&self, name: &str, one: &str, other: &str) -> bool {
        self.network.peerings.get(name).is_some_and(|peering| {
            (peering.requester == one && peering.accepter == other)
                || (peering.requester == other && peering.accepter == one)
        })
    }

    pub(super) fn peering_between(&self, one: &str, other: &str) -> Option<&str> {
        let mut names = self.network.peerings.keys().map(String::as_str);
        names.find(|name| self.connects(name, one, other))
    }

    /// The block of a site's VPC that holds one of the addresses: what a route to it names.
    fn block_of(&self, site: &Site<'_>, addresses: &Addresses) -> IpNet {
        let vpc = &self.network.vpcs[site.vpc];
        let v4 = vpc.cidrs.iter().copied().map(IpNet::V4);
        let mut blocks = v4.chain(vpc.ipv6_cidrs.iter().copied().map(IpNet::V6));
        let first = addresses.first().map(crate::packets::address);
        let fallback = first.map_or_else(super::advice::everywhere_v4, IpNet::from);
        blocks.find(|block| crate::packets::prefix(*block).overlaps(addresses)).unwrap_or(fallback)
    }
}

/// The stage that says that nothing can be sent to this sort of thing at all.
pub(super) fn accepts<'a>(to: &Site<'_>) -> Option<Stage<'a>> {
    to.is_function().then(|| Stage::not(to.words.clone(), TAKES_NOTHING, Vec::new()))
}

/// The stage behind which the model does not look.
pub(super) fn unknown_beyond<'a>(words: &str) -> Stage<'a> {
    let why = "what lies behind it is not looked into: packets may pass there or not (once it is applied, \
        AWS's Reachability Analyzer tells of a path)";
    Stage::not(words.to_owned(), why, Vec::new()).beyond(words)
}

/// The cube of everything between two sets of addresses.
pub(super) fn between(source: Addresses, target: Addresses) -> PacketSet {
    let service = Services::full();
    PacketSet::from_cubes([Cube { source, target, service, ..Cube::full() }])
}
