//! What happens while a plan is applied: one ordered stream that every output reads.

use serde::Serialize;

use crate::address::{Address, KindName};
use crate::plan::StepId;

/// One thing that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stamped {
    /// Milliseconds since the run began.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    Started {
        /// The stack.
        stack: String,
        /// How many steps there are.
        steps: usize,
        /// The estimated duration in seconds.
        seconds: u32,
    },
    /// A step begins.
    StepStarted(StepEvent),
    /// A step waits for AWS.
    StepWaiting {
        /// The step.
        #[serde(flatten)]
        step: StepEvent,
        /// AWS's word for the state that it is in.
        state: String,
    },
    /// A step waits until AWS has taken away what something deleted left behind.
    StepDraining {
        /// The step.
        #[serde(flatten)]
        step: StepEvent,
        /// What AWS takes away.
        what: String,
        /// When that usually ends, in milliseconds since the run began.
        usually: u64,
        /// When that ends at the latest.
        at_most: u64,
    },
    /// A step is done.
    StepDone {
        /// The step.
        #[serde(flatten)]
        step: StepEvent,
        /// The physical id.
        id: Option<String>,
        /// How long it took, in milliseconds.
        took: u64,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        #[serde(flatten)]
        step: StepEvent,
        /// The whole error, for people.
        message: String,
        /// AWS's code, if it was AWS.
        code: Option<String>,
        /// AWS's request id, if it was AWS.
        request_id: Option<String>,
    },
    /// A step is not begun.
    StepSkipped {
        /// The step.
        #[serde(flatten)]
        step: StepEvent,
        /// Why.
        because: Skipped,
    },
    /// An API call came back.
    Call(CallEvent),
    /// The user interrupted: nothing new is begun.
    Interrupted,
    /// The lease of the stack is lost: nothing new is begun.
    LeaseLost,
    /// The last run was interrupted: before anything is read, it is waited until AWS shows what that
    /// run made.
    Settling {
        /// For how many milliseconds.
        remaining: u64,
    },
    /// The audit log cannot be written: nothing new is begun.
    LogBroken,
    /// The run ended.
    Finished {
        /// Steps done.
        done: usize,
        /// Steps failed.
        failed: usize,
        /// Steps not begun.
        skipped: usize,
        /// API calls made, reads included.
        calls: u32,
    },
}

/// Which step an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepEvent {
    /// Its index in the plan.
    pub step: StepId,
    /// The resource.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// What is done to it: `create`, `update`, `delete`, `forget`.
    pub verb: &'static str,
}

/// Why a step was not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// A step that it needs failed.
    DependencyFailed {
        /// The resource of that step.
        on: Address,
    },
    /// The user interrupted.
    Interrupted,
    /// The credentials failed in another step: nothing else would work either.
    CredentialsFailed,
    /// The lease of the stack is lost: another apply may be at work.
    LeaseLost,
    /// The audit log cannot be written.
    LogBroken,
    /// AWS still takes away what something deleted left behind, and the user does not wait for it.
    Drains {
        /// What.
        what: String,
    },
    /// A step that it needs was skipped because of that.
    DependencyDrains {
        /// The resource of that step.
        on: Address,
    },
}

/// One API call, never with its parameters: they may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallEvent {
    /// The action, as `ec2:CreateVpc`.
    pub action: String,
    /// The resource that it was for; none while reading.
    pub address: Option<Address>,
    /// Whether it can change something.
    pub mutates: bool,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// AWS's error code, if it failed.
    pub error: Option<String>,
}
