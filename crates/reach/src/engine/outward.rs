//! Ways from an interface to addresses beyond the gateways.

use super::Engine;
use super::inside::{between, unknown_beyond};
use super::path::{Path, Stage, Way};
use super::place::{NETWORK_ADDRESS_PORTS, Outside, Site, ports};
use super::routing::Piece;
use super::stages::{endpoint_state, piece_words, route_stage, state_stage};
use crate::network::{Destination, Direction, EndpointKind, NatGateway, PublicAddress, Target};
use crate::packets::{Addresses, Ports, View, all_v4, all_v6, internet_v4, internet_v6, number};
use crate::verdict::Change;

/// A way out: what the packet meets until it has left, and how it looks from then on.
#[derive(Debug)]
pub(super) struct Exit<'a> {
    pub(super) stages: Vec<Stage<'a>>,
    /// The source addresses and ports that the world sees; `None` where the way ends before that.
    pub(super) seen_as: Option<(Addresses, Option<Ports>)>,
}

impl Engine<'_> {
    /// The ways from an interface to outside addresses, one for each family that both have.
    pub(super) fn outward_ways<'a>(&'a self, from: &'a Site<'a>, to: &Outside) -> Vec<Way<'a>> {
        let families = [(&from.v4, all_v4()), (&from.v6, all_v6())];
        let mut ways = Vec::new();
        for (source, family) in families {
            let target = to.addresses.intersection(&family);
            if source.is_empty() || target.is_empty() {
                continue;
            }
            let exits = self.exits(from, &target, Some(to));
            let paths = exits
                .into_iter()
                .map(|(part, exit)| Path::plain(between(source.clone(), part), exit.stages))
                .collect();
            ways.push(Way { source: source.clone(), target, paths, through: None });
        }
        ways
    }

    /// The exits that the subnet's table has for addresses of one family, each with its part.
    pub(super) fn exits<'a>(
        &'a self,
        from: &'a Site<'a>,
        target: &Addresses,
        to: Option<&Outside>,
    ) -> Vec<(Addresses, Exit<'a>)> {
        let mut rest = target.clone();
        let mut exits = Vec::new();
        for piece in &self.routing(from.subnet).pieces {
            let part = piece.addresses.intersection(target);
            // Another VPC's addresses are no outside: the private ways deal with them.
            if !part.is_empty() {
                rest = rest.difference(&part);
                let v6 = !part.overlaps(&all_v4());
                exits.push((part, self.exit(from, piece, v6)));
            }
        }
        if !rest.is_empty() {
            let v6 = !rest.overlaps(&all_v4());
            let at = self.table_words(from.subnet);
            let why = format!("no route to {}", to.map_or("the internet", |to| to.words.as_str()));
            let changes = self.way_out(from, v6, None);
            let stages = self.stuck(from, Stage::not(at, why, changes));
            exits.push((rest, Exit { stages, seen_as: None }));
        }
        exits
    }

    fn exit<'a>(&'a self, from: &'a Site<'a>, piece: &'a Piece<'_>, v6: bool) -> Exit<'a> {
        let stop = |stage| Exit { stages: self.stuck(from, stage), seen_as: None };
        let at = self.table_words(from.subnet);
        let words = piece_words(piece);
        if piece.blackhole {
            let why = format!("{words} is a black hole");
            return stop(Stage::not(at, why, self.way_out(from, v6, Some(&piece.destination))));
        }
        match &piece.target {
            Target::InternetGateway(name) => self.by_internet_gateway(from, name, v6),
            Target::NatGateway(name) if !v6 => match self.network.nat_gateways.get(name) {
                Some(nat) => self.by_nat(from, name, nat),
                None => stop(Stage::not(
                    at,
                    format!("{words} leads to nothing"),
                    self.way_out(from, v6, Some(&piece.destination)),
                )),
            },
            Target::EgressOnlyGateway(name) if v6 => {
                let gateway = self.network.egress_only_gateways.get(name);
                if gateway.is_none_or(|gateway| gateway.vpc != from.vpc) {
                    let why = format!("{words} leads to a gateway that is not in this VPC");
                    return stop(Stage::not(
                        at,
                        why,
                        self.way_out(from, v6, Some(&piece.destination)),
                    ));
                }
                let seen_as = Some((from.v6.clone(), None));
                Exit { stages: self.leave(from, None), seen_as }
            }
            Target::Endpoint(name) => self.by_endpoint(from, name),
            Target::Other(other) => {
                let seen = if v6 { from.v6.clone() } else { internet_v4() };
                let seen_as = Some((seen, Some(ports(NETWORK_ADDRESS_PORTS))));
                Exit { stages: self.leave(from, [unknown_beyond(other)]), seen_as }
            }
            Target::Local => stop(Stage::not(
                at,
                format!("{words} keeps these addresses in the VPC"),
                Vec::new(),
            )),
            Target::Peering(_) => stop(Stage::not(
                at,
                format!("{words}: a peering connection leads to the other VPC and no further"),
                self.way_out(from, v6, Some(&piece.destination)),
            )),
            Target::NatGateway(_) | Target::EgressOnlyGateway(_) => {
                let why = format!("{words} is of the other address family");
                stop(Stage::not(at, why, self.way_out(from, v6, Some(&piece.destination))))
            }
        }
    }

    /// Groups, route and ACL on the way out, the stage at the gateway, and the ACL for the answer.
    fn leave<'a>(
        &'a self,
        from: &'a Site<'a>,
        gateway: impl IntoIterator<Item = Stage<'a>>,
    ) -> Vec<Stage<'a>> {
        let mut stages = vec![
            self.group_stage(from, Direction::Egress, None, View::default()),
            route_stage(from.subnet),
            self.acl_stage(from.subnet, Direction::Egress, View::default()),
        ];
        stages.extend(gateway);
        stages.push(self.acl_stage(from.subnet, Direction::Ingress, View::answer()));
        stages
    }

    /// The way of a packet whose route does not work: what stops it, and what else would.
    fn stuck<'a>(&'a self, from: &'a Site<'a>, why: Stage<'a>) -> Vec<Stage<'a>> {
        vec![
            self.group_stage(from, Direction::Egress, None, View::default()),
            why,
            self.acl_stage(from.subnet, Direction::Egress, View::default()),
            self.acl_stage(from.subnet, Direction::Ingress, View::answer()),
        ]
    }

    fn by_internet_gateway<'a>(&'a self, from: &'a Site<'a>, name: &str, v6: bool) -> Exit<'a> {
        let mut gateway = vec![self.attached_or_routed(from, name, v6)];
        let seen = if v6 { &from.v6 } else { &from.public };
        if !v6 {
            gateway.push(self.has_public_address(from));
        }
        let seen_as = (!seen.is_empty()).then(|| (seen.clone(), None));
        Exit { stages: self.leave(from, gateway), seen_as }
    }

    /// Like [`Engine::attachment`], where another gateway than the route's may be attached.
    fn attached_or_routed<'a>(&self, from: &Site<'_>, name: &str, v6: bool) -> Stage<'a> {
        match self.index.gateway_of.get(from.vpc) {
            Some(other) if *other != name => {
                let why = format!("it leads to {name}, but {other} is the VPC's internet gateway");
                let target = Target::InternetGateway((*other).to_owned());
                let change = self.set_route(from.subnet, super::advice::everywhere(v6), target);
                Stage::not(self.table_words(from.subnet), why, vec![change])
            }
            _ => self.attachment(from.vpc, name),
        }
    }

    fn by_endpoint<'a>(&'a self, from: &'a Site<'a>, name: &str) -> Exit<'a> {
        let stage = match self.network.endpoints.get(name) {
            Some(endpoint) if matches!(endpoint.kind, EndpointKind::Gateway { .. }) => {
                endpoint_state(name, endpoint)
            }
            _ => Stage::not(name.to_owned(), "there is no such gateway endpoint", Vec::new()),
        };
        Exit { stages: self.leave(from, [stage]), seen_as: None }
    }

    fn by_nat<'a>(&'a self, from: &'a Site<'a>, name: &str, nat: &'a NatGateway) -> Exit<'a> {
        let at = nat.origin.words(name);
        let mut stages = vec![
            self.group_stage(from, Direction::Egress, None, View::default()),
            route_stage(from.subnet),
        ];
        let crosses = from.subnet != nat.subnet;
        if crosses {
            stages.push(self.acl_stage(from.subnet, Direction::Egress, View::default()));
            stages.push(self.acl_stage(&nat.subnet, Direction::Ingress, View::default()));
        }
        stages.push(state_stage(name, &nat.origin, &nat.state));
        let public = match nat.public_address {
            PublicAddress::None => Addresses::empty(),
            PublicAddress::Known(address) => Addresses::one(number(address.into())),
            PublicAddress::Assigned => internet_v4(),
        };
        stages.push(if public.is_empty() {
            let changes = vec![Change::GiveNatAddress { nat: name.to_owned() }];
            Stage::not(at, "it has no public address", changes)
        } else {
            Stage::so(at, "it is available and has a public address")
        });
        let private = nat.address.map_or_else(
            || super::place::plain_site(self.network, name, &nat.subnet, &[]).v4,
            |address| Addresses::one(number(address.into())),
        );
        let view = View {
            source: Some(private),
            source_port: Some(ports(NETWORK_ADDRESS_PORTS)),
            ..View::default()
        };
        stages.push(self.nat_route(name, &nat.subnet, from.subnet));
        stages.push(self.acl_stage(&nat.subnet, Direction::Egress, view.clone()));
        stages.push(self.acl_stage(&nat.subnet, Direction::Ingress, view.replied()));
        if crosses {
            stages.push(self.acl_stage(&nat.subnet, Direction::Egress, View::answer()));
            stages.push(self.acl_stage(from.subnet, Direction::Ingress, View::answer()));
        }
        let seen_as = (!public.is_empty()).then_some((public, view.source_port));
        Exit { stages, seen_as }
    }

    /// Where the NAT gateway's own subnet sends packets: it must be an attached internet gateway.
    fn nat_route<'a>(&'a self, name: &str, subnet: &'a str, client: &str) -> Stage<'a> {
        let vpc = &self.network.subnets[subnet].vpc;
        let Some(gateway) = self.index.gateway_of.get(vpc.as_str()) else {
            return self.attachment(vpc, "");
        };
        let target = Target::InternetGateway((*gateway).to_owned());
        let good = self.routing(subnet).toward(|other| *other == target);
        // A table that serves the clients as well cannot send both to different places.
        let shared = self.routing(subnet).table == self.routing(client).table;
        let want = if shared { Target::NatGateway(name.to_owned()) } else { target };
        Stage {
            check: super::path::Check::Route { subnet, want: Some(want) },
            allowed: std::borrow::Cow::Owned(between(Addresses::full(), good)),
            ..route_stage(subnet)
        }
    }

    /// Whether an interface has a public address for the internet gateway to translate.
    pub(super) fn has_public_address<'a>(&self, site: &Site<'_>) -> Stage<'a> {
        let at = site.words.clone();
        if site.is_function() {
            let why =
                "a function in a VPC gets no public address, so an internet gateway is no way out";
            return Stage::not(
                at,
                why,
                self.by_nat_instead(site, super::advice::everywhere(false)),
            );
        }
        if site.public.is_empty() {
            return Stage::not(
                at,
                "it has no public IPv4 address",
                super::advice::make_public(site),
            );
        }
        Stage::so(at, "it has a public IPv4 address")
    }

    /// What would give a subnet a way out for a destination, everywhere by default.
    fn way_out(&self, from: &Site<'_>, v6: bool, destination: Option<&Destination>) -> Vec<Change> {
        let destination = destination.cloned().unwrap_or_else(|| super::advice::everywhere(v6));
        let gateway = self.index.gateway_of.get(from.vpc).map(|name| (*name).to_owned());
        let gateway = gateway.map(Target::InternetGateway);
        let target = if v6 {
            let mut all = self.network.egress_only_gateways.iter();
            let own = all.find(|(_, gateway)| gateway.vpc == from.vpc);
            own.map(|(name, _)| Target::EgressOnlyGateway(name.clone())).or(gateway)
        } else if from.public.is_empty() {
            return self.by_nat_instead(from, destination);
        } else {
            gateway
        };
        match target {
            Some(target) => vec![self.set_route(from.subnet, destination, target)],
            None => vec![Change::AttachInternetGateway { gateway: None, vpc: from.vpc.to_owned() }],
        }
    }

    /// A route to a NAT gateway, in the same zone if there is one.
    fn by_nat_instead(&self, from: &Site<'_>, destination: Destination) -> Vec<Change> {
        let in_vpc = |nat: &NatGateway| self.network.subnets[&nat.subnet].vpc == from.vpc;
        let zone = &self.network.subnets[from.subnet].zone;
        let mut nats: Vec<_> = self
            .network
            .nat_gateways
            .iter()
            .filter(|(_, nat)| in_vpc(nat) && nat.public_address != PublicAddress::None)
            .collect();
        nats.sort_by_key(|(_, nat)| self.network.subnets[&nat.subnet].zone != *zone);
        // A table that serves the gateway's own subnet must keep its route to the internet.
        let table = self.routing(from.subnet).table;
        let usable = nats.iter().find(|(_, nat)| self.routing(&nat.subnet).table != table);
        match usable {
            Some((name, _)) => {
                let target = Target::NatGateway((*name).clone());
                vec![self.set_route(from.subnet, destination, target)]
            }
            None if nats.is_empty() => vec![Change::CreateNatGateway { vpc: from.vpc.to_owned() }],
            None => vec![Change::MoveBehindNat { resource: from.name.clone() }],
        }
    }
}

/// Whether any of the addresses is a public one.
pub(super) fn is_public(addresses: &Addresses) -> bool {
    addresses.overlaps(&internet_v4()) || addresses.overlaps(&internet_v6())
}
