//! What sends and receives: instances, databases, functions, load balancers.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{Name, Origin};
use crate::packets::PortRange;

/// Something with network interfaces, or a Lambda function without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Its interfaces, one for each subnet where it is *or may come to be*: a database has one in
    /// each subnet of its group, a family of instances one for each instance.
    #[serde(default)]
    pub interfaces: Vec<Interface>,
    /// The TCP port that it serves, where known: only examples and advice use it.
    #[serde(default)]
    pub port: Option<u16>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// What a resource is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// An EC2 instance, a family of them, or a Beanstalk environment's instances.
    Instance {
        /// What is known of its role, for Session Manager.
        #[serde(default)]
        role: Role,
    },
    /// An RDS database.
    Database {
        /// Whether its interfaces get public addresses.
        publicly_accessible: bool,
    },
    /// A Lambda function; outside every VPC when it has no interface.
    Function {
        /// `Ipv6AllowedForDualStack`.
        #[serde(default)]
        ipv6: bool,
    },
    /// A load balancer. What it forwards is a connection of its own.
    LoadBalancer {
        /// Whether it has public addresses.
        internet_facing: bool,
        /// What it listens for.
        #[serde(default)]
        listeners: Vec<Listener>,
    },
    /// Any other owner of an interface, also of somebody else.
    Other,
}

/// Whether an instance's role lets Session Manager work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nobody looked.
    #[default]
    Unknown,
    /// There is no role, or one without the rights.
    Missing,
    /// It has `AmazonSSMManagedInstanceCore` or as much.
    SessionManager,
}

/// What a load balancer listens for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The TCP port.
    pub port: u16,
    /// Where it forwards to.
    pub targets: Vec<ListenerTarget>,
}

/// Where a listener forwards to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerTarget {
    /// The resource.
    pub resource: Name,
    /// The TCP port there.
    pub port: u16,
}

/// A network interface, or the place of a future one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// The subnet.
    pub subnet: Name,
    /// Its security groups. Empty only where there really is none (a network load balancer made
    /// without): nothing is filtered then. Whoever gives AWS no group gets the VPC's default
    /// group, which must be written here.
    #[serde(default)]
    pub groups: Vec<Name>,
    /// Its private IPv4 address; any of the subnet's where not known.
    #[serde(default)]
    pub address: Option<Ipv4Addr>,
    /// Its public IPv4 address. Databases and load balancers say so on the resource instead.
    #[serde(default)]
    pub public_address: PublicAddress,
    /// Its IPv6 addresses.
    #[serde(default)]
    pub ipv6: Ipv6,
    /// The ports that its own connections start from, where they are not the usual ones of its
    /// kind.
    #[serde(default)]
    pub source_ports: Option<PortRange>,
}

impl Interface {
    /// An interface in a subnet with groups, its addresses not known yet, none of them public.
    pub fn new(subnet: impl Into<Name>, groups: impl IntoIterator<Item = Name>) -> Self {
        Self {
            subnet: subnet.into(),
            groups: groups.into_iter().collect(),
            address: None,
            public_address: PublicAddress::None,
            ipv6: Ipv6::None,
            source_ports: None,
        }
    }
}

/// A public IPv4 address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicAddress {
    /// There is none.
    #[default]
    None,
    /// There is one, which AWS has not chosen yet.
    Assigned,
    /// This one.
    Known(Ipv4Addr),
}

/// An interface's IPv6 address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ipv6 {
    /// There is none.
    #[default]
    None,
    /// One of the subnet's, not known yet.
    Assigned,
    /// These.
    Known(Vec<Ipv6Addr>),
}
