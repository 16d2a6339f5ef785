//! How long a hundred sentences take on a network of a thousand groups and two hundred subnets.
//! Run with `cargo bench -p trueup-reach`.
#![expect(clippy::print_stdout, reason = "its figures are what a bench is for")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
#![expect(clippy::unwrap_used, reason = "a bench may stop when its own network is wrong")]

use std::time::Instant;

use ipnet::{IpNet, Ipv4Net};
use trueup_reach::{
    AclRule, Destination, End, Engine, GroupRule, Interface, InternetGateway, NatGateway, Network,
    NetworkAcl, Origin, Peer, PortRange, PublicAddress, Query, Resource, ResourceKind, Role, Route,
    RouteTable, SecurityGroup, Sentence, State, Subnet, Target, Traffic, Vpc,
};

const GROUPS: u32 = 1000;
const SUBNETS: u8 = 200;
const SENTENCES: u32 = 100;
/// Interfaces of one family; a sentence about two families has the square of it in pairs.
const FAMILY: u32 = 5;
const ROUNDS: usize = 5;

fn main() {
    let network = network();
    let sentences = sentences();
    let mut best = (f64::MAX, f64::MAX);
    let mut holding = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let engine = Engine::new(&network).unwrap();
        let prepared = start.elapsed().as_secs_f64();
        let proofs = engine.prove(&sentences);
        best = (best.0.min(prepared), best.1.min(start.elapsed().as_secs_f64() - prepared));
        holding = proofs.iter().filter(|proof| proof.as_ref().unwrap().holds == Some(true)).count();
    }
    let checks = Instant::now();
    let findings = trueup_reach::checks::run(&Engine::new(&network).unwrap()).len();
    let rules: usize =
        network.security_groups.values().map(|g| g.ingress.len() + g.egress.len()).sum();
    println!(
        "{} groups with {rules} rules, {} subnets, {} ACLs, {} resources",
        network.security_groups.len(),
        network.subnets.len(),
        network.network_acls.len(),
        network.resources.len(),
    );
    println!("prepare  {:8.1} ms", best.0 * 1000.0);
    println!(
        "prove    {:8.1} ms for {} sentences, {holding} hold",
        best.1 * 1000.0,
        sentences.len()
    );
    println!("total    {:8.1} ms (limit 1000)", (best.0 + best.1) * 1000.0);
    println!("checks   {:8.1} ms, {findings} findings", checks.elapsed().as_secs_f64() * 1000.0);
    assert!(best.0 + best.1 < 1.0, "slower than a second");
}

fn sentences() -> Vec<Sentence> {
    let resource = |kind: &str, index: u32| End::Resource(format!("{kind}.{index}"));
    (0..SENTENCES)
        .map(|index| {
            let (query, negated) = match index % 5 {
                0 => (Query::tcp(resource("app", index), resource("db", index), 5432), false),
                1 => (Query::any(End::Internet, resource("db", index)), true),
                2 => (Query::tcp(resource("app", index), End::Internet, 443), false),
                3 => (Query::any(resource("app", index), resource("db", index + 1)), true),
                _ => (
                    Query::tcp(End::Cidr(net([10, 0, 0, 0], 16)), resource("app", index), 80),
                    false,
                ),
            };
            Sentence { query, negated }
        })
        .collect()
}

fn net(address: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new(address.into(), length).unwrap())
}

fn network() -> Network {
    let mut network = Network::default();
    let origin = Origin::default;
    let cidrs = vec![Ipv4Net::new([10, 0, 0, 0].into(), 16).unwrap()];
    let vpc =
        Vpc { cidrs, ipv6_cidrs: vec![], dns_support: true, dns_hostnames: true, origin: origin() };
    network.vpcs.insert("vpc".into(), vpc);
    let gateway = InternetGateway { vpc: Some("vpc".into()), origin: origin() };
    network.internet_gateways.insert("igw".into(), gateway);
    for index in 0..SUBNETS {
        subnet(&mut network, index);
    }
    for index in 0..GROUPS {
        group(&mut network, index);
    }
    for index in 0..GROUPS {
        resources(&mut network, index);
    }
    network
}

/// Subnets, of which the first three are public and have NAT gateways, each with its own table
/// and ACL.
fn subnet(network: &mut Network, index: u8) {
    let name = format!("subnet.{index}");
    let zone = ["a", "b", "c"][usize::from(index % 3)].to_owned();
    let cidr = Some(Ipv4Net::new([10, 0, index, 0].into(), 24).unwrap());
    let origin = Origin::default;
    let subnet = Subnet { vpc: "vpc".into(), zone, cidr, ipv6_cidr: None, origin: origin() };
    network.subnets.insert(name.clone(), subnet);
    let target = if index < 3 {
        let nat = NatGateway {
            subnet: name.clone(),
            address: None,
            public_address: PublicAddress::Assigned,
            state: State::Available,
            origin: origin(),
        };
        network.nat_gateways.insert(format!("nat.{index}"), nat);
        Target::InternetGateway("igw".into())
    } else {
        Target::NatGateway(format!("nat.{}", index % 3))
    };
    let destination = Destination::Cidr(net([0, 0, 0, 0], 0));
    let routes = vec![Route { destination, target, blackhole: false, origin: origin() }];
    let (vpc, subnets) = ("vpc".to_owned(), vec![name.clone()]);
    let table = RouteTable { vpc, main: false, subnets: subnets.clone(), routes, origin: origin() };
    network.route_tables.insert(format!("table.{index}"), table);
    let rule = |number: u8, allow, traffic, cidr| AclRule {
        number: u16::from(number),
        allow,
        traffic,
        cidr,
        origin: origin(),
    };
    let mut rules = Vec::new();
    for number in 0..20 {
        rules.push(rule(number, false, Traffic::All, net([198, 51, 100, number * 8], 29)));
    }
    rules.push(rule(100, true, Traffic::All, net([0, 0, 0, 0], 0)));
    let (ingress, egress) = (rules.clone(), rules);
    let acl = NetworkAcl {
        vpc: "vpc".into(),
        default: false,
        subnets,
        ingress,
        egress,
        origin: origin(),
    };
    network.network_acls.insert(format!("acl.{index}"), acl);
}

/// Even groups are for applications, odd ones for the databases of the group before.
fn group(network: &mut Network, index: u32) {
    let rule = |traffic, peer| GroupRule { traffic, peer, origin: Origin::default() };
    let mut ingress = Vec::new();
    let mut egress = vec![rule(Traffic::tcp(443), Peer::Cidr(net([0, 0, 0, 0], 0)))];
    for other in 0..8_u8 {
        let port = 8000 + u16::from(other) * 10;
        let traffic = Traffic::Tcp(PortRange::new(port, port + 5));
        ingress.push(rule(traffic, Peer::Cidr(net([172, 16, other, 0], 24))));
    }
    if index.is_multiple_of(2) {
        ingress.push(rule(Traffic::tcp(80), Peer::Cidr(net([10, 0, 0, 0], 16))));
        egress.push(rule(Traffic::tcp(5432), Peer::Group(format!("group.{}", index + 1))));
    } else {
        ingress.push(rule(Traffic::tcp(5432), Peer::Group(format!("group.{}", index - 1))));
    }
    let (vpc, origin) = ("vpc".to_owned(), Origin::default());
    let group = SecurityGroup { vpc, default: false, ingress, egress, origin };
    network.security_groups.insert(format!("group.{index}"), group);
}

fn resources(network: &mut Network, index: u32) {
    let private =
        |offset: u32| format!("subnet.{}", 3 + (index + offset) % (u32::from(SUBNETS) - 3));
    let group = |index: u32| vec![format!("group.{}", index % GROUPS)];
    let app = 2 * (index / 2);
    let apps = (0..FAMILY).map(|n| Interface::new(private(n * 7), group(app))).collect();
    let databases = (0..3).map(|n| Interface::new(private(n * 11), group(app + 1))).collect();
    let resource =
        |kind, interfaces| Resource { kind, interfaces, port: None, origin: Origin::default() };
    let instance = ResourceKind::Instance { role: Role::Unknown };
    network.resources.insert(format!("app.{index}"), resource(instance, apps));
    let database = ResourceKind::Database { publicly_accessible: false };
    network.resources.insert(format!("db.{index}"), resource(database, databases));
}
