//! Ways from beyond the gateways to an interface, also for interfaces that leave and come back.

use super::Engine;
use super::inside::{accepts, between, unknown_beyond};
use super::path::{Path, Stage, Way};
use super::place::{Outside, Site};
use crate::network::{Direction, Target};
use crate::packets::{Addresses, View, all_v4, all_v6, internet_v4, internet_v6};
use crate::verdict::Change;

impl Engine<'_> {
    /// The ways from outside addresses to an interface.
    pub(super) fn inward_ways<'a>(&'a self, from: &Outside, to: &'a Site<'a>) -> Vec<Way<'a>> {
        let mut ways = Vec::new();
        let public = internet_v4().union(&internet_v6());
        for (family, target) in [(all_v4(), &to.v4), (all_v6(), &to.v6)] {
            let source = from.addresses.intersection(&family);
            if source.is_empty() || target.is_empty() {
                continue;
            }
            let v6 = !source.overlaps(&all_v4());
            let mut paths = Vec::new();
            let over_internet = source.intersection(&public);
            if !over_internet.is_empty() {
                let domain = between(over_internet, target.clone());
                paths.push(Path::plain(domain, self.entry(to, v6, &View::default())));
            }
            paths.extend(self.by_other_gateway(&source, target, to));
            let known = |target: &Target| matches!(target, Target::Other(_));
            let rest =
                source.difference(&public).difference(&self.routing(to.subnet).toward(known));
            if !rest.is_empty() {
                let why = format!("no route back to {}", from.words);
                let stop = Stage::not(self.table_words(to.subnet), why, Vec::new());
                paths.push(Path::plain(between(rest, target.clone()), vec![stop]));
            }
            ways.push(Way { source, target: target.clone(), paths, through: None });
        }
        ways
    }

    /// What a packet meets from the internet gateway to the interface and back. `view` says how
    /// the packet looks inside, if not as it was sent.
    fn entry<'a>(&'a self, to: &'a Site<'a>, v6: bool, view: &View) -> Vec<Stage<'a>> {
        if to.is_function() {
            return accepts(to).into_iter().collect();
        }
        let gateway = self.index.gateway_of.get(to.vpc).copied().unwrap_or_default();
        let mut stages = vec![self.attachment(to.vpc, gateway)];
        if !v6 {
            stages.push(self.has_public_address(to));
        }
        let target = Target::InternetGateway(gateway.to_owned());
        stages.extend([
            self.acl_stage(to.subnet, Direction::Ingress, view.clone()),
            self.group_stage(to, Direction::Ingress, None, view.clone()),
            self.route_back_stage(to.subnet, target, view),
            self.acl_stage(to.subnet, Direction::Egress, view.replied()),
        ]);
        stages.extend(self.public_name(to));
        stages
    }

    /// A public database is known by a name, which AWS only makes with both DNS options.
    fn public_name<'a>(&self, to: &'a Site<'a>) -> Option<Stage<'a>> {
        if !to.is_public_database() {
            return None;
        }
        let vpc = &self.network.vpcs[to.vpc];
        let at = vpc.origin.words(to.vpc);
        if vpc.dns_support && vpc.dns_hostnames {
            return Some(Stage::so(at, "DNS support and DNS host names are on"));
        }
        let why =
            format!("{} has no public name: DNS support and DNS host names must be on", to.name);
        let changes = vec![Change::EnableDns { vpc: to.vpc.to_owned() }];
        Some(Stage::not(at, why, changes).softly())
    }

    /// The way in by a gateway that the model does not look into: what the subnet would send an
    /// answer to.
    fn by_other_gateway<'a>(
        &'a self,
        source: &Addresses,
        target: &Addresses,
        to: &'a Site<'a>,
    ) -> Vec<Path<'a>> {
        let mut paths = Vec::new();
        for piece in &self.routing(to.subnet).pieces {
            let Target::Other(other) = &piece.target else { continue };
            let part = piece.addresses.intersection(source);
            if part.is_empty() || piece.blackhole {
                continue;
            }
            let mut stages = vec![
                unknown_beyond(other),
                self.acl_stage(to.subnet, Direction::Ingress, View::default()),
                self.group_stage(to, Direction::Ingress, None, View::default()),
                self.route_back_stage(to.subnet, piece.target.clone(), &View::default()),
                self.acl_stage(to.subnet, Direction::Egress, View::answer()),
            ];
            stages.extend(accepts(to));
            paths.push(Path::plain(between(part, target.clone()), stages));
        }
        paths
    }

    /// The ways from an interface out to the internet and in again, to the other's public address.
    /// `promised` is false where names resolve to private addresses, so that clients do not take
    /// this way.
    pub(super) fn hairpin_ways<'a>(
        &'a self,
        from: &'a Site<'a>,
        to: &'a Site<'a>,
        promised: bool,
    ) -> Vec<Way<'a>> {
        let mut ways = Vec::new();
        // Within a VPC, IPv6 addresses are the same inside and outside: the private way has them.
        let v6 = if from.vpc == to.vpc { Addresses::empty() } else { to.v6.clone() };
        for (source, target, is_v6) in [(&from.v4, &to.public, false), (&from.v6, &v6, true)] {
            if source.is_empty() || target.is_empty() {
                continue;
            }
            let mut paths = Vec::new();
            for (part, exit) in self.exits(from, target, None) {
                let Some((seen, source_port)) = exit.seen_as else {
                    let why = "no way leads to its public address";
                    let mut stages = exit.stages;
                    if stages.iter().all(|stage| !stage.certain().is_empty()) {
                        stages.push(Stage::not(to.words.clone(), why, Vec::new()));
                    }
                    paths.push(Path::plain(between(source.clone(), part), stages));
                    continue;
                };
                let (source_seen, target_seen) = (Some(seen), Some(to.v4.clone()));
                let view = if is_v6 {
                    View::default()
                } else {
                    View {
                        source: source_seen,
                        target: target_seen,
                        source_port,
                        ..View::default()
                    }
                };
                let mut stages = exit.stages;
                stages.extend(self.entry(to, is_v6, &view));
                if !promised {
                    let why = "clients in the VPC know its private address";
                    stages.push(Stage::not(to.words.clone(), why, Vec::new()).softly());
                }
                let domain = between(source.clone(), part);
                paths.push(Path { domain, stages, arrives: view });
            }
            if !paths.is_empty() {
                let (source, target) = (source.clone(), target.clone());
                ways.push(Way { source, target, paths, through: None });
            }
        }
        ways
    }
}
