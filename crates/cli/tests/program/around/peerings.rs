//! Peering connections, and who is behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use trueup_model::Value;
use trueup_model::snapshot::around;
use trueup_sim::{Sim, World};

use super::{id, values, verdicts};
use crate::harness::{Bench, snowex, stack};

pub(super) const OFFICE: &str = "  - 10.9.0.0/16 does not reach db_instance.main\n";

/// Snowex with a sentence about a network that a peering may lead to.
pub(super) async fn with_office() -> (Bench, Arc<Sim>) {
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
