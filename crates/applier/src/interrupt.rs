//! Ctrl-C: once to begin nothing new, twice to stop waiting; and what else ends a run early.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether the user interrupted, and how often. Clones share it.
#[derive(Clone)]
pub struct Interrupt {
    times: Arc<watch::Sender<u32>>,
    stop: Arc<watch::Sender<Option<Stop>>>,
}

/// Why a run must begin nothing new, although nobody interrupted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The lease of the stack is lost: another apply may be at work.
    LeaseLost,
    /// The audit log cannot be written: nothing may happen that is not in it.
    LogBroken,
}

impl Interrupt {
    /// One that nobody raised yet.
    pub fn new() -> Self {
        Self { times: Arc::new(watch::Sender::new(0)), stop: Arc::new(watch::Sender::new(None)) }
    }

    /// Raises it once more. The first time the run finishes the calls in flight and waits for nothing
    /// in AWS any more; the second time it returns at once.
    pub fn raise(&self) {
        self.times.send_modify(|times| *times = times.saturating_add(1));
    }

    /// How often it was raised.
    pub fn times(&self) -> u32 {
        *self.times.borrow()
    }

    /// The run finishes what is in flight and begins nothing new. The first reason stays.
    pub fn stop(&self, because: Stop) {
        self.stop.send_modify(|stop| *stop = stop.or(Some(because)));
    }

    /// Waits until there is a reason to stop.
    pub(crate) async fn stopped(&self) -> Stop {
        let mut receiver = self.stop.subscribe();
        let stop = receiver.wait_for(Option::is_some).await.ok().and_then(|stop| *stop);
        match stop {
            Some(stop) => stop,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
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
