//! `trueup drift`: what changed in AWS behind the stack's back.

use clap::Args;

use crate::arguments::{Permissions, StackFile};
use crate::context::{Context, View};
use crate::error::Error;
use crate::exit;
use crate::network;
use crate::render::drift;
use crate::render::json;
use crate::situation::Intent;

/// Show what changed in AWS since the stack was applied
///
/// Exit code 2 means that something did. What changed in the file instead is named apart: that is
/// no drift. The sentences of 'expect' are proved on the live network: one that breaks there is
/// drift of class security, whoever opened the way.
#[derive(Debug, Args)]
pub(crate) struct Drift {
    #[command(flatten)]
    stack: StackFile,
}

impl Drift {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        let situation = context.look_at(self.stack.stack.as_deref(), View::Sentences).await?;
        let intent = Intent { destroy: false, permissions: Permissions::default() };
        let plan = situation.plan(&intent)?;
        let proofs = network::prove_live(&situation.stack, &situation.snapshot, &plan);
        let drift = drift::Drift::of(&plan, &proofs, situation.is_partial());
        let text = if context.global.json {
            json::pretty(&drift.document())
        } else {
            drift.text(&context.terminal.look())
        };
        context.terminal.print(&text)?;
        Ok(match (drift.is_some(), situation.is_partial()) {
            (true, _) => exit::CHANGES,
            (false, true) => exit::ERROR,
            (false, false) => exit::DONE,
        })
    }
}
