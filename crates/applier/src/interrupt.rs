//! Ctrl-C: once to begin nothing new, twice to stop waiting; and the lease, when it is lost.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether the user interrupted, and how often. Clones share it.
#[derive(Clone)]
pub struct Interrupt {
    times: Arc<watch::Sender<u32>>,
    lease_lost: Arc<watch::Sender<bool>>,
}

impl Interrupt {
    /// One that nobody raised yet.
    pub fn new() -> Self {
        Self {
            times: Arc::new(watch::Sender::new(0)),
            lease_lost: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Raises it once more. The first time the run finishes what is in flight; the second time it
    /// returns at once.
    pub fn raise(&self) {
        self.times.send_modify(|times| *times = times.saturating_add(1));
    }

    /// How often it was raised.
    pub fn times(&self) -> u32 {
        *self.times.borrow()
    }

    /// Says that the lease of the stack is lost: the run finishes what is in flight and begins
    /// nothing new.
    pub fn lose_lease(&self) {
        self.lease_lost.send_replace(true);
    }

    /// Waits until the lease is lost.
    pub(crate) async fn lease_lost(&self) {
        let mut receiver = self.lease_lost.subscribe();
        if receiver.wait_for(|&lost| lost).await.is_err() {
            // The sender lives as long as `self`.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until it was raised more often than `seen`, and says how often.
    pub(crate) async fn beyond(&self, seen: u32) -> u32 {
        let mut receiver = self.times.subscribe();
        let times = receiver.wait_for(|&times| times > seen).await.ok().map(|times| *times);
        match times {
            Some(times) => times,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}
