//! `trueup unlock`: shows who holds a stack's lease, and takes it away from a run that is dead.

use clap::Args;
use serde_json::{Value as Json, json};
use trueup_applier::Holding;

use crate::arguments::StackFile;
use crate::audit::AuditOptions;
use crate::carry_out;
use crate::context::{Context, Reached};
use crate::error::Error;
use crate::exit;
use crate::lease::described;
use crate::render::json;

/// Show who holds the stack's lease, and take it away after a yes
///
/// There is rarely a need: the lease of a run that died expires by itself within 90 seconds. A run
/// that still goes on sees within 25 seconds that its lease is taken away, and begins nothing new then;
/// the next run waits for that.
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
            let nobody = format!("Nobody holds the lease of stack {stack}.\n");
            say(context, nobody, &document(&stack, None, false))?;
            return Ok(exit::DONE);
        };
        if !(context.global.json && self.yes) {
            say(context, shown(&holding), &document(&stack, Some(&holding), false))?;
        }
        let question = "\nTake it away? A run that still goes on then stops. Only 'yes' is a yes: ";
        carry_out::agree(self.yes, question, context).await?;
        // To be broken off is as if this had died, which leases are made for.
        let taken = context.interrupts.or(trueup_applier::break_lease(leasing, &holding)).await?;
        taken.map_err(failed("take away"))?;
        let freed = format!("Nobody holds the lease of stack {stack} any more.\n");
        say(context, freed, &document(&stack, Some(&holding), true))?;
        if let Some(sandbox) = &context.sandbox {
            sandbox.save()?;
        }
        Ok(exit::DONE)
    }
}

fn say(context: &Context, text: String, document: &Json) -> Result<(), Error> {
    context.terminal.print(&if context.global.json { json::line(document) } else { text })
}

fn shown(holding: &Holding) -> String {
    let freed = match holding.free_in {
        Some(seconds) => format!("Unless it is renewed, it is free in {seconds} seconds."),
        None => "It has expired: the next apply takes it over.".to_owned(),
    };
    format!("{}\n{freed}\n", described(holding))
}

/// Who holds the lease, or held it until it was taken away.
fn document(stack: &str, holding: Option<&Holding>, taken_away: bool) -> Json {
    let lease = holding.map(|holding| {
        let holder = holding.holder.as_ref();
        json!({
            "generation": holding.generation,
            "who": holder.map(|one| &one.who),
            "host": holder.map(|one| &one.host),
            "since": holder.map(|one| &one.since),
            "until": holding.until,
            "free_in_seconds": holding.free_in,
        })
    });
    json!({
        "format": trueup_model::plan::FORMAT,
        "stack": stack,
        "lease": lease,
        "taken_away": taken_away,
    })
}
