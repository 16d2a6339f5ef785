//! Load balancers that others have in the networks of the stack, and what they forward to; also as
//! ends, where the stack looks them up.

use std::net::IpAddr;

use trueup_model::snapshot::around;
use trueup_reach::{
    Interface, Ipv6, Layer, Listener, ListenerTarget, Origin, PublicAddress, Resource,
    ResourceKind, State,
};

use super::piece::Piece;
use super::resources::within;
use super::scene::{Opening, Scene, v4};
use super::world::{Element, Name};

/// How EC2 describes the interface of a database; of which, it does not say.
const OF_DATABASE: &str = "RDSNetworkInterface";

/// Each with its nodes.
pub(super) fn balancers(scene: &mut Scene<'_>) {
    scene.each(around::LOAD_BALANCER, |scene, name, element| {
        let subnets = scene.subnets(name, element.get("subnets"));
        let interfaces = nodes(scene, name, element, &subnets);
        let sort = element.get("type").text().unwrap_or_default();
        let layer = if sort == "network" { Layer::Network } else { Layer::Application };
        let internet_facing = element.get("internet_facing").truth() == Some(true);
        let kind = ResourceKind::LoadBalancer { internet_facing, layer, listeners: None };
        let label = if element.around { format!("load balancer {name}") } else { name.clone() };
        let origin = Origin::labelled(label);
        let resource = Resource { kind, interfaces, port: None, origin };
        scene.network.resources.insert(name.clone(), resource);
        if element.get("listeners").is_null() {
            let why = match sort {
                "classic" => "of classic load balancers trueup does not read that",
                "gateway" => "a gateway load balancer takes what routes lead to its endpoints",
                _ => "it is of another account, or could not be read",
            };
            let unread = format!("what load balancer {name} listens for is not known: {why}");
            scene.closings.insert(name.clone(), unread);
            if sort == "gateway" {
                return;
            }
            let vpcs = subnets.iter().filter_map(|name| scene.network.subnets.get(name));
            let vpcs: Vec<Name> = vpcs.map(|subnet| subnet.vpc.clone()).collect();
            // A classic one forwards to instances and to nothing else.
            let to_instances = sort == "classic";
            for vpc in vpcs {
                let why = format!("what load balancer {name} forwards to is not known: {why}");
                scene.may_let_in(Opening { vpc, to_instances, why });
            }
        }
    });
    // Load balancers may be targets themselves, so all are there before any target.
    scene.each(around::LOAD_BALANCER, |scene, name, element| {
        if element.get("listeners").is_null() {
            return;
        }
        let read = element.get("listeners").elements();
        let read: Vec<Listener> = read.iter().filter_map(|one| listener(scene, *one)).collect();
        let Some(resource) = scene.network.resources.get_mut(name) else { return };
        resource.port = read.iter().find(|listener| !listener.udp).map(|listener| listener.port);
        if let ResourceKind::LoadBalancer { listeners, .. } = &mut resource.kind {
            *listeners = Some(read);
        }
    });
}

/// Its interfaces as EC2 has them, or else one in each of its subnets.
fn nodes(
    scene: &mut Scene<'_>,
    name: &Name,
    element: &Element<'_>,
    subnets: &[Name],
) -> Vec<Interface> {
    let nodes = element.get("nodes").elements();
    let plain = within(scene, name, element, subnets);
    let Some(first) = plain.first().filter(|_| !nodes.is_empty()) else { return plain };
    let groups = first.groups.clone();
    let node = |node| addressed(scene, name, node, groups.clone());
    nodes.into_iter().filter_map(node).collect()
}

/// An interface as EC2 tells of it.
pub(super) fn addressed(
    scene: &mut Scene<'_>,
    of: &Name,
    piece: Piece<'_>,
    groups: Vec<Name>,
) -> Option<Interface> {
    let subnet = scene.subnets(of, piece.field("subnet")).into_iter().next()?;
    let public = piece.field("public_ip").text().and_then(v4);
    let v6 = piece.field("ipv6_addresses").elements();
    let v6: Vec<_> = v6.into_iter().filter_map(|one| one.text()?.parse().ok()).collect();
    Some(Interface {
        address: piece.field("private_ip").text().and_then(v4),
        public_address: public.map_or(PublicAddress::None, PublicAddress::Known),
        ipv6: if v6.is_empty() { Ipv6::None } else { Ipv6::Known(v6) },
        ..Interface::new(subnet, groups)
    })
}

fn listener(scene: &Scene<'_>, piece: Piece<'_>) -> Option<Listener> {
    let targets = piece.field("targets").elements();
    Some(Listener {
        port: port(piece)?,
        udp: piece.field("udp").truth() == Some(true),
        targets: targets.into_iter().flat_map(|one| targets_of(scene, one)).collect(),
    })
}

fn port(piece: Piece<'_>) -> Option<u16> {
    piece.field("port").value()?.as_int()?.try_into().ok()
}

/// What a target may be: several things where only an address is known.
fn targets_of(scene: &Scene<'_>, piece: Piece<'_>) -> Vec<ListenerTarget> {
    let text = |field: &str| piece.field(field).text();
    let Some(port) = port(piece) else { return Vec::new() };
    let named = |kind: &str, id: &str| {
        scene.world.physical(kind, id).cloned().unwrap_or_else(|| id.to_owned())
    };
    let ipv6 = piece.field("ipv6").truth() == Some(true);
    let mut address: Option<IpAddr> = text("address").and_then(|text| text.parse().ok());
    let resources = match (text("instance"), text("load_balancer"), address) {
        (Some(id), _, _) => {
            let name = named("instance", id);
            // What is registered by itself is reached at its first interface.
            let interfaces = scene.network.resources.get(&name).map(|one| &one.interfaces);
            address = interfaces.and_then(|all| all.first()).and_then(|first| own(first, ipv6));
            vec![name]
        }
        (None, Some(id), _) => vec![named(around::LOAD_BALANCER, id)],
        (None, None, Some(address)) => owners(scene, address),
        (None, None, None) => Vec::new(),
    };
    let target = |resource: Name| ListenerTarget {
        resource,
        address,
        port,
        ipv6,
        keeps_client: piece.field("keeps_client").truth() == Some(true),
        cross_zone: piece.field("cross_zone").truth() == Some(true),
        state: text("state").map_or(State::Available, |state| State::Not(state.to_owned())),
    };
    resources.into_iter().map(target).collect()
}

/// The first address of one family that an interface is known to have.
fn own(interface: &Interface, ipv6: bool) -> Option<IpAddr> {
    match &interface.ipv6 {
        _ if !ipv6 => interface.address.map(IpAddr::V4),
        Ipv6::Known(all) => all.first().copied().map(IpAddr::V6),
        Ipv6::None | Ipv6::Assigned => None,
    }
}

/// Whether an interface is known to have an address.
fn has_address(interface: &Interface, address: IpAddr) -> bool {
    match (address, &interface.ipv6) {
        (IpAddr::V4(address), _) => interface.address == Some(address),
        (IpAddr::V6(address), Ipv6::Known(all)) => all.contains(&address),
        (IpAddr::V6(_), Ipv6::None | Ipv6::Assigned) => false,
    }
}

/// What has an address: what is known to, or else what may have it.
fn owners(scene: &Scene<'_>, address: IpAddr) -> Vec<Name> {
    let has = |resource: &&Name| {
        let interfaces = &scene.network.resources[*resource].interfaces;
        interfaces.iter().any(|interface| has_address(interface, address))
    };
    let known: Vec<&Name> = scene.network.resources.keys().filter(has).collect();
    let is_database = |name: &&&Name| {
        let element = scene.world.get(name);
        element.is_some_and(|one| one.get("description").text() == Some(OF_DATABASE))
    };
    if !known.is_empty() && known.iter().filter(is_database).count() == 0 {
        return known.into_iter().cloned().collect();
    }
    let is_there = |interface: &Interface| {
        let Some(subnet) = scene.network.subnets.get(&interface.subnet) else { return false };
        match address {
            IpAddr::V4(address) => {
                let block = subnet.cidr;
                interface.address.is_none() && block.is_some_and(|block| block.contains(&address))
            }
            IpAddr::V6(address) => {
                let block = subnet.ipv6_cidr;
                let is_open = !matches!(interface.ipv6, Ipv6::Known(_));
                is_open && block.is_some_and(|block| block.contains(&address))
            }
        }
    };
    let may = scene.network.resources.iter().filter(|(_, resource)| {
        let sort = match resource.kind {
            ResourceKind::Database { .. } => true,
            ResourceKind::Instance { .. } => known.is_empty(),
            _ => false,
        };
        sort && resource.interfaces.iter().any(is_there)
    });
    let may: Vec<Name> = may.map(|(name, _)| name.clone()).collect();
    if may.is_empty() { known.into_iter().cloned().collect() } else { may }
}
