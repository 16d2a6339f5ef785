//! Waiting: one look for all, at times that fit the kind, bounded.

use std::sync::Arc;
use std::time::Duration;

use trueup_applier::Ended;
use trueup_model::Condition;
use trueup_provider::FailureClass;

use crate::support::{Account, Planned, Script, applied, failure, lines};

fn waiting(number: usize, seconds: f64) -> (Planned, Account) {
    let (mut plan, account) = (Planned::new(), Account::default());
    for index in 0..number {
        let name = format!("db_instance.d{index}");
        plan.create(&name, 450, &[]);
        account.look(|it| it.scripts.insert(name.parse().unwrap(), Script::ready_after(seconds)));
    }
    (plan, account)
}

#[tokio::test(start_paused = true)]
async fn all_of_a_kind_share_each_poll() {
    let mut counts = Vec::new();
    for number in [1, 12] {
        let (plan, account) = waiting(number, 450.0);
        let account = Arc::new(account);
        let (report, _) = applied(plan, &account).await;
        assert_eq!(report.done.len(), number);
        let polls = account.look(|state| state.polls.clone());
        assert!(polls.iter().all(|(_, ids)| ids.len() == number), "every poll is for all");
        counts.push(polls.len());
    }
    assert_eq!(counts[0], counts[1], "twelve databases cost the polls of one");
    assert!(counts[0] <= 32, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn little_time_is_lost_to_looking_too_late() {
    for seconds in [315.0, 400.0, 450.0, 620.0] {
        let (plan, account) = waiting(1, seconds);
        let (report, _) = applied(plan, &Arc::new(account)).await;
        let took = Duration::from_millis(report.took).as_secs_f64();
        assert!(took / seconds < 1.05, "{took} for {seconds}");
    }
}

/// Readiness is a condition: a chain of slow kinds on an instant emulator takes no time.
#[tokio::test(start_paused = true)]
async fn an_instant_account_costs_no_sleep() {
    let (mut plan, account) = (Planned::new(), Account::default());
    let mut last = Vec::new();
    for index in 0..20 {
        let name = format!("db_instance.d{index}");
        last = vec![plan.create(&name, 450, &last)];
        account.look(|it| it.scripts.insert(name.parse().unwrap(), Script::ready_after(0.0)));
    }
    let (report, _) = applied(plan, &Arc::new(account)).await;
    assert_eq!(report.done.len(), 20);
    assert!(report.took <= 500, "{}", report.took);
}

#[tokio::test(start_paused = true)]
async fn states_are_told_once_each() {
    let (plan, account) = waiting(1, 450.0);
    account.look(|state| {
        let script = state.scripts.values_mut().next().unwrap();
        script.visible = Duration::from_secs(10);
    });
    let (_, events) = applied(plan, &Arc::new(account)).await;
    insta::assert_snapshot!(lines(&events), @r"
      0.00 started 1
      0.00 create db_instance.d0
      0.02   db_instance.d0 waits: not visible yet
     17.82   db_instance.d0 waits: creating
    458.86   db_instance.d0 done
    458.86 finished: 1 done, 0 failed, 0 skipped
    ");
}

#[tokio::test(start_paused = true)]
async fn a_failed_state_ends_the_wait() {
    let (plan, account) = waiting(1, 100.0);
    account.look(|state| {
        let script = state.scripts.values_mut().next().unwrap();
        script.ends_as = Condition::Failed("incompatible-network".to_owned());
    });
    let (report, _) = applied(plan, &Arc::new(account)).await;
    let failed = &report.failed[0].failure;
    assert_eq!(failed.class, FailureClass::Broken);
    insta::assert_snapshot!(failed, @"db_instance-0 ended in a state that it does not leave by itself: incompatible-network");
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_bounded_by_many_times_the_usual() {
    let (plan, account) = waiting(1, 1e6);
    let (report, _) = applied(plan, &Arc::new(account)).await;
    let failed = &report.failed[0].failure;
    assert_eq!(failed.class, FailureClass::TimedOut);
    assert_eq!(report.took, 5 * 620 * 1000);
    insta::assert_snapshot!(failed, @"db_instance db_instance-0 was not as wanted after 51 minutes; its last state: creating");
}

#[tokio::test(start_paused = true)]
async fn what_never_becomes_visible_fails_after_the_propagation_budget() {
    let (plan, account) = waiting(1, 0.0);
    account.look(|state| {
        let script = state.scripts.values_mut().next().unwrap();
        script.visible = Duration::from_hours(1);
    });
    let (report, _) = applied(plan, &Arc::new(account)).await;
    assert_eq!(report.failed[0].failure.class, FailureClass::Missing);
    assert!((300_000..330_000).contains(&report.took), "{}", report.took);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_fails_for_now_is_repeated_and_one_that_fails_for_good_is_told() {
    let (plan, account) = waiting(2, 100.0);
    account.look(|state| {
        let passing = [FailureClass::Throttled, FailureClass::Unavailable, FailureClass::NotYet];
        state.poll_failures = passing.map(failure).into();
    });
    let (report, _) = applied(plan, &Arc::new(account)).await;
    assert_eq!(report.ended, Ended::Done);

    let (plan, account) = waiting(2, 100.0);
    account.look(|state| state.poll_failures = [failure(FailureClass::Denied)].into());
    let (report, _) = applied(plan, &Arc::new(account)).await;
    assert_eq!(report.failed.len(), 2);
    assert_eq!(report.failed[0].failure.class, FailureClass::Denied);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_panics_fails_those_who_wait() {
    let (plan, account) = waiting(2, 100.0);
    account.look(|state| state.poll_panics = true);
    let (report, _) = applied(plan, &Arc::new(account)).await;
    assert_eq!(report.failed.len(), 2);
    assert_eq!(report.failed[1].failure.class, FailureClass::Internal);
    insta::assert_snapshot!(report.failed[1].failure, @"a fault of trueup itself: a poll panics");
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_is_looked_at_no_more() {
    let (mut plan, account) = waiting(1, 100.0);
    plan.create("db_instance.later", 450, &[]);
    plan.create("vpc.busy", 450, &[]);
    account.look(|state| {
        let later = Script::ready_after(400.0);
        state.scripts.insert("db_instance.later".parse().unwrap(), later);
        state.scripts.insert("vpc.busy".parse().unwrap(), Script::taking(5_000.0));
    });
    let account = Arc::new(account);
    applied(plan, &account).await;
    let polls = account.look(|state| state.polls.clone());
    let both = polls.iter().take_while(|(_, ids)| ids.len() == 2).count();
    let one = polls.iter().skip(both).take_while(|(_, ids)| ids[0] == "db_instance-1").count();
    assert!(both > 3 && one > 3 && both + one == polls.len() && one < 30, "{both}, {one}");
}
