//! What each call to the scripted account comes to.

use std::collections::VecDeque;
use std::time::Duration;

use trueup_model::Condition;
use trueup_provider::{Failure, FailureClass, Safety};

/// What a call does before the script goes on to the next entry.
pub(crate) enum Answer {
    /// It fails and nothing happened.
    Fails(Failure),
    /// It takes effect, and the answer is lost.
    IsLost,
}

/// What happens when a resource is made, changed or deleted.
pub(crate) struct Script {
    pub(crate) action: &'static str,
    pub(crate) safety: Safety,
    /// How long the call itself takes.
    pub(crate) call: Duration,
    /// What the first attempts come to; later ones succeed.
    pub(crate) answers: VecDeque<Answer>,
    /// How long until it is visible to reads.
    pub(crate) visible: Duration,
    /// How long until it is ready; the provider then waits for it with the host.
    pub(crate) ready: Option<Duration>,
    /// The state that it ends in instead of ready.
    pub(crate) ends_as: Condition,
    pub(crate) panics: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            action: "ec2:CreateThing",
            safety: Safety::Once,
            call: Duration::ZERO,
            answers: VecDeque::new(),
            visible: Duration::ZERO,
            ready: None,
            ends_as: Condition::Ready,
            panics: false,
        }
    }
}

impl Script {
    pub(crate) fn taking(seconds: f64) -> Self {
        Self { call: Duration::from_secs_f64(seconds), ..Self::default() }
    }

    pub(crate) fn ready_after(seconds: f64) -> Self {
        Self { ready: Some(Duration::from_secs_f64(seconds)), ..Self::default() }
    }

    pub(crate) fn failing(class: FailureClass, times: usize) -> Self {
        let answers = (0..times).map(|_| Answer::Fails(failure(class))).collect();
        Self { answers, ..Self::default() }
    }
}

pub(crate) fn failure(class: FailureClass) -> Failure {
    Failure {
        code: Some(format!("{class:?}Code")),
        request_id: Some("req-1".to_owned()),
        ..Failure::new(class, "AWS's words")
    }
}
