//! Pairs of places, and all ways between the two.

use super::Engine;
use super::listening;
use super::path::{Path, Stage, Way};
use super::place::{Outside, Place, Site};
use super::stages::endpoint_state;
use crate::network::EndpointKind;
use crate::packets::Ports;
use crate::verdict::Change;

/// All that is known of one pair of places.
pub(super) struct Found<'a> {
    /// Each of these must be reached, by any of its ways.
    pub(super) groups: Vec<Vec<Way<'a>>>,
    /// Ways that count against "does not reach" only.
    pub(super) also: Vec<Way<'a>>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) source_ports: Ports,
    pub(super) outside: Option<&'a Outside>,
    /// Whether it is the outside that sends.
    pub(super) inward: bool,
    /// Why there is no way, where there is none.
    pub(super) nowhere: Option<(String, String)>,
}

/// The endpoint interfaces for a service, and the internet as its possible place.
#[derive(Default)]
pub(super) struct Buffers<'n> {
    named: Vec<Site<'n>>,
    others: Vec<Site<'n>>,
    anywhere: Option<Outside>,
}

impl<'n> Engine<'n> {
    /// The endpoint interfaces that a pair's ways lead to. They are made here because the ways
    /// borrow them.
    pub(super) fn endpoint_buffers(&self, from: &Place<'n>, to: &Place<'n>) -> Buffers<'n> {
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

    pub(super) fn pair<'a>(
        &'a self,
        from: &'a Place<'n>,
        to: &'a Place<'n>,
        more: &'a Buffers<'n>,
    ) -> Found<'a> {
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
            (Place::Inside(a), Place::Inside(b)) => {
                let mut ways = self.between_sites(a, b);
                // What a load balancer sends does not come back to it.
                let sends = |node: &Site<'_>| node.name != a.name;
                ways.extend(self.balanced_ways(b, &|node| {
                    if sends(node) { self.private_ways(a, node) } else { Vec::new() }
                }));
                ways.extend(self.balanced_ways(b, &|node| {
                    let known = is_by_public_name(a, node);
                    if sends(node) { self.hairpin_ways(a, node, known) } else { Vec::new() }
                }));
                found.groups.push(ways);
            }
            (Place::Inside(a), Place::Outside(b)) if b.service.is_some() => {
                self.to_service(a, b, more, &mut found);
            }
            (Place::Inside(a), Place::Outside(b)) => {
                found.outside = Some(b);
                found.groups.push(self.outward_ways(a, b));
            }
            (Place::Outside(a), Place::Inside(b)) => {
                found.outside = Some(a);
                let mut ways = self.inward_ways(a, b);
                ways.extend(self.balanced_ways(b, &|node| self.inward_ways(a, node)));
                found.groups.push(ways);
            }
            (Place::Outside(a), Place::Outside(b)) => found.groups.push(beyond(a, b)),
            (Place::Nowhere { words, reason }, _) | (_, Place::Nowhere { words, reason }) => {
                found.nowhere = Some((words.clone(), reason.clone()));
            }
        }
        if let Place::Inside(site) = to {
            found.groups.iter_mut().for_each(|ways| listening::add(site, ways));
            listening::add(site, &mut found.also);
        }
        found
    }

    fn between_sites<'a>(&'a self, a: &'a Site<'a>, b: &'a Site<'a>) -> Vec<Way<'a>> {
        // Inside one VPC, names resolve to private addresses; between VPCs that are not connected
        // the public address is the only one there is, so that way explains a stop best.
        let private = self.private_ways(a, b);
        let public = self.hairpin_ways(a, b, is_by_public_name(a, b));
        let connected = a.vpc == b.vpc || self.peering_between(a.vpc, b.vpc).is_some();
        let is_private = connected && !b.is_public_balancer();
        let (first, then) = if is_private { (private, public) } else { (public, private) };
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

    fn to_endpoint<'a>(
        &'a self,
        from: &'a Site<'n>,
        to: &'a Site<'n>,
        unnamed: bool,
    ) -> Vec<Way<'a>> {
        let mut ways = self.private_ways(from, to);
        let Some(endpoint) = self.network.endpoints.get(&to.name) else { return ways };
        for path in ways.iter_mut().flat_map(|way| &mut way.paths) {
            path.stages.push(endpoint_state(&to.name, endpoint));
            if unnamed {
                path.stages.push(self.unnamed_endpoint(&to.name, endpoint));
            }
        }
        ways
    }

    fn unnamed_endpoint<'a>(&self, name: &str, endpoint: &crate::Endpoint) -> Stage<'a> {
        let mut changes = Vec::new();
        if matches!(endpoint.kind, EndpointKind::Interface { private_dns: false, .. }) {
            changes.push(Change::EnablePrivateDns { endpoint: name.to_owned() });
        }
        let vpc = &self.network.vpcs[&endpoint.vpc];
        if !(vpc.dns_support && vpc.dns_hostnames) {
            changes.push(Change::EnableDns { vpc: endpoint.vpc.clone() });
        }
        let why =
            format!("the name of {} does not resolve to it: private DNS is off", endpoint.service);
        Stage::not(endpoint.origin.words(name), why, changes).softly()
    }
}

/// Whether clients know the public address, if there is one.
fn is_by_public_name(from: &Site<'_>, to: &Site<'_>) -> bool {
    from.vpc != to.vpc || to.is_public_balancer()
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
    let paths = vec![Path::plain(domain, vec![stage])];
    vec![Way { source, target, paths, through: None }]
}
