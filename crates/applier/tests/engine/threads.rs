//! Real time and several threads: nothing depends on the clock or on one thread.

use std::sync::Arc;
use std::time::Duration;

use trueup_applier::Ended;

use crate::support::{Account, Planned, Script, lawful, usual};

/// Interrupted at many moments, the stream of events stays ordered and complete.
#[test]
fn the_laws_hold_wherever_a_run_is_cut() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(async {
        for round in 0..20 {
            let (mut plan, account) = (Planned::new(), Account::default());
            for index in 0..200_usize {
                let name = format!("vpc.v{index}");
                let after = if index >= 20 { vec![index - 20, index - 7] } else { Vec::new() };
                plan.create(&name, 1, &after);
                let script = Script::ready_after(0.0);
                account.look(|state| state.scripts.insert(name.parse().unwrap(), script));
            }
            let (run, stream) = usual(plan.0, &Arc::new(account));
            let interrupt = run.interrupt.clone();
            let user = async {
                tokio::time::sleep(Duration::from_millis(5 * round)).await;
                interrupt.raise();
                tokio::task::yield_now().await;
                interrupt.raise();
            };
            let ((report, _), ()) = tokio::join!(lawful(run, stream), user);
            assert!(report.interrupted || report.ended == Ended::Done);
        }
    });
}
