//! What somebody put into our network blocks a delete: it is named, and the rest goes on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use trueup_model::value::Values;
use trueup_sim::{Interface, Sim, World};

use crate::harness::{Bench, SHOP};

fn values(json: Json) -> Values {
    serde_json::from_value(json).unwrap()
}

fn id(sim: &Sim, address: &str) -> String {
    sim.world().at("shop", &address.parse().unwrap()).next().unwrap().id.clone()
}

fn add(sim: &Sim, kind: &str, json: Json) -> String {
    sim.add_foreign(kind, values(json), &BTreeMap::new()).unwrap()
}

/// Destroys with something foreign there: `blocked` are left, with what needs them; the foreign id
/// is in the error. Without it the next destroy ends the job.
async fn check(put: impl Fn(&Sim) -> (&'static str, String), blocked: &str, left: &[&str]) {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    let (kind, foreign) = put(&sim);
    let begin = tokio::time::Instant::now();
    let ran = bench.run("destroy --yes").await.expect(5);
    assert!(begin.elapsed() < Duration::from_secs(90), "{:?}", begin.elapsed());
    let told = format!("cannot delete {blocked}: ");
    let line = ran.stderr.lines().find(|line| line.contains(&told));
    assert!(line.is_some_and(|line| line.contains(&foreign)), "{}", ran.shown());
    assert_eq!(owned(&sim), left, "{}", ran.shown());

    sim.edit(|world: &mut World| {
        world.remove(kind, &foreign);
        world.interfaces.retain(|interface| interface.id != foreign);
    })
    .unwrap();
    bench.run("destroy --yes").await.expect(0);
    assert_eq!(owned(&sim), [""; 0]);
}

fn owned(sim: &Arc<Sim>) -> Vec<String> {
    let world = sim.world();
    let tag = |item: &trueup_sim::Item| item.tags["trueup:address"].clone();
    let mut owned: Vec<String> = world.owned_by("shop").map(tag).collect();
    owned.sort();
    owned
}

#[tokio::test(start_paused = true)]
async fn a_subnet_in_our_vpc() {
    let put = |sim: &Sim| {
        let vpc = id(sim, "vpc.main");
        let wish =
            json!({ "vpc": vpc, "cidr_block": "10.0.99.0/24", "availability_zone": "us-west-2a" });
        ("subnet", add(sim, "subnet", wish))
    };
    check(put, "vpc.main", &["vpc.main"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_group_in_our_vpc() {
    let put = |sim: &Sim| {
        let wish = json!({ "vpc": id(sim, "vpc.main"), "name": "theirs", "description": "theirs" });
        ("security_group", add(sim, "security_group", wish))
    };
    check(put, "vpc.main", &["vpc.main"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_route_table_in_our_vpc() {
    let put =
        |sim: &Sim| ("route_table", add(sim, "route_table", json!({ "vpc": id(sim, "vpc.main") })));
    check(put, "vpc.main", &["vpc.main"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_our_subnet() {
    let put = |sim: &Sim| {
        let wish = json!({
            "ami": "ami-0123456789abcdef0", "instance_type": "t3.micro",
            "subnet": id(sim, "subnet.web[b]"),
        });
        ("instance", add(sim, "instance", wish))
    };
    check(put, "subnet.web[b]", &["subnet.web:b", "vpc.main"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_interface_in_our_subnet() {
    let put = |sim: &Sim| {
        let holds = ["subnet.web[b]", "vpc.main"];
        let key =
            |address: &&str| World::key(address.split('.').next().unwrap(), &id(sim, address));
        let interface = Interface {
            id: "eni-0123456789abcdef0".to_owned(),
            description: "made by hand".to_owned(),
            holds: holds.iter().map(key).collect(),
            keeper: None,
            until: None,
        };
        sim.edit(|world: &mut World| world.interfaces.push(interface)).unwrap();
        ("interface", "eni-0123456789abcdef0".to_owned())
    };
    check(put, "subnet.web[b]", &["subnet.web:b", "vpc.main"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_names_our_group() {
    let put = |sim: &Sim| {
        let wish = json!({
            "vpc": id(sim, "vpc.main"), "name": "theirs", "description": "theirs",
            "ingress": [{
                "port": 22, "from": [id(sim, "security_group.web")], "protocol": "tcp", "description": null,
            }],
        });
        ("security_group", add(sim, "security_group", wish))
    };
    check(put, "security_group.web", &["security_group.web", "vpc.main"]).await;
}

/// A role is ours with all that hangs on it: what somebody attached goes with it.
#[tokio::test(start_paused = true)]
async fn policies_on_our_role_go_with_it() {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    sim.edit(|world: &mut World| {
        let role = world.at_mut("shop", &"iam_role.web".parse().unwrap()).unwrap();
        let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        role.set("managed_policies", trueup_model::Value::List(vec![policy.into()]));
    })
    .unwrap();
    bench.run("destroy --yes").await.expect(0);
    assert_eq!(owned(&sim), [""; 0]);
}
