//! The lease: two applies at once, runs that died, leases that are taken away.

use std::sync::Arc;
use std::time::Duration;

use trueup_provider::VISIBLE_AFTER;
use trueup_sim::{At, Fault, FaultPlan, Sim, SimOptions};

use crate::harness::{Bench, SHOP, snowex};

#[tokio::test(start_paused = true)]
async fn of_two_applies_at_once_one_is_refused_at_once() {
    let (bench, sim) = Bench::with_sim(SHOP);
    let later = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let begun = tokio::time::Instant::now();
        let refused = bench.run("apply --yes").await;
        (refused, begun.elapsed())
    };
    let (first, (second, took)) = tokio::join!(bench.run("apply --yes"), later);
    first.expect(0);
    let second = second.expect(7);
    insta::assert_snapshot!(second.stderr, @r"
    error[locked]: another run works on stack shop: arn:aws:iam::123456789012:user/sandbox on bench, process 1, since 2027-01-15T08:00:00Z; its lease is good until 2027-01-15T08:01:00Z
     |
     = help: wait until it ends; the lease of a run that died expires within 90 seconds
     = help: if nothing runs there any more and you cannot wait: trueup unlock
    ");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let counts = sim.counts();
    assert_eq!(counts.by_action["ec2:CreateVpc"], 1);
    bench.run("plan --detailed-exitcode").await.expect(0);
    bench.run("apply --yes").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn begun_at_the_same_moment_one_wins() {
    let (bench, sim) = Bench::with_sim(SHOP);
    let (one, other) = tokio::join!(bench.run("apply --yes"), bench.run("apply --yes"));
    let mut codes = [one.code, other.code];
    codes.sort_unstable();
    assert_eq!(codes, [0, 7], "{}{}", one.shown(), other.shown());
    assert_eq!(sim.counts().by_action["ec2:CreateVpc"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_run_holds_the_next_up_for_a_minute_and_a_half() {
    let faults = FaultPlan::one(At::Action("ec2:CreateSubnet".to_owned(), 1), Fault::CrashAfter);
    let (bench, sim) = Bench::with_options(SHOP, SimOptions { faults, ..SimOptions::usual() });
    bench.run("apply --yes").await;
    assert!(sim.has_crashed());
    sim.restart();
    sim.set_faults(FaultPlan::default(), 1);
    bench.run("apply --yes").await.expect(7);
    sim.let_pass(Duration::from_secs(95));
    bench.run("apply --yes").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

/// An account whose lists lag behind, in which an apply died just after it made the VPC.
async fn died_just_after_the_vpc(seed: u64) -> (Bench, Arc<Sim>) {
    let faults = FaultPlan::one(At::Action("ec2:CreateVpc".to_owned(), 1), Fault::CrashAfter);
    let options = SimOptions { faults, lag: VISIBLE_AFTER, seed, ..SimOptions::usual() };
    let (bench, sim) = Bench::with_options(SHOP, options);
    bench.run("apply --yes").await;
    assert!(sim.has_crashed());
    sim.restart();
    sim.set_faults(FaultPlan::default(), 1);
    (bench, sim)
}

/// No token and no name keeps a VPC from being made twice: only that the first one is seen.
#[tokio::test(start_paused = true)]
async fn after_unlock_an_apply_waits_until_what_the_dead_run_made_is_listed() {
    for seed in 0..8 {
        let (bench, sim) = died_just_after_the_vpc(seed).await;
        bench.run("unlock --yes").await.expect(0);
        let begun = tokio::time::Instant::now();
        let applied = bench.run("apply --yes").await.expect(0);
        let said = &applied.stderr;
        assert!(said.starts_with("note[settling]: waiting "), "{said}");
        assert!(said.contains(" s: what the interrupted run made may not be listed yet"), "{said}");
        // A run that lives after all notices within 25 seconds, and what it makes is listed in 8 more; the
        // calls on the way take a part of it.
        assert!(begun.elapsed() > Duration::from_secs(31), "{:?}", begun.elapsed());
        assert_eq!(sim.counts().by_action.get("ec2:CreateVpc"), None, "seed {seed}");
        let again = bench.run("apply --yes").await.expect(0);
        assert_eq!(again.stderr, "", "who follows a run that ended well does not wait");
        bench.run("plan --detailed-exitcode").await.expect(0);
    }
}

#[tokio::test(start_paused = true)]
async fn unlocking_again_helps_where_the_answer_was_lost() {
    let (bench, sim) = died_just_after_the_vpc(2).await;
    let put = At::Action("ssm:PutParameter".to_owned(), 1);
    sim.set_faults(FaultPlan::one(put, Fault::LostAfter), 1);
    bench.run("unlock --yes").await.expect(1);
    bench.run("unlock --yes").await.expect(0);
    bench.run("apply --yes").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn a_program_can_read_who_holds_it() {
    let (bench, _) = died_just_after_the_vpc(6).await;
    let asked = bench.run("unlock --json").await.expect(1);
    let held = &asked.lines()[0];
    assert_eq!(held["lease"]["who"], "arn:aws:iam::123456789012:user/sandbox");
    assert!(held["lease"]["free_in_seconds"].as_u64().unwrap() <= 90, "{held}");
    assert_eq!((&held["format"], &held["taken_away"]), (&1.into(), &false.into()));
    assert!(asked.stderr.contains("--yes"), "{}", asked.stderr);
    let taken = bench.run("unlock --json --yes").await.expect(0).json();
    assert_eq!((&taken["taken_away"], &taken["lease"]["generation"]), (&true.into(), &1.into()));
    let nobody = bench.run("unlock --json").await.expect(0).json();
    assert_eq!(nobody["lease"], serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn who_did_not_wait_hands_the_waiting_on() {
    let (bench, sim) = died_just_after_the_vpc(3).await;
    bench.run("unlock --yes").await.expect(0);
    let waits = bench.interrupt("apply --yes", &[Duration::from_secs(3)]).await.expect(130);
    assert!(waits.stderr.contains("note[settling]"), "{}", waits.stderr);
    let applied = bench.run("apply --yes --json").await.expect(0);
    let first = &applied.lines()[0];
    // A run that lives after all notices within 25 seconds, and what it makes is listed in 8 more.
    let remaining = first["remaining"].as_u64().unwrap();
    assert!(first["event"] == "settling" && (28_000..29_000).contains(&remaining), "{first}");
    assert_eq!(sim.counts().by_action.get("ec2:CreateVpc"), None);
}

#[tokio::test(start_paused = true)]
async fn who_stops_in_the_midst_leaves_a_lease_that_says_so() {
    let options = SimOptions { lag: VISIBLE_AFTER, seed: 5, ..SimOptions::usual() };
    let (bench, sim) = Bench::with_options(SHOP, options);
    let twice = [Duration::from_secs(2), Duration::ZERO];
    let stopped = bench.interrupt("apply --yes", &twice).await.expect(130);
    assert!(stopped.stdout.contains("Interrupted: "), "{}", stopped.shown());
    let applied = bench.run("apply --yes").await.expect(0);
    assert!(applied.stderr.contains("note[settling]"), "{}", applied.stderr);
    assert_eq!(sim.counts().by_action["ec2:CreateVpc"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_destroy_makes_nothing_but_hands_the_waiting_on() {
    let (bench, sim) = died_just_after_the_vpc(4).await;
    bench.run("unlock --yes").await.expect(0);
    // It dies while it waits itself.
    let died = tokio::time::timeout(Duration::from_secs(2), bench.run("destroy --yes")).await;
    assert!(died.is_err());
    bench.run("unlock --yes").await.expect(0);
    let applied = bench.run("apply --yes").await.expect(0);
    assert!(applied.stderr.contains("note[settling]"), "{}", applied.stderr);
    assert_eq!(sim.counts().by_action.get("ec2:CreateVpc"), None);

    let died = tokio::time::timeout(Duration::from_secs(5), bench.run("destroy --yes")).await;
    assert!(died.is_err());
    bench.run("unlock --yes").await.expect(0);
    assert_eq!(bench.run("apply --yes").await.stderr, "");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_expired_was_idle_for_long_enough() {
    let (bench, sim) = died_just_after_the_vpc(1).await;
    sim.let_pass(Duration::from_secs(95));
    let applied = bench.run("apply --yes").await.expect(0);
    assert_eq!(applied.stderr, "");
    assert_eq!(sim.counts().by_action.get("ec2:CreateVpc"), None);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_taken_away_stops_new_steps() {
    let (bench, _) = snowex();
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        bench.run("unlock --yes").await
    };
    let (applied, unlocked) = tokio::join!(bench.run("apply --yes"), meanwhile);
    let unlocked = unlocked.expect(0).stdout;
    assert!(unlocked.contains("user/sandbox on bench, process 1, since 2027-"), "{unlocked}");
    assert!(unlocked.contains("Nobody holds the lease of stack snowex any more.\n"));
    let applied = applied.expect(5);
    assert!(applied.stdout.contains("not begun: the lease is lost"), "{}", applied.shown());
    assert!(applied.stderr.contains("error[lease-lost]: the lease was lost"), "{}", applied.stderr);
    bench.run("apply --yes").await.expect(0);
    bench.run("plan --detailed-exitcode").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_takes_no_lease_and_a_destroyed_stack_leaves_none() {
    let (bench, sim) = Bench::with_sim(SHOP);
    for line in ["plan", "drift", "show"] {
        bench.run(line).await;
    }
    assert!(
        sim.counts()
            .by_action
            .keys()
            .all(|action| !action.contains("Parameter") || *action == "ssm:GetParameters")
    );
    bench.run("apply --yes").await.expect(0);
    let leases = sim.world().leases.parameters;
    let lease = leases.get("/trueup/shop/lease/1").unwrap();
    assert_eq!((leases.len(), lease.tags["trueup:stack"].as_str()), (1, "shop"));
    assert!(lease.value.contains("\"state\":\"released\""), "{}", lease.value);
    let nobody = bench.run("unlock").await.expect(0);
    assert_eq!(nobody.stdout, "Nobody holds the lease of stack shop.\n");
    bench.run("destroy --yes").await.expect(0);
    assert!(sim.world().leases.parameters.is_empty());
    bench.run("apply --yes").await.expect(0);
    bench.run("destroy --yes").await.expect(0);
    assert!(sim.world().leases.parameters.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_given_up_when_the_answer_is_no() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.answer("apply", "no\n").await.expect(1);
    bench.run("apply --yes").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn without_permission_there_is_a_way() {
    let faults = FaultPlan::one(At::Every("ssm:PutParameter".to_owned()), Fault::Denied);
    let (bench, _) = Bench::with_options(SHOP, SimOptions { faults, ..SimOptions::usual() });
    let denied = bench.run("apply --yes").await.expect(1);
    assert!(denied.stderr.contains("--without-lease"), "{}", denied.stderr);
    let warned = bench.run("apply --yes --without-lease").await.expect(0);
    assert!(warned.stderr.contains("no lease is taken"), "{}", warned.stderr);
}
