//! `trueup validate`: everything that is wrong with a stack, without asking AWS.

use clap::Args;

use crate::arguments::StackFile;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::render::{diagnostics, json, words};

/// Check a stack without asking AWS
///
/// Every fault is reported in one run, with its place and what to write instead.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    stack: StackFile,
}

impl Validate {
    pub(crate) fn run(&self, context: &Context) -> Result<u8, Error> {
        let file = context.stack_file(self.stack.stack.as_deref())?;
        let loaded = context.read(&file)?;
        let found = &loaded.diagnostics;
        let valid = loaded.stack.is_some();
        if context.global.json {
            context.terminal.print(&json::pretty(&json::diagnostics(found)))?;
            return Ok(if valid { exit::DONE } else { exit::ERROR });
        }
        context.report(found, &loaded.sources);
        let Some(stack) = loaded.stack else {
            context.terminal.say(&format!("{}: {}.\n", file.display(), diagnostics::tally(found)));
            return Ok(exit::ERROR);
        };
        let mut parts = vec![words::count(stack.resources.len(), "resource")];
        if !stack.expect.is_empty() {
            parts.push(words::count(stack.expect.len(), "expectation"));
        }
        let remarks = diagnostics::tally(found);
        parts.extend((!remarks.is_empty()).then_some(remarks));
        context.terminal.print(&format!("{} is valid: {}.\n", file.display(), parts.join(", ")))?;
        Ok(exit::DONE)
    }
}
