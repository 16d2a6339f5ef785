//! The verdict: every pair of places, every way between them, and how much of it passes.

use std::collections::BTreeSet;

use super::Engine;
use super::advice::Asked;
use super::coverage::{certain_of, elementary, exceptions, narrow, required, touching};
use super::outcome::Outcome;
use super::pairs::Found;
use super::path::{Path, Stage, Through, Trust, Way};
use crate::network::{Layer, Name, ResourceKind};
use crate::packets::{Packet, PacketSet, Ports, Services, Traffic, to_prefixes};
use crate::verdict::{End, Hop, Passage, Query, QueryError, Relay, Stop, Verdict};

/// What the question is about, addresses aside.
struct Wanted {
    /// All services that the question means.
    asked: Services,
    /// Whether all of them must pass, or one is enough.
    every: bool,
    /// The traffic to give examples and advice for.
    example: Traffic,
}

impl Engine<'_> {
    pub(super) fn judge(&self, query: &Query) -> Result<Verdict, QueryError> {
        let (from, to) = (self.resolve(&query.from, true)?, self.resolve(&query.to, false)?);
        let services = self.services_of(query);
        let mut outcome = Outcome::default();
        // A family reaches itself when each member reaches all others.
        let family = query.from == query.to && from.must.len() > 1;
        for (i, sender) in from.must.iter().enumerate() {
            for (j, receiver) in to.must.iter().enumerate() {
                if family && i == j {
                    continue;
                }
                let buffers = self.endpoint_buffers(sender, receiver);
                let found = self.pair(sender, receiver, &buffers);
                self.weigh(&found, &services, &mut outcome);
            }
        }
        if !outcome.is_open {
            for (i, sender) in from.must.iter().chain(&from.also).enumerate() {
                for (j, receiver) in to.must.iter().chain(&to.also).enumerate() {
                    let judged = i < from.must.len() && j < to.must.len();
                    if judged {
                        continue;
                    }
                    let buffers = self.endpoint_buffers(sender, receiver);
                    let found = self.pair(sender, receiver, &buffers);
                    self.look_for_leak(&found, &services, &mut outcome);
                }
            }
        }
        Ok(outcome.into_verdict(query.clone()))
    }

    /// The ways through load balancers that end connections and send requests to the receiver.
    pub(super) fn relays(&self, query: &Query) -> Result<Vec<Relay>, QueryError> {
        let End::Resource(target) = &query.to else { return Ok(Vec::new()) };
        let mut relays = Vec::new();
        for (name, resource) in &self.network.resources {
            let ResourceKind::LoadBalancer { layer: Layer::Application, listeners, .. } =
                &resource.kind
            else {
                continue;
            };
            let balancer = End::Resource(name.clone());
            for listener in listeners.iter().flatten().filter(|_| balancer != query.from) {
                for forward in listener.targets.iter().filter(|t| t.resource == *target) {
                    let service = Traffic::tcp(forward.port).services();
                    if query.traffic.is_some_and(|traffic| !traffic.services().overlaps(&service)) {
                        continue;
                    }
                    let first = Query::tcp(query.from.clone(), balancer.clone(), listener.port);
                    let second = Query::tcp(balancer.clone(), query.to.clone(), forward.port);
                    let (first, second) = (self.judge(&first)?.answer, self.judge(&second)?.answer);
                    let (through, listener, port) = (name.clone(), listener.port, forward.port);
                    relays.push(Relay { through, listener, port, first, second });
                }
            }
        }
        Ok(relays)
    }

    fn services_of(&self, query: &Query) -> Wanted {
        let https = Traffic::tcp(443);
        let port = match &query.to {
            End::Resource(name) => self.network.resources.get(name).and_then(|r| r.port),
            _ => None,
        };
        let traffic = query.traffic.or(matches!(query.to, End::Service(_)).then_some(https));
        Wanted {
            asked: traffic.unwrap_or(Traffic::All).services(),
            every: traffic.is_some(),
            example: traffic.unwrap_or(port.map_or(https, Traffic::tcp)),
        }
    }

    /// Judges one pair.
    fn weigh(&self, found: &Found<'_>, services: &Wanted, outcome: &mut Outcome) {
        if let Some((at, reason)) = &found.nowhere {
            outcome.opens(None);
            return outcome.stop(Stop {
                from: found.from.clone(),
                to: found.to.clone(),
                packet: None,
                at: at.clone(),
                reason: reason.clone(),
                then: Vec::new(),
                changes: Vec::new(),
            });
        }
        for ways in &found.groups {
            if let Some(passage) = self.cover(ways, found, services) {
                outcome.pass(passage);
            } else {
                let gateways = self.opened_by(ways, found, services);
                // Where it stops whatever they do, that is what is to be said.
                let trust = if gateways.is_some() { Trust::Nothing } else { Trust::Gateways };
                outcome.stop(self.stop(ways, found, services, trust));
                outcome.opens(gateways);
            }
        }
        if outcome.stopped && !outcome.is_open {
            self.look_for_leak(found, services, outcome);
        }
    }

    /// A passage, if all that "reaches" promises passes by one of the ways.
    fn cover(&self, ways: &[Way<'_>], found: &Found<'_>, services: &Wanted) -> Option<Passage> {
        ways.iter().find_map(|way| self.cover_by(way, found, services, Trust::Nothing))
    }

    /// The gateways that the model does not look into by which all of it would pass, if they let
    /// everything pass.
    fn opened_by(
        &self,
        ways: &[Way<'_>],
        found: &Found<'_>,
        services: &Wanted,
    ) -> Option<BTreeSet<Name>> {
        let mut beyond = ways.iter().filter(|way| way.gateways().next().is_some());
        let way =
            beyond.find(|way| self.cover_by(way, found, services, Trust::Gateways).is_some())?;
        Some(way.gateways().cloned().collect())
    }

    fn cover_by(
        &self,
        way: &Way<'_>,
        found: &Found<'_>,
        services: &Wanted,
        trust: Trust,
    ) -> Option<Passage> {
        let sent = way.sent(&services.asked);
        let certain = certain_of(way, found, &sent, trust);
        if services.every {
            let all = way.carries(&services.asked);
            return all.then(|| self.covered(way, &certain, &sent, found)).flatten();
        }
        let usual = way.sent(&services.example.services());
        let likely = std::iter::once(usual).chain(elementary(&certain));
        let mut likely = likely.map(|some| self.covered(way, &certain, &some, found));
        likely.find_map(std::convert::identity)
    }

    fn covered(
        &self,
        way: &Way<'_>,
        certain: &PacketSet,
        services: &Services,
        found: &Found<'_>,
    ) -> Option<Passage> {
        let required = required(way, services, found);
        let missing = required.difference(certain);
        let except = exceptions(way, &missing, found)?;
        let good = required.intersection(certain).difference(&touching(&except));
        let packet = good.sample()?;
        let path = way.paths.iter().find(|path| path.domain.contains(&packet))?;
        Some(self.passage(path, &packet, found, to_prefixes(&except)))
    }

    fn passage(
        &self,
        path: &Path<'_>,
        packet: &Packet,
        found: &Found<'_>,
        except: Vec<ipnet::IpNet>,
    ) -> Passage {
        let hops = self.hops(path, packet);
        Passage { from: found.from.clone(), to: found.to.clone(), packet: *packet, hops, except }
    }

    fn look_for_leak(&self, found: &Found<'_>, services: &Wanted, outcome: &mut Outcome) {
        let all = found.groups.iter().flatten().chain(&found.also);
        for (way, path) in all.flat_map(|way| way.paths.iter().map(move |path| (way, path))) {
            let domain = narrow(&path.domain, &way.sent(&services.asked), &Ports::full());
            let possible = Path::possible_within(path, domain);
            if let Some(packet) = possible.sample() {
                let gateways = path.gateways().cloned().collect();
                outcome.leak(self.passage(path, &packet, found, Vec::new()), gateways);
                if outcome.is_open {
                    return;
                }
            }
        }
    }

    /// Where the way that needs the fewest changes stops.
    fn stop(&self, ways: &[Way<'_>], found: &Found<'_>, services: &Wanted, trust: Trust) -> Stop {
        let mut best: Option<(Vec<&Stage<'_>>, Packet, Option<Through>)> = None;
        for way in ways {
            let example = way.sent(&services.example.services());
            let certain = certain_of(way, found, &example, trust);
            let missing = required(way, &example, found).difference(&certain);
            let Some(packet) = missing.sample() else { continue };
            let path = way.paths.iter().find(|path| path.domain.contains(&packet));
            let stages = path.map(|path| path.stages.as_slice()).unwrap_or_default();
            let blocked: Vec<_> =
                stages.iter().filter(|stage| !stage.certain().contains(&packet)).collect();
            if best.as_ref().is_none_or(|(known, ..)| blocked.len() < known.len()) {
                best = Some((blocked, packet, way.through));
            }
        }
        let asked = Asked {
            traffic: services.example,
            source_ports: found.source_ports.clone(),
            outside: found.outside,
            through: best.as_ref().and_then(|(_, _, through)| *through),
        };
        let packet = best.as_ref().map(|(_, packet, _)| *packet);
        let mut obstacles = Vec::new();
        let mut changes = Vec::new();
        if let Some((stages, packet, _)) = &best {
            for stage in stages {
                obstacles.push(self.obstacle(stage, packet));
                for change in self.remedy(stage, packet, &asked) {
                    if !changes.contains(&change) {
                        changes.push(change);
                    }
                }
            }
        }
        let mut obstacles = obstacles.into_iter();
        let first = obstacles.next().unwrap_or_else(|| Hop {
            at: found.from.clone(),
            rule: format!("it has no address of a family that {} has", found.to),
            reply: false,
        });
        let (from, to) = (found.from.clone(), found.to.clone());
        Stop {
            from,
            to,
            packet,
            at: first.at,
            reason: first.rule,
            then: obstacles.collect(),
            changes,
        }
    }
}
