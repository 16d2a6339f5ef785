//! A host that does what the applier does, in little: retries by class, waiting by polling.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::{Address, KindName};
use trueup_provider::{Call, CallOutcome, Failure, FailureClass, Host, Provider, Until, Verdict};

const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

/// A host for tests, which counts calls.
pub(crate) struct TestHost {
    provider: Weak<dyn Provider>,
    start: Instant,
    calls: Mutex<BTreeMap<&'static str, u32>>,
}

impl TestHost {
    pub(crate) fn new(provider: &Arc<dyn Provider>) -> Self {
        let provider = Arc::downgrade(provider);
        Self { provider, start: Instant::now(), calls: Mutex::default() }
    }

    /// The calls since the last time, by action.
    pub(crate) fn take_calls(&self) -> BTreeMap<&'static str, u32> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

#[async_trait]
impl Host for TestHost {
    async fn before(&self, _: &Call, _: u32) {}

    fn after(&self, call: &Call, attempt: u32, outcome: CallOutcome<'_>) -> Verdict {
        *self.calls.lock().unwrap().entry(call.action).or_default() += 1;
        let CallOutcome::Failed { failure, .. } = outcome else { return Verdict::Return };
        let passes = matches!(
            failure.class,
            FailureClass::NotYet | FailureClass::Conflict | FailureClass::Throttled
        );
        if passes && attempt < ATTEMPTS { Verdict::RetryAfter(PAUSE) } else { Verdict::Return }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap()
    }

    async fn wait(
        &self,
        kind: &KindName,
        id: &str,
        until: Until<'_>,
    ) -> Result<Option<Live>, Failure> {
        let provider = self.provider.upgrade().unwrap();
        let begin = Instant::now();
        let mut last = None;
        while begin.elapsed() < PATIENCE {
            let live = provider.poll(self, kind, &[id.to_owned()]).await?.remove(id);
            let ready = live.as_ref().filter(|live| live.condition == Condition::Ready);
            let satisfied = match until {
                Until::Ready => ready.is_some(),
                Until::Gone => live.is_none(),
                Until::Shows(shows) => ready.is_some_and(shows),
                Until::Holds(holds) => holds(live.as_ref()),
            };
            if satisfied {
                return Ok(live);
            }
            last = live;
            self.sleep(PAUSE).await;
        }
        let message = format!("{kind} {id} is not as wanted; last seen: {last:#?}");
        Err(Failure::new(FailureClass::TimedOut, message))
    }

    fn address(&self) -> Option<&Address> {
        None
    }
}
