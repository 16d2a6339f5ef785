//! How a simulated account behaves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::faults::FaultPlan;
use crate::world::World;

/// How a simulated account behaves.
#[derive(Debug, Clone)]
pub struct SimOptions {
    /// The account's twelve digits, for a world that has none yet.
    pub account: String,
    /// The Region, for a world that has none yet.
    pub region: String,
    /// How long things take.
    pub latency: Latency,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// What faults by chance, varied times and the order of sets follow from.
    pub seed: u64,
    /// How many resources one read call gives.
    pub page_size: usize,
    /// Whether calls beyond AWS's rates are refused. Off, where time stands still between calls.
    pub throttle: bool,
    /// Whether AWS's default quotas are kept to.
    pub quotas: bool,
    /// How long, at most, what is new is missing in reads or shown without its tags.
    pub lag: Duration,
    /// Whether a role that is deleted before the interfaces of its function strands them for ever,
    /// as in AWS.
    pub strand_interfaces: bool,
    /// Called with the world after everything that changed it, before the call comes back.
    pub on_change: Option<OnChange>,
}

/// How long things take, in the time of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// No time at all.
    Instant,
    /// The typical times of each kind.
    Usual,
    /// Between the least and the most time of each kind, by chance.
    Varied,
}

/// Saves a world; the error is why it could not.
#[derive(Clone)]
pub struct OnChange(Arc<Save>);

type Save = dyn Fn(&World) -> Result<(), String> + Send + Sync;

impl OnChange {
    /// Calls this function after every change.
    pub fn new(save: impl Fn(&World) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(save))
    }

    pub(crate) fn call(&self, world: &World) -> Result<(), String> {
        (self.0)(world)
    }
}

impl fmt::Debug for OnChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnChange")
    }
}

impl Default for SimOptions {
    /// Instant, without faults, and with every rule that does not need time.
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-west-2".to_owned(),
            latency: Latency::Instant,
            faults: FaultPlan::default(),
            seed: 1,
            page_size: 100,
            throttle: false,
            quotas: true,
            lag: Duration::ZERO,
            strand_interfaces: true,
            on_change: None,
        }
    }
}

impl SimOptions {
    /// As AWS: the usual times, and calls beyond AWS's rates are refused.
    pub fn usual() -> Self {
        Self { latency: Latency::Usual, throttle: true, ..Self::default() }
    }
}
