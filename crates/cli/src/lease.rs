//! The lease around a command that changes AWS: taken before anything is read, given up at its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use tokio::sync::mpsc::UnboundedReceiver;
use trueup_applier::{Events, Holder, Holding, Lease, Leasing, Left, Refusal};
use trueup_model::Diagnostic;
use trueup_model::event::{Event, Stamped};
use trueup_provider::{Failure, FailureClass, Identity, Provider};

use crate::context::Context;
use crate::error::Error;
use crate::progress;
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
    Wanted {
        /// Whether the command makes things.
        makes: bool,
    },
    /// It is held.
    Held(Box<Held>),
}

/// A lease that is held.
pub(crate) struct Held {
    lease: Lease,
    stream: UnboundedReceiver<Stamped>,
    /// What the command leaves.
    left: Left,
}

/// Runs of this process; each has another id.
static RUNS: AtomicU64 = AtomicU64::new(1);

impl Context {
    /// From now on what is looked at is held, too.
    pub(crate) fn want_lease(&mut self, options: &LeaseOptions, makes: bool) {
        if options.without_lease {
            let remark = Diagnostic::warning(
                "without-lease",
                "no lease is taken: see to it that nobody else applies this stack meanwhile",
            );
            self.report(&[remark], &Sources::new());
        } else {
            self.leased = Leased::Wanted { makes };
        }
    }

    /// Takes the lease of a stack, if the command wants it.
    pub(crate) async fn take_lease(
        &mut self,
        stack: &str,
        identity: &Identity,
        provider: &Arc<dyn Provider>,
    ) -> Result<(), Error> {
        let Leased::Wanted { makes } = self.leased else { return Ok(()) };
        let (leasing, stream) = self.leasing(stack, &identity.arn, provider);
        let leasing = Leasing { makes, ..leasing };
        // Interrupted just as it is taken, it expires by itself.
        let taken = self.interrupts.or(trueup_applier::take_lease(leasing)).await?;
        match taken {
            Ok(lease) => {
                let mut held = Box::new(Held { lease, stream, left: Left::Settled });
                let settled = self.settle(&mut held).await;
                // Also who does not wait gives the lease back.
                self.leased = Leased::Held(held);
                settled
            }
            Err(Refusal::Held(by)) => Err(locked(stack, by.as_ref())),
            Err(Refusal::Failed(failure)) => Err(Error::Aws {
                doing: format!("take the lease of stack {stack}"),
                failure: advised(failure),
            }),
        }
    }

    /// Waits until AWS lists what a run made that was interrupted just before.
    async fn settle(&mut self, held: &mut Held) -> Result<(), Error> {
        let Held { lease, stream, .. } = held;
        let mut settling = std::pin::pin!(lease.settle());
        loop {
            tokio::select! {
                biased;
                () = self.interrupts.next() => return Err(Error::Interrupted),
                Some(stamped) = stream.recv() => self.show_lease_event(&stamped)?,
                () = &mut settling => return Ok(()),
            }
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
        let (stack, makes) = (stack.to_owned(), false);
        (Leasing { provider, stack, holder, makes, clock, events }, stream)
    }

    /// Gives the lease up, if there is one; says how many API calls it took in all.
    pub(crate) async fn let_go(&mut self) -> u32 {
        let Leased::Held(mut held) = std::mem::take(&mut self.leased) else { return 0 };
        let events = held.lease.events();
        // Who interrupts once more does not want to wait for this either.
        let released = self.interrupts.or(held.lease.release(held.left)).await;
        let kept = match released {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.to_string()),
            Err(_) => Some("interrupted".to_owned()),
        };
        if let Some(why) = kept {
            let remark = format!("the lease was not given up and expires by itself: {why}");
            self.report(&[Diagnostic::warning("lease", remark)], &Sources::new());
        }
        while let Ok(stamped) = held.stream.try_recv() {
            // There is no more to stop for.
            let _ = self.show_lease_event(&stamped);
        }
        events.calls()
    }

    fn show_lease_event(&self, stamped: &Stamped) -> Result<(), Error> {
        match &stamped.event {
            Event::Call(call) => self.log_call(stamped.at, call),
            Event::Settling { .. } if self.global.json => {
                self.terminal.print(&progress::json_line(stamped))?;
            }
            Event::Settling { remaining } => {
                let remark = format!(
                    "waiting {} s: what the interrupted run made may not be listed yet",
                    remaining.div_ceil(1000)
                );
                self.report(&[Diagnostic::note("settling", remark)], &Sources::new());
            }
            _ => {}
        }
        Ok(())
    }
}

impl Leased {
    /// Whether it is to be taken.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted { .. })
    }

    /// Waits until the lease is lost: for ever, if there is none.
    pub(crate) async fn lost(&mut self) -> Option<Holding> {
        match self {
            Self::Held(held) => held.lease.lost().await,
            Self::Unwanted | Self::Wanted { .. } => std::future::pending().await,
        }
    }

    /// Whether nobody else can have it, or nobody wants to know.
    pub(crate) fn is_sure(&self) -> bool {
        match self {
            Self::Held(held) => held.lease.is_sure(),
            Self::Unwanted | Self::Wanted { .. } => true,
        }
    }

    /// Says what the command would leave by now.
    pub(crate) fn note_left(&mut self, left: Left) {
        if let Self::Held(held) = self {
            held.left = left;
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
