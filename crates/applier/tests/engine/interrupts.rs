//! Ctrl-C once and twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use trueup_applier::{Ended, Report, apply};
use trueup_model::event::Stamped;
use trueup_provider::FailureClass;

use crate::support::{Account, Planned, Script, drain, lines, obey_the_laws, usual};

async fn check(raised_at: &[u64]) -> (Report, Vec<Stamped>) {
    let mut plan = Planned::new();
    let vpc = plan.create("vpc.main", 2, &[]);
    plan.create("db_instance.slow", 450, &[vpc]);
    let next = plan.create("subnet.next", 5, &[vpc]);
    plan.create("subnet.last", 5, &[next]);
    let account = Account::new([
        ("vpc.main", Script::taking(2.0)),
        ("db_instance.slow", Script::ready_after(450.0)),
        ("subnet.next", Script::taking(5.0)),
        ("subnet.last", Script::taking(5.0)),
    ]);
    let (run, stream) = usual(plan.0, &Arc::new(account));
    let (plan, interrupt) = (Arc::clone(&run.plan), run.interrupt.clone());
    let user = async {
        let mut now = 0;
        for &at in raised_at {
            sleep(Duration::from_secs(at - now)).await;
            interrupt.raise();
            now = at;
        }
    };
    let (report, ()) = tokio::join!(apply(run), user);
    let events = drain(stream);
    obey_the_laws(&plan, &report, &events);
    (report, events)
}

#[tokio::test(start_paused = true)]
async fn once_finishes_the_calls_in_flight_and_waits_no_longer() {
    let (report, events) = check(&[3]).await;
    assert_eq!((report.ended, report.interrupted), (Ended::Interrupted, true));
    insta::assert_snapshot!(lines(&events), @r"
    0.00 started 4
    0.00 create vpc.main
    2.00   vpc.main done
    2.00 create db_instance.slow
    2.00 create subnet.next
    2.02   db_instance.slow waits: creating
    3.00 interrupted
    3.00   subnet.last skipped: interrupted
    4.00   db_instance.slow failed: interrupted: db_instance db_instance-1 is creating, and AWS goes on with it
    7.00   subnet.next done
    7.00 finished: 2 done, 1 failed, 1 skipped
    ");
}

#[tokio::test(start_paused = true)]
async fn twice_returns_at_once() {
    let (report, events) = check(&[3, 5]).await;
    assert_eq!((report.ended, report.took), (Ended::Interrupted, 5_000));
    assert_eq!(report.failed[0].failure.class, FailureClass::Interrupted);
    insta::assert_snapshot!(lines(&events), @r"
    0.00 started 4
    0.00 create vpc.main
    2.00   vpc.main done
    2.00 create db_instance.slow
    2.00 create subnet.next
    2.02   db_instance.slow waits: creating
    3.00 interrupted
    3.00   subnet.last skipped: interrupted
    4.00   db_instance.slow failed: interrupted: db_instance db_instance-1 is creating, and AWS goes on with it
    5.00   subnet.next failed: stopped before AWS was done with it
    5.00 finished: 1 done, 2 failed, 1 skipped
    ");
}

#[tokio::test(start_paused = true)]
async fn twice_in_one_moment_is_twice() {
    let (report, _) = check(&[3, 3]).await;
    assert_eq!((report.ended, report.took), (Ended::Interrupted, 3_000));
    assert_eq!((report.done.len(), report.failed.len(), report.skipped.len()), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_before_the_run_begins_nothing() {
    let mut plan = Planned::new();
    plan.create("vpc.main", 2, &[]);
    let account = Arc::new(Account::default());
    let (run, stream) = usual(plan.0, &account);
    run.interrupt.raise();
    let (report, _) = crate::support::lawful(run, stream).await;
    assert_eq!((report.ended, report.calls), (Ended::Interrupted, 0));
}

/// A refused call is not under way in AWS: nobody waits for its next attempt.
#[tokio::test(start_paused = true)]
async fn what_waits_to_be_tried_again_ends_at_once() {
    for class in [FailureClass::Conflict, FailureClass::Throttled, FailureClass::Unreachable] {
        let mut plan = Planned::new();
        plan.create("vpc.main", 1, &[]);
        let account = Account::new([("vpc.main", Script::failing(class, 1_000))]);
        let (run, stream) = usual(plan.0, &Arc::new(account));
        let interrupt = run.interrupt.clone();
        let user = async {
            sleep(Duration::from_secs(3)).await;
            interrupt.raise();
        };
        let ((report, _), ()) = tokio::join!(crate::support::lawful(run, stream), user);
        assert_eq!((report.ended, report.took), (Ended::Interrupted, 3_000), "{class:?}");
        let told = report.failed[0].failure.to_string();
        assert!(told.contains("interrupted before it was tried again: AWS's words"), "{told}");
    }
}

/// When everything was in flight and is done by the end, nothing is left: the run is done.
#[tokio::test(start_paused = true)]
async fn an_interrupt_that_leaves_nothing_undone_is_no_failure() {
    let (report, _) = check(&[460]).await;
    assert_eq!((report.ended, report.interrupted), (Ended::Done, true));
}
