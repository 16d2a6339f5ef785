//! One API call with its rate limit, retries and record.

use std::future::Future;

use crate::failure::Failure;
use crate::host::{CallOutcome, Host, Verdict};

/// What is called, for limits, retries and records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The action, as `ec2:CreateVpc`.
    pub action: &'static str,
    /// Whether and how it may be repeated.
    pub safety: Safety,
    /// Whether a [`crate::FailureClass::Conflict`] goes back to the caller at once, who looks for
    /// what stands in the way; otherwise the host tries again for a while.
    pub returns_conflicts: bool,
}

/// Whether a call may be repeated when it is not known whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// It changes nothing.
    Read,
    /// Twice is as good as once: a token, an upsert, a delete, a state that is set.
    Repeatable,
    /// Twice makes two: an ambiguous failure goes back to the caller, which looks first.
    Once,
}

impl Call {
    /// A call that changes nothing.
    pub fn read(action: &'static str) -> Self {
        Self { action, safety: Safety::Read, returns_conflicts: false }
    }

    /// A change that may be repeated.
    pub fn repeatable(action: &'static str) -> Self {
        Self { action, safety: Safety::Repeatable, returns_conflicts: false }
    }

    /// A change that must not be repeated blindly.
    pub fn once(action: &'static str) -> Self {
        Self { action, safety: Safety::Once, returns_conflicts: false }
    }

    /// The same, but conflicts go back to the caller.
    #[must_use]
    pub fn returning_conflicts(self) -> Self {
        Self { returns_conflicts: true, ..self }
    }

    /// Whether it can change something.
    pub fn mutates(&self) -> bool {
        self.safety != Safety::Read
    }

    /// The service part of the action.
    pub fn service(&self) -> &'static str {
        self.action.split_once(':').map_or(self.action, |(service, _)| service)
    }
}

/// Makes a call as often as the host allows, and gives the last answer. An interrupt ends the pause
/// before another attempt, and the attempts with it.
///
/// `attempt` gives the answer and AWS's request id.
pub async fn call<T, Answer>(
    host: &dyn Host,
    call: Call,
    mut attempt: impl FnMut() -> Answer + Send,
) -> Result<T, Failure>
where
    T: Send,
    Answer: Future<Output = Result<(T, Option<String>), Failure>> + Send,
{
    let mut attempts = 0;
    loop {
        attempts += 1;
        host.before(&call, attempts).await;
        let start = host.now();
        let answer = attempt().await;
        let took = host.now().saturating_sub(start);
        match answer {
            Ok((value, request_id)) => {
                host.after(
                    &call,
                    attempts,
                    CallOutcome::Done { request_id: request_id.as_deref(), took },
                );
                return Ok(value);
            }
            Err(mut failure) => {
                if failure.action.is_empty() {
                    call.action.clone_into(&mut failure.action);
                }
                match host.after(&call, attempts, CallOutcome::Failed { failure: &failure, took }) {
                    Verdict::Return => return Err(failure),
                    Verdict::RetryAfter(delay) if host.rest(delay).await => {}
                    Verdict::RetryAfter(_) => return Err(failure.interrupted()),
                }
            }
        }
    }
}
