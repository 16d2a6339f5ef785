//! The most likely mistakes in a stack, and what a person is told who makes them.

use crate::harness::{Bench, SHOP};

/// What `validate` says of the shop with one text replaced by another.
async fn said(from: &str, to: &str) -> String {
    assert_eq!(SHOP.matches(from).count(), 1, "{from:?} must be there once");
    let ran = Bench::with_stack(&SHOP.replace(from, to)).run("validate").await.expect(1);
    ran.stderr
}

#[tokio::test]
async fn a_wrong_reference() {
    insta::assert_snapshot!(said("security_groups: [web]", "security_groups: [wbe]").await);
}

#[tokio::test]
async fn overlapping_networks() {
    let stack = SHOP.replace("24, each.index)}", "24, 0)}");
    assert_ne!(stack, SHOP);
    insta::assert_snapshot!(Bench::with_stack(&stack).run("validate").await.expect(1).stderr);
}

#[tokio::test]
async fn one_availability_zone_for_a_database() {
    let stack =
        format!("{}\ndb_subnet_group:\n  main: {{ subnets: [\"web[a]\"] }}\n", SHOP.trim_end());
    insta::assert_snapshot!(Bench::with_stack(&stack).run("validate").await.expect(1).stderr);
}

#[tokio::test]
async fn a_cycle() {
    let stack = SHOP.replace(
        "service: ec2.amazonaws.com",
        "service: ec2.amazonaws.com\n    description: ${instance.web.id}",
    );
    assert_ne!(stack, SHOP);
    insta::assert_snapshot!(Bench::with_stack(&stack).run("validate").await.expect(1).stderr);
}

#[tokio::test]
async fn a_typo_in_a_key() {
    insta::assert_snapshot!(said("instance_type:", "instance_typ:").await);
}

#[tokio::test]
async fn a_bad_port() {
    insta::assert_snapshot!(said("port: 443, from", "port: 70000, from").await);
}

#[tokio::test]
async fn a_missing_variable() {
    insta::assert_snapshot!(said("default: t3.micro, ", "").await);
}

#[tokio::test(start_paused = true)]
async fn no_credentials() {
    insta::assert_snapshot!(Bench::with_stack(SHOP).run("plan").await.expect(1).stderr);
}

#[tokio::test]
async fn another_region_than_the_stack_says() {
    let ran = Bench::with_stack(SHOP).run("plan --region eu-west-1 --sandbox").await.expect(1);
    insta::assert_snapshot!(ran.stderr);
}

#[tokio::test(start_paused = true)]
async fn another_account_than_the_stack_says() {
    let stack = SHOP.replace("region: us-west-2", "region: us-west-2\naccount: \"999999999999\"");
    let (bench, _) = Bench::with_sim(&stack);
    insta::assert_snapshot!(bench.run("plan").await.expect(1).stderr);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken() {
    let (bench, sim) = Bench::with_sim(SHOP);
    let name = serde_json::json!({ "name": "/shop/web" });
    let trueup_model::Value::Map(name) = name.into() else { unreachable!() };
    sim.add_foreign("log_group", name, &std::collections::BTreeMap::new()).unwrap();
    let ran = bench.run("plan").await;
    insta::assert_snapshot!(ran.shown());
}

#[tokio::test]
async fn several_mistakes_are_told_in_one_run() {
    let stack = SHOP
        .replace("instance_type:", "instance_typ:")
        .replace("port: 443, from", "port: 70000, from")
        .replace("retention_days: 14", "retention_days: many");
    let ran = Bench::with_stack(&stack).run("validate --json").await.expect(1).json();
    assert_eq!(ran["valid"], false);
    assert!(ran["errors"].as_u64().unwrap() >= 3, "{ran}");
}
