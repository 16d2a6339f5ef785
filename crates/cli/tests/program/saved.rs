//! Saved plans and the guards: what was allowed, what is asked, what is refused.

use crate::harness::{Bench, SHOP, with_database};

fn data() -> String {
    with_database("data", "managed", "")
}

#[tokio::test(start_paused = true)]
async fn a_saved_destroy_is_all_or_nothing() {
    let (bench, sim) = Bench::with_sim(&data());
    bench.run("apply --yes").await.expect(0);
    let owned = sim.world().owned_by("data").count();
    let planned = bench.run("plan --destroy --out plan.json").await.expect(4);
    assert!(planned.stdout.contains("--allow-data-loss db_instance.main"), "{}", planned.stdout);
    let refused = bench.run("apply plan.json --yes").await.expect(4);
    insta::assert_snapshot!(refused.stderr);
    assert_eq!(sim.world().owned_by("data").count(), owned);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_saved_over_nothing_else() {
    let (bench, _) = Bench::with_sim(SHOP);
    let stack = bench.read("stack.yaml");
    bench.write("data.json", "{}");
    for (file, why) in [
        ("stack.yaml", "stack.yaml would not be known as a saved plan, whose name ends with .json"),
        ("data.json", "data.json exists already and is no saved plan"),
    ] {
        let refused = bench.run(&format!("plan --out {file}")).await.expect(1);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    assert_eq!((bench.read("stack.yaml"), bench.read("data.json")), (stack, "{}".to_owned()));
    for _ in 0..2 {
        let saved = bench.run("plan --out plan.json").await.expect(0);
        assert!(saved.stdout.contains("'trueup apply plan.json"), "{}", saved.stdout);
    }
}

#[tokio::test(start_paused = true)]
async fn a_saved_destroy_asks_for_the_name() {
    let (bench, sim) = Bench::with_sim(&data());
    bench.run("apply --yes").await.expect(0);
    let owned = sim.world().owned_by("data").count();
    let save =
        "plan --destroy --allow-data-loss db_instance.main --allow-mass-delete --out plan.json";
    bench.run(save).await.expect(0);
    let nobody = bench.run("apply plan.json").await.expect(1);
    assert!(nobody.stderr.contains("nobody is there to say yes"), "{}", nobody.stderr);
    let wrong = bench.answer("apply plan.json --color never", "yes\n").await.expect(1);
    assert!(wrong.stderr.contains("Type the stack's name, data, to go on: "), "{}", wrong.stderr);
    assert_eq!(sim.world().owned_by("data").count(), owned);
    bench.answer("apply plan.json", "data\n").await.expect(0);
    assert_eq!(sim.world().owned_by("data").count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_saved_plan_may_do_was_said_when_it_was_saved() {
    let (bench, _) = Bench::with_sim(&data());
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &data().replace("engine: postgres", "engine: mysql"));
    bench.run("plan --out plan.json").await.expect(0);
    for flags in ["--allow-data-loss db_instance.main", "--allow-mass-delete"] {
        let refused = bench.run(&format!("apply plan.json {flags}")).await.expect(1);
        insta::assert_snapshot!(flags.split(' ').next().unwrap().trim_matches('-'), refused.stderr);
    }
}

/// Only `apply` carries a saved plan out; to all that read a stack it is none.
#[tokio::test(start_paused = true)]
async fn a_saved_plan_is_no_stack() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("plan --out plan.json").await.expect(0);
    bench.write("plan.saved", &bench.read("plan.json"));
    let carries = "help: 'trueup apply plan.json' carries it out";
    let renamed = "help: 'trueup apply' carries it out under a name that ends in .json";
    for (command, file, help) in [
        ("plan", "plan.json", carries),
        ("destroy", "plan.json", carries),
        ("validate", "plan.json", carries),
        ("apply", "plan.saved", renamed),
    ] {
        let refused = bench.run(&format!("{command} {file}")).await.expect(1);
        assert_eq!(refused.stderr.matches("error[").count(), 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("this is a saved plan"), "{}", refused.stderr);
        assert!(refused.stderr.contains(help), "{}", refused.stderr);
    }
}

#[tokio::test(start_paused = true)]
async fn the_stricter_limit_of_disruption_holds() {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    let before = sim.world();
    bench.write("stack.yaml", &SHOP.replace("subnet: web[a]", "subnet: web[b]"));
    bench.run("plan --out any.json").await.expect(0);
    let refused = bench.run("apply any.json --max-disruption none").await.expect(4);
    assert!(refused.stdout.contains("instance.web would mean"), "{}", refused.shown());
    bench.run("plan --max-disruption none --out none.json").await.expect(4);
    let refused = bench.run("apply none.json --max-disruption data-loss").await.expect(4);
    assert!(refused.stdout.contains("instance.web would mean"), "{}", refused.shown());
    assert_eq!(sim.world().resources, before.resources);
    bench.run("apply any.json --max-disruption data-loss").await.expect(0);
}

/// A log group, and a VPC beside it.
const LOGS: &str = "\
stack: logs
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16 }
log_group:
  old: { name: /logs/web, retention_days: 14 }
";

fn keep_for(sim: &trueup_sim::Sim, days: i64) {
    sim.edit(|world: &mut trueup_sim::World| {
        world.get_mut("log_group", "/logs/web").unwrap().set("retention_days", days);
    })
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stale_plan_says_what_moved_of_what_is_adopted_or_has_another_address() {
    let (bench, sim) = Bench::with_sim(LOGS);
    bench.run("apply --yes").await.expect(0);
    let moved = LOGS.replace("old: {", "new: { moved_from: log_group.old,");
    bench.write("stack.yaml", &moved);
    bench.run("plan --out plan.json").await.expect(0);
    keep_for(&sim, 7);
    let stale = bench.run("apply plan.json").await.expect(3);
    let why = "log_group.new: retention_days was 14, now it is 7";
    assert!(stale.stderr.contains(why), "{}", stale.stderr);
    sim.edit(|world: &mut trueup_sim::World| {
        world.get_mut("log_group", "/logs/web").unwrap().disown();
    })
    .unwrap();
    bench.write("stack.yaml", &LOGS.replace("old: {", "new: { adopt: /logs/web,"));
    bench.run("plan --out plan.json").await.expect(0);
    keep_for(&sim, 30);
    let stale = bench.run("apply plan.json").await.expect(3);
    let why = "log_group.new: retention_days was 7, now it is 30";
    assert!(stale.stderr.contains(why), "{}", stale.stderr);
    bench.run("plan --out plan.json").await.expect(0);
    bench.run("apply plan.json").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn what_the_plan_advises_moves_a_resource_into_a_module() {
    let (bench, sim) = Bench::with_sim(LOGS);
    bench.run("apply --yes").await.expect(0);
    let before = sim.world();
    let group = "log_group:\n  web: { name: /logs/web, retention_days: 14 }\n";
    bench.write("logs.yaml", group);
    let (head, _) = LOGS.split_once("log_group:").unwrap();
    bench.write("stack.yaml", &format!("{head}module: {{ logs: {{ source: logs.yaml }} }}\n"));
    let told = bench.run("plan").await;
    let line = "moved_from: root.log_group.old";
    assert!(told.stdout.contains(line), "{}", told.shown());
    bench.write("logs.yaml", &group.replace("name:", &format!("{line}, name:")));
    bench.run("apply --yes").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
    assert_eq!(sim.world().resources.len(), before.resources.len());
    assert!(sim.world().resources.values().any(|item| {
        item.id == "/logs/web"
            && item.ownership().address.unwrap().to_string().contains("module.logs")
    }));
}
