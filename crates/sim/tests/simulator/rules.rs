//! Each rule that makes the simulator stricter than a map of resources.

use serde_json::json;
use trueup_model::Value;
use trueup_model::snapshot::Condition;
use trueup_provider::{FailureClass as Class, Provider as _};
use trueup_sim::testing::TestHost;
use trueup_sim::testing::requests::{self, STACK};
use trueup_sim::{Latency, SimOptions};

use crate::stage::{Stage, database, told};

type Outcome = (Class, String);

fn check(outcome: &Outcome, class: Class, starts: &str) {
    assert!(outcome.0 == class && outcome.1.starts_with(starts), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn attributes_are_checked_against_their_declaration() {
    let stage = Stage::new();
    let refused = stage.refused("vpc.main", json!({"cidr_block": "10.0.0.0/16", "x": 1})).await;
    check(&refused, Class::Invalid, "UnknownParameter: A vpc has no attribute 'x'");
    let refused = stage.refused("vpc.main", json!({})).await;
    check(&refused, Class::Invalid, "MissingParameter: A vpc needs 'cidr_block'");
    let refused = stage.refused("vpc.main", json!({"cidr_block": "10.0.0.1/16"})).await;
    check(&refused, Class::Invalid, "InvalidParameterValue: vpc.cidr_block takes a network");
    let mut huge = database();
    huge["allocated_storage"] = json!(1);
    let refused = stage.refused("db_instance.main", huge).await;
    check(&refused, Class::Invalid, "InvalidParameterValue: db_instance.allocated_storage takes 5");
    assert!(stage.sim.world().resources.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reference_must_name_what_exists() {
    let stage = Stage::new();
    let missing = json!({"vpc": "vpc-0123", "cidr_block": "10.0.0.0/24"});
    check(&stage.refused("subnet.a", missing).await, Class::Missing, "InvalidVpcID.NotFound");
    let role = json!({"name": "demo-f", "source": {"sha256": "x"}, "role": "no-such-role"});
    check(&stage.refused("lambda_function.f", role).await, Class::Missing, "NoSuchEntity");
    let vpc = stage.vpc().await;
    let group = stage.group(&vpc, "a").await;
    let unknown = json!({"ingress": [{"port": 1, "from": ["sg-00"]}]});
    let refused = told(stage.try_update(&requests::update(&group, unknown)).await);
    check(&refused, Class::Missing, "InvalidGroup.NotFound");
    let known = json!({"ingress": [{"port": 1, "from": ["10.0.0.0/8", group.id]}]});
    stage.update(&group, known).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_still_being_made_cannot_be_referred_to() {
    let stage = Stage::with(SimOptions { latency: Latency::Usual, ..SimOptions::default() });
    let request = requests::create("vpc.main", json!({"cidr_block": "10.0.0.0/16"}));
    let host = TestHost::new(&stage.sim);
    let making = stage.sim.create(&host, &request);
    let using = async {
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        let id = stage.sim.world().of_kind("vpc").next().unwrap().id.clone();
        let subnet = requests::create("subnet.a", json!({"vpc": id, "cidr_block": "10.0.0.0/24"}));
        let host = TestHost::new(&stage.sim);
        stage.sim.create(&host, &subnet).await.unwrap();
        host.failures()
    };
    let (made, failures) = tokio::join!(making, using);
    made.unwrap();
    assert!(failures.iter().any(|failure| failure.class == Class::NotYet), "{failures:?}");
}

#[tokio::test(start_paused = true)]
async fn names_are_unique_where_they_are_declared_so() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    stage.group(&vpc, "a").await;
    let same = json!({"name": "demo-a", "vpc": vpc.id});
    let refused = stage.refused("security_group.b", same).await;
    check(&refused, Class::Exists, "InvalidGroup.Duplicate: The name 'demo-a' is taken by");
    let other = stage.create("vpc.other", json!({"cidr_block": "10.1.0.0/16"})).await;
    let elsewhere = json!({"name": "demo-a", "vpc": other.id});
    stage.create("security_group.c", elsewhere).await;
    let long = json!({"name": "r".repeat(65)});
    check(&stage.refused("iam_role.a", long).await, Class::Invalid, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_stored_in_lower_case_where_aws_does_so() {
    let stage = Stage::new();
    let mut upper = database();
    upper["identifier"] = json!("Demo-Main");
    let live = stage.create("db_instance.main", upper).await;
    assert_eq!(live.id, "demo-main");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_change_in_place_is_refused_in_an_update() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    let change = json!({"cidr_block": "10.9.0.0/16"});
    let refused = told(stage.try_update(&requests::update(&vpc, change)).await);
    check(
        &refused,
        Class::Invalid,
        "InvalidParameterCombination: vpc.cidr_block cannot be changed",
    );
}

#[tokio::test(start_paused = true)]
async fn networks_lie_within_their_vpc_and_do_not_overlap() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    stage.subnet(&vpc, "a", 1).await;
    let same = json!({"vpc": vpc.id, "cidr_block": "10.0.0.0/20"});
    check(&stage.refused("subnet.b", same).await, Class::Exists, "InvalidSubnet.Conflict");
    let outside = json!({"vpc": vpc.id, "cidr_block": "10.1.0.0/24"});
    check(&stage.refused("subnet.c", outside).await, Class::Invalid, "InvalidSubnet.Range");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_refused_while_something_refers_to_it_and_the_blocker_is_named() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    let subnet = stage.subnet(&vpc, "a", 1).await;
    let refused = told(stage.delete(&vpc).await);
    let named = format!("in use by subnet {} (subnet.a of stack demo)", subnet.id);
    check(&refused, Class::Conflict, "DependencyViolation: ");
    assert!(refused.1.ends_with(&named), "{}", refused.1);
    stage.delete(&subnet).await.unwrap();
    stage.delete(&vpc).await.unwrap();
    // What is gone already is success.
    stage.delete(&vpc).await.unwrap();
    assert!(stage.sim.world().resources.is_empty());
}

#[tokio::test(start_paused = true)]
async fn groups_in_a_circle_are_deleted_only_after_their_rules() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    let (one, two) = (stage.group(&vpc, "one").await, stage.group(&vpc, "two").await);
    let from = |id: &str| json!({"ingress": [{"port": 5432, "from": [id]}]});
    let one = stage.update(&one, from(&two.id)).await;
    let two = stage.update(&two, from(&one.id)).await;
    check(&told(stage.delete(&one).await), Class::Conflict, "DependencyViolation");
    stage.update(&two, json!({"ingress": []})).await;
    stage.delete(&one).await.unwrap();
    stage.delete(&two).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_needs_an_internet_gateway_and_keeps_it() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    let subnet = stage.subnet(&vpc, "a", 1).await;
    let ip = stage.create("elastic_ip.a", json!({})).await;
    let nat = json!({"subnet": subnet.id, "elastic_ip": ip.id});
    check(
        &stage.refused("nat_gateway.a", nat.clone()).await,
        Class::Invalid,
        "Gateway.NotAttached",
    );
    let gateway = stage.create("internet_gateway.a", json!({"vpc": vpc.id})).await;
    let nat = stage.create("nat_gateway.a", nat).await;
    let refused = told(stage.delete(&gateway).await);
    assert!(refused.1.contains(&nat.id), "{refused:?}");
    stage.delete(&nat).await.unwrap();
    stage.delete(&gateway).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_one_holds_another_cannot_have() {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    stage.create("internet_gateway.a", json!({"vpc": vpc.id})).await;
    let second = stage.refused("internet_gateway.b", json!({"vpc": vpc.id})).await;
    check(&second, Class::Conflict, "Resource.AlreadyAssociated");
}

#[tokio::test(start_paused = true)]
async fn quotas_are_aws_s_own() {
    let stage = Stage::new();
    for name in ["a", "b", "c", "d", "e"] {
        stage.create(&format!("elastic_ip.{name}"), json!({})).await;
    }
    let sixth = stage.refused("elastic_ip.f", json!({})).await;
    check(&sixth, Class::Quota, "AddressLimitExceeded: The maximum of 5 elastic_ip");
}

#[tokio::test(start_paused = true)]
async fn what_is_protected_is_not_deleted_and_what_is_deleted_leaves_its_snapshot() {
    let stage = Stage::new();
    let live = stage.create("db_instance.main", json!(null_protection())).await;
    // It was not protected when the plan was made: somebody wants it kept.
    let mut request = requests::delete(&live);
    request.before.attributes.insert("deletion_protection".to_owned(), false.into());
    let refused = told(stage.try_delete(&request).await);
    check(&refused, Class::Invalid, "InvalidParameterCombination");
    // It was, and the delete is meant all the same.
    let mut request = requests::delete(&live);
    request.final_snapshot = true;
    stage.try_delete(&request).await.unwrap();
    let world = stage.sim.world();
    assert!(world.resources.is_empty());
    assert_eq!(world.snapshots[0].of, "demo-main");
}

fn null_protection() -> serde_json::Value {
    let mut attributes = database();
    attributes.as_object_mut().unwrap().remove("deletion_protection");
    attributes
}

#[tokio::test(start_paused = true)]
async fn what_aws_reports_is_what_was_asked_in_its_own_form() {
    let stage = Stage::new();
    let live = stage.database().await;
    assert_eq!(live.attributes["engine_version"], "16.8".into());
    assert_eq!(live.attributes["maintenance_window"], "sun:05:00-sun:05:30".into());
    assert_eq!(live.attributes["security_groups"], Value::Null);
    assert!(!live.attributes.contains_key("password"));
    assert!(live.outputs["endpoint"].as_str().unwrap().starts_with("demo-main."));
}

#[tokio::test(start_paused = true)]
async fn outputs_that_may_change_with_an_update_do_change_and_others_do_not() {
    let stage = Stage::new();
    let before = stage.database().await;
    let after = stage.update(&before, json!({"allocated_storage": 30})).await;
    assert_ne!(before.outputs["resource_version"], after.outputs["resource_version"]);
    assert_eq!(before.outputs["endpoint"], after.outputs["endpoint"]);
}

#[tokio::test(start_paused = true)]
async fn states_take_their_time() {
    let stage = Stage::with(SimOptions { latency: Latency::Usual, ..SimOptions::default() });
    let begun = tokio::time::Instant::now();
    let live = stage.database().await;
    let took = begun.elapsed().as_secs();
    assert!((450..470).contains(&took), "{took}");
    assert_eq!(live.condition, Condition::Ready);
    let begun = tokio::time::Instant::now();
    stage.delete(&live).await.unwrap();
    let took = begun.elapsed().as_secs();
    assert!((275..290).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn interfaces_outlive_their_function_and_hold_its_subnets() {
    let stage = Stage::with(SimOptions { latency: Latency::Usual, ..SimOptions::default() });
    let function = function_in_a_network(&stage).await;
    let snapshot = stage.observe(&[]).await;
    let of = |kind: &str| snapshot.resources.iter().find(|live| live.kind == *kind).unwrap();
    stage.delete(&function).await.unwrap();
    assert_eq!(stage.sim.world().interfaces.len(), 1);
    let begun = tokio::time::Instant::now();
    stage.delete(of("subnet")).await.unwrap();
    assert!(begun.elapsed().as_secs() > 1000, "{:?}", begun.elapsed());
    stage.delete(of("security_group")).await.unwrap();
    stage.delete(of("iam_role")).await.unwrap();
    stage.delete(of("vpc")).await.unwrap();
    assert!(stage.sim.world().owned_by(STACK).next().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_role_stays_until_its_functions_interfaces_are_gone() {
    let stage = Stage::with(SimOptions::usual());
    let function = function_in_a_network(&stage).await;
    let snapshot = stage.observe(&[]).await;
    let of = |kind: &str| snapshot.resources.iter().find(|live| live.kind == *kind).unwrap();
    stage.delete(&function).await.unwrap();
    let begun = tokio::time::Instant::now();
    stage.delete(of("iam_role")).await.unwrap();
    assert!(begun.elapsed().as_secs() > 500, "{:?}", begun.elapsed());
    stage.delete(of("subnet")).await.unwrap();
}

async fn function_in_a_network(stage: &Stage) -> trueup_model::Live {
    let vpc = stage.vpc().await;
    let subnet = stage.subnet(&vpc, "a", 1).await;
    let group = stage.group(&vpc, "a").await;
    let role = stage.create("iam_role.f", json!({"name": "demo-f"})).await;
    let attributes = json!({
        "name": "demo-f",
        "source": {"path": "functions/f", "sha256": "abc="},
        "role": role.outputs["arn"],
        "subnets": [subnet.id],
        "security_groups": [group.id],
    });
    stage.create("lambda_function.f", attributes).await
}

#[tokio::test(start_paused = true)]
async fn a_function_makes_its_own_log_group_when_there_is_none() {
    let stage = Stage::new();
    let role = stage.create("iam_role.f", json!({"name": "demo-f"})).await;
    let attributes =
        |name: &str| json!({"name": name, "source": {"sha256": "abc="}, "role": role.id});
    stage.create("lambda_function.f", attributes("demo-f")).await;
    let late = stage.refused("log_group.f", json!({"name": "/aws/lambda/demo-f"})).await;
    check(&late, Class::Exists, "ResourceAlreadyExistsException");
    stage.create("log_group.g", json!({"name": "/aws/lambda/demo-g", "retention_days": 3})).await;
    stage.create("lambda_function.g", attributes("demo-g")).await;
    assert_eq!(stage.sim.world().of_kind("log_group").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_role_cannot_be_assumed_at_once() {
    let stage = Stage::with(SimOptions { latency: Latency::Usual, ..SimOptions::default() });
    let role = stage.create("iam_role.f", json!({"name": "demo-f"})).await;
    let attributes = json!({"name": "f", "source": {"sha256": "abc="}, "role": role.id});
    let host = TestHost::new(&stage.sim);
    stage.sim.create(&host, &requests::create("lambda_function.f", attributes)).await.unwrap();
    assert!(host.failures().iter().all(|failure| failure.class == Class::NotYet));
    assert!(!host.failures().is_empty());
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_aws_s_rate_are_throttled() {
    let stage = Stage::with(SimOptions { throttle: true, ..SimOptions::default() });
    let host = TestHost::new(&stage.sim);
    let requests: Vec<_> = (0..12)
        .map(|n| requests::create(&format!("iam_role.r{n}"), json!({"name": format!("r{n}")})))
        .collect();
    let made = requests.iter().map(|request| stage.sim.create(&host, request));
    assert!(futures::future::join_all(made).await.iter().all(Result::is_ok));
    let throttled = host.failures();
    assert!(!throttled.is_empty() && throttled.iter().all(|f| f.is("RequestLimitExceeded")));
}

#[tokio::test(start_paused = true)]
async fn tags_that_aws_refuses_are_refused() {
    let stage = Stage::new();
    let mut request = requests::create("iam_role.a", json!({"name": "a"}));
    request.tags.insert("list".to_owned(), "[a]".to_owned());
    check(&told(stage.try_create(&request).await), Class::Invalid, "InvalidParameterValue");
    let mut request = requests::create("elastic_ip.a", json!({}));
    request.tags.insert("aws:mine".to_owned(), "x".to_owned());
    check(&told(stage.try_create(&request).await), Class::Invalid, "InvalidParameterValue");
}
