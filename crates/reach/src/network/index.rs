//! Names looked up once: which table and ACL serve a subnet, which gateway a VPC, and whether
//! every name in the network means something.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::{Destination, EndpointKind, Name, Network, Peer};
use crate::packets::{Addresses, prefix, prefixes};

/// A name in the network that means nothing there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{by} names the {kind} `{name}`, which is not in the network")]
pub struct ModelError {
    /// Which sort of thing was expected.
    pub kind: &'static str,
    /// The name.
    pub name: Name,
    /// The element that names it.
    pub by: Name,
}

/// What is looked up again and again.
#[derive(Debug, Clone)]
pub(crate) struct Index<'n> {
    /// The table that serves a subnet; a subnet on AWS's own main table is missing here.
    pub(crate) table_of: BTreeMap<&'n str, &'n str>,
    /// The ACL that serves a subnet; a subnet on AWS's own default ACL is missing here.
    pub(crate) acl_of: BTreeMap<&'n str, &'n str>,
    /// The attached internet gateway of a VPC.
    pub(crate) gateway_of: BTreeMap<&'n str, &'n str>,
    /// The addresses of each prefix list.
    pub(crate) lists: BTreeMap<&'n str, Addresses>,
}

impl<'n> Index<'n> {
    /// Looks everything up, or says which names mean nothing.
    pub(crate) fn new(network: &'n Network) -> Result<Self, Vec<ModelError>> {
        let errors = unknown_names(network);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut index = Self {
            table_of: BTreeMap::new(),
            acl_of: BTreeMap::new(),
            gateway_of: BTreeMap::new(),
            lists: BTreeMap::new(),
        };
        for (name, subnet) in &network.subnets {
            let tables = network.route_tables.iter().filter(|(_, table)| table.vpc == subnet.vpc);
            let mine = tables.clone().find(|(_, table)| table.subnets.contains(name));
            if let Some((table, _)) = mine.or_else(|| tables.clone().find(|(_, table)| table.main))
            {
                index.table_of.insert(name, table);
            }
            let acls = network.network_acls.iter().filter(|(_, acl)| acl.vpc == subnet.vpc);
            let mine = acls.clone().find(|(_, acl)| acl.subnets.contains(name));
            if let Some((acl, _)) = mine.or_else(|| acls.clone().find(|(_, acl)| acl.default)) {
                index.acl_of.insert(name, acl);
            }
        }
        for (name, gateway) in &network.internet_gateways {
            if let Some(vpc) = &gateway.vpc {
                index.gateway_of.insert(vpc, name);
            }
        }
        for (place, (name, list)) in (0..).zip(&network.prefix_lists) {
            let addresses = match &list.entries {
                Some(entries) => prefixes(entries.iter().copied()),
                None => stand_in(place),
            };
            index.lists.insert(name, addresses);
        }
        Ok(index)
    }

    /// The prefixes that a route's destination means.
    pub(crate) fn prefixes_of(&self, destination: &Destination) -> Vec<IpNet> {
        match destination {
            Destination::Cidr(net) => vec![*net],
            Destination::PrefixList(name) => {
                self.lists.get(name.as_str()).map(crate::packets::to_prefixes).unwrap_or_default()
            }
        }
    }

    /// The addresses of an AWS service as the internet sees them, as far as they can be known.
    pub(crate) fn service_addresses(&self, network: &Network, service: &str) -> Addresses {
        let list = network.prefix_lists.iter().find(|(_, l)| l.service.as_deref() == Some(service));
        match list {
            Some((name, _)) => self.lists[name.as_str()].clone(),
            None => stand_in(u16::MAX),
        }
    }
}

/// Addresses for a set that exists but is not known: a /24 of 240.0.0.0/4, which nobody may use.
/// Rules and routes cover it by naming the list, or with 0.0.0.0/0, exactly as they would cover
/// the real addresses for certain.
fn stand_in(place: u16) -> Addresses {
    let [high, low] = place.to_be_bytes();
    prefix(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(240, high, low, 0), 24)))
}

/// Collects the names that mean nothing.
struct Names {
    errors: Vec<ModelError>,
}

impl Names {
    fn check<T>(&mut self, by: &str, kind: &'static str, map: &BTreeMap<Name, T>, name: &str) {
        if !map.contains_key(name) {
            self.errors.push(ModelError { kind, name: name.to_owned(), by: by.to_owned() });
        }
    }
}

fn unknown_names(network: &Network) -> Vec<ModelError> {
    let mut names = Names { errors: Vec::new() };
    for (by, subnet) in &network.subnets {
        names.check(by, "VPC", &network.vpcs, &subnet.vpc);
    }
    routing_names(network, &mut names);
    filter_names(network, &mut names);
    gateway_names(network, &mut names);
    for (by, resource) in &network.resources {
        for interface in &resource.interfaces {
            names.check(by, "subnet", &network.subnets, &interface.subnet);
            for group in &interface.groups {
                names.check(by, "security group", &network.security_groups, group);
            }
        }
    }
    names.errors
}

fn routing_names(network: &Network, names: &mut Names) {
    for (by, table) in &network.route_tables {
        names.check(by, "VPC", &network.vpcs, &table.vpc);
        for subnet in &table.subnets {
            names.check(by, "subnet", &network.subnets, subnet);
        }
        for route in &table.routes {
            if let Destination::PrefixList(list) = &route.destination {
                names.check(by, "prefix list", &network.prefix_lists, list);
            }
            // A target that is gone is no error: AWS keeps such a route, as a black hole.
        }
    }
}

fn filter_names(network: &Network, names: &mut Names) {
    for (by, acl) in &network.network_acls {
        names.check(by, "VPC", &network.vpcs, &acl.vpc);
        for subnet in &acl.subnets {
            names.check(by, "subnet", &network.subnets, subnet);
        }
    }
    for (by, group) in &network.security_groups {
        names.check(by, "VPC", &network.vpcs, &group.vpc);
        for rule in group.ingress.iter().chain(&group.egress) {
            match &rule.peer {
                Peer::PrefixList(list) => {
                    names.check(by, "prefix list", &network.prefix_lists, list);
                }
                // A rule may outlive the group that it names (stale after a peering is gone).
                Peer::Group(_) | Peer::Cidr(_) => {}
            }
        }
    }
}

fn gateway_names(network: &Network, names: &mut Names) {
    for (by, gateway) in &network.internet_gateways {
        if let Some(vpc) = &gateway.vpc {
            names.check(by, "VPC", &network.vpcs, vpc);
        }
    }
    for (by, gateway) in &network.egress_only_gateways {
        names.check(by, "VPC", &network.vpcs, &gateway.vpc);
    }
    for (by, nat) in &network.nat_gateways {
        names.check(by, "subnet", &network.subnets, &nat.subnet);
    }
    for (by, peering) in &network.peerings {
        names.check(by, "VPC", &network.vpcs, &peering.requester);
        names.check(by, "VPC", &network.vpcs, &peering.accepter);
    }
    for (by, endpoint) in &network.endpoints {
        names.check(by, "VPC", &network.vpcs, &endpoint.vpc);
        match &endpoint.kind {
            EndpointKind::Gateway { route_tables, prefix_list } => {
                names.check(by, "prefix list", &network.prefix_lists, prefix_list);
                for table in route_tables {
                    names.check(by, "route table", &network.route_tables, table);
                }
            }
            EndpointKind::Interface { subnets, groups, .. } => {
                for subnet in subnets {
                    names.check(by, "subnet", &network.subnets, subnet);
                }
                for group in groups {
                    names.check(by, "security group", &network.security_groups, group);
                }
            }
        }
    }
}
