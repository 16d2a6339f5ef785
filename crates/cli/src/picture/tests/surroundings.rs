//! What others have around a stack: drawn where it says something about the stack, and as theirs.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use trueup_model::proof::Verdict;
use trueup_model::snapshot::{Condition, Live, Ownership, Surroundings, around};
use trueup_model::{KindName, Snapshot, Value};

use super::sound::check;
use super::{Drawn, loaded, titles};
use crate::picture::placed::paper::{Paper, Role, Shape};
use crate::picture::shown::diagram::Meaning;

/// An instance in a network of others.
const GUEST: &str = "\
stack: guest
region: us-west-2
existing:
  vpc: { main: { id: vpc-1 } }
  subnet: { a: { id: subnet-a }, b: { id: subnet-b } }
  security_group: { ops: { id: sg-7 } }
security_group:
  app:
    vpc: existing.vpc.main
    description: app
    ingress: [{ port: 8080, from: [10.0.0.0/16] }, { port: 5000, from: [existing.security_group.ops] }]
instance:
  app: { subnet: existing.subnet.a, security_groups: [app], ami: ami-0123456789abcdef0, instance_type: t3.micro }
expect:
  - instance.app reaches s3 on 443
  - internet does not reach instance.app on 8080
";

fn live(kind: &str, id: &str, attributes: Json) -> Live {
    let Value::Map(attributes) = attributes.into() else { panic!("no attributes") };
    Live {
        kind: KindName::from(kind.to_owned()),
        id: id.to_owned(),
        ownership: Ownership::default(),
        attributes,
        outputs: BTreeMap::from([("id".to_owned(), id.into())]),
        tags: BTreeMap::new(),
        condition: Condition::Ready,
        scheduled: BTreeMap::new(),
    }
}

fn subnet(id: &str, zone: &str, number: u8) -> Live {
    let cidr = format!("10.0.{number}.0/24");
    live("subnet", id, json!({ "vpc": "vpc-1", "availability_zone": zone, "cidr_block": cidr }))
}

fn everything() -> Json {
    json!([{ "port": null, "protocol": "all", "to": ["0.0.0.0/0"], "description": null }])
}

/// The account in which the guest is: its instance runs, and these surround it.
fn account(others: Vec<Live>) -> Snapshot {
    let vpc = json!({
        "cidr_block": "10.0.0.0/16", "enable_dns_support": true, "enable_dns_hostnames": true,
    });
    let own = |kind: &str, id: &str, address: &str, attributes: Json| {
        let mut own = live(kind, id, attributes);
        own.ownership.stack = Some("guest".to_owned());
        own.ownership.address = Some(address.parse().unwrap());
        own
    };
    let instance = json!({
        "subnet": "subnet-a", "security_groups": ["sg-1"], "private_ip": "10.0.1.5", "public_ip": false,
        "ami": "ami-0123456789abcdef0", "instance_type": "t3.micro",
    });
    let group = json!({ "vpc": "vpc-1", "name": "guest-app", "description": "app" });
    let ops = json!({ "vpc": "vpc-1", "name": "ops", "ingress": [], "egress": everything() });
    let looked_up = [
        ("security_group.ops", live("security_group", "sg-7", ops)),
        ("vpc.main", live("vpc", "vpc-1", vpc)),
        ("subnet.a", subnet("subnet-a", "us-west-2a", 1)),
        ("subnet.b", subnet("subnet-b", "us-west-2b", 2)),
    ];
    let mut around = vec![
        live("internet_gateway", "igw-1", json!({ "vpc": "vpc-1" })),
        live(
            "route_table",
            "rtb-main",
            json!({ "vpc": "vpc-1", "main": true, "subnets": [], "routes": { "0.0.0.0/0": "igw-1" } }),
        ),
    ];
    around.extend(others);
    Snapshot {
        account: "123456789012".to_owned(),
        region: "us-west-2".to_owned(),
        resources: vec![
            own("security_group", "sg-1", "security_group.app", group),
            own("instance", "i-1", "instance.app", instance),
        ],
        existing: looked_up.into_iter().map(|(at, live)| (at.parse().unwrap(), live)).collect(),
        around: Some(Surroundings { resources: around, unreadable: Vec::new() }),
        ..Snapshot::default()
    }
}

fn drawn(others: Vec<Live>) -> Drawn {
    let (stack, catalog) = loaded(GUEST);
    Drawn::planned(stack, catalog, account(others))
}

#[track_caller]
fn shape<'p>(paper: &'p Paper, name: &str) -> &'p Shape {
    let found = paper.find(name).unwrap_or_else(|| panic!("no {name} in {:#?}", titles(paper)));
    &paper.shapes[found]
}

/// The arrows, as `from -> to: label`.
fn arrows(paper: &Paper, meaning: Meaning) -> Vec<String> {
    let name = |index: usize| paper.shapes[index].name.clone().unwrap_or_default();
    let lines = paper.lines.iter().filter(|line| line.meaning == meaning);
    lines
        .map(|line| {
            let label = line.label.as_ref().map(|(_, text)| text.clone()).unwrap_or_default();
            format!("{} -> {}: {label}", name(line.ends.0), name(line.ends.1))
        })
        .collect()
}

fn balancer(id: &str, sort: &str, listeners: &Json) -> Live {
    live(
        around::LOAD_BALANCER,
        id,
        json!({
            "vpc": "vpc-1", "subnets": ["subnet-a", "subnet-b"], "security_groups": [],
            "internet_facing": true, "type": sort, "listeners": listeners,
            "nodes": [
                { "subnet": "subnet-a", "private_ip": "10.0.1.9", "public_ip": "203.0.113.9" },
                { "subnet": "subnet-b", "private_ip": "10.0.2.9", "public_ip": "203.0.113.10" },
            ],
        }),
    )
}

#[test]
fn what_aws_and_others_have_makes_a_subnet_public_and_is_not_ours() {
    let paper = drawn(Vec::new()).drawn(true);
    check(&paper);
    let gateway = shape(&paper, "igw-1");
    assert!(gateway.foreign && gateway.role == Role::Edge);
    assert!(shape(&paper, "existing.vpc.main").foreign);
    assert!(!shape(&paper, "instance.app").foreign);
    let titles = titles(&paper);
    assert!(
        titles.contains(&"public subnet") && titles.contains(&"not of this stack"),
        "{titles:?}"
    );
    assert!(titles.contains(&"AWS's main routes"), "{titles:?}");
}

#[test]
fn a_load_balancer_stands_in_its_subnets_and_sends_to_its_targets() {
    let target = json!({ "instance": "i-1", "port": 8080, "keeps_client": true });
    let web = balancer("net/web/01", "network", &json!([{ "port": 443, "targets": [target] }]));
    let other = json!({ "address": "10.0.2.77", "port": 80 });
    let other =
        balancer("app/other/02", "application", &json!([{ "port": 80, "targets": [other] }]));
    let drawn = drawn(vec![web, other]);
    let paper = drawn.drawn(true);
    check(&paper);
    let web = shape(&paper, "net/web/01");
    assert!(web.foreign && web.role == Role::Band);
    assert_eq!(
        arrows(&paper, Meaning::Open),
        [
            "net/web/01 -> instance.app: 443 → 8080",
            "igw-1 -> net/web/01: 443",
            "10.0.0.0/16 -> instance.app: 8080",
        ]
    );
    let titles = titles(&paper);
    assert!(titles.contains(&"web") && titles.contains(&"public network load balancer"));
    assert!(titles.contains(&"1 load balancer of others"), "{titles:?}");
    assert!(paper.find("app/other/02").is_none());
}

#[test]
fn endpoints_and_peerings_are_doors_and_what_they_carry_goes_through_them() {
    let endpoint = json!({
        "vpc": "vpc-1", "service": "s3", "type": "interface", "private_dns": true,
        "subnets": ["subnet-a"], "security_groups": ["sg-1"],
    });
    let peering = json!({
        "requester": "vpc-1", "accepter": "vpc-9", "near": ["requester"], "same_region": true,
        "requester_cidrs": ["10.0.0.0/16"], "accepter_cidrs": ["10.9.0.0/16"],
        "requester_account": "123456789012", "accepter_account": "222222222222",
    });
    let others = vec![
        live(around::VPC_ENDPOINT, "vpce-1", endpoint),
        live(around::VPC_PEERING, "pcx-1", peering),
    ];
    let paper = drawn(others).drawn(true);
    check(&paper);
    for name in ["vpce-1", "pcx-1"] {
        let door = shape(&paper, name);
        assert!(door.foreign && door.role == Role::Edge);
        let vpc = shape(&paper, "existing.vpc.main").rect;
        assert!(door.rect.y < vpc.bottom() && vpc.bottom() < door.rect.bottom());
    }
    let titles = titles(&paper);
    assert!(titles.contains(&"10.9.0.0/16 of 222222222222"), "{titles:?}");
    // The group lets nothing in on 443, so the endpoint that owns the name shuts S3 off.
    let broken = arrows(&paper, Meaning::Claim(Verdict::Broken));
    assert_eq!(broken, ["instance.app -> vpce-1: ✗ s3 443"]);
}

#[test]
fn what_passes_a_load_balancer_is_drawn_through_it() {
    let target = json!({ "instance": "i-1", "port": 8080, "keeps_client": false });
    let web = balancer("net/web/01", "network", &json!([{ "port": 443, "targets": [target] }]));
    let paper = drawn(vec![web]).drawn(true);
    check(&paper);
    let broken = arrows(&paper, Meaning::Claim(Verdict::Broken));
    let through =
        ["net/web/01 -> instance.app: ✗ must not 8080", "igw-1 -> net/web/01: ✗ must not 443"];
    assert!(through.iter().all(|arrow| broken.contains(&(*arrow).to_owned())), "{broken:?}");
}

#[test]
fn what_a_load_balancer_sends_and_no_group_lets_in_is_stuck() {
    let target = json!({ "instance": "i-1", "port": 9000, "keeps_client": false });
    let web = balancer("app/web/01", "application", &json!([{ "port": 80, "targets": [target] }]));
    let paper = drawn(vec![web]).drawn(true);
    check(&paper);
    assert_eq!(arrows(&paper, Meaning::Stuck), ["app/web/01 -> instance.app: 80 → 9000"]);
    assert!(titles(&paper).contains(&"forwarded, and does not arrive"));
}

#[test]
fn many_of_others_are_one_box() {
    let endpoint = |index: u8| {
        let service = ["ec2", "kms", "logs", "sns", "sqs", "ssm", "sts"][usize::from(index)];
        let attributes = json!({
            "vpc": "vpc-1", "service": service, "type": "interface", "private_dns": true,
            "subnets": ["subnet-b"], "security_groups": ["sg-1"],
        });
        live(around::VPC_ENDPOINT, &format!("vpce-{index}"), attributes)
    };
    let target = json!([{ "port": 80, "targets": [{ "instance": "i-1", "port": 8080 }] }]);
    let web = |index: u8| balancer(&format!("app/web/{index}"), "application", &target);
    let others = (0..7).map(endpoint).chain((0..5).map(web)).collect();
    let paper = drawn(others).drawn(true);
    check(&paper);
    let titles = titles(&paper);
    for title in ["VPC endpoints ×7", "Load balancers ×5"] {
        assert!(titles.contains(&title), "{title} of {titles:?}");
    }
}

#[test]
fn an_acl_of_others_is_a_chip_on_the_subnets_that_it_filters() {
    let rules = json!([{ "number": 50, "allow": false, "protocol": "-1", "cidr": "0.0.0.0/0" }]);
    let acl = json!({
        "vpc": "vpc-1", "default": false, "subnets": ["subnet-a"], "ingress": rules, "egress": rules,
    });
    let plain = json!([{ "number": 100, "allow": true, "protocol": "-1", "cidr": "0.0.0.0/0" }]);
    let default = json!({
        "vpc": "vpc-1", "default": true, "subnets": [], "ingress": plain, "egress": plain,
    });
    let others = vec![
        live(around::NETWORK_ACL, "acl-1", acl),
        live(around::NETWORK_ACL, "acl-default", default),
    ];
    let paper = drawn(others).drawn(true);
    check(&paper);
    assert!(titles(&paper).contains(&"ACL acl-1"));
    assert!(paper.find("acl-default").is_none(), "as AWS made it, it decides nothing");
    let chip = shape(&paper, "acl-1");
    let subnet = &paper.shapes[chip.parent.unwrap()];
    assert_eq!(subnet.name.as_deref(), Some("existing.subnet.a"));
}

#[test]
fn an_interface_of_others_is_drawn_where_a_proof_speaks_of_it() {
    let interface = |id: &str, address: &str, group: &str| {
        let attributes = json!({
            "vpc": "vpc-1", "subnet": "subnet-b", "security_groups": [group], "type": "interface",
            "private_ip": address, "instance": "i-9", "description": "",
        });
        live(around::NETWORK_INTERFACE, id, attributes)
    };
    let group = json!({ "vpc": "vpc-1", "name": "other", "ingress": [], "egress": everything() });
    let others = vec![
        live("security_group", "sg-8", group),
        interface("eni-1", "10.0.2.44", "sg-7"),
        interface("eni-2", "10.0.2.45", "sg-8"),
    ];
    let (stack, catalog) =
        loaded(&(GUEST.to_owned() + "  - 10.0.2.0/24 does not reach instance.app on 5000\n"));
    let paper = Drawn::planned(stack, catalog, account(others)).drawn(true);
    check(&paper);
    let opens = shape(&paper, "eni-1");
    assert!(opens.foreign);
    assert_eq!(paper.shapes[opens.parent.unwrap()].name.as_deref(), Some("existing.subnet.b"));
    assert!(paper.find("eni-2").is_none(), "it lets nothing through");
    let broken = arrows(&paper, Meaning::Claim(Verdict::Broken));
    assert!(broken.contains(&"eni-1 -> instance.app: ✗ must not 5000".to_owned()), "{broken:?}");
}
