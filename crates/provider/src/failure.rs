//! Why AWS, or the way to it, did not do what was asked.

use std::fmt;

/// A failed call or operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// What kind of failure it is; it decides whether the call is tried again.
    pub class: FailureClass,
    /// The API action, as `ec2:CreateVpc`; empty if it was not a call that failed.
    pub action: String,
    /// AWS's code, as `VpcLimitExceeded`.
    pub code: Option<String>,
    /// AWS's message, or ours.
    pub message: String,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// What the user can do about it.
    pub help: Vec<String>,
}

/// The classes of failures, after `aws-facts` 1.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureClass {
    /// The account calls too fast: back off and try again.
    Throttled,
    /// The service failed (5xx): try again; a change may have happened all the same.
    Unavailable,
    /// No answer (connection lost, time-out): the call may have happened.
    Ambiguous,
    /// No connection (refused, no such host): the call did not happen.
    Unreachable,
    /// Something that was just made is not yet visible or usable: try again for a while.
    NotYet,
    /// Something stands in the way that may pass: find out what, and try again for a while.
    Conflict,
    /// What something deleted left behind stands in the way, and AWS takes it away in time.
    Draining,
    /// It exists already.
    Exists,
    /// It does not exist.
    Missing,
    /// A quota is used up.
    Quota,
    /// AWS has no capacity for it.
    Capacity,
    /// The credentials are missing, bad or expired: nothing else will work either.
    Credentials,
    /// The caller may not do this.
    Denied,
    /// AWS refuses the input.
    Invalid,
    /// The resource ended in a state that it cannot leave.
    Broken,
    /// It took longer than it ever should.
    TimedOut,
    /// The user interrupted.
    Interrupted,
    /// A fault of this program or of what it talks to.
    Internal,
}

impl Failure {
    /// A failure that did not come from a call.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self {
            class,
            action: String::new(),
            code: None,
            message: message.into(),
            request_id: None,
            help: Vec::new(),
        }
    }

    /// AWS has not yet taken away what something deleted left behind.
    pub fn draining(what: &str) -> Self {
        Self::new(FailureClass::Draining, format!("AWS has not yet removed {what}"))
    }

    /// The same, with a piece of advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The same, given up because the user interrupted while it waited to be tried again.
    #[must_use]
    pub fn interrupted(self) -> Self {
        let message = format!("interrupted before it was tried again: {}", self.message);
        Self { class: FailureClass::Interrupted, message, ..self }
    }

    /// Whether AWS's code is this one.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the change may have happened although the call failed.
    pub fn may_have_happened(&self) -> bool {
        matches!(self.class, FailureClass::Ambiguous | FailureClass::Unavailable)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.action.is_empty() {
            write!(formatter, "{}: ", self.action)?;
        }
        if let Some(code) = &self.code {
            write!(formatter, "{code}: ")?;
        }
        write!(formatter, "{}", self.message)?;
        match &self.request_id {
            Some(id) => write!(formatter, " (request {id})"),
            None => Ok(()),
        }
    }
}
