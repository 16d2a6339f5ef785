//! Sentences on the way from here to there: what waits for what, so that they hold.

use std::sync::Arc;

use trueup_model::Value;
use trueup_sim::World;

use crate::harness::{Bench, SHOP, snowex};

/// A small network with a machine that has a public address, its routes and who may come in.
fn routed(routes: &str, ingress: &str) -> String {
    let network = format!(
        "internet_gateway:\n  main: {{ vpc: main }}\nroute_table:\n  web: {{ vpc: main, \
         subnets: [web], routes: {routes} }}\n\nsubnet:\n"
    );
    SHOP.replace("subnet:\n", &network)
        .replace("    iam_role: web\n", "    iam_role: web\n    public_ip: true\n")
        .replace("      - { port: 443, from: [internet] }\n", ingress)
}

const OPEN: &str = "      - { port: 443, from: [internet] }\n";
const SHUT: &str = "      - { port: 443, from: [10.0.0.0/16] }\n";
const TO_GATEWAY: &str = "{ 0.0.0.0/0: internet_gateway.main }";

/// The places of two addresses among the steps that a plan prints.
fn places(plan: &serde_json::Value, addresses: [&str; 2]) -> [usize; 2] {
    let steps = plan["steps"].as_array().unwrap();
    addresses.map(|address| steps.iter().position(|step| step["address"] == address).unwrap())
}

/// Both ends of the plan are shut; in between, the way is open if the route comes first. By itself
/// it would: tables come before groups.
#[tokio::test(start_paused = true)]
async fn a_group_closes_before_a_route_opens() {
    let (bench, _) = Bench::with_sim(&routed("{}", OPEN));
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &routed(TO_GATEWAY, SHUT));
    let plan = bench.run("plan").await.expect(0).stdout;
    assert!(!plan.contains("does not hold for a while"), "{plan}");
    let (_, note) = plan.split_once("note[ordered-for-expectation]").unwrap();
    insta::assert_snapshot!(note.lines().next().unwrap());
    let json = bench.run("plan --json").await.expect(0).json();
    let [group, table] = places(&json, ["security_group.web", "route_table.web"]);
    assert!(group < table, "{json:#}");
    assert!(json["steps"][table]["after"].as_array().unwrap().contains(&group.into()), "{json:#}");
    bench.run("apply --yes").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

/// The same the other way round: the route closes before the group opens.
#[tokio::test(start_paused = true)]
async fn a_route_closes_before_a_group_opens() {
    let (bench, _) = Bench::with_sim(&routed(TO_GATEWAY, SHUT));
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &routed("{}", OPEN));
    let json = bench.run("plan --json").await.expect(0).json();
    let [group, table] = places(&json, ["security_group.web", "route_table.web"]);
    assert!(table < group, "{json:#}");
    assert!(json["steps"][group]["after"].as_array().unwrap().contains(&table.into()), "{json:#}");
}

/// What a gateway that nobody looks behind may let through does not count as shut.
#[tokio::test(start_paused = true)]
async fn a_group_closes_before_a_route_leads_to_where_nobody_looks() {
    let with_office = |routes: &str, ingress: &str| {
        let sentence = "expect:\n  - 10.9.0.0/16 does not reach instance.web\n";
        routed(routes, ingress).replace("expect:\n", sentence)
    };
    let (bench, _) = Bench::with_sim(&with_office("{}", OPEN));
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &with_office("{ 10.9.0.0/16: tgw-0123456789abcdef0 }", SHUT));
    let json = bench.run("plan --json").await.expect(0).json();
    let [group, table] = places(&json, ["security_group.web", "route_table.web"]);
    assert!(group < table, "{json:#}");
}

/// Two groups of a machine swap who lets the network in: whoever comes in by one of them always
/// does if the second opens first.
#[tokio::test(start_paused = true)]
async fn a_rule_opens_before_the_one_that_it_replaces_closes() {
    let text = |first: &str, second: &str| {
        let groups = format!("security_group:\n  other:\n    vpc: main\n    ingress: {second}\n");
        SHOP.replace("security_group:\n", &groups)
            .replace("security_groups: [web]", "security_groups: [web, other]")
            .replace(
                "    ingress:\n      - { port: 443, from: [internet] }\n",
                &format!("    ingress: {first}\n"),
            )
            .replace("expect:\n", "expect:\n  - 10.0.0.0/16 reaches instance.web on 443\n")
    };
    let rule = "[{ port: 443, from: [10.0.0.0/16] }]";
    for (before, after, order) in [
        ((rule, "[]"), ("[]", rule), ["security_group.other", "security_group.web"]),
        (("[]", rule), (rule, "[]"), ["security_group.web", "security_group.other"]),
    ] {
        let (bench, _) = Bench::with_sim(&text(before.0, before.1));
        bench.run("apply --yes").await.expect(0);
        bench.write("stack.yaml", &text(after.0, after.1));
        let json = bench.run("plan --json").await.expect(0).json();
        let [opens, closes] = places(&json, order);
        assert!(opens < closes, "{json:#}");
        let waits = json["steps"][closes]["after"].as_array().unwrap();
        assert!(waits.contains(&opens.into()), "{json:#}");
        let plan = bench.run("plan").await.expect(0).stdout;
        assert!(!plan.contains("does not hold for a while"), "{plan}");
        bench.run("apply --yes").await.expect(0);
    }
}

/// A group that is replaced: its successor has its rules before the machine moves into it.
#[tokio::test(start_paused = true)]
async fn a_successor_has_its_rules_before_anybody_is_in_it() {
    let text = |description: &str| {
        SHOP.replace("expect:\n", "expect:\n  - 10.0.0.0/16 reaches instance.web on 443\n")
            .replace("description: The web", description)
    };
    let (bench, _) = Bench::with_sim(&text("description: The web"));
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &text("description: The shop"));
    let plan = bench.run("plan").await.expect(0).stdout;
    assert!(!plan.contains("does not hold for a while"), "{plan}");
    let json = bench.run("plan --json").await.expect(0).json();
    let steps = json["steps"].as_array().unwrap();
    let [machine, _] = places(&json, ["instance.web", "security_group.web"]);
    let is_rules = |step: &serde_json::Value| {
        step["address"] == "security_group.web" && step["operation"].get("update").is_some()
    };
    let rules = steps.iter().position(is_rules).unwrap();
    assert!(rules < machine, "{json:#}");
    bench.run("apply --yes").await.expect(0);
}

/// What the group lets in instead is to be made after the table, so the group cannot close first.
#[tokio::test(start_paused = true)]
async fn a_way_that_no_order_keeps_shut_is_found() {
    let (bench, _) = Bench::with_sim(&routed("{}", OPEN));
    bench.run("apply --yes").await.expect(0);
    let office = "security_group:\n  office: { vpc: main, depends_on: [route_table.web] }\n";
    let text = routed(TO_GATEWAY, "      - { port: 443, from: [office] }\n");
    bench.write("stack.yaml", &text.replace("security_group:\n", office));
    let plan = bench.run("plan").await.expect(0).stdout;
    insta::assert_snapshot!(plan.split_once("warning[expectation").unwrap().1);
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

/// An edit of the same group does not hide it.
#[tokio::test(start_paused = true)]
async fn what_somebody_opened_is_drift_whatever_the_file_changed() {
    let shut = routed(TO_GATEWAY, SHUT);
    let (bench, sim) = Bench::with_sim(&shut);
    bench.run("apply --yes").await.expect(0);
    sim.edit(|world: &mut World| {
        let groups = world.resources.values_mut().filter(|item| item.kind == "security_group");
        let rule = serde_json::json!([
            { "port": 443, "from": ["0.0.0.0/0"], "protocol": "tcp", "description": null }
        ]);
        groups.for_each(|group| group.set("ingress", Value::from(rule.clone())));
    })
    .unwrap();
    bench.write("stack.yaml", &shut.replace("project: shop", "project: market"));
    let drift = bench.run("drift").await.expect(2).stdout;
    assert!(drift.contains("✗ internet does not reach instance.web  broken"), "{drift}");
    assert!(!drift.contains("No drift"), "{drift}");
}
