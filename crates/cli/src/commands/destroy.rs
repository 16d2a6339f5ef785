//! `trueup destroy`: deletes everything that a stack owns.

use clap::Args;

use crate::arguments::{Permissions, StackFile};
use crate::audit::AuditOptions;
use crate::carry_out;
use crate::context::{Context, View};
use crate::error::Error;
use crate::lease::LeaseOptions;
use crate::situation::Intent;

/// Delete everything that the stack owns
///
/// What holds data must be named: --allow-data-loss db_instance.main. A final snapshot is taken
/// all the same, where there is such a thing.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    stack: StackFile,
    /// Do it without asking
    #[arg(short, long, visible_alias = "auto-approve")]
    yes: bool,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    lease: LeaseOptions,
    /// Do not wait for what AWS removes only a while after a delete: exit 6, run it again later
    #[arg(long)]
    no_wait_tail: bool,
    #[command(flatten)]
    audit: AuditOptions,
}

impl Destroy {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        context.wait_for_tail = !self.no_wait_tail;
        context.want_audit(&self.audit);
        context.want_lease(&self.lease, false);
        let result = self.carry_out(context).await;
        context.let_go().await;
        result
    }

    async fn carry_out(&self, context: &mut Context) -> Result<u8, Error> {
        let situation = context.look_at(self.stack.stack.as_deref(), View::Stack).await?;
        let intent = Intent { destroy: true, permissions: self.permissions.clone() };
        let plan = situation.plan(&intent)?;
        carry_out::show(&plan, &situation, context)?;
        // Half a destroy is rarely what is wanted: what is protected stops all of it.
        carry_out::refuse_protected(&plan)?;
        if plan.is_empty() {
            return carry_out::nothing(&plan, &situation, context);
        }
        carry_out::refuse_forbidden(&plan)?;
        carry_out::confirm_destroy(self.yes, &plan, context).await?;
        carry_out::run(plan, situation, context).await
    }
}
