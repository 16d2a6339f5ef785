//! The ways out of a VPC and into it.

use serde::{Deserialize, Serialize};

use super::{Name, Origin, PublicAddress};

/// An internet gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// The VPC that it is attached to.
    pub vpc: Option<Name>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// An egress-only internet gateway: IPv6 out, nothing in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressOnlyGateway {
    /// The VPC.
    pub vpc: Name,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// Whether something works yet, or still. In a planned network things work.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It works.
    #[default]
    Available,
    /// It does not; AWS's word for its state.
    Not(String),
}

impl State {
    /// Whether it works.
    pub fn is_available(&self) -> bool {
        matches!(self, Self::Available)
    }
}

/// A NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// The subnet that it stands in.
    pub subnet: Name,
    /// Its private address; anywhere in the subnet where not known.
    #[serde(default)]
    pub address: Option<std::net::Ipv4Addr>,
    /// Its public address; [`PublicAddress::None`] for private connectivity.
    pub public_address: PublicAddress,
    /// Whether it works.
    #[serde(default)]
    pub state: State,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// A VPC endpoint. Its policy may refuse single requests; the network does not see that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The VPC.
    pub vpc: Name,
    /// The service by its short name: `s3`, `secretsmanager`, `ssm`.
    pub service: String,
    /// What sort of endpoint.
    pub kind: EndpointKind,
    /// Whether it works.
    #[serde(default)]
    pub state: State,
    /// What people call its policy, where it is not the one that allows everything: named in
    /// answers, not judged.
    #[serde(default)]
    pub policy: Option<String>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// The two sorts of endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// Routes to a prefix list (S3, `DynamoDB`).
    Gateway {
        /// The tables that have the route.
        route_tables: Vec<Name>,
        /// The service's prefix list.
        prefix_list: Name,
    },
    /// Interfaces in subnets.
    Interface {
        /// The subnets.
        subnets: Vec<Name>,
        /// The groups of the interfaces.
        groups: Vec<Name>,
        /// Whether the service's ordinary name resolves to the interfaces inside the VPC.
        private_dns: bool,
    },
}

/// A peering connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peering {
    /// The VPC that asked.
    pub requester: Name,
    /// The VPC that accepted.
    pub accepter: Name,
    /// Whether it works (`active`).
    #[serde(default)]
    pub state: State,
    /// Whether the VPCs are in one Region: only then do rules that name a group hold across it.
    pub same_region: bool,
    /// Whether public names of either side resolve to private addresses on the other.
    #[serde(default)]
    pub dns_resolution: bool,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}
