//! `trueup unlock`: shows who holds a stack's lease, and takes it away from a run that is dead.

use clap::Args;

use crate::arguments::StackFile;
use crate::audit::AuditOptions;
use crate::carry_out;
use crate::context::{Context, Reached};
use crate::error::Error;
use crate::exit;
use crate::lease::described;

/// Show who holds the stack's lease, and take it away after a yes
///
/// There is rarely a need: the lease of a run that died expires by itself within 90 seconds. A run
/// that still goes on begins nothing new once its lease is taken away.
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    #[command(flatten)]
    stack: StackFile,
    /// Take it away without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    audit: AuditOptions,
}

impl Unlock {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        context.want_audit(&self.audit);
        let Reached { read, identity, provider } =
            context.reach(self.stack.stack.as_deref()).await?;
        let stack = read.stack.name;
        context.open_audit(&stack, &identity)?;
        let (leasing, _) = context.leasing(&stack, &identity.arn, &provider);
        let failed = |doing: &str| {
            let doing = format!("{doing} the lease of stack {stack}");
            move |failure| Error::Aws { doing, failure }
        };
        let looked = context.interrupts.or(trueup_applier::lease_holder(leasing.clone())).await?;
        let Some(holding) = looked.map_err(failed("read"))? else {
            context.terminal.print(&format!("Nobody holds the lease of stack {stack}.\n"))?;
            return Ok(exit::DONE);
        };
        let freed = match holding.free_in {
            Some(seconds) => format!("Unless it is renewed, it is free in {seconds} seconds."),
            None => "It has expired: the next apply takes it over.".to_owned(),
        };
        context.terminal.print(&format!("{}\n{freed}\n", described(&holding)))?;
        let question = "\nTake it away? A run that still goes on then stops. Only 'yes' is a yes: ";
        carry_out::agree(self.yes, question, context).await?;
        trueup_applier::break_lease(leasing, &holding).await.map_err(failed("take away"))?;
        let freed = format!("Nobody holds the lease of stack {stack} any more.\n");
        context.terminal.print(&freed)?;
        if let Some(sandbox) = &context.sandbox {
            sandbox.save()?;
        }
        Ok(exit::DONE)
    }
}
