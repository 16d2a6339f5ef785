//! The change that would open a way: as data, as a sentence, and carried out on a network.

use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::network::{
    AclRule, Destination, Direction, EndpointKind, GroupRule, InternetGateway, Listener, Name,
    Network, Origin, Peer, PublicAddress, ResourceKind, Route, RouteTable, State, Target,
};
use crate::packets::Traffic;

/// One change to the network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Add a rule to a security group.
    AllowInGroup {
        /// The group.
        group: Name,
        /// In or out.
        direction: Direction,
        /// What to allow.
        traffic: Traffic,
        /// From or to whom.
        peer: Peer,
    },
    /// Add a rule to a network ACL.
    AllowInAcl {
        /// The ACL.
        acl: Name,
        /// In or out.
        direction: Direction,
        /// A free number, before the rule that denies.
        number: u16,
        /// What to allow.
        traffic: Traffic,
        /// From or to where.
        cidr: IpNet,
    },
    /// Remove a rule that denies from a network ACL: no number before it is free.
    RemoveFromAcl {
        /// The ACL.
        acl: Name,
        /// In or out.
        direction: Direction,
        /// The rule's number.
        number: u16,
    },
    /// Add a route, or point it elsewhere.
    SetRoute {
        /// The table; the VPC's own main table when absent.
        table: Option<Name>,
        /// The table's VPC.
        vpc: Name,
        /// Which packets.
        destination: Destination,
        /// Where to.
        target: Target,
    },
    /// Attach an internet gateway.
    AttachInternetGateway {
        /// The gateway; a new one when absent.
        gateway: Option<Name>,
        /// The VPC.
        vpc: Name,
    },
    /// Give an instance a public IPv4 address.
    GivePublicAddress {
        /// The resource.
        resource: Name,
    },
    /// Make a database publicly accessible.
    MakePubliclyAccessible {
        /// The database.
        resource: Name,
    },
    /// Make a load balancer internet-facing: a new one, AWS does not change it.
    MakeInternetFacing {
        /// The load balancer.
        resource: Name,
    },
    /// Give a load balancer a listener.
    Listen {
        /// The load balancer.
        balancer: Name,
        /// What to listen for.
        traffic: Traffic,
    },
    /// Turn on the VPC's DNS support and host names.
    EnableDns {
        /// The VPC.
        vpc: Name,
    },
    /// Turn on an endpoint's private DNS name.
    EnablePrivateDns {
        /// The endpoint.
        endpoint: Name,
    },
    /// Let public names resolve to private addresses across a peering connection.
    EnablePeeringDns {
        /// The connection.
        peering: Name,
    },
    /// Make something work that is not available: wait for it, or make it anew.
    Restore {
        /// A NAT gateway, an endpoint or a peering connection.
        name: Name,
    },
    /// Give a NAT gateway a public address: a new one, AWS does not change it.
    GiveNatAddress {
        /// The NAT gateway.
        nat: Name,
    },
    /// Make a NAT gateway in a subnet that has a route to the internet.
    CreateNatGateway {
        /// The VPC.
        vpc: Name,
    },
    /// Move a NAT gateway to a subnet that has a route to the internet.
    MoveNatGateway {
        /// The NAT gateway.
        nat: Name,
    },
    /// Put something into a subnet whose way to the internet is a NAT gateway.
    MoveBehindNat {
        /// What to move.
        resource: Name,
    },
    /// Connect two VPCs by peering.
    CreatePeering {
        /// The one.
        requester: Name,
        /// The other.
        accepter: Name,
    },
}

impl Change {
    /// Carries the change out. Says `false`, and changes nothing, where somebody has to choose
    /// first (a subnet for a new NAT gateway) or the element is not there.
    pub fn apply(&self, network: &mut Network) -> bool {
        self.try_apply(network).is_some()
    }

    fn try_apply(&self, network: &mut Network) -> Option<()> {
        match self {
            Self::AllowInGroup { group, direction, traffic, peer } => {
                let group = network.security_groups.get_mut(group)?;
                let rules = match direction {
                    Direction::Ingress => &mut group.ingress,
                    Direction::Egress => &mut group.egress,
                };
                let (traffic, peer) = (*traffic, peer.clone());
                rules.push(GroupRule { traffic, peer, origin: Origin::default() });
            }
            Self::AllowInAcl { acl, direction, number, traffic, cidr } => {
                let (number, traffic, cidr) = (*number, *traffic, *cidr);
                let rule =
                    AclRule { number, allow: true, traffic, cidr, origin: Origin::default() };
                network.network_acls.get_mut(acl)?.rules_mut(*direction).push(rule);
            }
            Self::RemoveFromAcl { acl, direction, number } => {
                let rules = network.network_acls.get_mut(acl)?.rules_mut(*direction);
                rules.retain(|rule| rule.number != *number);
            }
            Self::SetRoute { table, vpc, destination, target } => {
                let table = table.clone().unwrap_or_else(|| main_table(network, vpc));
                let routes = &mut network.route_tables.get_mut(&table)?.routes;
                routes.retain(|route| route.destination != *destination);
                let (destination, target) = (destination.clone(), target.clone());
                let origin = Origin::default();
                routes.push(Route { destination, target, blackhole: false, origin });
            }
            Self::AttachInternetGateway { gateway, vpc } => {
                let name = gateway.clone().unwrap_or_else(|| format!("internet gateway of {vpc}"));
                let new = InternetGateway { vpc: None, origin: Origin::default() };
                network.internet_gateways.entry(name).or_insert(new).vpc = Some(vpc.clone());
            }
            Self::EnableDns { vpc } => {
                let vpc = network.vpcs.get_mut(vpc)?;
                (vpc.dns_support, vpc.dns_hostnames) = (true, true);
            }
            Self::EnablePrivateDns { endpoint } => {
                match &mut network.endpoints.get_mut(endpoint)?.kind {
                    EndpointKind::Interface { private_dns, .. } => *private_dns = true,
                    EndpointKind::Gateway { .. } => return None,
                }
            }
            Self::EnablePeeringDns { peering } => {
                network.peerings.get_mut(peering)?.dns_resolution = true;
            }
            Self::GiveNatAddress { nat } => {
                network.nat_gateways.get_mut(nat)?.public_address = PublicAddress::Assigned;
            }
            Self::Restore { name } => *state_of(network, name)? = State::Available,
            Self::GivePublicAddress { resource }
            | Self::MakePubliclyAccessible { resource }
            | Self::MakeInternetFacing { resource } => give_public(network, resource)?,
            Self::Listen { balancer, traffic } => listen(network, balancer, *traffic)?,
            Self::CreateNatGateway { .. }
            | Self::MoveNatGateway { .. }
            | Self::MoveBehindNat { .. }
            | Self::CreatePeering { .. } => return None,
        }
        Some(())
    }
}

fn main_table(network: &mut Network, vpc: &str) -> Name {
    let name = format!("main route table of {vpc}");
    network.route_tables.entry(name.clone()).or_insert_with(|| RouteTable {
        vpc: vpc.to_owned(),
        main: true,
        subnets: Vec::new(),
        routes: Vec::new(),
        origin: Origin::default(),
    });
    name
}

fn state_of<'n>(network: &'n mut Network, name: &str) -> Option<&'n mut State> {
    if let Some(nat) = network.nat_gateways.get_mut(name) {
        return Some(&mut nat.state);
    }
    if let Some(endpoint) = network.endpoints.get_mut(name) {
        return Some(&mut endpoint.state);
    }
    network.peerings.get_mut(name).map(|peering| &mut peering.state)
}

fn give_public(network: &mut Network, resource: &str) -> Option<()> {
    let resource = network.resources.get_mut(resource)?;
    match &mut resource.kind {
        ResourceKind::Database { publicly_accessible } => *publicly_accessible = true,
        ResourceKind::LoadBalancer { internet_facing, .. } => *internet_facing = true,
        ResourceKind::Function { .. } => return None,
        ResourceKind::Instance { .. } | ResourceKind::Other => {
            for interface in &mut resource.interfaces {
                if interface.public_address == PublicAddress::None {
                    interface.public_address = PublicAddress::Assigned;
                }
            }
        }
    }
    Some(())
}

/// Of what somebody has to choose the port first, nothing comes.
fn listen(network: &mut Network, balancer: &str, traffic: Traffic) -> Option<()> {
    let (udp, ports) = match traffic {
        Traffic::Tcp(ports) => (false, ports),
        Traffic::Udp(ports) => (true, ports),
        _ => return None,
    };
    let ResourceKind::LoadBalancer { listeners: Some(listeners), .. } =
        &mut network.resources.get_mut(balancer)?.kind
    else {
        return None;
    };
    let port = (ports.first == ports.last).then_some(ports.first)?;
    listeners.push(Listener { port, udp, targets: Vec::new() });
    Some(())
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllowInGroup { group, direction, traffic, peer } => {
                write!(
                    f,
                    "add to {group} an {direction} rule: {traffic} {} {peer}",
                    word(*direction)
                )
            }
            Self::AllowInAcl { acl, direction, number, traffic, cidr } => {
                let word = word(*direction);
                write!(f, "add to {acl} {direction} rule {number}: allow {traffic} {word} {cidr}")
            }
            Self::RemoveFromAcl { acl, direction, number } => {
                write!(f, "remove {direction} rule {number} from {acl}")
            }
            Self::SetRoute { table, vpc, destination, target } => match table {
                Some(table) => write!(f, "route {destination} to {target} in {table}"),
                None => {
                    write!(f, "route {destination} to {target} in the main route table of {vpc}")
                }
            },
            Self::AttachInternetGateway { gateway: Some(gateway), vpc } => {
                write!(f, "attach {gateway} to {vpc}")
            }
            Self::AttachInternetGateway { gateway: None, vpc } => {
                write!(f, "create an internet gateway and attach it to {vpc}")
            }
            Self::GivePublicAddress { resource } => {
                write!(f, "give {resource} a public IPv4 address")
            }
            Self::MakePubliclyAccessible { resource } => {
                write!(f, "set publicly_accessible on {resource}")
            }
            Self::MakeInternetFacing { resource } => write!(f, "make {resource} internet-facing"),
            Self::Listen { balancer, traffic } => {
                write!(f, "give {balancer} a listener for {traffic}")
            }
            Self::EnableDns { vpc } => write!(f, "turn on DNS support and DNS host names of {vpc}"),
            Self::EnablePrivateDns { endpoint } => write!(f, "turn on private DNS of {endpoint}"),
            Self::EnablePeeringDns { peering } => write!(f, "turn on DNS resolution of {peering}"),
            Self::Restore { name } => write!(f, "wait until {name} is available, or make it anew"),
            Self::GiveNatAddress { nat } => write!(f, "make {nat} public, with an Elastic IP"),
            Self::CreateNatGateway { vpc } => {
                write!(f, "create a NAT gateway in a public subnet of {vpc} and route to it")
            }
            Self::MoveNatGateway { nat } => {
                write!(f, "put {nat} into a subnet whose route to 0.0.0.0/0 is an internet gateway")
            }
            Self::MoveBehindNat { resource } => {
                write!(f, "put {resource} into a subnet whose route to 0.0.0.0/0 is a NAT gateway")
            }
            Self::CreatePeering { requester, accepter } => {
                write!(
                    f,
                    "connect {requester} and {accepter} by peering, and route to it on both sides"
                )
            }
        }
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}
