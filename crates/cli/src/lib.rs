//! The program as a library: commands, rendering, exit codes.
//!
//! It takes nothing from the process that it runs in: command line, environment, streams, clock,
//! interrupts and the way to AWS are all handed to it in an [`Invocation`], so that whole runs are
//! tested in-process.

#![expect(
    clippy::format_push_string,
    reason = "text for people is built piece by piece; one allocation more a line is nothing"
)]

mod arguments;
mod audit;
mod carry_out;
mod commands;
mod context;
pub mod engine;
mod error;
pub mod exit;
mod interrupts;
mod invocation;
mod lease;
mod network;
mod picture;
mod progress;
mod render;
mod run;
mod sandbox;
mod saved;
mod situation;
mod stack_file;
mod templates;
mod terminal;

pub use invocation::{Clock, Connect, ConnectRequest, Input, Invocation, Output, ReadSource};
pub use run::run;
