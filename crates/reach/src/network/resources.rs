//! What sends and receives: instances, databases, functions, load balancers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{Name, Origin, State};
use crate::packets::{PortRange, Traffic};

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
    /// A load balancer.
    LoadBalancer {
        /// Whether it has public addresses, to which its name resolves.
        internet_facing: bool,
        /// What it does with connections.
        #[serde(default)]
        layer: Layer,
        /// What it listens for; nothing where that is not known, and then every port counts.
        #[serde(default)]
        listeners: Option<Vec<Listener>>,
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
    /// It has no role.
    None,
    /// Its role does not have the rights.
    Missing,
    /// It has `AmazonSSMManagedInstanceCore` or as much.
    SessionManager,
}

/// What a load balancer does with connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// It ends them and sends requests of its own: who reaches it does not reach its targets.
    #[default]
    Application,
    /// It passes them on: who reaches it reaches its targets.
    Network,
}

/// What a load balancer listens for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The port.
    pub port: u16,
    /// Whether it is UDP; TCP if not.
    #[serde(default)]
    pub udp: bool,
    /// Where it forwards to.
    pub targets: Vec<ListenerTarget>,
}

impl Listener {
    /// What it listens for, as traffic.
    pub fn traffic(&self) -> Traffic {
        self.to_port(self.port)
    }

    /// What it sends to a port of a target.
    pub(crate) fn to_port(&self, port: u16) -> Traffic {
        if self.udp { Traffic::Udp(PortRange::one(port)) } else { Traffic::tcp(port) }
    }
}

/// Where a listener forwards to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerTarget {
    /// The resource; also one that is not in the network, which is then only another choice.
    pub resource: Name,
    /// The address that is registered; the first interface where it is the resource itself.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// Whether its target group is of IPv6: the load balancer then sends IPv6, whatever it got.
    #[serde(default)]
    pub ipv6: bool,
    /// The port there.
    pub port: u16,
    /// Whether it sees the client's address and port, not the load balancer's (client IP
    /// preservation; of network load balancers only, and of clients of its own family).
    #[serde(default)]
    pub keeps_client: bool,
    /// Whether nodes in other zones send to it too (cross-zone load balancing).
    #[serde(default)]
    pub cross_zone: bool,
    /// Whether its target group takes it for healthy.
    #[serde(default)]
    pub state: State,
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
