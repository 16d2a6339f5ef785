//! Tests of the whole crate from outside, in one binary.

mod cases;
mod language;
mod oracle;
mod sets;
