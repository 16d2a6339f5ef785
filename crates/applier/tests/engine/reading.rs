//! Identity and observation.

use std::sync::Arc;

use trueup_applier::{Events, apply, identity, observe};
use trueup_model::snapshot::Wanted;
use trueup_provider::{FailureClass, Provider};

use crate::support::{Account, Planned, catalog, drain, failure, usual};

#[tokio::test(start_paused = true)]
async fn calls_are_counted_and_retried() {
    let account = Arc::new(Account::default());
    account.look(|state| {
        let passing = [FailureClass::Throttled, FailureClass::Unavailable, FailureClass::Ambiguous];
        state.poll_failures = passing.map(failure).into();
    });
    let provider = Arc::clone(&account) as Arc<dyn Provider>;
    let (events, stream) = Events::channel();
    assert_eq!(identity(&provider, &events).await.unwrap().region, "us-west-2");
    let snapshot = observe(&provider, &catalog(), &Wanted::default(), &events).await.unwrap();
    assert_eq!((snapshot.calls, events.calls()), (6, 7), "three calls, three of them twice");
    assert_eq!(drain(stream).len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_failed_read_is_an_error() {
    let account = Arc::new(Account::default());
    account.look(|state| state.poll_failures = [failure(FailureClass::Denied)].into());
    let provider = account as Arc<dyn Provider>;
    let (events, wanted) = (Events::unread(), Wanted::default());
    let answer = observe(&provider, &catalog(), &wanted, &events).await;
    assert_eq!(answer.unwrap_err().class, FailureClass::Denied);
    let wanted = Wanted { stack: "panics".to_owned(), ..Wanted::default() };
    let answer = observe(&provider, &catalog(), &wanted, &events).await;
    assert_eq!(answer.unwrap_err().class, FailureClass::Internal);
}

#[tokio::test(start_paused = true)]
async fn a_run_counts_its_own_calls_and_the_stream_all() {
    let account = Arc::new(Account::default());
    let mut plan = Planned::new();
    plan.create("vpc.main", 1, &[]);
    let (run, _stream) = usual(plan.0, &account);
    let events = run.events.clone();
    identity(&run.provider, &events).await.unwrap();
    let report = apply(run).await;
    assert_eq!((report.calls, events.calls()), (1, 2));
}
