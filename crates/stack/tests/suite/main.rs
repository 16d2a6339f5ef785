//! The language against the real kinds: the stacks that must work, and the mistakes that people make.

mod common;
mod language;
mod mistakes;
mod schemas;
mod stacks;
