//! The points about what each sort of resource needs beyond its subnet.

use super::{Item, Mark};
use crate::engine::Engine;
use crate::network::{Name, Peer, Resource, ResourceKind, Role};
use crate::verdict::{End, Query, QueryError};

/// What the agent of Session Manager talks to. Agents since 3.3.40 do without `ec2messages`.
const SESSION_MANAGER: [&str; 3] = ["ssm", "ssmmessages", "ec2messages"];

/// Role, and a way to each of the services, by endpoints or by the internet.
pub(super) fn session_manager(
    engine: &Engine<'_>,
    name: &Name,
    role: Role,
    items: &mut Vec<Item>,
) -> Result<(), QueryError> {
    let (mark, evidence) = match role {
        Role::SessionManager => (Mark::Good, "it allows what AmazonSSMManagedInstanceCore does"),
        Role::Missing => (Mark::Bad, "no role, or one without AmazonSSMManagedInstanceCore"),
        Role::Unknown => (Mark::Unknown, "its policies were not looked at"),
    };
    items.push(Item::new(mark, "Session Manager: role", evidence));
    for service in SESSION_MANAGER {
        items.push(reaches(engine, name, service, format!("Session Manager: reaches {service}"))?);
    }
    Ok(())
}

/// Its interfaces, and the services that the VPC has endpoints for.
pub(super) fn function(
    engine: &Engine<'_>,
    name: &Name,
    resource: &Resource,
    items: &mut Vec<Item>,
) -> Result<(), QueryError> {
    let network = engine.network();
    let Some(first) = resource.interfaces.first() else {
        let evidence = "it is in no VPC: it reaches the internet, and nothing private";
        items.push(Item::new(Mark::Good, "network interfaces", evidence));
        return Ok(());
    };
    let count = resource.interfaces.len();
    let evidence =
        format!("one in each of {count} subnets, shared by functions with the same groups");
    items.push(Item::new(Mark::Good, "network interfaces", evidence));
    let vpc = &network.subnets[&first.subnet].vpc;
    let mut services: Vec<&str> = network
        .endpoints
        .values()
        .filter(|endpoint| endpoint.vpc == *vpc)
        .map(|endpoint| endpoint.service.as_str())
        .collect();
    services.sort_unstable();
    services.dedup();
    for service in services {
        let what = format!("reaches {service}, which has an endpoint");
        items.push(reaches(engine, name, service, what)?);
    }
    Ok(())
}

fn reaches(
    engine: &Engine<'_>,
    name: &Name,
    service: &str,
    what: String,
) -> Result<Item, QueryError> {
    let query = Query::tcp(End::Resource(name.clone()), End::Service(service.into()), 443);
    Ok(Item::of(what, &engine.reach(&query)?))
}

/// Who is meant to come in, by the groups' rules, and whether the internet does.
pub(super) fn clients(
    engine: &Engine<'_>,
    name: &Name,
    resource: &Resource,
    items: &mut Vec<Item>,
) -> Result<(), QueryError> {
    let network = engine.network();
    let mut clients: Vec<&str> = Vec::new();
    let groups = resource.interfaces.iter().flat_map(|interface| &interface.groups);
    for rule in groups.flat_map(|group| &network.security_groups[group].ingress) {
        if let Peer::Group(group) = &rule.peer {
            clients.extend(engine.members(group));
        }
    }
    clients.sort_unstable();
    clients.dedup();
    for client in clients.into_iter().filter(|client| *client != name) {
        if network.resources.contains_key(client) {
            let query = Query::any(End::Resource(client.to_owned()), End::Resource(name.clone()));
            items.push(Item::of(format!("{client} reaches it"), &engine.reach(&query)?));
        }
    }
    let verdict = engine.reach(&Query::any(End::Internet, End::Resource(name.clone())))?;
    let public = matches!(
        resource.kind,
        ResourceKind::Database { publicly_accessible: true }
            | ResourceKind::LoadBalancer { internet_facing: true, .. }
    );
    let mut item = Item::of("the internet reaches it", &verdict);
    if !public {
        // That it stays out is what its owner said.
        item.mark = match verdict.holds(true) {
            Some(true) => Mark::Unneeded,
            Some(false) => Mark::Bad,
            None => Mark::Unknown,
        };
        item.changes.clear();
    }
    items.push(item);
    Ok(())
}
