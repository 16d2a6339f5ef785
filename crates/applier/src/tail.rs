//! The tail of a run: what AWS takes away only a while after a delete.

use std::sync::Mutex;

use trueup_model::Catalog;

use crate::guard::lock;

/// What to expect of the tail; all that wait for it wait for the same.
pub(crate) struct Tail {
    /// Milliseconds: typical, most.
    takes: [u64; 2],
    /// When it was first met, in milliseconds since the run began.
    since: Mutex<Option<u64>>,
}

impl Tail {
    /// As long as the slowest kind that leaves something behind.
    pub(crate) fn usual(catalog: &Catalog) -> Self {
        let lingers = catalog.kinds().filter_map(|kind| kind.lingers);
        let [_, typical, most] = lingers.map(|lingers| lingers.seconds).max().unwrap_or_default();
        let takes = [typical, most].map(|seconds| u64::from(seconds) * 1000);
        Self { takes, since: Mutex::default() }
    }

    /// When it usually ends, and when at the latest, in milliseconds since the run began.
    pub(crate) fn ends(&self, now: u64) -> (u64, u64) {
        let since = *lock(&self.since).get_or_insert(now);
        (since + self.takes[0], since + self.takes[1])
    }
}
