//! One run: the command line is read, the command is run, and every error is told in one place.

use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use serde_json::json;

use crate::arguments::{Arguments, Command};
use crate::audit::Audit;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::interrupts::Interrupts;
use crate::invocation::Invocation;
use crate::lease::Leased;
use crate::render::json;
use crate::terminal::Terminal;

/// Runs the program, and gives its exit code.
pub async fn run(invocation: Invocation) -> u8 {
    let arguments = match parse(&invocation) {
        Ok(arguments) => arguments,
        Err(error) => return answer(&error, &invocation),
    };
    let mut context = context(invocation, &arguments);
    let result = dispatch(arguments.command, &mut context).await;
    result.unwrap_or_else(|error| tell(&error, &context))
}

fn parse(invocation: &Invocation) -> Result<Arguments, clap::Error> {
    let width = invocation.stdout.width().unwrap_or(100);
    let command = Arguments::command().term_width(width.min(100).into());
    let matches = command.try_get_matches_from(&invocation.arguments)?;
    Arguments::from_arg_matches(&matches)
}

/// Help, the version, and what is wrong with a command line.
fn answer(error: &clap::Error, invocation: &Invocation) -> u8 {
    let output = if error.use_stderr() { &invocation.stderr } else { &invocation.stdout };
    let no_colour = invocation.environment.get("NO_COLOR").is_some_and(|set| !set.is_empty());
    let text = error.render();
    let text =
        if output.is_terminal() && !no_colour { text.ansi().to_string() } else { text.to_string() };
    // If it cannot be written, there is nobody left to tell.
    let _ = output.write(&text);
    if error.use_stderr() { exit::ERROR } else { exit::DONE }
}

fn context(invocation: Invocation, arguments: &Arguments) -> Context {
    let Invocation {
        environment,
        folder,
        data_folder,
        stdin,
        stdout,
        stderr,
        connect,
        clock,
        place,
        interrupts,
        ..
    } = invocation;
    let global = arguments.global.clone();
    Context {
        terminal: Terminal::new(stdin, stdout, stderr, &environment, &global),
        global,
        environment,
        folder,
        data_folder,
        audit: Audit::default(),
        catalog: Arc::new(trueup_aws::catalog()),
        interrupts: Interrupts::new(interrupts),
        connect,
        clock,
        place,
        wait_for_tail: true,
        leased: Leased::default(),
        sandbox: None,
    }
}

async fn dispatch(command: Command, context: &mut Context) -> Result<u8, Error> {
    match command {
        Command::Init(command) => command.run(context),
        Command::Validate(command) => command.run(context),
        Command::Plan(command) => command.run(context).await,
        Command::Apply(command) => command.run(context).await,
        Command::Destroy(command) => command.run(context).await,
        Command::Drift(command) => command.run(context).await,
        Command::Reach(command) => command.run(context).await,
        Command::Doctor(command) => command.run(context).await,
        Command::Unlock(command) => command.run(context).await,
        Command::Show(command) => command.run(context).await,
        Command::Output(command) => command.run(context).await,
        Command::Graph(command) => command.run(context).await,
        Command::Schema(command) => command.run(context),
        Command::Completions(command) => command.run(context),
    }
}

/// Tells an error: as JSON on standard output if JSON was asked for, and to people in any case.
fn tell(error: &Error, context: &Context) -> u8 {
    let (diagnostics, code) = (error.diagnostics(), error.exit_code());
    if context.global.json {
        let document = json!({
            "format": trueup_model::plan::FORMAT,
            "event": "error",
            "exit_code": code,
            "errors": diagnostics,
        });
        // If it cannot be written, standard error still tells.
        let _ = context.terminal.print(&json::line(&document));
    }
    context.report(&diagnostics, &error.sources());
    code
}
