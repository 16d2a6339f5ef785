//! The points about the subnet that an interface is in.

use super::{Item, Mark};
use crate::engine::{Engine, in_order};
use crate::network::{Direction, Interface, Name, Resource, ResourceKind, State, Target};
use crate::packets::{Cube, PacketSet, Traffic};
use crate::verdict::Change;

pub(super) fn look(
    engine: &Engine<'_>,
    resource: &Resource,
    interface: &Interface,
    public: bool,
    items: &mut Vec<Item>,
) {
    let subnet = &interface.subnet;
    let missing = missing(resource);
    gateway(engine, subnet, missing, items);
    routes(engine, subnet, missing, items);
    let targets = engine.internet_targets(subnet);
    let by_gateway = targets.iter().any(|target| matches!(target, Target::InternetGateway(_)));
    items.push(public_address(engine, resource, subnet, public, by_gateway));
    groups(engine, resource, interface, items);
    acl(engine, subnet, missing, items);
    dns(engine, subnet, items);
}

/// What it means that there is no way to the internet: what only its own network is to reach needs
/// none.
fn missing(resource: &Resource) -> Mark {
    match resource.kind {
        ResourceKind::Database { publicly_accessible: false }
        | ResourceKind::LoadBalancer { internet_facing: false, .. } => Mark::Unneeded,
        _ => Mark::Bad,
    }
}

fn gateway(engine: &Engine<'_>, subnet: &Name, missing: Mark, items: &mut Vec<Item>) {
    let network = engine.network();
    let vpc = &network.subnets[subnet].vpc;
    let words = network.vpcs[vpc].origin.words(vpc);
    let what = format!("internet gateway of {words}");
    items.push(match engine.gateway_of(vpc) {
        Some(name) => {
            let gateway = network.internet_gateways[name].origin.words(name);
            Item::new(Mark::Good, what, format!("{gateway} is attached"))
        }
        None if missing == Mark::Unneeded => Item::new(missing, what, "none is attached"),
        None => Item {
            changes: vec![Change::AttachInternetGateway { gateway: None, vpc: vpc.clone() }],
            ..Item::new(missing, what, "none is attached")
        },
    });
}

fn routes(engine: &Engine<'_>, subnet: &Name, missing: Mark, items: &mut Vec<Item>) {
    let network = engine.network();
    let words = network.subnets[subnet].origin.words(subnet);
    let (table, named) = engine.table_of(subnet);
    let how = if named { "is associated" } else { "serves it as the VPC's main table" };
    items.push(Item::new(Mark::Good, format!("route table of {words}"), format!("{table} {how}")));
    let targets = engine.internet_targets(subnet);
    let what = format!("route from {words} to the internet");
    if targets.is_empty() {
        items.push(Item::new(missing, what, format!("{table} has none")));
        return;
    }
    for target in targets {
        let state = match target {
            Target::NatGateway(name) => network.nat_gateways.get(name).map(|nat| &nat.state),
            Target::Endpoint(name) => network.endpoints.get(name).map(|endpoint| &endpoint.state),
            Target::Local
            | Target::InternetGateway(_)
            | Target::EgressOnlyGateway(_)
            | Target::Peering(_)
            | Target::Other(_) => Some(&State::Available),
        };
        let (mark, evidence) = match state {
            Some(State::Available) => (Mark::Good, format!("{table} leads to {target}")),
            Some(State::Not(word)) => {
                (missing, format!("{table} leads to {target}, which is {word}"))
            }
            None => (missing, format!("{table} leads to {target}, which does not exist")),
        };
        items.push(Item::new(mark, what.clone(), evidence));
    }
}

fn public_address(
    engine: &Engine<'_>,
    resource: &Resource,
    subnet: &Name,
    public: bool,
    by_gateway: bool,
) -> Item {
    let words = engine.network().subnets[subnet].origin.words(subnet);
    let what = format!("public IPv4 address in {words}");
    if public {
        return Item::new(Mark::Good, what, "it has one");
    }
    if matches!(resource.kind, ResourceKind::Function { .. }) {
        let mark = if by_gateway { Mark::Bad } else { Mark::Unneeded };
        return Item::new(mark, what, "a function never gets one; its way out is a NAT gateway");
    }
    if by_gateway {
        let mark = missing(resource);
        return Item::new(mark, what, "none, and the route leads to an internet gateway");
    }
    Item::new(Mark::Unneeded, what, "none; the route does not lead to an internet gateway")
}

fn groups(engine: &Engine<'_>, resource: &Resource, interface: &Interface, items: &mut Vec<Item>) {
    let network = engine.network();
    for name in &interface.groups {
        let group = &network.security_groups[name];
        for direction in [Direction::Egress, Direction::Ingress] {
            let rules: Vec<String> = group
                .rules(direction)
                .iter()
                .map(|rule| {
                    crate::engine::rule_words(
                        &format!("{} {}", rule.traffic, rule.peer),
                        &rule.origin,
                    )
                })
                .collect();
            let what = format!("{direction} of {}", group.origin.words(name));
            // Nothing in is right for many, and nothing out for a database.
            let database = matches!(resource.kind, ResourceKind::Database { .. });
            let needed = direction == Direction::Egress && !database;
            let empty = if needed { Mark::Bad } else { Mark::Unneeded };
            let mark = if rules.is_empty() { empty } else { Mark::Good };
            let evidence = if rules.is_empty() { "no rule".to_owned() } else { rules.join("; ") };
            items.push(Item::new(mark, what, evidence));
        }
    }
    if interface.groups.is_empty() {
        items.push(Item::new(Mark::Good, "security groups", "none; nothing is filtered"));
    }
}

/// Both directions of the ACL, each with its answers, for a connection to port 443.
fn acl(engine: &Engine<'_>, subnet: &Name, missing: Mark, items: &mut Vec<Item>) {
    let network = engine.network();
    let words = network.subnets[subnet].origin.words(subnet);
    let acl = network.network_acls.iter().find(|(_, acl)| acl.subnets.contains(subnet));
    let vpc = &network.subnets[subnet].vpc;
    let default = || network.network_acls.iter().find(|(_, acl)| acl.default && acl.vpc == *vpc);
    let acl = acl.or_else(default);
    let name =
        acl.map_or_else(|| "the default ACL".to_owned(), |(name, acl)| acl.origin.words(name));
    let https = Engine::from_common_ports(&Traffic::tcp(443).services());
    let cubes = PacketSet::from_cubes([Cube { target: engine.public_internet().clone(), ..https }]);
    for (direction, reply, what) in [
        (Direction::Egress, false, "lets connections to tcp 443 out"),
        (Direction::Ingress, true, "lets their answers in"),
    ] {
        let passing = cubes.intersection(&engine.subnet_allows(subnet, direction, reply));
        let numbers = acl.map_or_else(Vec::new, |(_, acl)| {
            let rules = in_order(acl.rules(direction)).into_iter();
            rules
                .map(|rule| format!("{}{}", if rule.allow { "+" } else { "-" }, rule.number))
                .collect()
        });
        let mark = if passing.is_empty() { missing } else { Mark::Good };
        let rules = if numbers.is_empty() { "no rules".to_owned() } else { numbers.join(" ") };
        let rules = if acl.is_none() { "everything is allowed".to_owned() } else { rules };
        let evidence = format!("{direction} rules in order: {rules}");
        items.push(Item::new(mark, format!("{name} of {words} {what}"), evidence));
    }
}

fn dns(engine: &Engine<'_>, subnet: &Name, items: &mut Vec<Item>) {
    let network = engine.network();
    let name = &network.subnets[subnet].vpc;
    let vpc = &network.vpcs[name];
    let what = format!("DNS of {}", vpc.origin.words(name));
    let (mark, evidence) = match (vpc.dns_support, vpc.dns_hostnames) {
        (true, true) => (Mark::Good, "support and host names are on"),
        (true, false) => {
            (Mark::Unneeded, "host names are off: endpoints and public databases have no names")
        }
        (false, _) => (Mark::Bad, "support is off: no name resolves"),
    };
    let changes =
        if mark == Mark::Good { Vec::new() } else { vec![Change::EnableDns { vpc: name.clone() }] };
    items.push(Item { changes, ..Item::new(mark, what, evidence) });
}
