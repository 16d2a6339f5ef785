//! A record of every call that changes something, kept by whoever runs the applier.

use trueup_model::Address;
use trueup_model::event::CallEvent;
use trueup_provider::{Call, Failure};

/// Writes down calls that change something: before each attempt is sent, and when it came back.
///
/// Both are called where the call is made, not by whoever reads the events later: a process that is
/// killed leaves what it had asked. They must not take long.
pub trait Journal: Send + Sync {
    /// An attempt is about to be sent; `attempt` counts from 1.
    fn asked(&self, address: Option<&Address>, action: &str, attempt: u32);

    /// An attempt came back.
    fn answered(&self, call: &CallEvent, outcome: Outcome);
}

/// What is known of a call that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// AWS did it.
    Done,
    /// AWS did not do it.
    Failed,
    /// No answer, or a failure of the service: it may have happened.
    Unknown,
}

impl Outcome {
    pub(crate) fn of(failure: Option<&Failure>) -> Self {
        match failure {
            None => Self::Done,
            Some(failure) if failure.may_have_happened() => Self::Unknown,
            Some(_) => Self::Failed,
        }
    }
}

/// Notes a call that is about to be sent, if it can change something.
pub(crate) fn ask(
    journal: Option<&dyn Journal>,
    address: Option<&Address>,
    call: &Call,
    attempt: u32,
) {
    if let Some(journal) = journal.filter(|_| call.mutates()) {
        journal.asked(address, call.action, attempt);
    }
}
