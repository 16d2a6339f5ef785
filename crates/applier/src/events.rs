//! The one ordered stream of events that every output reads.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use trueup_model::event::{Event, Stamped};

use crate::guard::lock;
use crate::journal::Journal;

/// The writing end of the stream. Cheap to clone; it also counts the API calls.
#[derive(Clone)]
pub struct Events {
    stream: Arc<Stream>,
}

struct Stream {
    begin: Instant,
    journal: Option<Arc<dyn Journal>>,
    calls: AtomicU32,
    changes: AtomicU32,
    // Stamping and sending under one lock is what makes the order of times and events the same.
    sender: Mutex<UnboundedSender<Stamped>>,
}

impl Events {
    /// A stream that begins now, and its reading end, which ends when every clone is gone.
    pub fn channel() -> (Self, UnboundedReceiver<Stamped>) {
        Self::journaled(None)
    }

    /// The same; a journal is kept of the calls that change something.
    pub fn journaled(journal: Option<Arc<dyn Journal>>) -> (Self, UnboundedReceiver<Stamped>) {
        let (sender, receiver) = unbounded_channel();
        let (calls, changes) = (AtomicU32::new(0), AtomicU32::new(0));
        let begin = Instant::now();
        let stream = Stream { begin, journal, calls, changes, sender: Mutex::new(sender) };
        (Self { stream: Arc::new(stream) }, receiver)
    }

    /// A stream that nobody reads.
    pub fn unread() -> Self {
        Self::channel().0
    }

    /// How many API calls have come back.
    pub fn calls(&self) -> u32 {
        self.stream.calls.load(Ordering::Relaxed)
    }

    /// How many of them changed something, or may have: no answer is no denial.
    pub(crate) fn changes(&self) -> u32 {
        self.stream.changes.load(Ordering::Relaxed)
    }

    /// Notes that a call changed something, or may have.
    pub(crate) fn count_change(&self) {
        self.stream.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Milliseconds since the stream began.
    pub fn now(&self) -> u64 {
        milliseconds(self.stream.begin.elapsed())
    }

    /// The journal, if one is kept.
    pub(crate) fn journal(&self) -> Option<&dyn Journal> {
        self.stream.journal.as_deref()
    }

    /// Appends an event.
    pub(crate) fn emit(&self, event: Event) {
        if matches!(event, Event::Call(_)) {
            self.stream.calls.fetch_add(1, Ordering::Relaxed);
        }
        let sender = lock(&self.stream.sender);
        // A reader that went away is no reason to stop in the middle of an apply.
        let _ = sender.send(Stamped { at: self.now(), event });
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
