//! A network in a few lines of text, so that two hundred of them can be read.
//!
//! One element a line (or between `;`); a name that comes again replaces what it named before, and
//! `drop NAME` removes it.
//!
//! ```text
//! vpc NAME CIDR… [nodns] [nonames]
//! subnet NAME VPC ZONE CIDR [V6CIDR]
//! igw NAME [VPC]            eigw NAME VPC
//! nat NAME SUBNET [public|noaddress|failed]
//! table NAME VPC [*] SUBNET… : DESTINATION>TARGET …      (* is the main table, TARGET! a black hole)
//! acl NAME VPC [default] SUBNET… : in|out NUMBER allow|deny TRAFFIC CIDR …
//! sg NAME VPC : in|out TRAFFIC PEER …
//! list NAME [SERVICE] : CIDR… | ?
//! gateway NAME VPC SERVICE LIST [failed] : TABLE…
//! interface NAME VPC SERVICE [private] [failed] [policy] : SUBNET… / GROUP…
//! peering NAME A B [pending] [far] [dns]
//! instance|db|function NAME [public] [v6] SUBNET… / GROUP…
//! lb|nlb NAME [public] [v6] SUBNET… / GROUP… : PORT[/udp]>RESOURCE[@ADDRESS]:PORT[+FLAG…] … | none
//! ```
//!
//! `*`, `public`, `v6` and the other words above are therefore no names of elements.
//!
//! A load balancer without listeners may listen for anything; `none` says that it listens for nothing.
//! The FLAGs of a target are `keep` (the client's address), `cross` (over zones), `ill` and `six` (IPv6).
//! A subnet of a resource may have an address: `SUBNET@ADDRESS`.
//!
//! TRAFFIC is `all`, `tcp:80`, `tcp:80-90`, `udp:53`, `icmp`, `icmp:8`, `icmpv6`, `proto:47`.

use trueup_reach::{
    AclRule, Destination, EgressOnlyGateway, End, Endpoint, EndpointKind, GroupRule, Interface,
    InternetGateway, Ipv6, Layer, Listener, ListenerTarget, NatGateway, Network, NetworkAcl,
    Origin, Peer, Peering, PortRange, PrefixList, PublicAddress, Query, Resource, ResourceKind,
    Role, Route, RouteTable, SecurityGroup, State, Subnet, Target, Traffic, Vpc,
};

/// Reads a network.
pub(crate) fn network(text: &str) -> Network {
    let mut network = Network::default();
    for line in text.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty()) {
        add(&mut network, line);
    }
    network
}

/// Reads a question: `FROM -> TO [TRAFFIC]`.
pub(crate) fn query(network: &Network, text: &str) -> Query {
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words[1] == "->", "no arrow in {text}");
    let traffic = words.get(3).map(|word| traffic(word));
    Query { from: end(network, words[0]), to: end(network, words[2]), traffic }
}

pub(crate) fn end(network: &Network, word: &str) -> End {
    match word {
        "internet" => End::Internet,
        _ if network.resources.contains_key(word) => End::Resource(word.to_owned()),
        _ => match word.parse() {
            Ok(net) => End::Cidr(net),
            Err(_) => End::Service(word.to_owned()),
        },
    }
}

pub(crate) fn traffic(word: &str) -> Traffic {
    let (name, detail) = word.split_once(':').map_or((word, None), |(a, b)| (a, Some(b)));
    let ports = || {
        let Some(detail) = detail else { return PortRange::ALL };
        let (first, last) = detail.split_once('-').unwrap_or((detail, detail));
        PortRange::new(first.parse().unwrap(), last.parse().unwrap())
    };
    let kind = || detail.map(|kind| kind.parse().unwrap());
    match name {
        "all" => Traffic::All,
        "tcp" => Traffic::Tcp(ports()),
        "udp" => Traffic::Udp(ports()),
        "icmp" => Traffic::Icmp { kind: kind(), code: None },
        "icmpv6" => Traffic::Icmpv6 { kind: kind(), code: None },
        "proto" => Traffic::Protocol(kind().unwrap()),
        _ => panic!("no traffic: {word}"),
    }
}

fn add(network: &mut Network, line: &str) {
    let (head, tail) = line.split_once(" :").unwrap_or((line, ""));
    let mut words: Vec<&str> = head.split_whitespace().collect();
    let (kind, name) = (words[0], words[1].to_owned());
    words.drain(..2);
    let flag = |words: &mut Vec<&str>, flag: &str| {
        let before = words.len();
        words.retain(|word| *word != flag);
        words.len() < before
    };
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let origin = Origin::default;
    let state =
        |bad: bool, word: &str| if bad { State::Not(word.into()) } else { State::Available };
    match kind {
        "drop" => remove(network, &name),
        "vpc" => {
            let dns_support = !flag(&mut words, "nodns");
            let dns_hostnames = !flag(&mut words, "nonames");
            let cidrs = words.iter().filter_map(|word| word.parse().ok()).collect();
            let ipv6_cidrs = words.iter().filter_map(|word| word.parse().ok()).collect();
            let vpc = Vpc { cidrs, ipv6_cidrs, dns_support, dns_hostnames, origin: origin() };
            network.vpcs.insert(name, vpc);
        }
        "subnet" => {
            let ipv6_cidr = words.get(3).map(|word| word.parse().unwrap());
            let (vpc, zone) = (words[0].to_owned(), words[1].to_owned());
            let cidr = Some(words[2].parse().unwrap());
            network.subnets.insert(name, Subnet { vpc, zone, cidr, ipv6_cidr, origin: origin() });
        }
        "igw" => {
            let vpc = words.first().map(|vpc| (*vpc).to_owned());
            network.internet_gateways.insert(name, InternetGateway { vpc, origin: origin() });
        }
        "eigw" => {
            let gateway = EgressOnlyGateway { vpc: words[0].to_owned(), origin: origin() };
            network.egress_only_gateways.insert(name, gateway);
        }
        "nat" => {
            let bare = flag(&mut words, "noaddress");
            let failed = flag(&mut words, "failed");
            let public_address = if bare { PublicAddress::None } else { PublicAddress::Assigned };
            let (subnet, state) = (words[0].to_owned(), state(failed, "failed"));
            let nat = NatGateway { subnet, address: None, public_address, state, origin: origin() };
            network.nat_gateways.insert(name, nat);
        }
        "table" => {
            let main = flag(&mut words, "*");
            let (vpc, subnets) = (words[0].to_owned(), owned(&words[1..]));
            let routes = tail.split_whitespace().map(|word| route(network, word)).collect();
            let table = RouteTable { vpc, main, subnets, routes, origin: origin() };
            network.route_tables.insert(name, table);
        }
        "acl" => {
            let default = flag(&mut words, "default");
            let (vpc, subnets) = (words[0].to_owned(), owned(&words[1..]));
            let (ingress, egress) = acl_rules(tail);
            let acl = NetworkAcl { vpc, default, subnets, ingress, egress, origin: origin() };
            network.network_acls.insert(name, acl);
        }
        "sg" => {
            let (ingress, egress) = group_rules(network, tail);
            let (vpc, default) = (words[0].to_owned(), name == "default");
            let group = SecurityGroup { vpc, default, ingress, egress, origin: origin() };
            network.security_groups.insert(name, group);
        }
        "list" => {
            let service = words.first().map(|word| (*word).to_owned());
            let nets = || tail.split_whitespace().map(|net| net.parse().unwrap()).collect();
            let entries = (tail.trim() != "?").then(nets);
            network.prefix_lists.insert(name, PrefixList { service, entries, origin: origin() });
        }
        "gateway" | "interface" => {
            let failed = flag(&mut words, "failed");
            let private_dns = flag(&mut words, "private");
            let policy = flag(&mut words, "policy").then(|| "policy.json".to_owned());
            let (before, after) = tail.split_once('/').unwrap_or((tail, ""));
            let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let kind = if kind == "gateway" {
                EndpointKind::Gateway { route_tables: list(tail), prefix_list: words[2].to_owned() }
            } else {
                EndpointKind::Interface { subnets: list(before), groups: list(after), private_dns }
            };
            let (vpc, service) = (words[0].to_owned(), words[1].to_owned());
            let state = state(failed, "failed");
            let endpoint = Endpoint { vpc, service, kind, state, policy, origin: origin() };
            network.endpoints.insert(name, endpoint);
        }
        "peering" => {
            let state = state(flag(&mut words, "pending"), "pending-acceptance");
            let same_region = !flag(&mut words, "far");
            let dns_resolution = flag(&mut words, "dns");
            let (requester, accepter) = (words[0].to_owned(), words[1].to_owned());
            let origin = origin();
            let peering =
                Peering { requester, accepter, state, same_region, dns_resolution, origin };
            network.peerings.insert(name, peering);
        }
        _ => resource(network, kind, name, words, tail),
    }
}

fn resource(network: &mut Network, kind: &str, name: String, mut words: Vec<&str>, tail: &str) {
    let mut flag = |flag: &str| {
        let before = words.len();
        words.retain(|word| *word != flag);
        words.len() < before
    };
    let (public, v6) = (flag("public"), flag("v6"));
    let role = match (flag("managed"), flag("unmanaged"), flag("roleless")) {
        (true, ..) => Role::SessionManager,
        (_, true, _) => Role::Missing,
        (.., true) => Role::None,
        _ => Role::Unknown,
    };
    let slash = words.iter().position(|word| *word == "/").unwrap_or(words.len());
    let groups: Vec<String> = words.iter().skip(slash + 1).map(|word| (*word).to_owned()).collect();
    let mut interfaces = Vec::new();
    for word in &words[..slash] {
        let (subnet, address) = word.split_once('@').map_or((*word, None), |(a, b)| (a, Some(b)));
        let mut interface = Interface::new(subnet, groups.clone());
        interface.address = address.map(|address| address.parse().unwrap());
        if v6 {
            interface.ipv6 = Ipv6::Assigned;
        }
        if public && ["instance", "function"].contains(&kind) {
            interface.public_address = PublicAddress::Assigned;
        }
        interfaces.push(interface);
    }
    let kind = match kind {
        "instance" => ResourceKind::Instance { role },
        "db" => ResourceKind::Database { publicly_accessible: public },
        "function" => ResourceKind::Function { ipv6: v6 },
        "lb" | "nlb" => {
            let layer = if kind == "lb" { Layer::Application } else { Layer::Network };
            ResourceKind::LoadBalancer {
                internet_facing: public,
                layer,
                listeners: match tail.trim() {
                    "" => None,
                    "none" => Some(Vec::new()),
                    tail => Some(listeners(tail)),
                },
            }
        }
        _ => panic!("no element: {kind}"),
    };
    let resource = Resource { kind, interfaces, port: None, origin: Origin::default() };
    network.resources.insert(name, resource);
}

/// Words that begin with the same listener are its targets.
fn listeners(text: &str) -> Vec<Listener> {
    let mut listeners: Vec<Listener> = Vec::new();
    for word in text.split_whitespace() {
        let (port, target) = word.split_once('>').unwrap();
        let (port, udp) = (port.trim_end_matches("/udp").parse().unwrap(), port.ends_with("/udp"));
        let target = listener_target(target);
        match listeners.iter_mut().find(|known| known.port == port && known.udp == udp) {
            Some(known) => known.targets.push(target),
            None => listeners.push(Listener { port, udp, targets: vec![target] }),
        }
    }
    listeners
}

fn listener_target(text: &str) -> ListenerTarget {
    let mut flags = text.split('+');
    let (place, port) = flags.next().unwrap().rsplit_once(':').unwrap();
    let flags: Vec<&str> = flags.collect();
    let (resource, address) = place.split_once('@').map_or((place, None), |(a, b)| (a, Some(b)));
    let ill = State::Not("unhealthy".to_owned());
    ListenerTarget {
        resource: resource.to_owned(),
        address: address.map(|address| address.parse().unwrap()),
        port: port.parse().unwrap(),
        ipv6: flags.contains(&"six"),
        keeps_client: flags.contains(&"keep"),
        cross_zone: flags.contains(&"cross"),
        state: if flags.contains(&"ill") { ill } else { State::Available },
    }
}

fn route(network: &Network, word: &str) -> Route {
    let (destination, target) = word.split_once('>').unwrap();
    let blackhole = target.ends_with('!');
    let target = target.trim_end_matches('!').to_owned();
    let destination = match destination.parse() {
        Ok(net) => Destination::Cidr(net),
        Err(_) => Destination::PrefixList(destination.to_owned()),
    };
    let target = match target.split('_').next().unwrap() {
        "local" => Target::Local,
        "igw" => Target::InternetGateway(target),
        "eigw" => Target::EgressOnlyGateway(target),
        "nat" => Target::NatGateway(target),
        "pcx" => Target::Peering(target),
        _ if network.endpoints.contains_key(&target) => Target::Endpoint(target),
        _ => Target::Other(target),
    };
    Route { destination, target, blackhole, origin: Origin::default() }
}

fn acl_rules(text: &str) -> (Vec<AclRule>, Vec<AclRule>) {
    let (mut ingress, mut egress) = (Vec::new(), Vec::new());
    for words in text.split_whitespace().collect::<Vec<_>>().chunks(5) {
        let rules = if words[0] == "in" { &mut ingress } else { &mut egress };
        rules.push(AclRule {
            number: words[1].parse().unwrap(),
            allow: words[2] == "allow",
            traffic: traffic(words[3]),
            cidr: words[4].parse().unwrap(),
            origin: Origin::default(),
        });
    }
    (ingress, egress)
}

fn group_rules(network: &Network, text: &str) -> (Vec<GroupRule>, Vec<GroupRule>) {
    let (mut ingress, mut egress) = (Vec::new(), Vec::new());
    for words in text.split_whitespace().collect::<Vec<_>>().chunks(3) {
        let rules = if words[0] == "in" { &mut ingress } else { &mut egress };
        let traffic = traffic(words[1]);
        let peers = match words[2] {
            "internet" => vec!["0.0.0.0/0", "::/0"],
            word => vec![word],
        };
        for word in peers {
            let peer = match word.parse() {
                Ok(net) => Peer::Cidr(net),
                Err(_) if network.prefix_lists.contains_key(word) => Peer::PrefixList(word.into()),
                Err(_) => Peer::Group(word.to_owned()),
            };
            rules.push(GroupRule { traffic, peer, origin: Origin::default() });
        }
    }
    (ingress, egress)
}

fn remove(network: &mut Network, name: &str) {
    let found = [
        network.route_tables.remove(name).is_some(),
        network.internet_gateways.remove(name).is_some(),
        network.nat_gateways.remove(name).is_some(),
        network.network_acls.remove(name).is_some(),
        network.endpoints.remove(name).is_some(),
        network.peerings.remove(name).is_some(),
        network.egress_only_gateways.remove(name).is_some(),
        network.resources.remove(name).is_some(),
    ];
    assert!(found.contains(&true), "nothing to drop is called {name}");
}
