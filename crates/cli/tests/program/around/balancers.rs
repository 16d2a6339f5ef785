//! Load balancers of others, and what they forward to.

use serde_json::{Value as Json, json};
use trueup_model::snapshot::around;
use trueup_model::value::Values;
use trueup_sim::{At, Fault, FaultPlan, Scripted, World};

use super::peerings::{OFFICE, with_office};
use super::{applied, id, values, verdicts};
use crate::harness::Bench;

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
    // A classic one forwards to instances only: `internet does not reach db_instance.main` is first.
    for (sort, database) in [("classic", "proved"), ("network", "unknown")] {
        let (bench, sim) = applied().await;
        sim.edit(|world| {
            let mut unread = balancer(world, sort, &json!({}));
            unread.remove("listeners");
            world.put_around(around::LOAD_BALANCER, "web", unread);
        })
        .unwrap();
        let (shut, others) = shut_and_others(&bench, 0).await;
        assert_eq!(shut, [database, "unknown"], "{sort}");
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
