//! `trueup plan`: what would be done, and nothing else.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::arguments::{Permissions, StackFile};
use crate::context::{Context, View};
use crate::engine::{forbidding, protected};
use crate::error::Error;
use crate::exit;
use crate::render::{json, markdown};
use crate::saved;
use crate::situation::Intent;

/// Show what would be done to make AWS as the stack says
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    stack: StackFile,
    /// Show what 'destroy' would do
    #[arg(long)]
    destroy: bool,
    /// Save the plan; 'trueup apply FILE' then does exactly this, or refuses
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with exit code 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// How the plan is shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    permissions: Permissions,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// For a comment on a pull request
    Markdown,
}

impl Plan {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        if let Some(path) = &self.out {
            saved::may_write(&context.folder.join(path))?;
        }
        let situation = context.look_at(self.stack.stack.as_deref(), View::Sentences).await?;
        let intent = Intent { destroy: self.destroy, permissions: self.permissions.clone() };
        let plan = situation.plan(&intent)?;
        let format = if context.global.json { Format::Json } else { self.format };
        let text = match format {
            Format::Text => situation.text(&plan, context.terminal.look()),
            Format::Json => json::pretty(&json::plan(&plan, &situation.catalog)),
            Format::Markdown => markdown::plan(&plan, &situation.catalog),
        };
        context.terminal.print(&text)?;
        if let Some(path) = &self.out {
            let path = context.folder.join(path);
            saved::write(&path, &plan, &intent, &situation, context)?;
            if format == Format::Text {
                let shown = self.out.as_deref().unwrap_or(&path);
                let said = saved::command(shown, context);
                context.terminal.print(&format!("Saved; '{said}' does exactly this.\n"))?;
            }
        }
        // Half a destroy is done by no command.
        let is_half = self.destroy && protected(&plan).next().is_some();
        Ok(if is_half || forbidding(&plan).next().is_some() {
            exit::FORBIDDEN
        } else if situation.is_partial() {
            exit::ERROR
        } else if self.detailed_exitcode && !plan.is_empty() {
            exit::CHANGES
        } else {
            exit::DONE
        })
    }
}
