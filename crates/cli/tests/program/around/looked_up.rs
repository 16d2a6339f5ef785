//! Ends of sentences that the stack looks up: load balancers, environments, machines, databases and
//! functions of others.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use trueup_model::snapshot::around;
use trueup_sim::{Sim, World};

use super::{id, values, verdicts};
use crate::harness::{Bench, snowex, stack};

const FRONT: &str = "
existing:
  load_balancer: { front: { name: web } }
";
const SENTENCES: [&str; 5] = [
    "internet reaches existing.load_balancer.front on 443",
    "internet does not reach existing.load_balancer.front on 22",
    "existing.load_balancer.front reaches instance.bastion on 8080",
    "existing.load_balancer.front does not reach db_instance.main",
    "instance.bastion reaches existing.load_balancer.front on 443",
];

/// Snowex with something looked up, and sentences about it; the bastion listens for port 8080.
fn snowex_with(existing: &str, sentences: &[&str]) -> (Bench, Arc<Sim>) {
    let (bench, sim) = snowex();
    let lines: Vec<String> = sentences.iter().map(|one| format!("  - {one}\n")).collect();
    let lines = lines.concat();
    let text = stack("snowex.yaml")
        .replace("\nvariables:\n", &format!("{existing}\nvariables:\n"))
        .replace("expect:\n", &format!("expect:\n{lines}"))
        .replace(
            "Session Manager needs no way in\n    ingress: []",
            "requests\n    ingress: [{ port: 8080, from: [10.0.0.0/24] }]",
        );
    assert!(text.contains("8080") && text.contains("existing"));
    bench.write("stack.yaml", &text);
    (bench, sim)
}

/// A load balancer in the public subnet that listens for 443 and forwards to the bastion.
fn put_front(sim: &Sim, sort: &str, group: &Json, more: &Json) {
    let vpc = id(&sim.world(), "vpc.main");
    let mut open = json!({ "vpc": vpc, "name": "front", "description": "front" });
    open.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
    let group = sim.add_foreign("security_group", values(open), &BTreeMap::new()).unwrap();
    sim.edit(|world: &mut World| {
        let subnet = id(world, "subnet.public");
        let target = json!({ "instance": id(world, "instance.bastion"), "port": 8080 });
        let mut balancer = json!({
            "vpc": vpc, "subnets": [subnet.clone()], "security_groups": [group],
            "internet_facing": true, "type": sort,
            "listeners": [{ "port": 443, "udp": false, "targets": [target] }],
            "nodes": [{ "subnet": subnet, "private_ip": "10.0.0.9", "public_ip": "203.0.113.9" }],
        });
        balancer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.put_around(around::LOAD_BALANCER, "app/web/01", values(balancer));
    })
    .unwrap();
}

fn rules(ingress: u16) -> Json {
    let rule = |port: u16, peer: &str| json!([{ "port": port, peer: ["0.0.0.0/0"], "protocol": "tcp", "description": null }]);
    json!({ "ingress": rule(ingress, "from"), "egress": rule(8080, "to") })
}

fn of<'v>(found: &'v [(String, String)], sentence: &str) -> &'v str {
    let found = found.iter().find(|(text, _)| text == sentence);
    &found.unwrap_or_else(|| panic!("no {sentence}")).1
}

/// Nothing is where the stack looks before there is anything; then every sentence is proved, and each
/// change of the load balancer breaks its own.
#[tokio::test(start_paused = true)]
async fn a_load_balancer_of_others_is_an_end() {
    let (bench, sim) = snowex_with(FRONT, &SENTENCES);
    let plan = bench.run("plan --json").await.expect(0).json();
    let first = &plan["proofs"][0];
    assert_eq!(first["verdict"], "unknown");
    assert_eq!(
        first["evidence"][0],
        "nothing in AWS is what existing.load_balancer.front looks up"
    );
    bench.run("apply --yes").await.expect(0);

    put_front(&sim, "application", &rules(443), &json!({}));
    let found = verdicts(&bench, 0).await;
    assert!(found.iter().all(|(_, verdict)| verdict == "proved"), "{found:?}");
    bench.run("plan --detailed-exitcode").await.expect(0);
    for graph in ["graph --format svg", "graph --format html --plan"] {
        let picture = bench.run(graph).await.expect(0).stdout;
        assert!(picture.contains("front"), "{graph}");
    }

    let changed = async |sort: &str, rule: u16, more: Json| {
        put_front(&sim, sort, &rules(rule), &more);
        verdicts(&bench, 2).await
    };
    let found = changed("application", 22, json!({})).await;
    assert_eq!(of(&found, SENTENCES[0]), "broken", "its group lets in another port");
    assert_eq!(of(&found, SENTENCES[1]), "proved", "and it does not listen for that");
    let listens = json!({ "listeners": [{ "port": 22, "udp": false, "targets": [] }] });
    let found = changed("application", 22, listens).await;
    assert_eq!(of(&found, SENTENCES[1]), "broken");
    let found = changed("network", 443, json!({ "internet_facing": false, "nodes": [] })).await;
    assert_eq!(of(&found, SENTENCES[0]), "broken");
    let inside = json!({ "subnets": [id(&sim.world(), "subnet.private[a]")], "nodes": [] });
    let found = changed("application", 443, inside).await;
    assert_eq!(of(&found, SENTENCES[2]), "broken", "the bastion lets in the public subnet only");
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_is_asked_about_by_hand() {
    let (bench, sim) = snowex_with(FRONT, &[]);
    bench.run("apply --yes").await.expect(0);
    put_front(&sim, "application", &rules(443), &json!({}));
    let reach = async |line: &str, code| {
        let ran = bench.run(&format!("reach {line}")).await.expect(code);
        ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = reach("internet existing.load_balancer.front --port 443", 0).await;
    assert!(text.contains("existing.load_balancer.front: it listens for tcp 443"), "{text}");
    let text = reach("internet existing.load_balancer.front --port 8443", 4).await;
    assert!(text.contains("no ingress rule allows tcp 8443"), "{text}");
    assert!(text.contains("give existing.load_balancer.front a listener for tcp 8443"), "{text}");
    reach("existing.load_balancer.front instance.bastion --port 8080", 0).await;
    let text = reach("internet instance.bastion --port 8080", 4).await;
    assert!(text.contains("existing.load_balancer.front ends what reaches it"), "{text}");
    let doctor = bench.run("doctor existing.load_balancer.front").await.expect(0).stdout;
    assert!(doctor.contains("the internet reaches it"), "{doctor}");
    let wrong = bench.run("reach internet existing.load_balancer.frunt").await.expect(1);
    assert!(wrong.stderr.contains("did you mean 'existing.load_balancer.front'?"), "{wrong:?}");
}

/// What it listens for was not read, or cannot be: what reaches it is unknown, and what its groups keep
/// out is not.
#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_was_not_read_is_known_by_its_groups() {
    let (bench, sim) = snowex_with(FRONT, &SENTENCES[..2]);
    bench.run("apply --yes").await.expect(0);
    put_front(&sim, "classic", &rules(443), &json!({ "listeners": null }));
    let json = bench.run("drift --json").await.expect(0).json();
    let proof = |place: usize| &json["proofs"][place];
    assert_eq!(proof(0)["verdict"], "unknown");
    let why = proof(0)["evidence"][0].as_str().unwrap();
    assert!(why.contains("of classic load balancers trueup does not read that"), "{why}");
    assert_eq!(proof(0)["text"], SENTENCES[0]);
    assert_eq!(proof(1)["verdict"], "proved", "its group keeps it out, whatever it listens for");
}

/// In a network of their own, connected to nothing of the stack.
#[tokio::test(start_paused = true)]
async fn machines_databases_and_functions_of_others_are_ends() {
    const EXISTING: &str = "
existing:
  instance: { theirs: { name: theirs }, again: { tags: { team: web } } }
  db_instance: { theirs: { name: theirs } }
  lambda_function: { theirs: { name: theirs } }
";
    let sentences = [
        "existing.instance.theirs reaches existing.db_instance.theirs on 3306",
        "existing.instance.again does not reach existing.db_instance.theirs on 22",
        "existing.lambda_function.theirs does not reach existing.db_instance.theirs",
        "internet does not reach existing.instance.theirs",
        "internet does not reach existing.db_instance.theirs",
        "existing.instance.theirs does not reach instance.bastion",
    ];
    let (bench, sim) = snowex_with(EXISTING, &sentences);
    bench.run("apply --yes").await.expect(0);
    put_theirs(&sim);
    let found = verdicts(&bench, 0).await;
    assert!(found.iter().all(|(_, verdict)| verdict == "proved"), "{found:?}");
    let doctor = bench.run("doctor existing.db_instance.theirs").await.expect(0).stdout;
    assert!(doctor.contains("✓ existing.instance.again reaches it"), "{doctor}");

    // A second interface of theirs, in a group that the database does not know.
    sim.edit(|world| {
        let machine = world.of_kind("instance").find(|one| is_named(one, "theirs")).unwrap();
        let subnet = machine.attributes["subnet"].clone();
        let interface = json!({
            "vpc": world.of_kind("vpc").last().unwrap().id, "subnet": subnet,
            "security_groups": [], "private_ip": "10.8.1.77", "type": "interface",
            "instance": machine.id, "description": "",
        });
        let vpc = world.of_kind("subnet").find(|one| Some(one.id.as_str()) == subnet.as_str());
        let vpc = vpc.unwrap().attributes["vpc"].clone();
        let mut interface = values(interface);
        interface.insert("vpc".to_owned(), vpc);
        world.put_around(around::NETWORK_INTERFACE, "eni-0other", interface);
    })
    .unwrap();
    let found = verdicts(&bench, 2).await;
    assert_eq!(of(&found, sentences[0]), "broken", "{found:?}");
}

fn is_named(item: &trueup_sim::Item, name: &str) -> bool {
    item.tags.get("Name").is_some_and(|tag| tag == name)
}

/// A machine that may reach a database, and a function that may not.
fn put_theirs(sim: &Sim) {
    let add = |kind: &str, attributes: Json, tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        sim.add_foreign(kind, values(attributes), &tags.collect()).unwrap()
    };
    let vpc = add("vpc", json!({ "cidr_block": "10.8.0.0/16" }), &[]);
    let subnet = |block: &str, zone: &str| json!({ "vpc": vpc, "cidr_block": block, "availability_zone": zone });
    let one = add("subnet", subnet("10.8.1.0/24", "us-west-2a"), &[]);
    let other = add("subnet", subnet("10.8.2.0/24", "us-west-2b"), &[]);
    let group = |name: &str, ingress: Json| {
        let attributes =
            json!({ "vpc": vpc, "name": name, "description": name, "ingress": ingress });
        add("security_group", attributes, &[])
    };
    let web = group("web", json!([]));
    let rule = json!([{ "port": 3306, "from": [web], "protocol": "tcp", "description": null }]);
    let data = group("data", rule);
    let apart = group("apart", json!([]));
    let subnets = json!({ "name": "theirs", "description": "theirs", "subnets": [one, other] });
    add("db_subnet_group", subnets, &[]);
    let machine = json!({
        "ami": "ami-12c6146b", "instance_type": "t3.micro", "subnet": one,
        "security_groups": [web],
    });
    add("instance", machine, &[("Name", "theirs"), ("team", "web")]);
    let database = json!({
        "identifier": "theirs", "engine": "mysql", "engine_version": "8.0.42",
        "instance_class": "db.t3.micro", "allocated_storage": 20, "username": "admin",
        "subnet_group": "theirs", "security_groups": [data], "publicly_accessible": false,
    });
    add("db_instance", database, &[]);
    let function = json!({
        "name": "theirs", "runtime": "python3.12", "handler": "app.handler",
        "role": "arn:aws:iam::123456789012:role/theirs", "subnets": [one],
        "security_groups": [apart],
    });
    add("lambda_function", function, &[]);
}

/// An environment is all instances that run in it.
#[tokio::test(start_paused = true)]
async fn an_environment_of_others_is_an_end() {
    const EXISTING: &str = "
existing:
  elastic_beanstalk_environment: { shop: { name: shop } }
";
    let sentences = [
        "internet does not reach existing.elastic_beanstalk_environment.shop",
        "existing.elastic_beanstalk_environment.shop does not reach db_instance.main on 5432",
    ];
    let (bench, sim) = snowex_with(EXISTING, &sentences);
    bench.run("apply --yes").await.expect(0);
    let put = |second: &str| {
        sim.edit(|world| {
            let subnet = id(world, "subnet.public");
            let bastion = id(world, "security_group.bastion");
            let group = id(world, second);
            let interface = |last: u8, group: &str| {
                json!({
                    "instance": format!("i-0{last}"), "subnet": subnet, "security_groups": [group],
                    "private_ip": format!("10.0.0.{last}"), "public_ip": format!("203.0.113.{last}"),
                })
            };
            // The bastion's group is let in by the database, the database's own is not.
            let own = id(world, "security_group.database");
            let all = [interface(5, &own), interface(6, &group)];
            let attributes = json!({ "vpc": id(world, "vpc.main"), "interfaces": all });
            assert_ne!(bastion, own);
            world.put_around(around::ENVIRONMENT, "shop", values(attributes));
        })
        .unwrap();
    };
    put("security_group.database");
    let found = verdicts(&bench, 0).await;
    assert!(found.iter().all(|(_, verdict)| verdict == "proved"), "{found:?}");
    put("security_group.bastion");
    let found = verdicts(&bench, 2).await;
    assert_eq!(of(&found, sentences[0]), "proved");
    assert_eq!(
        of(&found, sentences[1]),
        "broken",
        "one of its instances is in the bastion's group"
    );
}

/// What was looked up and is the stack's own is one thing with two names.
#[tokio::test(start_paused = true)]
async fn what_is_looked_up_may_be_the_stacks_own() {
    let existing =
        "\nexisting:\n  instance: { gate: { stack: snowex, address: instance.bastion } }\n";
    let sentence = "existing.instance.gate reaches db_instance.main on 5432";
    let (bench, _) = snowex_with(existing, &[sentence]);
    bench.run("apply --yes").await.expect(0);
    let found = verdicts(&bench, 0).await;
    assert_eq!(of(&found, sentence), "proved");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_an_end_is_said() {
    let existing = "\nexisting:\n  vpc: { other: { default: true } }\n  load_balancer: { web: { name: web } }\n";
    let (bench, _) = snowex_with(existing, &[]);
    let text = bench.read("stack.yaml");
    let refused = async |sentence: &str, code: u8| {
        let lines = format!("expect:\n  - {sentence}\n");
        bench.write("stack.yaml", &text.replacen("expect:\n", &lines, 1));
        let ran = bench.run("validate").await.expect(code);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    let said = refused("internet reaches existing.load_balancer.wob on 443", 1).await;
    assert!(said.contains("there is no existing.load_balancer.wob"), "{said}");
    assert!(said.contains("did you mean 'web'?"), "{said}");
    let said = refused("internet reaches existing.load_balencer.web on 443", 1).await;
    assert!(said.contains("load_balencer"), "{said}");
    bench.write("stack.yaml", &format!("{text}  dns: ${{existing.load_balancer.web.dns_name}}\n"));
    let ran = bench.run("validate").await.expect(1);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        said.contains("existing.load_balancer.web is an end of sentences and no value"),
        "{said}"
    );
}
