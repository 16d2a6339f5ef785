//! Network ACLs and route tables of others, and those that AWS gives.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use trueup_model::Value;
use trueup_model::snapshot::around;
use trueup_sim::{Sim, SimOptions, World, acl_rule};

use super::{applied, broken, id, values};
use crate::harness::{Bench, stack};

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
