//! The lease around a command that changes AWS: taken before anything is read, given up at its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use tokio::sync::mpsc::UnboundedReceiver;
use trueup_applier::{Events, Holder, Holding, Lease, Leasing, Refusal};
use trueup_model::Diagnostic;
use trueup_model::event::{Event, Stamped};
use trueup_provider::{Failure, FailureClass, Identity, Provider};

use crate::context::Context;
use crate::error::Error;
use crate::render::diagnostics::Sources;

/// Whether a lease is taken.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LeaseOptions {
    /// Take no lease, where the caller may not write parameters: nothing then keeps two runs apart
    #[arg(long, help_heading = "Guards")]
    without_lease: bool,
}

/// What a command wants of the lease, and what it has of it.
#[derive(Default)]
pub(crate) enum Leased {
    /// The command only reads.
    #[default]
    Unwanted,
    /// It is taken as soon as it is known whose account it is.
    Wanted,
    /// It is held.
    Held(Box<Held>),
}

/// A lease that is held.
pub(crate) struct Held {
    lease: Lease,
    stream: UnboundedReceiver<Stamped>,
    /// Whether nothing of the stack exists, so that nothing of the lease shall stay either.
    pub(crate) stack_is_gone: bool,
}

/// Runs of this process; each has another id.
static RUNS: AtomicU64 = AtomicU64::new(1);

impl Context {
    /// From now on what is looked at is held, too.
    pub(crate) fn want_lease(&mut self, options: &LeaseOptions) {
        if options.without_lease {
            let remark = Diagnostic::warning(
                "without-lease",
                "no lease is taken: see to it that nobody else applies this stack meanwhile",
            );
            self.report(&[remark], &Sources::new());
        } else {
            self.leased = Leased::Wanted;
        }
    }

    /// Takes the lease of a stack, if the command wants it.
    pub(crate) async fn take_lease(
        &mut self,
        stack: &str,
        identity: &Identity,
        provider: &Arc<dyn Provider>,
    ) -> Result<(), Error> {
        if !matches!(self.leased, Leased::Wanted) {
            return Ok(());
        }
        let (leasing, stream) = self.leasing(stack, &identity.arn, provider);
        // Interrupted just as it is taken, it expires by itself.
        let taken = self.interrupts.or(trueup_applier::take_lease(leasing)).await?;
        match taken {
            Ok(lease) => {
                let held = Held { lease, stream, stack_is_gone: false };
                self.leased = Leased::Held(Box::new(held));
                Ok(())
            }
            Err(Refusal::Held(by)) => Err(locked(stack, by.as_ref())),
            Err(Refusal::Failed(failure)) => Err(Error::Aws {
                doing: format!("take the lease of stack {stack}"),
                failure: advised(failure),
            }),
        }
    }

    /// What the lease is taken, shown and broken with.
    pub(crate) fn leasing(
        &self,
        stack: &str,
        who: &str,
        provider: &Arc<dyn Provider>,
    ) -> (Leasing, UnboundedReceiver<Stamped>) {
        let (events, stream) = Events::journaled(self.audit.journal());
        let since = self.now();
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let id = format!("{} {run} {:016x}", self.place, self.seed());
        let (who, host) = (who.to_owned(), self.place.clone());
        let holder = Holder { id, who, host, since };
        let (provider, clock) = (Arc::clone(provider), Arc::clone(&self.clock));
        (Leasing { provider, stack: stack.to_owned(), holder, clock, events }, stream)
    }

    /// Gives the lease up, if there is one; says how many API calls it took in all.
    pub(crate) async fn let_go(&mut self) -> u32 {
        let Leased::Held(mut held) = std::mem::take(&mut self.leased) else { return 0 };
        let events = held.lease.events();
        if let Err(failure) = held.lease.release(held.stack_is_gone).await {
            let remark = format!("the lease was not given up and expires by itself: {failure}");
            self.report(&[Diagnostic::warning("lease", remark)], &Sources::new());
        }
        while let Ok(stamped) = held.stream.try_recv() {
            self.note_lease_call(&stamped);
        }
        events.calls()
    }

    fn note_lease_call(&self, stamped: &Stamped) {
        if let Event::Call(call) = &stamped.event {
            self.log_call(stamped.at, call);
        }
    }
}

impl Leased {
    /// Whether it is to be taken.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted)
    }

    /// Waits until the lease is lost: for ever, if there is none.
    pub(crate) async fn lost(&mut self) -> Option<Holding> {
        match self {
            Self::Held(held) => held.lease.lost().await,
            Self::Unwanted | Self::Wanted => std::future::pending().await,
        }
    }

    /// Whether nobody else can have it, or nobody wants to know.
    pub(crate) fn is_sure(&self) -> bool {
        match self {
            Self::Held(held) => held.lease.is_sure(),
            Self::Unwanted | Self::Wanted => true,
        }
    }

    /// Says whether anything of the stack exists.
    pub(crate) fn note_stack(&mut self, is_gone: bool) {
        if let Self::Held(held) = self {
            held.stack_is_gone = is_gone;
        }
    }
}

/// The refusal of a command whose stack somebody else works on.
fn locked(stack: &str, by: Option<&Holding>) -> Error {
    let Some(by) = by else {
        return Error::Locked {
            message: format!("somebody is just taking the lease of stack {stack}"),
            help: vec!["run the command again".to_owned()],
        };
    };
    Error::Locked {
        message: format!("another run works on stack {stack}: {}", described(by)),
        help: vec![
            "wait until it ends; the lease of a run that died expires within 90 seconds".to_owned(),
            "if nothing runs there any more and you cannot wait: trueup unlock".to_owned(),
        ],
    }
}

/// Who holds a lease, from where, since when.
pub(crate) fn described(holding: &Holding) -> String {
    match &holding.holder {
        Some(Holder { who, host, since, .. }) => {
            let until = holding.until.as_deref().unwrap_or("an unknown time");
            format!("{who} on {host}, since {since}; its lease is good until {until}")
        }
        None => "what is written in its lease is of another version of trueup".to_owned(),
    }
}

/// How a run ends that lost its lease.
pub(crate) fn lost(to: Option<&Holding>) -> Diagnostic {
    let message = match to {
        Some(holding) => format!("the lease was lost to another run: {}", described(holding)),
        None => "the lease was lost: it could not be renewed in time".to_owned(),
    };
    Diagnostic::error("lease-lost", format!("{message}; nothing more was begun"))
        .help("see that no other run is at work, then run it again: it goes on from what exists")
}

fn advised(failure: Failure) -> Failure {
    if failure.class == FailureClass::Denied {
        failure
            .help("the lease needs ssm:GetParametersByPath, ssm:PutParameter, ssm:DeleteParameter and ssm:AddTagsToResource on parameter/trueup/*")
            .help("or take none: --without-lease")
    } else {
        failure
    }
}
