//! Drives a plan through a provider: order, rates, retries, waiting, and one stream of events.
//!
//! The applier decides nothing that the plan has not decided. [`apply`] runs the steps as wide as
//! their dependencies allow, the longest remaining path first. It is also the one implementation of
//! [`trueup_provider::Host`], so that a kind's code is straight-line calls. All time is tokio's:
//! under a paused clock the same code runs in virtual time.

mod buckets;
mod dispatcher;
mod events;
mod executor;
mod guard;
mod host;
mod interrupt;
mod jitter;
mod journal;
mod lease;
mod observe;
mod path;
mod poller;
mod report;
mod retry;
mod schedule;
mod scope;
mod slot;
mod tail;
mod wait;

use std::sync::Arc;

use trueup_model::expression::Evaluator;
use trueup_model::{Catalog, Plan, Snapshot};
use trueup_provider::Provider;

pub use dispatcher::apply;
pub use events::Events;
pub use interrupt::{Interrupt, Stop};
pub use journal::{Journal, Outcome};
pub use lease::{
    Holder, Holding, Lease, Leasing, Left, Refusal, WallClock, break_lease, held as lease_holder,
    take as take_lease,
};
pub use observe::{identity, observe};
pub use report::{Ended, Failed, NotBegun, Report};

/// Steps that may be busy with calls at the same time; what waits for AWS does not count.
///
/// AWS's rates are kept by token buckets; this only bounds open connections and memory.
pub const WIDTH: usize = 64;

/// All that an apply needs.
pub struct Run {
    /// What to do.
    pub plan: Arc<Plan>,
    /// What the plan was made from.
    pub snapshot: Arc<Snapshot>,
    /// AWS, or what stands for it.
    pub provider: Arc<dyn Provider>,
    /// The kinds, for their usual times and the names of their outputs.
    pub catalog: Arc<Catalog>,
    /// Evaluates what the plan left as templates.
    pub evaluator: Arc<dyn Evaluator>,
    /// Where events go.
    pub events: Events,
    /// Whether to wait for what AWS takes away only a while after a delete.
    pub wait_for_tail: bool,
    /// Raised on Ctrl-C.
    pub interrupt: Interrupt,
    /// What the jitter of retries is made from; equal seeds give equal runs in virtual time.
    pub seed: u64,
    /// How many steps may be busy with calls at the same time; [`WIDTH`] unless there is a reason.
    pub width: usize,
}
