//! What runs when.

use std::sync::Arc;

use trueup_applier::Ended;

use crate::support::{Account, Planned, Script, applied, lawful, lines, usual};

#[tokio::test(start_paused = true)]
async fn steps_run_as_wide_as_dependencies_allow() {
    let mut plan = Planned::new();
    let vpc = plan.create("vpc.main", 2, &[]);
    let one = plan.create("subnet.one", 1, &[vpc]);
    let two = plan.create("subnet.two", 3, &[vpc]);
    plan.create("db_instance.main", 4, &[one, two]);
    plan.create("vpc.other", 5, &[]);
    let account = Account::new([
        ("vpc.main", Script::taking(2.0)),
        ("subnet.one", Script::taking(1.0)),
        ("subnet.two", Script::taking(3.0)),
        ("db_instance.main", Script::taking(4.0)),
        ("vpc.other", Script::taking(5.0)),
    ]);
    let (report, events) = applied(plan, &Arc::new(account)).await;
    assert_eq!(report.ended, Ended::Done);
    insta::assert_snapshot!(lines(&events), @r"
    0.00 started 5
    0.00 create vpc.main
    0.00 create vpc.other
    2.00   vpc.main done
    2.00 create subnet.two
    2.00 create subnet.one
    3.00   subnet.one done
    5.00   vpc.other done
    5.00   subnet.two done
    5.00 create db_instance.main
    9.00   db_instance.main done
    9.00 finished: 5 done, 0 failed, 0 skipped
    ");
}

#[tokio::test(start_paused = true)]
async fn the_longest_remaining_path_goes_first() {
    let mut plan = Planned::new();
    plan.create("vpc.short", 1, &[]);
    plan.create("vpc.middle", 50, &[]);
    let long = plan.create("vpc.long", 1, &[]);
    plan.create("db_instance.main", 400, &[long]);
    let (mut run, stream) = usual(plan.0, &Arc::new(Account::default()));
    run.width = 1;
    let (_, events) = lawful(run, stream).await;
    insta::assert_snapshot!(lines(&events), @r"
    0.00 started 4
    0.00 create vpc.long
    0.00   vpc.long done
    0.00 create db_instance.main
    0.00   db_instance.main done
    0.00 create vpc.middle
    0.00   vpc.middle done
    0.00 create vpc.short
    0.00   vpc.short done
    0.00 finished: 4 done, 0 failed, 0 skipped
    ");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_width_is_busy() {
    let account = Account::default();
    let mut plan = Planned::new();
    for index in 0..300 {
        let name = format!("vpc.v{index}");
        plan.create(&name, 1, &[]);
        account.look(|state| state.scripts.insert(name.parse().unwrap(), Script::taking(1.0)));
    }
    let account = Arc::new(account);
    let (report, _) = applied(plan, &account).await;
    assert_eq!(account.look(|state| state.most_busy), trueup_applier::WIDTH);
    assert_eq!(report.took, 5_000, "300 calls of a second, 64 at a time");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_aws_gives_its_place_to_others() {
    let account = Account::default();
    let mut plan = Planned::new();
    for index in 0..20 {
        let name = format!("db_instance.d{index}");
        plan.create(&name, 450, &[]);
        account.look(|it| it.scripts.insert(name.parse().unwrap(), Script::ready_after(450.0)));
    }
    let (mut run, stream) = usual(plan.0, &Arc::new(account));
    run.width = 1;
    let (report, _) = lawful(run, stream).await;
    assert_eq!(report.done.len(), 20);
    assert!(report.took < 465_000, "{}: one after another it is two and a half hours", report.took);
}

#[tokio::test(start_paused = true)]
async fn an_empty_plan_ends_at_once() {
    let (report, events) = applied(Planned::new(), &Arc::new(Account::default())).await;
    assert_eq!((report.ended, events.len()), (Ended::Done, 2));
}
