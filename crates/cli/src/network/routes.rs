//! Gateways and route tables: where packets that leave a subnet go.

use std::collections::BTreeMap;

use ipnet::IpNet;
use trueup_model::Condition;
use trueup_reach::{
    Destination, InternetGateway, NatGateway, Origin, PrefixList, PublicAddress, Route, RouteTable,
    State, Target,
};

use super::around;
use super::piece::{Meant, Piece};
use super::scene::{NOT_IN_THE_STACK, Scene, Scope, origin, origin_of, v4};
use super::world::{Element, Name};

pub(super) fn gateways(scene: &mut Scene<'_>) {
    scene.each("internet_gateway", |scene, name, element| {
        let vpc = element.get("vpc");
        let vpc = (!vpc.is_null()).then(|| scene.vpc(name, vpc));
        let gateway = InternetGateway { vpc, origin: origin(name, element) };
        scene.network.internet_gateways.insert(name.clone(), gateway);
    });
    scene.each("nat_gateway", |scene, name, element| {
        let subnets = scene.subnets(name, element.get("subnet"));
        let Some(subnet) = subnets.into_iter().next() else { return };
        let private = element.get("connectivity_type").text() == Some("private");
        let known = element.output("public_ip").and_then(v4).map(PublicAddress::Known);
        let public = known.unwrap_or(PublicAddress::Assigned);
        let nat = NatGateway {
            subnet,
            address: element.get("private_ip").text().and_then(v4),
            public_address: if private { PublicAddress::None } else { public },
            state: state(element),
            origin: origin(name, element),
        };
        scene.network.nat_gateways.insert(name.clone(), nat);
    });
}

/// What a step makes works when the step is done; so does what a step finds half made.
pub(super) fn state(element: &Element<'_>) -> State {
    match element.live.map(|live| &live.condition) {
        None | Some(Condition::Ready) => State::Available,
        Some(Condition::Pending(_)) if element.has_step() => State::Available,
        Some(
            Condition::Pending(state)
            | Condition::Impaired(state)
            | Condition::Failed(state)
            | Condition::Deleting(state),
        ) => State::Not(state.clone()),
    }
}

pub(super) fn tables(scene: &mut Scene<'_>) {
    scene.each("route_table", |scene, name, element| {
        let vpc = scene.vpc(name, element.get("vpc"));
        let subnets = scene.subnets(name, element.get("subnets"));
        let routes = element.get("routes").fields();
        let routes = routes.into_iter();
        let routes = routes.filter_map(|(to, by)| route(scene, element, &vpc, to, by)).collect();
        let main = element.get("main").truth() == Some(true);
        let table = RouteTable { vpc, main, subnets, routes, origin: origin(name, element) };
        scene.network.route_tables.insert(name.clone(), table);
    });
    one_table_each(scene);
    around::routes(scene);
    unread_tables(scene);
}

/// Of two tables that want a subnet, or to be main, the one has it that a step gave it to last. AWS's and
/// other people's were read before the steps.
fn one_table_each(scene: &mut Scene<'_>) {
    let world = &scene.world;
    let claim = |name: &Name| {
        let element = world.get(name).filter(|element| !element.around);
        (element.is_some(), element.and_then(Element::last_step))
    };
    let tables = &mut scene.network.route_tables;
    let mut claims: Vec<(&Name, &RouteTable)> = tables.iter().collect();
    claims.sort_by_key(|(name, _)| claim(name));
    let mut table_of: BTreeMap<Name, Name> = BTreeMap::new();
    let mut main_of: BTreeMap<Name, Name> = BTreeMap::new();
    for (name, table) in claims {
        table_of.extend(table.subnets.iter().map(|subnet| (subnet.clone(), name.clone())));
        main_of.extend(table.main.then(|| (table.vpc.clone(), name.clone())));
    }
    for (name, table) in tables {
        table.subnets.retain(|subnet| table_of.get(subnet) == Some(name));
        table.main &= main_of.get(&table.vpc) == Some(name);
    }
}

fn route(
    scene: &mut Scene<'_>,
    element: &Element<'_>,
    vpc: &Name,
    to: &str,
    by: Piece<'_>,
) -> Option<Route> {
    let destination = match to.parse::<IpNet>() {
        Ok(net) => Destination::Cidr(net),
        Err(_) => Destination::PrefixList(prefix_list(scene, vpc, to)),
    };
    let target = match led(scene, vpc, by) {
        Ok(target) => target?,
        Err(why) => {
            scene.doubt(Scope::Vpc(vpc.clone()), why);
            return None;
        }
    };
    let origin = origin_of_route(scene, element, vpc, (to, &target));
    Some(Route { destination, target, blackhole: false, origin })
}

/// Where a route leads, nowhere if none is stated; or why that is not known.
fn led(scene: &mut Scene<'_>, vpc: &Name, by: Piece<'_>) -> Result<Option<Target>, String> {
    Ok(match by.meant(&scene.world, &["internet_gateway", "nat_gateway"]) {
        Meant::Known(names) => names.into_iter().next().and_then(|name| target(scene, name)),
        Meant::Foreign(id) if id == "local" => Some(Target::Local),
        Meant::Foreign(id) => Some(around::target(scene, vpc, &id)),
        Meant::Unknown(why) => return Err(why),
        Meant::Nothing => None,
    })
}

/// Where the stack says so. A live route that the stack does not have has no place in it.
fn origin_of_route(
    scene: &mut Scene<'_>,
    element: &Element<'_>,
    vpc: &Name,
    (to, target): (&str, &Target),
) -> Origin {
    let origin = origin_of(element, &format!("routes.{to}"));
    let Some(resource) = element.resource else { return origin };
    let written = resource.attributes.get("routes").map(|routes| Piece::of(routes).fields());
    let written = written.into_iter().flatten().find(|(destination, _)| *destination == to);
    let Some((_, by)) = written else { return Origin::labelled(NOT_IN_THE_STACK) };
    match led(scene, vpc, by) {
        Ok(Some(said)) if said == *target => origin,
        _ => Origin { label: "live and not as the stack says".to_owned(), ..origin },
    }
}

fn target(scene: &Scene<'_>, name: Name) -> Option<Target> {
    let kind = scene.world.get(&name)?.kind.as_str();
    Some(match kind {
        "internet_gateway" => Target::InternetGateway(name),
        _ => Target::NatGateway(name),
    })
}

/// A prefix list. If its entries were not read, anything may be in it.
pub(super) fn prefix_list(scene: &mut Scene<'_>, vpc: &Name, id: &str) -> Name {
    if scene.network.prefix_lists.get(id).is_some_and(|list| list.entries.is_some()) {
        return id.to_owned();
    }
    scene.doubt(Scope::Vpc(vpc.clone()), format!("the entries of prefix list {id} were not read"));
    let list = PrefixList { service: None, entries: None, origin: Origin::default() };
    scene.network.prefix_lists.entry(id.to_owned()).or_insert(list);
    id.to_owned()
}

/// A VPC that the stack made has at first AWS's main table, which only leads within it. Of one that is
/// looked up or adopted nobody read the tables, nor whether it has a gateway.
fn unread_tables(scene: &mut Scene<'_>) {
    if scene.world.is_whole {
        return;
    }
    let tables = &scene.network.route_tables;
    let mut doubts = Vec::new();
    for (name, subnet) in &scene.network.subnets {
        let foreign = scene.world.get(&subnet.vpc).is_some_and(super::world::Element::is_furnished);
        let has_main = || tables.values().any(|table| table.main && table.vpc == subnet.vpc);
        let has_own = || tables.values().any(|table| table.subnets.contains(name));
        if foreign && !has_own() && !has_main() {
            let why = format!("which route table serves {name} was not read");
            doubts.push((subnet.vpc.clone(), why));
        }
    }
    for (vpc, why) in doubts {
        scene.doubt(Scope::Vpc(vpc), why);
    }
}
