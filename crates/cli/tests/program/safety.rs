//! Prompts, guards, saved plans, failures and secrets.

use std::time::Duration;

use trueup_sim::{At, Fault, FaultPlan, SimOptions, World};

use crate::harness::{Bench, SHOP, snowex, with_database};

#[tokio::test(start_paused = true)]
async fn without_a_yes_nothing_is_done() {
    let (bench, sim) = Bench::with_sim(SHOP);
    let before = sim.world();
    let ran = bench.run("apply").await.expect(1);
    insta::assert_snapshot!(ran.stderr);
    let no = bench.answer("apply", "no\n").await.expect(1);
    assert!(no.stderr.contains("nothing was changed: the answer was 'no'"), "{}", no.stderr);
    assert_eq!(sim.world().resources, before.resources);
    bench.answer("apply", "yes\n").await.expect(0);
    assert!(sim.world().owned_by("shop").count() > 0);
}

#[tokio::test(start_paused = true)]
async fn destroy_asks_for_the_name() {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    let wrong = bench.answer("destroy --color never", "yes\n").await.expect(1);
    assert!(wrong.stderr.contains("Type the stack's name, shop, to go on: "), "{}", wrong.stderr);
    assert!(sim.world().owned_by("shop").count() > 0);
    bench.answer("destroy", "shop\n").await.expect(0);
    assert_eq!(sim.world().owned_by("shop").count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_saved_plan_is_done_as_it_is() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("plan --out plan.json").await.expect(0);
    bench.run("apply plan.json").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
    let stale = bench.run("apply plan.json").await.expect(3);
    assert!(stale.stderr.contains("vpc.main did not exist, now it does (vpc-"), "{}", stale.stderr);
}

#[tokio::test(start_paused = true)]
async fn a_stale_plan_says_what_moved() {
    let (bench, sim) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    let changed = SHOP.replace("retention_days: 14", "retention_days: 30");
    bench.write("stack.yaml", &changed);
    bench.run("plan --out plan.json").await.expect(0);
    sim.edit(|world: &mut World| {
        let group = world.at_mut("shop", &"log_group.web".parse().unwrap()).unwrap();
        group.set("retention_days", 7);
        group.set_tag("project", "other");
    })
    .unwrap();
    insta::assert_snapshot!(bench.run("apply plan.json").await.expect(3).stderr);
    bench.write("stack.yaml", SHOP);
    insta::assert_snapshot!(bench.run("apply plan.json").await.expect(3).stderr);
    bench.write("broken.json", "{}");
    bench.run("apply broken.json").await.expect(1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_names_its_place_and_the_rest_goes_on() {
    let faults = FaultPlan::one(At::Action("iam:CreateRole".to_owned(), 1), Fault::Denied);
    let options = SimOptions { faults, ..SimOptions::default() };
    let (bench, _) = Bench::with_options(SHOP, options);
    let ran = bench.run("apply --yes").await.expect(5);
    insta::assert_snapshot!(ran.stderr);
    assert!(ran.stdout.contains("not begun: iam_role.web failed"), "{}", ran.stdout);
    bench.run("apply --yes").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn interrupted_once_it_ends_in_good_order() {
    let (bench, _) = Bench::with_sim(SHOP);
    let ran = bench.interrupt("apply --yes", &[Duration::from_secs(8)]).await.expect(130);
    insta::assert_snapshot!(ran.stdout.split_once("iam_role.web -> instance.web.").unwrap().1);
    bench.run("apply --yes").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

/// A database takes minutes to be made and to go. Nobody who interrupts waits for that, and nobody
/// has to look for what is left: the next run does.
#[tokio::test(start_paused = true)]
async fn interrupted_while_it_waits_it_ends_within_seconds() {
    let (bench, sim) = snowex();
    let destroy = "destroy --yes --allow-data-loss db_instance.main";
    for (line, told) in [("apply --yes", "is creating"), (destroy, "is deleting")] {
        let begun = tokio::time::Instant::now();
        let after = Duration::from_secs(150);
        let ran = bench.interrupt(line, &[after]).await.expect(130);
        let took = begun.elapsed();
        assert!(took < after + Duration::from_secs(3), "{took:?}");
        let left = format!("db_instance.main  failed: interrupted: db_instance snowex-main {told}");
        assert!(ran.stdout.contains(&left), "{}", ran.stdout);
        assert!(ran.stdout.contains("Run it again to go on from here."), "{}", ran.stdout);
        assert!(ran.stdout.contains(" done, 1 still going on in AWS"), "{}", ran.stdout);
        let lease = sim.world().leases.parameters.into_values().next_back().unwrap();
        assert!(lease.value.contains("\"state\":\"released\""), "{}", lease.value);
        bench.run(line).await.expect(0);
    }
    assert_eq!(sim.world().owned_by("snowex").count(), 0);
}

/// What AWS goes on with is no fault: one note names all of it, and its help is given once. Programs
/// read of each as before.
#[tokio::test(start_paused = true)]
async fn what_aws_goes_on_with_is_one_note() {
    let (bench, _) = snowex();
    let text = bench.read("stack.yaml");
    let (before, rest) = text.split_once("db_instance:\n  main:").unwrap();
    let (main, after) = rest.split_once("\n\n").unwrap();
    let two = format!("{before}db_instance:\n  main:{main}\n  second:{main}\n\n{after}");
    bench.write("stack.yaml", &two);
    let ran = bench.interrupt("apply --yes", &[Duration::from_secs(150)]).await.expect(130);
    insta::assert_snapshot!(ran.stderr);
    let last = ran.stdout.lines().rfind(|line| line.starts_with("Interrupted: ")).unwrap();
    assert!(last.contains(" done, 2 still going on in AWS"), "{last}");

    let (bench, _) = snowex();
    bench.write("stack.yaml", &two);
    let ran = bench.interrupt("apply --yes --json", &[Duration::from_secs(150)]).await.expect(130);
    let ended: serde_json::Value =
        serde_json::from_str(ran.stdout.lines().next_back().unwrap()).unwrap();
    let errors = ended["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{ended}");
    assert!(errors.iter().all(|error| error["severity"] == "error"), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn interrupted_while_it_reads_nothing_was_changed() {
    let (bench, sim) = Bench::with_sim(SHOP);
    let ran = bench.interrupt("apply --yes", &[Duration::from_millis(50)]).await.expect(130);
    assert!(ran.stderr.contains("interrupted; nothing was changed"), "{}", ran.stderr);
    assert_eq!(sim.world().owned_by("shop").count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_disruption_beyond_what_is_allowed_is_refused() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &SHOP.replace("subnet: web[a]", "subnet: web[b]"));
    let refused = bench.run("apply --yes --max-disruption brief").await;
    insta::assert_snapshot!(refused.shown());
    assert_ne!(refused.code, 0);
}

pub(crate) const SECRET: &str = "correct-horse-battery-staple";

/// A stack whose database has a secret for its password.
pub(crate) fn vault() -> String {
    let told = "\
variables:
  token: { type: string, sensitive: true }
outputs:
  token: ${var.token}
  id: ${vpc.main.id}
";
    let stack = with_database("vault", "${var.token}", told);
    stack.replace("    engine:", "    on_destroy: delete\n    engine:")
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_never_shown() {
    let (mut bench, sim) = Bench::with_sim(&vault());
    bench.environment.insert("TRUEUP_VAR_TOKEN".to_owned(), SECRET.to_owned());
    let lines = [
        "validate --json",
        "plan -v",
        "plan --json",
        "plan --format markdown",
        "plan --out plan.json",
        "apply plan.json -v --log-format json",
        "apply --yes --json",
        "show --json",
        "show -v",
        "output",
        "output --format json",
        "drift --json",
        "graph",
        "plan --destroy --allow-data-loss db_instance.main --json -v",
    ];
    for line in lines {
        let ran = bench.run(line).await;
        assert!(ran.code == 0, "{line}: {}", ran.shown());
        assert!(!ran.all().contains(SECRET), "{line}: {}", ran.shown());
    }
    assert!(!bench.read("plan.json").contains(SECRET));
    assert!(sim.world().owned_by("vault").count() > 0);
    let asked = bench.run("output --reveal token").await.expect(0);
    assert!(asked.stdout.contains(SECRET));
    let dotenv = bench.run("output --format dotenv").await.expect(0);
    assert!(dotenv.stdout.contains(SECRET), "that is what a .env file is for");
    bench.environment.insert("TRUEUP_VAR_TOKEN".to_owned(), format!("{SECRET}-2"));
    let changed = bench.run("plan --detailed-exitcode").await.expect(2);
    assert!(!changed.all().contains(SECRET), "{}", changed.shown());
    assert!(changed.stdout.contains("password  (sensitive) changes"), "{}", changed.stdout);
}
