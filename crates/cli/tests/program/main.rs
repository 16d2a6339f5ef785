//! Whole runs of the program, in-process, against the simulated AWS.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where; the lint sees no tests in a harness"
)]
#![expect(clippy::disallowed_methods, reason = "tests read the files that the program wrote")]

mod around;
mod audit;
mod blockers;
mod commands;
mod endings;
mod harness;
mod lease;
mod life;
mod mistakes;
mod names;
mod orders;
mod proofs;
mod safety;
mod saved;
mod secrets;
mod tail;
