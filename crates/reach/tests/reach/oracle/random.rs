//! Random networks, written in the tests' language so that a failing one can be read.

use std::fmt::Write as _;

use trueup_reach::{Ipv6, Network, PortRange, PublicAddress, Resource, ResourceKind};

use super::walker::Host;
use crate::language;

/// A small generator that gives the same numbers everywhere (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const OUTSIDE: [&str; 3] = ["203.0.113.7", "198.51.100.9", "2a00::7"];
const PORTS: [u16; 3] = [22, 443, 5432];
const NETS: [&str; 10] = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.1.0.0/16",
    "10.0.2.0/24",
    "203.0.113.0/24",
    "2600:1f00::/56",
    "0.0.0.0/0",
];
const TRAFFIC: [&str; 9] = [
    "all",
    "tcp:443",
    "tcp:5432",
    "tcp",
    "tcp:1024-65535",
    "tcp:32768-65535",
    "tcp:0-1023",
    "udp",
    "tcp:22-443",
];

/// A network of two VPCs and its text.
pub(crate) fn network(seed: u64) -> (Network, String) {
    let mut dice = Dice(seed);
    let mut text = String::new();
    let d = &mut dice;
    let dns = d.pick(&["", "", "", "", "", "nonames", "nodns"]);
    writeln!(text, "vpc a 10.0.0.0/16 2600:1f00::/56 {dns}\nvpc b 10.1.0.0/16 2600:1f01::/56")
        .unwrap();
    for (name, vpc, zone, v4, v6) in [
        ("a1", "a", "x", "10.0.1.0/24", "2600:1f00::/64"),
        ("a2", "a", "y", "10.0.2.0/24", "2600:1f00:0:2::/64"),
        ("a3", "a", "x", "10.0.3.0/24", "2600:1f00:0:3::/64"),
        ("b1", "b", "x", "10.1.1.0/24", "2600:1f01::/64"),
    ] {
        writeln!(text, "subnet {name} {vpc} {zone} {v4} {v6}").unwrap();
    }
    let igw = if d.one_in(8) { "" } else { "a" };
    writeln!(text, "igw igw_a {igw}\nigw igw_b b\neigw eigw_a a\nlist pl s3 : 203.0.113.0/28")
        .unwrap();
    let state = d.pick(&["", "", "", "", "", "", "failed", "noaddress"]);
    let nat_subnet = d.pick(&["a1", "a1", "a1", "a2"]);
    writeln!(text, "nat nat_a {nat_subnet} {state}").unwrap();
    let peering = d.pick(&["", "", "", "pending", "far", "dns", "dns"]);
    writeln!(text, "peering pcx_1 a b {peering}").unwrap();
    for (table, place) in [("t1", "a a1"), ("t2", "a a2"), ("tm", "a *"), ("tb", "b b1")] {
        let routes = routes(d, table);
        writeln!(text, "table {table} {place} :{routes}").unwrap();
    }
    if d.one_in(2) {
        let tables = d.pick(&["t2", "tm", "t1 t2"]);
        let state = d.pick(&["", "", "failed"]);
        writeln!(text, "gateway s3 a s3 pl {state} : {tables}").unwrap();
    }
    for (acl, place) in [("k1", "a a1"), ("k2", "a a2"), ("kd", "a default"), ("kb", "b b1")] {
        if d.one_in(3) {
            let rules = acl_rules(d);
            writeln!(text, "acl {acl} {place} :{rules}").unwrap();
        }
    }
    for (group, vpc) in [("g1", "a"), ("g2", "a"), ("g3", "a"), ("gb", "b")] {
        let rules = group_rules(d);
        writeln!(text, "sg {group} {vpc} :{rules}").unwrap();
    }
    resources(d, &mut text);
    balancers(d, &mut text);
    let mut network = language::network(&text);
    fix_addresses(&mut network, d);
    (network, text)
}

fn routes(d: &mut Dice, table: &str) -> String {
    let targets: &[&str] = match table {
        "t1" => &["0.0.0.0/0>igw_a", "0.0.0.0/0>igw_a", "0.0.0.0/0>igw_a", "0.0.0.0/0>nat_a", ""],
        "tb" => &["0.0.0.0/0>igw_b", "0.0.0.0/0>igw_b", ""],
        _ => &["0.0.0.0/0>nat_a", "0.0.0.0/0>nat_a", "0.0.0.0/0>igw_a", "0.0.0.0/0>pcx_1", ""],
    };
    let mut routes = format!(" {}", d.pick(targets));
    let other = if table == "tb" { "10.0.0.0/16" } else { "10.1.0.0/16" };
    if !d.one_in(4) {
        let by = if d.one_in(8) { "tgw_1" } else { "pcx_1" };
        write!(routes, " {other}>{by}").unwrap();
    }
    if d.one_in(2) {
        let gateway = if table == "tb" { "igw_b" } else { d.pick(&["igw_a", "eigw_a"]) };
        write!(routes, " ::/0>{gateway}").unwrap();
    }
    if d.one_in(5) {
        let odd = [
            "203.0.113.0/24>nat_a!",
            "198.51.100.0/24>pcx_1",
            "10.0.2.0/25>igw_a",
            "203.0.113.0/29>igw_a",
            "198.51.100.0/24>tgw_1",
        ];
        write!(routes, " {}", d.pick(&odd)).unwrap();
    }
    routes
}

fn acl_rules(d: &mut Dice) -> String {
    let mut rules = String::new();
    for direction in ["in", "out"] {
        for number in 1..=d.below(4) + 1 {
            let verb = if d.one_in(4) { "deny" } else { "allow" };
            write!(
                rules,
                " {direction} {} {verb} {} {}",
                number * 10,
                d.pick(&TRAFFIC),
                d.pick(&NETS)
            )
            .unwrap();
        }
        if !d.one_in(4) {
            write!(rules, " {direction} 100 allow all 0.0.0.0/0").unwrap();
        }
        if d.one_in(2) {
            write!(rules, " {direction} 110 allow all ::/0").unwrap();
        }
    }
    rules
}

fn group_rules(d: &mut Dice) -> String {
    let mut rules = String::new();
    for direction in ["in", "out"] {
        for _ in 0..=d.below(3) {
            let peer = if d.one_in(3) { d.pick(&["g1", "g2", "gb", "pl"]) } else { d.pick(&NETS) };
            write!(rules, " {direction} {} {peer}", d.pick(&TRAFFIC)).unwrap();
        }
        if !d.one_in(3) {
            write!(rules, " {direction} all {}", d.pick(&["0.0.0.0/0", "internet"])).unwrap();
        }
    }
    rules
}

fn resources(d: &mut Dice, text: &mut String) {
    for (index, subnet) in ["a1", "a1", "a2", "a3"].into_iter().enumerate() {
        let public = if d.one_in(2) { "public" } else { "" };
        let v6 = if d.one_in(3) { "v6" } else { "" };
        let groups = d.pick(&["g1", "g2", "g3", "g1 g2"]);
        writeln!(
            text,
            "instance i{index} {public} {v6} {subnet}@10.0.{}.{} / {groups}",
            &subnet[1..],
            index + 10
        )
        .unwrap();
    }
    let public = if d.one_in(2) { "public" } else { "" };
    let v6 = if d.one_in(3) { "v6" } else { "" };
    let places = d.pick(&[
        "a1@10.0.1.40 a2@10.0.2.40",
        "a2@10.0.2.40 a3@10.0.3.40",
        "a1@10.0.1.40 a1@10.0.1.41",
    ]);
    writeln!(text, "instance dual {public} {v6} {places} / {}", d.pick(&["g1", "g2", "g1 g2"]))
        .unwrap();
    let public = if d.one_in(2) { "public" } else { "" };
    let place = d.pick(&["a1@10.0.1.20", "a2@10.0.2.20", "b1@10.1.1.20"]);
    let group = if place.starts_with('b') { "gb" } else { d.pick(&["g1", "g2"]) };
    writeln!(text, "db data {public} {place} / {group}").unwrap();
    let place = d.pick(&["a1@10.0.1.30", "a2@10.0.2.30"]);
    let public = d.pick(&["", "public"]);
    writeln!(
        text,
        "function api {public} {} {place} / {}",
        d.pick(&["", "v6"]),
        d.pick(&["g1", "g3"])
    )
    .unwrap();
    writeln!(
        text,
        "instance far {} {} b1@10.1.1.10 / gb",
        d.pick(&["", "public"]),
        d.pick(&["", "v6"])
    )
    .unwrap();
}

/// One that passes connections on and one that ends them, with targets in all zones and VPCs.
fn balancers(d: &mut Dice, text: &mut String) {
    for sort in ["nlb", "lb"] {
        let public = if d.one_in(2) { "public" } else { "" };
        let v6 = if d.one_in(4) { "v6" } else { "" };
        let places = if sort == "nlb" {
            ["a1@10.0.1.50", "a1@10.0.1.50 a2@10.0.2.50", "a2@10.0.2.50 a3@10.0.3.50"]
        } else {
            ["a1@10.0.1.60 a2@10.0.2.60", "a1@10.0.1.60 a2@10.0.2.60", "a2@10.0.2.60 a3@10.0.3.60"]
        };
        let places = d.pick(&places);
        let groups = if sort == "nlb" { ["", "g1", "g2"] } else { ["g1", "g2", "g3"] };
        let groups = d.pick(&groups);
        write!(text, "{sort} {sort}_1 {public} {v6} {places} / {groups} :").unwrap();
        for _ in 0..=d.below(3) {
            let listener = d.pick(&["443", "80", "5432", "53/udp"]);
            let target = d.pick(&[
                "i0",
                "i1",
                "i2",
                "i2@10.0.2.12",
                "dual",
                "dual@10.0.2.40",
                "data",
                "far",
                "lb_1",
                "api",
            ]);
            let target = if sort == "lb" && target == "lb_1" { "i3" } else { target };
            let port = d.pick(&["22", "443", "5432"]);
            let keep = if d.one_in(2) { "+keep" } else { "" };
            let cross = if d.one_in(2) { "+cross" } else { "" };
            let ill = if d.one_in(5) { "+ill" } else { "" };
            // What is registered by an IPv4 address is in no group of IPv6.
            let six = d.one_in(if v6.is_empty() { 12 } else { 2 }) && !target.contains('@');
            let six = if six { "+six" } else { "" };
            write!(text, " {listener}>{target}:{port}{keep}{cross}{ill}{six}").unwrap();
        }
        writeln!(text).unwrap();
    }
}

/// Gives every interface and NAT gateway one known address of each kind that it has.
fn fix_addresses(network: &mut Network, d: &mut Dice) {
    for nat in network.nat_gateways.values_mut() {
        let third = if nat.subnet == "a1" { 1 } else { 2 };
        nat.address = Some([10, 0, third, 5].into());
        if nat.public_address != PublicAddress::None {
            nat.public_address = PublicAddress::Known([203, 0, 113, 100].into());
        }
    }
    let interfaces = network.resources.values_mut().flat_map(|resource| {
        let Resource { kind, interfaces, .. } = resource;
        interfaces.iter_mut().map(|interface| (&*kind, interface))
    });
    for (index, (kind, interface)) in (0_u8..).zip(interfaces) {
        let says_so = matches!(
            kind,
            ResourceKind::Database { publicly_accessible: true }
                | ResourceKind::LoadBalancer { internet_facing: true, .. }
        );
        let public = says_so || interface.public_address != PublicAddress::None;
        if public {
            let last = if index % 2 == 0 { 203 } else { 198 };
            interface.public_address = PublicAddress::Known([last, 51, 100, index].into());
        }
        if interface.ipv6 != Ipv6::None {
            let subnet = &network.subnets[&interface.subnet];
            let base = u128::from(subnet.ipv6_cidr.unwrap().network());
            interface.ipv6 = Ipv6::Known(vec![(base + 16 + u128::from(index)).into()]);
        }
        if d.one_in(3) {
            interface.source_ports =
                Some(PortRange::one(*[40000, 1024, 60000].get(d.below(3)).unwrap()));
        }
    }
}

/// A dozen questions about a network.
pub(crate) fn questions(seed: u64, network: &Network) -> Vec<(Host, Host, u8, u16)> {
    let mut dice = Dice(seed ^ 0xfeed);
    let names: Vec<&String> = network.resources.keys().collect();
    let mut questions = Vec::new();
    while questions.len() < 12 {
        let mut host = || {
            if dice.one_in(4) {
                Host::Outside(dice.pick(&OUTSIDE).parse().unwrap())
            } else {
                Host::Resource(names[dice.below(names.len())].clone())
            }
        };
        let (from, to) = (host(), host());
        let outside = |host: &Host| matches!(host, Host::Outside(_));
        if from != to && !(outside(&from) && outside(&to)) {
            let protocol = if dice.one_in(4) { 17 } else { 6 };
            questions.push((from, to, protocol, PORTS[dice.below(PORTS.len())]));
        }
    }
    questions.extend(balanced_questions(&mut dice, network, &names));
    questions
}

/// About each target of a load balancer, and about the load balancer itself: who reaches a listener, and
/// whether its own requests reach a target.
fn balanced_questions(
    dice: &mut Dice,
    network: &Network,
    names: &[&String],
) -> Vec<(Host, Host, u8, u16)> {
    let mut questions = Vec::new();
    for (name, resource) in &network.resources {
        let ResourceKind::LoadBalancer { listeners, .. } = &resource.kind else { continue };
        let itself = || Host::Resource(name.clone());
        for listener in listeners.iter().flatten() {
            let protocol = if listener.udp { 17 } else { 6 };
            let mut client = || {
                if dice.one_in(2) {
                    Host::Outside(dice.pick(&OUTSIDE).parse().unwrap())
                } else {
                    Host::Resource(names[dice.below(names.len())].clone())
                }
            };
            questions.push((client(), itself(), protocol, listener.port));
            for target in &listener.targets {
                let to = || Host::Resource(target.resource.clone());
                questions.push((client(), to(), protocol, target.port));
                questions.push((client(), to(), protocol, target.port));
            }
        }
        if let Some(target) = listeners.iter().flatten().flat_map(|one| &one.targets).next() {
            questions.push((itself(), Host::Resource(target.resource.clone()), 6, target.port));
        }
    }
    questions.retain(|(from, to, ..)| from != to);
    questions
}
