//! Runs of plans, and the laws that every one of them obeys.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use trueup_applier::{Events, Interrupt, Report, Run, WIDTH, apply};
use trueup_model::event::{Event, Skipped, Stamped};
use trueup_model::{Address, Plan, Snapshot};
use trueup_provider::Provider;

use super::account::Account;
use super::plan::{Planned, Substitution, catalog};

/// A run of a plan against an account, nothing unusual about it.
pub(crate) fn usual(plan: Plan, account: &Arc<Account>) -> (Run, UnboundedReceiver<Stamped>) {
    let (events, stream) = Events::channel();
    let run = Run {
        plan: Arc::new(plan),
        snapshot: Arc::new(Snapshot::default()),
        provider: Arc::clone(account) as Arc<dyn Provider>,
        catalog: catalog(),
        evaluator: Arc::new(Substitution),
        events,
        interrupt: Interrupt::new(),
        seed: 7,
        width: WIDTH,
        wait_for_tail: true,
    };
    (run, stream)
}

/// Runs, checks the laws, and gives the report and the events.
pub(crate) async fn lawful(run: Run, stream: UnboundedReceiver<Stamped>) -> (Report, Vec<Stamped>) {
    let plan = Arc::clone(&run.plan);
    let report = apply(run).await;
    let events = drain(stream);
    obey_the_laws(&plan, &report, &events);
    (report, events)
}

/// The usual run of a plan.
pub(crate) async fn applied(plan: Planned, account: &Arc<Account>) -> (Report, Vec<Stamped>) {
    let (run, stream) = usual(plan.0, account);
    lawful(run, stream).await
}

pub(crate) fn drain(mut stream: UnboundedReceiver<Stamped>) -> Vec<Stamped> {
    std::iter::from_fn(|| stream.try_recv().ok()).collect()
}

/// What holds of every run, however it went.
pub(crate) fn obey_the_laws(plan: &Plan, report: &Report, events: &[Stamped]) {
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "times never go back");
    assert!(matches!(events.first().unwrap().event, Event::Started { .. }));
    assert!(matches!(events.last().unwrap().event, Event::Finished { .. }));
    let (mut begun, mut done, mut ended) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for Stamped { event, .. } in events {
        match event {
            Event::StepStarted(step) => {
                assert!(begun.insert(step.step), "{} begins once", step.address);
                let after = &plan.steps[step.step].after;
                assert!(after.iter().all(|before| done.contains(before)), "{}", step.address);
            }
            Event::StepDone { step, .. } => {
                assert!(begun.contains(&step.step) && ended.insert(step.step));
                done.insert(step.step);
            }
            Event::StepFailed { step, .. } => assert!(ended.insert(step.step)),
            Event::StepSkipped { step, because } => {
                let drains = matches!(because, Skipped::Drains { .. });
                assert!(begun.contains(&step.step) == drains && ended.insert(step.step));
            }
            Event::StepWaiting { step, .. } | Event::StepDraining { step, .. } => {
                assert!(begun.contains(&step.step) && !ended.contains(&step.step));
            }
            Event::Call(call) => {
                let of_ended = |it: &Address| {
                    plan.steps.iter().all(|step| step.address != *it || ended.contains(&step.id))
                };
                assert!(!call.address.as_ref().is_some_and(of_ended), "{call:?}");
            }
            Event::Started { .. }
            | Event::Finished { .. }
            | Event::Interrupted
            | Event::LeaseLost
            | Event::Settling { .. }
            | Event::LogBroken => {}
        }
    }
    assert_eq!(ended.len(), plan.steps.len(), "every step ends");
    assert_eq!(report.done.len() + report.failed.len() + report.skipped.len(), plan.steps.len());
    assert_eq!(done.len(), report.done.len());
    let calls = events.iter().filter(|it| matches!(it.event, Event::Call(_))).count();
    assert_eq!(calls, report.calls as usize);
}
