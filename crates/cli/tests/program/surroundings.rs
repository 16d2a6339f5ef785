//! What others have in a stack's networks, and what AWS put there: it decides sentences too.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, around};
use trueup_model::value::Values;
use trueup_sim::{At, Fault, FaultPlan, Scripted, Sim, SimOptions, World, acl_rule};

use crate::harness::{Bench, snowex, stack};

fn values(json: Json) -> Values {
    match Value::from(json) {
        Value::Map(values) => values,
        other => panic!("{other} is no map"),
    }
}

/// Snowex as it was applied.
async fn applied() -> (Bench, Arc<Sim>) {
    let (bench, sim) = snowex();
    bench.run("apply --yes").await.expect(0);
    (bench, sim)
}

fn id(world: &World, address: &str) -> String {
    let address = address.parse().unwrap();
    world.at("snowex", &address).next().unwrap().id.clone()
}

/// The verdicts of all sentences on the live network.
async fn verdicts(bench: &Bench, code: u8) -> Vec<(String, String)> {
    let json = bench.run("drift --json").await.expect(code).json();
    let proofs = json["proofs"].as_array().unwrap();
    let pair = |proof: &Json| {
        let text = |name: &str| proof[name].as_str().unwrap().to_owned();
        (text("text"), text("verdict"))
    };
    proofs.iter().map(pair).collect()
}

/// What is broken after a change behind the stack's back.
async fn broken(change: impl FnOnce(&mut World)) -> Vec<String> {
    let (bench, sim) = applied().await;
    sim.edit(change).unwrap();
    let found = verdicts(&bench, 2).await.into_iter();
    found.filter(|(_, verdict)| verdict == "broken").map(|(text, _)| text).collect()
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_the_default_acl_breaks_what_it_denies() {
    let found = broken(|world| {
        let vpc = id(world, "vpc.main");
        let zone = values(json!({ "cidr": "10.0.11.0/24" }))["cidr"].clone();
        let deny = acl_rule(50, false, zone.as_str().unwrap());
        let acl = world.default_acl(&vpc);
        let Some(Value::List(rules)) = acl.attributes.get_mut("ingress") else {
            panic!("no rules")
        };
        rules.push(deny);
    });
    // What comes from the second zone does not reach other subnets any more.
    let found = found.await;
    assert!(
        found.contains(&"lambda_function.api reaches db_instance.main on 5432".to_owned()),
        "{found:?}"
    );
}

/// A plan does not mend what others did, so it is refused as long as that breaks a sentence.
#[tokio::test(start_paused = true)]
async fn an_entry_of_others_refuses_a_plan() {
    let (bench, sim) = applied().await;
    sim.edit(|world| {
        let vpc = id(world, "vpc.main");
        let acl = world.default_acl(&vpc);
        acl.attributes
            .insert("egress".to_owned(), Value::List(vec![acl_rule(50, false, "0.0.0.0/0")]));
    })
    .unwrap();
    let plan = bench.run("plan").await.expect(4).stdout;
    assert!(plan.contains("egress rule 50: deny all traffic"), "{plan}");
    bench.run("apply --yes").await.expect(4);
    bench.run("destroy --yes --allow-data-loss db_instance.main").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn another_acl_on_a_subnet_breaks_what_it_does_not_allow() {
    let found = broken(|world| {
        let (vpc, subnet) = (id(world, "vpc.main"), id(world, "subnet.public"));
        let acl = json!({
            "vpc": vpc, "default": false, "subnets": [subnet], "ingress": [], "egress": [],
        });
        world.put_around(around::NETWORK_ACL, "acl-0other", values(acl));
    });
    let internet =
        ["lambda_function.api reaches internet on 443", "instance.bastion reaches internet on 443"];
    assert_eq!(found.await, internet);
}

#[tokio::test(start_paused = true)]
async fn an_association_with_a_table_of_others_breaks_what_it_leads_away() {
    let found = broken(|world| {
        let (vpc, subnet) = (id(world, "vpc.main"), id(world, "subnet.private[b]"));
        let table = json!({ "vpc": vpc, "main": false, "subnets": [subnet], "routes": {} });
        world.put_around("route_table", "rtb-0other", values(table));
        let ours = "route_table.private".parse().unwrap();
        let ours = world.at_mut("snowex", &ours).unwrap();
        if let Some(Value::List(subnets)) = ours.attributes.get_mut("subnets") {
            subnets.retain(|one| one.as_str() != Some(&subnet));
        }
    });
    assert_eq!(found.await, ["lambda_function.api reaches internet on 443"]);
}

#[tokio::test(start_paused = true)]
async fn a_route_in_the_main_table_decides_where_no_table_is_associated() {
    let found = broken(|world| {
        let (vpc, gateway) = (id(world, "vpc.main"), id(world, "internet_gateway.main"));
        let main = world.main_table(&vpc);
        main.attributes.insert("routes".to_owned(), json!({ "0.0.0.0/0": gateway }).into());
        let ours = "route_table.private".parse().unwrap();
        world.at_mut("snowex", &ours).unwrap().set("subnets", Value::List(Vec::new()));
        let open: Value = json!([{
            "port": 5432, "from": ["0.0.0.0/0"], "protocol": "tcp", "description": null
        }])
        .into();
        let group = "security_group.database".parse().unwrap();
        world.at_mut("snowex", &group).unwrap().set("ingress", open);
        let database = "db_instance.main".parse().unwrap();
        world.at_mut("snowex", &database).unwrap().set("publicly_accessible", true);
    });
    let found = found.await;
    assert!(found.contains(&"internet does not reach db_instance.main".to_owned()), "{found:?}");
}

/// A second interface, with a public address and a group of somebody else's, in the public subnet.
#[tokio::test(start_paused = true)]
async fn an_interface_attached_by_hand_opens_an_instance() {
    let (bench, sim) = applied().await;
    let vpc = id(&sim.world(), "vpc.main");
    let open = json!({
        "vpc": vpc, "name": "debug", "description": "for a moment",
        "ingress": [{ "port": 22, "from": ["0.0.0.0/0"], "protocol": "tcp", "description": null }],
    });
    let group = sim.add_foreign("security_group", values(open), &BTreeMap::new()).unwrap();
    sim.edit(|world| {
        let interface = json!({
            "vpc": vpc, "subnet": id(world, "subnet.public"), "security_groups": [group],
            "private_ip": "10.0.0.77", "public_ip": "198.51.100.7", "type": "interface",
            "instance": id(world, "instance.bastion"), "description": "",
        });
        world.put_around(around::NETWORK_INTERFACE, "eni-0other", values(interface));
    })
    .unwrap();
    let found = verdicts(&bench, 2).await;
    let shut = "internet does not reach instance.bastion".to_owned();
    assert!(found.contains(&(shut, "broken".to_owned())), "{found:?}");
}

const OFFICE: &str = "  - 10.9.0.0/16 does not reach db_instance.main\n";

/// Snowex with a sentence about a network that a peering may lead to.
async fn with_office() -> (Bench, Arc<Sim>) {
    let (bench, sim) = snowex();
    let text = stack("snowex.yaml");
    bench.write("stack.yaml", &text.replace("expect:\n", &format!("expect:\n{OFFICE}")));
    bench.run("apply --yes").await.expect(0);
    (bench, sim)
}

fn peer(sim: &Sim, near: &[&str]) -> String {
    let cidr = values(json!({ "cidr_block": "10.9.0.0/16" }));
    let other = sim.add_foreign("vpc", cidr, &BTreeMap::new()).unwrap();
    let subnet = values(json!({
        "vpc": other, "cidr_block": "10.9.1.0/24", "availability_zone": "us-west-2a",
    }));
    sim.add_foreign("subnet", subnet, &BTreeMap::new()).unwrap();
    sim.edit(|world| {
        let own = id(world, "vpc.main");
        let peering = json!({
            "requester": own, "accepter": other, "near": near, "same_region": true,
            "requester_cidrs": ["10.0.0.0/16"], "accepter_cidrs": ["10.9.0.0/16"],
            "dns_resolution": false,
        });
        world.put_around(around::VPC_PEERING, "pcx-0other", values(peering));
        let main = world.main_table(&other);
        main.attributes.insert("routes".to_owned(), json!({ "10.0.0.0/16": "pcx-0other" }).into());
        let ours = "route_table.private".parse().unwrap();
        let ours = world.at_mut("snowex", &ours).unwrap();
        let Some(Value::Map(routes)) = ours.attributes.get_mut("routes") else {
            panic!("no routes")
        };
        routes.insert("10.9.0.0/16".to_owned(), "pcx-0other".into());
    })
    .unwrap();
    other
}

#[tokio::test(start_paused = true)]
async fn a_peering_lets_in_only_whom_a_rule_lets_in() {
    let (bench, sim) = with_office().await;
    peer(&sim, &["requester", "accepter"]);
    let proved = (OFFICE.trim().trim_start_matches("- ").to_owned(), "proved".to_owned());
    // The route that was added is drift; the group still shuts them out.
    assert!(verdicts(&bench, 2).await.contains(&proved));
    sim.edit(|world| {
        let group = "security_group.database".parse().unwrap();
        let rule = json!([{
            "port": 5432, "from": ["10.9.0.0/16"], "protocol": "tcp", "description": null
        }]);
        world.at_mut("snowex", &group).unwrap().set("ingress", Value::from(rule));
    })
    .unwrap();
    let broken = (proved.0, "broken".to_owned());
    assert!(verdicts(&bench, 2).await.contains(&broken));
}

/// This side lets it through; what the other side does nobody can say.
#[tokio::test(start_paused = true)]
async fn behind_a_peering_with_another_account_nothing_is_known() {
    let (bench, sim) = with_office().await;
    peer(&sim, &[]);
    sim.edit(|world| {
        let key = World::key(around::VPC_PEERING, "pcx-0other");
        let attributes = &mut world.around.get_mut(&key).unwrap().attributes;
        attributes.insert("accepter_account".to_owned(), "222222222222".into());
        attributes.insert("accepter_region".to_owned(), "eu-west-1".into());
        attributes.insert("accepter".to_owned(), "vpc-0far".into());
        let group = "security_group.database".parse().unwrap();
        let rule = json!([{
            "port": 5432, "from": ["10.9.0.0/16"], "protocol": "tcp", "description": null
        }]);
        world.at_mut("snowex", &group).unwrap().set("ingress", Value::from(rule));
    })
    .unwrap();
    let unknown = (OFFICE.trim().trim_start_matches("- ").to_owned(), "unknown".to_owned());
    let found = verdicts(&bench, 2).await;
    assert!(found.contains(&unknown), "{found:?}");
    for ends in ["10.9.0.7 db_instance.main --port 5432", "instance.bastion 10.9.0.7 --port 443"] {
        let text = bench.run(&format!("reach {ends}")).await.expect(1).stdout;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let why = "the other side of pcx-0other, vpc-0far, is in account 222222222222, Region \
                   eu-west-1, and cannot be read";
        assert!(text.contains(why), "{text}");
        assert!(text.contains("route 10.9.0.0/16 to pcx-0other"), "{text}");
    }
    // What this side shuts out is known.
    bench.run("reach 10.9.0.7 db_instance.main --port 22").await.expect(4);
    bench.run("reach 10.9.0.7 instance.bastion --port 22").await.expect(4);
}

/// More steps and elements than are tried: it is said, and never taken for proved.
#[tokio::test(start_paused = true)]
async fn what_is_too_large_to_be_tried_on_the_way_is_said() {
    for (groups, is_said) in [(40, false), (120, true)] {
        let names: Vec<String> = (0..groups).map(|number| format!("g{number}")).collect();
        let names = names.join(", ");
        let bench = Bench::with_stack(&format!(
            "stack: large\nregion: us-west-2\nvpc: {{ main: {{ cidr_block: 10.0.0.0/16 }} }}\n\
             subnet: {{ a: {{ vpc: main, cidr_block: 10.0.1.0/24, availability_zone: us-west-2a }} }}\n\
             security_group: {{ all: {{ for_each: [{names}], vpc: main }} }}\n\
             instance: {{ a: {{ ami: ami-12c6146b, instance_type: t3.micro, subnet: a, \
             security_groups: [\"all[g1]\"] }} }}\n\
             expect: [internet does not reach instance.a]\n"
        ));
        let (mut bench, sim) = (bench, snowex().1);
        bench.aws = Some(sim as Arc<dyn trueup_provider::Provider>);
        let plan = bench.run("plan --json").await.expect(0).json();
        let findings = plan["findings"].as_array().unwrap();
        let said = findings.iter().any(|one| one["code"] == "not-proved-meanwhile");
        assert_eq!(said, is_said, "{groups}: {findings:#?}");
        assert_eq!(plan["proofs"][0]["verdict"], "proved");
    }
}

/// What is around is no part of a saved plan's fingerprints: the sentences are proved anew.
#[tokio::test(start_paused = true)]
async fn a_saved_plan_is_refused_when_the_surroundings_break_a_sentence() {
    let (bench, sim) = applied().await;
    let text = bench.read("stack.yaml");
    bench.write("stack.yaml", &text.replace("retention_days: 14", "retention_days: 60"));
    assert_ne!(bench.read("stack.yaml"), text);
    bench.run("plan --out plan.json").await.expect(0);
    sim.edit(|world| {
        let vpc = id(world, "vpc.main");
        let acl = world.default_acl(&vpc);
        let Some(Value::List(rules)) = acl.attributes.get_mut("egress") else { panic!("no rules") };
        rules.push(acl_rule(50, false, "0.0.0.0/0"));
    })
    .unwrap();
    let refused = bench.run("apply plan.json").await.expect(4);
    assert!(refused.stdout.contains("egress rule 50: deny"), "{}", refused.stdout);
    let group = "log_group.api".parse().unwrap();
    let kept =
        sim.world().at("snowex", &group).next().unwrap().attributes["retention_days"].clone();
    assert_eq!(kept, Value::from(14), "nothing was changed");
    sim.edit(|world| {
        let vpc = id(world, "vpc.main");
        let acl = world.default_acl(&vpc);
        let Some(Value::List(rules)) = acl.attributes.get_mut("egress") else { panic!("no rules") };
        rules.pop();
    })
    .unwrap();
    bench.run("apply plan.json").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_others_in_our_network_names_no_end_of_ours() {
    let (bench, sim) = applied().await;
    let vpc = id(&sim.world(), "vpc.main");
    let open = json!({
        "vpc": vpc, "name": "theirs", "description": "open",
        "ingress": [{ "port": null, "from": ["0.0.0.0/0"], "protocol": "all", "description": null }],
    });
    sim.add_foreign("security_group", values(open), &BTreeMap::new()).unwrap();
    let found = verdicts(&bench, 0).await;
    assert!(found.iter().all(|(_, verdict)| verdict == "proved"), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_unknown_and_not_fatal() {
    let (bench, sim) = applied().await;
    let denied =
        Scripted { at: At::Every("ec2:DescribeNetworkAcls".to_owned()), fault: Fault::Denied };
    sim.set_faults(FaultPlan { scripted: vec![denied], random: None }, 1);
    let plan = bench.run("plan --json --detailed-exitcode").await.expect(0).json();
    let proofs = plan["proofs"].as_array().unwrap();
    assert!(proofs.iter().all(|proof| proof["verdict"] == "unknown"), "{proofs:#?}");
    let why = proofs[0]["evidence"][0].as_str().unwrap();
    assert!(why.contains("network_acl of vpc.main could not be read"), "{why}");
    assert!(why.contains("AccessDenied"), "{why}");
    let drift = bench.run("drift").await.expect(0);
    assert!(drift.stdout.contains('?'), "{}", drift.stdout);
}

/// An interface endpoint that owns the name of its service decides who reaches the service.
#[tokio::test(start_paused = true)]
async fn an_endpoint_of_others_takes_the_name_of_its_service() {
    let (bench, sim) = applied().await;
    bench.run("reach instance.bastion ssm --port 443").await.expect(0);
    let vpc = id(&sim.world(), "vpc.main");
    let shut = json!({ "vpc": vpc, "name": "endpoints", "description": "shut", "ingress": [] });
    let group = sim.add_foreign("security_group", values(shut), &BTreeMap::new()).unwrap();
    sim.edit(|world| {
        let endpoint = json!({
            "vpc": vpc, "service": "ssm", "type": "interface", "private_dns": true,
            "subnets": [id(world, "subnet.private[a]")], "security_groups": [group.clone()],
        });
        world.put_around(around::VPC_ENDPOINT, "vpce-0other", values(endpoint));
    })
    .unwrap();
    let shut = bench.run("reach instance.bastion ssm --port 443").await.expect(4).stdout;
    assert!(shut.contains(&format!("stops at {group}")), "{shut}");
    sim.edit(|world| {
        let key = World::key(around::VPC_ENDPOINT, "vpce-0other");
        world.around.get_mut(&key).unwrap().condition = Condition::Deleting("deleting".to_owned());
    })
    .unwrap();
    bench.run("reach instance.bastion ssm --port 443").await.expect(4);
}

/// A load balancer of somebody else's is in a group that the database lets in.
#[tokio::test(start_paused = true)]
async fn a_load_balancer_of_others_has_the_rights_of_its_groups() {
    let (bench, sim) = with_office().await;
    let text = bench
        .read("stack.yaml")
        .replace(OFFICE, "  - 10.0.0.0/24 does not reach db_instance.main on 5432\n");
    bench.write("stack.yaml", &text);
    assert!(verdicts(&bench, 0).await.iter().all(|(_, verdict)| verdict == "proved"));
    sim.edit(|world| {
        let balancer = json!({
            "vpc": id(world, "vpc.main"), "subnets": [id(world, "subnet.public")],
            "security_groups": [id(world, "security_group.bastion")],
            "internet_facing": true, "type": "application", "listeners": [],
        });
        world.put_around(around::LOAD_BALANCER, "app/web/01", values(balancer));
    })
    .unwrap();
    let found = verdicts(&bench, 2).await;
    assert!(found.iter().any(|(_, verdict)| verdict == "broken"), "{found:?}");
}

/// A load balancer in the public subnet, with a listener that forwards to a target.
fn balancer(world: &World, sort: &str, target: &Json) -> Values {
    let subnet = id(world, "subnet.public");
    let listeners = json!([{ "port": 443, "udp": false, "targets": [target] }]);
    values(json!({
        "vpc": id(world, "vpc.main"), "subnets": [subnet.clone()], "security_groups": [],
        "internet_facing": true, "type": sort, "listeners": listeners,
        "nodes": [{ "subnet": subnet, "private_ip": "10.0.0.9", "public_ip": "203.0.113.9" }],
    }))
}

/// The verdicts of the sentences that say that the internet does not reach something, and all others.
async fn shut_and_others(bench: &Bench, code: u8) -> (Vec<String>, Vec<String>) {
    let found = verdicts(bench, code).await.into_iter();
    let (shut, others): (Vec<_>, Vec<_>) =
        found.partition(|(text, _)| text.starts_with("internet does not"));
    let only = |all: Vec<(String, String)>| all.into_iter().map(|(_, verdict)| verdict).collect();
    (only(shut), only(others))
}

#[tokio::test(start_paused = true)]
async fn a_database_behind_a_network_load_balancer_is_on_the_internet() {
    let (bench, sim) = applied().await;
    let target = json!({ "address": "10.0.10.77", "port": 5432, "keeps_client": false });
    let open = |world: &mut World| {
        let from = json!([{ "port": 5432, "from": ["10.0.0.0/24"] }]);
        let key = World::key("security_group", &id(world, "security_group.database"));
        let group = world.resources.get_mut(&key).unwrap();
        group.attributes.insert("ingress".to_owned(), from.into());
        world.put_around(around::LOAD_BALANCER, "net/db/01", balancer(world, "network", &target));
    };
    sim.edit(open).unwrap();
    let found = bench.run("drift --json").await.expect(2).json();
    let proofs = found["proofs"].as_array().unwrap();
    let proof = |text: &str| proofs.iter().find(|proof| proof["text"] == text).unwrap();
    let broken = proof("internet does not reach db_instance.main");
    assert_eq!(broken["verdict"], "broken", "{broken:#}");
    let evidence = broken["evidence"].to_string();
    let forwards =
        "it listens for tcp 443 and forwards to tcp 5432 of db_instance.main, with its own";
    assert!(evidence.contains(forwards), "{evidence}");
    assert_eq!(proof("internet does not reach instance.bastion")["verdict"], "proved");
}

#[tokio::test(start_paused = true)]
async fn an_application_load_balancer_is_shown_and_does_not_count() {
    let (bench, sim) = applied().await;
    sim.edit(|world| {
        let target = json!({ "instance": id(world, "instance.bastion"), "port": 8080 });
        let alb = balancer(world, "application", &target);
        world.put_around(around::LOAD_BALANCER, "app/web/01", alb);
        let key = World::key("security_group", &id(world, "security_group.bastion"));
        let group = world.resources.get_mut(&key).unwrap();
        let from = json!([{ "port": 8080, "from": ["10.0.0.0/24"] }]);
        group.attributes.insert("ingress".to_owned(), from.into());
    })
    .unwrap();
    let text = bench.run("reach internet instance.bastion --port 8080").await.expect(4).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends = "load balancer app/web/01 ends what reaches it on port 443, and sends requests of its \
                own to port 8080:";
    for part in [ends, "internet -> load balancer app/web/01", "from 10.0.0.0/24"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let (shut, _) = shut_and_others(&bench, 2).await;
    assert_eq!(shut, ["proved", "proved"]);
}

/// What it forwards to may not be read, or cannot: it may be anything in the VPC, and never "no".
#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_was_not_read_makes_what_is_shut_unknown() {
    for sort in ["classic", "network"] {
        let (bench, sim) = applied().await;
        sim.edit(|world| {
            let mut unread = balancer(world, sort, &json!({}));
            unread.remove("listeners");
            world.put_around(around::LOAD_BALANCER, "web", unread);
        })
        .unwrap();
        let (shut, others) = shut_and_others(&bench, 0).await;
        assert_eq!(shut, ["unknown", "unknown"], "{sort}");
        assert!(others.iter().all(|verdict| verdict == "proved"), "{others:?}");
    }
    let (bench, sim) = applied().await;
    sim.edit(|world| {
        let target = json!({ "instance": id(world, "instance.bastion"), "port": 1 });
        let read = balancer(world, "network", &target);
        world.put_around(around::LOAD_BALANCER, "net/a/01", read);
    })
    .unwrap();
    assert_eq!(shut_and_others(&bench, 0).await.0, ["proved", "proved"]);
    let read = "elasticloadbalancing:DescribeLoadBalancers".to_owned();
    let denied = Scripted { at: At::Every(read), fault: Fault::Denied };
    sim.set_faults(FaultPlan { scripted: vec![denied], random: None }, 1);
    let (shut, others) = shut_and_others(&bench, 0).await;
    assert_eq!(shut, ["unknown", "unknown"]);
    assert!(others.iter().all(|verdict| verdict == "proved"), "{others:?}");
}

/// In an account as AWS gives it, where the default VPC's own main table leads to the internet.
#[tokio::test(start_paused = true)]
async fn public_mysql_is_proved_in_the_default_vpc() {
    let bench = Bench::with_stack(&stack("public-mysql.yaml"));
    let catalog = Arc::new(trueup_aws::catalog());
    let world = World::fresh(&catalog, &SimOptions::usual());
    let sim = Arc::new(Sim::new(catalog, world, SimOptions::usual()));
    let mut bench = bench;
    bench.aws = Some(Arc::clone(&sim) as Arc<dyn trueup_provider::Provider>);
    bench.environment.insert("DB_PASSWORD".to_owned(), "correct-horse-battery".to_owned());
    let plan = "plan --json --var admin_cidr=203.0.113.7/32";
    let proofs = bench.run(plan).await.expect(0).json()["proofs"].clone();
    let verdicts: Vec<&Json> =
        proofs.as_array().unwrap().iter().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, ["proved", "proved"], "{proofs:#}");
    sim.edit(|world| {
        let vpc = world.of_kind("vpc").next().unwrap().id.clone();
        let main = world.main_table(&vpc);
        main.attributes.insert("routes".to_owned(), json!({}).into());
    })
    .unwrap();
    let proofs = bench.run(plan).await.expect(4).json()["proofs"].clone();
    assert_eq!(proofs[0]["verdict"], "broken", "{proofs:#}");
}
