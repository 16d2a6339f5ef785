//! `trueup apply`: makes AWS as the stack says.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::arguments::{Changing, Permissions};
use crate::carry_out;
use crate::context::{Context, View};
use crate::error::Error;
use crate::saved;
use crate::situation::Intent;

/// Make AWS as the stack says
///
/// The plan is shown, and done after a yes. A saved plan is done exactly as it was saved, or refused with
/// the reason; only one that destroys asks.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The stack file, or a plan saved with 'trueup plan --out'
    #[arg(value_name = "STACK|PLAN")]
    what: Option<PathBuf>,
    #[command(flatten)]
    changing: Changing,
}

impl Apply {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        self.changing.announce(context, true);
        let result = self.carry_out(context).await;
        context.let_go().await;
        result
    }

    async fn carry_out(&self, context: &mut Context) -> Result<u8, Error> {
        match &self.what {
            Some(path) if saved::is_plan(path) => self.saved(path, context).await,
            stack => {
                let situation = context.look_at(stack.as_deref(), View::Sentences).await?;
                let intent =
                    Intent { destroy: false, permissions: self.changing.permissions.clone() };
                let plan = situation.plan(&intent)?;
                carry_out::show(&plan, &situation, context)?;
                if plan.is_empty() {
                    return carry_out::nothing(&plan, &situation, context);
                }
                carry_out::refuse_forbidden(&plan)?;
                carry_out::confirm(self.changing.yes, &plan, context).await?;
                carry_out::run(plan, situation, context).await
            }
        }
    }

    /// A saved plan needs no further yes: it was looked at when it was saved. One that destroys the
    /// stack does, as 'destroy' would.
    async fn saved(&self, path: &Path, context: &mut Context) -> Result<u8, Error> {
        self.refuse_allowing()?;
        let saved = saved::read(&context.folder.join(path))?;
        context.take_variable_files(saved.variable_files());
        let situation = context.look_at(Some(saved.stack_file()), View::Sentences).await?;
        let mut intent = saved.intent();
        let limits = [intent.permissions.max_disruption, self.changing.permissions.max_disruption];
        intent.permissions.max_disruption = limits.into_iter().flatten().min();
        let plan = situation.plan(&intent)?;
        saved.compare(&plan, &situation)?;
        carry_out::show(&plan, &situation, context)?;
        if intent.destroy {
            carry_out::refuse_protected(&plan)?;
        }
        if plan.is_empty() {
            return carry_out::nothing(&plan, &situation, context);
        }
        carry_out::refuse_forbidden(&plan)?;
        if intent.destroy {
            carry_out::confirm_destroy(self.changing.yes, &plan, context).await?;
        }
        carry_out::run(plan, situation, context).await
    }

    /// Whoever looked at a saved plan saw what it may do: nobody can allow more afterwards.
    fn refuse_allowing(&self) -> Result<(), Error> {
        let Permissions { allow_data_loss, allow_mass_delete, max_disruption: _ } =
            &self.changing.permissions;
        let named = allow_data_loss.iter().map(|address| format!("--allow-data-loss {address}"));
        let flags: Vec<String> =
            named.chain(allow_mass_delete.then(|| "--allow-mass-delete".to_owned())).collect();
        if flags.is_empty() {
            return Ok(());
        }
        let flags = flags.join(" ");
        Err(Error::Usage {
            message: format!("what a saved plan may do is part of it: {flags} comes too late"),
            help: format!("make it anew: trueup plan {flags} --out FILE"),
        })
    }
}
