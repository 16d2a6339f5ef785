//! `trueup schema`: the JSON Schema of stack and module files.

use clap::{Args, ValueEnum};

use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::render::json;

/// Print the JSON Schema that editors check stacks with
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Of which file
    #[arg(value_enum, default_value_t = Of::Stack)]
    of: Of,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// A stack
    Stack,
    /// A module
    Module,
}

impl Schema {
    pub(crate) fn run(&self, context: &Context) -> Result<u8, Error> {
        let schema = match self.of {
            Of::Stack => trueup_stack::stack_schema(&context.catalog),
            Of::Module => trueup_stack::module_schema(&context.catalog),
        };
        context.terminal.print(&json::pretty(&schema))?;
        Ok(exit::DONE)
    }
}
