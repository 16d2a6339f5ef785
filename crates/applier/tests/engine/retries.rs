//! Which failures are tried again, and that nothing is made twice.

use std::sync::Arc;

use trueup_applier::{Ended, Report};
use trueup_model::event::{Event, Stamped};
use trueup_provider::{FailureClass, Safety};

use crate::support::{Account, Answer, Planned, Script, applied, failure, lines};

async fn check(script: Script) -> (Report, Vec<Stamped>, Arc<Account>) {
    let mut plan = Planned::new();
    plan.create("vpc.main", 1, &[]);
    let account = Arc::new(Account::new([("vpc.main", script)]));
    let (report, events) = applied(plan, &account).await;
    (report, events, account)
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_never_makes_two() {
    for safety in [Safety::Once, Safety::Repeatable] {
        for lost in 1..4 {
            let answers = (0..lost).map(|_| Answer::IsLost).collect();
            let (report, _, account) = check(Script { safety, answers, ..Script::default() }).await;
            assert_eq!(report.ended, Ended::Done);
            assert_eq!(account.look(|state| state.things.len()), 1, "{safety:?}, {lost} lost");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_be_repeated_is_and_another_goes_back_to_the_kind() {
    let lost = || [Answer::IsLost].into();
    let (_, _, account) =
        check(Script { safety: Safety::Repeatable, answers: lost(), ..Script::default() }).await;
    assert_eq!(account.look(|state| state.arrivals.len()), 2);
    let (_, _, account) = check(Script { answers: lost(), ..Script::default() }).await;
    assert_eq!(account.look(|state| state.arrivals.len()), 1, "it was looked up instead");
}

#[tokio::test(start_paused = true)]
async fn a_race_is_told_and_passes() {
    let (report, events, _) = check(Script::failing(FailureClass::NotYet, 4)).await;
    assert_eq!(report.ended, Ended::Done);
    insta::assert_snapshot!(lines(&events), @r"
    0.00 started 1
    0.00 create vpc.main
    0.00   vpc.main waits: ec2:CreateThing: NotYetCode: AWS's words (request req-1)
    6.31   vpc.main done
    6.31 finished: 1 done, 0 failed, 0 skipped
    ");
}

/// A delete that something foreign blocks is told within seconds, and ends.
#[tokio::test(start_paused = true)]
async fn an_obstacle_is_told_at_once_and_bounded() {
    let (report, events, _) = check(Script::failing(FailureClass::Conflict, 10_000)).await;
    assert!((300_000..302_000).contains(&report.took), "{}", report.took);
    let told = events.iter().find(|it| matches!(it.event, Event::StepWaiting { .. })).unwrap();
    assert!(told.at < 1_000);
    let help = report.failed[0].failure.help.join("; ");
    insta::assert_snapshot!(help, @"ec2:CreateThing was tried 42 times in 300 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_final_failure_is_told_whole_and_tried_once() {
    let classes =
        [FailureClass::Invalid, FailureClass::Denied, FailureClass::Quota, FailureClass::Exists];
    for class in classes {
        let (report, _, account) = check(Script::failing(class, 1)).await;
        assert_eq!(account.look(|state| state.arrivals.len()), 1, "{class:?}");
        let told = report.failed[0].failure.to_string();
        assert_eq!(told, format!("ec2:CreateThing: {class:?}Code: AWS's words (request req-1)"));
        assert_eq!(report.took, 0);
    }
}

/// The same seed gives the same run to the millisecond; another seed gives another.
#[tokio::test(start_paused = true)]
async fn jitter_comes_from_the_seed_alone() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let mut plan = Planned::new();
        plan.create("vpc.main", 1, &[]);
        let script = Script::failing(FailureClass::Throttled, 10);
        let account = Arc::new(Account::new([("vpc.main", script)]));
        let (mut run, stream) = crate::support::usual(plan.0, &account);
        run.seed = seed;
        runs.push(crate::support::lawful(run, stream).await.1);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_given_up_soon() {
    let answers = (0..100).map(|_| Answer::Fails(failure(FailureClass::Unavailable))).collect();
    let script = Script {
        safety: Safety::Repeatable,
        answers,
        action: "iam:CreateRole",
        ..Script::default()
    };
    let mut plan = Planned::new();
    let gone = Box::new(crate::support::live("vpc.main", "vpc-1"));
    let delete = trueup_model::Operation::Delete { before: gone, final_snapshot: false };
    plan.step("vpc.main", delete, 1, &[]);
    let account = Arc::new(Account::new([("vpc.main", script)]));
    let (report, _) = applied(plan, &account).await;
    assert_eq!(report.calls, 8);
    assert!(report.took < 90_000);
}
