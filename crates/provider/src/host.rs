//! What the engine lends to a provider while it works.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use trueup_model::snapshot::Live;
use trueup_model::{Address, KindName};

use crate::call::Call;
use crate::failure::Failure;

/// Rate limits, retries, waiting and events, for one step or one observation.
#[async_trait]
pub trait Host: Send + Sync {
    /// Waits until the call is within its rate. `attempt` counts from 1.
    async fn before(&self, call: &Call, attempt: u32);

    /// Records an attempt, and says what follows from it. `attempt` counts from 1.
    fn after(&self, call: &Call, attempt: u32, outcome: CallOutcome<'_>) -> Verdict;

    /// Sleeps, in the engine's time (virtual under the simulator).
    async fn sleep(&self, duration: Duration);

    /// Sleeps before a call is tried again. False, at once, when the user interrupts or the run may not
    /// go on: nothing is under way in AWS that would have to be waited for.
    async fn rest(&self, duration: Duration) -> bool {
        self.sleep(duration).await;
        true
    }

    /// Waits a while for what AWS takes away by itself after a delete; `what` names it.
    ///
    /// Fails with [`crate::FailureClass::Draining`] at once when the user does not wait for such
    /// things, and with `Interrupted` when the user interrupts. Who calls it in a loop looks again.
    async fn drain(&self, what: &str, pause: Duration) -> Result<(), Failure> {
        if self.rest(pause).await { Ok(()) } else { Err(Failure::draining(what).interrupted()) }
    }

    /// Milliseconds in the engine's time, from an arbitrary start.
    fn now(&self) -> u64;

    /// Waits until a resource is as wanted, with one poll for all that wait for the same kind, at
    /// intervals that fit the kind's usual times. Holds no slot meanwhile.
    ///
    /// Gives what was last read, `None` if it is gone. Fails with `Broken` when the resource ends
    /// in a failed state, with `TimedOut` after many times the kind's usual time, with `Interrupted`
    /// soon after the user interrupts: what AWS has begun goes on there.
    async fn wait(
        &self,
        kind: &KindName,
        id: &str,
        until: Until<'_>,
    ) -> Result<Option<Live>, Failure>;

    /// The resource that the work is for; none while observing.
    fn address(&self) -> Option<&Address>;
}

/// What is waited for.
#[derive(Clone, Copy)]
pub enum Until<'a> {
    /// It is there and [`trueup_model::Condition::Ready`].
    Ready,
    /// It is gone.
    Gone,
    /// It is there, ready, and this holds of it.
    Shows(&'a (dyn Fn(&Live) -> bool + Send + Sync)),
    /// This holds of what is there (or not); states are the caller's business, `Broken` included.
    Holds(&'a (dyn Fn(Option<&Live>) -> bool + Send + Sync)),
}

/// How one attempt of a call ended.
#[derive(Debug, Clone, Copy)]
pub enum CallOutcome<'a> {
    /// AWS did it.
    Done {
        /// AWS's request id.
        request_id: Option<&'a str>,
        /// How long it took, in milliseconds of the engine's time.
        took: u64,
    },
    /// It failed.
    Failed {
        /// How.
        failure: &'a Failure,
        /// How long it took, in milliseconds of the engine's time.
        took: u64,
    },
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing more to do here: hand the outcome to the caller.
    Return,
    /// Try again after this time.
    RetryAfter(Duration),
}

/// Rates by API action (`ec2:CreateVpc`), by the beginning of actions (`ec2:Describe*`), and for all
/// others of a service (`ec2:*`).
///
/// Each action has a bucket of its own, as at AWS, even where a common rate sizes it.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The sizes; a call uses a bucket of the most specific one, and besides it the service's
    /// `SERVICE:!` bucket, if there is one, which all calls of the service share.
    pub buckets: BTreeMap<String, Bucket>,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// How many calls may come at once.
    pub burst: u32,
    /// How many calls a second are refilled.
    pub per_second: f64,
}
