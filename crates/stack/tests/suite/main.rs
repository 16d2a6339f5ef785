//! The language against the real kinds: the stacks that must work, and the mistakes that people make.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
mod hostile;
mod language;
mod mistakes;
mod schemas;
mod stacks;
