//! What sends and receives: instances, databases, functions.

use trueup_reach::{Interface, Ipv6, PublicAddress, Resource, ResourceKind, Role};

use super::piece::Meant;
use super::scene::{Scene, Scope, origin, v4};
use super::world::{Element, Name};

/// The policy that Session Manager wants.
const SESSION_MANAGER: &str = "AmazonSSMManagedInstanceCore";

pub(super) fn resources(scene: &mut Scene<'_>) {
    scene.each("instance", |scene, name, element| {
        let mut interfaces = interfaces(scene, name, element, "subnet");
        for interface in &mut interfaces {
            interface.address = element.get("private_ip").text().and_then(v4);
            interface.public_address = public_address(scene, name, element);
            interface.ipv6 = ipv6(scene, &interface.subnet);
        }
        let kind = ResourceKind::Instance { role: role(scene, element) };
        add(scene, name, element, kind, interfaces);
    });
    scene.each("db_instance", |scene, name, element| {
        let interfaces = database(scene, name, element);
        let public = element.get("publicly_accessible").truth();
        if public.is_none() {
            let why = format!("whether {name} is publicly accessible is not known");
            scene.doubt(Scope::Element(name.clone()), why);
        }
        let kind = ResourceKind::Database { publicly_accessible: public.unwrap_or(true) };
        add(scene, name, element, kind, interfaces);
    });
    scene.each("lambda_function", |scene, name, element| {
        let interfaces = interfaces(scene, name, element, "subnets");
        add(scene, name, element, ResourceKind::Function { ipv6: false }, interfaces);
    });
}

fn add(
    scene: &mut Scene<'_>,
    name: &Name,
    element: &Element<'_>,
    kind: ResourceKind,
    interfaces: Vec<Interface>,
) {
    let port = element.get("port").value().and_then(trueup_model::Value::as_int);
    let port = port.and_then(|port| port.try_into().ok());
    let resource = Resource { kind, interfaces, port, origin: origin(name, element) };
    scene.network.resources.insert(name.clone(), resource);
}

/// An interface in each subnet that an attribute names.
fn interfaces(
    scene: &mut Scene<'_>,
    name: &Name,
    element: &Element<'_>,
    attribute: &str,
) -> Vec<Interface> {
    let subnets = scene.subnets(name, element.get(attribute));
    within(scene, name, element, &subnets)
}

pub(super) fn within(
    scene: &mut Scene<'_>,
    name: &Name,
    element: &Element<'_>,
    subnets: &[Name],
) -> Vec<Interface> {
    let Some(vpc) = subnets.first().and_then(|subnet| scene.network.subnets.get(subnet)) else {
        return Vec::new();
    };
    let vpc = vpc.vpc.clone();
    let groups = scene.groups(name, element.get("security_groups"), &vpc);
    subnets.iter().map(|subnet| Interface::new(subnet.clone(), groups.clone())).collect()
}

/// A database may stand in any subnet of its group.
fn database(scene: &mut Scene<'_>, name: &Name, element: &Element<'_>) -> Vec<Interface> {
    let why = match element.get("subnet_group").meant(&scene.world, &["db_subnet_group"]) {
        Meant::Known(names) => {
            let Some(group) = names.first().and_then(|name| scene.world.get(name)).cloned() else {
                return Vec::new();
            };
            let subnets = scene.subnets(name, group.get("subnets"));
            return within(scene, name, element, &subnets);
        }
        Meant::Foreign(id) => format!("{id}, the subnet group of {name}, was not read"),
        Meant::Unknown(why) => why,
        Meant::Nothing => format!("{name} has no subnet group: AWS puts it into the default VPC"),
    };
    scene.doubt(Scope::Element(name.clone()), why);
    Vec::new()
}

/// An Elastic IP, else what AWS gave it, else what it is to get.
fn public_address(scene: &Scene<'_>, name: &Name, element: &Element<'_>) -> PublicAddress {
    let elastic = || scene.world.of_kind("elastic_ip").map(|(_, elastic)| elastic);
    let has =
        |elastic: &&Element<'_>| match elastic.get("instance").meant(&scene.world, &["instance"]) {
            Meant::Known(names) => names.contains(name),
            Meant::Foreign(_) | Meant::Unknown(_) | Meant::Nothing => false,
        };
    let address = |text: Option<&str>| text.and_then(v4).map(PublicAddress::Known);
    if let Some(elastic) = elastic().find(has) {
        return address(elastic.output("public_ip")).unwrap_or(PublicAddress::Assigned);
    }
    let reported = element.output("public_ip");
    let was_elastic = elastic().any(|elastic| elastic.output("public_ip") == reported);
    let launched = element.get("public_ip").truth() == Some(true);
    match (element.live, reported.filter(|_| !was_elastic)) {
        (Some(_), reported @ Some(_)) => address(reported).unwrap_or_default(),
        // Stopped, or its Elastic IP leaves: AWS gives another where it was launched with one.
        _ if launched => PublicAddress::Assigned,
        _ => PublicAddress::None,
    }
}

fn ipv6(scene: &Scene<'_>, subnet: &Name) -> Ipv6 {
    let assigns = scene
        .world
        .get(subnet)
        .is_some_and(|subnet| subnet.get("assign_ipv6_address_on_creation").truth() == Some(true));
    if assigns { Ipv6::Assigned } else { Ipv6::None }
}

fn role(scene: &Scene<'_>, element: &Element<'_>) -> Role {
    let names = match element.get("iam_role").meant(&scene.world, &["iam_role"]) {
        Meant::Nothing => return Role::None,
        Meant::Foreign(_) | Meant::Unknown(_) => return Role::Unknown,
        Meant::Known(names) => names,
    };
    let Some(role) = names.first().and_then(|name| scene.world.get(name)) else {
        return Role::Unknown;
    };
    let managed = role.get("managed_policies").elements();
    let is_it = |text: &str| text.rsplit('/').next() == Some(SESSION_MANAGER);
    if managed.iter().any(|policy| policy.text().is_some_and(is_it)) {
        return Role::SessionManager;
    }
    let none = managed.is_empty() && role.get("policies").fields().is_empty();
    if none { Role::Missing } else { Role::Unknown }
}
