//! What tests on the simulator share: a small host, kinds to try rules with, and the invariants
//! that hold of a world after every run.

mod host;
pub mod kinds;

pub use host::TestHost;
