//! What the provider reads, adopts, forgets and looks up.

use std::collections::BTreeMap;

use serde_json::json;
use trueup_model::snapshot::{Expected, Ownership, Wanted};
use trueup_model::stack::{By, Existing};
use trueup_provider::{FailureClass, Provider as _};
use trueup_sim::testing::requests::STACK;
use trueup_sim::testing::{TestHost, kinds};
use trueup_sim::{At, Fault, FaultPlan, Sim, SimOptions, World};

use crate::stage::{Stage, told};

#[tokio::test(start_paused = true)]
async fn a_snapshot_holds_what_is_owned_and_what_stands_under_a_wanted_name() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    stage.foreign("iam_role", json!({"name": "demo-api"}));
    stage.foreign("iam_role", json!({"name": "elsewhere"}));
    let group = stage.foreign("security_group", json!({"name": "demo-db", "vpc": vpc.id}));
    let expected = [("iam_role.api", Some("demo-api")), ("security_group.db", Some("demo-db"))];
    let snapshot = stage.observe(&expected).await;
    let found: Vec<&str> = snapshot.resources.iter().map(|live| live.id.as_str()).collect();
    assert_eq!(found, ["demo-api", group.as_str(), vpc.id.as_str()]);
    assert_eq!(snapshot.resources[0].ownership.stack, None);
    assert_eq!(snapshot.calls, 10);
}

#[tokio::test(start_paused = true)]
async fn pages_are_read_to_the_end() {
    let stage = Stage::with(SimOptions { page_size: 2, quotas: false, ..SimOptions::default() });
    for number in 0..7 {
        stage.create(&format!("elastic_ip.n{number}"), json!({})).await;
    }
    let snapshot = stage.observe(&[]).await;
    assert_eq!(snapshot.resources.len(), 7);
    assert_eq!(snapshot.calls, 13);
}

#[tokio::test(start_paused = true)]
async fn a_failed_read_is_unreadable_and_hides_nothing_else() {
    let stage = Stage::new();
    stage.vpc().await;
    stage.database().await;
    let denied = At::Every("rds:DescribeDBInstances".to_owned());
    stage.sim.set_faults(FaultPlan::one(denied, Fault::Denied), 1);
    let snapshot = stage.observe(&[]).await;
    assert_eq!(snapshot.resources.len(), 1);
    assert_eq!(snapshot.unreadable.len(), 1);
    assert_eq!(snapshot.unreadable[0].kind, *"db_instance");
    assert_eq!(snapshot.unreadable[0].action, "rds:DescribeDBInstances");
    stage.sim.set_faults(FaultPlan::one(At::Call(3), Fault::Expired), 1);
    let wanted = Wanted { stack: STACK.to_owned(), ..Wanted::default() };
    assert_eq!(told(stage.try_observe(&wanted).await).0, FailureClass::Credentials);
}

#[tokio::test(start_paused = true)]
async fn what_exists_is_looked_up_in_every_way() {
    let catalog = std::sync::Arc::new(kinds::catalog());
    let options = SimOptions::default();
    let world = World::fresh(&catalog, &options);
    let stage = Stage { sim: Sim::new(catalog, world, options) };
    let vpc = stage.vpc().await;
    let tags = BTreeMap::from([("team".to_owned(), "data".to_owned())]);
    stage.sim.edit(|world| world.get_mut("vpc", &vpc.id).unwrap().set_tag("team", "data")).unwrap();
    let another = By::Stack { stack: STACK.to_owned(), address: "vpc.main".parse().unwrap() };
    let ways = [By::Default, By::Id(vpc.id.clone()), By::Tags(tags), another];
    let existing = ways.into_iter().enumerate().map(|(number, by)| Existing {
        address: format!("vpc.way{number}").parse().unwrap(),
        by,
        location: None,
    });
    let name = "/aws/service/ami-amazon-linux-latest/al2023".to_owned();
    let wanted = Wanted {
        stack: "other".to_owned(),
        existing: existing.collect(),
        parameters: vec![name.clone(), "/mine".to_owned()],
        ..Wanted::default()
    };
    let snapshot = stage.try_observe(&wanted).await.unwrap();
    let found: Vec<&str> = snapshot.existing.values().map(|live| live.id.as_str()).collect();
    assert_eq!(found.len(), 4);
    assert!(found[0] != vpc.id && found[1..].iter().all(|id| *id == vpc.id));
    assert!(snapshot.facts.parameters[&name].starts_with("ami-"));
    assert_eq!(snapshot.facts.parameters.len(), 1);
    assert!(snapshot.resources.is_empty());
}

#[tokio::test(start_paused = true)]
async fn adopted_and_forgotten() {
    let stage = Stage::new();
    let id = stage.foreign("elastic_ip", json!({}));
    let expected = Expected {
        address: "elastic_ip.a".parse().unwrap(),
        name: None,
        adopt: Some(id.clone()),
        ownership: Ownership::default(),
    };
    let wanted = Wanted { stack: STACK.to_owned(), expected: vec![expected], ..Wanted::default() };
    let snapshot = stage.try_observe(&wanted).await.unwrap();
    assert_eq!(snapshot.resources[0].id, id);

    let owned = stage.create("elastic_ip.b", json!({})).await;
    stage.sim.forget(&TestHost::new(&stage.sim), &owned).await.unwrap();
    let world = stage.sim.world();
    let item = world.get("elastic_ip", &owned.id).unwrap();
    assert_eq!(item.tags, BTreeMap::from([("project".to_owned(), "demo".to_owned())]));
}

#[tokio::test(start_paused = true)]
async fn tags_are_set_exclusively_and_aws_s_own_stay() {
    let stage = Stage::new();
    let live = stage.create("elastic_ip.b", json!({})).await;
    let edit = |world: &mut World| {
        let item = world.get_mut("elastic_ip", &live.id).unwrap();
        item.set_tag("aws:cloudformation:stack-name", "web");
        item.set_tag("extra", "x");
    };
    stage.sim.edit(edit).unwrap();
    let after = stage.update(&live, json!({})).await;
    assert_eq!(after.tags, live.tags);
    assert_eq!(after.ownership.other.as_deref(), Some("CloudFormation stack web"));
}

#[tokio::test(start_paused = true)]
async fn every_action_of_a_kind_has_its_rate() {
    let limits = Stage::new().sim.limits();
    let nat = limits.buckets["ec2:CreateNatGateway"];
    assert_eq!((nat.burst, nat.per_second), (8, 0.8));
    assert_eq!(limits.buckets["ec2:DescribeVpcs"].burst, 80);
    assert_eq!(limits.buckets["lambda:!"].burst, 12);
}
