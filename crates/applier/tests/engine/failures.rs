//! Partial failure: independent branches finish, dependents are named.

use std::sync::Arc;

use trueup_applier::Ended;
use trueup_model::event::Skipped;
use trueup_provider::FailureClass;

use crate::support::{Account, Planned, Script, address, applied, lines};

fn plan() -> Planned {
    let mut plan = Planned::new();
    let vpc = plan.create("vpc.main", 1, &[]);
    let bad = plan.create("subnet.bad", 1, &[vpc]);
    let good = plan.create("subnet.good", 1, &[vpc]);
    let group = plan.create("nat_gateway.main", 1, &[bad, good]);
    plan.create("db_instance.main", 1, &[group]);
    plan.create("db_instance.other", 1, &[good]);
    plan
}

#[tokio::test(start_paused = true)]
async fn independent_branches_finish_and_dependents_are_named() {
    let account = Account::new([("subnet.bad", Script::failing(FailureClass::Invalid, 1))]);
    let (report, events) = applied(plan(), &Arc::new(account)).await;
    assert_eq!(report.ended, Ended::Partly);
    insta::assert_snapshot!(lines(&events), @r"
    0.00 started 6
    0.00 create vpc.main
    0.00   vpc.main done
    0.00 create subnet.bad
    0.00 create subnet.good
    0.00   subnet.bad failed: ec2:CreateThing: InvalidCode: AWS's words (request req-1)
    0.00   nat_gateway.main skipped: subnet.bad failed
    0.00   db_instance.main skipped: subnet.bad failed
    0.00   subnet.good done
    0.00 create db_instance.other
    0.00   db_instance.other done
    0.00 finished: 3 done, 1 failed, 2 skipped
    ");
    let root = Skipped::DependencyFailed { on: address("subnet.bad") };
    assert!(report.skipped.iter().all(|skipped| skipped.because == root), "named to the root");
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_step_alone() {
    let account = Account::new([("subnet.bad", Script { panics: true, ..Script::default() })]);
    let (report, _) = applied(plan(), &Arc::new(account)).await;
    assert_eq!((report.done.len(), report.skipped.len()), (3, 2));
    let failure = &report.failed[0].failure;
    assert_eq!(failure.class, FailureClass::Internal);
    insta::assert_snapshot!(failure, @"a fault of trueup itself: the script of subnet.bad says so");
}

#[tokio::test(start_paused = true)]
async fn bad_credentials_stop_everything_that_is_not_begun() {
    let account = Account::new([
        ("subnet.bad", Script::failing(FailureClass::Credentials, 1)),
        ("subnet.good", Script::taking(5.0)),
    ]);
    let (report, events) = applied(plan(), &Arc::new(account)).await;
    assert_eq!(report.ended, Ended::Credentials);
    insta::assert_snapshot!(lines(&events), @r"
    0.00 started 6
    0.00 create vpc.main
    0.00   vpc.main done
    0.00 create subnet.bad
    0.00 create subnet.good
    0.00   subnet.bad failed: ec2:CreateThing: CredentialsCode: AWS's words (request req-1)
    0.00   nat_gateway.main skipped: subnet.bad failed
    0.00   db_instance.main skipped: subnet.bad failed
    0.00   db_instance.other skipped: credentials
    5.00   subnet.good done
    5.00 finished: 2 done, 1 failed, 3 skipped
    ");
}

#[tokio::test(start_paused = true)]
async fn a_plan_out_of_order_is_refused_step_by_step() {
    let mut plan = plan();
    plan.0.steps[1].after = vec![4];
    let (report, _) = applied(plan, &Arc::new(Account::default())).await;
    assert_eq!((report.failed.len(), report.done.len(), report.skipped.len()), (1, 3, 2));
    insta::assert_snapshot!(report.failed[0].failure, @"the plan is out of order at subnet.bad: a fault of trueup itself");
}

/// Run again after a failure: what was made is found, the rest is made.
#[tokio::test(start_paused = true)]
async fn running_again_finishes_without_duplicates() {
    let account = Account::new([("subnet.bad", Script::failing(FailureClass::Quota, 1))]);
    let account = Arc::new(account);
    let (first, _) = applied(plan(), &account).await;
    assert_eq!(first.ended, Ended::Partly);
    account.look(|state| {
        for script in state.scripts.values_mut() {
            script.safety = trueup_provider::Safety::Repeatable;
        }
    });
    let (second, _) = applied(plan(), &account).await;
    assert_eq!(second.ended, Ended::Done);
    assert_eq!(account.look(|state| state.things.len()), 6);
}
