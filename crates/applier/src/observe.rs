//! Reading: who we are, and what there is.

use std::sync::Arc;

use trueup_model::snapshot::Wanted;
use trueup_model::{Catalog, Snapshot};
use trueup_provider::{Failure, Identity, Provider};

use crate::buckets::Limiter;
use crate::events::Events;
use crate::guard::guarded;
use crate::host::{Desk, Shared, Work};
use crate::interrupt::Interrupt;

/// Whose account it is, for whom we call, and where.
pub async fn identity(provider: &Arc<dyn Provider>, sink: &Events) -> Result<Identity, Failure> {
    let desk = reading(provider, Arc::default(), sink);
    guarded(provider.identity(&desk)).await
}

/// Everything that is wanted, sets in an order of their own, with the number of API calls that it
/// took.
pub async fn observe(
    provider: &Arc<dyn Provider>,
    catalog: &Arc<Catalog>,
    wanted: &Wanted,
    sink: &Events,
) -> Result<Snapshot, Failure> {
    let before = sink.calls();
    let desk = reading(provider, Arc::clone(catalog), sink);
    let mut snapshot = guarded(provider.observe(&desk, wanted)).await?;
    let existing = snapshot.existing.values_mut();
    for live in snapshot.resources.iter_mut().chain(existing) {
        if let Some(kind) = catalog.get(live.kind.as_str()) {
            kind.sort_sets(live);
        }
    }
    Ok(Snapshot { calls: sink.calls() - before, ..snapshot })
}

pub(crate) fn reading(provider: &Arc<dyn Provider>, catalog: Arc<Catalog>, sink: &Events) -> Desk {
    let limiter = Limiter::new(provider.limits());
    let (provider, events) = (Arc::clone(provider), sink.clone());
    // Who reads stops by dropping the work.
    let interrupt = Interrupt::new();
    let shared = Shared { provider, catalog, events, limiter, interrupt, tail: None, seed: 0 };
    Desk::new(Arc::new(shared), Work::Reading)
}
