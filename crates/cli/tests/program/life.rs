//! The life of a stack: planned, applied, changed behind its back, mended, destroyed.

use std::sync::Arc;

use trueup_model::Value;
use trueup_sim::{At, Fault, FaultPlan, Sim, SimOptions, World};

use crate::harness::{Bench, SHOP, snowex};

fn address(text: &str) -> trueup_model::Address {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_new_stack_is_planned_in_full() {
    let (bench, _) = snowex();
    insta::assert_snapshot!(bench.run("plan").await.expect(0).stdout);
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_a_pull_request() {
    let (bench, _) = Bench::with_sim(SHOP);
    insta::assert_snapshot!(bench.run("plan --format markdown").await.expect(0).stdout);
}

#[tokio::test(start_paused = true)]
async fn applied_once_there_is_nothing_to_do() {
    let (bench, _) = snowex();
    let applied = bench.run("apply --yes").await.expect(0);
    insta::assert_snapshot!(applied.stdout.split_once("\nIt takes").unwrap().1);
    insta::assert_snapshot!(bench.run("plan").await.expect(0).stdout);
    bench.run("plan --detailed-exitcode").await.expect(0);
    bench.run("drift").await.expect(0);
    let again = bench.run("apply --yes").await.expect(0);
    assert!(again.stdout.contains("Nothing to do."), "{}", again.stdout);
}

/// What is only tagged otherwise is no matter of minutes, and nobody notices.
#[tokio::test(start_paused = true)]
async fn a_change_of_tags_takes_seconds() {
    let (bench, _) = snowex();
    bench.run("apply --yes").await.expect(0);
    let text = bench.read("stack.yaml");
    bench.write("stack.yaml", &text.replace("{ project: snowex }", "{ project: snow }"));
    let plan = bench.run("plan --max-disruption none").await.expect(0).stdout;
    let database = plan.lines().skip_while(|line| !line.contains("~ db_instance.main")).take(2);
    let estimate = plan.lines().skip_while(|line| !line.starts_with("It takes"));
    insta::assert_snapshot!(database.chain(estimate).collect::<Vec<_>>().join("\n"));
    bench.run("apply --yes --max-disruption none").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn what_changed_behind_its_back_is_drift_and_is_mended() {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    sim.edit(|world: &mut World| {
        let group = world.at_mut("shop", &address("security_group.web")).unwrap();
        let open: Value = serde_json::json!([
            { "port": 22, "from": ["0.0.0.0/0"], "protocol": "tcp", "description": null }
        ])
        .into();
        group.set("ingress", open);
        world.at_mut("shop", &address("vpc.main")).unwrap().set_tag("project", "other");
        assert!(world.remove("iam_role", "shop-web"));
    })
    .unwrap();
    insta::assert_snapshot!(bench.run("drift").await.expect(2).stdout);
    let json = bench.run("drift --json").await.expect(2).json();
    let changes = json["changes"].as_array().unwrap();
    let drifted: Vec<&str> = changes.iter().map(|c| c["address"].as_str().unwrap()).collect();
    assert_eq!(drifted, ["iam_role.web", "security_group.web", "vpc.main"]);
    assert!(changes.iter().all(|change| change["cause"] == "drift"), "{json}");
    insta::assert_snapshot!(bench.run("plan").await.expect(0).stdout);
    bench.run("apply --yes").await.expect(0);
    bench.run("drift").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

/// No plan can mend it, and nothing is as it was applied.
#[tokio::test(start_paused = true)]
async fn what_was_taken_away_from_the_stack_is_drift() {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    sim.edit(|world: &mut World| {
        let role = world.at_mut("shop", &address("iam_role.web")).unwrap();
        role.tags.retain(|name, _| !name.starts_with("trueup:"));
    })
    .unwrap();
    let drift = bench.run("drift").await.expect(2).stdout;
    assert!(drift.contains("! iam_role.web: shop-web stands in its place"), "{drift}");
    assert!(!drift.contains("No drift"), "{drift}");
    assert_eq!(bench.run("drift --json").await.expect(2).json()["drifted"], true);
}

/// Who may not look cannot say that all is well.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_not_called_unchanged() {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    let at = At::Every("logs:DescribeLogGroups".to_owned());
    sim.set_faults(FaultPlan::one(at, Fault::Denied), 1);
    let drift = bench.run("drift").await.expect(1).stdout;
    assert!(drift.contains("No drift was found, but not all of shop"), "{drift}");
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_no_drift() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &SHOP.replace("retention_days: 14", "retention_days: 30"));
    let drift = bench.run("drift").await.expect(0);
    insta::assert_snapshot!(drift.stdout);
    bench.run("plan --detailed-exitcode").await.expect(2);
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_left_alone_is_as_the_stack_says() {
    let text = "stack: shop\nregion: us-west-2\nlog_group: { a: { name: /a, protect: true } }\n";
    let (bench, _) = Bench::with_sim(text);
    let nothing = bench.run("destroy --yes").await.expect(0);
    assert!(
        nothing.stdout.contains("Nothing to do. Nothing of the stack is there."),
        "{}",
        nothing.stdout
    );
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &text.replace("/a,", "/b,"));
    let plan = bench.run("plan").await.expect(0);
    let said = "Nothing that could be done. 1 is left alone, as said above.";
    assert!(plan.stdout.contains(said), "{}", plan.stdout);
}

#[tokio::test(start_paused = true)]
async fn what_holds_data_is_destroyed_only_when_it_is_named() {
    let (bench, sim) = snowex();
    bench.run("apply --yes").await.expect(0);
    let before = sim.world().owned_by("snowex").count();
    let refused = bench.run("destroy --yes").await.expect(4);
    insta::assert_snapshot!(refused.stderr);
    assert_eq!(sim.world().owned_by("snowex").count(), before, "nothing was deleted");
    let done = bench.run("destroy --yes --allow-data-loss db_instance.main").await.expect(0);
    insta::assert_snapshot!(done.stdout);
    assert_eq!(sim.world().owned_by("snowex").count(), 0);
    let again = bench.run("destroy --yes").await.expect(0);
    assert!(again.stdout.contains("Nothing to do."), "{}", again.stdout);
}

#[tokio::test(start_paused = true)]
async fn live_resources_are_shown() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    insta::assert_snapshot!(bench.run("show").await.expect(0).stdout);
    insta::assert_snapshot!(bench.run("show stack.yaml subnet.web[a]").await.expect(0).stdout);
    let json = bench.run("show --json").await.expect(0).json();
    assert_eq!(json["resources"][0]["address"], "iam_role.web");
    let missing = bench.run("show vpc.other").await.expect(1);
    assert!(missing.stderr.contains("vpc.other does not exist in AWS"), "{}", missing.stderr);
}

#[tokio::test(start_paused = true)]
async fn outputs_in_every_form() {
    let (bench, _) = Bench::with_sim(SHOP);
    let before = bench.run("output").await.expect(0);
    assert!(before.stdout.contains("(known after apply: vpc.main.id)"), "{}", before.stdout);
    bench.run("apply --yes").await.expect(0);
    insta::assert_snapshot!(bench.run("output").await.expect(0).stdout);
    insta::assert_snapshot!(bench.run("output --format dotenv").await.expect(0).stdout);
    let json = bench.run("output --format json").await.expect(0).json();
    assert_eq!(json["zones"], serde_json::json!(["us-west-2a", "us-west-2b"]));
    let vpc = bench.run("output --name vpc_id").await.expect(0).stdout;
    assert_eq!(format!("\"{}\"", vpc.trim()), json["vpc_id"].to_string());
}

#[tokio::test]
async fn the_graph_needs_no_aws() {
    let bench = Bench::with_stack(SHOP);
    insta::assert_snapshot!(bench.run("graph").await.expect(0).stdout);
    let dot = bench.run("graph --format dot").await.expect(0).stdout;
    assert!(dot.contains("\"subnet.web[a]\" -> \"vpc.main\";"), "{dot}");
    let svg = bench.run("graph --format svg").await.expect(0).stdout;
    assert!(svg.starts_with("<svg ") && svg.contains("✓ not from internet"), "{svg}");
    assert!(!svg.contains("to create"), "{svg}");
}

#[tokio::test(start_paused = true)]
async fn a_picture_of_the_plan_has_its_changes_and_what_leaves() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    let svg = bench.run("graph --format svg --plan").await.expect(0).stdout;
    assert!(svg.contains("no changes"), "{svg}");
    let changed = SHOP.replace("/shop/web, retention_days: 14", "/shop/web, retention_days: 30");
    let (before, rest) = changed.split_once("instance:\n").unwrap();
    let (_, after) = rest.split_once("log_group:").unwrap();
    let after = after.replace("  - internet does not reach instance.web\n", "");
    bench.write("stack.yaml", &format!("{before}log_group:{}", after.replace("expect:\n", "")));
    let svg = bench.run("graph --format svg --plan").await.expect(0).stdout;
    assert!(svg.contains("1 to update, 1 to delete"), "{svg}");
    let item = |class: &str, name: &str| svg.contains(&format!("\"item {class}\"><title>{name}"));
    assert!(item("update", "log_group.web") && item("delete", "instance.web"), "{svg}");
    // What leaves still stands in its subnet.
    let subnet = svg.find("<title>subnet.web[a]").unwrap();
    let instance = svg.find("<title>instance.web").unwrap();
    assert!(subnet < instance && instance < svg.find("<title>subnet.web[b]").unwrap(), "{svg}");
    let page = bench.run("graph --format html --plan").await.expect(0).stdout;
    assert!(page.contains("retention_days") && page.contains("stack.yaml, line"), "{page}");
}

#[tokio::test]
async fn only_pictures_show_changes() {
    let ran = Bench::with_stack(SHOP).run("graph --plan").await.expect(1);
    assert!(ran.stderr.contains("--format svg"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_sandbox_is_kept_in_a_file_and_waits_for_nothing() {
    let bench = Bench::with_stack(SHOP);
    let begun = std::time::Instant::now();
    bench.run("apply --sandbox --yes").await.expect(0);
    assert!(bench.path(".trueup/sandbox-shop.json").exists());
    let plan = bench.run("plan --sandbox").await.expect(0);
    assert!(plan.stdout.contains("Nothing to do."), "{}", plan.stdout);
    bench.run("plan --sandbox=other.json --detailed-exitcode").await.expect(2);
    bench.run("destroy --sandbox --yes").await.expect(0);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn events_as_json_lines() {
    let (bench, _) = Bench::with_sim(SHOP);
    let lines = bench.run("apply --yes --json").await.expect(0).lines();
    assert!(lines.iter().all(|line| line["format"] == 1), "{lines:?}");
    assert_eq!(lines[0]["event"], "planned");
    assert_eq!(lines[0]["plan"]["summary"]["create"], 7);
    let done = lines.iter().filter(|line| line["event"] == "step_done");
    assert!(done.clone().any(|line| line["address"] == "vpc.main"));
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["exit_code"]), (&"ended".into(), &0.into()));
    assert!(last["outputs"]["vpc_id"].as_str().unwrap().starts_with("vpc-"), "{last}");
    let again = bench.run("apply --yes --json").await.expect(0).lines();
    assert_eq!(again.last().unwrap()["exit_code"], 0);
}

#[tokio::test(start_paused = true)]
async fn an_older_world_of_another_region_is_refused() {
    let mut bench = Bench::with_stack(SHOP);
    let options = SimOptions { region: "eu-west-1".to_owned(), ..SimOptions::default() };
    bench.aws = Some(Arc::new(Sim::new(Arc::new(trueup_aws::catalog()), World::new(1), options)));
    let ran = bench.run("plan").await.expect(1);
    assert!(ran.stderr.contains("calls would go to eu-west-1"), "{}", ran.stderr);
}
