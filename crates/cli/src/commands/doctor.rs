//! `trueup doctor`: why something cannot connect.

use clap::Args;

use super::reach::resource;
use crate::arguments::{Permissions, StackFile};
use crate::context::{Context, View};
use crate::error::Error;
use crate::exit;
use crate::network::{KINDS_OF_ENDS, Question};
use crate::render::{json, question};
use crate::situation::Intent;

/// Go through the usual list for a thing that cannot connect
///
/// Gateway, routes, associations, groups, ACLs, public address, DNS, and what Session Manager or a
/// function needs: each point is ticked or crossed, with what was found. Exit code 0: nothing is
/// in the way; 4: something is; 1: there is nothing to look at.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The resource: an instance, a database, a function, existing.load_balancer.front
    address: String,
    #[command(flatten)]
    stack: StackFile,
    /// Look at the network that the plan leads to, not at the live one
    #[arg(long)]
    planned: bool,
}

impl Doctor {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        let situation = context.look_at(self.stack.stack.as_deref(), View::Network).await?;
        let stack = &situation.stack;
        let end = resource(&self.address, stack)?;
        let plan =
            situation.plan(&Intent { destroy: false, permissions: Permissions::default() })?;
        let (snapshot, planned) = (&situation.snapshot, self.planned);
        let examined = Question { stack, snapshot, plan: &plan, planned }.doctor(&end);
        let examined = examined.map_err(|message| Error::Usage {
            message,
            help: if planned {
                format!("doctor looks at {KINDS_OF_ENDS}")
            } else {
                "look at what the plan leads to: --planned".to_owned()
            },
        })?;
        context.terminal.print(&if context.global.json {
            json::pretty(&question::examined_document(planned, &examined))
        } else {
            question::examined(planned, &examined, &context.terminal.look())
        })?;
        Ok(if question::is_ill(&examined) { exit::FORBIDDEN } else { exit::DONE })
    }
}
