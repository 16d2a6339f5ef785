//! The points about what each sort of resource needs beyond its subnet.

use super::{Item, Mark};
use crate::engine::Engine;
use crate::network::{Name, Peer, Resource, ResourceKind, Role};
use crate::verdict::{End, Query, QueryError};

/// What the agent of Session Manager talks to. Agents since 3.3.40 do without `ec2messages`.
const SESSION_MANAGER: [&str; 3] = ["ssm", "ssmmessages", "ec2messages"];

const NO_ROLE: &str = "no role: Session Manager is not set up for it; `iam_role` with \
                       AmazonSSMManagedInstanceCore does";

/// Role, and a way to each of the services, by endpoints or by the internet.
pub(super) fn session_manager(
    engine: &Engine<'_>,
    name: &Name,
    role: Role,
    expected: &[Query],
    items: &mut Vec<Item>,
) -> Result<(), QueryError> {
    let is_wanted = expected.iter().any(|Query { from, to, .. }| {
        let is_its = |service: &String| SESSION_MANAGER.contains(&service.as_str());
        matches!(from, End::Resource(from) if from == name)
            && matches!(to, End::Service(service) if is_its(service))
    });
    let (mark, evidence) = match role {
        Role::SessionManager => (Mark::Good, "it allows what AmazonSSMManagedInstanceCore does"),
        Role::Missing => (Mark::Bad, "its role does not have AmazonSSMManagedInstanceCore"),
        // Who gave it none may want none: that is in nobody's way.
        Role::None => (if is_wanted { Mark::Bad } else { Mark::Unneeded }, NO_ROLE),
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

/// Who is to come in: what is expected, and for what serves others also by the groups' rules, and
/// whether the internet does.
pub(super) fn clients(
    engine: &Engine<'_>,
    name: &Name,
    resource: &Resource,
    expected: &[Query],
    items: &mut Vec<Item>,
) -> Result<(), QueryError> {
    let own = End::Resource(name.clone());
    let mut queries: Vec<Query> = Vec::new();
    for query in expected.iter().filter(|query| query.to == own) {
        if !queries.contains(query) {
            queries.push(query.clone());
        }
    }
    let serves =
        matches!(resource.kind, ResourceKind::Database { .. } | ResourceKind::LoadBalancer { .. });
    if serves {
        for client in let_in(engine, resource) {
            let from = End::Resource(client.to_owned());
            if client != name && queries.iter().all(|query| query.from != from) {
                queries.push(Query::any(from, own.clone()));
            }
        }
    }
    for query in &queries {
        let who = match &query.from {
            End::Internet => "the internet".to_owned(),
            from => from.to_string(),
        };
        let on = query.traffic.map(|traffic| format!(" on {traffic}")).unwrap_or_default();
        items.push(Item::of(format!("{who} reaches it{on}"), &engine.reach(query)?));
    }
    if serves && queries.iter().all(|query| query.from != End::Internet) {
        items.push(internet(engine, own, resource)?);
    }
    Ok(())
}

/// The resources in the groups that its rules name.
fn let_in<'n>(engine: &Engine<'n>, resource: &Resource) -> Vec<&'n str> {
    let network = engine.network();
    let mut clients: Vec<&str> = Vec::new();
    let groups = resource.interfaces.iter().flat_map(|interface| &interface.groups);
    for rule in groups.flat_map(|group| &network.security_groups[group].ingress) {
        if let Peer::Group(group) = &rule.peer {
            clients.extend(engine.members(group));
        }
    }
    clients.retain(|client| network.resources.contains_key(*client));
    clients.sort_unstable();
    clients.dedup();
    clients
}

/// Whether the internet comes in.
fn internet(engine: &Engine<'_>, own: End, resource: &Resource) -> Result<Item, QueryError> {
    let verdict = engine.reach(&Query::any(End::Internet, own))?;
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
    Ok(item)
}
