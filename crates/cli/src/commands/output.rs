//! `trueup output`: the outputs of a stack.

use clap::{Args, ValueEnum};
use trueup_model::expression::Expressions;

use crate::arguments::{Permissions, StackFile};
use crate::context::{Context, View};
use crate::error::Error;
use crate::exit;
use crate::render::outputs::{self, Revealed};
use crate::render::{json, words};
use crate::situation::Intent;

/// Show the stack's outputs
///
/// Sensitive outputs are hidden until they are named with --reveal. The form 'dotenv' has them
/// all, since a program is to read it: keep the file out of version control.
#[derive(Debug, Args)]
pub(crate) struct Output {
    #[command(flatten)]
    stack: StackFile,
    /// Only this output, its bare value
    #[arg(long)]
    name: Option<String>,
    /// How the outputs are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show this sensitive output; may be repeated
    #[arg(long, value_name = "NAME")]
    reveal: Vec<String>,
}

/// How outputs are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// {"NAME": value}
    Json,
    /// NAME=value lines, sensitive values included
    Dotenv,
}

impl Output {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        let situation = context.look_at(self.stack.stack.as_deref(), View::Stack).await?;
        let intent = Intent { destroy: false, permissions: Permissions::default() };
        let all = situation.plan(&intent)?.outputs;
        let outputs = self.choose(all)?;
        let revealed: Revealed = self.reveal.iter().cloned().collect();
        let look = context.terminal.look();
        let format = if context.global.json { Format::Json } else { self.format };
        let text = match (format, &self.name) {
            (Format::Text, None) => outputs::text(&outputs, &revealed, &look),
            (Format::Text, Some(name)) => bare(name, &outputs, &revealed)?,
            (Format::Json, _) => json::pretty(&outputs::json(&outputs, &revealed)),
            (Format::Dotenv, _) => dotenv(&outputs, context),
        };
        context.terminal.print_exactly(&text)?;
        Ok(exit::DONE)
    }

    fn choose(&self, all: Expressions) -> Result<Expressions, Error> {
        for name in self.name.iter().chain(&self.reveal) {
            if !all.contains_key(name) {
                let names: Vec<String> = all.keys().cloned().collect();
                return Err(Error::Usage {
                    message: format!("the stack has no output '{name}'"),
                    help: format!("it has: {}", words::list(&names)),
                });
            }
        }
        Ok(match &self.name {
            None => all,
            Some(only) => all.into_iter().filter(|(name, _)| name == only).collect(),
        })
    }
}

fn bare(name: &str, outputs: &Expressions, revealed: &Revealed) -> Result<String, Error> {
    let value = outputs.get(name).and_then(trueup_model::Expression::to_value);
    let value = value.ok_or_else(|| Error::Usage {
        message: format!("{name} is not known before the stack is applied"),
        help: "trueup apply".to_owned(),
    })?;
    Ok(outputs::bare(name, &value, revealed))
}

fn dotenv(outputs: &Expressions, context: &Context) -> String {
    let (text, missing) = outputs::dotenv(outputs);
    if !missing.is_empty() {
        let names = words::list(&missing);
        context
            .terminal
            .say(&format!("Left out, not known before the stack is applied: {names}\n"));
    }
    text
}
