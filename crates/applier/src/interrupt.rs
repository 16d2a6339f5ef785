//! Ctrl-C: once to begin nothing new, twice to stop waiting.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether the user interrupted, and how often. Clones share it.
#[derive(Clone)]
pub struct Interrupt {
    times: Arc<watch::Sender<u32>>,
}

impl Interrupt {
    /// One that nobody raised yet.
    pub fn new() -> Self {
        Self { times: Arc::new(watch::Sender::new(0)) }
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

    /// Waits until it was raised more often than `seen`, and says how often.
    pub(crate) async fn beyond(&self, seen: u32) -> u32 {
        let mut receiver = self.times.subscribe();
        match receiver.wait_for(|&times| times > seen).await {
            Ok(times) => *times,
            // The sender lives as long as `self`.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}
