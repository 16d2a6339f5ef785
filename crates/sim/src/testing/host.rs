//! A host that does what the applier does, in little: retries by class, waiting by polling.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::{Address, KindName};
use trueup_provider::{
    Call, CallOutcome, Failure, FailureClass, Host, Provider, Safety, Until, Verdict,
};

use crate::Sim;

/// How often a call is tried at most.
const ATTEMPTS: u32 = 12;
/// How long a resource is waited for at most.
const PATIENCE: Duration = Duration::from_hours(4);
/// For how many polls a resource that was just made may be missing.
const MISSES: u32 = 10;

/// A host for tests, in tokio's time.
pub struct TestHost<'a> {
    sim: &'a Sim,
    start: Instant,
    failures: Mutex<Vec<Failure>>,
}

impl<'a> TestHost<'a> {
    /// A host that polls this account.
    pub fn new(sim: &'a Sim) -> Self {
        Self { sim, start: Instant::now(), failures: Mutex::new(Vec::new()) }
    }

    /// Every failed attempt so far.
    pub fn failures(&self) -> Vec<Failure> {
        self.failures.lock().map(|failures| failures.clone()).unwrap_or_default()
    }
}

#[async_trait]
impl Host for TestHost<'_> {
    async fn before(&self, _: &Call, _: u32) {}

    fn after(&self, call: &Call, attempt: u32, outcome: CallOutcome<'_>) -> Verdict {
        let CallOutcome::Failed { failure, .. } = outcome else { return Verdict::Return };
        if let Ok(mut failures) = self.failures.lock() {
            failures.push(failure.clone());
        }
        let again = match failure.class {
            FailureClass::Throttled | FailureClass::NotYet => true,
            FailureClass::Unavailable | FailureClass::Ambiguous => call.safety != Safety::Once,
            _ => false,
        };
        if again && attempt < ATTEMPTS {
            Verdict::RetryAfter(Duration::from_millis(500 << attempt.min(5)))
        } else {
            Verdict::Return
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn wait(
        &self,
        kind: &KindName,
        id: &str,
        until: Until<'_>,
    ) -> Result<Option<Live>, Failure> {
        let mut misses = 0;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let mut found = self.sim.poll(self, kind, &[id.to_owned()]).await?;
            let live = found.remove(id);
            misses += u32::from(live.is_none());
            let failed = match live.as_ref().map(|live| &live.condition) {
                Some(Condition::Failed(state)) => Some(state.clone()),
                _ => None,
            };
            let ready = live.as_ref().filter(|live| live.condition == Condition::Ready);
            let done = match until {
                Until::Ready => ready.is_some() || misses > MISSES,
                Until::Gone => live.is_none(),
                Until::Shows(shows) => ready.is_some_and(shows) || misses > MISSES,
                Until::Holds(holds) => holds(live.as_ref()),
            };
            if done {
                return Ok(live);
            }
            if let Some(state) = failed.filter(|_| !matches!(until, Until::Gone)) {
                return Err(Failure::new(FailureClass::Broken, state));
            }
            self.sleep(Duration::from_secs(5)).await;
        }
        Err(Failure::new(FailureClass::TimedOut, format!("{kind} {id} took too long")))
    }

    fn address(&self) -> Option<&Address> {
        None
    }
}
