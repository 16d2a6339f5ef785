//! wip
#![allow(dead_code, unused_imports)]
mod expression;
mod files;
pub mod package;
mod source;
mod suggest;
mod yaml;
pub use expression::CelEvaluator;
pub use files::{DiskFiles, Files, MemoryFiles, Metadata};
