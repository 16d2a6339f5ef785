//! Expressions: CEL inside `${…}`.
//!
//! A text is split into pieces ([`text`]); each expression is parsed once, and every name in it
//! that means something outside of it is found and replaced by a slot ([`program`]), so that what
//! an expression reads is known before anything is evaluated. Evaluation ([`evaluate`]) looks the
//! slots up, and gives nothing as long as one of them is unknown.

mod convert;
mod evaluate;
mod functions;
mod name;
mod nested;
mod program;
mod rewrite;
mod text;

pub use evaluate::CelEvaluator;
pub(crate) use evaluate::{FILE, Nothing, evaluate_part};
pub(crate) use name::{Key, Name, ResourceName, Slot};
pub(crate) use nested::nest;
pub(crate) use program::Program;
pub(crate) use text::{Text, has_expression};
