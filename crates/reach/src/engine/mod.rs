//! The engine: questions about a network, answered for all packets.

mod advice;
mod balanced;
mod coverage;
mod explain;
mod facts;
mod filters;
mod inside;
mod inward;
mod judge;
mod listening;
mod outcome;
mod outward;
mod pairs;
mod path;
mod place;
mod routing;
mod stages;

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::network::{EndpointKind, Index, ModelError, Network};
use crate::packets::{Addresses, internet_v4, internet_v6, prefixes};
use crate::verdict::{Proof, Query, QueryError, Sentence, Verdict};
pub(crate) use explain::rule_words;
pub(crate) use filters::in_order;
use filters::{AclSets, GroupSets};
pub use place::NETWORK_ADDRESS_PORTS;
use place::Site;
use routing::Routing;

/// A network, prepared for questions: every ACL, group and route table as sets of packets.
#[derive(Debug)]
pub struct Engine<'n> {
    network: &'n Network,
    index: Index<'n>,
    /// One for each table that serves a subnet.
    routings: Vec<Routing<'n>>,
    /// A subnet's place in `routings`.
    routing_of: BTreeMap<&'n str, usize>,
    acls: BTreeMap<&'n str, AclSets>,
    groups: BTreeMap<&'n str, GroupSets<'n>>,
    /// The interfaces of every resource and interface endpoint.
    sites: BTreeMap<&'n str, Vec<Site<'n>>>,
    /// The addresses of all VPCs.
    own: Addresses,
    /// The public addresses that are not those of a VPC.
    internet: Addresses,
}

impl<'n> Engine<'n> {
    /// Prepares a network, or says which names in it mean nothing.
    pub fn new(network: &'n Network) -> Result<Self, Vec<ModelError>> {
        let index = Index::new(network)?;
        let acls = network.network_acls.iter();
        let acls = acls.map(|(name, acl)| (name.as_str(), AclSets::new(acl))).collect();
        let groups = network.security_groups.iter();
        let groups =
            groups.map(|(name, group)| (name.as_str(), GroupSets::new(group, &index))).collect();
        let (routings, routing_of) = routings(network, &index);
        let own = network.vpcs.values().fold(Addresses::empty(), |all, vpc| {
            let v4 = vpc.cidrs.iter().copied().map(IpNet::V4);
            all.union(&prefixes(v4.chain(vpc.ipv6_cidrs.iter().copied().map(IpNet::V6))))
        });
        let internet = internet_v4().union(&internet_v6()).difference(&own);
        let sites = sites(network);
        Ok(Self { network, index, routings, routing_of, acls, groups, sites, own, internet })
    }

    /// The network.
    pub fn network(&self) -> &'n Network {
        self.network
    }

    /// Who reaches whom, with evidence.
    pub fn reach(&self, query: &Query) -> Result<Verdict, QueryError> {
        let mut verdict = self.judge(query)?;
        verdict.relays = self.relays(query)?;
        Ok(verdict)
    }

    /// Whether each sentence holds, in order. A sentence that names an unknown resource is an
    /// error of its own.
    pub fn prove(&self, sentences: &[Sentence]) -> Vec<Result<Proof, QueryError>> {
        let prove = |sentence: &Sentence| {
            let verdict = self.reach(&sentence.query)?;
            let holds = verdict.holds(sentence.negated);
            Ok(Proof { sentence: sentence.clone(), holds, verdict })
        };
        sentences.iter().map(prove).collect()
    }

    fn routing(&self, subnet: &str) -> &Routing<'n> {
        &self.routings[self.routing_of[subnet]]
    }
}

fn routings<'n>(
    network: &'n Network,
    index: &Index<'n>,
) -> (Vec<Routing<'n>>, BTreeMap<&'n str, usize>) {
    let mut routings = Vec::new();
    let mut routing_of = BTreeMap::new();
    let mut known: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    for (name, subnet) in &network.subnets {
        let table = index.table_of.get(name.as_str()).copied();
        let place = *known.entry((subnet.vpc.as_str(), table)).or_insert_with(|| {
            let table = table.and_then(|table| network.route_tables.get_key_value(table));
            routings.push(Routing::new(network, index, table.map(|(name, _)| name), &subnet.vpc));
            routings.len() - 1
        });
        routing_of.insert(name.as_str(), place);
    }
    (routings, routing_of)
}

fn sites(network: &Network) -> BTreeMap<&str, Vec<Site<'_>>> {
    let mut sites: BTreeMap<&str, Vec<Site<'_>>> = BTreeMap::new();
    for (name, resource) in &network.resources {
        sites.insert(name, place::sites_of(network, name, resource));
    }
    for (name, endpoint) in &network.endpoints {
        if let EndpointKind::Interface { subnets, groups, .. } = &endpoint.kind {
            let site = |subnet| {
                let mut site = place::plain_site(network, name, subnet, groups);
                let place = network.subnets[subnet].origin.words(subnet);
                site.words = format!("{} in {place}", endpoint.origin.words(name));
                site
            };
            sites.insert(name, subnets.iter().map(site).collect());
        }
    }
    sites
}
