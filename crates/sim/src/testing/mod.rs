//! What tests on the simulator share: a small host, kinds to try rules with, requests, and the
//! invariants that hold of a world after every run.

pub mod converge;
pub mod course;
mod host;
mod invariants;
pub mod kinds;
pub mod requests;
pub mod watch;

pub use host::TestHost;
pub use invariants::{orphans, twins};
