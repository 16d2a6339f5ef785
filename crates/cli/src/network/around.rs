//! What surrounds the stack in its networks: AWS's defaults, and what others have there.

use trueup_model::snapshot::around;
use trueup_reach::{
    AclRule, Destination, EgressOnlyGateway, Endpoint, EndpointKind, Interface, Ipv6, NetworkAcl,
    Origin, Peering, PortRange, PrefixList, PublicAddress, Resource, ResourceKind, Route, Target,
    Traffic,
};

use super::piece::{Meant, Piece};
use super::routes::state;
use super::scene::{NOT_IN_THE_STACK, Scene, Scope, origin, v4};
use super::world::{Element, Name};

/// The types of interfaces that stand for something that is in the network in its own right.
const KNOWN_OTHERWISE: [&str; 2] = ["nat_gateway", "vpc_endpoint"];

pub(super) fn prefix_lists(scene: &mut Scene<'_>) {
    scene.each(around::PREFIX_LIST, |scene, name, element| {
        let entries = element.get("entries").elements();
        let entries = entries.into_iter().filter_map(|entry| entry.text()?.parse().ok());
        let service = element.get("service").text().map(str::to_owned);
        let origin = origin(name, element);
        let list = PrefixList { service, entries: Some(entries.collect()), origin };
        scene.network.prefix_lists.insert(name.clone(), list);
    });
}

pub(super) fn acls(scene: &mut Scene<'_>) {
    scene.each(around::NETWORK_ACL, |scene, name, element| {
        let vpc = scene.vpc(name, element.get("vpc"));
        let subnets = scene.subnets(name, element.get("subnets"));
        let mut rules = |direction: &str| -> Vec<AclRule> {
            let all = element.get(direction).elements();
            let rules: Vec<Option<AclRule>> = all.iter().map(|rule| acl_rule(*rule)).collect();
            if rules.iter().any(Option::is_none) {
                let why = format!("trueup does not understand every {direction} rule of {name}");
                scene.doubt(Scope::Vpc(vpc.clone()), why);
            }
            rules.into_iter().flatten().collect()
        };
        let (ingress, egress) = (rules("ingress"), rules("egress"));
        let default = element.get("default").truth() == Some(true);
        let label =
            if default { format!("{name}, the default ACL of {vpc}") } else { name.clone() };
        let origin = Origin::labelled(label);
        let acl = NetworkAcl { vpc, default, subnets, ingress, egress, origin };
        scene.network.network_acls.insert(name.clone(), acl);
    });
}

fn acl_rule(rule: Piece<'_>) -> Option<AclRule> {
    let number = rule.field("number").value()?.as_int()?;
    let ports = || match rule.field("ports").text() {
        None => Some(PortRange::ALL),
        Some(text) => {
            let (first, last) = text.split_once('-')?;
            Some(PortRange::new(first.parse().ok()?, last.parse().ok()?))
        }
    };
    // -1 means any.
    let icmp = || {
        let (kind, code) = rule.field("icmp").text().unwrap_or("-1 -1").split_once(' ')?;
        Some((kind.parse().ok(), code.parse().ok()))
    };
    let traffic = match rule.field("protocol").text()? {
        "-1" | "all" => Traffic::All,
        "6" | "tcp" => Traffic::Tcp(ports()?),
        "17" | "udp" => Traffic::Udp(ports()?),
        "1" | "icmp" => icmp().map(|(kind, code)| Traffic::Icmp { kind, code })?,
        "58" | "icmpv6" => icmp().map(|(kind, code)| Traffic::Icmpv6 { kind, code })?,
        other => Traffic::Protocol(other.parse().ok()?),
    };
    Some(AclRule {
        number: number.try_into().ok()?,
        allow: rule.field("allow").truth()?,
        traffic,
        cidr: rule.field("cidr").text()?.parse().ok()?,
        origin: Origin::default(),
    })
}

/// Those with both ends in this account and Region. Where another leads is not looked into.
pub(super) fn peerings(scene: &mut Scene<'_>) {
    scene.each(around::VPC_PEERING, |scene, name, element| {
        let near = element.get("near").elements();
        let end = |end: &str| {
            let is_near = near.iter().any(|near| near.text() == Some(end));
            let vpc = scene.world.physical("vpc", element.get(end).text()?)?;
            is_near.then(|| vpc.clone())
        };
        let (Some(requester), Some(accepter)) = (end("requester"), end("accepter")) else {
            if near.is_empty() {
                let why = far_side(scene, name, element);
                scene.far.insert(name.clone(), why);
            }
            return;
        };
        let peering = Peering {
            requester,
            accepter,
            state: state(element),
            same_region: element.get("same_region").truth() == Some(true),
            dns_resolution: element.get("dns_resolution").truth() == Some(true),
            origin: origin(name, element),
        };
        scene.network.peerings.insert(name.clone(), peering);
    });
}

/// Why nothing is known of what is behind a peering connection.
fn far_side(scene: &Scene<'_>, name: &Name, element: &Element<'_>) -> String {
    let text = |field: String| element.get(&field).text().map(str::to_owned);
    let is_far = |end: &&&str| {
        let vpc = text((***end).to_owned());
        vpc.is_some_and(|vpc| scene.world.physical("vpc", &vpc).is_none())
    };
    let end = *["requester", "accepter"].iter().find(is_far).unwrap_or(&"accepter");
    let unknown = || "another".to_owned();
    let vpc = text(end.to_owned()).unwrap_or_else(unknown);
    let account = text(format!("{end}_account")).unwrap_or_else(unknown);
    let region = text(format!("{end}_region")).unwrap_or_else(unknown);
    format!(
        "the other side of {name}, {vpc}, is in account {account}, Region {region}, and cannot be read"
    )
}

/// Where a route to something leads that is not of the stack.
pub(super) fn target(scene: &mut Scene<'_>, vpc: &Name, id: &str) -> Target {
    let of_kind = |kind: &str| scene.world.physical(kind, id).cloned();
    if !scene.world.is_whole {
        return Target::Other(id.to_owned());
    }
    match id.split('-').next().unwrap_or_default() {
        "local" => Target::Local,
        // What was not read is not in this VPC, or gone: such a route leads nowhere.
        "igw" => Target::InternetGateway(of_kind("internet_gateway").unwrap_or(id.to_owned())),
        "nat" => Target::NatGateway(of_kind("nat_gateway").unwrap_or(id.to_owned())),
        "pcx" if scene.network.peerings.contains_key(id) => Target::Peering(id.to_owned()),
        "vpce" if is_gateway_endpoint(scene, id) => Target::Endpoint(id.to_owned()),
        "eigw" => {
            let gateway = EgressOnlyGateway { vpc: vpc.clone(), origin: Origin::default() };
            scene.network.egress_only_gateways.entry(id.to_owned()).or_insert(gateway);
            Target::EgressOnlyGateway(id.to_owned())
        }
        _ => Target::Other(id.to_owned()),
    }
}

fn is_gateway_endpoint(scene: &Scene<'_>, id: &str) -> bool {
    let endpoint = scene.world.physical(around::VPC_ENDPOINT, id);
    let endpoint = endpoint.and_then(|name| scene.world.get(name));
    endpoint.is_some_and(|endpoint| endpoint.get("type").text() == Some("gateway"))
}

/// The routes that no stack states, and those that AWS says lead nowhere.
pub(super) fn routes(scene: &mut Scene<'_>) {
    scene.each(around::ROUTE, |scene, _, element| {
        let text = |name: &str| element.get(name).text().map(str::to_owned);
        let (Some(table), Some(to), Some(by)) =
            (text("table"), text("destination"), text("target"))
        else {
            return;
        };
        let Some(table) = scene.world.physical("route_table", &table).cloned() else { return };
        let Some(vpc) = scene.network.route_tables.get(&table).map(|table| table.vpc.clone())
        else {
            return;
        };
        let target = target(scene, &vpc, &by);
        // A gateway endpoint knows its tables.
        if matches!(target, Target::Endpoint(_)) {
            return;
        }
        let destination = match to.parse() {
            Ok(net) => Destination::Cidr(net),
            Err(_) => Destination::PrefixList(super::routes::prefix_list(scene, &vpc, &to)),
        };
        let blackhole = element.get("blackhole").truth() == Some(true);
        let Some(table) = scene.network.route_tables.get_mut(&table) else { return };
        match table.routes.iter_mut().find(|route| route.destination == destination) {
            Some(route) => route.blackhole |= blackhole && route.target == target,
            None => table.routes.push(Route {
                destination,
                target,
                blackhole,
                origin: Origin::labelled(NOT_IN_THE_STACK),
            }),
        }
    });
}

pub(super) fn endpoints(scene: &mut Scene<'_>) {
    scene.each(around::VPC_ENDPOINT, |scene, name, element| {
        let vpc = scene.vpc(name, element.get("vpc"));
        let service = element.get("service").text().unwrap_or_default().to_owned();
        let kind = match element.get("type").text() {
            Some("gateway") => gateway(scene, name, element, &service),
            Some("interface") => {
                let subnets = scene.subnets(name, element.get("subnets"));
                let groups = scene.groups(name, element.get("security_groups"), &vpc);
                let private_dns = element.get("private_dns").truth() == Some(true);
                EndpointKind::Interface { subnets, groups, private_dns }
            }
            // One for a fleet of firewalls is a target of routes, and those lead anywhere.
            _ => return,
        };
        let policy = element.get("policy").text().map(|_| "a policy of its own".to_owned());
        let origin = origin(name, element);
        let endpoint = Endpoint { vpc, service, kind, state: state(element), policy, origin };
        scene.network.endpoints.insert(name.clone(), endpoint);
    });
}

fn gateway(
    scene: &mut Scene<'_>,
    name: &Name,
    element: &Element<'_>,
    service: &str,
) -> EndpointKind {
    let tables = element.get("route_tables").elements();
    let known =
        tables.into_iter().filter_map(|table| match table.meant(&scene.world, &["route_table"]) {
            Meant::Known(names) => names.into_iter().next(),
            Meant::Foreign(_) | Meant::Unknown(_) | Meant::Nothing => None,
        });
    let route_tables = known.collect();
    let mut lists = Vec::new();
    scene.each(around::ROUTE, |_, _, route| {
        if route.get("target").text() == element.live.map(|live| live.id.as_str()) {
            lists.extend(route.get("destination").text().map(str::to_owned));
        }
    });
    let prefix_list =
        lists.into_iter().next().unwrap_or_else(|| format!("the prefix list of {name}"));
    let list =
        PrefixList { service: Some(service.to_owned()), entries: None, origin: Origin::default() };
    scene.network.prefix_lists.entry(prefix_list.clone()).or_insert(list);
    EndpointKind::Gateway { route_tables, prefix_list }
}

/// Interfaces that were attached to instances of the stack, and other people's.
pub(super) fn interfaces(scene: &mut Scene<'_>) {
    scene.each(around::NETWORK_INTERFACE, |scene, name, element| {
        let kind = element.get("type").text().unwrap_or_default();
        let Some(mut interface) = interface(scene, name, element) else { return };
        if KNOWN_OTHERWISE.contains(&kind) {
            return;
        }
        let instance = element.get("instance").text();
        let instance = instance.and_then(|id| scene.world.physical("instance", id)).cloned();
        if let Some(resource) = instance.and_then(|name| scene.network.resources.get_mut(&name)) {
            let known = resource.interfaces.iter().any(|known| known.address == interface.address);
            if !known {
                interface.source_ports = None;
                resource.interfaces.push(interface);
            }
            return;
        }
        let what = element.get("description").text().filter(|text| !text.is_empty());
        let label = what.map_or_else(|| name.clone(), |what| format!("{name} ({what})"));
        let kind = ResourceKind::Other;
        let origin = Origin::labelled(label);
        let resource = Resource { kind, interfaces: vec![interface], port: None, origin };
        scene.network.resources.insert(name.clone(), resource);
    });
}

fn interface(scene: &mut Scene<'_>, name: &Name, element: &Element<'_>) -> Option<Interface> {
    let subnet = scene.subnets(name, element.get("subnet")).into_iter().next()?;
    let vpc = scene.network.subnets.get(&subnet)?.vpc.clone();
    let groups = scene.groups(name, element.get("security_groups"), &vpc);
    let v6 = element.get("ipv6_addresses").elements();
    let v6: Vec<_> = v6.into_iter().filter_map(|one| one.text()?.parse().ok()).collect();
    let public = element.get("public_ip").text().and_then(v4);
    Some(Interface {
        address: element.get("private_ip").text().and_then(v4),
        public_address: public.map_or(PublicAddress::None, PublicAddress::Known),
        ipv6: if v6.is_empty() { Ipv6::None } else { Ipv6::Known(v6) },
        ..Interface::new(subnet, groups)
    })
}
