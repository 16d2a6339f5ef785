//! What could not be read, and what has changed since it was read.

use trueup_model::Value;
use trueup_sim::{At, Fault, FaultPlan, Scripted, acl_rule};

use super::{applied, id};

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
