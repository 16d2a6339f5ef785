//! The network as plain data: what a plan says will be, or what AWS says is.
//!
//! Elements refer to each other by name, the keys of the maps here. Which names is the caller's
//! choice (an address in the stack, or an AWS id); [`Origin`] has the words for people.

mod filters;
mod gateways;
mod index;
mod resources;

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

pub use filters::{AclRule, Direction, GroupRule, NetworkAcl, Peer, PrefixList, SecurityGroup};
pub use gateways::{
    EgressOnlyGateway, Endpoint, EndpointKind, InternetGateway, NatGateway, Peering, State,
};
pub(crate) use index::Index;
pub use index::ModelError;
pub use resources::{
    Interface, Ipv6, Layer, Listener, ListenerTarget, PublicAddress, Resource, ResourceKind, Role,
};

/// The key of an element in one of the maps of [`Network`].
pub type Name = String;

/// A network, whole: also what no stack declares but AWS has (default ACLs, main route tables,
/// other people's groups and interfaces).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// VPCs.
    pub vpcs: BTreeMap<Name, Vpc>,
    /// Subnets.
    pub subnets: BTreeMap<Name, Subnet>,
    /// Route tables. A VPC without a main one here has AWS's own, which only has the local routes.
    pub route_tables: BTreeMap<Name, RouteTable>,
    /// Internet gateways.
    pub internet_gateways: BTreeMap<Name, InternetGateway>,
    /// Egress-only internet gateways (IPv6).
    pub egress_only_gateways: BTreeMap<Name, EgressOnlyGateway>,
    /// NAT gateways.
    pub nat_gateways: BTreeMap<Name, NatGateway>,
    /// Network ACLs. A VPC without a default one here has AWS's own, which allows everything.
    pub network_acls: BTreeMap<Name, NetworkAcl>,
    /// Security groups.
    pub security_groups: BTreeMap<Name, SecurityGroup>,
    /// Prefix lists, AWS's own (S3, `DynamoDB`) among them.
    pub prefix_lists: BTreeMap<Name, PrefixList>,
    /// VPC endpoints.
    pub endpoints: BTreeMap<Name, Endpoint>,
    /// Peering connections.
    pub peerings: BTreeMap<Name, Peering>,
    /// Everything that has a network interface, and Lambda functions that have none.
    pub resources: BTreeMap<Name, Resource>,
}

/// Where an element comes from, in the words of the stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Origin {
    /// What people call it, `security_group.database`. The element's name where empty.
    pub label: String,
    /// Where the stack says so, `snowex.yaml:58`.
    pub location: Option<String>,
}

impl Origin {
    /// An origin with a label and no location.
    pub fn labelled(label: impl Into<String>) -> Self {
        Self { label: label.into(), location: None }
    }

    /// Label and location for a message; `name` where there is no label.
    pub(crate) fn words(&self, name: &str) -> String {
        let label = if self.label.is_empty() { name } else { &self.label };
        match &self.location {
            Some(location) => format!("{label} ({location})"),
            None => label.to_owned(),
        }
    }
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// IPv4 blocks, the primary and all others.
    pub cidrs: Vec<Ipv4Net>,
    /// IPv6 blocks.
    #[serde(default)]
    pub ipv6_cidrs: Vec<Ipv6Net>,
    /// `enableDnsSupport`: names resolve inside.
    pub dns_support: bool,
    /// `enableDnsHostnames`: public and endpoint names exist.
    pub dns_hostnames: bool,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The VPC.
    pub vpc: Name,
    /// The availability zone, in any notation that is the same for all subnets.
    pub zone: String,
    /// The IPv4 block; absent in an IPv6-only subnet.
    pub cidr: Option<Ipv4Net>,
    /// The IPv6 block.
    #[serde(default)]
    pub ipv6_cidr: Option<Ipv6Net>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// A route table. The local routes of its VPC are implied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// The VPC.
    pub vpc: Name,
    /// Whether it serves the subnets that are associated with no table.
    #[serde(default)]
    pub main: bool,
    /// The subnets associated with it.
    #[serde(default)]
    pub subnets: Vec<Name>,
    /// The routes, local ones left out; gateway endpoints add theirs by themselves.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Which packets it is for.
    pub destination: Destination,
    /// Where they go.
    pub target: Target,
    /// Whether AWS reports the route as a black hole, whatever the target.
    #[serde(default)]
    pub blackhole: bool,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// What a route is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// One prefix.
    Cidr(IpNet),
    /// Every prefix of a list.
    PrefixList(Name),
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Within the VPC.
    Local,
    /// An internet gateway.
    InternetGateway(Name),
    /// An egress-only internet gateway.
    EgressOnlyGateway(Name),
    /// A NAT gateway.
    NatGateway(Name),
    /// A peering connection.
    Peering(Name),
    /// A gateway endpoint.
    Endpoint(Name),
    /// Anything that the model does not look into: a transit or virtual private gateway, a network
    /// interface that forwards. Packets may pass there or not: nobody can say.
    Other(String),
}
