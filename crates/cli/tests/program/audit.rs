//! The audit log: what was changed, by whom, and never a secret.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;
use trueup_sim::{At, Fault, FaultPlan, SimOptions};

use crate::harness::{Bench, SHOP};
use crate::safety::{SECRET, vault};

const LOG: &str = "data/trueup/audit/shop.jsonl";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of<'l>(lines: &'l [Value], event: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

#[tokio::test(start_paused = true)]
async fn every_change_is_asked_and_answered_and_reads_are_not_there() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("plan").await.expect(0);
    assert!(!bench.path(LOG).exists(), "a plan changes nothing");
    let plan = bench.run("plan --out plan.json --json").await.expect(0).json();
    bench.run("apply plan.json").await.expect(0);

    let text = bench.read(LOG);
    let all = lines(&text);
    let (asked, answered) = (of(&all, "asked"), of(&all, "answered"));
    assert_eq!((asked.len(), all.len()), (answered.len(), asked.len() + answered.len()));
    let vpc = |lines: &[&Value]| {
        let mut created = lines.iter().filter(|line| line["action"] == "ec2:CreateVpc");
        created.next().copied().cloned().unwrap()
    };
    let (question, mut answer) = (vpc(&asked), vpc(&answered));
    assert_eq!(question["plan"], plan["id"], "the saved plan is found again");
    assert_eq!(question["address"], "vpc.main");
    assert_eq!(answer["outcome"], "done");
    answer["plan"] = "PLAN".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap());
    let reads = all.iter().filter(|line| line["action"].as_str().unwrap().contains(":Describe"));
    assert_eq!(reads.count(), 0);
    assert!(all.iter().any(|line| line["action"] == "ssm:PutParameter"), "the lease is a change");

    let mode = std::fs::metadata(bench.path(LOG)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    bench.run("destroy --yes").await.expect(0);
    let later = bench.read(LOG);
    assert!(later.starts_with(&text) && later.len() > text.len(), "it is only appended to");
}

#[tokio::test(start_paused = true)]
async fn failures_have_their_codes_and_attempts() {
    let faults = FaultPlan::one(At::Action("iam:CreateRole".to_owned(), 1), Fault::Denied);
    let options = SimOptions { faults, ..SimOptions::default() };
    let (bench, _) = Bench::with_options(SHOP, options);
    bench.run("apply --yes --log here.jsonl").await.expect(5);
    assert!(!bench.path(LOG).exists());
    let all = lines(&bench.read("here.jsonl"));
    let failed: Vec<&Value> = all.iter().filter(|line| line["outcome"] == "failed").collect();
    let denied = failed.iter().find(|line| line["action"] == "iam:CreateRole").unwrap();
    assert_eq!(denied["error"], "AccessDenied");
    assert_eq!(denied["attempt"], 1);
}

/// What was asked stays written, although the answer never came to be.
#[tokio::test(start_paused = true)]
async fn what_was_asked_when_it_was_stopped_is_there() {
    let (bench, _) = Bench::with_sim(SHOP);
    let mut seen = false;
    for after in (500..8_000).step_by(250) {
        let twice = [Duration::from_millis(after), Duration::ZERO];
        bench.interrupt("apply --yes --without-lease", &twice).await;
        let all = if bench.path(LOG).exists() { lines(&bench.read(LOG)) } else { Vec::new() };
        seen |= of(&all, "asked").len() > of(&all, "answered").len();
    }
    assert!(seen, "none was cut off in the middle of a call");
}

#[tokio::test(start_paused = true)]
async fn without_a_log_nothing_is_changed() {
    let (mut bench, sim) = Bench::with_sim(SHOP);
    bench.write("file", "");
    let refused = bench.run("apply --yes --log file/log.jsonl").await.expect(1);
    insta::assert_snapshot!(refused.stderr);
    bench.data_folder = None;
    let nowhere = bench.run("apply --yes").await.expect(1);
    assert!(nowhere.stderr.contains("neither XDG_DATA_HOME nor HOME is set"), "{}", nowhere.stderr);
    assert_eq!(sim.world().owned_by("shop").count(), 0);
    bench.run("apply --yes --log /dev/null").await.expect(0);
}

/// A full disk, which the lease meets first.
#[tokio::test(start_paused = true)]
async fn without_a_log_nothing_is_begun() {
    let (bench, sim) = Bench::with_sim(SHOP);
    let refused = bench.run("apply --yes --log /dev/full").await.expect(1);
    assert!(refused.stderr.contains("cannot write the audit log /dev/full"), "{}", refused.stderr);
    assert_eq!(sim.world().owned_by("shop").count(), 0);
}

/// Whoever read the log went away in the middle: nothing more is begun, and it is said why.
#[tokio::test(start_paused = true)]
async fn a_log_that_breaks_ends_the_apply() {
    let (bench, sim) = Bench::with_sim(SHOP);
    let (reader, writer) = std::io::pipe().unwrap();
    let log = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
    let goes = async {
        while sim.world().owned_by("shop").count() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        drop(reader);
    };
    let command = format!("apply --yes --log {log}");
    let (broken, ()) = tokio::join!(bench.run(&command), goes);
    let broken = broken.expect(5);
    assert!(broken.stderr.contains("could not be written any more"), "{}", broken.stderr);
    assert!(!broken.stdout.contains("Interrupted"), "nobody interrupted: {}", broken.stdout);
    assert!(broken.stdout.contains("not begun: the audit log is broken"), "{}", broken.stdout);
    let made = sim.world().owned_by("shop").count();
    bench.run("apply --yes").await.expect(0);
    assert!(made < sim.world().owned_by("shop").count());
}

#[tokio::test]
async fn a_sandbox_is_logged_where_it_is_asked_for_and_never_a_secret() {
    let mut bench = Bench::with_stack(&vault());
    bench.environment.insert("TRUEUP_VAR_TOKEN".to_owned(), SECRET.to_owned());
    bench.run("apply --sandbox --yes").await.expect(0);
    assert!(!bench.path("data").exists(), "what is simulated never happened in the account");
    bench.environment.insert("TRUEUP_VAR_TOKEN".to_owned(), format!("{SECRET}-2"));
    bench.run("apply --sandbox --yes --log log.jsonl").await.expect(0);
    let log = bench.read("log.jsonl");
    assert!(log.contains("rds:ModifyDBInstance"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test(start_paused = true)]
async fn unlocking_is_logged() {
    let faults = FaultPlan::one(At::Action("ec2:CreateSubnet".to_owned(), 1), Fault::CrashAfter);
    let (bench, sim) = Bench::with_options(SHOP, SimOptions { faults, ..SimOptions::usual() });
    bench.run("apply --yes --log /dev/null").await;
    sim.restart();
    sim.set_faults(FaultPlan::default(), 1);
    bench.run("unlock --yes").await.expect(0);
    let all = lines(&bench.read(LOG));
    let actions: Vec<&Value> = of(&all, "answered").iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["ssm:PutParameter"; 2]);
}
