//! How an apply ended.

use std::collections::BTreeMap;

use trueup_model::event::Skipped;
use trueup_model::expression::Expressions;
use trueup_model::{Address, Live, Location, Step, StepId};
use trueup_provider::{Failure, FailureClass};

use crate::events::Events;

/// What became of every step, and what exists now.
#[derive(Debug, Clone)]
pub struct Report {
    /// The steps that are done, in the order in which they ended.
    pub done: Vec<StepId>,
    /// The steps that failed, in the order in which they ended.
    pub failed: Vec<Failed>,
    /// The steps that were not begun.
    pub skipped: Vec<NotBegun>,
    /// Every resource of the stack that is known to exist, as last read.
    pub lives: BTreeMap<Address, Live>,
    /// The outputs of the stack, folded as far as what exists allows.
    pub outputs: Expressions,
    /// Whether the user interrupted before the run ended.
    pub interrupted: bool,
    /// How many API calls it took.
    pub calls: u32,
    /// How many of them changed something, or may have.
    pub changes: u32,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// How it ended.
    pub ended: Ended,
}

/// How an apply ended, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The credentials failed: nothing more was begun.
    Credentials,
    /// The user interrupted, and something is left.
    Interrupted,
    /// Something failed; what did not depend on it is done. Safe to run again.
    Partly,
    /// All is done but what AWS still takes time for; run again later.
    Draining,
    /// Every step is done.
    Done,
}

/// A step that failed.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The step.
    pub step: StepId,
    /// Its resource.
    pub address: Address,
    /// What was done to it: `create`, `update`, `delete`, `forget`.
    pub verb: &'static str,
    /// Why it failed.
    pub failure: Failure,
    /// Where the resource is written.
    pub location: Option<Location>,
}

/// A step that was not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotBegun {
    /// The step.
    pub step: StepId,
    /// Its resource.
    pub address: Address,
    /// What would have been done to it.
    pub verb: &'static str,
    /// Why not.
    pub because: Skipped,
}

impl Report {
    /// A report of a run that begins now.
    pub(crate) fn new(events: &Events) -> Self {
        Self {
            done: Vec::new(),
            failed: Vec::new(),
            skipped: Vec::new(),
            lives: BTreeMap::new(),
            outputs: Expressions::new(),
            interrupted: false,
            calls: events.calls(),
            changes: events.changes(),
            took: events.now(),
            ended: Ended::Done,
        }
    }

    /// Says how it ended, once every step has.
    pub(crate) fn settle(&mut self) {
        let failed = |class| self.failed.iter().any(|failed| failed.failure.class == class);
        let left = |because| self.skipped.iter().any(|skipped| skipped.because == because);
        self.ended = if failed(FailureClass::Credentials) {
            Ended::Credentials
        } else if left(Skipped::Interrupted) || failed(FailureClass::Interrupted) {
            Ended::Interrupted
        } else if !self.failed.is_empty() || left(Skipped::LeaseLost) || left(Skipped::LogBroken) {
            Ended::Partly
        } else if self.skipped.iter().any(|it| matches!(it.because, Skipped::Drains { .. })) {
            Ended::Draining
        } else {
            Ended::Done
        };
    }
}

/// How the message ends of what was not waited for.
pub(crate) const AWS_GOES_ON: &str = "and AWS goes on with it";

impl Failed {
    /// Whether AWS accepted all of it and ends it by itself: only the waiting was interrupted.
    pub fn is_left_to_aws(&self) -> bool {
        let Failure { class, message, .. } = &self.failure;
        *class == FailureClass::Interrupted && message.ends_with(AWS_GOES_ON)
    }

    pub(crate) fn new(step: &Step, failure: Failure) -> Self {
        Self {
            step: step.id,
            address: step.address.clone(),
            verb: step.operation.verb(),
            failure,
            location: step.location.clone(),
        }
    }
}

impl NotBegun {
    pub(crate) fn new(step: &Step, because: Skipped) -> Self {
        let verb = step.operation.verb();
        Self { step: step.id, address: step.address.clone(), verb, because }
    }
}
