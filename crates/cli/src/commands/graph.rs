//! `trueup graph`: who needs whom, and the network as a picture.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use trueup_model::Snapshot;
use trueup_planner::{Input, Options};
use trueup_stack::CelEvaluator;

use crate::arguments::{Permissions, StackFile};
use crate::context::{Context, View};
use crate::error::Error;
use crate::exit;
use crate::network;
use crate::picture::Subject;
use crate::render::graph;
use crate::situation::Intent;

/// Draw the network, or which resource needs which
///
/// Nobody asks AWS. svg and html draw the network as on a whiteboard, each sentence of 'expect'
/// proved on the network that the file describes. With --plan AWS is read, and what would change
/// is coloured. mermaid and dot show which resource needs which.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    stack: StackFile,
    /// For whom
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
    /// Read AWS, and colour what would change (svg, html)
    #[arg(long)]
    plan: bool,
}

/// The forms of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For Markdown
    Mermaid,
    /// For Graphviz
    Dot,
    /// The network, as a picture
    Svg,
    /// The picture, with what is behind each box on click; one file
    Html,
}

impl Graph {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        let text = match self.format {
            Format::Svg | Format::Html if self.plan => self.planned(context).await?,
            Format::Svg | Format::Html => self.described(context)?,
            Format::Mermaid | Format::Dot if self.plan => return Err(colourless()),
            Format::Mermaid | Format::Dot => self.needs(context)?,
        };
        context.terminal.print(&text)?;
        Ok(exit::DONE)
    }

    fn needs(&self, context: &Context) -> Result<String, Error> {
        let loaded = context.load(self.stack.stack.as_deref())?;
        let graph = graph::Graph::of(&loaded.stack);
        Ok(if self.format == Format::Dot { graph.dot() } else { graph.mermaid() })
    }

    /// The network that the plan leads to, with its changes.
    async fn planned(&self, context: &mut Context) -> Result<String, Error> {
        let situation = context.look_at(self.stack.stack.as_deref(), View::Network).await?;
        let plan =
            situation.plan(&Intent { destroy: false, permissions: Permissions::default() })?;
        let (stack, snapshot) = (&situation.stack, &situation.snapshot);
        let catalog = &situation.catalog;
        Ok(self.draw(&Subject { stack, snapshot, plan: &plan, catalog, is_planned: true }))
    }

    /// The network as it would be if nothing of it existed yet.
    fn described(&self, context: &Context) -> Result<String, Error> {
        let loaded = context.load(self.stack.stack.as_deref())?;
        let (stack, snapshot) = (&loaded.stack, &Snapshot::default());
        let catalog = Arc::clone(&context.catalog);
        let mut plan = trueup_planner::plan(&Input {
            stack,
            catalog: &catalog,
            snapshot,
            evaluator: &CelEvaluator,
            options: &Options::default(),
        });
        network::prove(stack, snapshot, &mut plan);
        Ok(self.draw(&Subject {
            stack,
            snapshot,
            plan: &plan,
            catalog: &catalog,
            is_planned: false,
        }))
    }

    fn draw(&self, subject: &Subject<'_>) -> String {
        if self.format == Format::Html { subject.html() } else { subject.svg() }
    }
}

fn colourless() -> Error {
    Error::Usage {
        message: "only pictures show what would change".to_owned(),
        help: "add --format svg or --format html, or leave --plan out".to_owned(),
    }
}
