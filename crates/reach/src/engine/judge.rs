//! The verdict: every pair of places, every way between them, and how much of it passes.

use super::Engine;
use super::advice::Asked;
use super::path::{Path, Stage, Way};
use super::place::{Outside, Place, Site};
use crate::network::{EndpointKind, ResourceKind};
use crate::packets::{
    Addresses, Cube, Packet, PacketSet, Ports, Services, Traffic, size, to_prefixes,
};
use crate::verdict::{Answer, End, Hop, Passage, Query, QueryError, Relay, Stop, Verdict};

/// How many pairs of interfaces get evidence: the first ones show what there is to see, and a
/// family of hundreds would bury it.
const SHOWN: usize = 8;

/// How much of `internet` may be missing for "reaches" to hold: up to half. A list of refused
/// networks is an exception; a list of admitted ones is not the internet.
const MOST: f64 = 0.5;

/// All that is known of one pair of places.
struct Found<'a> {
    /// Each of these must be reached, by any of its ways.
    groups: Vec<Vec<Way<'a>>>,
    /// Ways that count against "does not reach" only.
    also: Vec<Way<'a>>,
    from: String,
    to: String,
    source_ports: Ports,
    outside: Option<&'a Outside>,
    /// Whether it is the outside that sends.
    inward: bool,
    /// Why there is no way, where there is none.
    nowhere: Option<(String, String)>,
}

/// What the question is about, addresses aside.
struct Wanted {
    /// All services that the question means.
    asked: Services,
    /// Whether all of them must pass, or one is enough.
    every: bool,
    /// The traffic to give examples and advice for.
    example: Traffic,
}

impl<'n> Engine<'n> {
    pub(super) fn judge(&self, query: &Query) -> Result<Verdict, QueryError> {
        let (from, to) = (self.resolve(&query.from, true)?, self.resolve(&query.to, false)?);
        let services = self.services_of(query);
        let mut outcome = Outcome::default();
        for sender in &from.must {
            for receiver in &to.must {
                let buffers = self.endpoint_buffers(sender, receiver);
                let found = self.pair(sender, receiver, &buffers);
                self.weigh(&found, &services, &mut outcome);
            }
        }
        let both = |places: &[Place<'n>]| places.to_vec();
        let senders = [both(&from.must), both(&from.also)].concat();
        let receivers = [both(&to.must), both(&to.also)].concat();
        if !outcome.leaks && !(from.also.is_empty() && to.also.is_empty()) {
            for (i, sender) in senders.iter().enumerate() {
                for (j, receiver) in receivers.iter().enumerate() {
                    if i < from.must.len() && j < to.must.len() {
                        continue;
                    }
                    let buffers = self.endpoint_buffers(sender, receiver);
                    let found = self.pair(sender, receiver, &buffers);
                    self.look_for_leak(&found, &services, &mut outcome);
                }
            }
        }
        Ok(Verdict { query: query.clone(), answer: outcome.into_answer(), relays: Vec::new() })
    }

    /// The ways through load balancers that forward to the receiver.
    pub(super) fn relays(&self, query: &Query) -> Result<Vec<Relay>, QueryError> {
        let End::Resource(target) = &query.to else { return Ok(Vec::new()) };
        let mut relays = Vec::new();
        for (name, resource) in &self.network.resources {
            let ResourceKind::LoadBalancer { listeners, .. } = &resource.kind else { continue };
            let balancer = End::Resource(name.clone());
            for listener in listeners.iter().filter(|_| balancer != query.from) {
                for forward in listener.targets.iter().filter(|t| t.resource == *target) {
                    let service = Traffic::tcp(forward.port).services();
                    if query.traffic.is_some_and(|traffic| !traffic.services().overlaps(&service)) {
                        continue;
                    }
                    let first = Query::tcp(query.from.clone(), balancer.clone(), listener.port);
                    let second = Query::tcp(balancer.clone(), query.to.clone(), forward.port);
                    let open = self.judge(&first)?.reaches() && self.judge(&second)?.reaches();
                    let (through, listener, port) = (name.clone(), listener.port, forward.port);
                    relays.push(Relay { through, listener, port, open });
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

    /// The endpoint interfaces that a pair's ways lead to. They are made here because the ways
    /// borrow them.
    fn endpoint_buffers(&self, from: &Place<'n>, to: &Place<'n>) -> Buffers<'n> {
        let mut buffers = Buffers::default();
        if let (Place::Inside(site), Place::Outside(outside)) = (from, to)
            && let Some(service) = &outside.service
        {
            (buffers.named, buffers.others) = self.endpoint_sites(service, site.vpc);
            let known = self.network.prefix_lists.values();
            let known = known.filter(|list| list.service.as_ref() == Some(service));
            if !known.into_iter().any(|list| list.entries.is_some()) {
                // Somewhere on the internet, but not where other services are known to be.
                let lists = self.network.prefix_lists.iter().filter(|(_, l)| l.service.is_some());
                let others = lists.filter_map(|(name, _)| self.index.lists.get(name.as_str()));
                let addresses =
                    others.fold(self.internet.clone(), |rest, list| rest.difference(list));
                buffers.anywhere = Some(Outside { addresses, ..outside.clone() });
            }
        }
        buffers
    }

    fn pair<'a>(&'a self, from: &'a Place<'n>, to: &'a Place<'n>, more: &'a Buffers<'n>) -> Found<'a> {
        let mut found = Found {
            groups: Vec::new(),
            also: Vec::new(),
            from: words(from).to_owned(),
            to: words(to).to_owned(),
            source_ports: Ports::full(),
            outside: None,
            inward: matches!(from, Place::Outside(_)),
            nowhere: None,
        };
        match from {
            Place::Inside(site) => found.source_ports = site.source_ports.clone(),
            Place::Outside(outside) => found.source_ports = outside.source_ports.clone(),
            Place::Nowhere { .. } => {}
        }
        match (from, to) {
            (Place::Inside(a), Place::Inside(b)) => found.groups.push(self.between_sites(a, b)),
            (Place::Inside(a), Place::Outside(b)) if b.service.is_some() => {
                self.to_service(a, b, more, &mut found);
            }
            (Place::Inside(a), Place::Outside(b)) => {
                found.outside = Some(b);
                found.groups.push(self.outward_ways(a, b));
            }
            (Place::Outside(a), Place::Inside(b)) => {
                found.outside = Some(a);
                found.groups.push(self.inward_ways(a, b));
            }
            (Place::Outside(a), Place::Outside(b)) => found.groups.push(beyond(a, b)),
            (Place::Nowhere { words, reason }, _) | (_, Place::Nowhere { words, reason }) => {
                found.nowhere = Some((words.clone(), reason.clone()));
            }
        }
        found
    }

    fn between_sites<'a>(&'a self, a: &'a Site<'a>, b: &'a Site<'a>) -> Vec<Way<'a>> {
        // Inside one VPC, names resolve to private addresses; between VPCs that are not connected
        // the public address is the only one there is, so that way explains a stop best.
        let private = self.private_ways(a, b);
        let public = self.hairpin_ways(a, b, a.vpc != b.vpc);
        let connected = a.vpc == b.vpc || self.peering_between(a.vpc, b.vpc).is_some();
        let (first, then) = if connected { (private, public) } else { (public, private) };
        first.into_iter().chain(then).collect()
    }

    fn to_service<'a>(
        &'a self,
        from: &'a Site<'n>,
        to: &'a Outside,
        more: &'a Buffers<'n>,
        found: &mut Found<'a>,
    ) {
        found.outside = Some(to);
        for site in &more.named {
            found.groups.push(self.to_endpoint(from, site, false));
        }
        let unnamed = more.others.iter().flat_map(|site| self.to_endpoint(from, site, true));
        let mut outward = self.outward_ways(from, to);
        if more.named.is_empty() {
            outward.extend(unnamed);
            found.groups.push(outward);
        } else {
            found.also.extend(outward.into_iter().chain(unnamed));
        }
        if let Some(anywhere) = &more.anywhere {
            found.also.extend(self.outward_ways(from, anywhere));
        }
    }

    fn to_endpoint<'a>(&'a self, from: &'a Site<'n>, to: &'a Site<'n>, unnamed: bool) -> Vec<Way<'a>> {
        let mut ways = self.private_ways(from, to);
        let Some(endpoint) = self.network.endpoints.get(&to.name) else { return ways };
        for path in ways.iter_mut().flat_map(|way| &mut way.paths) {
            path.stages.push(self.endpoint_state(&to.name, endpoint));
            if unnamed {
                path.stages.push(self.unnamed_endpoint(&to.name, endpoint));
            }
        }
        ways
    }

    fn unnamed_endpoint<'a>(&self, name: &str, endpoint: &crate::Endpoint) -> Stage<'a> {
        use crate::verdict::Change;
        let mut changes = Vec::new();
        if matches!(endpoint.kind, EndpointKind::Interface { private_dns: false, .. }) {
            changes.push(Change::EnablePrivateDns { endpoint: name.to_owned() });
        }
        let vpc = &self.network.vpcs[&endpoint.vpc];
        if !(vpc.dns_support && vpc.dns_hostnames) {
            changes.push(Change::EnableDns { vpc: endpoint.vpc.clone() });
        }
        let why = format!("the name of {} does not resolve to it: private DNS is off", endpoint.service);
        Stage::not(endpoint.origin.words(name), why, changes).softly()
    }

    /// Judges one pair.
    fn weigh(&self, found: &Found<'_>, services: &Wanted, outcome: &mut Outcome) {
        if let Some((at, reason)) = &found.nowhere {
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
            match self.cover(ways, found, services) {
                Some(passage) => outcome.pass(passage),
                None => outcome.stop(self.stop(ways, found, services)),
            }
        }
        if outcome.stopped && !outcome.leaks {
            self.look_for_leak(found, services, outcome);
        }
    }

    /// A passage, if all that "reaches" promises passes by one of the ways.
    fn cover(&self, ways: &[Way<'_>], found: &Found<'_>, services: &Wanted) -> Option<Passage> {
        ways.iter().find_map(|way| {
            let certain = certain(way, found, services);
            if services.every {
                return self.covered(way, &certain, &services.asked, found);
            }
            let usual = services.example.services();
            let likely = std::iter::once(usual).chain(elementary(&certain));
            let mut likely = likely.map(|some| self.covered(way, &certain, &some, found));
            likely.find_map(std::convert::identity)
        })
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
        for path in all.flat_map(|way| &way.paths) {
            let domain = narrow(&path.domain, &services.asked, &Ports::full());
            let possible = Path::possible_within(path, domain);
            if let Some(packet) = possible.sample() {
                outcome.leak(self.passage(path, &packet, found, Vec::new()));
                return;
            }
        }
    }

    /// Where the way that needs the fewest changes stops.
    fn stop(&self, ways: &[Way<'_>], found: &Found<'_>, services: &Wanted) -> Stop {
        let example = services.example.services();
        let mut best: Option<(Vec<&Stage<'_>>, Packet)> = None;
        for way in ways {
            let missing =
                required(way, &example, found).difference(&certain_of(way, found, &example));
            let Some(packet) = missing.sample() else { continue };
            let path = way.paths.iter().find(|path| path.domain.contains(&packet));
            let stages = path.map(|path| path.stages.as_slice()).unwrap_or_default();
            let blocked: Vec<_> =
                stages.iter().filter(|stage| !stage.certain().contains(&packet)).collect();
            if best.as_ref().is_none_or(|(known, _)| blocked.len() < known.len()) {
                best = Some((blocked, packet));
            }
        }
        let asked = Asked {
            traffic: services.example,
            source_ports: found.source_ports.clone(),
            outside: found.outside,
        };
        let packet = best.as_ref().map(|(_, packet)| *packet);
        let mut obstacles = Vec::new();
        let mut changes = Vec::new();
        if let Some((stages, packet)) = &best {
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
        Stop { from, to, packet, at: first.at, reason: first.rule, then: obstacles.collect(), changes }
    }
}

/// The endpoint interfaces for a service, and the internet as its possible place.
#[derive(Default)]
struct Buffers<'n> {
    named: Vec<Site<'n>>,
    others: Vec<Site<'n>>,
    anywhere: Option<Outside>,
}

/// What has been found for all pairs so far.
#[derive(Default)]
struct Outcome {
    passages: Vec<Passage>,
    stops: Vec<Stop>,
    stopped: bool,
    leaks: bool,
    possible: Vec<Passage>,
}

impl Outcome {
    fn pass(&mut self, passage: Passage) {
        self.leaks = true;
        if self.passages.len() < SHOWN {
            self.passages.push(passage);
        }
    }

    fn stop(&mut self, stop: Stop) {
        self.stopped = true;
        let same = |known: &Stop| (&known.at, &known.reason) == (&stop.at, &stop.reason);
        if self.stops.len() < SHOWN && !self.stops.iter().any(same) {
            self.stops.push(stop);
        }
    }

    fn leak(&mut self, passage: Passage) {
        self.leaks = true;
        self.possible.push(passage);
    }

    fn into_answer(self) -> Answer {
        let Self { mut passages, stops, stopped, leaks, possible } = self;
        passages.extend(possible);
        match (stopped, leaks) {
            (false, _) => Answer::Reaches { passages },
            (true, true) => Answer::Partly { passages, stops },
            (true, false) => Answer::Stops { stops },
        }
    }
}

fn words<'a>(place: &'a Place<'_>) -> &'a str {
    match place {
        Place::Inside(site) => &site.words,
        Place::Outside(outside) => &outside.words,
        Place::Nowhere { words, .. } => words,
    }
}

/// From the outside to the outside: none of our network is in between.
fn beyond<'a>(from: &Outside, to: &Outside) -> Vec<Way<'a>> {
    let (source, target) = (from.addresses.clone(), to.addresses.clone());
    let public = super::outward::is_public(&source)
        && (super::outward::is_public(&target) || to.service.is_some());
    let stage = if public {
        Stage::so(from.words.clone(), "it is on the internet, outside this network")
    } else {
        Stage::not(from.words.clone(), "it is not in this network", Vec::new())
    };
    let family = crate::packets::all_v4();
    let (source, target) = (source.intersection(&family), target.intersection(&family));
    let domain = super::inside::between(source.clone(), target.clone());
    vec![Way { source, target, paths: vec![Path { domain, stages: vec![stage] }] }]
}

fn narrow(domain: &PacketSet, services: &Services, ports: &Ports) -> PacketSet {
    let cube = Cube { service: services.clone(), source_port: ports.clone(), ..Cube::full() };
    domain.intersection(&PacketSet::from_cubes([cube]))
}

fn certain(way: &Way<'_>, found: &Found<'_>, services: &Wanted) -> PacketSet {
    certain_of(way, found, &services.asked)
}

fn certain_of(way: &Way<'_>, found: &Found<'_>, services: &Services) -> PacketSet {
    let each = way.paths.iter().map(|path| {
        path.certain_within(narrow(&path.domain, services, &found.source_ports))
    });
    each.fold(PacketSet::empty(), |all, set| all.union(&set))
}

fn required(way: &Way<'_>, services: &Services, found: &Found<'_>) -> PacketSet {
    PacketSet::from_cubes([Cube {
        source: way.source.clone(),
        target: way.target.clone(),
        source_port: found.source_ports.clone(),
        service: services.clone(),
    }])
}

/// Which outside addresses do not work; `None` when that is more than may be missing.
fn exceptions(way: &Way<'_>, missing: &PacketSet, found: &Found<'_>) -> Option<Addresses> {
    if missing.is_empty() {
        return Some(Addresses::empty());
    }
    let outside = found.outside.filter(|outside| outside.internet)?;
    let side = |cube: &Cube| if found.inward { cube.source.clone() } else { cube.target.clone() };
    let all = if found.inward { &way.source } else { &way.target };
    let bad = missing.cubes().iter().fold(Addresses::empty(), |bad, cube| bad.union(&side(cube)));
    (size(&bad) <= MOST * size(all)).then_some(bad)
}

/// Every packet from or to the addresses.
fn touching(addresses: &Addresses) -> PacketSet {
    PacketSet::from_cubes([
        Cube { source: addresses.clone(), ..Cube::full() },
        Cube { target: addresses.clone(), ..Cube::full() },
    ])
}

/// The services of a set in pieces that no cube splits further.
fn elementary(set: &PacketSet) -> Vec<Services> {
    let mut starts: Vec<u32> = Vec::new();
    for &(low, high) in set.cubes().iter().flat_map(|cube| cube.service.ranges()) {
        starts.push(low);
        starts.extend(high.checked_add(1));
    }
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([u32::MAX]);
    starts.iter().zip(ends).map(|(&low, high)| Services::range(low, high)).collect()
}
