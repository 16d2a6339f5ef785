//! The language of trueup: from the text of a stack to a [`trueup_model::Stack`].
//!
//! [`load`] reads a stack and reports every fault in it at once, each with its place and advice.
//! There is no I/O here but through [`Files`], no clock and no environment: what the process knows
//! comes in with the [`Request`].

mod expression;
mod files;
mod load;
pub mod package;
mod schema;
mod source;
mod suggest;
mod yaml;

pub use expression::CelEvaluator;
pub use files::{DiskFiles, Files, MemoryFiles, Metadata};
pub use load::{Loaded, Request, SERVICES, Variables, load};
pub use schema::{module_schema, stack_schema};
pub use suggest::nearest;
