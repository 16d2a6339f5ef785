//! `trueup destroy`: deletes everything that a stack owns.

use clap::Args;

use crate::arguments::{Changing, StackFile};
use crate::carry_out;
use crate::context::{Context, View};
use crate::error::Error;
use crate::situation::Intent;

/// Delete everything that the stack owns
///
/// What holds data must be named: --allow-data-loss db_instance.main. A final snapshot is taken
/// all the same, where there is such a thing.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    stack: StackFile,
    #[command(flatten)]
    changing: Changing,
}

impl Destroy {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        self.changing.announce(context, false);
        let result = self.carry_out(context).await;
        context.let_go().await;
        result
    }

    async fn carry_out(&self, context: &mut Context) -> Result<u8, Error> {
        let situation = context.look_at(self.stack.stack.as_deref(), View::Stack).await?;
        let intent = Intent { destroy: true, permissions: self.changing.permissions.clone() };
        let plan = situation.plan(&intent)?;
        carry_out::show(&plan, &situation, context)?;
        // Half a destroy is rarely what is wanted: what is protected stops all of it.
        carry_out::refuse_protected(&plan)?;
        if plan.is_empty() {
            return carry_out::nothing(&plan, &situation, context);
        }
        carry_out::refuse_forbidden(&plan)?;
        carry_out::confirm_destroy(self.changing.yes, &plan, context).await?;
        carry_out::run(plan, situation, context).await
    }
}
