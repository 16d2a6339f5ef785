//! Security groups and their rules.

use trueup_reach::{GroupRule, Origin, Peer, PortRange, SecurityGroup, Traffic};

use super::piece::{Meant, Piece};
use super::routes::prefix_list;
use super::scene::{NOT_IN_THE_STACK, Scene, Scope, origin, place};
use super::world::{Element, Name};

/// A rule before its origin: what, and from or to whom.
type Bare = (Traffic, Peer);

pub(super) fn groups(scene: &mut Scene<'_>) {
    scene.each("security_group", |scene, name, element| {
        let vpc = scene.vpc(name, element.get("vpc"));
        let ingress = rules(scene, name, element, &vpc, "ingress", "from");
        let mut egress = rules(scene, name, element, &vpc, "egress", "to");
        // A step made the group, and the step that gives it its rules is yet to come.
        if element.live.is_none() && element.get("egress").is_null() {
            egress = everything_out();
        }
        let default = element.get("name").text() == Some("default");
        let origin = origin(name, element);
        let group = SecurityGroup { vpc, default, ingress, egress, origin };
        scene.network.security_groups.insert(name.clone(), group);
    });
}

fn rules(
    scene: &mut Scene<'_>,
    name: &Name,
    element: &Element<'_>,
    vpc: &Name,
    direction: &str,
    peer: &str,
) -> Vec<GroupRule> {
    let places = places(scene, element, direction, peer);
    let mut rules = Vec::new();
    for rule in element.get(direction).elements() {
        let Some(traffic) = traffic(rule) else {
            let why = format!("the ports of an {direction} rule of {name} are not known");
            scene.doubt(Scope::Vpc(vpc.clone()), why);
            continue;
        };
        for piece in rule.field(peer).elements() {
            for peer in peers(scene, name, vpc, piece) {
                let written = places.iter().find(|(bare, _)| *bare == (traffic, peer.clone()));
                let origin = match written {
                    Some((_, place)) => Origin { label: String::new(), location: place.clone() },
                    None if element.resource.is_some() => Origin::labelled(NOT_IN_THE_STACK),
                    None => Origin::default(),
                };
                rules.push(GroupRule { traffic, peer, origin });
            }
        }
    }
    rules
}

/// Where the stack says each rule of a group.
fn places(
    scene: &Scene<'_>,
    element: &Element<'_>,
    direction: &str,
    peer: &str,
) -> Vec<(Bare, Option<String>)> {
    let Some(resource) = element.resource else { return Vec::new() };
    let Some(written) = resource.attributes.get(direction) else { return Vec::new() };
    let written = Piece::of(written).elements();
    let lines = lines(resource, direction, peer, written.len());
    let whole = resource.place(direction).as_ref().map(place);
    let mut places = Vec::new();
    for (index, rule) in written.into_iter().enumerate() {
        let Some(traffic) = traffic(rule) else { continue };
        let place = lines.get(index).cloned().or_else(|| whole.clone());
        for piece in rule.field(peer).elements() {
            let peers = match piece.meant(&scene.world, &["security_group"]) {
                Meant::Known(names) => names.into_iter().map(Peer::Group).collect(),
                Meant::Foreign(text) => vec![foreign(&text)],
                Meant::Unknown(_) | Meant::Nothing => Vec::new(),
            };
            places.extend(peers.into_iter().map(|peer| ((traffic, peer), place.clone())));
        }
    }
    places
}

/// The line of each canonical rule, which has one peer where the written one may have several.
/// Nothing where the two cannot be told to belong together.
fn lines(
    resource: &trueup_model::Resource,
    direction: &str,
    peer: &str,
    rules: usize,
) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in 0.. {
        let Some(written) = resource.locations.get(&format!("{direction}.{rule}")) else { break };
        let mut peers = 0;
        while let Some(at) = resource.locations.get(&format!("{direction}.{rule}.{peer}.{peers}")) {
            lines.push(place(at));
            peers += 1;
        }
        if peers == 0 {
            lines.push(place(written));
        }
    }
    if lines.len() == rules { lines } else { Vec::new() }
}

fn peers(scene: &mut Scene<'_>, name: &Name, vpc: &Name, piece: Piece<'_>) -> Vec<Peer> {
    match piece.meant(&scene.world, &["security_group"]) {
        Meant::Known(names) => names.into_iter().map(Peer::Group).collect(),
        Meant::Foreign(text) => match foreign(&text) {
            Peer::PrefixList(id) => vec![Peer::PrefixList(prefix_list(scene, vpc, &id))],
            other => vec![other],
        },
        Meant::Nothing => Vec::new(),
        Meant::Unknown(why) => {
            scene.doubt(Scope::Vpc(vpc.clone()), format!("a rule of {name}: {why}"));
            Vec::new()
        }
    }
}

fn foreign(text: &str) -> Peer {
    if let Ok(net) = text.parse() {
        Peer::Cidr(net)
    } else if text.starts_with("pl-") {
        Peer::PrefixList(text.to_owned())
    } else {
        // The members of a group that nobody read are none of the ends that a sentence can name.
        Peer::Group(text.to_owned())
    }
}

/// What a rule is about; nothing where its ports are not known.
fn traffic(rule: Piece<'_>) -> Option<Traffic> {
    let protocol = rule.field("protocol");
    let port = rule.field("port");
    let protocol = match (protocol.text(), protocol.is_null(), port.is_null()) {
        (Some(text), _, _) => text,
        (None, true, true) => "all",
        (None, true, false) => "tcp",
        (None, false, _) => return None,
    };
    let bounds = if port.is_null() { None } else { Some(bounds(port)?) };
    let ports = |bounds: Option<(i64, i64)>| -> Option<PortRange> {
        let (first, last) = bounds.unwrap_or((0, i64::from(u16::MAX)));
        Some(PortRange::new(first.try_into().ok()?, last.try_into().ok()?))
    };
    let kind = bounds.map(|(kind, _)| kind).and_then(|kind| u8::try_from(kind).ok());
    let code = bounds.filter(|(kind, code)| kind != code || port.text().is_some());
    let code = code.and_then(|(_, code)| u8::try_from(code).ok());
    Some(match protocol {
        "all" | "-1" => Traffic::All,
        "tcp" | "6" => Traffic::Tcp(ports(bounds)?),
        "udp" | "17" => Traffic::Udp(ports(bounds)?),
        "icmp" | "1" => Traffic::Icmp { kind, code },
        "icmpv6" | "58" => Traffic::Icmpv6 { kind, code },
        number => Traffic::Protocol(number.parse().ok()?),
    })
}

/// The two numbers of `5432` or `1024-65535`; nothing where they are not known.
pub(super) fn bounds(port: Piece<'_>) -> Option<(i64, i64)> {
    let value = port.value()?;
    if let Some(number) = value.as_int() {
        return Some((number, number));
    }
    let text = value.as_str()?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

/// The rule that AWS gives a new group.
fn everything_out() -> Vec<GroupRule> {
    let anywhere = ["0.0.0.0/0"].map(|net| net.parse().map(Peer::Cidr));
    let rule = |peer| GroupRule {
        traffic: Traffic::All,
        peer,
        origin: Origin::labelled("AWS's rule for a new group"),
    };
    anywhere.into_iter().flatten().map(rule).collect()
}

/// The group of whatever names none: it lets its members talk to each other, and out.
pub(super) fn default_group(scene: &mut Scene<'_>, vpc: &Name) -> Name {
    let own = scene.network.security_groups.iter();
    let mut own = own.filter(|(_, group)| group.default && group.vpc == *vpc);
    if let Some((name, _)) = own.next() {
        return name.clone();
    }
    let name = format!("the default security group of {vpc}");
    if !scene.world.is_whole && scene.world.get(vpc).is_some_and(Element::is_furnished) {
        scene.doubt(Scope::Vpc(vpc.clone()), format!("the rules of {name} were not read"));
    }
    let itself = GroupRule {
        traffic: Traffic::All,
        peer: Peer::Group(name.clone()),
        origin: Origin::default(),
    };
    let group = SecurityGroup {
        vpc: vpc.clone(),
        default: true,
        ingress: vec![itself],
        egress: everything_out(),
        origin: Origin::default(),
    };
    scene.network.security_groups.insert(name.clone(), group);
    name
}
