//! Rates are kept, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use trueup_provider::FailureClass;

use crate::support::{Account, Planned, Script, applied};

fn many(number: usize, action: &'static str, failing: usize) -> (Planned, Account) {
    let (mut plan, account) = (Planned::new(), Account::default());
    for index in 0..number {
        let name = format!("vpc.v{index}");
        plan.create(&name, 1, &[]);
        let script = Script { action, ..Script::failing(FailureClass::Throttled, failing) };
        account.look(|state| state.scripts.insert(name.parse().unwrap(), script));
    }
    (plan, account)
}

#[tokio::test(start_paused = true)]
async fn no_window_holds_more_calls_than_the_bucket_allows() {
    let (plan, account) = many(200, "ec2:CreateVpcEndpoint", 0);
    let account = Arc::new(account.limited(&[("ec2:CreateVpcEndpoint", 4, 0.3)]));
    let (report, _) = applied(plan, &account).await;
    assert_eq!(report.done.len(), 200);
    let arrivals = account.look(|state| state.arrivals.clone());
    let at: Vec<f64> = arrivals.iter().map(|(_, at)| at.as_secs_f64()).collect();
    for (first, begin) in at.iter().enumerate() {
        for (last, end) in at.iter().enumerate().skip(first) {
            let allowed = 4.0 + (end - begin) * 0.3 + 0.01;
            #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
            let calls = (last - first + 1) as f64;
            assert!(calls <= allowed, "{calls} calls in {} s", end - begin);
        }
    }
    let least = 196.0 / 0.3;
    let took = Duration::from_millis(report.took).as_secs_f64();
    assert!((least..least * 1.01).contains(&took), "{took}: no slower than the bucket either");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_token_does_not_hold_a_place() {
    let (mut plan, account) = many(100, "elb:CreateLoadBalancer", 0);
    plan.create("subnet.quick", 0, &[]);
    let account = Arc::new(account.limited(&[("elb:CreateLoadBalancer", 1, 0.2)]));
    let (report, _) = applied(plan, &account).await;
    assert_eq!(report.done[1], 100, "the call of another service waited for nobody");
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_and_never_fails_an_apply() {
    let (plan, account) = many(30, "rds:CreateDBInstance", 5);
    let account = Arc::new(account.limited(&[("rds:!", 10, 10.0)]));
    let (report, _) = applied(plan, &account).await;
    assert_eq!((report.done.len(), report.calls), (30, 180));
    assert!(report.took > 30_000, "{}: at the full rate it is 17 s", report.took);
}

/// What becomes ready late and has the longest path does not stand at the end of the queue.
#[tokio::test(start_paused = true)]
async fn the_longest_remaining_path_gets_the_next_token() {
    let (mut plan, account) = many(20, "ec2:CreateVpc", 0);
    let gate = plan.create("subnet.gate", 1, &[]);
    plan.create("db_instance.urgent", 450, &[gate]);
    account.look(|state| {
        state.scripts.insert("subnet.gate".parse().unwrap(), Script::taking(3.5));
        let urgent = Script { action: "ec2:CreateVpc", ..Script::default() };
        state.scripts.insert("db_instance.urgent".parse().unwrap(), urgent);
    });
    let account = Arc::new(account.limited(&[("ec2:CreateVpc", 1, 1.0)]));
    let (report, _) = applied(plan, &account).await;
    let place = report.done.iter().position(|step| *step == 21).unwrap();
    assert_eq!(place, 5, "four before the gate opens, and the gate");
}

#[tokio::test(start_paused = true)]
async fn a_slowed_bucket_recovers() {
    let (plan, account) = many(400, "rds:CreateDBInstance", 0);
    account.look(|state| {
        let throttled = Script {
            action: "rds:CreateDBInstance",
            ..Script::failing(FailureClass::Throttled, 1)
        };
        state.scripts.insert("vpc.v0".parse().unwrap(), throttled);
    });
    let account = Arc::new(account.limited(&[("rds:!", 10, 10.0)]));
    let (report, _) = applied(plan, &account).await;
    assert!((39_000..45_000).contains(&report.took), "{}: at half the rate 80 s", report.took);
}
