//! `trueup completions`: what a shell needs to complete command lines.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::error::Error;
use crate::exit;

/// Print completions for a shell
///
/// For bash: trueup completions bash > ~/.local/share/bash-completion/completions/trueup
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, context: &Context) -> Result<u8, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "trueup", &mut script);
        context.terminal.print_exactly(&String::from_utf8_lossy(&script))?;
        Ok(exit::DONE)
    }
}
