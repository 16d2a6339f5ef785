//! `trueup graph`: who needs whom.

use clap::{Args, ValueEnum};

use crate::arguments::StackFile;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::render::graph;

/// Draw which resource needs which, without asking AWS
#[derive(Debug, Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    stack: StackFile,
    /// For whom
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
}

/// The forms of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For Markdown
    Mermaid,
    /// For Graphviz
    Dot,
}

impl Graph {
    pub(crate) fn run(&self, context: &Context) -> Result<u8, Error> {
        let loaded = context.load(self.stack.stack.as_deref())?;
        let graph = graph::Graph::of(&loaded.stack);
        context.terminal.print(&match self.format {
            Format::Mermaid => graph.mermaid(),
            Format::Dot => graph.dot(),
        })?;
        Ok(exit::DONE)
    }
}
